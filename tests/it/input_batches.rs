//! Deliveries that misbehave: broken off, half compressed, with bad rows, sent twice. Nothing of a part is ever visible.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};
use shuidaiyi::store::batches;
use tokio::io::AsyncWriteExt;

use crate::support::oracle::deeds;
use crate::support::raw::Raw;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    half_a_delivery_leaves_nothing_and_can_be_sent_again,
    an_upload_that_breaks_off_leaves_nothing,
    bad_rows_are_named_or_skipped,
    rejected_rows_come_in_pages,
    the_same_delivery_twice_is_one,
    deliveries_that_are_none_are_refused,
);

type Headers<'a> = &'a [(&'a str, &'a str)];

const WHERE: &str =
    "/v1/batches?form=rating&coverage_from=2024-01-01&coverage_to=2024-12-31&as_of=2025-10-01";
const HEAD: &str = "taxpayer_id,year,level,score,assessed_on,valid_from,superseded_on,cause\n";

/// A rating of a taxpayer whose number is not a USCC.
fn row(number: u32, level: &str) -> String {
    format!("44030419700101{number:04},2024,{level},86.5,2025-04-25,2025-04-25,,annual\n")
}

fn rows(count: u32) -> String {
    (0..count).map(|number| row(number, "B")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn deliver(site: &Site, path: &str, headers: Headers<'_>, body: Vec<u8>) -> (u16, Value) {
    let mut request = site.client("bureau").post(format!("{}{path}", site.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn csv(site: &Site, path: &str, body: &str) -> (u16, Value) {
    deliver(site, path, &[("Content-Type", "text/csv")], body.as_bytes().to_vec()).await
}

/// Batches not refused, whether or not anyone can see them, and the entries that make them visible.
fn traces(site: &Site) -> (usize, usize) {
    let staged = site.exchange().data.read(batches::staging).unwrap().len();
    let visible = deeds(site.entries()).iter().filter(|entry| entry["kind"] == "batch.committed").count();
    (staged, visible)
}

async fn half_a_delivery_leaves_nothing_and_can_be_sent_again(backend: Backend) {
    let site = Site::start(backend);
    let headers = [("Content-Type", "text/csv"), ("Content-Encoding", "gzip")];
    let whole = gzip(&format!("{HEAD}{}", rows(6_000)));
    for cut in [0, 5, whole.len() / 2, whole.len() - 4] {
        let (status, problem) = deliver(&site, WHERE, &headers, whole[..cut].to_vec()).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("malformed")), "{cut} bytes: {problem}");
        assert_eq!(traces(&site), (0, 0), "{cut} bytes");
    }
    let mut flipped = whole.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    let (status, problem) = deliver(&site, WHERE, &headers, flipped).await;
    assert_eq!(status, 400, "a wrong checksum at the very end: {problem}");
    assert_eq!(traces(&site), (0, 0));
    let (status, report) = deliver(&site, WHERE, &headers, whole).await;
    assert_eq!((status, report["accepted"].as_u64()), (201, Some(6_000)), "{report}");
    assert_eq!(report["repeated"], false);
    assert_eq!(traces(&site), (0, 1));
}

async fn an_upload_that_breaks_off_leaves_nothing(backend: Backend) {
    let site = Site::start(backend);
    let whole = format!("{HEAD}{}", rows(6_000));
    // Up to the end of a row, so that only the missing rest shows that it is not whole.
    let half = &whole[..whole[..whole.len() / 2].rfind('\n').unwrap() + 1];
    let length = whole.len().to_string();
    let chunk = format!("{:x}\r\n{half}\r\n", half.len());
    for (framing, part) in
        [(("Content-Length", length.as_str()), half), (("Transfer-Encoding", "chunked"), chunk.as_str())]
    {
        for ending in ["closed", "cut", "reset"] {
            let mut raw = Raw::member(&site, "bureau").await;
            raw.head(&format!("POST {WHERE}"), &[("Content-Type", "text/csv"), framing]).await.unwrap();
            raw.send(part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            match ending {
                "closed" => raw.stream.shutdown().await.unwrap(),
                "cut" => raw.stream.get_mut().0.shutdown().await.unwrap(),
                _reset => raw.stream.get_ref().0.set_zero_linger().unwrap(),
            }
            if ending == "reset" {
                drop(raw);
            }
            settle(&site).await;
            assert_eq!(traces(&site), (0, 0), "{framing:?} {ending}");
        }
    }
    let (status, report) = csv(&site, WHERE, &whole).await;
    assert_eq!(
        (status, report["accepted"].as_u64(), report["repeated"].as_bool()),
        (201, Some(6_000), Some(false))
    );
    assert_eq!(traces(&site), (0, 1));
}

/// Waits until no delivery is being loaded.
async fn settle(site: &Site) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..100 {
        if let Ok(_free) = batches::lock_imports(&site.exchange().data) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a delivery is still being loaded");
}

async fn bad_rows_are_named_or_skipped(backend: Backend) {
    let site = Site::start(backend);
    let mixed = format!(
        "{HEAD}{}{}{}{}",
        row(1, "A"),
        row(2, "Z"),
        row(3, "B").replace("2025-04-25", "soon"),
        row(4, "B")
    );
    let (status, problem) = csv(&site, WHERE, &mixed).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("invalid")), "{problem}");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/rows/2/level", "/rows/3/assessed_on"], "{problem}");
    assert_eq!(traces(&site), (0, 0), "refused whole");
    let (status, report) = csv(&site, &format!("{WHERE}&mode=skip_bad"), &mixed).await;
    assert_eq!(status, 201, "{report}");
    let counts = ["rows", "accepted", "rejected"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [4, 2, 2]);
    assert_eq!(report["errors"][0]["row"], 2);
    assert_eq!(report["errors"][0]["column"], "level");
    let url = report["errors_url"].as_str().unwrap();
    let (_, page) = site.json("bureau", Method::GET, url, None).await;
    assert_eq!(page["items"], report["errors"]);
    // A NUL, control characters and quotes in a cell are a bad row, never a fault.
    for cell in ["\0", "a\0b", "\u{1b}[2J", "\u{feff}"] {
        let odd = format!("{HEAD}{}{}", row(5, "B"), row(6, cell));
        let (status, problem) = csv(&site, WHERE, &odd).await;
        assert_eq!(status, 422, "{cell:?}: {problem}");
        let odd = json!({"taxpayer_id": "440304197001011234", cell: 1}).to_string();
        let kind = [("Content-Type", "application/x-ndjson")];
        let (status, problem) = deliver(&site, WHERE, &kind, odd.into_bytes()).await;
        assert_eq!(status, 422, "a key {cell:?}: {problem}");
    }
    assert_eq!(traces(&site), (0, 1));
}

async fn rejected_rows_come_in_pages(backend: Backend) {
    let site = Site::start(backend);
    let bad: String = (0..250).map(|number| row(number, "Z")).collect();
    let body = format!("{HEAD}{}{bad}", row(999, "A"));
    let (status, report) = csv(&site, &format!("{WHERE}&mode=skip_bad"), &body).await;
    assert_eq!((status, report["rejected"].as_u64()), (201, Some(250)), "{report}");
    assert_eq!(report["errors"].as_array().unwrap().len(), 100, "the first hundred");
    let url = report["errors_url"].as_str().unwrap();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = site.json("bureau", Method::GET, &format!("{url}?limit=99{cursor}"), None).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["row"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (2..=251).collect::<Vec<u64>>(), "in order, nothing twice, nothing missed");
    // The largest number there is, as a cursor; and words.
    for cursor in ["OTIyMzM3MjAzNjg1NDc3NTgwNw", "eHg", "LTE", "!"] {
        let (status, page) = site.json("bureau", Method::GET, &format!("{url}?after={cursor}"), None).await;
        assert!(status == 422 || status == 200, "{cursor}: {status} {page}");
    }
    for id in ["x", "a%00b", "00000000-0000-7000-8000-000000000000"] {
        let (status, _) = site.json("bureau", Method::GET, &format!("/v1/batches/{id}/errors"), None).await;
        assert_eq!(status, 404, "{id}");
    }
}

async fn the_same_delivery_twice_is_one(backend: Backend) {
    let site = Site::start(backend);
    let body = format!("{HEAD}{}", rows(10));
    let (status, first) = csv(&site, WHERE, &body).await;
    assert_eq!((status, first["repeated"].as_bool()), (201, Some(false)), "{first}");
    let before = deeds(site.entries());
    let (status, again) = csv(&site, WHERE, &body).await;
    assert_eq!((status, again["repeated"].as_bool()), (201, Some(true)), "{again}");
    assert_eq!((&again["batch_id"], &again["ledger_index"]), (&first["batch_id"], &first["ledger_index"]));
    let headers = [("Content-Type", "text/csv"), ("Content-Encoding", "gzip")];
    let (_, zipped) = deliver(&site, WHERE, &headers, gzip(&body)).await;
    assert_eq!((&zipped["batch_id"], zipped["repeated"].as_bool()), (&first["batch_id"], Some(true)));
    assert_eq!(deeds(site.entries()), before, "no new entry");
    let later = WHERE.replace("as_of=2025-10-01", "as_of=2025-11-01");
    let (status, other) = csv(&site, &later, &body).await;
    assert_eq!((status, other["unchanged"].as_u64()), (201, Some(10)), "true on another day: {other}");
    assert_ne!(other["batch_id"], first["batch_id"]);
}

async fn deliveries_that_are_none_are_refused(backend: Backend) {
    let site = Site::start(backend);
    let good = format!("{HEAD}{}", row(1, "A"));
    let csv_header = [("Content-Type", "text/csv")];
    for (path, status) in [
        (WHERE.replace("form=rating", "form=poem"), 422),
        (WHERE.replace("coverage_to=2024-12-31", "coverage_to=2023-12-31"), 422),
        (WHERE.replace("as_of=2025-10-01", "as_of=2025-13-01"), 422),
        (format!("{WHERE}&mode=most"), 422),
        (format!("{WHERE}&color=red"), 422),
        ("/v1/batches".to_owned(), 422),
    ] {
        let (got, problem) = deliver(&site, &path, &csv_header, good.clone().into_bytes()).await;
        assert_eq!(got, status, "{path} {problem}");
    }
    let bodies: [(Headers<'_>, &[u8]); 6] = [
        (&[("Content-Type", "application/json")], good.as_bytes()),
        (&[("Content-Type", "text/csv"), ("Content-Encoding", "br")], good.as_bytes()),
        (&[("Content-Type", "text/csv"), ("Content-Encoding", "gzip")], good.as_bytes()),
        (&csv_header, b""),
        (&csv_header, b"colour,taste\nred,sweet\n"),
        (&csv_header, b"taxpayer_id,year\xff\n"),
    ];
    for (headers, body) in bodies {
        let (got, problem) = deliver(&site, WHERE, headers, body.to_vec()).await;
        assert_eq!(got, 400, "{headers:?} {problem}");
    }
    assert_eq!(traces(&site), (0, 0));
}
