//! `shuidaiyi member`: members and their certificates. A running gateway follows within two seconds.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::{MemberAction, MemberOptions};
use super::contact;
use super::enrol;
use super::output::{Failure, open_exchange, operator, say};
use super::proposal::waiting;
use super::return_url;
use crate::domain::member::{CertificateState, MemberId, MemberStatus};
use crate::service::Exchange;
use crate::service::admin::Change;
use crate::service::enrolment::Offered;
use crate::service::members::{MemberView, NewCertificate, overview, registration};
use crate::service::proposals::{Proposed, Submitted, submit_blocking};
use crate::store::members::Member;

/// Does what was asked.
pub fn run(options: &MemberOptions) -> Result<ExitCode, Failure> {
    let (config, change) = match &options.action {
        MemberAction::List { config, json } => return list(config, *json),
        MemberAction::Rotate(options) => return enrol::rotate(options),
        MemberAction::Enrol(options) => return enrol::enrol(options),
        MemberAction::Crl(options) => return enrol::crl(options),
        MemberAction::Contact(options) => return contact::contact(options),
        MemberAction::ReturnUrl(options) => return return_url::return_url(options),
        MemberAction::Leave(options) => (&options.config, Change::WithdrawMember(options.member()?)),
        MemberAction::Add { config, member, role, name, certificate, label, quota_per_day } => {
            let exchange = open_exchange(config)?;
            let id = parse(member)?;
            let new = read(certificate, label)?;
            let (enrolled, _changes) =
                registration(&exchange, &id, &new).map_err(|why| Failure::from(why).about(certificate))?;
            let member = Member {
                id,
                role: role.parse().map_err(Failure::usage)?,
                name: name.clone(),
                status: MemberStatus::Active,
                quota_per_day: *quota_per_day,
            };
            return change(&exchange, vec![Change::Add(member, enrolled.pinned)]);
        }
        MemberAction::Certificate { config, member, certificate, label } => {
            let exchange = open_exchange(config)?;
            let new = read(certificate, label)?;
            let (_, changes) = registration(&exchange, &parse(member)?, &new)
                .map_err(|why| Failure::from(why).about(certificate))?;
            return change(&exchange, changes);
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
    self::change(&*open_exchange(config)?, vec![change])
}

/// Applies changes, or proposes them where two persons are demanded, and says which.
pub fn change(exchange: &Exchange, changes: Vec<Change>) -> Result<ExitCode, Failure> {
    match submit_blocking(exchange, operator(), Proposed::Member(changes))? {
        Submitted::Applied(committed) => {
            say(format!("已完成，存证序号 done, ledger entry {}", committed.entry(0)?.index));
        }
        Submitted::Proposed(proposal) => say(waiting(&proposal)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A member's slug as given on the command line.
pub fn parse(member: &str) -> Result<MemberId, Failure> {
    member.parse().map_err(Failure::usage)
}

/// A certificate file, PEM, under a label.
pub fn read(path: &Path, label: &str) -> Result<NewCertificate, Failure> {
    let pem = std::fs::read_to_string(path).map_err(|why| Failure::usage(why).about(path))?;
    Ok(NewCertificate { offered: Offered::Certificate(pem), label: label.to_owned(), replaces: None })
}

fn list(config: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(config)?;
    for member in overview(&exchange) {
        if as_json {
            say(serde_json::to_string(&member).map_err(Failure::system)?);
        } else {
            tell(&member);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(member: &MemberView) {
    say(format!(
        "{:<12} {:<10} {:<10} {:>9}/日 day  {}",
        member.id, member.role, member.status, member.quota_per_day, member.name
    ));
    for c in &member.certificates {
        let state = match c.state {
            CertificateState::NotYetValid => "尚未生效 not yet valid",
            CertificateState::InUse => "有效 in use",
            CertificateState::Expiring => "即将到期 ends soon",
            CertificateState::Expired => "已过期 expired",
            CertificateState::Withdrawn => "已撤销 withdrawn",
        };
        let end = c.withdrawn_at.map_or(c.not_after, |at| at.min(c.not_after));
        let (fingerprint, label, days) = (&c.fingerprint, &c.label, c.days_left);
        say(format!(
            "    {fingerprint}  {label}  至 until {}（{days} 天 days） {state}",
            end.shanghai_date()
        ));
    }
}
