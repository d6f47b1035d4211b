//! What each form's rows become, and which rows are refused: on the samples, and on samples with one thing changed.

use serde_json::{Map, Value, json};

use crate::domain::import::{Form, RowError, RowProblem, Rows, Syntax};
use crate::domain::record::Record;
use crate::domain::section::Section;

macro_rules! sample {
    ($form:literal) => {
        ($form, include_str!(concat!("../../../../schema/import/samples/", $form, ".ndjson")))
    };
}

type Sample = (&'static str, &'static str);

const REGISTRATION: Sample = sample!("registration");
const STATUS: Sample = sample!("registration_status");
const CHANGE: Sample = sample!("registration_change");
const RATING: Sample = sample!("rating");
const PAYMENT: Sample = sample!("payment");
const ARREARS: Sample = sample!("arrears");
const VIOLATION: Sample = sample!("violation");
const INSPECTION: Sample = sample!("inspection");
const MONTH: Sample = sample!("invoice_month");
const COUNTERPARTY: Sample = sample!("invoice_counterparty");
const EMPLOYMENT: Sample = sample!("employment_month");

fn read(form: &str, row: &str) -> Result<Record, RowError> {
    match Rows::open(Form::by_id(form).unwrap(), Syntax::Ndjson, row.as_bytes()).unwrap().next().unwrap() {
        Ok(record) => Ok(record),
        Err(RowProblem::Rejected(error)) => Err(error),
        Err(RowProblem::Broken(broken)) => panic!("{broken}"),
    }
}

/// A line of the sample with members replaced.
fn changed((form, lines): Sample, line: usize, members: &[(&str, Value)]) -> Result<Record, RowError> {
    let mut row: Map<String, Value> = serde_json::from_str(lines.lines().nth(line).unwrap()).unwrap();
    row.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    read(form, &serde_json::to_string(&row).unwrap())
}

fn record(sample: Sample, line: usize) -> Record {
    changed(sample, line, &[]).unwrap()
}

#[test]
fn keys_and_periods_are_as_published() {
    let of = |sample: Sample, line| {
        let record = record(sample, line);
        let period = record
            .period
            .map(|period| format!("{}/{} {}", period.from(), period.to(), period.freq().as_str()));
        (record.section, record.key, period.unwrap_or_default())
    };
    for (sample, line, section, key, period) in [
        (REGISTRATION, 0, Section::Registration, "registration", ""),
        (STATUS, 0, Section::Registration, "status|2023-05-08", ""),
        (CHANGE, 0, Section::Registration, "change|2022-03-14|capital", ""),
        (
            PAYMENT,
            0,
            Section::Payments,
            "344036260300012345|10101|101017100|late_fee|2026-01-01",
            "2026-01-01/2026-01-31 month",
        ),
        (
            PAYMENT,
            1,
            Section::Payments,
            "344036260200054321|10111||tax|2026-02-03",
            "2026-02-03/2026-02-03 event",
        ),
        (ARREARS, 0, Section::Arrears, "10101|101017100|tax|2025-10-01|2025-10-31", ""),
        (ARREARS, 1, Section::Arrears, "10104||fine|due|2026-01-20", ""),
        (VIOLATION, 0, Section::Violations, "WF20251120000017", "2025-11-20/2025-11-20 event"),
        (INSPECTION, 0, Section::Inspections, "深税一稽处〔2025〕12号", "2025-06-10/2025-06-10 event"),
        (MONTH, 1, Section::Invoices, "month|received|2026-01-01", "2026-01-01/2026-01-31 month"),
        (
            COUNTERPARTY,
            0,
            Section::Invoices,
            "counterparty|issued|2025-01-01|2025-12-31|1",
            "2025-01-01/2025-12-31 year",
        ),
        (
            COUNTERPARTY,
            1,
            Section::Invoices,
            "counterparty|received|2025-04-01|2026-03-31|2",
            "2025-04-01/2026-03-31 event",
        ),
        (EMPLOYMENT, 0, Section::Employment, "month|2026-01-01", "2026-01-01/2026-01-31 month"),
    ] {
        assert_eq!(of(sample, line), (section, key.to_owned(), period.to_owned()));
    }
}

#[test]
fn every_sample_agrees_with_its_rules_and_a_fact_without_a_rule_has_no_checks() {
    let passed = |sample, line| {
        record(sample, line).checks.map(|checks| (checks.passed, checks.failed, checks.skipped))
    };
    for (sample, line, checks) in [
        (REGISTRATION, 0, None),
        (STATUS, 0, None),
        (CHANGE, 0, None),
        (RATING, 0, Some((1, 0, 0))),
        (RATING, 1, Some((1, 0, 0))),
        (PAYMENT, 0, Some((1, 0, 0))),
        (PAYMENT, 1, None),
        (ARREARS, 0, Some((1, 0, 0))),
        (VIOLATION, 0, Some((2, 0, 0))),
        (INSPECTION, 1, Some((3, 0, 0))),
        (MONTH, 0, Some((3, 0, 0))),
        (MONTH, 1, Some((0, 0, 3))),
        (COUNTERPARTY, 0, Some((1, 0, 0))),
        (EMPLOYMENT, 0, Some((1, 0, 0))),
    ] {
        assert_eq!(passed(sample, line), checks, "{} {line}", sample.0);
    }
}

#[test]
fn a_failed_rule_marks_the_row_and_leaves_it_as_stated() {
    for (sample, member, value, rule) in [
        (RATING, "level", json!("A"), "rating.level_of_score"),
        (RATING, "direct_d_case", json!(9), "rating.direct_d"),
        (PAYMENT, "amount_fen", json!(10_001), "payment.late_fee"),
        (ARREARS, "amount_fen", json!(1), "arrears.cleared"),
        (VIOLATION, "status", json!("unresolved"), "violation.resolved_on"),
        (VIOLATION, "corrected", json!(false), "violation.first_time_exempt"),
        (INSPECTION, "paid_tax_fen", json!(500_001), "inspection.paid_within_due"),
        (MONTH, "top1_share_bp", json!(9_871), "invoice_month.top_shares"),
        (MONTH, "red_count", json!(41), "invoice_month.red_count"),
        (MONTH, "counterparty_count", json!(41), "invoice_month.counterparty_count"),
        (COUNTERPARTY, "rank", json!(4), "invoice_counterparty.share_of_rank"),
        (EMPLOYMENT, "arrears_fen", json!(0), "employment.arrears"),
    ] {
        let record = changed(sample, 0, &[(member, value.clone())]).unwrap();
        let rules: Vec<&str> = record.marks.iter().map(|mark| mark.rule.as_str()).collect();
        assert_eq!(rules, [rule]);
        assert_eq!(record.checks.unwrap().failed, 1, "{rule}");
        let body: Value = serde_json::from_str(&record.body).unwrap();
        assert_eq!(body[member], value, "{rule}");
        let listed = Form::by_id(sample.0).unwrap().rules();
        assert!(
            listed.iter().any(|text| text.id == rule && !text.zh.is_empty() && !text.en.is_empty()),
            "{rule}"
        );
    }
}

#[test]
fn days_that_contradict_each_other_are_refused() {
    for (sample, member, day) in [
        (STATUS, "status_to", "2023-05-07"),
        (PAYMENT, "settled_on", "2026-03-05"),
        (PAYMENT, "period_to", "2025-12-31"),
        (ARREARS, "cleared_on", "2025-11-16"),
        (ARREARS, "due", "2025-09-30"),
        (VIOLATION, "resolved_on", "2025-11-19"),
        (INSPECTION, "examined_to", "2021-12-31"),
        (INSPECTION, "served_on", "2024-11-03"),
        (INSPECTION, "closed_on", "2024-11-03"),
        (INSPECTION, "executed_on", "2024-11-03"),
        (MONTH, "period_to", "2026-01-30"),
        (MONTH, "period_to", "2026-03-31"),
        (COUNTERPARTY, "period_to", "2025-11-30"),
        (COUNTERPARTY, "period_from", "2025-01-02"),
        (EMPLOYMENT, "period_to", "2026-02-28"),
    ] {
        let error = changed(sample, 0, &[(member, day.into())]).unwrap_err();
        let wrong = error.column.as_deref().unwrap();
        assert!(wrong == member || wrong == "period_to", "{error}");
        assert!(!error.to_string().contains(day), "{error}");
    }
}

#[test]
fn a_period_has_both_its_days_or_neither() {
    for sample in [ARREARS, VIOLATION] {
        for (member, fault) in [("period_from", "period_from"), ("period_to", "period_to")] {
            let error = changed(sample, 0, &[(member, Value::Null)]).unwrap_err();
            assert_eq!(error.column.as_deref(), Some(fault));
        }
    }
}

#[test]
fn an_open_case_is_not_taken_and_the_answer_says_so() {
    for missing in ["decision_no", "served_on"] {
        let error = changed(INSPECTION, 0, &[(missing, Value::Null)]).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(missing));
        assert!(error.message.contains("open cases are not taken"), "{error}");
    }
}

#[test]
fn a_body_has_no_full_voucher_number_and_no_number_of_a_violation() {
    let payment = record(PAYMENT, 0);
    assert!(payment.body.contains(r#""voucher_ending":"2345""#), "{}", payment.body);
    assert!(!payment.body.contains("344036260300012345") && !payment.body.contains(r#""voucher":"#));
    assert!(!record(VIOLATION, 0).body.contains("WF2025"));
}

#[test]
fn persons_have_no_place_in_the_history_of_changes() {
    for member in ["before", "after"] {
        let error = changed(CHANGE, 1, &[(member, "样一".into())]).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(member));
        assert!(!error.to_string().contains("样一"));
    }
}

#[test]
fn values_outside_their_columns_are_refused() {
    for (sample, member, value) in [
        (REGISTRATION, "size_class", json!("tiny")),
        (REGISTRATION, "collection_mode", json!("查账征收")),
        (REGISTRATION, "legal_rep_id_digest", json!("440305198001011234")),
        (REGISTRATION, "legal_rep_id_digest", json!("=".repeat(43))),
        (RATING, "direct_d_case", json!(14)),
        (RATING, "direct_d_case", json!(0)),
        (STATUS, "status", json!("3")),
        (CHANGE, "item", json!("investor")),
        (PAYMENT, "class", json!("20")),
        (PAYMENT, "tax_item", json!("1010171")),
        (PAYMENT, "voucher", json!("1234")),
        (ARREARS, "amount_fen", json!(-1)),
        (VIOLATION, "facts", json!("长".repeat(301))),
        (VIOLATION, "voided", json!("no")),
        (INSPECTION, "status", json!("open")),
        (INSPECTION, "due_fine_fen", json!(-1)),
        (MONTH, "direction", json!("both")),
        (MONTH, "red_net_fen", json!(1)),
        (MONTH, "top1_share_bp", json!(10_001)),
        (COUNTERPARTY, "rank", json!(0)),
        (COUNTERPARTY, "rank", json!(11)),
        (EMPLOYMENT, "insured", json!(-1)),
    ] {
        let error = changed(sample, 0, &[(member, value)]).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(member), "{error}");
    }
}

/// The choices of a form's code columns are the codes of the closed lists, with the same Chinese names.
#[test]
fn the_choices_of_the_forms_are_the_codes_of_the_types() {
    use crate::domain::sections::inspections::DecisionStatus;
    use crate::domain::sections::invoices::Direction;
    use crate::domain::sections::payments::LevyClass;
    use crate::domain::sections::registration::change::ChangeItem;
    use crate::domain::sections::registration::{CollectionMode, SizeClass};
    use crate::domain::sections::violations::ViolationStatus;

    fn choices(form: &str, column: &str) -> Vec<(String, String)> {
        let columns = Form::by_id(form).unwrap().columns();
        let column = columns.iter().find(|known| known.name == column).unwrap();
        column.choices.iter().map(|choice| (choice.code.clone(), choice.label_zh.clone())).collect()
    }
    macro_rules! same {
        ($($codes:ident in $form:literal $column:literal;)+) => {
            $(
                let codes = $codes::ALL.map(|code| (code.as_str().to_owned(), code.label_zh().to_owned()));
                assert_eq!(choices($form, $column), codes, "{} {}", $form, $column);
            )+
        };
    }
    same! {
        SizeClass in "registration" "size_class";
        CollectionMode in "registration" "collection_mode";
        ChangeItem in "registration_change" "item";
        LevyClass in "payment" "class";
        LevyClass in "arrears" "class";
        ViolationStatus in "violation" "status";
        DecisionStatus in "inspection" "status";
        Direction in "invoice_month" "direction";
        Direction in "invoice_counterparty" "direction";
    }
}
