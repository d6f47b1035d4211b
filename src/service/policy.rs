//! The policy on authorisations: which version is in force, and what it says of terms that somebody asks for.
//!
//! The file's version comes into force when a process opens the exchange with it, by an entry `policy.changed`. Every
//! other process follows, because the ledger's head names the version.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde::Deserialize;

use super::Exchange;
use super::admin::OPERATOR;
use super::error::{FieldError, ServiceError, ServiceResult};
use super::requests::RequestOptions;
use super::start::StartError;
use super::writer::Writer;
use crate::domain::policy::{Asked, GrantPath, Policy};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::{canonical_json, prefixed_digest};
use crate::store::db::Db;
use crate::store::ledger::{self, Draft, Field};
use crate::store::policies::{self, InForce};

/// The policy that comes with the program.
const DEFAULT: &str = include_str!("policy/2026-11.toml");
/// What is added to a version whose `post_loan` is closed until a drawdown is recorded.
const NEEDS_DRAWDOWN: &str = "+drawdown";

/// `[consent]`: rules on authorisations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentOptions {
    /// The policy file; the one that comes with the program if absent.
    pub policy_file: Option<PathBuf>,
    /// Whether `post_loan` pulls wait for a recorded drawdown. Loans come to the exchange with their contracts: until
    /// then none is recorded, and `true` refuses every `post_loan` pull.
    pub post_loan_needs_drawdown: bool,
    /// How requests for authorisations go.
    pub requests: RequestOptions,
}

impl ConsentOptions {
    /// The policy that these options name, checked.
    pub fn policy(&self) -> Result<Policy, String> {
        let (place, text) = match &self.policy_file {
            None => ("the program's policy".to_owned(), DEFAULT.to_owned()),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
                (path.display().to_string(), text)
            }
        };
        let mut policy: Policy = toml::from_str(&text).map_err(|why| format!("{place}: {why}"))?;
        if self.post_loan_needs_drawdown && !policy.bureau.post_loan.needs_drawdown {
            policy.version.push_str(NEEDS_DRAWDOWN);
            policy.portal.post_loan.needs_drawdown = true;
            policy.bureau.post_loan.needs_drawdown = true;
        }
        policy.check().map_err(|why| format!("{place}: {why}"))?;
        Ok(policy)
    }
}

/// What the policy in force says against terms, seen on that day (Asia/Shanghai); nothing if they may be granted.
pub fn problems(policy: &Policy, path: GrantPath, asked: Asked<'_>, today: NaiveDate) -> Vec<FieldError> {
    let excess = policy.excess(path, asked, today);
    excess.into_iter().map(|excess| FieldError::new(excess.pointer, excess.message)).collect()
}

/// The policy file as the process finds it, and the ledger as it stands.
pub(super) struct Opening {
    policy: Policy,
    json: String,
    digest: String,
    changes: bool,
}

/// Compares the policy of the options with the one in force. On an empty ledger it is in force from the start.
pub(super) fn look(ledger: &Db, options: &ConsentOptions, now: Timestamp) -> Result<Opening, StartError> {
    let policy = options.policy().map_err(|why| StartError::Other(format!("[consent] policy: {why}")))?;
    let json = canonical_json(&policy).map_err(|why| StartError::Other(why.to_string()))?;
    let digest = prefixed_digest(json.as_bytes());
    let version = policy.version.clone();
    let (head, known) = ledger.read(|c| Ok((ledger::head(c)?, policies::digest(c, &version)?)))?;
    if known.as_ref().is_some_and(|known| *known != digest) {
        return Err(StartError::Other(format!(
            "[consent] policy: version {version} was in force with other limits. Give the changed file another version"
        )));
    }
    let changes = head.policy != version;
    if changes && head.frontier.size() == 0 {
        ledger.write(|c| {
            policies::insert(c, &version, &json, &digest, now)?;
            policies::put_in_force(c, &version)
        })?;
    }
    Ok(Opening { changes: changes && head.frontier.size() > 0, policy, json, digest })
}

impl Opening {
    /// What this process judges by until a head names another.
    pub(super) fn in_force(&self) -> InForce {
        InForce::new(self.policy.clone())
    }

    /// Puts the policy in force, if another one was: an entry `policy.changed`.
    pub(super) fn bring_into_force(self, writer: &Writer) -> ServiceResult<()> {
        if !self.changes {
            return Ok(());
        }
        let Opening { policy, json, digest, .. } = self;
        let draft = changed(&policy, &digest);
        let ((), _committed) = writer.unit_blocking(move |c, now| {
            if ledger::head(c)?.policy == policy.version {
                return Ok(Ok(((), Vec::new())));
            }
            policies::insert(c, &policy.version, &json, &digest, now)?;
            policies::put_in_force(c, &policy.version)?;
            Ok(Ok(((), vec![draft])))
        })?;
        Ok(())
    }
}

fn changed(policy: &Policy, digest: &str) -> Draft {
    Draft {
        kind: EntryKind::PolicyChanged,
        object_id: policy.version.clone(),
        actor: OPERATOR.to_owned(),
        by: "policy file".to_owned(),
        fields: vec![
            ("change", Field::Plain("limits_changed".into())),
            ("detail", Field::Sealed(policy.version.clone())),
            ("digest", Field::Plain(digest.into())),
        ],
    }
}

impl Exchange {
    /// The policy in force, read from the ledger's head. Blocks on the database.
    pub fn policy_in_force(&self) -> ServiceResult<std::sync::Arc<Policy>> {
        let named = self.ledger.read(|c| {
            let head = ledger::head(c)?;
            self.policy.named(c, &head.policy)
        });
        named.map_err(ServiceError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_policy_is_sound_and_leaves_the_bureaus_word_alone() {
        let policy = ConsentOptions::default().policy().unwrap();
        let version = policy.version.clone();
        assert_eq!(policy.bureau, Policy::unlimited("x").bureau);
        assert_ne!(policy.portal, Policy::unlimited("x").portal);
        let strict = ConsentOptions { post_loan_needs_drawdown: true, ..ConsentOptions::default() };
        let strict = strict.policy().unwrap();
        assert_eq!(strict.version, format!("{version}+drawdown"));
        assert!(strict.portal.post_loan.needs_drawdown && strict.bureau.post_loan.needs_drawdown);
    }

    #[test]
    fn a_file_with_a_limit_it_does_not_know_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.toml");
        std::fs::write(&path, DEFAULT.replace("pulls_max = 100", "pulls_most = 100")).unwrap();
        let options = ConsentOptions { policy_file: Some(path.clone()), ..ConsentOptions::default() };
        assert!(options.policy().unwrap_err().contains("pulls_most"));
        std::fs::remove_file(path).unwrap();
        assert!(options.policy().unwrap_err().contains("policy.toml"));
    }
}
