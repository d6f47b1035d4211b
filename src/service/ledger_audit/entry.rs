//! One entry: its leaf against its columns, and what it says against the rows it speaks of.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::report::{Counts, Mismatch};
use crate::domain::denial::Denial;
use crate::ledger::commitment::{Salt, commit};
use crate::ledger::entry_kind::EntryKind;
use crate::seal::digest::prefixed_digest;
use crate::seal::sd_jwt::dossier_digest;
use crate::store::annotation_scan::AnnotationFacts;
use crate::store::annotations::FAIRNESS_CHANGE;
use crate::store::ledger_scan::{ConsentFacts, EntryRow, ReleaseFacts, SaltRow};
use crate::store::own_copies::CopyFacts;
use crate::store::releases::OUTCOME_GRANTED;

type Text<'a> = Cow<'a, str>;

/// What the leaf says: the members of every entry, and those that bind it to other rows.
#[derive(Deserialize)]
pub(super) struct LeafView<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) at: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    actor: Text<'a>,
    #[serde(borrow, default)]
    subject: Option<Text<'a>>,
    #[serde(borrow, default)]
    bank: Option<Text<'a>>,
    #[serde(borrow, default)]
    consent_digest: Option<Text<'a>>,
    #[serde(borrow, default)]
    dossier_digest: Option<Text<'a>>,
    #[serde(borrow, default)]
    digest: Option<Text<'a>>,
    #[serde(borrow, default)]
    purpose: Option<Text<'a>>,
    #[serde(borrow, default)]
    ask: Option<Text<'a>>,
    #[serde(borrow, default)]
    code: Option<Text<'a>>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
    #[serde(default)]
    read_at: Option<i64>,
    #[serde(borrow, default)]
    record: Option<Text<'a>>,
    #[serde(borrow, default)]
    section: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    outcome: Option<Text<'a>>,
    #[serde(borrow, default)]
    last_day: Option<Text<'a>>,
    #[serde(borrow, default)]
    change: Option<Text<'a>>,
    #[serde(borrow, default)]
    detail: Option<Text<'a>>,
}

/// The members that every entry has.
#[derive(Deserialize)]
struct Common<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    at: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    actor: Text<'a>,
}

impl<'a> LeafView<'a> {
    /// Reads the leaf and holds the row's columns to it.
    pub(super) fn check(index: u64, row: &'a EntryRow) -> Result<Self, Mismatch> {
        let view = Self::read(&row.leaf)
            .ok_or_else(|| Mismatch::at(index, "leaf", "an entry's canonical JSON", "something else"))?;
        let columns = [
            ("kind column", &view.kind, &row.kind),
            ("object_id column", &view.id, &row.object_id),
            ("actor column", &view.actor, &row.actor),
        ];
        for (what, leaf, column) in columns {
            if **leaf != **column {
                return Err(Mismatch::at(index, what, leaf, column));
            }
        }
        Ok(view)
    }

    /// Whether it changes what a section says, besides a delivery.
    pub(super) fn annotates(&self) -> bool {
        let kinds = [
            EntryKind::CorrectionRequested,
            EntryKind::CorrectionResolved,
            EntryKind::ViolationNotified,
            EntryKind::ViolationStatementAdded,
        ];
        kinds.iter().any(|kind| self.kind == kind.as_str())
            || (self.kind == EntryKind::PolicyChanged.as_str()
                && self.change.as_deref() == Some(FAIRNESS_CHANGE))
    }

    fn read(leaf: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(leaf).ok().or_else(|| {
            // A kind that this audit binds to nothing may use the same names for something else.
            let Common { kind, at, id, actor } = serde_json::from_slice(leaf).ok()?;
            Some(Self {
                kind,
                at,
                id,
                actor,
                subject: None,
                bank: None,
                consent_digest: None,
                dossier_digest: None,
                digest: None,
                purpose: None,
                ask: None,
                code: None,
                reason: None,
                read_at: None,
                record: None,
                section: None,
                text: None,
                outcome: None,
                last_day: None,
                change: None,
                detail: None,
            })
        })
    }
}

/// The rows that a part's entries speak of.
pub(super) struct Facts {
    pub(super) releases: HashMap<String, ReleaseFacts>,
    pub(super) consents: HashMap<String, ConsentFacts>,
    /// Firms' own copies.
    pub(super) copies: HashMap<String, CopyFacts>,
    /// Digests by consent.
    pub(super) consent_digests: HashMap<String, String>,
    /// Deliveries by the index that makes them visible.
    pub(super) batch_at: HashMap<i64, String>,
    /// Digests by delivery.
    pub(super) batch_digests: HashMap<String, String>,
    /// What was said of records, by the index of the entry.
    pub(super) annotations: HashMap<i64, AnnotationFacts>,
}

/// An entry with what is needed to judge it.
pub(super) struct Seen<'a> {
    pub(super) index: u64,
    pub(super) row: &'a EntryRow,
    pub(super) view: &'a LeafView<'a>,
    pub(super) salt: Option<&'a SaltRow>,
    pub(super) facts: &'a Facts,
}

type Verdict = Result<(), Mismatch>;

impl Seen<'_> {
    /// Holds what the entry says to the rows it speaks of.
    pub(super) fn check(&self, counts: &mut Counts) -> Verdict {
        counts.erased += u64::from(self.leaf_salt().is_none());
        let is = |kind: EntryKind| self.view.kind == kind.as_str();
        if is(EntryKind::ReleaseGranted) {
            counts.releases += 1;
            self.granted(counts)
        } else if is(EntryKind::ReleaseRepeated) {
            counts.repeats += 1;
            self.repeated(counts)
        } else if is(EntryKind::ReleaseRefused) {
            counts.refusals += 1;
            self.refused(counts)
        } else if is(EntryKind::ConsentGranted) || is(EntryKind::ConsentRevoked) {
            counts.consents += u64::from(is(EntryKind::ConsentGranted));
            self.consent(counts)
        } else if is(EntryKind::ReleaseSelf) {
            counts.copies += 1;
            self.own_copy(counts)
        } else if is(EntryKind::BatchCommitted) {
            counts.batches += 1;
            self.delivery()
        } else if self.view.annotates() {
            counts.annotations += 1;
            self.annotation(counts)
        } else {
            // The commitments of other kinds are to values that only those concerned hold.
            Ok(())
        }
    }

    fn granted(&self, counts: &mut Counts) -> Verdict {
        let release = self.release()?;
        self.same("outcome of the release", OUTCOME_GRANTED, &release.outcome)?;
        self.dossier(release)?;
        let consent = self.facts.consent_digests.get(&release.consent_id);
        let consent = consent.map_or("no consent", String::as_str);
        self.says("consent_digest", consent, self.view.consent_digest.as_deref())?;
        if self.view.read_at != release.read_at {
            let told = |size: Option<i64>| size.map_or_else(|| "none".to_owned(), |size| size.to_string());
            return self.wrong("read_at of the release", told(self.view.read_at), told(release.read_at));
        }
        self.opens("subject", self.leaf_salt(), taxpayer(release), self.view.subject.as_deref(), counts)
    }

    fn repeated(&self, counts: &mut Counts) -> Verdict {
        let release = self.release()?;
        self.dossier(release)?;
        self.opens("subject", self.leaf_salt(), taxpayer(release), self.view.subject.as_deref(), counts)
    }

    /// The release is the actor's, for the purpose, and its JWT is the one whose digest the entry has.
    fn dossier(&self, release: &ReleaseFacts) -> Verdict {
        self.same("bank of the release", &self.view.actor, &release.bank)?;
        self.says("purpose", &release.purpose, self.view.purpose.as_deref())?;
        let digest = release.jwt.as_deref().map(dossier_digest);
        let expected = self.view.dossier_digest.as_deref().unwrap_or("none");
        self.same("digest of the dossier's JWT", expected, digest.as_deref().unwrap_or("no JWT"))
    }

    fn refused(&self, counts: &mut Counts) -> Verdict {
        let release = self.release()?;
        self.same("bank of the release", &self.view.actor, &release.bank)?;
        let code = Denial::from_reason(&release.outcome).map_or("no refusal", Denial::code);
        self.says("code", code, self.view.code.as_deref())?;
        let (salt, reason_salt) = (self.leaf_salt(), self.reason_salt());
        self.opens("ask", salt, &release.ask, self.view.ask.as_deref(), counts)?;
        self.opens("reason", reason_salt, &release.outcome, self.view.reason.as_deref(), counts)?;
        self.opens("subject", reason_salt, taxpayer(release), self.view.subject.as_deref(), counts)
    }

    fn consent(&self, counts: &mut Counts) -> Verdict {
        let Some(consent) = self.facts.consents.get(&self.row.object_id) else {
            return self.wrong("consent", &self.row.object_id, "no row");
        };
        let recomputed = prefixed_digest(consent.terms.as_bytes());
        self.says("consent_digest", &consent.digest, self.view.consent_digest.as_deref())?;
        self.same("digest of the consent's terms", &consent.digest, &recomputed)?;
        self.opens("subject", self.leaf_salt(), &consent.taxpayer_id, self.view.subject.as_deref(), counts)?;
        self.opens("bank", self.leaf_salt(), &consent.bank, self.view.bank.as_deref(), counts)
    }

    fn own_copy(&self, counts: &mut Counts) -> Verdict {
        let Some(copy) = self.facts.copies.get(&self.row.object_id) else {
            return self.wrong("own copy", &self.row.object_id, "no row");
        };
        let expected = self.view.dossier_digest.as_deref().unwrap_or("none");
        self.same("digest of the copy's JWT", expected, &dossier_digest(&copy.jwt))?;
        if self.view.read_at != Some(copy.read_at) {
            let says = self.view.read_at.map_or_else(|| "none".to_owned(), |size| size.to_string());
            return self.wrong("read_at of the copy", says, copy.read_at);
        }
        self.opens("subject", self.leaf_salt(), &copy.taxpayer_id, self.view.subject.as_deref(), counts)
    }

    /// What was said of a record: the row beside the entry names it, and the entry commits to what its own row holds.
    fn annotation(&self, counts: &mut Counts) -> Verdict {
        let Some(facts) = self.facts.annotations.get(&self.row.idx) else {
            return self.wrong("annotation_entry", &self.row.object_id, "no row");
        };
        self.same("kind of the annotation", &self.view.kind, &facts.kind)?;
        self.same("object of the annotation", &self.row.object_id, &facts.object_id)?;
        let Some(object) = &facts.object else {
            return self.wrong("row of the annotation", &self.row.object_id, "no row");
        };
        self.same("taxpayer of the annotation's rows", &object.taxpayer_id, &facts.row_taxpayer)?;
        self.same("section of the annotation's rows", &object.section, &facts.row_section)?;
        if let Some(section) = self.view.section.as_deref() {
            self.same("section of the annotation", section, &object.section)?;
        }
        let outcome = object.outcome.as_deref().unwrap_or("none");
        let commitments = [
            ("subject", &self.view.subject, object.taxpayer_id.as_str()),
            ("record", &self.view.record, object.record_key.as_str()),
            ("text", &self.view.text, object.text.as_str()),
            ("last_day", &self.view.last_day, object.text.as_str()),
            ("detail", &self.view.detail, object.text.as_str()),
            ("outcome", &self.view.outcome, outcome),
        ];
        for (field, commitment, value) in commitments {
            if let Some(commitment) = commitment {
                self.opens(field, self.leaf_salt(), value, Some(commitment), counts)?;
            }
        }
        Ok(())
    }

    fn delivery(&self) -> Verdict {
        let committed = self.facts.batch_at.get(&self.row.idx).map_or("no row", String::as_str);
        self.same("batch_commit", &self.row.object_id, committed)?;
        let stored = self.facts.batch_digests.get(&self.row.object_id).map_or("no row", String::as_str);
        let expected = self.view.digest.as_deref().unwrap_or("none");
        self.same("digest of the delivery", expected, stored)
    }

    fn release(&self) -> Result<&ReleaseFacts, Mismatch> {
        let release = self.facts.releases.get(&self.row.object_id);
        release.ok_or_else(|| Mismatch::at(self.index, "release", &self.row.object_id, "no row"))
    }

    fn leaf_salt(&self) -> Option<&[u8]> {
        self.salt.map(|(_, salt, _)| salt.as_slice()).filter(|salt| !salt.is_empty())
    }

    fn reason_salt(&self) -> Option<&[u8]> {
        self.salt.and_then(|(_, _, salt)| salt.as_deref()).filter(|salt| !salt.is_empty())
    }

    /// A commitment opens to the value, if its salt is kept. Neither value nor salt is told.
    fn opens(
        &self,
        field: &str,
        salt: Option<&[u8]>,
        value: &str,
        commitment: Option<&str>,
        counts: &mut Counts,
    ) -> Verdict {
        let Some(salt) = salt else { return Ok(()) };
        let Ok(salt) = <[u8; 32]>::try_from(salt) else {
            return self.wrong("salt", "32 bytes", format!("{} bytes", salt.len()));
        };
        let made = commit(&Salt::from_bytes(salt), value);
        counts.opened += 1;
        self.same(&format!("{field} opened by the salt"), commitment.unwrap_or("none"), &made)
    }

    /// A field of the leaf says what the row says.
    fn says(&self, field: &str, row: &str, leaf: Option<&str>) -> Verdict {
        self.same(field, leaf.unwrap_or("none"), row)
    }

    fn same(&self, what: &str, expected: &str, found: &str) -> Verdict {
        if expected == found { Ok(()) } else { self.wrong(what, expected, found) }
    }

    fn wrong(&self, what: &str, expected: impl ToString, found: impl ToString) -> Verdict {
        Err(Mismatch::at(self.index, what, expected, found))
    }
}

fn taxpayer(release: &ReleaseFacts) -> &str {
    release.taxpayer_id.as_deref().unwrap_or_default()
}
