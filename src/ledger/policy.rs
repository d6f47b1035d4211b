//! Whom to believe: a policy file names ledgers, witnesses and how many of them must have cosigned (C2SP tlog-policy).

use std::collections::HashMap;

use super::cosignature::CosignatureVerifier;
use super::note::{NoteError, NoteVerifier, read_note};

/// Most names in one policy; the specification asks for at least 32 of each kind.
const NAMES_MAX: usize = 1_024;

/// The predefined quorum that asks for no witness.
const NONE: &str = "none";

/// A line of a policy file that does not say what it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct PolicyError {
    /// From 1; the last line for what is missing in the whole file.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// A policy, as read from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The ledgers it accepts; empty if it leaves that to whoever uses it.
    pub logs: Vec<NoteVerifier>,
    nodes: Vec<Node>,
    /// Place of the quorum among the nodes; none if no witness is asked for.
    quorum: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Witness(CosignatureVerifier),
    Group { threshold: usize, members: Vec<usize> },
}

/// What a policy makes of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Every witness of the policy, in its order, with when it cosigned (seconds since the epoch) or why that
    /// does not count.
    pub witnesses: Vec<(String, Result<u64, NoteError>)>,
    /// Whether enough of them did.
    pub holds: bool,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        let mut reader = Reader::default();
        let mut last = 1;
        for (number, line) in (1..).zip(text.split('\n')) {
            last = number;
            reader.line(line).map_err(|why| PolicyError { line: number, why })?;
        }
        match reader.quorum {
            Some(quorum) => Ok(Policy { logs: reader.logs, nodes: reader.nodes, quorum }),
            None => Err(PolicyError { line: last, why: "the file has no quorum line".into() }),
        }
    }

    /// Judges a checkpoint's cosignatures. Whether a ledger of the policy signed it is asked apart.
    pub fn judge(&self, checkpoint: &str) -> Result<Judgement, NoteError> {
        let (text, signatures) = read_note(checkpoint)?;
        // Members stand before their groups, so one walk suffices.
        let mut holds: Vec<bool> = Vec::with_capacity(self.nodes.len());
        let mut witnesses = Vec::new();
        for node in &self.nodes {
            holds.push(match &node.kind {
                Kind::Witness(verifier) => {
                    let cosigned = verifier.newest(text, &signatures);
                    witnesses.push((node.name.clone(), cosigned));
                    cosigned.is_ok()
                }
                Kind::Group { threshold, members } => {
                    members.iter().filter(|member| holds.get(**member) == Some(&true)).count() >= *threshold
                }
            });
        }
        let quorum = self.quorum.is_none_or(|quorum| holds.get(quorum) == Some(&true));
        Ok(Judgement { witnesses, holds: quorum })
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<NoteVerifier>,
    nodes: Vec<Node>,
    places: HashMap<String, usize>,
    grouped: Vec<usize>,
    quorum: Option<Option<usize>>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err("a control character".into());
        }
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match items[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(name, key),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] => self.set_quorum(name),
            ["log" | "witness" | "group" | "quorum", ..] => Err(format!("{} takes other items", items[0])),
            [other, ..] => Err(format!("there is no {other}: log, witness, group or quorum")),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), String> {
        let log: NoteVerifier = key.parse().map_err(|why: NoteError| format!("log: {why}"))?;
        if self.logs.iter().any(|known| known.public_key() == log.public_key()) {
            return Err("the same ledger key twice".into());
        }
        self.logs.push(log);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str) -> Result<(), String> {
        let witness: CosignatureVerifier =
            key.parse().map_err(|why: NoteError| format!("witness {name}: {why}"))?;
        let same = |node: &Node| matches!(&node.kind, Kind::Witness(known) if known.public_key() == witness.public_key());
        if self.nodes.iter().any(same) {
            return Err(format!("witness {name} has the key of another"));
        }
        self.define(name, Kind::Witness(witness))
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        let count = members.len();
        let threshold = match threshold {
            "all" => count,
            "any" => 1,
            number => number
                .parse()
                .ok()
                .filter(|k: &usize| k.to_string() == number && (1..=count).contains(k))
                .ok_or(format!("group {name}: {number} of {count} cannot be: all, any, or 1 to {count}"))?,
        };
        let mut places = Vec::with_capacity(count);
        for member in members {
            let place = self.place(member)?;
            // Once only, or one witness would count twice.
            if self.grouped.contains(&place) {
                return Err(format!("{member} is a group's member already"));
            }
            self.grouped.push(place);
            places.push(place);
        }
        self.define(name, Kind::Group { threshold, members: places })
    }

    fn set_quorum(&mut self, name: &str) -> Result<(), String> {
        if self.quorum.is_some() {
            return Err("a second quorum line".into());
        }
        self.quorum = Some(if name == NONE { None } else { Some(self.place(name)?) });
        Ok(())
    }

    fn place(&self, name: &str) -> Result<usize, String> {
        self.places.get(name).copied().ok_or(format!("{name} is not defined above"))
    }

    fn define(&mut self, name: &str, kind: Kind) -> Result<(), String> {
        if name == NONE || self.places.contains_key(name) {
            return Err(format!("the name {name} is taken"));
        }
        if self.nodes.len() == NAMES_MAX {
            return Err(format!("more than {NAMES_MAX} names"));
        }
        self.places.insert(name.to_owned(), self.nodes.len());
        self.nodes.push(Node { name: name.to_owned(), kind });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::{test_cosigner, test_signer};

    const TEXT: &str = "ledger\n3\nroot\n";

    fn key(name: &str) -> String {
        test_cosigner(name).verifier().to_string()
    }

    fn six(rest: &str) -> String {
        let mut text = format!("# 税贷易\n\nlog {} https://ledger\n", test_signer("ledger").verifier());
        for name in ["X1", "X2", "X3", "Y1", "Y2", "Y3"] {
            text.push_str(&format!(" witness\t{name}  {} https://{name} \n", key(name)));
        }
        text + rest
    }

    const TWO_LEVELS: &str = "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
                              group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";

    fn note(cosigners: &[&str]) -> String {
        let lines: String =
            cosigners.iter().map(|name| test_cosigner(name).cosign(TEXT, 5).to_string()).collect();
        test_signer("ledger").sign(TEXT) + &lines
    }

    #[test]
    fn the_specifications_example_counts_by_groups() {
        let policy = Policy::parse(&six(TWO_LEVELS)).unwrap();
        assert_eq!(policy.logs, [test_signer("ledger").verifier()]);
        let holds = |cosigners: &[&str]| policy.judge(&note(cosigners)).unwrap().holds;
        assert!(holds(&["X1", "X3", "Y2"]) && holds(&["X1", "X2", "X3", "Y1", "Y2", "Y3"]));
        assert!(!holds(&["X1", "X2", "X3"]) && !holds(&["X1", "Y1", "Y2", "Y3"]) && !holds(&[]));
        assert!(!holds(&["X1", "X1", "Y1"]), "one witness counts once");
        assert!(!holds(&["X1", "X9", "Y1"]), "a stranger does not count");
    }

    #[test]
    fn every_witness_is_named_with_what_it_did() {
        let policy = Policy::parse(&six("group all all X1 X2\nquorum all")).unwrap();
        let other_text = test_cosigner("X2").cosign("ledger\n4\nroot\n", 6).to_string();
        let judged = policy.judge(&(note(&["X1"]) + &other_text)).unwrap();
        assert!(!judged.holds);
        assert_eq!(judged.witnesses[0], ("X1".into(), Ok(5)));
        assert_eq!(judged.witnesses[1], ("X2".into(), Err(NoteError::BadSignature)));
        assert_eq!(judged.witnesses[2], ("X3".into(), Err(NoteError::NotSigned)));
    }

    #[test]
    fn one_witness_or_none_can_be_the_quorum() {
        let one = Policy::parse(&six("quorum Y3")).unwrap();
        assert!(one.judge(&note(&["Y3"])).unwrap().holds && !one.judge(&note(&["Y2"])).unwrap().holds);
        assert!(Policy::parse("quorum none").unwrap().judge(&note(&[])).unwrap().holds);
        assert!(one.judge("no note").is_err());
    }

    #[test]
    fn broken_policies_are_refused_by_line() {
        let (a, b) = (key("a"), key("b"));
        let bad = [
            (String::new(), 1, "no quorum"),
            (format!("witness a {a}\n"), 2, "no quorum"),
            ("quorum a\n".into(), 1, "not defined"),
            (format!("quorum a\nwitness a {a}\n"), 1, "not defined"),
            (format!("witness a {a}\nquorum a\nquorum a\n"), 3, "second quorum"),
            (format!("witness none {a}\n"), 1, "taken"),
            (format!("witness a {a}\nwitness a {b}\n"), 2, "taken"),
            (format!("witness a {a}\nwitness b {a}\n"), 2, "key of another"),
            (format!("witness a {a}\ngroup g 2 a\n"), 2, "2 of 1"),
            (format!("witness a {a}\ngroup g 0 a\n"), 2, "0 of 1"),
            (format!("witness a {a}\ngroup g 01 a\n"), 2, "01 of 1"),
            (format!("witness a {a}\ngroup g any a a\n"), 2, "already"),
            (format!("witness a {a}\ngroup g any a\ngroup h any a\n"), 3, "already"),
            (format!("witness a {a}\ngroup g any none\n"), 2, "not defined"),
            (format!("witness a {a}\ngroup g any\n"), 2, "other items"),
            (format!("witness a {}\n", test_signer("a").verifier()), 1, "malformed"),
            (format!("log {a}\n"), 1, "malformed"),
            (format!("log {0}\nlog {0}\n", test_signer("l").verifier()), 2, "twice"),
            ("quorums none\n".into(), 1, "there is no quorums"),
            ("quorum none\r\n".into(), 1, "control"),
        ];
        for (text, line, why) in bad {
            let error = Policy::parse(&text).unwrap_err();
            assert!(error.line == line && error.why.contains(why), "{text:?}: {error}");
        }
    }
}
