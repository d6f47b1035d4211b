//! A firm's rating history, in keeping with how it filed (《纳税缴费信用管理办法》, SAT Announcement 2025 No. 12).

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::calendar::{Span, add_days};
use super::firm::Firm;
use super::random::{Purpose, Random};
use crate::domain::sections::rating::{Level, Rating, RatingCause};

/// What the evaluation looks at, by year.
#[derive(Default)]
pub(super) struct Conduct(BTreeMap<i32, YearConduct>);

#[derive(Default, Clone, Copy)]
struct YearConduct {
    late: i64,
    sales_fen: i64,
}

impl Conduct {
    /// Notes one return of a year.
    pub(super) fn note(&mut self, year: i32, late: bool, sales_fen: i64) {
        let conduct = self.0.entry(year).or_default();
        conduct.late += i64::from(late);
        conduct.sales_fen += sales_fen;
    }
}

/// The firm's evaluations in order, each superseded by the next. Empty for a firm left out of the evaluation.
pub(super) fn ratings(firm: &Firm, conduct: &Conduct, span: &Span) -> Vec<Rating> {
    let mut random = Random::new(firm.seed, firm.index, Purpose::Rating);
    let opted_in = !firm.is_trader || random.chance(400);
    if firm.unrated || !opted_in || conduct.0.is_empty() {
        return Vec::new();
    }
    let mut history: Vec<Rating> = Vec::new();
    for year in span.origin().year()..span.last.year() {
        let prior = history.last().map(|rating| rating.level);
        history.extend(evaluations(firm, conduct, year, prior, &mut random));
    }
    if let (Some(abnormal), Some(last)) = (firm.abnormal_from(), history.last())
        && last.level != Level::D
        && abnormal >= last.valid_from
    {
        let year = last.year;
        history.push(rating(year, Level::D, None, abnormal, RatingCause::Dynamic));
    }
    history.retain(|rating| rating.assessed_on <= span.as_of);
    for next in 1..history.len() {
        history[next - 1].superseded_on = Some(history[next].valid_from);
    }
    history
}

/// The evaluation of one year, published the April after, and what may follow it before the next.
fn evaluations(
    firm: &Firm,
    conduct: &Conduct,
    year: i32,
    prior: Option<Level>,
    random: &mut Random,
) -> Vec<Rating> {
    let deductions = random.between(0, 16);
    let base = if random.chance(600) { 100 } else { 93 };
    let (published, later) = (random.between(19, 28), random.between(60, 150));
    let fate = random.below(1_000);
    let (Some(april), Some(year_end)) =
        (NaiveDate::from_ymd_opt(year + 1, 4, 1), NaiveDate::from_ymd_opt(year, 12, 31))
    else {
        return Vec::new();
    };
    if firm.reg_date.month() > 9 && firm.reg_date.year() == year || firm.reg_date > year_end {
        return Vec::new(); // too short a year to be evaluated
    }
    let assessed_on = add_days(april, published);
    if firm.abnormal_from().is_some_and(|day| day <= assessed_on) {
        return vec![rating(year, Level::D, None, assessed_on, RatingCause::Annual)];
    }
    let lived = conduct.0.get(&year).copied().unwrap_or_default();
    let score = (base - 5 * lived.late - deductions).max(0);
    let grown = firm.reg_date.with_year(firm.reg_date.year() + 3).is_none_or(|day| day <= year_end);
    let level = level(score, grown, lived.sales_fen > 0, prior);
    let first = rating(year, level, Some(score), assessed_on, RatingCause::Annual);
    let follow = |level, score, cause| rating(year, level, Some(score), add_days(assessed_on, later), cause);
    match (level, fate) {
        (Level::C, 0..=499) => vec![first, follow(Level::B, score.max(72), RatingCause::Repair)],
        (Level::B, 0..=79) if grown && score >= 84 && prior != Some(Level::D) => {
            vec![first, follow(Level::A, score.max(91), RatingCause::ReRating)]
        }
        (_, 950..=969) => vec![follow(level, score, RatingCause::Supplementary)],
        (_, 970..=984) => vec![first, follow(level, score, RatingCause::Review)],
        (Level::A | Level::B | Level::M | Level::C | Level::D, _) => vec![first],
    }
}

/// Points into a level. No A within three years of registration or after a D; M for the young and the idle.
fn level(score: i64, grown: bool, has_sales: bool, prior: Option<Level>) -> Level {
    match score {
        ..40 => Level::D,
        40..70 => Level::C,
        70.. if !grown || !has_sales => Level::M,
        90.. if prior != Some(Level::D) => Level::A,
        70.. => Level::B,
    }
}

fn rating(year: i32, level: Level, score: Option<i64>, day: NaiveDate, cause: RatingCause) -> Rating {
    Rating {
        year,
        level,
        score: score.map(Decimal::from),
        assessed_on: day,
        valid_from: day,
        superseded_on: None,
        cause,
        direct_d_case: None,
    }
}
