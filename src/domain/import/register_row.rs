//! Rows of the registration and rating forms into records.

use super::Fault;
use super::cells::{Cells, need};
use crate::domain::fen::Fen;
use crate::domain::period::Period;
use crate::domain::rating::{Level, Rating, RatingCause};
use crate::domain::record::{Mark, Record, canonical_json};
use crate::domain::registration::{REGISTRATION_KEY, Registration, VatClass};
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::uscc::{InvalidUscc, Uscc};

/// A registration row as a record.
pub(super) fn registration(cells: &Cells) -> Result<Record, Fault> {
    let registration = read_registration(cells)?;
    if registration.reg_capital_fen.is_some() && registration.currency.is_none() {
        return Err(Fault::column("currency", "a stated capital needs its currency, three capital letters"));
    }
    if let (Some(from), Some(to)) = (registration.vat_class_from, registration.vat_class_to)
        && to < from
    {
        return Err(Fault::column("vat_class_to", "must not lie before vat_class_from"));
    }
    let mut marks = taxpayer_marks(&registration.taxpayer_id);
    if let Some(uscc) = &registration.uscc
        && let Err(InvalidUscc::Checks(wrong)) = uscc.parse::<Uscc>()
    {
        marks.extend(Mark::wrong_checks("uscc", wrong));
    }
    Ok(Record {
        body: body(&registration)?,
        taxpayer: registration.taxpayer_id,
        section: Section::Registration,
        key: REGISTRATION_KEY.to_owned(),
        period: None,
        marks,
    })
}

fn read_registration(cells: &Cells) -> Result<Registration, Fault> {
    let vat_class = match cells.text("vat_class").as_deref() {
        Some("general") => VatClass::General,
        Some("small_scale") => VatClass::SmallScale,
        _ => return Err(Fault::column("vat_class", "must be general or small_scale")),
    };
    Ok(Registration {
        uscc: cells.text("uscc"),
        taxpayer_id: cells.taxpayer()?,
        reg_no: cells.text("reg_no"),
        name: need(cells.text("name"), "name")?,
        status: need(cells.text("status"), "status")?,
        reg_type: need(cells.text("reg_type"), "reg_type")?,
        industry: need(cells.text("industry"), "industry")?,
        reg_date: need(cells.date("reg_date"), "reg_date")?,
        reg_capital_fen: cells.integer("reg_capital_fen").map(Fen::new),
        currency: cells.text("currency"),
        employees: cells.integer("employees"),
        acct_regime: cells.text("acct_regime"),
        acct_mode: cells.text("acct_mode"),
        vat_class,
        vat_class_from: cells.date("vat_class_from"),
        vat_class_to: cells.date("vat_class_to"),
        authority: need(cells.text("authority"), "authority")?,
        reg_address: cells.text("reg_address"),
        biz_address: cells.text("biz_address"),
        region: need(cells.text("region"), "region")?,
        scope: cells.text("scope"),
        legal_rep_name: cells.text("legal_rep_name"),
    })
}

/// A rating row as a record; its period is the year evaluated.
pub(super) fn rating(cells: &Cells) -> Result<Record, Fault> {
    let level = need(cells.text("level"), "level")?;
    let cause = need(cells.text("cause"), "cause")?;
    let year = need(cells.integer("year").and_then(|year| i32::try_from(year).ok()), "year")?;
    let period = need(Period::year(year), "year")?;
    let rating = Rating {
        year,
        level: need(Level::ALL.into_iter().find(|known| known.as_str() == level), "level")?,
        score: cells.decimal("score"),
        assessed_on: need(cells.date("assessed_on"), "assessed_on")?,
        valid_from: need(cells.date("valid_from"), "valid_from")?,
        superseded_on: cells.date("superseded_on"),
        cause: need(RatingCause::ALL.into_iter().find(|known| known.as_str() == cause), "cause")?,
    };
    if rating.assessed_on < period.from() {
        return Err(Fault::column("assessed_on", "must not lie before the year evaluated"));
    }
    if rating.superseded_on.is_some_and(|day| day < rating.valid_from) {
        return Err(Fault::column("superseded_on", "must not lie before valid_from"));
    }
    let taxpayer = cells.taxpayer()?;
    Ok(Record {
        section: Section::Rating,
        key: rating.key(),
        period: Some(period),
        body: body(&rating)?,
        marks: taxpayer_marks(&taxpayer),
        taxpayer,
    })
}

/// Marks for a taxpayer number with wrong check characters.
pub(super) fn taxpayer_marks(taxpayer: &TaxpayerId) -> Vec<Mark> {
    taxpayer.check_warning().map(|wrong| Mark::wrong_checks("taxpayer_id", wrong)).unwrap_or_default()
}

/// The body as canonical JSON.
pub(super) fn body<T: serde::Serialize>(fact: &T) -> Result<String, Fault> {
    canonical_json(fact).map_err(|error| Fault::row(error.to_string()))
}
