//! Rows of the registration form into records.

use super::facts::{code, in_order, optional_code, record};
use crate::domain::fen::Fen;
use crate::domain::id_digest::IdDigest;
use crate::domain::import::Fault;
use crate::domain::import::cells::{Cells, need};
use crate::domain::record::{Findings, Mark, Record};
use crate::domain::section::Section;
use crate::domain::sections::registration::change::{Change, ChangeItem};
use crate::domain::sections::registration::status::StatusSpan;
use crate::domain::sections::registration::{
    CollectionMode, REGISTRATION_KEY, Registration, RegistrationRecord, SizeClass, VatClass,
};
use crate::domain::uscc::{InvalidUscc, Uscc};

/// A registration row as a record.
pub(in crate::domain::import) fn registration(cells: &Cells) -> Result<Record, Fault> {
    let registration = read_registration(cells)?;
    if registration.reg_capital_fen.is_some() && registration.currency.is_none() {
        return Err(Fault::column("currency", "a stated capital needs its currency, three capital letters"));
    }
    in_order(cells, "vat_class_from", "vat_class_to")?;
    let mut wrong_codes = Vec::new();
    if let Some(uscc) = &registration.uscc
        && let Err(InvalidUscc::Checks(wrong)) = uscc.parse::<Uscc>()
    {
        wrong_codes.extend(Mark::wrong_checks("uscc", wrong));
    }
    let fact = RegistrationRecord::Registration(registration);
    let mut record = standing(cells, REGISTRATION_KEY.to_owned(), &fact)?;
    record.marks.extend(wrong_codes);
    Ok(record)
}

/// A row of the status history as a record.
pub(in crate::domain::import) fn status(cells: &Cells) -> Result<Record, Fault> {
    let span = StatusSpan {
        status: need(cells.text("status"), "status")?,
        status_from: need(cells.date("status_from"), "status_from")?,
        status_to: cells.date("status_to"),
        cause: cells.text("cause"),
    };
    in_order(cells, "status_from", "status_to")?;
    standing(cells, span.key(), &RegistrationRecord::Status(span))
}

/// A row of the change history as a record. What is a person before and after is refused, never cut.
pub(in crate::domain::import) fn change(cells: &Cells) -> Result<Record, Fault> {
    let change = Change {
        item: code(cells, "item", ChangeItem::from_name)?,
        changed_on: need(cells.date("changed_on"), "changed_on")?,
        before: cells.text("before"),
        after: cells.text("after"),
    };
    for (name, content) in [("before", &change.before), ("after", &change.after)] {
        if change.item.names_a_person() && content.is_some() {
            return Err(Fault::column(
                name,
                "must be left out where the legal representative changed: persons' names are not taken here",
            ));
        }
    }
    standing(cells, change.key(), &RegistrationRecord::Change(change))
}

/// A fact that holds whatever a consent's window, and that no rule concerns.
fn standing(cells: &Cells, key: String, fact: &RegistrationRecord) -> Result<Record, Fault> {
    record(cells, Section::Registration, key, None, fact, Findings::default())
}

/// The digest of the legal representative's identity number, if stated.
fn id_digest(cells: &Cells) -> Result<Option<IdDigest>, Fault> {
    let stated = cells.text("legal_rep_id_digest");
    let digest = stated.map(|text| IdDigest::parse(&text)).transpose();
    digest.map_err(|wrong| Fault::column("legal_rep_id_digest", wrong.to_string()))
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
        size_class: optional_code(cells, "size_class", SizeClass::from_name)?,
        collection_mode: optional_code(cells, "collection_mode", CollectionMode::from_name)?,
        legal_rep_id_digest: id_digest(cells)?,
    })
}
