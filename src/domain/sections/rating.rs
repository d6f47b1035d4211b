//! 纳税缴费信用评价: one evaluation out of a taxpayer's history (《纳税缴费信用管理办法》, SAT Announcement 2025 No. 12).
//!
//! A rating is a history, not a field: each evaluation stays, and a later one supersedes it. A missing rating
//! says nothing; in particular it is not M.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::record::{Findings, Mark, Outcome, RuleText};

const LEVEL_RULE: &str = "rating.level_of_score";
const DIRECT_RULE: &str = "rating.direct_d";

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
    /// Which of the thirteen cases of Art. 18 made it a D at once, 1 to 13; null for an evaluation by points.
    #[schemars(title = "直接判级情形")]
    pub direct_d_case: Option<u8>,
}

impl Rating {
    /// What tells a taxpayer's evaluations apart: year, day and cause.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.year, self.assessed_on, self.cause.as_str())
    }

    /// What the rules find. A level set at once owes nothing to points.
    pub fn check(&self) -> Findings {
        Findings::from_iter([match self.direct_d_case {
            None => self.check_level(),
            Some(_) => Outcome::of(self.level == Level::D, || {
                Mark::texts(DIRECT_RULE, "level", self.level.as_str(), Level::D.as_str())
            }),
        }])
    }

    /// The rules in words.
    pub fn rules() -> Vec<RuleText> {
        vec![
            RuleText::new(
                LEVEL_RULE,
                "评价级别与得分相符：A级90分以上；B级70分以上不满90分(因第十七条不得评为A级的不校验)；M级70分以上；C级40分以上不满70分；D级不满40分",
                "the level is that of the points: A from 90; B from 70 to under 90, with more passed over because \
                 Art. 17 may keep a firm from A; M from 70; C from 40 to under 70; D under 40",
            ),
            RuleText::new(
                DIRECT_RULE,
                "直接判级情形(第十八条)只与D级相配",
                "one of the cases of Art. 18 goes only with level D",
            ),
        ]
    }

    /// The level by points. Who has the points of an A and a B may be kept from A by Art. 17 (under three years
    /// old, a D the year before, no proper books), which an evaluation does not say: there the rule is silent.
    fn check_level(&self) -> Outcome {
        let Some(score) = self.score else {
            return Outcome::Skipped;
        };
        let computed = Level::of_score(score);
        let fits = match self.level {
            Level::B if computed == Level::A => return Outcome::Skipped,
            Level::M => matches!(computed, Level::A | Level::B),
            Level::A | Level::B | Level::C | Level::D => self.level == computed,
        };
        Outcome::of(fits, || Mark::texts(LEVEL_RULE, "level", self.level.as_str(), computed.as_str()))
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

    /// The level of that many points for a firm that is neither new nor without income.
    pub fn of_score(score: Decimal) -> Level {
        match score {
            points if points >= Decimal::from(90) => Level::A,
            points if points >= Decimal::from(70) => Level::B,
            points if points >= Decimal::from(40) => Level::C,
            _ => Level::D,
        }
    }

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

    fn rating(level: Level, score: Option<&str>, direct_d_case: Option<u8>) -> Rating {
        let day = |text: &str| text.parse().unwrap();
        Rating {
            year: 2024,
            level,
            score: score.map(|points| points.parse().unwrap()),
            assessed_on: day("2025-04-25"),
            valid_from: day("2025-04-25"),
            superseded_on: None,
            cause: RatingCause::Annual,
            direct_d_case,
        }
    }

    #[test]
    fn a_level_is_that_of_its_points() {
        for (level, points) in [
            (Level::A, "90"),
            (Level::A, "100"),
            (Level::B, "89.99"),
            (Level::B, "70"),
            (Level::M, "70"),
            (Level::M, "95"),
            (Level::C, "69.99"),
            (Level::C, "40"),
            (Level::D, "39.99"),
        ] {
            assert_eq!(rating(level, Some(points), None).check().checks.passed, 1, "{level:?} {points}");
        }
        for (level, points, computed) in [
            (Level::A, "89.99", "B"),
            (Level::B, "69.99", "C"),
            (Level::M, "69", "C"),
            (Level::C, "70", "B"),
            (Level::D, "40", "C"),
        ] {
            let marks = rating(level, Some(points), None).check().marks;
            assert_eq!(marks, [Mark::texts("rating.level_of_score", "level", level.as_str(), computed)]);
        }
        let silent = [rating(Level::B, None, None), rating(Level::B, Some("92"), None)];
        assert!(silent.iter().all(|rating| rating.check().checks.skipped == 1), "Art. 17 may keep it from A");
    }

    #[test]
    fn a_case_of_article_18_goes_with_level_d() {
        assert_eq!(
            rating(Level::D, Some("85"), Some(9)).check().checks.passed,
            1,
            "points do not matter then"
        );
        let marks = rating(Level::C, None, Some(9)).check().marks;
        assert_eq!(marks, [Mark::texts("rating.direct_d", "level", "C", "D")]);
    }

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
