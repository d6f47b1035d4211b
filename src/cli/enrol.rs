//! `shuidaiyi member rotate|enrol|leave|crl`: certificates that come, go and are revoked.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::member::{change, parse, read};
use super::output::{Failure, open_exchange, say};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::domain::member::MemberId;
use crate::seal::authority::{DevelopmentAuthority, Validity};
use crate::seal::certificate::{MemberCertificate, der_to_pem, issuer_and_serial, pem_to_all_der};
use crate::service::enrolment::{AUTHORITY_KEY_FILE, Offered};
use crate::service::members::{NewCertificate, registration};

/// `member rotate`
#[derive(Args, Clone)]
pub struct RotateOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Whose it is.
    pub member: String,
    /// The new certificate, PEM.
    pub certificate: PathBuf,
    /// Fingerprint of the certificate that it replaces, as `member list` shows it.
    #[arg(long)]
    pub replaces: String,
    /// Days for which the old one is still good.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub overlap_days: u32,
    /// The person or system that holds it.
    #[arg(long, default_value = "system")]
    pub label: String,
}

/// `member enrol`
#[derive(Args, Clone)]
pub struct EnrolOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Whose it is; the member must be there already.
    pub member: String,
    /// The signing request, PEM.
    #[arg(long)]
    pub csr: PathBuf,
    /// Where to write the certificate.
    #[arg(long)]
    pub out: PathBuf,
    /// The person or system that holds the key.
    #[arg(long, default_value = "system")]
    pub label: String,
}

/// `member leave`
#[derive(Args, Clone)]
pub struct LeaveOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Which member.
    pub member: String,
    /// Really: nothing brings it back.
    #[arg(long)]
    pub yes: bool,
}

/// `member crl`
#[derive(Args, Clone)]
pub struct CrlOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Certificates to revoke, PEM; none for an empty list.
    pub certificates: Vec<PathBuf>,
    /// Where to write the list; name the file in `tls.crl`.
    #[arg(long)]
    pub out: PathBuf,
    /// Days until the next list is due: past them nobody is let in.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
}

impl LeaveOptions {
    /// The member, if it was really meant.
    pub fn member(&self) -> Result<MemberId, Failure> {
        let member = parse(&self.member)?;
        if self.yes {
            Ok(member)
        } else {
            Err(Failure::usage(format!("{member} would leave for good: say --yes if that is meant")))
        }
    }
}

/// Registers a new certificate and ends the old one after the overlap.
pub fn rotate(options: &RotateOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let mut new = read(&options.certificate, &options.label)?;
    new.replaces = Some((options.replaces.clone(), options.overlap_days));
    let (_, changes) = registration(&exchange, &parse(&options.member)?, &new)
        .map_err(|why| Failure::from(why).about(&options.certificate))?;
    change(&exchange, changes)
}

/// Has a certificate issued for a signing request, registers it and writes it.
pub fn enrol(options: &EnrolOptions) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(&options.config)?;
    let csr = std::fs::read_to_string(&options.csr).map_err(|why| Failure::usage(why).about(&options.csr))?;
    let offered = Offered::SigningRequest(csr);
    let new = NewCertificate { offered, label: options.label.clone(), replaces: None };
    let (enrolled, changes) = registration(&exchange, &parse(&options.member)?, &new)
        .map_err(|why| Failure::from(why).about(&options.csr))?;
    // Written first: a certificate that is registered but lost would have to be withdrawn.
    std::fs::write(&options.out, &enrolled.pem).map_err(|why| Failure::usage(why).about(&options.out))?;
    let done = change(&exchange, changes);
    if done.is_err() {
        drop(std::fs::remove_file(&options.out));
    }
    done
}

/// Writes a revocation list of the development authority, whole or not at all.
pub fn crl(options: &CrlOptions) -> Result<ExitCode, Failure> {
    let config = Config::load(&options.config)?;
    let key_path = config.keys.directory.join(AUTHORITY_KEY_FILE);
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|why| Failure::usage(why).about(path));
    let (authorities, key) = (read(&config.tls.ca)?, read(&key_path)?);
    let authority = pem_to_all_der(&authorities)
        .map_err(Failure::usage)?
        .iter()
        .find_map(|der| DevelopmentAuthority::from_pem(&der_to_pem(der), &key).ok())
        .ok_or_else(|| Failure::usage("is the key of no certificate of tls.ca").about(&key_path))?;
    let mut serials = Vec::new();
    for path in &options.certificates {
        let certificate =
            MemberCertificate::parse_pem(&read(path)?).map_err(|why| Failure::usage(why).about(path))?;
        serials.extend(issuer_and_serial(&certificate.der).map(|(_, serial)| serial));
    }
    let now = SystemClock.now();
    let number = u64::try_from(now.seconds()).map_err(Failure::system)?;
    let validity = Validity::days(now.utc(), i64::from(options.days));
    let list = authority.revocation_list(&serials, number, validity).map_err(Failure::system)?;
    let unfinished = options.out.with_extension("new");
    std::fs::write(&unfinished, list).map_err(|why| Failure::usage(why).about(&unfinished))?;
    std::fs::rename(&unfinished, &options.out)?;
    say(format!("已写入 {}: {} 张证书已吊销 certificates revoked", options.out.display(), serials.len()));
    Ok(ExitCode::SUCCESS)
}
