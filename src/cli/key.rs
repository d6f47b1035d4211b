//! `shuidaiyi key`: the exchange's own keys. A running gateway follows within two seconds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Failure, open_exchange, operator, operator_label, say};
use super::proposal::waiting;
use crate::seal::digest::{hexadecimal, sha256};
use crate::service::admin::Actor;
use crate::service::key_rotation::{
    DossierRotation, OVERLAP_SECONDS, Rotated, request_dossier_certificate, rotate_dossier, rotate_ledger,
    rotate_salt,
};
use crate::service::keys_overview::{KeyView, overview};
use crate::service::proposals::{ProposalView, permit_rotation};

/// `key`
#[derive(Args)]
pub struct KeyOptions {
    /// What to do.
    #[command(subcommand)]
    action: KeyAction,
}

#[derive(Subcommand)]
enum KeyAction {
    /// 列出 Every key, what it is for, where it is, from when to when it is used
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// 申请证书 A new dossier key, and the request for its certificate to an authority elsewhere
    Request {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Where to write the request (PKCS#10, PEM).
        #[arg(long)]
        out: PathBuf,
    },
    /// 轮换 A new key in the place of one
    Rotate {
        /// The approved proposal, where two persons are demanded.
        #[arg(long)]
        proposal: Option<String>,
        /// Which key.
        #[command(subcommand)]
        which: Which,
    },
}

#[derive(Subcommand)]
enum Which {
    /// 档案签名密钥 The key that signs dossiers
    Dossier {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The new key's certificate in PEM; without it the development CA issues one.
        #[arg(long)]
        certificate: Option<PathBuf>,
        /// Publish the new key now and sign with it after so many seconds.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=31_536_000))]
        after: i64,
        /// For so many seconds more the old key is good.
        #[arg(long, default_value_t = OVERLAP_SECONDS, value_parser = clap::value_parser!(i64).range(10..=31_536_000))]
        overlap: i64,
    },
    /// 存证账本密钥 The key that signs checkpoints
    Ledger {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// For so many seconds checkpoints carry the signatures of both keys.
        #[arg(long, default_value_t = OVERLAP_SECONDS, value_parser = clap::value_parser!(i64).range(10..=31_536_000))]
        overlap: i64,
    },
    /// 盐密钥 The key that salts disclosures: a new epoch
    Salt {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Does what was asked.
pub fn run(options: &KeyOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        KeyAction::List { config, json } => list(config, *json),
        KeyAction::Request { config, out } => {
            let (request, place) = request_dossier_certificate(&*open_exchange(config)?)?;
            std::fs::write(out, request).map_err(|why| Failure::system(why).about(out))?;
            say(format!(
                "密钥 key {place}；证书申请 request {}。签发后 once certified: shuidaiyi key rotate dossier --certificate FILE",
                out.display()
            ));
            Ok(ExitCode::SUCCESS)
        }
        KeyAction::Rotate { proposal, which } => rotate(which, proposal.clone()),
    }
}

fn rotate(which: &Which, proposal: Option<String>) -> Result<ExitCode, Failure> {
    let (Which::Dossier { config, .. } | Which::Ledger { config, .. } | Which::Salt { config }) = which;
    let exchange = open_exchange(config)?;
    let actor = Actor::operator(operator_label());
    let permit = |what: String| permit_rotation(&exchange, operator(), what, proposal);
    let done = match which {
        Which::Dossier { certificate, after, overlap, .. } => {
            let certificate = certificate.as_deref().map(read).transpose()?;
            let digest = certificate.as_ref().map(|pem| hexadecimal(&sha256(pem.as_bytes())));
            let what = format!("dossier {} after {after} overlap {overlap}", digest.unwrap_or_default());
            if let Some(waits) = permit(what)? {
                return Ok(tell_waiting(&waits));
            }
            let how = DossierRotation { certificate, after_seconds: *after, overlap_seconds: *overlap };
            rotate_dossier(&exchange, &how, &actor)?
        }
        Which::Ledger { overlap, .. } => {
            if let Some(waits) = permit(format!("ledger overlap {overlap}"))? {
                return Ok(tell_waiting(&waits));
            }
            rotate_ledger(&exchange, *overlap, &actor)?
        }
        Which::Salt { .. } => {
            if let Some(waits) = permit("salt".to_owned())? {
                return Ok(tell_waiting(&waits));
            }
            rotate_salt(&exchange, &actor)?
        }
    };
    let Rotated { key, place, index } = done;
    say(format!("新密钥 new key {key}，位于 in {place}，存证序号 ledger entry {index}"));
    say("立即备份，与数据库分开存放 back it up now, apart from the database");
    Ok(ExitCode::SUCCESS)
}

fn tell_waiting(proposal: &ProposalView) -> ExitCode {
    say(waiting(proposal));
    say("批准后 then: shuidaiyi key rotate --proposal ID …");
    ExitCode::SUCCESS
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|why| Failure::usage(why).about(path))
}

fn list(config: &Path, as_json: bool) -> Result<ExitCode, Failure> {
    let exchange = open_exchange(config)?;
    for view in overview(&exchange) {
        let KeyView { usage, key, place, from, to, state } = view;
        if as_json {
            say(
                json!({"use": usage, "key": key, "place": place, "from": from, "to": to, "state": state.as_str()}),
            );
        } else {
            let day = |at: Option<crate::domain::timestamp::Timestamp>| {
                at.map_or_else(|| "…".to_owned(), |at| at.to_string())
            };
            let place = place.unwrap_or_else(|| "不在此 not here".to_owned());
            say(format!(
                "{:<8} {:<9} {place:<24} {} – {}  {key}",
                usage.as_str(),
                state.as_str(),
                day(from),
                day(to)
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
