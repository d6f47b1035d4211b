//! Rows of the registration form into records.

use super::{body, taxpayer_marks};
use crate::domain::fen::Fen;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::{Mark, Record};
use crate::domain::section::Section;
use crate::domain::sections::registration::{REGISTRATION_KEY, Registration, VatClass};
use crate::domain::uscc::{InvalidUscc, Uscc};

/// A registration row as a record.
pub(in crate::domain::import) fn registration(cells: &Cells) -> Result<Record, Fault> {
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
        checks: None,
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
