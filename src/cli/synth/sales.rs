//! A firm's sales, month after month: the figure that every section of its file follows from.

use chrono::{Datelike, NaiveDate};

use super::calendar::festival_month;
use super::firm::{Course, Firm};
use super::random::{Purpose, Random};

/// The course of one firm's sales. Ask for each month once, in order.
pub(super) struct Sales<'a> {
    firm: &'a Firm,
    random: Random,
    level_fen: i64,
}

impl<'a> Sales<'a> {
    pub(super) fn new(firm: &'a Firm) -> Self {
        Self { firm, random: Random::new(firm.seed, firm.index, Purpose::Sales), level_fen: firm.month_fen }
    }

    /// Sales without tax of the next month, in fen; none once the firm has stopped filing.
    pub(super) fn next_month(&mut self, month: NaiveDate) -> Option<i64> {
        let trend = match self.firm.course {
            Course::NeverFiled => return None,
            Course::Dormant => return Some(0),
            Course::Failing { last_return, .. } | Course::Leaving { last_return, .. }
                if month > last_return =>
            {
                return None;
            }
            Course::Failing { from, .. } if month >= from => -1_800,
            Course::Failing { .. } | Course::Leaving { .. } => 0,
            Course::Trend(trend) => trend,
        };
        self.level_fen = (self.level_fen / 10_000 * (10_000 + trend)).clamp(100_000, self.firm.month_fen_max);
        let since_festival = (month.month() + 12 - festival_month(month.year())) % 12;
        let season = self.firm.industry.season.percent(month.month(), since_festival);
        let noise = self.random.between(870, 1_130);
        Some((self.level_fen / 100_000 * season * noise).min(self.firm.month_fen_max))
    }
}
