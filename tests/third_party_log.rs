//! A verifier that shares no code with the ledger (`tests/third_party/verify_log.py` on PyPI's aics-tlog) verifies the
//! whole log, out of an export and from a running gateway, and catches each alteration.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::Path;
use std::process::{Command, Output};

#[path = "it/support/child.rs"]
#[allow(dead_code, reason = "the other tests need the rest")]
mod child;

use child::ChildGateway;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/verify_log.py");

#[test]
fn an_independent_implementation_verifies_the_log() {
    if !python_has_aics_tlog() {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs tests/third_party/requirements-newer-python.txt"
        );
        eprintln!("SKIPPED: Python lacks aics-tlog (tests/third_party/requirements-newer-python.txt)");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (dir, mirror) = (home.path().join("site"), home.path().join("mirror"));
    run(program(&["demo", "--once", "--taxpayers", "60", "--dir"]).arg(&dir));
    let config = dir.join("shuidaiyi.toml");
    let export = || run(program(&["ledger", "export", "--config"]).arg(&config).arg("--out").arg(&mirror));
    export();
    let told = verify(&dir, mirror.to_str().unwrap(), &["--self-test"]);
    assert_eq!(told.matches("is caught").count(), 14, "{told}");

    // The demo's ports may be taken: the gateway gets others.
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("127.0.0.1:8443", "127.0.0.1:0").replace("127.0.0.1:9464", "127.0.0.1:0");
    std::fs::write(&config, text).unwrap();
    let gateway = ChildGateway::start(&dir);
    let certs = dir.join("certs");
    let of = |name: &str| certs.join(name).to_str().unwrap().to_owned();
    let (cert, key, ca) = (of("regulator.pem"), of("regulator.key"), of("ca.pem"));
    let url = format!("{}/v1/ledger", gateway.url());
    let told = verify(&dir, &url, &["--cert", &cert, "--key", &key, "--ca", &ca, "--self-test"]);
    assert!(told.contains("proofs as served") && told.matches("is caught").count() == 14, "{told}");
    drop(gateway);

    // The ledger went on: the mirror goes on too, and stays whole.
    run(program(&["member", "quota", "--config"]).arg(&config).args(["bank-01", "--per-day", "77"]));
    export();
    verify(&dir, mirror.to_str().unwrap(), &[]);

    // What was mirrored once is not overwritten with something else.
    let tile = mirror.join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[9] ^= 4;
    std::fs::write(&tile, &bytes).unwrap();
    let refused =
        program(&["ledger", "export", "--config"]).arg(&config).arg("--out").arg(&mirror).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("tile/0/000"), "{refused:?}");
    assert_eq!(std::fs::read(&tile).unwrap(), bytes);
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
    command.env_remove("SHUIDAIYI_DATABASE_URL").args(arguments);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

fn verify(dir: &Path, source: &str, more: &[&str]) -> String {
    let mut command = Command::new(python());
    let output = command.arg(SCRIPT).arg(source).arg(dir.join("trust.json")).args(more).output().unwrap();
    let told = text(&output);
    assert!(output.status.success() && !told.contains("FAIL"), "{told}");
    told
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The interpreter that has the third-party packages: CI names its own.
fn python() -> std::ffi::OsString {
    std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| "python3".into())
}

fn python_has_aics_tlog() -> bool {
    let probe = Command::new(python()).args(["-c", "import aics_tlog"]).output();
    probe.is_ok_and(|output| output.status.success())
}
