//! A tax fact as it is stored and released: its identity, its canonical body, and the checks it failed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fen::Fen;
use super::period::Period;
use super::section::Section;
use super::taxpayer_id::TaxpayerId;
use super::uscc::WrongChecks;

/// One tax fact of one taxpayer. A later record with the same taxpayer, section and key is a new revision of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose fact it is.
    pub taxpayer: TaxpayerId,
    /// Which section it belongs to.
    pub section: Section,
    /// What tells the taxpayer's facts of one section apart, stable over revisions.
    pub key: String,
    /// The tax period; none for a fact that holds at all times, such as a registration.
    pub period: Option<Period>,
    /// The fact as RFC 8785 JSON, exactly as the bureau stated it.
    pub body: String,
    /// Checks that the stated figures fail. They stand beside the body and never alter it.
    pub marks: Vec<Mark>,
    /// How the form's own rules went, if it has any.
    pub checks: Option<Checks>,
}

/// Without the taxpayer and the body, which never reach a log.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("section", &self.section)
            .field("key", &self.key)
            .field("period", &self.period)
            .field("body_bytes", &self.body.len())
            .field("marks", &self.marks.len())
            .finish_non_exhaustive()
    }
}

/// How many of a form's rules a record passed, failed, and could not be judged by because a figure is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "校验结果")]
pub struct Checks {
    /// Rules that hold.
    #[schemars(title = "通过数")]
    pub passed: u32,
    /// Rules that do not hold; `marks` names them.
    #[schemars(title = "未通过数")]
    pub failed: u32,
    /// Rules silent because a figure that they need is not stated. Missing is never zero.
    #[schemars(title = "未校验数")]
    pub skipped: u32,
}

/// What a rule says of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The figures agree.
    Passed,
    /// They do not.
    Failed(Mark),
    /// A figure that the rule needs is missing.
    Skipped,
}

impl Outcome {
    /// What a rule says of two amounts that should be equal; silent where either is missing.
    pub fn of_amounts(
        rule: fmt::Arguments<'_>,
        field: fmt::Arguments<'_>,
        stated: Option<Fen>,
        computed: Option<Fen>,
    ) -> Outcome {
        match stated.zip(computed) {
            None => Outcome::Skipped,
            Some((stated, computed)) if stated == computed => Outcome::Passed,
            Some((stated_fen, computed_fen)) => Outcome::Failed(Mark {
                rule: rule.to_string(),
                field: field.to_string(),
                values: MarkValues::Amounts { stated_fen, computed_fen },
            }),
        }
    }
}

/// What all rules of a form say of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// The count.
    pub checks: Checks,
    /// The rules that failed.
    pub marks: Vec<Mark>,
}

impl Findings {
    /// Counts one more outcome.
    pub fn add(&mut self, outcome: Outcome) {
        let Checks { passed, failed, skipped } = &mut self.checks;
        match outcome {
            Outcome::Passed => *passed = passed.saturating_add(1),
            Outcome::Failed(mark) => {
                *failed = failed.saturating_add(1);
                self.marks.push(mark);
            }
            Outcome::Skipped => *skipped = skipped.saturating_add(1),
        }
    }
}

impl FromIterator<Outcome> for Findings {
    fn from_iter<T: IntoIterator<Item = Outcome>>(outcomes: T) -> Self {
        let mut findings = Findings::default();
        outcomes.into_iter().for_each(|outcome| findings.add(outcome));
        findings
    }
}

impl Outcome {
    /// What a rule says whose figures are all there: that it holds, or the mark of how it does not.
    pub fn of(holds: bool, mark: impl FnOnce() -> Mark) -> Outcome {
        if holds { Outcome::Passed } else { Outcome::Failed(mark()) }
    }
}

/// A rule of a form in words, for the published list of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// Its stable id, `<form>.<what>`.
    pub id: String,
    /// What must hold, in Chinese.
    pub zh: String,
    /// What must hold, in English.
    pub en: String,
}

impl RuleText {
    /// The rule of that id, in words.
    pub fn new(id: &str, zh: &str, en: &str) -> Self {
        Self { id: id.to_owned(), zh: zh.to_owned(), en: en.to_owned() }
    }
}

/// A check that a record failed: the rule, the field, what was stated and what the rule computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "标记")]
pub struct Mark {
    /// Stable name of the rule, such as `vat_general.row_19` or `uscc.check`.
    #[schemars(title = "规则")]
    pub rule: String,
    /// Path of the field inside the body, parts joined by dots.
    #[schemars(title = "字段")]
    pub field: String,
    /// The two figures or texts that differ.
    #[serde(flatten)]
    pub values: MarkValues,
}

/// The stated and the computed side of a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "两个数值")]
pub enum MarkValues {
    /// Two amounts that should be equal.
    Amounts {
        /// As the form states it, in fen.
        #[schemars(title = "申报数")]
        stated_fen: Fen,
        /// As the form's own formula gives it, in fen.
        #[schemars(title = "计算数")]
        computed_fen: Fen,
    },
    /// Two texts that should be equal.
    Texts {
        /// As written.
        #[schemars(title = "原值")]
        stated: String,
        /// As the rule gives it.
        #[schemars(title = "应为")]
        computed: String,
    },
}

impl Mark {
    /// An amount that is not what the rule computes.
    pub fn amounts(rule: &str, field: &str, stated_fen: Fen, computed_fen: Fen) -> Mark {
        let values = MarkValues::Amounts { stated_fen, computed_fen };
        Mark { rule: rule.to_owned(), field: field.to_owned(), values }
    }

    /// A text that is not what the rule gives.
    pub fn texts(rule: &str, field: &str, stated: &str, computed: &str) -> Mark {
        let values = MarkValues::Texts { stated: stated.to_owned(), computed: computed.to_owned() };
        Mark { rule: rule.to_owned(), field: field.to_owned(), values }
    }

    /// Marks for the wrong check characters of a credit code in that field; the code itself is not repeated.
    pub fn wrong_checks(field: &str, wrong: WrongChecks) -> Vec<Mark> {
        [("uscc.organisation_check", wrong.organisation), ("uscc.check", wrong.last)]
            .into_iter()
            .filter_map(|(rule, check)| {
                let check = check?;
                Some(Mark {
                    rule: rule.to_owned(),
                    field: field.to_owned(),
                    values: MarkValues::Texts {
                        stated: check.stated.to_string(),
                        computed: check.computed.to_string(),
                    },
                })
            })
            .collect()
    }
}

/// A value that has no canonical JSON; only a fault in our own types can cause it.
#[derive(Debug, Error)]
#[error("a record's body could not be written as canonical JSON")]
pub struct NotCanonical(#[from] serde_json::Error);

/// A record's body as RFC 8785 (JCS) JSON: sorted keys, no spaces, one form for every number and string.
///
/// Bodies hold no floating-point numbers, integers within 53 bits, and ASCII keys. For such values `serde_json`
/// already writes the canonical form once the keys are sorted, which its ordered maps do, in a third of the time
/// that a general canonicaliser takes; tests compare the two on every form.
pub fn canonical_json<T: Serialize>(body: &T) -> Result<String, NotCanonical> {
    Ok(serde_json::to_value(body)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_have_their_two_wire_forms() {
        let amounts = Mark {
            rule: "vat_general.row_19".into(),
            field: "general.month.net_payable_fen".into(),
            values: MarkValues::Amounts { stated_fen: Fen::new(2), computed_fen: Fen::new(-1) },
        };
        let text = r#"{"rule":"vat_general.row_19","field":"general.month.net_payable_fen","stated_fen":2,"computed_fen":-1}"#;
        assert_eq!(serde_json::to_string(&amounts).unwrap(), text);
        assert_eq!(serde_json::from_str::<Mark>(text).unwrap(), amounts);

        let id = TaxpayerId::parse("91310000MA1K123456").unwrap();
        let marks = Mark::wrong_checks("uscc", id.check_warning().unwrap());
        assert_eq!(
            serde_json::to_string(&marks).unwrap(),
            r#"[{"rule":"uscc.organisation_check","field":"uscc","stated":"5","computed":"X"},{"rule":"uscc.check","field":"uscc","stated":"6","computed":"1"}]"#
        );
    }

    #[test]
    fn debug_keeps_the_body_out_of_logs() {
        let record = Record {
            taxpayer: TaxpayerId::parse("914403001922038216").unwrap(),
            section: Section::Rating,
            key: "2024|2025-04-01|annual".into(),
            period: None,
            body: r#"{"level":"A"}"#.into(),
            marks: Vec::new(),
            checks: None,
        };
        let shown = format!("{record:?}");
        assert!(!shown.contains("level") && !shown.contains("9144"), "{shown}");
    }
}
