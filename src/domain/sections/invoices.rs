//! 发票汇总: monthly aggregates of invoices issued and received, and the ten largest counterparties of twelve
//! months. No invoice and no line of one is ever here.
//!
//! A counterparty's number is stored and never leaves: a dossier has a pseudonym of the receiving bank's own.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::codes::codes;
use crate::domain::fen::Fen;
use crate::domain::period::Period;
use crate::domain::record::{Findings, Mark, Outcome, RuleText};

const TOP_SHARES_RULE: &str = "invoice_month.top_shares";
const RED_COUNT_RULE: &str = "invoice_month.red_count";
const COUNTERPARTIES_RULE: &str = "invoice_month.counterparty_count";
const SHARE_OF_RANK_RULE: &str = "invoice_counterparty.share_of_rank";

/// The whole, in hundredths of a percent.
const WHOLE_BP: i64 = 10_000;

codes! {
    /// 开票方向: which side of the invoices the taxpayer is on.
    Direction "开票方向" {
        /// The taxpayer sold.
        Issued = "issued" "开具",
        /// The taxpayer bought.
        Received = "received" "取得",
    }
}

/// The body of an `invoices` record, named by `record`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
#[schemars(title = "发票汇总")]
pub enum InvoiceRecord {
    /// A month's invoices of one direction.
    #[schemars(title = "发票月度汇总")]
    Month(InvoiceMonth),
    /// One of the ten largest counterparties of twelve months.
    #[schemars(title = "前十大交易对手")]
    Counterparty(InvoiceCounterparty),
}

/// A month's invoices of one direction, all together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "发票月度汇总")]
pub struct InvoiceMonth {
    /// The calendar month.
    #[schemars(title = "税款所属期")]
    pub period: Period,
    /// Whether the taxpayer issued the invoices or received them.
    #[schemars(title = "开票方向")]
    pub direction: Direction,
    /// Invoices, red-letter ones included, voided ones not.
    #[schemars(title = "发票份数", extend("x-unit" = "invoice"))]
    pub invoice_count: i64,
    /// Amounts without tax, red-letter invoices deducted, in fen.
    #[schemars(title = "不含税金额")]
    pub net_fen: Fen,
    /// Tax, red-letter invoices deducted, in fen.
    #[schemars(title = "税额")]
    pub tax_fen: Fen,
    /// Red-letter invoices (红字发票) among them.
    #[schemars(title = "红字发票份数", extend("x-unit" = "invoice"))]
    pub red_count: Option<i64>,
    /// Red-letter amounts without tax, in fen, zero or negative.
    #[schemars(title = "红字不含税金额")]
    pub red_net_fen: Option<Fen>,
    /// Invoices voided in the month; they are in no other figure.
    #[schemars(title = "作废发票份数", extend("x-unit" = "invoice"))]
    pub void_count: Option<i64>,
    /// Distinct buyers or sellers.
    #[schemars(title = "交易对手户数")]
    pub counterparty_count: Option<i64>,
    /// Share of the largest counterparty in the net amount, in hundredths of a percent.
    #[schemars(title = "第一大对手占比", extend("x-unit" = "bp"))]
    pub top1_share_bp: Option<i64>,
    /// Share of the ten largest together, in hundredths of a percent.
    #[schemars(title = "前十大对手占比", extend("x-unit" = "bp"))]
    pub top10_share_bp: Option<i64>,
}

impl InvoiceMonth {
    /// What tells a taxpayer's months apart.
    pub fn key(&self) -> String {
        format!("month|{}|{}", self.direction.as_str(), self.period.from())
    }

    /// What the rules find.
    pub fn check(&self) -> Findings {
        let invoices = Some(self.invoice_count);
        Findings::from_iter([
            at_most(TOP_SHARES_RULE, "top1_share_bp", self.top1_share_bp, self.top10_share_bp),
            at_most(RED_COUNT_RULE, "red_count", self.red_count, invoices),
            at_most(COUNTERPARTIES_RULE, "counterparty_count", self.counterparty_count, invoices),
        ])
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![
            RuleText::new(
                TOP_SHARES_RULE,
                "第一大对手占比不超过前十大对手占比",
                "the largest counterparty's share is at most that of the ten largest together",
            ),
            RuleText::new(
                RED_COUNT_RULE,
                "红字发票份数不超过发票份数",
                "there are at most as many red-letter invoices as invoices",
            ),
            RuleText::new(
                COUNTERPARTIES_RULE,
                "交易对手户数不超过发票份数",
                "there are at most as many counterparties as invoices",
            ),
        ]
    }
}

/// One of the ten largest counterparties over a calendar year or any twelve whole months.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "前十大交易对手")]
pub struct InvoiceCounterparty {
    /// The twelve months.
    #[schemars(title = "税款所属期")]
    pub period: Period,
    /// Whether the taxpayer sold to it or bought from it.
    #[schemars(title = "开票方向")]
    pub direction: Direction,
    /// Place, 1 the largest.
    #[schemars(title = "排名")]
    pub rank: i64,
    /// The counterparty's taxpayer number. Stored, and never leaves.
    #[schemars(title = "交易对手识别号")]
    pub counterparty: String,
    /// Net amount with it, in fen.
    #[schemars(title = "不含税金额")]
    pub net_fen: Fen,
    /// Share in the net amount of all counterparties, in hundredths of a percent.
    #[schemars(title = "占比", extend("x-unit" = "bp"))]
    pub share_bp: i64,
}

impl InvoiceCounterparty {
    /// What tells a taxpayer's counterparties apart: not who it is but its place.
    pub fn key(&self) -> String {
        let (from, to) = (self.period.from(), self.period.to());
        format!("counterparty|{}|{from}|{to}|{}", self.direction.as_str(), self.rank)
    }

    /// What the rules find. As many others as rank before it have at least its share, so that its own is at most
    /// the whole divided by its rank, rounded like a share.
    pub fn check(&self) -> Findings {
        let largest = WHOLE_BP
            .checked_add(self.rank.checked_div(2).unwrap_or_default())
            .and_then(|whole| whole.checked_div(self.rank));
        Findings::from_iter([at_most(SHARE_OF_RANK_RULE, "share_bp", Some(self.share_bp), largest)])
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![RuleText::new(
            SHARE_OF_RANK_RULE,
            "第n大对手占比不超过全部的n分之一",
            "the share of the counterparty at place n is at most one n-th of the whole",
        )]
    }
}

/// Without any of the fields: a counterparty's number never reaches a log.
impl fmt::Debug for InvoiceCounterparty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvoiceCounterparty(redacted)")
    }
}

fn at_most(rule: &str, field: &str, stated: Option<i64>, most: Option<i64>) -> Outcome {
    let (Some(stated), Some(most)) = (stated, most) else {
        return Outcome::Skipped;
    };
    Outcome::of(stated <= most, || Mark::texts(rule, field, &stated.to_string(), &format!("at most {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month() -> InvoiceMonth {
        InvoiceMonth {
            period: serde_json::from_str(r#"{"from":"2026-01-01","to":"2026-01-31","freq":"month"}"#)
                .unwrap(),
            direction: Direction::Issued,
            invoice_count: 40,
            net_fen: Fen::new(41_000_000),
            tax_fen: Fen::new(5_230_000),
            red_count: Some(1),
            red_net_fen: Some(Fen::new(-20_000)),
            void_count: Some(2),
            counterparty_count: Some(12),
            top1_share_bp: Some(3_120),
            top10_share_bp: Some(9_870),
        }
    }

    fn counterparty(rank: i64, share_bp: i64) -> InvoiceCounterparty {
        InvoiceCounterparty {
            period: serde_json::from_str(r#"{"from":"2025-01-01","to":"2025-12-31","freq":"year"}"#).unwrap(),
            direction: Direction::Received,
            rank,
            counterparty: "914403001922038216".into(),
            net_fen: Fen::new(1),
            share_bp,
        }
    }

    #[test]
    fn the_largest_is_within_the_ten_largest() {
        assert_eq!((month().check().checks.passed, month().check().checks.failed), (3, 0));
        let wrong = InvoiceMonth { top10_share_bp: Some(3_119), ..month() };
        assert_eq!(
            wrong.check().marks,
            [Mark::texts("invoice_month.top_shares", "top1_share_bp", "3120", "at most 3119")]
        );
        let silent = InvoiceMonth { top1_share_bp: None, ..month() };
        assert_eq!(silent.check().checks.skipped, 1);
    }

    #[test]
    fn red_letters_and_counterparties_are_within_the_invoices() {
        let wrong = InvoiceMonth { red_count: Some(41), ..month() };
        assert_eq!(wrong.check().marks[0].rule, "invoice_month.red_count");
        let wrong = InvoiceMonth { counterparty_count: Some(41), ..month() };
        assert_eq!(wrong.check().marks[0].rule, "invoice_month.counterparty_count");
    }

    #[test]
    fn a_share_fits_its_place() {
        for (rank, share) in [(1, 10_000), (2, 5_000), (3, 3_333), (6, 1_667), (10, 1_000)] {
            assert_eq!(counterparty(rank, share).check().checks.passed, 1, "{rank}");
            let wrong = counterparty(rank, share + 1).check().marks;
            assert_eq!(wrong[0].rule, "invoice_counterparty.share_of_rank", "{rank}");
        }
    }

    #[test]
    fn bodies_name_their_kind_and_logs_no_counterparty() {
        let body = serde_json::to_value(InvoiceRecord::Counterparty(counterparty(1, 10_000))).unwrap();
        assert_eq!(body["record"], "counterparty");
        assert_eq!(
            serde_json::from_value::<InvoiceRecord>(body).unwrap(),
            InvoiceRecord::Counterparty(counterparty(1, 10_000))
        );
        assert_eq!(month().key(), "month|issued|2026-01-01");
        assert_eq!(counterparty(3, 1).key(), "counterparty|received|2025-01-01|2025-12-31|3");
        assert!(!format!("{:?}", counterparty(1, 1)).contains("9144"));
    }
}
