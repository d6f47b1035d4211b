//! Somebody who sits before Chromium, driven by WebDriver (W3C WebDriver; `chromedriver` of the same package).
//!
//! Where Chromium or its driver is missing the test is skipped with a word; in CI it fails.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where `npm ci` in `tests/third_party/oidc` put what it installed.
const NODE_MODULES: &str = "SHUIDAIYI_NODE_MODULES";
/// A desk and a phone.
pub const DESK: u32 = 1280;
pub const PHONE: u32 = 390;

/// A browser with one page open.
pub struct Browser {
    client: Client,
    session: String,
    raw: reqwest::Client,
    driver: Driver,
    pub base: String,
}

/// The driver's process; whoever drops it ends it and the browser that it started.
struct Driver {
    process: Child,
    url: String,
    _profile: tempfile::TempDir,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The group is the driver's own: it holds nothing but the driver and its browser.
        let group = format!("-{}", self.process.id());
        drop(Command::new("kill").args(["-TERM", "--", &group]).status());
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Browser {
    /// Sits down before the pages at `base`; `None` where a program is missing and this is not CI.
    pub async fn start(base: &str) -> Option<Self> {
        let (Some(driver), Some(chromium)) = (program("chromedriver"), program("chromium")) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "this is CI: chromium and chromedriver must be installed"
            );
            eprintln!("SKIPPED: no chromium or no chromedriver in PATH (Debian: chromium, chromium-driver)");
            return None;
        };
        let driver = Driver::start(&driver);
        let profile = driver._profile.path().display().to_string();
        let capabilities = json!({
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": chromium, "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", format!("--user-data-dir={profile}"),
            ]},
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = builder.connect(&driver.url).await.expect("a browser");
        let session = client.session_id().await.unwrap().unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let raw = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { client, session, raw, driver, base: base.to_owned() })
    }

    /// Closes the browser in order.
    pub async fn leave(self) {
        drop(self.client.close().await);
    }

    /// Opens a page at a viewport of that width.
    pub async fn open(&self, path: &str, width: u32) {
        self.be_wide(width).await;
        self.client.goto(&format!("{}{path}", self.base)).await.expect("open a page");
    }

    /// A viewport of that width.
    pub async fn be_wide(&self, width: u32) {
        let height = if width < 600 { 844 } else { 900 };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Lets pages run their scripts, or not.
    pub async fn run_scripts(&self, run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !run})).await;
    }

    /// Keeps what is downloaded in this folder.
    pub async fn download_to(&self, folder: &Path) {
        let path = folder.display().to_string();
        self.devtools("Browser.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": path}))
            .await;
    }

    /// Presses what this CSS selector finds, once it is there.
    pub async fn press(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap_or_else(|why| panic!("{selector}: {why}"));
    }

    /// Presses the link or button that says this.
    pub async fn press_text(&self, text: &str) {
        let path = format!(
            "//*[self::a or self::button or self::summary or self::label][contains(normalize-space(.), '{text}')]"
        );
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        match found {
            Ok(element) => element.click().await.unwrap_or_else(|why| panic!("{text}: {why}")),
            Err(why) => panic!("nothing says {text} on {}: {why}\n{}", self.place().await, self.text().await),
        }
    }

    async fn find(&self, selector: &str) -> fantoccini::elements::Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(why) => {
                panic!("nothing is {selector} on {}: {why}\n{}", self.place().await, self.text().await)
            }
        }
    }

    /// How many elements this CSS selector finds.
    pub async fn count(&self, selector: &str) -> usize {
        self.client.find_all(Locator::Css(selector)).await.unwrap().len()
    }

    /// Waits until the page says this.
    pub async fn wait_for_text(&self, text: &str) {
        let begun = Instant::now();
        loop {
            let shown = self.text().await;
            if shown.contains(text) {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "waited in vain for {text} on {}:\n{shown}",
                self.place().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What stands on the page. Asked of the driver, so that it works without the page's scripts.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_moving_on) => String::new(),
        }
    }

    /// What stands in the one element that this CSS selector finds, asked of the driver too.
    pub async fn text_of(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap().trim().to_owned()
    }

    /// Path and query of the page.
    pub async fn place(&self) -> String {
        let url = self.client.current_url().await.unwrap().to_string();
        url.strip_prefix(&self.base).unwrap_or(&url).to_owned()
    }

    /// What a script on the page returns.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|why| panic!("{script}: {why}"))
    }

    /// How far the page is wider than the window, in pixels, and which elements are.
    pub async fn overflow(&self) -> Vec<String> {
        let script = "const w = innerWidth; if (document.documentElement.scrollWidth <= w) return [];
            return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > w + 1)
              .slice(0, 6).map((e) => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right));";
        let found = self.evaluate(script).await;
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Targets smaller than 44 px on a phone (WCAG 2.2, 2.5.5), links within text left out.
    pub async fn small_targets(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('a, button, select, summary, input:not([type=hidden])')]
            .filter((e) => { const b = e.getBoundingClientRect(); const s = getComputedStyle(e);
              if (!b.width || s.display === 'inline' || e.closest('.skip')) return false;
              const l = e.closest('label'); const h = l ? Math.max(b.height, l.getBoundingClientRect().height) : b.height;
              return h < 43.5; })
            .map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 20) + ' ' + e.getBoundingClientRect().height);";
        let found = self.evaluate(script).await;
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Serious and critical problems of accessibility that axe-core finds; nothing, with a word, where it is missing.
    pub async fn accessibility(&self) -> Vec<String> {
        let Some(axe) = axe() else { return Vec::new() };
        self.client.execute(&format!("if (!window.axe) {{ {axe} }}"), Vec::new()).await.expect("axe-core");
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, {resultTypes: ['violations']}).then((found) => done(found.violations
              .filter((one) => ['serious', 'critical'].includes(one.impact))
              .map((one) => one.id + ': ' + one.nodes.map((n) => n.html + ' ' + n.failureSummary).slice(0, 3).join(' | '))),
              (why) => done(['axe: ' + why]));";
        let found = self.client.execute_async(script, Vec::new()).await.expect("axe-core");
        found.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What the console was told since the last time: errors, refusals of the policy, exceptions.
    pub async fn complaints(&self) -> Vec<String> {
        let answer = self.ask("se/log", json!({"type": "browser"})).await;
        let severe = |one: &&Value| one["level"] != json!("INFO") && one["level"] != json!("DEBUG");
        // What answers 403, 404 or 409 is such a page, and the test opened it for that.
        let told =
            |one: &&Value| !one["message"].as_str().unwrap_or_default().contains("Failed to load resource");
        answer.as_array().unwrap().iter().filter(severe).filter(told).map(Value::to_string).collect()
    }

    /// Keeps the whole page as a picture: in `SHUIDAIYI_SCREENSHOTS`, or in `portal` below the target directory.
    pub async fn keep(&self, name: &str) {
        let directory = std::env::var_os("SHUIDAIYI_SCREENSHOTS")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("../portal"), Into::into);
        std::fs::create_dir_all(&directory).unwrap();
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let shot = self
            .devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip}))
            .await;
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(directory.join(format!("{name}.png")), bytes).unwrap();
    }

    /// A command of Chromium's own (Chrome DevTools Protocol), through the driver.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.ask("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/session/{}/{path}", self.driver.url, self.session);
        let answer = self.raw.post(url).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer["value"].get("error").is_none(), "{path} {body}: {answer}");
        answer["value"].take()
    }
}

impl Driver {
    fn start(program: &Path) -> Self {
        let profile = tempfile::Builder::new().prefix("sdy-chromium-").tempdir().unwrap();
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("start chromedriver");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("successfully on port ").map(|(_, port)| port.to_owned()))
            .expect("chromedriver tells its port");
        let url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        Self { process, url, _profile: profile }
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The judge of accessibility, as its package has it.
fn axe() -> Option<String> {
    let modules = std::env::var_os(NODE_MODULES)
        .map_or_else(|| Path::new("tests/third_party/oidc/node_modules").to_owned(), PathBuf::from);
    let found = std::fs::read_to_string(modules.join("axe-core/axe.min.js")).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "this is CI: axe-core must be installed ({NODE_MODULES})");
        eprintln!("SKIPPED: no axe-core; run npm ci in tests/third_party/oidc");
    }
    found
}
