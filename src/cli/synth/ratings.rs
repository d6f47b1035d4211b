//! A firm's rating history, in keeping with how it filed (《纳税缴费信用管理办法》, SAT Announcement 2025 No. 12).

use chrono::{Datelike, NaiveDate};

use super::calendar::{Round, Span, add_days};
use super::conduct::Conduct;
use super::firm::Firm;
use super::inspections::Inspection;
use super::random::{Purpose, Random};
use crate::domain::sections::rating::{Level, RatingCause};
use crate::domain::taxpayer_kind::TaxpayerKind;

/// One evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Evaluation {
    /// The calendar year evaluated.
    pub(super) year: i32,
    pub(super) level: Level,
    /// Points; none for a direct D.
    pub(super) score: Option<i64>,
    /// Day of the evaluation, and the first on which it counts.
    pub(super) assessed_on: NaiveDate,
    /// Day on which the next took its place.
    pub(super) superseded_on: Option<NaiveDate>,
    pub(super) cause: RatingCause,
    /// Case of Art. 18.
    pub(super) direct_d_case: Option<u8>,
}

/// 非正常户, Art. 18 item 9.
const ABNORMAL: u8 = 9;

/// The firm's evaluations in order, each superseded by the next. Empty for a firm left out of the evaluation.
pub(super) fn ratings(
    firm: &Firm,
    conduct: &Conduct,
    inspections: &[Inspection],
    span: &Span,
) -> Vec<Evaluation> {
    let mut random = firm.random(Purpose::Rating);
    let opted_in = firm.kind != TaxpayerKind::SoleTrader || random.chance(400);
    if firm.unrated || !opted_in || conduct.is_blank() {
        return Vec::new();
    }
    let mut history: Vec<Evaluation> = Vec::new();
    for year in span.origin().year()..span.last.year() {
        let prior = history.last().map(|rating| rating.level);
        let before = random.clone();
        let mut found = evaluations(firm, conduct, inspections, year, prior, &mut random);
        // A D found since the last evaluation comes before this one, and keeps it from A.
        let since = found.first().and_then(|first| dynamic(firm, inspections, &history, first.assessed_on));
        if since.is_some() {
            random = before;
            found = evaluations(firm, conduct, inspections, year, Some(Level::D), &mut random);
        }
        history.extend(since);
        for next in found {
            history.extend(dynamic(firm, inspections, &history, next.assessed_on));
            history.push(next);
        }
    }
    let end = add_days(span.known_on(Round::Third), 1);
    history.extend(dynamic(firm, inspections, &history, end));
    history.retain(|rating| span.round_of(rating.assessed_on).is_some());
    for next in 1..history.len() {
        history[next - 1].superseded_on = Some(history[next].assessed_on);
    }
    history
}

/// A direct D between the last evaluation and a day, for an inspection or for vanishing.
fn dynamic(
    firm: &Firm,
    inspections: &[Inspection],
    history: &[Evaluation],
    before: NaiveDate,
) -> Option<Evaluation> {
    let last = history.last().filter(|last| last.level != Level::D)?;
    let served = inspections.iter().filter_map(|case| Some((case.served_on, case.direct_d?)));
    let vanished = firm.abnormal_from().map(|day| (day, ABNORMAL));
    let (day, case) =
        served.chain(vanished).filter(|(day, _)| *day > last.assessed_on && *day < before).min()?;
    Some(direct_d(last.year, day, case, RatingCause::Dynamic))
}

/// The evaluation of one year, published the April after, and what may follow it before the next.
fn evaluations(
    firm: &Firm,
    conduct: &Conduct,
    inspections: &[Inspection],
    year: i32,
    prior: Option<Level>,
    random: &mut Random,
) -> Vec<Evaluation> {
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
        return vec![direct_d(year, assessed_on, ABNORMAL, RatingCause::Annual)];
    }
    let served = inspections.iter().find(|case| case.served_on.year() == year);
    if let Some(case) = served.and_then(|case| case.direct_d) {
        return vec![direct_d(year, assessed_on, case, RatingCause::Annual)];
    }
    let lived = conduct.of_year(year);
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

fn rating(year: i32, level: Level, score: Option<i64>, day: NaiveDate, cause: RatingCause) -> Evaluation {
    Evaluation { year, level, score, assessed_on: day, superseded_on: None, cause, direct_d_case: None }
}

/// D for one of the thirteen cases, which no points stand behind.
fn direct_d(year: i32, day: NaiveDate, case: u8, cause: RatingCause) -> Evaluation {
    Evaluation { direct_d_case: Some(case), ..rating(year, Level::D, None, day, cause) }
}
