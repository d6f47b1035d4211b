//! `shuidaiyi show`: a dossier for a person, in the terminal or as one self-contained page.
//!
//! Without `--trust` nothing is verified, and it says so. With it the dossier is verified first, and one that fails is
//! not shown.

mod html;
mod read;
mod sparkline;
mod summary;
mod table;
mod terminal;

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use self::read::Dossier;
use super::arguments::ShowOptions;
use super::output::{Failure, NO, say};
use crate::clock::{Clock, SystemClock};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::readable::book::Book;
use crate::readable::document::{Cell, Label, Tone, label};
use crate::readable::value::harmless;
use crate::seal::trust::TrustFile;
use crate::seal::verify::{Check, Expectations, check_dossier};
use crate::service::verify::verify;

/// Reads, verifies if it can, and shows.
pub fn run(options: &ShowOptions) -> Result<ExitCode, Failure> {
    let dossier = read::read(&file(&options.file)?)
        .map_err(|why| Failure::usage(format!("{}: {why}", options.file.display())))?;
    if let Some(section) = &options.section {
        section.parse::<Section>().map_err(Failure::usage)?;
    }
    let now = SystemClock.now();
    let checked = match &options.trust {
        Some(trust) => Some(check(&dossier, trust, options.audience.as_deref(), now)?),
        None => None,
    };
    if let Some(checked) = &checked
        && !checked.holds
    {
        return Ok(refuse(checked, options.json));
    }
    if options.json {
        say(as_json(&dossier, checked.as_ref(), options.section.as_deref()));
    }
    let (verdict, lines) = verdict(checked.as_ref(), now);
    let book = Book::new(&dossier.contents, now.shanghai_date());
    let document = summary::document(&dossier, &book, verdict, lines, options.section.as_deref());
    if let Some(out) = &options.html {
        std::fs::write(out, html::page(&document))
            .map_err(|why| Failure::usage(format!("{}: {why}", out.display())))?;
        eprintln!("已写入 written: {}", out.display());
    } else if !options.json {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        say(terminal::draw(&document, terminal::Style { colour }));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the verification found.
struct Checked {
    checks: Vec<Check>,
    holds: bool,
    /// Whether the receipt was there to be checked too.
    whole: bool,
}

fn check(
    dossier: &Dossier,
    trust: &Path,
    audience: Option<&str>,
    now: Timestamp,
) -> Result<Checked, Failure> {
    let trust = TrustFile::parse(&file(trust)?)
        .map_err(|why| Failure::usage(format!("{}: {why}", trust.display())))?;
    let expect = Expectations { audience, at_micros: now.micros() };
    let (report, whole) = match &dossier.answer {
        Some(answer) => (verify(answer, &trust, expect), true),
        None => (check_dossier(&dossier.sd_jwt, &trust, expect), false),
    };
    Ok(Checked { holds: report.holds(), checks: report.checks, whole })
}

/// A dossier that fails is not shown: it could be read as if it held.
fn refuse(checked: &Checked, json: bool) -> ExitCode {
    if json {
        say(json!({"verified": false, "checks": checks_json(checked)}));
    } else {
        for check in &checked.checks {
            say(check_line(check).text);
        }
        say(
            "核验不通过，未显示内容 NOT every check holds: do not rely on this dossier (without --trust it is shown unverified)",
        );
    }
    ExitCode::from(NO)
}

fn check_line(check: &Check) -> Cell {
    match &check.outcome {
        Ok(detail) => Cell::new(Tone::Plain, format!("✓ {}  {}", check.name, harmless(detail))),
        Err(why) => Cell::new(Tone::Bad, format!("✗ {}  {}", check.name, harmless(why))),
    }
}

fn checks_json(checked: &Checked) -> Value {
    let one = |check: &Check| {
        let detail = check.outcome.as_ref().unwrap_or_else(|why| why);
        json!({"check": check.name, "holds": check.outcome.is_ok(), "detail": detail})
    };
    checked.checks.iter().map(one).collect()
}

fn verdict(checked: Option<&Checked>, now: Timestamp) -> ((Tone, Label), Vec<Cell>) {
    let Some(checked) = checked else {
        let zh = "未核验：签名、收据与摘要均未核对，内容可能被改动过。核验：加 --trust 信任文件重新生成，或运行 shuidaiyi verify 答复文件 --trust trust.json。";
        let en =
            "NOT VERIFIED: neither signature nor receipt was checked. Add --trust, or run shuidaiyi verify.";
        return ((Tone::Warn, label(zh, en)), Vec::new());
    };
    let at = summary::beijing(now.seconds()).unwrap_or_default();
    let count = checked.checks.len();
    let text = if checked.whole {
        label(
            format!("核验通过：签名、证书、摘要与存证收据等 {count} 项检查全部成立，核验于 {at}。"),
            format!("VERIFIED: all {count} checks hold, the ledger's receipt among them."),
        )
    } else {
        label(
            format!(
                "核验通过（仅档案本身）：{count} 项检查全部成立，核验于 {at}。文件不含完整的答复，存证收据未核对。"
            ),
            format!(
                "VERIFIED without the receipt: all {count} checks of the dossier hold; no receipt is in the file."
            ),
        )
    };
    ((Tone::Good, text), checked.checks.iter().map(check_line).collect())
}

/// The dossier decoded, for a program.
fn as_json(dossier: &Dossier, checked: Option<&Checked>, only: Option<&str>) -> Value {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let sections: Map<String, Value> = dossier
        .contents
        .sections
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, object)| (name.clone(), Value::Object(object.clone())))
        .collect();
    json!({
        "verified": checked.map(|checked| checked.holds),
        "checks": checked.map(checks_json),
        "dossier_digest": dossier.digest,
        "release_id": dossier.release_id,
        "bank_ref": dossier.bank_ref,
        "claims": dossier.contents.claims,
        "sections": sections,
        "unread": dossier.unread,
    })
}

fn file(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|whole| text = whole)
    };
    read.map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
    Ok(text)
}
