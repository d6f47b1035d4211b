//! The configuration section `[witness]`.

use std::path::PathBuf;

use serde::Deserialize;

/// X-Road's time: how long an exchange goes on without enough witnesses.
const STOP_AFTER_SECONDS: u64 = 14_400;

/// Who watches this ledger, and what is done when they do not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WitnessOptions {
    /// Where gateway processes run.
    pub machines: Machines,
    /// How many witnesses must have cosigned a checkpoint for it to count; more than half of them if absent.
    pub quorum: Option<usize>,
    /// Seconds without that many, after which no dossier is released.
    pub stop_after_seconds: u64,
    /// The witnesses.
    pub witnesses: Vec<WitnessAt>,
}

/// Where gateway processes run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Machines {
    /// On one machine: the anchor file sees all of them.
    #[default]
    One,
    /// On several: no anchor file sees all of them, so a witness must, and is asked at every start.
    Several,
}

/// One witness.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessAt {
    /// Its verifier key, as `shuidaiyi witness --init` or another implementation prints it.
    pub vkey: String,
    /// Its submission prefix: `add-checkpoint` is asked below it.
    pub url: String,
    /// CA that its certificate chains to, for `https`.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

impl Default for WitnessOptions {
    fn default() -> Self {
        Self {
            machines: Machines::One,
            quorum: None,
            stop_after_seconds: STOP_AFTER_SECONDS,
            witnesses: Vec::new(),
        }
    }
}

impl WitnessOptions {
    /// How many witnesses must cosign, if the section holds together.
    pub fn checked_quorum(&self) -> Result<usize, String> {
        let count = self.witnesses.len();
        if count == 0 && self.machines == Machines::Several {
            return Err("machines = \"several\" needs at least one of [[witness.witnesses]]: an anchor file does not see what other machines signed".into());
        }
        let quorum = self.quorum.unwrap_or(if count == 0 { 0 } else { count / 2 + 1 });
        if quorum > count || (count > 0 && quorum == 0) {
            return Err(format!("quorum = {quorum} of {count} witnesses cannot be: 1 to {count}"));
        }
        if self.stop_after_seconds < 60 && count > 0 {
            return Err("stop_after_seconds must be at least 60: a witness may be restarted".into());
        }
        Ok(quorum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> WitnessOptions {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_the_section_nobody_is_asked() {
        assert_eq!(read("").checked_quorum(), Ok(0));
    }

    #[test]
    fn the_quorum_is_more_than_half_or_what_is_said() {
        let one = "[[witnesses]]\nvkey = \"v\"\nurl = \"u\"\n";
        for (count, quorum) in [(1, 1), (2, 2), (3, 2), (4, 3)] {
            assert_eq!(read(&one.repeat(count)).checked_quorum(), Ok(quorum), "{count}");
        }
        assert_eq!(read(&format!("quorum = 1\n{}", one.repeat(3))).checked_quorum(), Ok(1));
        for bad in ["quorum = 4\n", "quorum = 0\n", "stop_after_seconds = 59\n"] {
            assert!(read(&format!("{bad}{}", one.repeat(3))).checked_quorum().is_err(), "{bad}");
        }
        assert!(read("quorum = 1").checked_quorum().is_err());
    }

    #[test]
    fn several_machines_need_a_witness() {
        let why = read("machines = \"several\"").checked_quorum().unwrap_err();
        assert!(why.contains("[[witness.witnesses]]"), "{why}");
        let one = "machines = \"several\"\n[[witnesses]]\nvkey = \"v\"\nurl = \"u\"\n";
        assert_eq!(read(one).checked_quorum(), Ok(1));
    }
}
