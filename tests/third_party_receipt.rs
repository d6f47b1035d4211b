//! Receipts made by the ledger module hold for a verifier that shares no code with it
//! (`tests/third_party/verify_receipt.py`: Python, standard library and `cryptography`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use shuidaiyi::ledger::{
    Checkpoint, EntryKind, Extension, Frontier, InclusionReceipt, Leaf, NoteSigner, Salt, commit, leaf_hash,
};

const ORIGIN: &str = "tax.example/v1/ledger";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/verify_receipt.py");

#[test]
fn an_independent_verifier_agrees() {
    if !python_has_cryptography() {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs tests/third_party/requirements.txt"
        );
        eprintln!(
            "SKIPPED: Python lacks the package cryptography (pip install -r tests/third_party/requirements.txt)"
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for (before, kind) in
        [(0, EntryKind::ReleaseGranted), (6, EntryKind::ReleaseRepeated), (300, EntryKind::ReleaseGranted)]
    {
        let (pull, trust) = sample(before, kind);
        let output = run(directory.path(), &pull, &trust, true);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && !text.contains("FAIL"), "{before} entries before:\n{text}");
        assert_eq!(text.lines().filter(|line| !line.contains("self-test")).count(), 6, "{text}");
    }
    let (pull, trust) = sample(9, EntryKind::ReleaseRefused);
    let output = run(directory.path(), &pull, &trust, false);
    assert_eq!(output.status.code(), Some(1), "a refusal is no release");
}

/// A gateway's answer whose entry follows `before` others in a batch of three, and the trust file.
fn sample(before: u64, kind: EntryKind) -> (Value, Value) {
    let random = ring::rand::SystemRandom::new();
    let salt = Salt::random(&random).unwrap();
    let claims = json!({"iss": "https://tax.example", "sub": "91440300MA5EXAMPLE", "jti": "release-1"});
    let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let entry = Leaf::new(kind, "release-1", "bank-03", 1_772_353_800_000_120)
        .by(commit(&salt, "risk-desk"))
        .field("subject", commit(&salt, "91440300MA5EXAMPLE").into())
        .field(
            "dossier_digest",
            format!("sha-256:{}", URL_SAFE_NO_PAD.encode(digest(&SHA256, jwt.as_bytes()))).into(),
        )
        .field("read_at", before.into())
        .to_bytes()
        .unwrap();

    let mut base = Frontier::empty();
    (0..before).for_each(|n| base.push(leaf_hash(&n.to_be_bytes())));
    let mut extension = Extension::new(base);
    let index = extension.append(leaf_hash(&entry));
    extension.append(leaf_hash(b"next"));
    extension.append(leaf_hash(b"last"));

    let signer =
        NoteSigner::from_pkcs8(ORIGIN, Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: extension.size(), root: extension.root() };
    let receipt = InclusionReceipt {
        index,
        hashes: extension.inclusion_proof(index).unwrap(),
        checkpoint: checkpoint.sign(&signer),
    };
    assert_eq!(receipt.verify(&entry, &signer.verifier()).unwrap(), checkpoint);
    let pull = json!({
        "release_id": "release-1",
        "dossier": format!("{jwt}~disclosure~"),
        "receipt": {
            "entry": STANDARD.encode(&entry),
            "salt": STANDARD.encode(salt.as_bytes()),
            "proof": receipt.to_text(),
        },
    });
    (pull, json!({"ledger_vkey": signer.verifier().to_string()}))
}

fn run(directory: &Path, pull: &Value, trust: &Value, self_test: bool) -> Output {
    let (pull_path, trust_path) = (directory.join("pull.json"), directory.join("trust.json"));
    fs::write(&pull_path, pull.to_string()).unwrap();
    fs::write(&trust_path, trust.to_string()).unwrap();
    let mut command = Command::new(python());
    command.arg(SCRIPT).arg(pull_path).arg(trust_path);
    if self_test {
        command.arg("--self-test");
    }
    command.output().unwrap()
}

/// The interpreter that has the third-party packages: CI names its own.
fn python() -> std::ffi::OsString {
    std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| "python3".into())
}

fn python_has_cryptography() -> bool {
    let probe = Command::new(python()).args(["-c", "import cryptography"]).output();
    probe.is_ok_and(|output| output.status.success())
}
