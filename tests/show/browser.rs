//! Chromium, driven through its debugging pipe (Chrome DevTools Protocol, messages ended by NUL).
//!
//! A shell puts two FIFOs at file descriptors 3 and 4, where Chromium expects them: no socket, no further package.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A page open in a headless Chromium.
pub struct Browser {
    child: Child,
    commands: File,
    answers: BufReader<File>,
    session: String,
    last_id: u64,
    /// Console messages, exceptions and violations of the policy seen so far.
    pub complaints: Vec<String>,
    /// What may be fetched besides documents.
    origin: Option<String>,
    _directory: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_as(None)
    }

    /// The same with a home directory whose NSS database holds a client certificate, shown to that origin unasked.
    pub fn start_as(identity: Option<(&Path, &str)>) -> Option<Self> {
        let program = program()?;
        let directory = tempfile::Builder::new().prefix("sdy-chromium-").tempdir().unwrap();
        let (to, from) = (directory.path().join("to"), directory.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success(), "mkfifo");
        let mut shell = Command::new("sh");
        if let Some((home, origin)) = identity {
            show_certificate_unasked(&directory.path().join("profile"), origin);
            shell.env("HOME", home).env("LANGUAGE", "zh_CN");
        }
        let child = shell
            .args(["-c", r#"exec "$0" "$@" 3<"$TO" 4>"$FROM""#])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args(["--no-first-run", "--disable-background-networking", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", directory.path().join("profile").display()))
            .envs([("TO", &to), ("FROM", &from)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Opening a FIFO waits for the other side; the shell opens them in this order.
        let commands = OpenOptions::new().write(true).open(&to).unwrap();
        let answers = BufReader::new(File::open(&from).unwrap());
        let mut browser = Browser {
            child,
            commands,
            answers,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            origin: identity.map(|(_, origin)| origin.to_owned()),
            _directory: directory,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// A viewport of that width.
    pub fn be_wide(&mut self, width: u32) {
        let height = if width < 600 { 844 } else { 900 };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Opens a file at a viewport of that width.
    pub fn open(&mut self, file: &Path, width: u32) {
        self.be_wide(width);
        self.call("Page.navigate", json!({"url": format!("file://{}", file.display())}));
        while self.evaluate("document.readyState + ' ' + location.protocol") != json!("complete file:") {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// The value of an expression on the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Another medium or colour scheme.
    pub fn emulate(&mut self, media: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
    }

    /// A command's result; events that come before it are kept if they are complaints.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            let read = self.answers.read_until(0, &mut bytes).unwrap();
            assert!(read > 0, "Chromium ended before it answered {method}");
            bytes.pop();
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == json!(self.last_id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let is_complaint = match event["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => true,
            // The page itself is the only thing that may be fetched, and what lies at its own origin if it has one.
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                let own = self
                    .origin
                    .as_ref()
                    .is_some_and(|origin| url.starts_with(origin.as_str()) || url.starts_with("data:"));
                event["params"]["type"] != json!("Document") && !own
            }
            Some(_) | None => false,
        };
        if is_complaint {
            self.complaints.push(event.to_string());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The preference behind the policy `AutoSelectCertificateForUrls`: nobody is there to choose a certificate.
fn show_certificate_unasked(profile: &Path, origin: &str) {
    let folder = profile.join("Default");
    std::fs::create_dir_all(&folder).unwrap();
    let choice = json!({format!("{origin},*"): {"setting": {"filters": [{}]}}});
    let preferences =
        json!({"profile": {"content_settings": {"exceptions": {"auto_select_certificate": choice}}}});
    std::fs::write(folder.join("Preferences"), preferences.to_string()).unwrap();
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}
