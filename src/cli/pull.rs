//! `shuidaiyi pull`: what a bank's system does, in one command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Value, json};

use super::arguments::PullOptions;
use super::output::{Failure, block_on, say};
use crate::outbound::gateway_client::GatewayClient;

/// Pulls a dossier and saves the answer.
pub fn run(options: &PullOptions) -> Result<ExitCode, Failure> {
    let ca = match &options.ca {
        Some(ca) => ca.clone(),
        None => options.cert.with_file_name("ca.pem"),
    };
    let client = GatewayClient::new(&options.url, &ca, &options.cert, &options.key)?;
    let mut ask = json!({"consent_id": options.consent, "purpose": options.purpose});
    if let (Some(sections), Some(ask)) = (&options.sections, ask.as_object_mut()) {
        ask.insert("sections".into(), sections.split(',').map(str::trim).collect::<Vec<_>>().into());
    }
    if let (Some(bank_ref), Some(ask)) = (&options.bank_ref, ask.as_object_mut()) {
        ask.insert("bank_ref".into(), bank_ref.as_str().into());
    }
    if let (Some(digest), Some(ask)) = (&options.legal_rep_digest, ask.as_object_mut()) {
        ask.insert("legal_rep_digest".into(), digest.as_str().into());
    }
    let answer = block_on(async { Ok(client.send(Method::POST, "/v1/dossiers", Some(&ask)).await?) })?;
    match &options.out {
        None => say(String::from_utf8_lossy(&answer)),
        Some(path) => {
            std::fs::write(path, &answer)
                .map_err(|why| Failure::system(format!("{}: {why}", path.display())))?;
            let release = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
            let id = release.get("release_id").and_then(Value::as_str).unwrap_or_default().to_owned();
            say(format!("已取得 pulled {id}: {} ({} 字节 bytes)", path.display(), answer.len()));
            let trust = trust_file(&options.cert);
            say(format!("下一步 next: shuidaiyi verify {} --trust {}", path.display(), trust.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The trust file where `init` puts it, beside the directory of certificates; a bank may keep it elsewhere.
fn trust_file(cert: &Path) -> PathBuf {
    let beside = cert.parent().and_then(Path::parent).map(|dir| dir.join("trust.json"));
    beside.filter(|path| path.exists()).unwrap_or_else(|| "trust.json".into())
}
