//! Private keys in a PKCS#11 token: SoftHSM2, a token in software (Debian: softhsm2).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use shuidaiyi::seal::keys::write_private;

use crate::keys::kid;
use crate::support::child::{ChildGateway, program};
use crate::support::wire::{Wire, assert_verifies, grant_many};
use crate::support::{Backend, Site, both_backends};

both_backends!(a_token_signs_dossiers_and_checkpoints);

async fn a_token_signs_dossiers_and_checkpoints(backend: Backend) {
    let Some(module) = module() else {
        assert!(std::env::var_os("CI").is_none(), "this is CI: install SoftHSM2 (Debian: softhsm2)");
        eprintln!("SKIPPED: SoftHSM2 is not installed (Debian: softhsm2)");
        return;
    };
    let mut site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 4, |_| {}).await;
    let before = site.pull("bank-01", &consents[0]).await.1;
    site.stop();
    let token = Token::make(&site.dir(), &module);
    token.key(&["rotate", "dossier"], 0);
    token.key(&["rotate", "ledger"], 0);
    let places: Vec<String> = token
        .list()
        .into_iter()
        .filter(|key| key["state"] == "current")
        .map(|key| text(&key["place"]))
        .collect();
    assert_eq!(places, ["pkcs11:dossier-signing-2", "pkcs11:ledger-2", "salt-epoch-1.key"]);
    for name in ["dossier-signing-2.key", "ledger-2.key"] {
        assert!(!site.dir().join("keys").join(name).exists(), "{name} is in the token only");
    }

    let child =
        ChildGateway::start_with(&site.dir(), &[("SOFTHSM2_CONF", token.configuration.to_str().unwrap())]);
    let wire = Wire::new(&site, "bank-01", &child.url());
    let answers = join_all((0..40).map(|n| wire.pull(&consents[n % consents.len()], None))).await;
    for answer in answers {
        let (status, answer) = answer.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        assert_verifies(&site, "bank-01", &answer);
        assert_ne!(kid(&answer), kid(&before));
    }
    assert_verifies(&site, "bank-01", &before);

    // A key made in the token by another process is taken up by the running gateway.
    let second = kid(&wire.pull(&consents[0], None).await.unwrap().1);
    token.key(&["rotate", "dossier"], 0);
    let began = Instant::now();
    let third = loop {
        let (_, answer) = wire.pull(&consents[0], None).await.unwrap();
        if kid(&answer) != second {
            break answer;
        }
        assert!(began.elapsed() < Duration::from_secs(2), "the token's new key is not taken up");
    };
    assert_verifies(&site, "bank-01", &third);
    drop(child);

    // A PIN that others may read is refused, and so is a token that is not there.
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&token.pin, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(token.key(&["list"], 2).contains("chmod 600"));
    std::fs::set_permissions(&token.pin, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = site.dir().join("shuidaiyi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("pkcs11_token = \"test\"", "pkcs11_token = \"gone\"")).unwrap();
    assert!(token.key(&["list"], 2).contains("no PKCS#11 token is labelled \"gone\""));
    std::fs::write(&config, text.replace("pkcs11_token = \"test\"\n", "")).unwrap();
    assert!(token.key(&["list"], 2).contains("name all three, or none"));
}

/// Where Debian and others put the library.
fn module() -> Option<PathBuf> {
    let places = ["/usr/lib/softhsm", "/usr/lib64/pkcs11", "/usr/local/lib/softhsm"];
    places.iter().map(|place| Path::new(place).join("libsofthsm2.so")).find(|path| path.exists())
}

/// A new token, and a site's configuration that names it.
struct Token {
    dir: PathBuf,
    configuration: PathBuf,
    pin: PathBuf,
}

impl Token {
    fn make(dir: &Path, module: &Path) -> Self {
        let tokens = dir.join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let configuration = dir.join("softhsm2.conf");
        let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        std::fs::write(&configuration, text).unwrap();
        let made = std::process::Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "test", "--pin", "4321", "--so-pin", "8765"])
            .env("SOFTHSM2_CONF", &configuration)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let pin = dir.join("keys/pkcs11-pin");
        write_private(&pin, b"4321\n").unwrap();
        let config = dir.join("shuidaiyi.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let named = format!(
            "trust = \"trust.json\"\npkcs11_module = \"{}\"\npkcs11_token = \"test\"\npkcs11_pin_file = \"keys/pkcs11-pin\"\n",
            module.display()
        );
        std::fs::write(&config, text.replacen("trust = \"trust.json\"\n", &named, 1)).unwrap();
        Self { dir: dir.to_owned(), configuration, pin }
    }

    /// Runs `shuidaiyi key …`; what it said, after checking how it ended.
    fn key(&self, arguments: &[&str], expected: i32) -> String {
        let mut command = program();
        command.arg("key").args(arguments).arg("--config").arg(self.dir.join("shuidaiyi.toml"));
        command.env("SOFTHSM2_CONF", &self.configuration);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {said}");
        said
    }

    fn list(&self) -> Vec<Value> {
        self.key(&["list", "--json"], 0).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
