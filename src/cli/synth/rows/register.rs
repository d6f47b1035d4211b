//! Rows of the register: registration, status history, changes, ratings.

use crate::cli::synth::History;
use crate::cli::synth::firm::{Course, Firm};
use crate::cli::synth::identity::legal_rep_id_digest;
use crate::cli::synth::life::representative_id;
use crate::cli::synth::look::Look;
use crate::cli::synth::row::Row;
use crate::cli::synth::size::size_class;
use crate::domain::sections::registration::VatClass;
use crate::domain::taxpayer_kind::TaxpayerKind;

use super::Rows;

/// Adds what the delivery knows of the register.
pub(super) fn add(history: &History, look: &Look, rows: &mut Rows) {
    let firm = &history.firm;
    let life = &firm.life;
    let days: Vec<_> = life
        .changes
        .iter()
        .map(|change| Some(change.on))
        .chain(life.statuses.iter().map(|status| Some(status.from)))
        .collect();
    if look.delivers(firm.reg_date, &days) {
        rows.add("registration", look.round, registration(history, look));
    }
    for status in life.statuses.iter().filter(|status| look.delivers(status.from, &[next_day(status.to)])) {
        let row = Row::of(&firm.taxpayer_id)
            .text("status", status.code)
            .date("status_from", status.from)
            .maybe_date(
                "status_to",
                status.to.filter(|_| next_day(status.to).is_some_and(|day| look.sees(day))),
            )
            .text("cause", status.cause);
        rows.add("registration_status", look.round, row);
    }
    for change in life.changes.iter().filter(|change| look.delivers(change.on, &[])) {
        let mut row =
            Row::of(&firm.taxpayer_id).text("item", change.item.as_str()).date("changed_on", change.on);
        if !change.item.is_personal() {
            row = row.text("before", &change.before).text("after", &change.after);
        }
        rows.add("registration_change", look.round, row);
    }
    for found in &history.ratings {
        if look.delivers(found.assessed_on, &[found.superseded_on]) {
            let mut row = Row::of(&firm.taxpayer_id)
                .integer("year", i64::from(found.year))
                .text("level", found.level.as_str())
                .date("assessed_on", found.assessed_on)
                .date("valid_from", found.assessed_on)
                .maybe_date("superseded_on", found.superseded_on.filter(|day| look.sees(*day)))
                .text("cause", found.cause.as_str());
            if let Some(score) = found.score {
                row = row.text("score", &score.to_string());
            }
            if let Some(case) = found.direct_d_case {
                row = row.integer("direct_d_case", i64::from(case));
            }
            rows.add("rating", look.round, row);
        }
    }
}

/// A status is known to have ended once the next has begun.
fn next_day(end: Option<chrono::NaiveDate>) -> Option<chrono::NaiveDate> {
    end.and_then(|day| day.succ_opt())
}

fn registration(history: &History, look: &Look) -> Row {
    let (firm, day) = (&history.firm, look.on);
    let life = &firm.life;
    let employees = history.ledger.staff.last().map_or(0, |month| month.headcount);
    let legal_rep = life.legal_rep_on(day);
    let address = life.address_on(day);
    let mut row = Row::of(&firm.taxpayer_id)
        .maybe_text("uscc", firm.uscc.map(|code| code.to_string()).as_deref())
        .text("reg_no", &format!("1012{}{:010}", firm.region, firm.index))
        .text("name", life.name_on(day))
        .text("status", life.status_on(day))
        .text("reg_type", firm.reg_type)
        .text("industry", firm.industry.code)
        .date("reg_date", firm.reg_date);
    if let Some(fen) = firm.capital_fen {
        let before = if life.capital_raised_after(day) { fen / 2 } else { fen };
        row = row.fen("reg_capital_fen", before).text("currency", "CNY");
    }
    row = row
        .integer("employees", employees)
        .maybe_text("acct_regime", regime(firm))
        .text("acct_mode", "11")
        .text("vat_class", firm.vat_class.as_str())
        .maybe_date("vat_class_from", (firm.vat_class == VatClass::General).then_some(firm.reg_date))
        .text("authority", &format!("1{}0000", firm.region))
        .text("reg_address", address)
        .text("biz_address", address)
        .text("region", firm.region)
        .text("scope", life.scope_before(day).unwrap_or(firm.industry.scope))
        .text("legal_rep_name", legal_rep);
    if firm.course != Course::NeverFiled {
        let class = size_class(firm.industry.code, employees, history.ledger.sales_of_a_year());
        row = row.text("size_class", class);
    }
    row.text("collection_mode", if firm.assessed { "assessed" } else { "books" })
        .text("legal_rep_id_digest", &legal_rep_id_digest(&representative_id(firm, legal_rep)))
}

/// 会计制度代码: the enterprise standards for large companies, the small ones' for others; none for traders.
pub(super) fn regime(firm: &Firm) -> Option<&'static str> {
    match firm.kind {
        TaxpayerKind::Company if firm.month_fen > 700_000_000 => Some("101"),
        TaxpayerKind::Company | TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership => Some("102"),
        TaxpayerKind::SoleTrader => None,
    }
}
