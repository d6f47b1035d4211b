//! The end of the demo: what the banks did, what the ledger says of it, and what to try by hand.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;

use super::pulls::{SAMPLE_FILE, Tally};
use super::stage::{Stage, all_items, number, text, unexpected};
use super::table;
use crate::cli::output::{Failure, say};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::NoteVerifier;
use crate::seal::trust::TrustFile;
use crate::service::ledger_audit::{self, Audited};
use crate::service::verify::PullAnswer;

/// Threads that recompute the ledger.
const THREADS: usize = 2;
/// Consents in force with pulls left that every bank must be left with.
const LEFT_MIN: usize = 3;

/// Prints the table, and checks the ledger as an auditor would.
pub async fn tell(stage: &Stage, banks: &[Tally]) -> Result<(), Failure> {
    let pulls: usize = banks.iter().map(|bank| bank.latencies.len()).sum();
    say(format!(
        "查询 pulls: {pulls} 份档案，每份均由银行离线核验 dossiers, each verified offline by its bank\n"
    ));
    let mut rows = [
        ["银行", "放行", "再取", "拒绝：授权无效", "拒绝：项目未授权", "字节", "p50", "p99"],
        ["bank", "pulls", "repeats", "consent-not-in-force", "section-not-consented", "bytes", "ms", "ms"],
    ]
    .map(|row| row.map(str::to_owned).to_vec())
    .to_vec();
    rows.extend(banks.iter().map(row));
    rows.push(row(&total(banks)));
    table::lines(&rows).into_iter().for_each(say);
    say("");
    audit(stage).await
}

fn row(tally: &Tally) -> Vec<String> {
    let mut sorted = tally.latencies.clone();
    sorted.sort_unstable();
    let milliseconds = |share| format!("{:.1}", percentile(&sorted, share).as_secs_f64() * 1_000.0);
    vec![
        tally.bank.clone(),
        sorted.len().to_string(),
        tally.repeats.to_string(),
        tally.not_in_force.to_string(),
        tally.section_not_consented.to_string(),
        tally.bytes.to_string(),
        milliseconds(50),
        milliseconds(99),
    ]
}

fn total(banks: &[Tally]) -> Tally {
    Tally {
        bank: "合计 total".to_owned(),
        latencies: banks.iter().flat_map(|bank| bank.latencies.iter().copied()).collect(),
        bytes: banks.iter().map(|bank| bank.bytes).sum(),
        repeats: banks.iter().map(|bank| bank.repeats).sum(),
        not_in_force: banks.iter().map(|bank| bank.not_in_force).sum(),
        section_not_consented: banks.iter().map(|bank| bank.section_not_consented).sum(),
    }
}

/// Nearest rank.
fn percentile(sorted: &[Duration], share: usize) -> Duration {
    let rank = (sorted.len() * share).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// The regulator's part: the checkpoint's signature, and the whole tree from its leaves.
async fn audit(stage: &Stage) -> Result<(), Failure> {
    let get = async |path: &str| {
        let bytes = stage.regulator.send(Method::GET, path, None).await;
        let bytes = bytes.map_err(|error| unexpected(&format!("regulator, {path}"), error))?;
        String::from_utf8(bytes).map_err(Failure::system)
    };
    let trust = TrustFile::parse(&get("/v1/keys").await?).map_err(Failure::system)?;
    let verifier: NoteVerifier = trust.ledger_vkey.parse().map_err(Failure::system)?;
    let note = get("/v1/ledger/checkpoint").await?;
    let checkpoint = Checkpoint::open(&note, &verifier)
        .map_err(|why| Failure::system(format!("demo: the ledger's checkpoint: {why}")))?;
    let size = checkpoint.size;
    let audited = stage
        .running
        .exchange
        .blocking(|e| Ok(ledger_audit::audit(&Audited::of(e), THREADS, &|_, _| {})?))
        .await?;
    if let Some(mismatch) = audited.mismatch {
        return Err(Failure::system(format!("demo: the audit of the ledger: {mismatch}")));
    }
    say(format!("账本 ledger: {size} 条 entries"));
    for line in note.lines() {
        say(format!("  | {line}").trim_end());
    }
    say("  ✓ 检查点签名有效 the checkpoint's signature holds");
    say(format!(
        "  ✓ {} 条全部重新计算：条目、树、检查点、档案与授权的摘要、承诺 everything recomputed from the entries",
        audited.size
    ));
    Ok(())
}

/// A consent to try by hand: of the first bank, with the most pulls left.
pub async fn left_in_force(stage: &Stage) -> Result<String, Failure> {
    let mut example = None;
    for bank in &stage.banks {
        let mut left = Vec::new();
        for consent in all_items(&bank.slug, &bank.client, "/v1/consents").await? {
            let pulls = number(&consent, "pulls_max")?.saturating_sub(number(&consent, "pulls_used")?);
            if text(&consent, "status")? == "granted" && pulls > 0 {
                left.push((pulls, text(&consent, "id")?.to_owned()));
            }
        }
        if left.len() < LEFT_MIN {
            return Err(Failure::system(format!(
                "demo: {} is left with {} consents in force, fewer than {LEFT_MIN}",
                bank.slug,
                left.len()
            )));
        }
        example = example.or_else(|| left.into_iter().max());
    }
    let (_, id) = example.ok_or_else(|| Failure::system("demo: there is no bank"))?;
    Ok(id)
}

/// Commands that work as they stand, and pages to open.
pub fn suggest(stage: &Stage, consent: &str, once: bool) -> Result<(), Failure> {
    let program = program()?;
    let dir = stage.dir.as_path();
    let path = |name: &str| quoted(&dir.join(name));
    let (cert, key) = (path("certs/bank-01.pem"), path("certs/bank-01.key"));
    let url = if once { &stage.configured_url } else { &stage.url };
    let (own, trust) = (path("demo/my-pull.json"), path("trust.json"));
    say("\n试一试 try by hand:");
    if once {
        say(format!(
            "  # 先在另一终端启动网关 first, in another terminal\n  {program} serve --config {}",
            path("shuidaiyi.toml")
        ));
    }
    say("  # 银行查看自己的授权 consents that name bank-01");
    say(format!(
        "  curl -sS --cacert {} --cert {cert} --key {key} '{url}/v1/consents?limit=3'",
        path("certs/ca.pem")
    ));
    say("  # 银行查询一份档案 a pull by bank-01");
    say(format!("  {program} pull --url {url} --cert {cert} --key {key} --consent {consent} --out {own}"));
    say("  # 离线核验，改动任何一个字符都会失败 verify it offline; any changed character fails");
    say(format!("  {program} verify {own} --trust {trust} --audience bank-01"));
    say("  # 核验后阅读，并写成网页 verify, then read it, and as a page");
    say(format!("  {program} show {own} --trust {trust} --html dossier.html"));
    say(format!(
        "  # 演示中已核验的一份 one that the demo verified: {}",
        path(&format!("demo/{SAMPLE_FILE}"))
    ));
    let (config, sample) = (path("shuidaiyi.toml"), std::fs::read(dir.join("demo").join(SAMPLE_FILE))?);
    let sample: PullAnswer = serde_json::from_slice(&sample).map_err(Failure::system)?;
    say(
        "  # 税务机关：重新计算整个账本；一份档案的证据包，可离线核验 the bureau: recompute the ledger; a bundle of evidence",
    );
    say(format!("  {program} ledger audit --config {config}"));
    say(format!("  {program} evidence {} --config {config} --out evidence.zip", sample.release_id));
    say(format!("  {program} verify evidence.zip --trust {trust}"));
    say(format!(
        "  # 监督台，浏览器须装入 certs/bureau 证书 the console, with the bureau's certificate in the browser: README\n  {url}/console"
    ));
    let portal = if once { &stage.configured_portal_url } else { &stage.running.exchange.portal_url };
    if let Some(portal) = portal {
        say(format!(
            "  # 企业门户：任选一位人物登录，看本企业的数据与每一次查询，授权，撤回 the firms' portal: sign in as anybody\n  {portal}"
        ));
    }
    Ok(())
}

/// This program as one would call it from here.
fn program() -> Result<String, Failure> {
    let own = std::env::current_exe()?;
    let here = std::env::current_dir()?;
    Ok(match own.strip_prefix(&here) {
        Ok(inside) => quoted(&Path::new(".").join(inside)),
        Err(_outside) => quoted(&own),
    })
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+,:@".contains(&b);
    if text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn a_path_with_a_blank_is_quoted() {
        assert_eq!(quoted(Path::new("demo-data/certs")), "demo-data/certs");
        assert_eq!(quoted(Path::new("it's here")), r"'it'\''s here'");
    }
}
