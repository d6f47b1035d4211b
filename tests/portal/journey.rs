//! The whole way of an authorisation, as people go it: the bookkeeper signs in at the bureau, prepares it and hands it
//! over by a code; the legal representative reads it and grants it; the bank pulls; the firm sees that and takes it back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::browser::{Browser, DESK, PHONE};
use crate::scene::{Scene, at_the_bureau, scene_at_the_bureau};

const PATIENCE: Duration = Duration::from_secs(20);
const BANK: &str = "bank-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_way_at_a_desk() {
    whole_way(DESK, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_way_on_a_phone_without_scripts() {
    whole_way(PHONE, false).await;
}

async fn whole_way(width: u32, scripts: bool) {
    let Some(scene) = scene_at_the_bureau() else { return };
    scene.site.product(BANK).await;
    let Some(keeper) = Browser::start(&scene.site.portal_url()).await else { return };
    let way = Way { scene, width, scripts };
    keeper.run_scripts(scripts).await;
    let link = way.drafted_and_handed_over(&keeper).await;
    keeper.leave().await;

    let head = Browser::start(&way.scene.site.portal_url()).await.unwrap();
    head.run_scripts(scripts).await;
    let consent = way.granted(&head, &link).await;
    let (status, answer) = way.scene.site.pull(BANK, &consent).await;
    assert_eq!(status, 201, "{answer}");
    let release = answer["release_id"].as_str().unwrap();

    way.printed(&head, &consent).await;
    way.seen_and_kept(&head, release).await;
    way.revoked_in_two_clicks(&head, &consent).await;
    let (status, answer) = way.scene.site.pull(BANK, &consent).await;
    assert_eq!((status.as_u16(), &answer["code"]), (403, &Value::from("consent-not-in-force")), "{answer}");
    head.leave().await;
}

/// One way through, on a window of this width.
struct Way {
    scene: Scene,
    width: u32,
    scripts: bool,
}

impl Way {
    async fn keep(&self, browser: &Browser, name: &str) {
        browser.keep(&format!("journey-{name}-{}", self.width)).await;
    }

    async fn drafted_and_handed_over(&self, keeper: &Browser) -> String {
        keeper.open("/", self.width).await;
        self.keep(keeper, "0-landing").await;
        keeper.open("/sign-in?to=%2Fgrant", self.width).await;
        at_the_bureau(&self.scene, keeper, "keeper").await;
        keeper.press("button[name=firm][value='0']").await;
        keeper.wait_for_text("新建授权").await;
        keeper.open("/grant", self.width).await;
        assert_eq!(keeper.count("input:checked").await, 0, "no bank is ticked beforehand");
        keeper.press("input[name=product]").await;
        self.keep(keeper, "1-bank").await;
        keeper.press("main form button[type=submit]").await;
        keeper.wait_for_text("提供哪些内容").await;
        self.keep(keeper, "2-terms").await;
        keeper.press("main form button[type=submit]").await;
        keeper.wait_for_text("授权后，银行会看到什么").await;
        self.keep(keeper, "3-preview").await;
        keeper.press_text("下一步：阅读授权书并确认").await;
        keeper.wait_for_text("交给法定代表人").await;
        assert_eq!(keeper.count("input[type=checkbox]").await, 0, "the bookkeeper can tick nothing");
        keeper.press_text("生成二维码").await;
        keeper.wait_for_text("请有权人扫码确认").await;
        self.keep(keeper, "4-code").await;
        assert_eq!(keeper.count(".qr svg").await, 1);
        let link = keeper.text_of("pre.link").await;
        let path = link.strip_prefix(&self.scene.site.portal_url());
        path.unwrap_or_else(|| panic!("{link} is not ours")).to_owned()
    }

    /// Read and granted by the legal representative, who shows a face at the bureau before it counts.
    async fn granted(&self, head: &Browser, link: &str) -> String {
        head.open(link, self.width).await;
        let place = head.place().await;
        assert!(place.starts_with("/sign-in?to="), "a link tells nothing to whoever is not signed in");
        at_the_bureau(&self.scene, head, "head").await;
        head.wait_for_text("授权后，银行会看到什么").await;
        self.keep(head, "5-preview").await;
        head.press_text("下一步：阅读授权书并确认").await;
        head.wait_for_text("涉税信息查询授权书").await;
        assert_eq!(head.count("input[type=checkbox]:checked").await, 0, "nothing is ticked beforehand");
        self.keep(head, "6-before-face").await;
        head.press_text("验证身份并继续").await;
        at_the_bureau(&self.scene, head, "head").await;
        head.wait_for_text("涉税信息查询授权书").await;
        head.press("input[name^='bank-']").await;
        self.keep(head, "6-confirm").await;
        head.press_text("同意并授权").await;
        head.wait_for_text("授权已生效").await;
        self.keep(head, "7-granted").await;
        let place = head.place().await;
        let consent = place.strip_prefix("/consents/").unwrap().split('?').next().unwrap().to_owned();
        let path = format!("/v1/consents/{consent}");
        let (_, own) = self.scene.site.json(BANK, Method::GET, &path, None).await;
        assert_eq!(own["status"], "granted", "{own}");
        consent
    }

    /// The authorisation on paper: the PDF that anybody can check.
    async fn printed(&self, head: &Browser, consent: &str) {
        head.open(&format!("/consents/{consent}"), self.width).await;
        head.press_text("授权书").await;
        head.wait_for_text("涉税信息查询授权书").await;
        self.keep(head, "7-letter").await;
        let folder = tempfile::tempdir().unwrap();
        head.download_to(folder.path()).await;
        head.press_text("PDF").await;
        let letter = arrived(folder.path(), ".pdf").await;
        self.verified(&letter);
    }

    /// `shuidaiyi verify` finds nothing wrong with a file.
    fn verified(&self, file: &Path) {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
        verify.arg("verify").arg(file).arg("--trust").arg(self.scene.site.dir().join("trust.json"));
        let verified = verify.output().unwrap();
        let said = String::from_utf8_lossy(&verified.stdout);
        assert!(verified.status.success(), "{said} {}", String::from_utf8_lossy(&verified.stderr));
    }

    async fn seen_and_kept(&self, head: &Browser, release: &str) {
        let begun = Instant::now();
        loop {
            head.open("/accesses", self.width).await;
            if head.text().await.contains("税务登记") || head.count(".accesses li").await > 0 {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "the access never appears");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.keep(head, "8-accesses").await;
        head.press_text("查看与核验").await;
        head.wait_for_text("留存证据").await;
        assert!(head.place().await.contains(release));
        if self.scripts {
            head.press("#check-proof").await;
            head.wait_for_text("核验通过").await;
            assert!(head.text_of("#proof-result").await.contains('✓'));
        }
        self.keep(head, "9-access").await;
        let folder = tempfile::tempdir().unwrap();
        head.download_to(folder.path()).await;
        head.press_text("下载证据包").await;
        let bundle = arrived(folder.path(), ".zip").await;
        assert!(bundle.ends_with(format!("evidence-{release}.zip")), "{}", bundle.display());
        self.verified(&bundle);
    }

    async fn revoked_in_two_clicks(&self, head: &Browser, consent: &str) {
        head.open(&format!("/consents/{consent}"), self.width).await;
        head.press_text("撤回授权").await;
        head.wait_for_text("撤回前已依法提供的信息不受影响").await;
        self.keep(head, "10-revoke").await;
        head.press_text("确认撤回").await;
        head.wait_for_text("授权已撤回").await;
    }
}

/// The file with this ending that a browser has put into a folder, once it is whole.
async fn arrived(folder: &Path, ending: &str) -> PathBuf {
    let begun = Instant::now();
    loop {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        if let Some(file) = files.into_iter().find(|file| file.to_string_lossy().ends_with(ending)) {
            return file;
        }
        assert!(begun.elapsed() < PATIENCE, "no {ending} ever arrives");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
