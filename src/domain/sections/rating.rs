//! 纳税缴费信用评价: one evaluation out of a taxpayer's history (《纳税缴费信用管理办法》, SAT Announcement 2025 No. 12).
//!
//! A rating is a history, not a field: each evaluation stays, and a later one supersedes it. A missing rating
//! says nothing; in particular it is not M.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One evaluation. Serialised, it is the body of a `rating` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "纳税缴费信用评价")]
pub struct Rating {
    /// Calendar year evaluated.
    #[schemars(title = "评价年度")]
    pub year: i32,
    /// Level A, B, M, C or D.
    #[schemars(title = "评价级别")]
    pub level: Level,
    /// Points out of a hundred; none where the bureau states none, as for a direct D.
    #[schemars(title = "评价得分")]
    pub score: Option<Decimal>,
    /// Day of the evaluation.
    #[schemars(title = "评定日期")]
    pub assessed_on: NaiveDate,
    /// First day it counts.
    #[schemars(title = "有效期起")]
    pub valid_from: NaiveDate,
    /// Day a later evaluation took its place.
    #[schemars(title = "被替代日期")]
    pub superseded_on: Option<NaiveDate>,
    /// Why it was made.
    #[schemars(title = "评价事由")]
    pub cause: RatingCause,
}

impl Rating {
    /// What tells a taxpayer's evaluations apart: year, day and cause.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.year, self.assessed_on, self.cause.as_str())
    }
}

/// The five levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "评价级别")]
pub enum Level {
    /// 90 points and more.
    A,
    /// 70 to under 90.
    B,
    /// A new entity, or no business income in the year, with 70 and more.
    M,
    /// 40 to under 70.
    C,
    /// Under 40, or one of the thirteen cases of Art. 18.
    D,
}

impl Level {
    /// Every level, best first.
    pub const ALL: [Level; 5] = [Level::A, Level::B, Level::M, Level::C, Level::D];

    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::A => "A",
            Level::B => "B",
            Level::M => "M",
            Level::C => "C",
            Level::D => "D",
        }
    }
}

/// Why an evaluation was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "评价事由")]
pub enum RatingCause {
    /// The yearly evaluation, published in April.
    #[serde(rename = "annual")]
    Annual,
    /// 补评: made up for a year left out.
    #[serde(rename = "supplementary")]
    Supplementary,
    /// 复评: evaluated again at the taxpayer's request.
    #[serde(rename = "re-rating")]
    ReRating,
    /// 复核: reviewed before publication.
    #[serde(rename = "review")]
    Review,
    /// 动态调整: adjusted for conduct found later.
    #[serde(rename = "dynamic")]
    Dynamic,
    /// 信用修复: restored after the fault was mended.
    #[serde(rename = "repair")]
    Repair,
}

impl RatingCause {
    /// Every cause.
    pub const ALL: [RatingCause; 6] = [
        RatingCause::Annual,
        RatingCause::Supplementary,
        RatingCause::ReRating,
        RatingCause::Review,
        RatingCause::Dynamic,
        RatingCause::Repair,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RatingCause::Annual => "annual",
            RatingCause::Supplementary => "supplementary",
            RatingCause::ReRating => "re-rating",
            RatingCause::Review => "review",
            RatingCause::Dynamic => "dynamic",
            RatingCause::Repair => "repair",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_and_in_code_agree() {
        for cause in RatingCause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
        for level in Level::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
        }
    }
}
