//! Deliveries in every format over HTTP, bombs, and rejected rows fetched as a file, mended and sent again.

use std::io::Write;

use encoding_rs::GB18030;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use shuidaiyi::store::batches;

use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    the_same_rows_in_every_format_are_the_same_records,
    bombs_are_refused_by_name,
    what_is_not_in_its_format_is_refused,
    rejected_rows_are_fetched_mended_and_sent_again,
    rejected_objects_are_fetched_mended_and_sent_again,
    originals_are_forgotten_after_a_while,
);

type Headers<'a> = &'a [(&'a str, &'a str)];

const WHERE: &str =
    "/v1/batches?form=rating&coverage_from=2024-01-01&coverage_to=2024-12-31&as_of=2025-10-01";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NAMES: [&str; 8] =
    ["taxpayer_id", "year", "level", "score", "assessed_on", "valid_from", "superseded_on", "cause"];

/// Cells of a rating of a taxpayer whose number is not a USCC.
fn cells(number: u32, level: &str) -> [String; 8] {
    let id = format!("44030419700101{number:04}");
    [&id, "2024", level, "86.5", "2025-04-25", "2025-04-25", "", "annual"].map(str::to_owned)
}

fn english(rows: &[[String; 8]]) -> String {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    std::iter::once(NAMES.join(",") + "\n").chain(lines).collect()
}

fn names_zh() -> Vec<String> {
    let form = shuidaiyi::domain::import::Form::by_id("rating").unwrap();
    let name =
        |name: &&str| form.columns().iter().find(|column| column.name == **name).unwrap().name_zh.clone();
    NAMES.iter().map(name).collect()
}

fn chinese(rows: &[[String; 8]]) -> String {
    let lines = rows.iter().map(|row| row.join(",").replace("2025-04-25", "2025年4月25日") + "\r\n");
    std::iter::once(names_zh().join(",") + "\r\n").chain(lines).collect()
}

fn workbook(rows: &[[String; 8]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, name) in (0..).zip(names_zh()) {
        sheet.write(0, at, name).unwrap();
        for (row, cells) in (1..).zip(rows) {
            let cell = cells[usize::from(at)].as_str();
            match cell.parse::<f64>() {
                Ok(number) if at > 0 => sheet.write(row, at, number).unwrap(),
                _ => sheet.write(row, at, cell).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn gb18030(text: &str) -> Vec<u8> {
    let (bytes, _, unmapped) = GB18030.encode(text);
    assert!(!unmapped);
    bytes.into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

async fn deliver(site: &Site, path: &str, headers: Headers<'_>, body: Vec<u8>) -> (u16, Value) {
    let mut request = site.client("bureau").post(format!("{}{path}", site.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The answer as text, with its media type.
async fn fetch(site: &Site, path: &str, accept: &str) -> (u16, String, String) {
    let request = site.client("bureau").get(format!("{}{path}", site.url())).header("Accept", accept);
    let response = request.send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

fn records(site: &Site) -> i64 {
    sql::number(&sql::data(site), "SELECT count(*) AS n FROM record")
}

async fn the_same_rows_in_every_format_are_the_same_records(backend: Backend) {
    let site = Site::start(backend);
    let rows: Vec<_> = (0..300).map(|number| cells(number, "B")).collect();
    let gb = gb18030(&chinese(&rows));
    let deliveries: [(Headers<'_>, Vec<u8>); 7] = [
        (&[("Content-Type", "text/csv")], english(&rows).into_bytes()),
        (&[("Content-Type", "text/csv"), ("Content-Encoding", "zstd")], zstd(english(&rows).as_bytes())),
        (&[("Content-Type", "text/csv; charset=GB18030")], gb.clone()),
        (&[("Content-Type", "text/csv;charset=\"gbk\""), ("Content-Encoding", "gzip")], gzip(&gb)),
        (&[("Content-Type", "text/csv; charset=utf-8")], format!("\u{feff}{}", chinese(&rows)).into_bytes()),
        (&[("Content-Type", XLSX)], workbook(&rows)),
        (&[("Content-Type", XLSX), ("Content-Encoding", "gzip")], gzip(&workbook(&rows))),
    ];
    for (at, (headers, body)) in deliveries.into_iter().enumerate() {
        // Each for a day of its own, so that none is a repeat of another.
        let path = WHERE.replace("as_of=2025-10-01", &format!("as_of=2025-10-{:02}", at + 1));
        let (status, report) = deliver(&site, &path, headers, body).await;
        assert_eq!(status, 201, "{headers:?}: {report}");
        let unchanged = if at == 0 { 0 } else { 300 };
        assert_eq!(
            (report["accepted"].as_u64(), report["unchanged"].as_u64()),
            (Some(300), Some(unchanged)),
            "{headers:?}"
        );
    }
    assert_eq!(records(&site), 300);
}

async fn bombs_are_refused_by_name(backend: Backend) {
    let site = Site::start(backend);
    // Eighty MiB of short lines, so that nothing else is wrong with them before the limit.
    let lines = format!("{}\n{}", NAMES.join(","), "\n".repeat(80 << 20)).into_bytes();
    let csv = ("Content-Type", "text/csv");
    for (headers, body) in [
        ([csv, ("Content-Encoding", "gzip")], gzip(&lines)),
        ([csv, ("Content-Encoding", "zstd")], zstd(&lines)),
        ([("Content-Type", XLSX), ("Content-Encoding", "zstd")], zstd(&lines)),
    ] {
        let sent = body.len();
        let (status, problem) = deliver(&site, WHERE, &headers, body).await;
        assert_eq!((status, problem["code"].as_str()), (413, Some("too-large")), "{headers:?}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("200 times"), "{problem}");
        assert!(sent < 1 << 20);
    }
    let left = site.exchange().data.read(batches::staging).unwrap();
    assert_eq!(left.len(), 0);
}

async fn what_is_not_in_its_format_is_refused(backend: Backend) {
    let site = Site::start(backend);
    let rows = [cells(1, "A")];
    let csv = "text/csv";
    let bodies: [(Headers<'_>, Vec<u8>, &str); 8] = [
        (&[("Content-Type", csv)], gb18030("纳税人识别号,评价年度\n"), "GB18030"),
        (&[("Content-Type", "text/csv; charset=big5")], english(&rows).into_bytes(), "UTF-8 or GB18030"),
        (
            &[("Content-Type", "text/csv; charset=gb18030")],
            b"\xEF\xBB\xBFtaxpayer_id\n".to_vec(),
            "byte order mark",
        ),
        (&[("Content-Type", XLSX)], english(&rows).into_bytes(), "XLSX"),
        (&[("Content-Type", XLSX)], workbook(&rows)[..900].to_vec(), "XLSX"),
        (&[("Content-Type", csv), ("Content-Encoding", "zstd")], english(&rows).into_bytes(), "breaks off"),
        (
            &[("Content-Type", csv), ("Content-Encoding", "zstd")],
            zstd(english(&rows).as_bytes())[..60].to_vec(),
            "",
        ),
        (&[("Content-Type", csv)], english(&rows).replace("year", "评价年度").into_bytes(), "throughout"),
    ];
    for (headers, body, word) in bodies {
        let (status, problem) = deliver(&site, WHERE, headers, body).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("malformed")), "{headers:?}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{headers:?}: {problem}");
    }
    assert_eq!(records(&site), 0);
}

async fn rejected_rows_are_fetched_mended_and_sent_again(backend: Backend) {
    let site = Site::start(backend);
    let mut formula = cells(2, "Z");
    formula[7] = "=annual".to_owned();
    let rows = [cells(1, "A"), formula, cells(3, "B"), cells(3, "B")];
    let headers = [("Content-Type", "text/csv; charset=GB18030")];
    let (status, problem) = deliver(&site, WHERE, &headers, gb18030(&chinese(&rows))).await;
    assert_eq!(
        (status, problem["code"].as_str(), problem["rejected"].as_u64()),
        (422, Some("invalid"), Some(2)),
        "{problem}"
    );
    assert_eq!(problem["errors"][0]["pointer"], "/rows/2/level");
    assert_eq!(
        (&problem["errors"][0]["rule"], &problem["errors"][0]["line"]),
        (&"code.unknown".into(), &3.into())
    );
    assert_eq!(problem["errors"][1]["rule"], "duplicate.record");
    let url = problem["errors_url"].as_str().unwrap();
    assert!(url.contains(problem["batch_id"].as_str().unwrap()));
    let (_, page) = site.json("bureau", Method::GET, url, None).await;
    assert_eq!(page["items"][0]["rule"], "code.unknown");
    let (status, kind, file) = fetch(&site, url, "text/csv").await;
    assert_eq!((status, kind.as_str()), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 3, "{file}");
    assert_eq!(lines[0], format!("\u{feff}{},_row,_column,_rule,_message", names_zh().join(",")));
    assert!(lines[1].contains(",'=annual,2,level,code.unknown,"), "{file}");
    // Mended in place, remarks left where they are: the readers pass over them.
    let mended = file.replace(",Z,", ",A,").replace("'=annual", "annual");
    let (status, report) = deliver(&site, WHERE, &[("Content-Type", "text/csv")], mended.into_bytes()).await;
    assert_eq!((status, report["accepted"].as_u64()), (201, Some(2)), "{report}");
    let (status, _, refused) = fetch(&site, url, "application/x-ndjson").await;
    assert_eq!(status, 400, "{refused}");
    // Of a workbook the rejected rows come as CSV too.
    let (_, problem) = deliver(&site, WHERE, &[("Content-Type", XLSX)], workbook(&rows)).await;
    let (status, _, again) = fetch(&site, problem["errors_url"].as_str().unwrap(), "text/csv").await;
    assert_eq!(status, 200);
    assert!(
        again.contains("440304197001010002,2024,Z,86.5,2025-04-25,2025-04-25,,'=annual,2,level,"),
        "{again}"
    );
}

async fn rejected_objects_are_fetched_mended_and_sent_again(backend: Backend) {
    let site = Site::start(backend);
    let row = |number: u32, level: &str| {
        format!(
            r#"{{"taxpayer_id":"44030419700101{number:04}","year":2024,"level":"{level}","assessed_on":"2025-04-25","valid_from":"2025-04-25","cause":"annual"}}"#
        )
    };
    let body = format!("{}\n{}\nno object \0\n", row(1, "A"), row(2, "Z"));
    let headers = [("Content-Type", "application/x-ndjson")];
    let (status, problem) = deliver(&site, WHERE, &headers, body.into_bytes()).await;
    assert_eq!((status, problem["rejected"].as_u64()), (422, Some(2)), "{problem}");
    assert_eq!(problem["errors"][1]["rule"], "shape.json");
    let (status, kind, file) =
        fetch(&site, problem["errors_url"].as_str().unwrap(), "application/x-ndjson").await;
    assert_eq!((status, kind.as_str()), (200, "application/x-ndjson"));
    let lines: Vec<&str> = file.lines().collect();
    assert!(
        lines[0].starts_with(&row(2, "Z")[..40]) && lines[0].contains(r#""_rule":"code.unknown""#),
        "{file}"
    );
    assert!(lines[1].starts_with(r#"{"_row":3,"_column":null,"_rule":"shape.json""#), "{file}");
    let mended = lines[0].replace("\"Z\"", "\"B\"");
    let (status, report) = deliver(&site, WHERE, &headers, mended.into_bytes()).await;
    assert_eq!((status, report["accepted"].as_u64()), (201, Some(1)), "{report}");
}

async fn originals_are_forgotten_after_a_while(backend: Backend) {
    let site = Site::start(backend);
    let headers = [("Content-Type", "text/csv")];
    let (_, problem) = deliver(&site, WHERE, &headers, english(&[cells(1, "Z")]).into_bytes()).await;
    let url = problem["errors_url"].as_str().unwrap().to_owned();
    let (_, _, file) = fetch(&site, &url, "text/csv").await;
    assert!(file.contains("440304197001010001"), "{file}");
    site.clock.advance_seconds(31 * 86_400);
    deliver(&site, WHERE, &headers, english(&[cells(2, "A")]).into_bytes()).await;
    let (status, _, file) = fetch(&site, &url, "text/csv").await;
    assert!(status == 200 && !file.contains("440304197001010001") && file.contains("code.unknown"), "{file}");
}
