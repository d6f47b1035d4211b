//! Somebody who sits before Chromium: a certificate in an NSS database, and what one does with a page.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::Site;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What Chromium and its certificate need.
const PROGRAMS: [&str; 4] = ["chromium", "certutil", "pk12util", "openssl"];

/// A member's person with a browser of their own.
pub struct Person {
    pub browser: Browser,
    pub base: String,
    _home: tempfile::TempDir,
}

impl Person {
    /// Sits down; `None`, with a word why, where a program is missing and this is not CI.
    pub fn of(site: &Site, member: &str) -> Option<Self> {
        for program in PROGRAMS {
            if Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output()
                .unwrap()
                .stdout
                .is_empty()
            {
                assert!(std::env::var_os("CI").is_none(), "this is CI: {program} must be installed");
                eprintln!("SKIPPED: no {program} in PATH (Debian: chromium, libnss3-tools, openssl)");
                return None;
            }
        }
        let home = tempfile::tempdir().unwrap();
        let certs = site.dir().join("certs");
        keep_certificate(home.path(), &certs, member);
        let base = site.url();
        let mut browser = Browser::start_as(Some((home.path(), &base)))?;
        browser.call("Security.enable", json!({}));
        // The development authority is nobody's root; that the gateway is who it says, other tests show.
        browser.call("Security.setIgnoreCertificateErrors", json!({"ignore": true}));
        Some(Self { browser, base, _home: home })
    }

    /// Opens a page of the console.
    pub fn open(&mut self, path: &str, width: u32) {
        self.browser.be_wide(width);
        let url = format!("{}{path}", self.base);
        self.browser.call("Page.navigate", json!({"url": "about:blank"}));
        self.browser.call("Page.navigate", json!({"url": url}));
        self.wait(&format!("document.readyState == 'complete' && location.href == {}", json!(url)));
    }

    /// Waits until something holds on the page; navigating may interrupt the question.
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        loop {
            let asked = json!({"expression": format!("Boolean({expression})"), "returnByValue": true});
            let answer = self.browser.call("Runtime.evaluate", asked);
            if answer["result"]["value"] == json!(true) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {expression}: {}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What stands on the page.
    pub fn text(&mut self) -> String {
        let answer = self.browser.evaluate("document.body.innerText");
        answer.as_str().unwrap_or_default().to_owned()
    }

    /// Presses the button that this selector finds.
    pub fn press(&mut self, selector: &str) {
        self.browser.evaluate(&format!("document.querySelector({}).click()", json!(selector)));
    }

    /// Keeps the page as a picture: in `SHUIDAIYI_SCREENSHOTS`, or below the target directory.
    pub fn keep(&mut self, name: &str) {
        let directory = std::env::var_os("SHUIDAIYI_SCREENSHOTS")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("console"), Into::into);
        fs::create_dir_all(&directory).unwrap();
        let size = self
            .browser
            .evaluate("[innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]");
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let shot =
            self.browser.call("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip}));
        fs::write(
            directory.join(format!("{name}.png")),
            STANDARD.decode(shot["data"].as_str().unwrap()).unwrap(),
        )
        .unwrap();
    }

    /// That nothing was thrown, logged or refused by the policy, and nothing fetched from elsewhere.
    pub fn assert_quiet(&mut self) {
        let none: [&str; 0] = [];
        assert_eq!(self.browser.complaints, none);
    }
}

fn keep_certificate(home: &Path, certs: &Path, member: &str) {
    let database = home.join(".pki/nssdb");
    fs::create_dir_all(&database).unwrap();
    let name = format!("sql:{}", database.display());
    let bundle = home.join("identity.p12");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let path = |ending: &str| certs.join(format!("{member}.{ending}")).display().to_string();
    let bundle = bundle.display().to_string();
    run(
        "openssl",
        &[
            "pkcs12",
            "-export",
            "-in",
            &path("pem"),
            "-inkey",
            &path("key"),
            "-out",
            &bundle,
            "-passout",
            "pass:",
            "-name",
            member,
        ],
    );
    run("certutil", &["-d", &name, "-N", "--empty-password"]);
    run("pk12util", &["-d", &name, "-i", &bundle, "-W", ""]);
}

/// A number out of an expression's value.
pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
