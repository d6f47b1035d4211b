//! Deliveries: interrupted, sent twice, amended, unchanged, with bad rows; and what a pull then shows.

use std::io::{self, Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::Datelike;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::import::{Form, Syntax};
use shuidaiyi::domain::uscc::Uscc;
use shuidaiyi::service::Exchange;
use shuidaiyi::service::error::{ServiceError, ServiceResult};
use shuidaiyi::service::ingest::{Deliverer, Delivery, Mode, Report, ingest};

use crate::support::child::program;
use crate::support::wire::{sections, small_return};
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    a_broken_source_leaves_nothing,
    a_killed_import_leaves_nothing_and_runs_again,
    the_same_delivery_twice_changes_nothing,
    an_amendment_is_a_revision_and_a_repeat_keeps_the_old_bytes,
    unchanged_rows_only_refresh_the_day,
    another_months_delivery_is_not_searched_for_repeats,
    skip_bad_takes_the_good_rows,
);

pub const TAXPAYER: &str = "91440305MA5XYR1281";

/// Delivers rows as the bureau; `day` is the day, by [`as_of`], for which they are true.
pub fn deliver(site: &Site, form: &str, day: u32, mode: Mode, source: impl Read) -> ServiceResult<Report> {
    deliver_to(site.exchange(), form, day, mode, source)
}

/// The same through any process of the exchange.
pub fn deliver_to(
    exchange: &Exchange,
    form: &str,
    day: u32,
    mode: Mode,
    source: impl Read,
) -> ServiceResult<Report> {
    let today = today();
    let months_back = today.checked_sub_months(chrono::Months::new(40)).unwrap();
    let delivery = Delivery {
        form: Form::by_id(form).unwrap(),
        syntax: Syntax::Ndjson,
        coverage_from: months_back.with_day(1).unwrap(),
        coverage_to: today.with_day(1).unwrap().pred_opt().unwrap(),
        as_of: as_of(day),
        mode,
    };
    let deliverer = Deliverer { member: "bureau".into(), label: "system".into(), certificate: None };
    ingest(exchange, &deliverer, delivery, source, &mut |_| {})
}

fn today() -> chrono::NaiveDate {
    shuidaiyi::clock::Clock::now(&shuidaiyi::clock::SystemClock).shanghai_date()
}

/// A day of the tests' own month, which ends five days from today: day 25 is today.
pub fn as_of(day: u32) -> chrono::NaiveDate {
    today() - chrono::Days::new(25) + chrono::Days::new(u64::from(day))
}

/// Delivers rows whole.
pub fn deliver_rows(site: &Site, form: &str, day: u32, rows: &[Value]) -> Report {
    deliver(site, form, day, Mode::All, lines(rows).as_bytes()).unwrap()
}

pub fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

pub fn registration(taxpayer: &str, name: &str) -> Value {
    json!({"taxpayer_id": taxpayer, "name": name, "status": "03", "reg_type": "173", "industry": "6513",
           "reg_date": "2019-03-18", "vat_class": "small_scale", "authority": "14403050000", "region": "440305",
           "legal_rep_name": "样一"})
}

/// A bank's consent for the taxpayer under its own product.
pub async fn consent(site: &Site, bank: &str) -> String {
    site.product(bank).await;
    site.consent(bank, TAXPAYER, |_| {}).await["id"].as_str().unwrap().to_owned()
}

pub async fn pulled(site: &Site, bank: &str, consent: &str) -> Value {
    let (status, answer) = site.pull(bank, consent).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

fn records(site: &Site) -> i64 {
    sql::number(&sql::data(site), "SELECT count(*) AS n FROM record")
}

fn batches(site: &Site) -> i64 {
    sql::number(&sql::data(site), "SELECT count(*) AS n FROM batch")
}

/// Gives some rows, then breaks as a lost connection does.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            some => Ok(some),
        }
    }
}

/// Registrations of so many firms with valid check characters.
fn many(count: usize) -> Vec<Value> {
    let firm = |n| Uscc::from_parts('9', '1', "440305", &format!("{n:08}")).unwrap();
    (0..count).map(|n| registration(firm(n).as_str(), "深圳市某某有限公司")).collect()
}

async fn a_broken_source_leaves_nothing(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let mut rows = vec![registration(TAXPAYER, "深圳市甲有限公司")];
    rows.extend(many(5_500));
    let text = lines(&rows);
    let size = site.entries().len();
    let broken = deliver(&site, "registration", 5, Mode::All, Breaking(text.as_bytes()));
    assert!(matches!(broken, Err(ServiceError::Malformed(_))), "{broken:?}");
    assert_eq!((records(&site), batches(&site), site.entries().len()), (0, 0, size));
    assert_eq!(sql::number(&sql::data(&site), "SELECT count(*) AS n FROM touch"), 0);
    let before = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(before["registration"]["status"], "not_collected");
    let report = deliver(&site, "registration", 5, Mode::All, text.as_bytes()).unwrap();
    assert_eq!((report.accepted, report.repeated), (5_501, false));
    let after = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(after["registration"]["status"], "present");
}

async fn a_killed_import_leaves_nothing_and_runs_again(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let mut rows = vec![registration(TAXPAYER, "深圳市甲有限公司")];
    rows.extend(many(5_400));
    // The file is a pipe: the import stages its first set and then waits for more that does not come.
    let pipe = site.dir().join("slow.ndjson");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let import = |source: &std::path::Path| {
        let mut command = program();
        command.arg("import").arg("--config").arg(site.dir().join("shuidaiyi.toml")).arg(source).args([
            "--form",
            "registration",
            "--coverage",
            "2026-01-01..2026-10-31",
            "--as-of",
            "2026-11-05",
        ]);
        command
    };
    let mut killed = import(&pipe).spawn().unwrap();
    let mut feed = std::fs::File::options().write(true).open(&pipe).unwrap();
    feed.write_all(lines(&rows).as_bytes()).unwrap();
    let since = Instant::now();
    while records(&site) == 0 {
        assert!(since.elapsed() < Duration::from_secs(60), "the import stages nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    // While it loads nobody sees it, and another delivery has to wait.
    let during = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(during["registration"]["status"], "not_collected");
    let other = deliver(&site, "registration", 5, Mode::All, lines(&rows[..1]).as_bytes());
    assert!(matches!(other, Err(ServiceError::Busy(_))), "{other:?}");
    killed.kill().unwrap();
    killed.wait().unwrap();
    drop(feed);
    let after = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(after["registration"]["status"], "not_collected");

    let whole = site.dir().join("whole.ndjson");
    std::fs::write(&whole, lines(&rows)).unwrap();
    let since = Instant::now();
    // PostgreSQL notices a while later that the session with the lock is gone.
    while !import(&whole).status().unwrap().success() {
        assert!(since.elapsed() < Duration::from_secs(20), "the import cannot be run again");
    }
    assert_eq!((records(&site), batches(&site)), (5_401, 1), "what the killed one staged was swept");
    let after = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(after["registration"]["status"], "present");
}

async fn the_same_delivery_twice_changes_nothing(backend: Backend) {
    let site = Site::start(backend);
    let rows = [registration(TAXPAYER, "深圳市甲有限公司")];
    let first = deliver_rows(&site, "registration", 5, &rows);
    let size = site.entries().len();
    let second = deliver_rows(&site, "registration", 5, &rows);
    assert!(!first.repeated && second.repeated);
    assert_eq!((second.batch_id, second.ledger_index), (first.batch_id, first.ledger_index));
    assert_eq!((records(&site), batches(&site), site.entries().len()), (1, 1, size));
    // The same rows for another day are another delivery.
    assert!(!deliver_rows(&site, "registration", 6, &rows).repeated);
}

async fn an_amendment_is_a_revision_and_a_repeat_keeps_the_old_bytes(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    deliver_rows(&site, "vat_small", 5, &[small_return(TAXPAYER, 1, 100_000), small_return(TAXPAYER, 2, 7)]);
    let first = pulled(&site, "bank-01", &consent).await;
    let mut amended = small_return(TAXPAYER, 1, 250_000);
    amended["correction"] = "amended".into();
    let report = deliver_rows(&site, "vat_small", 6, &[amended]);
    assert_eq!((report.accepted, report.unchanged), (1, 0));
    let second = pulled(&site, "bank-01", &consent).await;
    let sales = |answer: &Value, n: usize| {
        sections(answer)["filings"]["records"][n]["figures"]["period"]["sales_taxable_fen"].clone()
    };
    assert_eq!((sales(&first, 0), sales(&first, 1)), (json!(100_000), json!(7)));
    assert_eq!((sales(&second, 0), sales(&second, 1)), (json!(250_000), json!(7)));
    assert_eq!(sections(&second)["filings"]["records"].as_array().unwrap().len(), 2);
    assert_eq!(records(&site), 3, "the old revision stays");
    for answer in [first, second] {
        let path = format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
        let (status, again) = site.json("bank-01", Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{again}");
        assert_eq!(again["dossier"], answer["dossier"], "as it was sent");
    }
}

async fn unchanged_rows_only_refresh_the_day(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let row = registration(TAXPAYER, "深圳市甲有限公司");
    deliver_rows(&site, "registration", 5, std::slice::from_ref(&row));
    let first = sections(&pulled(&site, "bank-01", &consent).await);
    let mut both = vec![row];
    both.extend(many(1));
    let report = deliver_rows(&site, "registration", 9, &both);
    assert_eq!((report.accepted, report.unchanged, records(&site)), (2, 1, 2));
    let second = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(first["registration"]["as_of"], json!(as_of(5)));
    assert_eq!(second["registration"]["as_of"], json!(as_of(9)));
    assert_eq!(first["registration"]["records"], second["registration"]["records"]);
    // Changed, and changed back: two revisions more, the newest of them counts.
    let renamed = registration(TAXPAYER, "深圳市乙有限公司");
    deliver_rows(&site, "registration", 10, &[renamed]);
    let report = deliver_rows(&site, "registration", 11, &both[..1]);
    assert_eq!((report.unchanged, records(&site)), (0, 4));
    let third = sections(&pulled(&site, "bank-01", &consent).await);
    assert_eq!(third["registration"]["records"], first["registration"]["records"]);
}

async fn another_months_delivery_is_not_searched_for_repeats(backend: Backend) {
    let site = Site::start(backend);
    let consent = consent(&site, "bank-01").await;
    let row = small_return(TAXPAYER, 1, 700);
    let deliverer = Deliverer { member: "bureau".into(), label: "system".into(), certificate: None };
    let under = |from: &str, to: &str, day: u32| {
        let delivery = Delivery {
            form: Form::by_id("vat_small").unwrap(),
            syntax: Syntax::Ndjson,
            coverage_from: from.parse().unwrap(),
            coverage_to: to.parse().unwrap(),
            as_of: as_of(day),
            mode: Mode::All,
        };
        let text = lines(std::slice::from_ref(&row));
        ingest(site.exchange(), &deliverer, delivery, text.as_bytes(), &mut |_| {}).unwrap()
    };
    assert_eq!(under("2026-01-01", "2026-03-31", 5).unchanged, 0);
    assert_eq!(under("2026-04-01", "2026-06-30", 6).unchanged, 0, "months that nobody spoke of are news");
    assert_eq!(
        under("2026-01-01", "2026-06-30", 7).unchanged,
        1,
        "months that somebody spoke of are compared"
    );
    assert_eq!(records(&site), 2);
    let filings = sections(&pulled(&site, "bank-01", &consent).await)["filings"].clone();
    assert_eq!(filings["records"].as_array().map(Vec::len), Some(1), "one record, whatever its revisions");
}

async fn skip_bad_takes_the_good_rows(backend: Backend) {
    let site = Site::start(backend);
    let mut rows = many(3);
    rows[1]["vat_class"] = "neither".into();
    rows.push(rows[0].clone());
    let text = lines(&rows);
    let refused = deliver(&site, "registration", 5, Mode::All, text.as_bytes());
    let Err(ServiceError::RowsRejected(refused)) = refused else { panic!("{refused:?}") };
    let places: Vec<_> = refused.errors.iter().map(|error| (error.row, error.column.as_deref())).collect();
    assert_eq!(places, [(2, Some("vat_class")), (4, None)]);
    assert_eq!(records(&site), 0);
    let report = deliver(&site, "registration", 5, Mode::SkipBad, text.as_bytes()).unwrap();
    assert_eq!((report.rows, report.accepted, report.rejected, report.errors.len()), (4, 2, 2, 2));
    assert_eq!(records(&site), 2);
    let (status, told) = site.json("bureau", Method::GET, &report.errors_url, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["items"].as_array().map(Vec::len), Some(2), "{told}");
    // Mended and sent again: only what is new or changed is a revision.
    let mended = deliver(&site, "registration", 5, Mode::All, lines(&many(3)).as_bytes()).unwrap();
    assert_eq!((mended.accepted, mended.unchanged, records(&site)), (3, 2, 3));
}
