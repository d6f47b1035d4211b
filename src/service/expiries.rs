//! What ends one day and must be replaced before: members' certificates, the dossier key.

use serde::Serialize;

use super::Exchange;
use super::members::{CertificateView, overview};
use crate::domain::member::{CertificateState, MemberStatus, WARNING_DAYS, days_between, wire_enum};
use crate::domain::timestamp::Timestamp;

wire_enum! {
    /// What kind of thing ends.
    pub enum Expiring {
        /// A member's TLS certificate.
        MemberCertificate = "member-certificate",
        /// The gateway's TLS certificate.
        GatewayCertificate = "gateway-certificate",
        /// The key that signs dossiers.
        DossierKey = "dossier-key",
        /// A list of revoked certificates: its next update.
        RevocationList = "revocation-list",
    }
}

/// Something that ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Expiry {
    /// What it is.
    pub kind: Expiring,
    /// Which one: `bank-03/信贷系统`, a key's id, or nothing where there is one only.
    pub name: String,
    /// Its end.
    pub ends_at: Timestamp,
    /// From when on it is warned of.
    pub warned_from: Timestamp,
}

impl Expiry {
    /// Something that is warned of 90, 30 and 7 days ahead.
    pub fn new(kind: Expiring, name: impl Into<String>, ends_at: Timestamp) -> Self {
        let warned_from = ends_at.plus_micros(-WARNING_DAYS[0].saturating_mul(DAY_MICROS));
        Self { kind, name: name.into(), ends_at, warned_from }
    }

    /// The warning at `now`, if it is time for one: how many days are left, and the threshold that was passed.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        if now < self.warned_from {
            return None;
        }
        let (kind, name, ends_at) = (self.kind, self.name.as_str(), self.ends_at);
        if now >= ends_at {
            return Some(format!("warning expired {kind} {name} ended {ends_at}"));
        }
        let days = days_between(now, ends_at);
        let passed =
            WARNING_DAYS.iter().rev().find(|threshold| days < **threshold).unwrap_or(&WARNING_DAYS[0]);
        Some(format!("warning {passed}d {kind} {name} ends {ends_at}, {days} days left"))
    }
}

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// What the directory and the trust file say will end.
///
/// Of the certificates of one label only the one that lasts longest counts: the others were replaced.
pub fn expiries(exchange: &Exchange) -> Vec<Expiry> {
    let mut found = Vec::new();
    for member in overview(exchange) {
        match member.status {
            MemberStatus::Active | MemberStatus::Suspended => {}
            MemberStatus::Withdrawn => continue,
        }
        let mut seen: Vec<&str> = Vec::new();
        for certificate in member.certificates.iter().filter(|c| counts(c)) {
            // Those that last longest come first.
            if !seen.contains(&certificate.label.as_str()) {
                seen.push(&certificate.label);
                let name = format!("{}/{}", member.id, certificate.label);
                found.push(Expiry::new(Expiring::MemberCertificate, name, certificate.not_after));
            }
        }
    }
    let trust = exchange.keys.trust();
    if let Some(key) = trust.jwks.keys.iter().max_by_key(|key| key.exp)
        && let Some(ends_at) = Timestamp::from_micros(key.exp.saturating_mul(1_000_000))
    {
        found.push(Expiry::new(Expiring::DossierKey, &key.kid, ends_at));
    }
    found
}

fn counts(certificate: &CertificateView) -> bool {
    match certificate.state {
        CertificateState::Withdrawn => false,
        CertificateState::NotYetValid
        | CertificateState::InUse
        | CertificateState::Expiring
        | CertificateState::Expired => certificate.withdrawn_at.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_name_the_threshold_that_was_passed() {
        let day = |n: i64| Timestamp::default().plus_micros(n * DAY_MICROS);
        let expiry = Expiry::new(Expiring::MemberCertificate, "bank-03/x", day(400));
        let said = |now| expiry.warning(now).map(|text| text.split(' ').nth(1).unwrap().to_owned());
        assert_eq!(said(day(310).plus_micros(-1)), None);
        for (n, threshold) in
            [(310, "90d"), (340, "90d"), (370, "90d"), (371, "30d"), (393, "30d"), (394, "7d")]
        {
            assert_eq!(said(day(n)).as_deref(), Some(threshold), "day {n}");
        }
        assert_eq!(said(day(400).plus_micros(-1)).as_deref(), Some("7d"));
        assert_eq!(said(day(400)).as_deref(), Some("expired"));
        assert_eq!(
            expiry.warning(day(395)).unwrap(),
            "warning 7d member-certificate bank-03/x ends 1971-02-05T00:00:00.000000Z, 5 days left"
        );
    }
}
