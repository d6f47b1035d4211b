//! `shuidaiyi member contact`: how firms and persons reach a member about their data, as authorisations name it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::member::{change, parse};
use super::output::{Failure, open_exchange, say};
use crate::domain::member_contact::MemberContact;
use crate::service::admin::Change;
use crate::store::member_contacts;

/// `member contact`; without the three values it shows what is registered.
#[derive(Args, Clone)]
pub struct ContactOptions {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Which member.
    member: String,
    /// Its unified social credit code (GB 32100-2015).
    #[arg(long, requires_all = ["contact", "complaint"])]
    uscc: Option<String>,
    /// How to reach it: a telephone number, an address, a person in charge.
    #[arg(long, requires = "uscc")]
    contact: Option<String>,
    /// Where complaints go first.
    #[arg(long, requires = "uscc")]
    complaint: Option<String>,
}

/// Registers or shows how to reach a member.
pub fn contact(options: &ContactOptions) -> Result<ExitCode, Failure> {
    let member = parse(&options.member)?;
    let exchange = open_exchange(&options.config)?;
    let (Some(uscc), Some(contact), Some(complaint)) = (&options.uscc, &options.contact, &options.complaint)
    else {
        let found = exchange.ledger.read(|c| member_contacts::named(c, &member)).map_err(Failure::system)?;
        let Some((name, found)) = found else {
            return Err(Failure::no(format!(
                "there is no member {member}: `member list` shows those there are"
            )));
        };
        say(match found {
            Some(known) => {
                format!("{member}  {name}  {}  {}  {}", known.uscc, known.contact, known.complaint)
            }
            None => format!("{member}  {name}  尚未登记联系方式 no contact registered"),
        });
        return Ok(ExitCode::SUCCESS);
    };
    let contact = MemberContact {
        uscc: uscc.parse().map_err(Failure::usage)?,
        contact: contact.clone(),
        complaint: complaint.clone(),
    };
    contact.check().map_err(Failure::usage)?;
    change(&exchange, vec![Change::SetContact(member, contact)])
}
