//! A delivery is the same in every format: NDJSON in English, XLSX and GB18030 CSV under Chinese headers, plain or packed.
//!
//! The rows are those of `schema/import/samples/*.ndjson`, so every form that has a sample takes part.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::as_conversions,
    reason = "a test fails by panicking, also in its helpers"
)]

use std::io::{Cursor, Read, Write};

use calamine::{Data, Reader, Xlsx};
use chrono::{Datelike, NaiveDate};
use encoding_rs::GB18030;
use rust_decimal::Decimal;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use serde_json::{Map, Value};
use shuidaiyi::domain::import::{
    Broken, Charset, Column, Compression, Form, InputRule, Kind, RowError, RowProblem, Rows, Syntax,
};
use shuidaiyi::domain::record::Record;

type Read1 = Result<Vec<Result<Record, RowProblem>>, Broken>;

fn sample(form: &Form) -> String {
    let path = format!("{}/schema/import/samples/{}.ndjson", env!("CARGO_MANIFEST_DIR"), form.id());
    std::fs::read_to_string(path).unwrap()
}

fn rows(form: &Form) -> Vec<Map<String, Value>> {
    sample(form).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn form(id: &str) -> &'static Form {
    Form::by_id(id).unwrap()
}

fn records(read: Read1) -> Vec<Record> {
    read.unwrap().into_iter().map(|row| row.unwrap_or_else(|problem| panic!("{problem}"))).collect()
}

fn errors(read: Read1) -> Vec<RowError> {
    let error = |row: Result<Record, RowProblem>| match row {
        Err(RowProblem::Rejected(error)) => Some(error),
        Ok(_) => None,
        Err(RowProblem::Broken(broken)) => panic!("{broken}"),
    };
    read.unwrap().into_iter().filter_map(error).collect()
}

fn read_text(form: &'static Form, syntax: Syntax, charset: Charset, bytes: &[u8]) -> Read1 {
    Ok(Rows::decoded(form, syntax, charset, bytes)?.collect())
}

fn read_workbook(form: &'static Form, bytes: Vec<u8>) -> Read1 {
    Ok(Rows::workbook(form, Cursor::new(bytes))?.collect())
}

/// The header cell of a column as an export writes it: some with the unit, in either width of brackets.
fn header_zh(at: usize, column: &Column) -> String {
    let unit = &column.unit_zh;
    match (unit.is_empty(), at % 3) {
        (true, _) | (false, 0) => column.name_zh.clone(),
        (false, 1) => format!("{}({unit})", column.name_zh),
        (false, _) => format!("{}（{unit}）", column.name_zh),
    }
}

fn decimals(column: &Column) -> u32 {
    if column.unit_zh == "万元" { 6 } else { 2 }
}

/// The cell under a Chinese header that means what the NDJSON member means.
fn write_zh(sheet: &mut Worksheet, row: u32, at: u16, column: &Column, value: &Value) {
    let date = Format::new().set_num_format("yyyy/m/d");
    match (column.kind, value) {
        (_, Value::Null) => {}
        (Kind::Fen, value) => {
            let amount = Decimal::new(value.as_i64().unwrap(), decimals(column));
            sheet.write(row, at, amount.to_string().parse::<f64>().unwrap()).unwrap();
        }
        (Kind::Integer, value) => {
            sheet.write(row, at, value.as_i64().unwrap() as f64).unwrap();
        }
        (Kind::Decimal, value) => {
            sheet.write(row, at, value.as_str().unwrap().parse::<f64>().unwrap()).unwrap();
        }
        (Kind::Boolean, value) => {
            sheet.write(row, at, if value.as_bool().unwrap() { "是" } else { "否" }).unwrap();
        }
        (Kind::Date, value) => {
            let day: NaiveDate = value.as_str().unwrap().parse().unwrap();
            let (month, day_of) = (u8::try_from(day.month()).unwrap(), u8::try_from(day.day()).unwrap());
            let serial = ExcelDateTime::from_ymd(u16::try_from(day.year()).unwrap(), month, day_of).unwrap();
            sheet.write_with_format(row, at, &serial, &date).unwrap();
        }
        (Kind::Code, value) => {
            let code = value.as_str().unwrap();
            let choice = column.choices.iter().find(|choice| choice.code == code).unwrap();
            sheet.write(row, at, choice.label_zh.as_str()).unwrap();
        }
        (Kind::Text | Kind::Uscc | Kind::TaxpayerId | Kind::Digits | Kind::Letters, value) => {
            sheet.write(row, at, value.as_str().unwrap()).unwrap();
        }
    }
}

/// The sample of a form as a workbook under Chinese headers.
fn workbook_zh(form: &Form) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, column) in form.columns().iter().enumerate() {
        let place = u16::try_from(at).unwrap();
        sheet.write(0, place, header_zh(at, column)).unwrap();
        for (row, object) in (1..).zip(rows(form)) {
            write_zh(sheet, row, place, column, object.get(&column.name).unwrap_or(&Value::Null));
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// The first sheet as a Chinese program exports it to CSV: amounts with separators, days with slashes, GB18030.
fn exported_csv(form: &Form, workbook: &[u8]) -> Vec<u8> {
    let mut workbook = Xlsx::new(Cursor::new(workbook)).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in range.rows() {
        let mut cells: Vec<String> = (0..form.columns().len())
            .map(|at| match row.get(at) {
                None | Some(Data::Empty) => String::new(),
                Some(Data::String(text)) => text.clone(),
                Some(Data::Float(number)) if form.columns()[at].kind == Kind::Fen => {
                    separated(*number, usize::try_from(decimals(&form.columns()[at])).unwrap())
                }
                Some(Data::Float(number)) => number.to_string(),
                Some(Data::DateTime(moment)) => {
                    let (year, month, day, ..) = moment.to_ymd_hms_milli();
                    format!("{year}/{month}/{day}")
                }
                Some(other) => panic!("{other:?}"),
            })
            .collect();
        // Digits that must stay digits are exported behind a tab or an apostrophe.
        for (cell, column) in cells.iter_mut().zip(form.columns()) {
            if matches!(column.kind, Kind::TaxpayerId | Kind::Digits)
                && cell.starts_with(|c: char| c.is_ascii_digit())
            {
                cell.insert(0, if column.kind == Kind::Digits { '\'' } else { '\t' });
            }
        }
        writer.write_record(&cells).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap().replace('\n', "\r\n");
    let (bytes, _, unmapped) = GB18030.encode(&text);
    assert!(!unmapped);
    bytes.into_owned()
}

fn separated(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}

#[test]
fn a_chinese_workbook_and_its_gb18030_export_load_as_the_english_ndjson_does() {
    let mut forms = 0;
    for form in Form::all() {
        let expected = records(read_text(form, Syntax::Ndjson, Charset::Utf8, sample(form).as_bytes()));
        assert!(!expected.is_empty(), "{form:?}");
        let workbook = workbook_zh(form);
        let csv = exported_csv(form, &workbook);
        assert!(std::str::from_utf8(&csv).is_err(), "{form:?}: really GB18030");
        assert_eq!(records(read_text(form, Syntax::Csv, Charset::Gb18030, &csv)), expected, "{form:?} CSV");
        assert_eq!(records(read_workbook(form, workbook)), expected, "{form:?} XLSX");
        forms += 1;
    }
    assert_eq!(forms, Form::all().len());
}

#[test]
fn packed_files_load_as_they_were() {
    let form = form("rating");
    let text = sample(form);
    let expected = records(read_text(form, Syntax::Ndjson, Charset::Utf8, text.as_bytes()));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    for (compression, packed) in [
        (Compression::Gzip, gzip.finish().unwrap()),
        (Compression::Zstd, zstd::stream::encode_all(text.as_bytes(), 3).unwrap()),
    ] {
        let unpacked = compression.unpack(packed.as_slice()).unwrap();
        let rows = Rows::open(form, Syntax::Ndjson, unpacked).unwrap().collect();
        assert_eq!(records(Ok(rows)), expected);
    }
}

#[test]
fn a_file_in_another_charset_than_stated_says_which_to_state() {
    let form = form("registration");
    let (gb, _, _) = GB18030.encode("纳税人识别号,纳税人名称\r\n");
    let broken = read_text(form, Syntax::Csv, Charset::Utf8, &gb).unwrap_err();
    assert_eq!((broken.rule, broken.line), (InputRule::InputCharset, 1));
    assert!(broken.message.contains("state charset GB18030"), "{broken}");
    // Half a character at the end of the second line.
    let good = sample(form);
    let first = good.lines().next().unwrap();
    let (mut bytes, _, _) = GB18030.encode(first);
    bytes.to_mut().extend_from_slice(b"\n{\"name\":\"\xB9\xFF\"}\n");
    let items = read_text(form, Syntax::Ndjson, Charset::Gb18030, &bytes).unwrap();
    let [Ok(_), Err(RowProblem::Broken(broken))] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((broken.rule, broken.line), (InputRule::InputCharset, 2));
}

const RATING_ZH: &str = "纳税人识别号,评价年度,评价级别,评价得分,";

/// The rating form's required columns under their Chinese names, and a good row.
fn rating_zh() -> (Vec<String>, Vec<String>) {
    let form = form("rating");
    let row = rows(form).remove(0);
    let text = |column: &Column| match &row[&column.name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let required: Vec<&Column> = form.columns().iter().filter(|column| column.required).collect();
    (required.iter().map(|c| c.name_zh.clone()).collect(), required.iter().map(|c| text(c)).collect())
}

#[test]
fn rows_may_be_full_width_and_errors_say_line_column_and_rule() {
    let (names, row) = rating_zh();
    assert!(RATING_ZH.starts_with(&names[0]));
    let line = |cells: &[String]| cells.join(",") + "\n";
    let wide: Vec<String> = row
        .iter()
        .map(|cell| {
            cell.chars()
                .map(|c| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c })
                .collect()
        })
        .collect();
    let mut wrong = row.clone();
    wrong[2] = "Z".to_owned();
    let text = format!("\u{feff}{}{}\n{}{}", line(&names), line(&row), line(&wide), line(&wrong));
    let items = read_text(form("rating"), Syntax::Csv, Charset::Utf8, text.as_bytes()).unwrap();
    assert_eq!(items[0].as_ref().unwrap().body, items[1].as_ref().unwrap().body, "full width is half width");
    let Err(RowProblem::Rejected(error)) = &items[2] else { panic!() };
    assert_eq!((error.row, error.line, error.rule), (3, 5, InputRule::CodeUnknown));
    assert_eq!(error.column.as_deref(), Some("level"));
    assert!(error.message.contains("A, B, M, C, D") && !error.message.contains('Z'));
}

#[test]
fn amounts_under_chinese_headers_are_yuan_to_the_fen() {
    let form = form("registration");
    let object = rows(form).remove(0);
    let amount = form.columns().iter().find(|column| column.name == "reg_capital_fen").unwrap();
    let wanted: Vec<&Column> = form
        .columns()
        .iter()
        .filter(|c| c.required || c.name == "currency" || c.name == amount.name)
        .collect();
    let line = |stated: &str| {
        let cell = |column: &&Column| {
            let value =
                if column.name == amount.name { stated } else { object[&column.name].as_str().unwrap() };
            format!("\"{value}\"")
        };
        wanted.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
    };
    let header: Vec<&str> = wanted.iter().map(|column| column.name_zh.as_str()).collect();
    let read = |stated: &str| {
        let text = format!("{}\n{}", header.join(","), line(stated));
        read_text(form, Syntax::Csv, Charset::Utf8, text.as_bytes())
    };
    for (stated, fen) in [("1,000,000.5", 100_000_050_i64), ("１２．３４", 1_234), ("'500", 50_000), ("0", 0)]
    {
        let body: Value = serde_json::from_str(&records(read(stated))[0].body).unwrap();
        assert_eq!(body["reg_capital_fen"], fen, "{stated}");
    }
    for (stated, rule) in [
        ("1.005", InputRule::TypeDecimals),
        ("1.000", InputRule::TypeDecimals),
        ("10,00.00", InputRule::TypeGrouping),
        ("1e6", InputRule::TypeFen),
        ("100 元", InputRule::TypeFen),
        ("100000000000000", InputRule::ValueRange),
        ("-1", InputRule::ValueRange),
    ] {
        let error = errors(read(stated)).remove(0);
        assert_eq!((error.rule, error.column.as_deref()), (rule, Some("reg_capital_fen")), "{stated}");
        assert!(error.message.contains("元") && !error.message.contains(stated), "{error}");
    }
}

#[test]
fn a_number_cell_that_lost_digits_is_refused_and_an_exact_one_taken() {
    let form = form("rating");
    let (names, row) = rating_zh();
    let read = |taxpayer: f64, score: f64| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (at, (name, cell)) in (0_u16..).zip(names.iter().zip(&row)) {
            sheet.write(0, at, name.as_str()).unwrap();
            match at {
                0 => sheet.write(1, at, taxpayer).unwrap(),
                _ => sheet.write(1, at, cell.as_str()).unwrap(),
            };
        }
        let last = u16::try_from(names.len()).unwrap();
        sheet.write(0, last, "评价得分（分）").unwrap();
        sheet.write(1, last, score).unwrap();
        read_workbook(form, workbook.save_to_buffer().unwrap())
    };
    let lost = errors(read(914_403_001_922_038_216.0, 86.5)).remove(0);
    assert_eq!((lost.row, lost.line, lost.rule), (1, 2, InputRule::TypeNumberCell));
    assert!(lost.message.contains("format the column as text"), "{lost}");
    let noise = errors(read(440_304_197_001_012.0, 0.1 + 0.2)).remove(0);
    assert_eq!((noise.column.as_deref(), noise.rule), (Some("score"), InputRule::TypeDecimals));
    let taken = records(read(440_304_197_001_012.0, 86.5)).remove(0);
    assert_eq!(taken.taxpayer.as_str(), "440304197001012");
    assert!(taken.body.contains(r#""score":"86.5""#));
}

/// A workbook with one part more, or another in its place.
fn zip_with(name: &str, mut bytes: impl Read) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut old = zip::ZipArchive::new(Cursor::new(workbook_zh(form("rating")))).unwrap();
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let old_name = entry.name().unwrap().into_owned();
        if old_name != name {
            writer.start_file(old_name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::copy(&mut entry, &mut writer).unwrap();
        }
    }
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    std::io::copy(&mut bytes, &mut writer).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_cell_reference_past_every_sheet_is_refused() {
    let sheet = "<worksheet><sheetData><row><c r=\"A99999999999\"><v>1</v></c></row></sheetData></worksheet>";
    let workbook = zip_with("xl/worksheets/sheet1.xml", sheet.as_bytes());
    let broken = read_workbook(form("rating"), workbook).unwrap_err();
    assert!(broken.message.contains("XLSX") || broken.message.contains("column"), "{broken}");
}

#[test]
fn workbooks_that_would_take_the_memory_are_refused() {
    let refused = |name: &str, bytes: Box<dyn Read>| {
        read_workbook(form("rating"), zip_with(name, bytes)).unwrap_err().rule
    };
    let spaces = |many: u64| std::io::repeat(b' ').take(many);
    assert_eq!(refused("xl/media/image1.png", Box::new(spaces(80 << 20))), InputRule::InputExpansion);
    // Not a bomb by its size, but the reader would make room for so many strings, formats, or one cell.
    let strings = "<sst uniqueCount=\"99999999999\"><si><t>x</t></si></sst>";
    assert_eq!(refused("xl/sharedStrings.xml", Box::new(strings.as_bytes())), InputRule::InputWorkbook);
    let hidden = "<!-- ' --><sst uniqueCount='99999999999'><si><t>x</t></si></sst>";
    assert_eq!(refused("xl/sharedStrings.xml", Box::new(hidden.as_bytes())), InputRule::InputWorkbook);
    let formats = format!("<styleSheet><cellXfs>{}</cellXfs></styleSheet>", "<xf/>".repeat(100_001));
    assert_eq!(refused("xl/styles.xml", Box::new(Cursor::new(formats))), InputRule::InputWorkbook);
}
