//! What the provider says of a person: name, reference, and the firms they may act for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Refusal;
use super::options::OidcOptions;
use crate::domain::representative::{Person, PortalRole, Representation};
use crate::domain::taxpayer_id::TaxpayerId;

/// OpenID Connect Core section 2: `sub` has at most 255 ASCII characters.
const SUBJECT_BYTES_MAX: usize = 255;
const NAME_CHARACTERS_MAX: usize = 200;
const REFERENCE_BYTES_MAX: usize = 256;
/// Whoever acts for more is no person at a portal.
const FIRMS_MAX: usize = 2_000;

/// Reads the claims of a verified token.
pub fn read_claims(
    subject: &str,
    claims: &Map<String, Value>,
    options: &OidcOptions,
) -> Result<(Person, Vec<Representation>), Refusal> {
    if subject.is_empty()
        || subject.len() > SUBJECT_BYTES_MAX
        || !subject.chars().all(|c| c.is_ascii_graphic())
    {
        return Err(Refusal::Claims("sub must have 1 to 255 visible ASCII characters"));
    }
    let names = &options.claims;
    let name = claims.get(&names.name).and_then(Value::as_str).and_then(plain_name);
    let name = name.ok_or(Refusal::Claims("the person has no name"))?;
    let id_ref = match claims.get(&names.id_ref) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if is_reference(text) => Some(text.clone()),
        Some(_) => {
            return Err(Refusal::Claims("the reference to the identity number is no short ASCII text"));
        }
    };
    let firms = match claims.get(&names.firms) {
        None | Some(Value::Null) => &Vec::new(),
        Some(Value::Array(firms)) if firms.len() <= FIRMS_MAX => firms,
        Some(_) => return Err(Refusal::Claims("the firms are no list, or too many")),
    };
    let mut seen = BTreeSet::new();
    let mut read: Vec<Representation> =
        firms.iter().filter_map(|firm| representation(firm, options)).collect();
    // A firm named twice is taken as it is named first: there is one role for one person at one firm.
    read.retain(|firm| seen.insert(firm.taxpayer_id.clone()));
    Ok((Person { subject: subject.to_owned(), name, id_ref }, read))
}

/// One firm; one that this exchange cannot understand is left out, since it must not lock the person out of the others.
fn representation(firm: &Value, options: &OidcOptions) -> Option<Representation> {
    let names = &options.claims;
    let text = |name: &str| firm.get(name).and_then(Value::as_str);
    let role = text(&names.role)?;
    let role = options.roles.get(role).copied().or_else(|| role.parse::<PortalRole>().ok())?;
    let taxpayer_id: TaxpayerId = TaxpayerId::parse(text(&names.taxpayer_id)?).ok()?;
    let name = plain_name(text(&names.firm_name)?)?;
    Some(Representation { taxpayer_id, name, role })
}

/// A name without what would steer a page or a log: control characters and overrides of writing direction.
fn plain_name(text: &str) -> Option<String> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain: String = text.chars().filter(|c| !steers(*c)).take(NAME_CHARACTERS_MAX).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

fn is_reference(text: &str) -> bool {
    !text.is_empty() && text.len() <= REFERENCE_BYTES_MAX && text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::options::sample;
    use super::*;

    fn read(claims: Value, options: &OidcOptions) -> Result<(Person, Vec<Representation>), Refusal> {
        read_claims("person-1", claims.as_object().unwrap(), options)
    }

    fn id(n: u8) -> String {
        // Registration numbers of 15 characters carry no check digit.
        format!("11010119900101{n}")
    }

    #[test]
    fn firms_are_read_by_the_configured_names() {
        let firm =
            json!({"taxpayer_id": "91350200MA2Y1JL06H", "name": "甲公司", "role": "legal_representative"});
        let claims = json!({"name": "王伟", "id_ref": "r1", "firms": [firm]});
        let plain = read(claims, &sample("https://etax.example"));
        let mut options = sample("https://etax.example");
        options.claims.firms = "nsrxx".into();
        options.claims.taxpayer_id = "nsrsbh".into();
        options.claims.firm_name = "nsrmc".into();
        options.claims.role = "sflx".into();
        options.roles.insert("01".into(), PortalRole::LegalRepresentative);
        let firm = json!({"nsrsbh": "91350200MA2Y1JL06H", "nsrmc": "甲公司", "sflx": "01"});
        let renamed = read(json!({"name": "王伟", "id_ref": "r1", "nsrxx": [firm]}), &options);
        assert_eq!(plain, renamed);
    }

    #[test]
    fn what_is_not_understood_gives_no_power() {
        let options = sample("https://etax.example");
        let firm = |role: &str, number: &str| json!({"taxpayer_id": number, "name": "甲", "role": role});
        let claims =
            json!({"name": "王伟", "firms": [firm("emperor", &id(1)), firm("owner", "x'; --"), 7, {}]});
        assert_eq!(read(claims, &options).unwrap().1, []);
        assert_eq!(read(json!({"name": "王伟"}), &options).unwrap().1, []);
        assert!(read(json!({"name": "王伟", "firms": "all"}), &options).is_err());
        assert!(read(json!({"firms": []}), &options).is_err(), "nobody without a name");
        assert!(read(json!({"name": "\u{202e}\n"}), &options).is_err());
        let (person, _) = read(json!({"name": "王\u{202e}伟\u{1b}[2J"}), &options).unwrap();
        assert_eq!(person.name, "王伟[2J");
        for subject in ["", "a b", "a\nb", &"x".repeat(256)] {
            let claims = json!({"name": "王伟"});
            assert!(read_claims(subject, claims.as_object().unwrap(), &options).is_err(), "{subject:?}");
        }
    }
}
