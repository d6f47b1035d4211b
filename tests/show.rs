//! `shuidaiyi show` as a person runs it: on dossiers made up for the test, on published samples, on real releases; the
//! page is opened in Chromium.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "show/browser.rs"]
mod browser;
#[path = "show/fixture.rs"]
mod fixture;
#[path = "show/page.rs"]
mod page;
#[path = "show/sections.rs"]
mod sections;
#[path = "show/terminal.rs"]
mod terminal;
#[path = "show/trust.rs"]
mod trust;

/// Runs `show` on a text saved as a file of that directory.
fn show(directory: &Path, dossier: &str, arguments: &[&str]) -> Output {
    let file = directory.join("answer.json");
    fs::write(&file, dossier).unwrap();
    Command::new(env!("CARGO_BIN_EXE_shuidaiyi")).arg("show").arg(file).args(arguments).output().unwrap()
}

/// What `show` prints about an answer, which it must be able to read.
fn printed(answer: &Value, arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = show(directory.path(), &answer.to_string(), arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The page that `show --html` writes about an answer.
fn page_of(answer: &Value) -> String {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("page.html");
    let output = show(directory.path(), &answer.to_string(), &["--html", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(out).unwrap()
}
