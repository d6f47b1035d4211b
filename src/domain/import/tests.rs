//! The forms, their samples and the readers hold each other to their word.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::domain::record::{Checks, MarkValues, Record};
use crate::domain::section::Section;

/// Each form's name and its sample in both syntaxes.
macro_rules! samples {
    ($($form:literal)+) => {
        &[$((
            $form,
            include_str!(concat!("../../../schema/import/samples/", $form, ".csv")),
            include_str!(concat!("../../../schema/import/samples/", $form, ".ndjson")),
        )),+]
    };
}

const SAMPLES: &[(&str, &str, &str)] = samples! {
    "registration"
    "rating"
    "vat_general"
    "vat_small"
    "cit_prepayment"
    "cit_annual"
    "other_tax"
    "balance_sheet_small"
    "income_statement_small"
    "cash_flow_small"
    "balance_sheet_general"
    "income_statement_general"
    "cash_flow_general"
    "registration_status"
    "registration_change"
    "payment"
    "arrears"
    "violation"
    "inspection"
    "invoice_month"
    "invoice_counterparty"
    "employment_month"
};

fn read(form: &str, syntax: Syntax, input: &[u8]) -> Result<Vec<Result<Record, RowProblem>>, Broken> {
    Ok(Rows::open(Form::by_id(form).unwrap(), syntax, input)?.collect())
}

fn records(form: &str, syntax: Syntax, input: &str) -> Vec<Record> {
    read(form, syntax, input.as_bytes()).unwrap().into_iter().map(Result::unwrap).collect()
}

fn sample_object(form: &str) -> Map<String, Value> {
    let (_, _, ndjson) = SAMPLES.iter().find(|(id, _, _)| *id == form).unwrap();
    serde_json::from_str(ndjson.lines().next().unwrap()).unwrap()
}

/// The fault of one NDJSON row, as column and message.
fn rejected(form: &str, row: &Map<String, Value>) -> RowError {
    rejected_line(form, &serde_json::to_string(row).unwrap())
}

fn rejected_line(form: &str, line: &str) -> RowError {
    let mut items = read(form, Syntax::Ndjson, line.as_bytes()).unwrap();
    match items.pop().unwrap() {
        Err(RowProblem::Rejected(error)) => error,
        other => panic!("{line}: {other:?}"),
    }
}

fn with(form: &str, name: &str, value: impl Into<Value>) -> Map<String, Value> {
    let mut row = sample_object(form);
    row.insert(name.to_owned(), value.into());
    row
}

#[test]
fn both_syntaxes_of_a_sample_give_the_same_records_and_use_every_column() {
    for (form, csv, ndjson) in SAMPLES.iter().copied() {
        let from_json = records(form, Syntax::Ndjson, ndjson);
        assert_eq!(from_json, records(form, Syntax::Csv, csv), "{form}");
        assert_eq!(from_json.len(), 2);
        let used: BTreeSet<String> = ndjson
            .lines()
            .flat_map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap())
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        let known: BTreeSet<String> =
            Form::by_id(form).unwrap().columns().iter().map(|column| column.name.clone()).collect();
        assert_eq!(used, known, "{form}");
    }
}

#[test]
fn every_figure_of_a_sample_row_arrives_in_the_body() {
    for (form, _, ndjson) in SAMPLES.iter().copied() {
        let form = Form::by_id(form).unwrap();
        for column in form.columns().iter().filter(|column| column.kind == Kind::Fen) {
            let states = |line: &&str| line.contains(&format!("\"{}\":", column.name));
            let line = ndjson.lines().find(states).unwrap();
            let mut row: Map<String, Value> = serde_json::from_str(line).unwrap();
            let before = records(form.id(), Syntax::Ndjson, line)[0].body.clone();
            let figure = if column.maximum == 0 { -987_654_321 } else { 987_654_321 };
            row.insert(column.name.clone(), figure.into());
            let after =
                records(form.id(), Syntax::Ndjson, &serde_json::to_string(&row).unwrap())[0].body.clone();
            assert_ne!(before, after, "{}", column.name);
            assert!(after.contains("987654321"), "{}", column.name);
        }
    }
}

#[test]
fn a_required_column_left_out_or_null_is_refused_and_an_unknown_one_too() {
    for (form, csv, _) in SAMPLES.iter().copied() {
        for column in Form::by_id(form).unwrap().columns().iter().filter(|column| column.required) {
            let mut row = sample_object(form);
            row.remove(&column.name);
            assert_eq!(rejected(form, &row).column.as_deref(), Some(column.name.as_str()));
            assert_eq!(
                rejected(form, &with(form, &column.name, Value::Null)).column.as_deref(),
                Some(column.name.as_str())
            );
            let header = csv.lines().next().unwrap();
            let without: Vec<_> = header.split(',').filter(|name| *name != column.name).collect();
            let broken = read(form, Syntax::Csv, without.join(",").as_bytes()).unwrap_err();
            assert!(broken.message.contains(&column.name), "{broken}");
        }
        assert_eq!(rejected(form, &with(form, "surprise", 1)).column.as_deref(), Some("surprise"));
    }
}

#[test]
fn wrong_values_are_refused_with_their_column() {
    let wrong: [(&str, &str, Value); 42] = [
        ("registration", "taxpayer_id", "123".into()),
        ("registration", "uscc", "91440300192203821".into()),
        ("registration", "uscc", "91440300192203821I".into()),
        ("registration", "reg_no", "1".into()),
        ("registration", "name", "".into()),
        ("registration", "name", "two\nlines".into()),
        ("registration", "name", "长".repeat(201).into()),
        ("registration", "industry", "A123".into()),
        ("registration", "reg_date", "2023-02-29".into()),
        ("registration", "reg_date", "2023-2-9".into()),
        ("registration", "reg_capital_fen", (-1).into()),
        ("registration", "reg_capital_fen", 1.5.into()),
        ("registration", "reg_capital_fen", "100".into()),
        ("registration", "currency", "cny".into()),
        ("registration", "vat_class", "both".into()),
        ("registration", "vat_class_to", "2019-03-31".into()),
        ("registration", "employees", u64::MAX.into()),
        ("registration", "scope", Value::Array(Vec::new())),
        ("rating", "level", "E".into()),
        ("rating", "score", 90.into()),
        ("rating", "score", "100.01".into()),
        ("rating", "score", "90.125".into()),
        ("rating", "assessed_on", "2023-12-31".into()),
        ("rating", "superseded_on", "2025-04-24".into()),
        ("vat_general", "period_to", "2026-02-27".into()),
        ("vat_general", "period_to", "2026-12-31".into()),
        ("vat_general", "filed_on", "2025-12-31".into()),
        ("vat_general", "carried_in_fen", (-1).into()),
        ("vat_general", "sales_std_fen", 1_000_000_000_000_001_i64.into()),
        ("vat_small", "voided", "true".into()),
        ("cit_prepayment", "form_version", "2017".into()),
        ("cit_prepayment", "period_to", "2026-12-31".into()),
        ("cit_prepayment", "exemptions_and_reliefs_ytd_fen", 0.into()),
        ("cit_prepayment", "assets_closing_fen", (-1).into()),
        ("cit_annual", "period_to", "2025-03-31".into()),
        ("cit_annual", "rate_bp", 10_001.into()),
        ("other_tax", "tax_item", "印花税".into()),
        ("other_tax", "tax_kind", "10101".into()),
        ("other_tax", "period_to", "2026-02-28".into()),
        ("balance_sheet_small", "form_version", "2019".into()),
        ("cash_flow_general", "period_to", "2026-01-31".into()),
        ("income_statement_general", "filed_on", "2025-12-31".into()),
    ];
    for (form, column, value) in wrong {
        let error = rejected(form, &with(form, column, value.clone()));
        assert_eq!(error.column.as_deref(), Some(column), "{value}: {error}");
    }
}

#[test]
fn a_row_that_is_no_flat_object_is_refused() {
    for line in ["[]", "null", "{", "{}x", "{\"taxpayer_id\":{\"deep\":1}}", "{\"name\":\"\\ud800\"}"] {
        assert_eq!(rejected_line("registration", line).row, 1);
    }
    let doubled = rejected_line("rating", r#"{"year":2024,"year":2024}"#);
    assert_eq!(
        (doubled.column.as_deref(), doubled.message.as_str()),
        (Some("year"), "a row must state a column only once")
    );
    let exponent = rejected_line("vat_small", r#"{"sales_taxable_fen":1e3}"#);
    assert_eq!(exponent.column.as_deref(), Some("sales_taxable_fen"));
    let null_twice = rejected_line("rating", r#"{"score":null,"score":null}"#);
    assert_eq!(null_twice.column.as_deref(), Some("score"));
}

#[test]
fn surcharge_rows_belong_to_the_2021_form() {
    let error = rejected("vat_general", &with("vat_general", "form_version", "2019"));
    assert!(error.column.unwrap().starts_with("surcharge_"), "{}", error.message);
}

#[test]
fn wrong_check_characters_are_taken_and_marked_and_the_record_says_what_was_stated() {
    let mut row = with("registration", "uscc", "914403001922038217");
    row.insert("taxpayer_id".to_owned(), "914403001922038217".into());
    let record = records("registration", Syntax::Ndjson, &serde_json::to_string(&row).unwrap()).remove(0);
    let fields: Vec<_> = record.marks.iter().map(|mark| (mark.rule.as_str(), mark.field.as_str())).collect();
    assert_eq!(fields, [("uscc.check", "taxpayer_id"), ("uscc.check", "uscc")]);
    assert!(record.body.contains(r#""uscc":"914403001922038217""#));
}

#[test]
fn a_slip_is_marked_and_left_as_filed() {
    let (_, _, ndjson) = SAMPLES[2];
    let record = records("vat_general", Syntax::Ndjson, ndjson).remove(1);
    let rules: Vec<_> = record.marks.iter().map(|mark| mark.rule.as_str()).collect();
    assert_eq!(rules, ["vat_general.row_24", "vat_general.row_32", "vat_general.row_34"]);
    let MarkValues::Amounts { stated_fen, computed_fen } = record.marks[0].values else { panic!() };
    assert_eq!((stated_fen.get(), computed_fen.get()), (1_999_999, 2_000_000));
    assert!(record.body.contains(r#""payable_total_fen":1999999"#));
    assert!(!record.body.contains("surcharge") && !record.body.contains("refund_on_levy"));
}

/// Each form's second sample row, after its rules: how they went, and which failed.
#[test]
fn rows_of_the_new_forms_say_how_their_rules_went() {
    let expected: [(&str, &str, [u32; 3], &[&str]); 9] = [
        ("cit_prepayment", "10104|2020-04-01|2020-06-30", [4, 0, 0], &[]),
        ("cit_annual", "10104|2025-01-01|2025-12-31|annual", [4, 1, 4], &["cit_annual.row_33"]),
        ("other_tax", "10110|2026-01-01|2026-06-30|101100700", [0, 0, 1], &[]),
        (
            "balance_sheet_small",
            "balance_sheet_small|2026-01-01|2026-03-31",
            [2, 1, 17],
            &["balance_sheet_small.row_20"],
        ),
        (
            "income_statement_small",
            "income_statement_small|2025-01-01|2025-12-31",
            [4, 1, 1],
            &["income_statement_small.row_32"],
        ),
        ("cash_flow_small", "cash_flow_small|2025-01-01|2025-12-31", [0, 1, 9], &["cash_flow_small.row_22"]),
        (
            "balance_sheet_general",
            "balance_sheet_general|2026-01-01|2026-03-31",
            [0, 2, 16],
            &[
                "balance_sheet_general.liabilities_and_equity_total",
                "balance_sheet_general.assets_equal_liabilities_and_equity",
            ],
        ),
        (
            "income_statement_general",
            "income_statement_general|2025-01-01|2025-12-31",
            [0, 1, 11],
            &["income_statement_general.net_profit"],
        ),
        (
            "cash_flow_general",
            "cash_flow_general|2025-01-01|2025-12-31",
            [0, 1, 21],
            &["cash_flow_general.net_increase"],
        ),
    ];
    for (form, key, [passed, failed, skipped], marks) in expected {
        let (_, _, ndjson) = SAMPLES.iter().find(|(id, _, _)| *id == form).unwrap();
        let both = records(form, Syntax::Ndjson, ndjson);
        let first = both[0].checks.unwrap();
        assert!((first.failed, first.skipped) == (0, 0) && first.passed > 0, "{form}: {:?}", both[0].marks);
        assert_eq!(both[1].key, key);
        let rules: Vec<&str> = both[1].marks.iter().map(|mark| mark.rule.as_str()).collect();
        assert_eq!((both[1].checks, rules.as_slice()), (Some(Checks { passed, failed, skipped }), marks));
    }
}

#[test]
fn a_missing_figure_is_null_and_never_zero() {
    let (_, _, ndjson) = SAMPLES[3];
    let record = records("vat_small", Syntax::Ndjson, ndjson).remove(1);
    assert_eq!(record.body, GOLDEN_VAT_SMALL);
    assert!(record.marks.is_empty());
}

const GOLDEN_VAT_SMALL: &str = concat!(
    r#"{"correction":"original","due":"2026-06-15","figures":{"period":{"due_or_refund_fen":null,"payable_fen":null,"#,
    r#""payable_total_fen":null,"prepaid_fen":null,"reduction_fen":null,"sales_agency_invoiced_fen":null,"#,
    r#""sales_exempt_fen":null,"sales_export_exempt_fen":null,"sales_own_invoiced_fen":null,"sales_taxable_fen":-50000},"#,
    r#""ytd":{"due_or_refund_fen":null,"payable_fen":null,"payable_total_fen":null,"prepaid_fen":null,"reduction_fen":null,"#,
    r#""sales_agency_invoiced_fen":null,"sales_exempt_fen":null,"sales_export_exempt_fen":null,"#,
    r#""sales_own_invoiced_fen":null,"sales_taxable_fen":null}},"filed_on":"2026-06-15","form":"vat_small","#,
    r#""form_version":"2021","pay_due":null,"period":{"freq":"month","from":"2026-05-01","to":"2026-05-31"},"#,
    r#""tax_kind":"10101","voided":false}"#
);

#[test]
fn bodies_keys_and_periods_are_as_published() {
    let registration = records("registration", Syntax::Ndjson, SAMPLES[0].2).remove(1);
    assert_eq!(
        registration.body,
        concat!(
            r#"{"acct_mode":null,"acct_regime":null,"authority":"14403040000","biz_address":null,"#,
            r#""collection_mode":"assessed","currency":null,"employees":null,"industry":"6220","#,
            r#""legal_rep_id_digest":null,"legal_rep_name":null,"name":"样例小吃店","record":"registration","#,
            r#""reg_address":null,"reg_capital_fen":null,"reg_date":"2021-07-02","reg_no":null,"reg_type":"410","#,
            r#""region":"440304","scope":null,"size_class":null,"status":"03","taxpayer_id":"440304197001011234","uscc":null,"vat_class":"small_scale","#,
            r#""vat_class_from":null,"vat_class_to":null}"#
        )
    );
    assert_eq!((registration.key.as_str(), registration.period), ("registration", None));

    let rating = records("rating", Syntax::Ndjson, SAMPLES[1].2).remove(0);
    assert_eq!(
        rating.body,
        concat!(
            r#"{"assessed_on":"2025-04-25","cause":"annual","direct_d_case":null,"level":"B","score":"86.5","#,
            r#""superseded_on":"2025-09-10","valid_from":"2025-04-25","year":2024}"#
        )
    );
    assert_eq!(rating.key, "2024|2025-04-25|annual");
    assert_eq!(rating.period, crate::domain::period::Period::year(2024));

    let filing = records("vat_general", Syntax::Ndjson, SAMPLES[2].2).remove(0);
    assert_eq!(filing.key, "10101|2026-01-01|2026-01-31");
    assert!(filing.marks.is_empty(), "{:?}", filing.marks);
    let start = concat!(
        r#"{"correction":"original","due":"2026-02-24","filed_on":"2026-02-11","form":"vat_general","#,
        r#""form_version":"2021","general":{"month":{"audit_due_fen":0,"audit_paid_fen":0,"carried_in_fen":150000,"#
    );
    assert!(filing.body.starts_with(start), "{}", filing.body);
}

#[test]
fn bodies_are_what_a_general_canonicaliser_writes() {
    for (form, _, ndjson) in SAMPLES.iter().copied() {
        let mut row = sample_object(form);
        if form == "registration" {
            row.insert("name".to_owned(), "\"样\\例\" \u{e9}\u{1f600}/\u{2028}".into());
        }
        let line = serde_json::to_string(&row).unwrap();
        for record in
            records(form, Syntax::Ndjson, ndjson).into_iter().chain(records(form, Syntax::Ndjson, &line))
        {
            let value: Value = serde_json::from_str(&record.body).unwrap();
            assert_eq!(record.body, serde_json_canonicalizer::to_string(&value).unwrap());
        }
    }
}

#[test]
fn bodies_read_back_as_what_they_were() {
    fn read_back<T: serde::Serialize + serde::de::DeserializeOwned>(record: &Record) {
        let fact: T = serde_json::from_str(&record.body).unwrap();
        assert_eq!(crate::domain::record::canonical_json(&fact).unwrap(), record.body);
    }
    for (form, _, ndjson) in SAMPLES.iter().copied() {
        for record in records(form, Syntax::Ndjson, ndjson) {
            match record.section {
                Section::Filings => read_back::<crate::domain::sections::filings::Filing>(&record),
                Section::Statements => read_back::<crate::domain::sections::statements::Statement>(&record),
                Section::Registration => {
                    read_back::<crate::domain::sections::registration::RegistrationRecord>(&record);
                }
                Section::Rating => read_back::<crate::domain::sections::rating::Rating>(&record),
                Section::Payments => read_back::<crate::domain::sections::payments::Payment>(&record),
                Section::Arrears => read_back::<crate::domain::sections::arrears::Arrears>(&record),
                Section::Violations => read_back::<crate::domain::sections::violations::Violation>(&record),
                Section::Inspections => {
                    read_back::<crate::domain::sections::inspections::Inspection>(&record)
                }
                Section::Invoices => read_back::<crate::domain::sections::invoices::InvoiceRecord>(&record),
                Section::Employment => {
                    read_back::<crate::domain::sections::employment::EmploymentMonth>(&record);
                }
            }
        }
    }
    use crate::domain::sections::registration::RegistrationRecord;
    let body = &records("registration", Syntax::Ndjson, SAMPLES[0].2)[0].body;
    let RegistrationRecord::Registration(registration) = serde_json::from_str(body).unwrap() else {
        panic!()
    };
    assert_eq!(registration.employees, Some(26));
}

#[test]
fn a_bad_row_does_not_stop_the_rows_after_it() {
    let good = serde_json::to_string(&sample_object("rating")).unwrap();
    let input = format!("\u{feff}{good}\r\n{{\"year\":0}}\n\n{good}");
    let items = read("rating", Syntax::Ndjson, input.as_bytes()).unwrap();
    assert!(items[0].is_ok() && items[2].is_ok() && items.len() == 3);
    let Err(RowProblem::Rejected(error)) = &items[1] else { panic!() };
    assert_eq!(error.row, 2);
    assert!(error.to_string().starts_with("row 2, column year: must be an integer from 2000"), "{error}");
}

#[test]
fn csv_rows_must_fit_their_header() {
    let header = "taxpayer_id,year,level,assessed_on,valid_from,cause";
    let good = "914403001922038216,2024,B,2025-04-25,2025-04-25,annual";
    let input = format!("{header}\n{good}\n{good},x\n\"{good}\n{good}\n");
    let items = read("rating", Syntax::Csv, input.as_bytes()).unwrap();
    let ok: Vec<bool> = items.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, false, true]);
    for (broken, word) in [
        (String::new(), "header"),
        (format!("{header},colour\n"), "colour"),
        (format!("{header},year\n"), "only once"),
        (format!("\"{header}\n"), "quoted cell"),
    ] {
        let broken = read("rating", Syntax::Csv, broken.as_bytes()).unwrap_err();
        assert!(broken.message.contains(word), "{broken}");
    }
}

/// Gives its bytes and then fails, like half a compressed stream.
struct CutOff<'a>(&'a [u8]);

impl Read for CutOff<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"));
        }
        self.0.read(out)
    }
}

#[test]
fn an_unusable_input_ends_in_one_broken_item() {
    let good = format!("{}\n", serde_json::to_string(&sample_object("rating")).unwrap());
    let not_utf8 = [good.as_bytes(), b"{\"year\":\"\xff\"}\n", good.as_bytes()].concat();
    let too_long = format!("{good}{}\n{good}", " ".repeat(1 << 21));
    for (input, word) in [(not_utf8.as_slice(), "UTF-8"), (too_long.as_bytes(), "1 MiB")] {
        let items = read("rating", Syntax::Ndjson, input).unwrap();
        let Err(RowProblem::Broken(broken)) = &items[1] else { panic!() };
        assert!(broken.line == 2 && broken.message.contains(word) && items.len() == 2, "{broken}");
    }
    let form = Form::by_id("rating").unwrap();
    let items: Vec<_> =
        Rows::open(form, Syntax::Ndjson, BufReader::new(CutOff(&good.as_bytes()[..40]))).unwrap().collect();
    let [Err(RowProblem::Broken(broken))] = items.as_slice() else { panic!("{items:?}") };
    assert!(broken.message.contains("breaks off"), "{broken}");
}

#[test]
fn messages_repeat_no_value() {
    for (form, column) in
        [("registration", "taxpayer_id"), ("registration", "uscc"), ("registration", "reg_date")]
    {
        let error = rejected(form, &with(form, column, "SECRET\u{7f}9144030019"));
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), form in 0..SAMPLES.len()) {
        for syntax in [Syntax::Csv, Syntax::Ndjson] {
            let _ = read(SAMPLES[form].0, syntax, &bytes);
        }
    }

    #[test]
    fn no_damaged_sample_panics(form in 0..SAMPLES.len(), at in any::<prop::sample::Index>(), with in ".{0,3}", csv in any::<bool>()) {
        let (id, as_csv, as_ndjson) = SAMPLES[form];
        let mut text: Vec<char> = if csv { as_csv } else { as_ndjson }.chars().collect();
        let place = at.index(text.len());
        text.splice(place..(place + 1), with.chars());
        let text: String = text.into_iter().collect();
        let _ = read(id, if csv { Syntax::Csv } else { Syntax::Ndjson }, text.as_bytes());
    }
}
