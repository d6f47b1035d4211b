//! `shuidaiyi member`: members and their certificates. A running gateway follows within two seconds.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::arguments::{MemberAction, MemberOptions};
use super::output::{Failure, open_exchange, operator_label, say};
use crate::domain::member::{MemberId, MemberStatus};
use crate::domain::timestamp::Timestamp;
use crate::seal::certificate::{MemberCertificate, check_client_profile};
use crate::service::admin::{Change, apply};
use crate::store::members::{self, Certificate, Member};

/// Does what was asked.
pub fn run(options: &MemberOptions) -> Result<ExitCode, Failure> {
    let (config, change) = match &options.action {
        MemberAction::List { config, json } => return list(config, *json),
        MemberAction::Add { config, member, role, name, certificate, label, quota_per_day } => {
            let id = parse(member)?;
            let role = role.parse().map_err(Failure::usage)?;
            let pinned = read_certificate(certificate, &id, label)?;
            let member = Member {
                id,
                role,
                name: name.clone(),
                status: MemberStatus::Active,
                quota_per_day: *quota_per_day,
            };
            (config, Change::Add(member, pinned))
        }
        MemberAction::Certificate { config, member, certificate, label } => {
            (config, Change::AddCertificate(read_certificate(certificate, &parse(member)?, label)?))
        }
        MemberAction::Suspend { config, member } => (config, Change::Suspend(parse(member)?)),
        MemberAction::Resume { config, member } => (config, Change::Resume(parse(member)?)),
        MemberAction::Withdraw { config, member, fingerprint } => {
            (config, Change::Withdraw(parse(member)?, fingerprint.to_lowercase()))
        }
        MemberAction::Quota { config, member, per_day } => {
            (config, Change::SetQuota(parse(member)?, *per_day))
        }
    };
    let committed = apply(&*open_exchange(config)?, vec![change], operator_label())?;
    say(format!("已完成，存证序号 done, ledger entry {}", committed.entry(0)?.index));
    Ok(ExitCode::SUCCESS)
}

fn parse(member: &str) -> Result<MemberId, Failure> {
    member.parse().map_err(Failure::usage)
}

/// A member's certificate as the directory pins it.
pub fn pin(certificate: &MemberCertificate, member: &MemberId, label: &str) -> Result<Certificate, Failure> {
    let instant = |micros| {
        Timestamp::from_micros(micros)
            .ok_or_else(|| Failure::usage("the certificate's dates are outside the calendar"))
    };
    Ok(Certificate {
        fingerprint: certificate.fingerprint.clone(),
        member: member.clone(),
        label: label.to_owned(),
        not_before: instant(certificate.not_before_micros)?,
        not_after: instant(certificate.not_after_micros)?,
        withdrawn_at: None,
    })
}

fn read_certificate(path: &Path, member: &MemberId, label: &str) -> Result<Certificate, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", path.display(), why.to_string()));
    let pem = std::fs::read_to_string(path).map_err(|why| wrong(&why))?;
    let certificate = MemberCertificate::parse_pem(&pem).map_err(|why| wrong(&why))?;
    check_client_profile(&certificate.der).map_err(|why| wrong(&why))?;
    pin(&certificate, member, label)
}

fn list(config: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(config)?;
    let read = exchange.ledger.read(|c| Ok((members::all(c)?, members::certificates(c)?)));
    let (all, certificates) = read.map_err(Failure::system)?;
    for member in all {
        let own = certificates.iter().filter(|certificate| certificate.member == member.id);
        if as_json {
            let own: Vec<_> = own
                .map(|c| json!({"fingerprint": c.fingerprint, "label": c.label, "not_before": c.not_before, "not_after": c.not_after, "withdrawn_at": c.withdrawn_at}))
                .collect();
            say(
                json!({"id": member.id, "role": member.role, "name": member.name, "status": member.status, "quota_per_day": member.quota_per_day, "certificates": own}),
            );
        } else {
            say(format!(
                "{:<12} {:<10} {:<10} {:>9}/日 day  {}",
                member.id, member.role, member.status, member.quota_per_day, member.name
            ));
            for c in own {
                let state = if c.withdrawn_at.is_some() { "已撤销 withdrawn" } else { "有效 in use" };
                say(format!(
                    "    {}  {}  至 until {}  {state}",
                    c.fingerprint,
                    c.label,
                    c.not_after.shanghai_date()
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
