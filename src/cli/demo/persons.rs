//! Who can sign in to the demo's portal: each firm's representative and financial officer, and bookkeepers of several.

use ring::hmac;

use super::city::Written;
use super::stage::Stage;
use crate::cli::init::ID_REFERENCE_KEY_FILE;
use crate::cli::output::Failure;
use crate::cli::synth::{FirmSummary, firms};
use crate::domain::representative::{Person, PortalRole, Representation};
use crate::domain::taxpayer_kind::TaxpayerKind;
use crate::portal::demo_sign_in::DemoPerson;
use crate::seal::digest::base64url;
use crate::seal::keys::read_secret;

/// Firms of which somebody can sign in; a larger city has more.
const FIRMS_MAX: usize = 240;
/// Firms that one bookkeeper keeps the books of.
const FIRMS_OF_A_BOOKKEEPER: usize = 6;
/// Surnames and given names of invented officers and bookkeepers.
const SURNAMES: [&str; 11] = ["李", "王", "陈", "黄", "林", "吴", "郑", "何", "梁", "谢", "罗"];
const GIVEN_NAMES: [&str; 13] =
    ["敏", "丽娟", "建平", "晓燕", "志强", "海波", "淑芬", "国华", "文静", "永康", "雪梅", "嘉欣", "卫东"];

/// An HMAC of a person's identity number, here an invented one: only the bureau has the key.
pub fn id_reference(key: &hmac::Key, seed: u64, firm: u64, name: &str) -> String {
    base64url(hmac::sign(key, format!("DEMO-{seed}-{firm}-{name}").as_bytes()).as_ref())
}

/// Writes them where the portal's configuration says.
pub fn write(stage: &Stage, written: &Written) -> Result<(), Failure> {
    let key = read_secret(&stage.dir.join("keys").join(ID_REFERENCE_KEY_FILE)).map_err(Failure::system)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let firms: Vec<FirmSummary> = firms(&written.city).take(FIRMS_MAX).collect();
    let text = serde_json::to_string_pretty(&of(&firms, |firm, name| {
        id_reference(&key, written.city.seed, firm, name)
    }));
    std::fs::write(&stage.demo_persons, text.map_err(Failure::system)?)?;
    Ok(())
}

fn of(firms: &[FirmSummary], id_ref: impl Fn(u64, &str) -> String) -> Vec<DemoPerson> {
    let mut persons = Vec::new();
    for (group, kept) in firms.chunks(FIRMS_OF_A_BOOKKEEPER).enumerate() {
        for firm in kept {
            let person = |kind: &str, name: String| Person {
                subject: format!("demo-{kind}-{}", firm.index),
                id_ref: Some(id_ref(firm.index, &name)),
                name,
            };
            let representative = person("representative", firm.legal_rep_name.clone());
            persons.push(one(representative, &[firm], representing(firm.kind)));
            let officer = person("officer", invented(firm.index));
            persons.push(one(officer, &[firm], PortalRole::FinancialOfficer));
        }
        let number = u64::try_from(group).unwrap_or(0);
        let name = invented(number * 7 + 3);
        let bookkeeper = Person {
            subject: format!("demo-bookkeeper-{number}"),
            id_ref: Some(id_ref(number, &name)),
            name,
        };
        persons.push(one(bookkeeper, &kept.iter().collect::<Vec<_>>(), PortalRole::Bookkeeper));
    }
    persons
}

fn one(person: Person, firms: &[&FirmSummary], role: PortalRole) -> DemoPerson {
    let firm = |firm: &&FirmSummary| Representation {
        taxpayer_id: firm.taxpayer_id.clone(),
        name: firm.name.clone(),
        role,
    };
    DemoPerson { person, firms: firms.iter().map(firm).collect() }
}

/// A company has a legal representative; a sole trader and whatever is no legal person has an owner.
fn representing(kind: TaxpayerKind) -> PortalRole {
    match kind {
        TaxpayerKind::Company => PortalRole::LegalRepresentative,
        TaxpayerKind::SoleTrader | TaxpayerKind::SoleProprietorship | TaxpayerKind::Partnership => {
            PortalRole::Owner
        }
    }
}

fn invented(number: u64) -> String {
    let pick = |names: &'static [&'static str], n: u64| {
        let length = u64::try_from(names.len()).unwrap_or(1);
        usize::try_from(n % length).ok().and_then(|place| names.get(place)).copied().unwrap_or_default()
    };
    format!("{}{}", pick(&SURNAMES, number), pick(&GIVEN_NAMES, number / 3 + number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::synth::City;
    use std::collections::BTreeSet;

    #[test]
    fn every_firm_has_somebody_who_may_grant_and_nobody_stands_twice() {
        let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 27).unwrap();
        let firms: Vec<FirmSummary> = firms(&City::as_known_on(today, 1, 13)).collect();
        let persons = of(&firms, |firm, name| format!("{firm}{name}"));
        let subjects: BTreeSet<&str> = persons.iter().map(|one| one.person.subject.as_str()).collect();
        assert_eq!(subjects.len(), persons.len());
        for firm in &firms {
            let may_grant = |one: &&DemoPerson| {
                one.firms.iter().any(|f| f.taxpayer_id == firm.taxpayer_id && f.role.may_grant().is_some())
            };
            assert_eq!(persons.iter().filter(may_grant).count(), 1, "{}", firm.name);
        }
        assert!(persons.iter().any(|one| one.firms.len() == FIRMS_OF_A_BOOKKEEPER));
    }
}
