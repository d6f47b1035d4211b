//! The member directory as every request sees it: a snapshot taken anew every 0.4 s.
//!
//! If the database does not answer, nobody is let in once the snapshot is 1.8 s old.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::error::{ServiceError, ServiceResult};
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::timestamp::Timestamp;
use crate::store::db::Db;
use crate::store::error::StoreResult;
use crate::store::members::{self, Certificate, Member};

/// How often the snapshot is taken anew.
pub const REFRESH_EVERY: Duration = Duration::from_millis(400);
/// Past this age nobody is let in: a suspension must bite within two seconds.
const AGE_MAX: Duration = Duration::from_millis(1_800);

/// Who a request comes from, by the certificate on its connection.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The member.
    pub member: MemberId,
    /// What it is.
    pub role: Role,
    /// The person or system that holds the certificate.
    pub label: String,
    /// The certificate's fingerprint.
    pub certificate: String,
    /// Dossiers the member may ask for in a day.
    pub quota_per_day: u64,
}

struct Snapshot {
    members: HashMap<MemberId, Member>,
    certificates: HashMap<String, Certificate>,
    quotas: Arc<HashMap<MemberId, u64>>,
    taken: Instant,
}

/// The directory.
pub struct Directory {
    ledger: Db,
    snapshot: ArcSwap<Snapshot>,
}

impl Directory {
    /// Reads the directory for the first time.
    pub fn load(ledger: Db) -> StoreResult<Self> {
        let snapshot = ArcSwap::from_pointee(read(&ledger)?);
        Ok(Self { ledger, snapshot })
    }

    /// Reads it again. Blocks on the database.
    pub fn refresh(&self) -> StoreResult<()> {
        self.snapshot.store(Arc::new(read(&self.ledger)?));
        Ok(())
    }

    /// Who holds this certificate, if it may be used at `now`.
    pub fn recognise(&self, fingerprint: &str, now: Timestamp) -> ServiceResult<Caller> {
        let snapshot = self.snapshot.load();
        if snapshot.taken.elapsed() > AGE_MAX {
            return Err(ServiceError::Busy(
                "the member directory could not be read for over a second".into(),
            ));
        }
        let certificate = snapshot
            .certificates
            .get(fingerprint)
            .ok_or(ServiceError::Unauthenticated("certificate not registered"))?;
        if certificate.withdrawn_at.is_some_and(|at| at <= now) {
            return Err(ServiceError::Unauthenticated("certificate withdrawn"));
        }
        if now < certificate.not_before || now >= certificate.not_after {
            return Err(ServiceError::Unauthenticated("certificate outside its validity"));
        }
        let member = snapshot
            .members
            .get(&certificate.member)
            .ok_or(ServiceError::Unauthenticated("certificate of no member"))?;
        match member.status {
            MemberStatus::Active => Ok(Caller {
                member: member.id.clone(),
                role: member.role,
                label: certificate.label.clone(),
                certificate: certificate.fingerprint.clone(),
                quota_per_day: member.quota_per_day,
            }),
            MemberStatus::Suspended => Err(ServiceError::Unauthenticated("member suspended")),
            MemberStatus::Withdrawn => Err(ServiceError::Unauthenticated("member withdrawn")),
        }
    }

    /// Whether the snapshot is young enough to let anybody in.
    pub fn is_fresh(&self) -> bool {
        self.snapshot.load().taken.elapsed() <= AGE_MAX
    }

    /// How long ago the snapshot was taken.
    pub fn age(&self) -> Duration {
        self.snapshot.load().taken.elapsed()
    }

    /// Every member by slug, each with its certificates, those that last longest first.
    pub fn members(&self) -> Vec<(Member, Vec<Certificate>)> {
        let snapshot = self.snapshot.load();
        let mut all: Vec<_> = snapshot.members.values().map(|member| (member.clone(), Vec::new())).collect();
        all.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        for certificate in snapshot.certificates.values() {
            if let Ok(place) = all.binary_search_by(|(member, _)| member.id.cmp(&certificate.member)) {
                all[place].1.push(certificate.clone());
            }
        }
        for (_, certificates) in &mut all {
            certificates.sort_by(|one, other| {
                (other.not_after, &other.fingerprint).cmp(&(one.not_after, &one.fingerprint))
            });
        }
        all
    }

    /// Each member's daily quota.
    pub fn quotas(&self) -> Arc<HashMap<MemberId, u64>> {
        self.snapshot.load().quotas.clone()
    }
}

fn read(ledger: &Db) -> StoreResult<Snapshot> {
    let taken = Instant::now();
    let (members, certificates) = ledger.read(|c| Ok((members::all(c)?, members::certificates(c)?)))?;
    let quotas = members.iter().map(|member| (member.id.clone(), member.quota_per_day)).collect();
    Ok(Snapshot {
        members: members.into_iter().map(|member| (member.id.clone(), member)).collect(),
        certificates: certificates.into_iter().map(|c| (c.fingerprint.clone(), c)).collect(),
        quotas: Arc::new(quotas),
        taken,
    })
}
