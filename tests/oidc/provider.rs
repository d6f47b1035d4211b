//! The provider from npm as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::Url;
use serde_json::{Value, json};

use super::browser::Browser;
use super::scene::{CLIENT, PUBLIC_URL, SUBJECT, person};

/// Where its packages are.
pub const MODULES_VARIABLE: &str = "SHUIDAIYI_NODE_MODULES";

/// The provider, stopped when dropped.
pub struct Provider {
    child: Child,
    #[allow(dead_code, reason = "asked for where the portal is started")]
    pub issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// A client's registration, with what differs.
pub fn client(differs: Value) -> Value {
    let mut client = json!({
        "client_id": CLIENT,
        "redirect_uris": [format!("{PUBLIC_URL}/sign-in/callback")],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
    });
    let members = client.as_object_mut().unwrap();
    members.extend(differs.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    client
}

/// A port that is free just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Provider {
    /// Starts it for one client. Without node and its packages the test is skipped, in CI it fails.
    pub fn start(port: u16, client: &Value, more: Value) -> Option<Self> {
        let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/third_party/oidc");
        let modules = std::env::var_os(MODULES_VARIABLE).map_or(package.join("node_modules"), PathBuf::from);
        if !modules.join("oidc-provider").exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "no oidc-provider in {}: run npm ci",
                modules.display()
            );
            eprintln!("SKIPPED: no oidc-provider; run `npm ci` in tests/third_party/oidc");
            return None;
        }
        let mut given = json!({
            "port": port, "modules": modules, "clients": [client], "persons": {SUBJECT: person()},
            "acr_values": ["urn:etax:password", "urn:etax:face"],
        });
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut child = Command::new("node")
            .arg(package.join("provider.mjs"))
            .arg(given.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("node");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        while !line.starts_with("listening on ") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the provider ended");
        }
        let issuer = line.trim().trim_start_matches("listening on ").to_owned();
        Some(Self { child, issuer })
    }

    /// Has the browser go to the provider and sign in as this person; gives the address it is sent back to.
    #[allow(dead_code, reason = "where the portal is not started, nobody asks for its address")]
    pub async fn sign_in(&self, browser: &mut Browser, url: Url, subject: &str) -> Url {
        self.sign_in_to(PUBLIC_URL, browser, url, subject).await
    }

    /// The same for a portal elsewhere.
    pub async fn sign_in_to(&self, portal: &str, browser: &mut Browser, url: Url, subject: &str) -> Url {
        let back = |at: &Url| at.as_str().starts_with(portal);
        match browser.follow(url, back).await {
            Ok(back) => back,
            Err((at, page)) => {
                assert!(at.path().starts_with("/interaction/"), "{at}: {}", page.text().await.unwrap());
                let chosen = at.join(&format!("{}/as/{subject}", at.path())).unwrap();
                browser.follow(chosen, back).await.map_err(|(at, _)| at).unwrap()
            }
        }
    }
}
