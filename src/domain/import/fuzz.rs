//! Every parser of the import against what nobody would send: no panic, no hang, every error with its place.
//!
//! A few hundred cases each by default. `SHUIDAIYI_FUZZ_SECONDS=20 cargo test --lib import::fuzz -- --nocapture
//! --test-threads=1` goes on for that long with each; `tests/results/fuzz.md` has the figures of such a run.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::definition::{self, Column};
use super::header::{Header, Language};
use super::json_line::Scalar;
use super::manifest::Manifest;
use super::rejected::{RejectedFile, Remark};
use super::values::{from_cell, from_json, from_sheet};
use super::workbook::SheetValue;
use super::*;

/// Seconds without a finished case after which a parser counts as hung.
const HUNG_AFTER_SECONDS: u64 = 30;
/// What breaks parsers: quotes, separators, signs, digits of both widths, marks, half characters.
const ODD: &str = "[-+.,;:'\"=@{}\\[\\]()（）０９一年月日元万是否税\\\\ \t\r\n\u{feff}\u{0}\u{1f600}a-cE0-9]";

/// Runs a check on generated inputs: some by default, or for as long as the environment says.
fn fuzz<S: Strategy>(name: &str, strategy: S, check: impl Fn(S::Value)) {
    let seconds: Option<u64> =
        std::env::var("SHUIDAIYI_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (cases, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(seconds.is_none())));
    watch(name.to_owned(), seconds.unwrap_or(0), &cases, &over);
    loop {
        let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&strategy, |value| {
                check(value);
                cases.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    if let Some(seconds) = seconds {
        println!("| {name} | {} | {seconds} |", cases.load(Ordering::Relaxed));
    }
}

/// Ends the run when its time is over, and the process when a case does not end.
fn watch(name: String, seconds: u64, cases: &Arc<AtomicU64>, over: &Arc<AtomicBool>) {
    let (cases, over) = (Arc::downgrade(cases), over.clone());
    std::thread::spawn(move || {
        let (mut passed, mut idle, mut last) = (0, 0, 0);
        while let Some(cases) = cases.upgrade() {
            let now = cases.load(Ordering::Relaxed);
            drop(cases);
            std::thread::sleep(Duration::from_secs(1));
            passed += 1;
            if passed >= seconds {
                over.store(true, Ordering::Relaxed);
            }
            idle = if now == last { idle + 1 } else { 0 };
            last = now;
            if idle > HUNG_AFTER_SECONDS {
                eprintln!("{name} hangs after {now} cases");
                std::process::abort();
            }
        }
    });
}

/// A few odd characters, or a text of another pattern.
fn odd(most: usize, or: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(&format!("{ODD}{{0,{most}}}{or}")).unwrap()
}

/// One damage to a file.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, Index),
    Cut(Index),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let damage = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<Index>(), ODD).prop_map(|(at, text)| Damage::Insert(at, text.into_bytes())),
        (any::<Index>(), proptest::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<Index>(), 1usize..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        any::<Index>().prop_map(Damage::Cut),
    ];
    proptest::collection::vec(damage, 1..6)
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        let place = |at: &Index, length: usize| at.index(length + 1);
        let length = bytes.len();
        match damage {
            Damage::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(length.max(1))) {
                    *place = *byte;
                }
            }
            Damage::Insert(at, more) => {
                let at = place(at, length);
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = place(at, length);
                bytes.drain(at..(at + count).min(length));
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (place(from, length), place(to, length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
            Damage::Cut(at) => bytes.truncate(place(at, length)),
        }
    }
    bytes
}

fn form(at: Index) -> &'static Form {
    at.get(Form::all())
}

fn sample(form: &Form, ending: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/import/samples");
    std::fs::read(format!("{folder}/{}.{ending}", form.id())).unwrap()
}

fn column(form_at: Index, column_at: Index) -> &'static Column {
    column_at.get(form(form_at).columns())
}

/// Reads everything; each problem has a place within the file.
fn drain(mut rows: Rows<'_>, lines: u64) {
    let file = RejectedFile::new(rows.header());
    let mut last = 0;
    while let Some(row) = rows.next() {
        match row {
            Ok(record) => assert!(serde_json::from_str::<serde_json::Value>(&record.body).is_ok()),
            Err(RowProblem::Rejected(error)) => {
                assert!(error.row > last && error.line >= error.row && error.line <= lines, "{error:?}");
                assert!(!error.message.is_empty());
                last = error.row;
                let line = file.line(rows.original().as_deref(), Remark::from(&error));
                assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line}");
            }
            Err(RowProblem::Broken(broken)) => {
                assert!(broken.line <= lines + 1 && !broken.message.is_empty(), "{broken:?}");
            }
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.split(|byte| *byte == b'\n').count()).unwrap()
}

#[test]
fn csv_lines() {
    fuzz("CSV line", odd(60, ""), |line| {
        if let Ok(cells) = csv_line::split(&line) {
            assert!(!cells.is_empty() && cells.len() <= line.len() + 1);
        }
    });
}

#[test]
fn json_lines() {
    let any_text = odd(60, "");
    let like_one =
        r#"\{("[a-c税\\]{0,3}":(null|true|-?[0-9]{1,20}|[0-9]\.[0-9]|1e9|"[a-c]{0,3}"|\[|\{\}),?){0,4}\}?"#;
    fuzz("JSON line", prop_oneof![any_text, like_one], |line| {
        drop(json_line::members(&line));
    });
}

#[test]
fn headers() {
    let names = (any::<Index>(), proptest::collection::vec((any::<Index>(), ODD, 0..12u8), 0..40));
    fuzz("header", names, |(form_at, picks)| {
        let form = form(form_at);
        let name = |(at, odd, way): &(Index, String, u8)| {
            let column = at.get(form.columns());
            match way {
                0 => odd.clone(),
                1 => format!("{}{odd}", column.name_zh),
                2 => format!("{}({})", column.name_zh, column.unit_zh),
                3 => format!("{}（{odd}）", column.name_zh),
                4..=7 => column.name_zh.clone(),
                _ => column.name.clone(),
            }
        };
        let names: Vec<String> = picks.iter().map(name).collect();
        match Header::resolve(form, &names) {
            Ok(header) => assert_eq!(header.places.len(), names.len()),
            Err(fault) => assert!(fault.message.starts_with("header: "), "{fault}"),
        }
    });
}

#[test]
fn cells_of_every_kind() {
    let numbers = prop_oneof![any::<f64>(), (-1e16..1e16f64), (0..3_000_000u32).prop_map(f64::from)];
    let cell = (any::<Index>(), any::<Index>(), odd(24, "|[0-9,.年/-]{1,14}"), numbers);
    fuzz("cells of every kind", cell, |(form_at, column_at, text, number)| {
        let column = column(form_at, column_at);
        for language in [Language::English, Language::Chinese] {
            for value in
                [SheetValue::Text(text.clone()), SheetValue::Number(number), SheetValue::Serial(number, None)]
            {
                if let Err(fault) = from_sheet(column, language, &value) {
                    assert_eq!(fault.column.as_ref(), Some(&column.name));
                }
            }
            if let Err(fault) = from_cell(column, language, &text) {
                assert_eq!(fault.column.as_ref(), Some(&column.name));
                assert!(text.chars().count() < 12 || !fault.message.contains(&text), "{}", fault.message);
            }
        }
        for scalar in [Scalar::Text(text.as_str().into()), Scalar::OtherNumber] {
            drop(from_json(column, &scalar));
        }
    });
}

#[test]
fn dates_and_amounts() {
    fuzz("dates and amounts", "[-+0-9,.年月日/ '０９]{0,20}", |text| {
        let plain = written::plain(&text);
        if let Some(day) = written::date(&plain) {
            assert_eq!(written::plain_date(&day.to_string()), Some(day));
        }
        for decimals in [0, 2, 6] {
            if let Ok(number) = written::number(&plain, decimals) {
                let back = rust_decimal::Decimal::new(number, u32::try_from(decimals).unwrap());
                let same = plain.replace(',', "").parse::<rust_decimal::Decimal>();
                assert_eq!(same.ok(), Some(back), "{plain}");
            }
        }
    });
}

#[test]
fn gb18030_streams() {
    let base = (proptest::collection::vec(any::<u8>(), 0..200), ".{0,80}", damages());
    fuzz("GB18030 stream", base, |(bytes, text, damages)| {
        let (encoded, _, _) = encoding_rs::GB18030.encode(&text);
        for bytes in [bytes, damaged(&encoded, &damages)] {
            let mut decoded = Vec::new();
            let end = Charset::Gb18030.decode(bytes.as_slice()).read_to_end(&mut decoded);
            let decoded = String::from_utf8(decoded).unwrap();
            let (whole, _, malformed) = encoding_rs::GB18030.decode(&bytes);
            assert!(
                end.is_err()
                    || malformed
                    || whole.trim_start_matches('\u{feff}') == decoded.trim_start_matches('\u{feff}')
            );
        }
    });
}

#[test]
fn packed_bytes() {
    let base = (any::<Index>(), damages(), any::<bool>());
    fuzz("gzip and zstd", base, |(form_at, damages, gzip)| {
        let text = sample(form(form_at), "csv");
        let (compression, packed) = if gzip {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&text).unwrap();
            (Compression::Gzip, encoder.finish().unwrap())
        } else {
            (Compression::Zstd, zstd::stream::encode_all(text.as_slice(), 1).unwrap())
        };
        let packed = damaged(&packed, &damages);
        let unpacked = compression.unpack(packed.as_slice()).unwrap();
        if let Ok(rows) = Rows::open(form(form_at), Syntax::Csv, unpacked) {
            drain(rows, u64::MAX - 1);
        }
    });
}

/// A small workbook of a form: its sample's header and cells as text.
fn workbook(form: &Form) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let text = String::from_utf8(sample(form, "csv")).unwrap();
    for (row, line) in (0..).zip(text.lines()) {
        for (at, cell) in (0..).zip(csv_line::split(line).unwrap()) {
            match cell.parse::<f64>() {
                Ok(number) if number.abs() < 1e15 => sheet.write(row, at, number).unwrap(),
                _ => sheet.write(row, at, cell.as_ref()).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// The workbook with one of its parts damaged, and the container around it whole.
fn with_damaged_part(bytes: Vec<u8>, at: Index, damages: &[Damage]) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let chosen = at.index(old.len());
    for index in 0..old.len() {
        let mut part = old.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        if index == chosen {
            content = damaged(&content, damages);
        }
        new.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&content).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn workbooks() {
    let base = (any::<Index>(), any::<Index>(), damages(), any::<bool>());
    let workbooks: Vec<Vec<u8>> = Form::all().iter().map(workbook).collect();
    fuzz("XLSX, container or part damaged", base, |(form_at, part, damages, inside)| {
        let whole = form_at.get(&workbooks).clone();
        let bytes = if inside { with_damaged_part(whole, part, &damages) } else { damaged(&whole, &damages) };
        match Rows::workbook(form(form_at), Cursor::new(bytes)) {
            Ok(rows) => drain(rows, u64::MAX - 1),
            Err(broken) => assert!(!broken.message.is_empty()),
        }
    });
}

#[test]
fn manifests() {
    let manifest = r#"{"city":{"seed":1,"taxpayers":60,"until":"2026-10-01"},"files":[{"file":"a.csv","form":"rating",
        "syntax":"csv","encoding":"gb18030","compression":"zstd","coverage_from":"2026-01-01","coverage_to":"2026-01-31",
        "as_of":"2026-02-01","rows":2,"sha256":"00"}]}"#;
    assert!(serde_json::from_str::<Manifest>(manifest).is_ok());
    fuzz("manifest", damages(), |damages| {
        if let Err(error) = serde_json::from_slice::<Manifest>(&damaged(manifest.as_bytes(), &damages)) {
            assert!(error.line() > 0 || error.is_eof(), "{error}");
        }
    });
}

#[test]
fn definitions() {
    fuzz("form definition", (any::<Index>(), damages()), |(form_at, damages)| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/import");
        let text = std::fs::read(format!("{folder}/{}.csv", form(form_at).id())).unwrap();
        let text = String::from_utf8_lossy(&damaged(&text, &damages)).into_owned();
        if let Err(why) = definition::columns(&text) {
            assert!(!why.is_empty());
        }
    });
}

#[test]
fn whole_files() {
    let base = (any::<Index>(), damages(), 0..3u8);
    fuzz("whole rows of damaged samples", base, |(form_at, damages, way)| {
        let form = form(form_at);
        let (syntax, charset) = match way {
            0 => (Syntax::Csv, Charset::Utf8),
            1 => (Syntax::Ndjson, Charset::Utf8),
            _ => (Syntax::Csv, Charset::Gb18030),
        };
        let mut bytes = sample(form, syntax.as_str());
        if charset == Charset::Gb18030 {
            bytes = encoding_rs::GB18030.encode(std::str::from_utf8(&bytes).unwrap()).0.into_owned();
        }
        let bytes = damaged(&bytes, &damages);
        match Rows::decoded(form, syntax, charset, bytes.as_slice()) {
            Ok(rows) => drain(rows, lines(&bytes)),
            Err(broken) => assert!(broken.line == 1 && !broken.message.is_empty(), "{broken:?}"),
        }
    });
}
