//! `shuidaiyi init`: configuration, development CA, certificates, keys, trust file, database, members.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::arguments::InitOptions;
use super::output::{Failure, operator_label, say};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DATABASE_URL_VARIABLE};
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::member_contact::MemberContact;
use crate::domain::uscc::Uscc;
use crate::ledger::note::NoteSigner;
use crate::seal::authority::{DevelopmentAuthority, Issued};
use crate::seal::certificate::MemberCertificate;
use crate::seal::keys::{generate_ed25519, generate_secret, write_pkcs8, write_private, write_secret};
use crate::seal::trust::{KeySet, LedgerKey, TrustFile, TrustedKey};
use crate::service::Exchange;
use crate::service::admin::{Change, apply};
use crate::service::enrolment::pin;
use crate::service::keys::{AUTHORITY_KEY_FILE, DOSSIER_KEY_FILE, LEDGER_KEY_FILE, origin_of, salt_key_file};
use crate::service::start::{StartError, open_new};
use crate::store::members::Member;

/// Banks of the programme.
pub const BANKS: u32 = 12;
/// Key of the references to grantors' identities, which only the bureau holds.
pub const ID_REFERENCE_KEY_FILE: &str = "bureau-id-reference.key";
const DATABASE_URL_FILE: &str = "database-url";

/// Makes the directory and says what to do next.
pub fn run(options: &InitOptions) -> Result<ExitCode, Failure> {
    make(options)?;
    let dir = options.dir.display();
    say(format!(
        "已建立 {dir}：配置、密钥、证书、数据库，{BANKS} 家银行与税务、监管、平台成员 made, with {BANKS} banks, bureau, regulator and platform"
    ));
    say(format!("下一步 next: shuidaiyi serve --config {dir}/shuidaiyi.toml"));
    Ok(ExitCode::SUCCESS)
}

/// Makes the directory; it must be empty or absent.
pub fn make(options: &InitOptions) -> Result<Arc<Exchange>, Failure> {
    let dir = &options.dir;
    std::fs::create_dir_all(dir).map_err(|why| Failure::usage(format!("{}: {why}", dir.display())))?;
    if std::fs::read_dir(dir)?.next().is_some() {
        return Err(Failure::usage(format!("{} is not empty: name a new directory", dir.display())));
    }
    let anchor = anchor_of(dir)?;
    if anchor.exists() {
        return Err(Failure::usage(format!(
            "{} is left from an earlier directory of this name, and a new ledger cannot have it: remove it, or name another directory",
            anchor.display()
        )));
    }
    let made = fill(options);
    if made.is_err() {
        // Half a directory would pass for a whole one. It was empty, so all that is in it is ours.
        drop(std::fs::remove_dir_all(dir));
        drop(std::fs::remove_file(anchor));
    }
    made
}

/// Makes everything inside the directory, which is there and empty.
fn fill(options: &InitOptions) -> Result<Arc<Exchange>, Failure> {
    let dir = &options.dir;
    for part in ["certs", "keys"] {
        std::fs::create_dir(dir.join(part))?;
    }
    restrict(&dir.join("keys"))?;
    let now = SystemClock.now().utc();
    let authority = DevelopmentAuthority::create(now).map_err(Failure::system)?;
    let issuer = format!("https://localhost:{}", options.port);
    write_own(dir, &authority, &issuer, now)?;
    let members = write_members(dir, &authority, now, options.quota_per_day)?;
    // Under its name only when all is done: where there is a configuration, the directory is whole.
    let unfinished = dir.join("shuidaiyi.toml.new");
    std::fs::write(&unfinished, configuration(dir, options)?)?;
    let places = Config::load(&unfinished)?.places()?;
    let exchange = open_new(&places, Arc::new(SystemClock)).map_err(|error| match error {
        // There is no anchor yet, so the only ledger that can be broken is one of another directory.
        StartError::LedgerBroken(_) => Failure::usage(format!(
            "the PostgreSQL database (--database-url, {DATABASE_URL_VARIABLE}) belongs to another directory already: name that directory, or an empty database (createdb NAME)"
        )),
        other => other.into(),
    })?;
    apply(&exchange, members, operator_label())?;
    std::fs::rename(unfinished, dir.join("shuidaiyi.toml"))?;
    Ok(exchange)
}

/// Only the owner may look into the key directory.
fn restrict(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?)
}

/// The gateway's own certificates and keys, and the trust file.
fn write_own(
    dir: &Path,
    authority: &DevelopmentAuthority,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (certs, keys) = (dir.join("certs"), dir.join("keys"));
    std::fs::write(certs.join("ca.pem"), authority.certificate_pem())?;
    let save = |path: &Path, contents: &[u8]| write_private(path, contents).map_err(Failure::system);
    save(&keys.join(AUTHORITY_KEY_FILE), authority.key_pem().as_bytes())?;
    let gateway = authority
        .issue_server("gateway", &["localhost", "127.0.0.1", "::1"], now)
        .map_err(Failure::system)?;
    write_pair(&certs, "gateway", &gateway)?;

    let dossier = authority.issue_signing("dossier-signing", now).map_err(Failure::system)?;
    std::fs::write(certs.join("dossier-signing.pem"), &dossier.certificate_pem)?;
    write_pkcs8(&keys.join(DOSSIER_KEY_FILE), &dossier.key_der).map_err(Failure::system)?;
    let ledger = generate_ed25519().map_err(Failure::system)?;
    write_pkcs8(&keys.join(LEDGER_KEY_FILE), &ledger).map_err(Failure::system)?;
    for name in [salt_key_file(1), ID_REFERENCE_KEY_FILE.to_owned()] {
        write_secret(&keys.join(name), &generate_secret().map_err(Failure::system)?)
            .map_err(Failure::system)?;
    }

    let certificate = MemberCertificate::parse_der(&dossier.certificate_der).map_err(Failure::system)?;
    let vkey =
        NoteSigner::from_pkcs8(&origin_of(issuer), &ledger).map_err(Failure::system)?.verifier().to_string();
    let trust = TrustFile {
        issuer: issuer.to_owned(),
        ca: authority.certificate_pem(),
        jwks: KeySet { keys: vec![TrustedKey::from_certificate(&certificate.thumbprint(), &certificate)] },
        ledger_vkey: vkey.clone(),
        ledger_vkeys: vec![LedgerKey { vkey, from: Some(now), to: None }],
    };
    std::fs::write(dir.join("trust.json"), trust.to_json().map_err(Failure::system)?)?;
    Ok(())
}

fn write_pair(certs: &Path, name: &str, issued: &Issued) -> Result<(), Failure> {
    std::fs::write(certs.join(format!("{name}.pem")), &issued.certificate_pem)?;
    write_private(&certs.join(format!("{name}.key")), issued.key_pem.as_bytes()).map_err(Failure::system)
}

/// Every member's certificate and key, and the changes that register them.
fn write_members(
    dir: &Path,
    authority: &DevelopmentAuthority,
    now: DateTime<Utc>,
    quota_per_day: u64,
) -> Result<Vec<Change>, Failure> {
    let certs = dir.join("certs");
    let mut changes = Vec::new();
    for (place, (slug, role, name)) in (1_u32..).zip(roster()) {
        let issued = authority.issue_client(&slug, "system", now).map_err(Failure::system)?;
        write_pair(&certs, &slug, &issued)?;
        if role == Role::Bank {
            let name = format!("{slug}-signing");
            let signing = authority.issue_signing(&name, now).map_err(Failure::system)?;
            write_pair(&certs, &name, &signing)?;
        }
        let id: MemberId = slug.parse().map_err(Failure::system)?;
        let certificate = MemberCertificate::parse_der(&issued.certificate_der).map_err(Failure::system)?;
        let pinned = pin(&certificate, &id, "system")?;
        changes.push(Change::AddWithContact(
            Member { id, role, name, status: MemberStatus::Active, quota_per_day },
            contact(place, role)?,
            pinned,
        ));
    }
    Ok(changes)
}

/// Member id of the programme's n-th bank, from 1.
pub fn bank_slug(n: u32) -> String {
    format!("bank-{n:02}")
}

/// Full legal name of the programme's n-th bank, from 1; invented.
pub fn bank_name(n: u32) -> String {
    format!("演示银行{n:02}股份有限公司深圳分行")
}

/// The members of the programme, with invented names.
fn roster() -> Vec<(String, Role, String)> {
    let banks = (1..=BANKS).map(|n| (bank_slug(n), Role::Bank, bank_name(n)));
    let others = [
        ("bureau", Role::Bureau, "演示税务局"),
        ("regulator", Role::Regulator, "演示银行业监管局"),
        ("platform", Role::Platform, "演示创业创新金融服务平台"),
    ];
    banks.chain(others.map(|(slug, role, name)| (slug.to_owned(), role, name.to_owned()))).collect()
}

/// How firms reach the n-th member, from 1; invented.
fn contact(place: u32, role: Role) -> Result<MemberContact, Failure> {
    // GB 32100-2015: banks are registered in commerce, as enterprises; offices under 机构编制.
    let (department, class) = match role {
        Role::Bank => ('9', '1'),
        Role::Bureau | Role::Regulator | Role::Platform => ('1', '1'),
    };
    let uscc = Uscc::from_parts(department, class, "440300", &format!("DEM0{place:04}"));
    Ok(MemberContact {
        uscc: uscc.map_err(Failure::system)?,
        contact: format!("客户信息保护岗 0755-0000{place:04}"),
        complaint: format!("投诉专线 0755-0001{place:04}"),
    })
}

/// The anchor lies beside the directory, so that a backup of the directory does not set it back too.
fn anchor_of(dir: &Path) -> Result<PathBuf, Failure> {
    // By its components, so that a slash at the end does not put the anchor inside.
    let mut path = std::path::absolute(dir)?.components().collect::<PathBuf>().into_os_string();
    path.push(".anchor");
    Ok(path.into())
}

fn configuration(dir: &Path, options: &InitOptions) -> Result<String, Failure> {
    let anchor = anchor_of(dir)?;
    let name = anchor.file_name().unwrap_or_default().to_string_lossy();
    let anchor = toml::Value::from(format!("../{name}")).to_string();
    let postgres = match &options.database_url {
        None => "# postgres_url_file = \"keys/database-url\"".to_owned(),
        Some(url) => {
            write_private(&dir.join("keys").join(DATABASE_URL_FILE), url.as_bytes())
                .map_err(Failure::system)?;
            format!("postgres_url_file = \"keys/{DATABASE_URL_FILE}\"")
        }
    };
    let public_url = match options.portal_port {
        // Any free port: what it is shows at the start.
        0 => "# public_url = \"https://etax.example\"".to_owned(),
        port => format!("public_url = \"https://localhost:{port}\""),
    };
    Ok(TEMPLATE
        .replace("{postgres}", &postgres)
        .replace("{anchor}", &anchor)
        .replace("{port}", &options.port.to_string())
        .replace("{operations_port}", &options.operations_port.to_string())
        .replace("{portal_port}", &options.portal_port.to_string())
        .replace("{public_url}", &public_url))
}

const TEMPLATE: &str = include_str!("shuidaiyi.toml.template");
