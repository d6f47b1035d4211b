//! What a person reads in the terminal.

use std::process::Command;

use serde_json::{Value, json};

use crate::fixture::{self, section};
use crate::{printed, show};

#[test]
fn missing_is_never_zero() {
    let text = printed(&fixture::sparse(), &[]);
    assert!(text.contains("申报信息 Filings [未采集]"), "{text}");
    assert!(text.contains("税务机关尚未采集该项数据，并非金额为零。原因：尚无数据批次覆盖该期间。"));
    assert!(text.contains("税款缴纳信息 Payments [未提供]") && text.contains("产品获批的字段范围不含该项"));
    assert!(text.contains("未取得本人的单独同意"));
    assert!(text.contains("欠税信息 Arrears [无记录]"));
    assert!(text.contains("法定代表人姓名、注册地址、经营范围"));
    assert!(text.contains("参保人数不足 5 人"));
    assert!(text.contains("本档案不含：稽查案件、发票汇总。"));
    assert!(!text.replace("1,000,000.00", "").contains("0.00"), "{text}");
    assert!(!text.contains('█'), "a sparkline of nothing");
}

#[test]
fn a_whole_dossier_is_told_in_chinese_with_its_figures() {
    let text = printed(&fixture::full(), &[]);
    for expected in [
        "未核验",
        "shuidaiyi verify",
        "贷前审查",
        "2023-11-01 至 2026-11-30",
        "2026-11-23 21:49:32（北京时间）",
        "申报信息 Filings [已陈旧]",
        "原因：来源逾期未更新",
        "未清欠税合计 12,345.00 元",
        "逾期3天",
        "无申报记录",
        "（2025-11 至 2026-10）",
        "缺 1 期，不计算",
        "自然人，不提供",
        "勾稽校验：通过",
        "vat_general.row_24",
        "深税稽处〔2024〕0123号",
        "首违不罚",
        "非正常户或走逃户",
        "资产负债率",
        "制造业（3824）",
        "城市维护建设税（10109）",
        "10999",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(text.lines().any(|line| line.starts_with("接收银行") && line.ends_with("  bank-01")), "{text}");
    let spark = text.lines().find(|line| line.contains('█')).unwrap();
    assert!(spark.contains('·'), "the month without a return is a gap: {spark}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "a name acts on the terminal");
}

#[test]
fn columns_line_up() {
    let text = printed(&fixture::pleasant(), &["--section", "rating"]);
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("评价年度")).take(6).collect();
    let place =
        |line: &str, needle: &str| unicode_width::UnicodeWidthStr::width(line.split(needle).next().unwrap());
    assert_eq!(place(lines[0], "级别"), place(lines[2], " A ") + 1, "{lines:?}");
    assert_eq!(place(lines[0], "评定日期"), place(lines[5], "2023-04-28"));
}

#[test]
fn a_newer_dossier_is_shown_as_far_as_it_is_understood() {
    let text = printed(&fixture::newer(), &[]);
    for expected in
        ["climate <i> Unknown section", "shade", r#"{"deep":true}"#, "carbon_tax", "dreamt", "twelve", "42"]
    {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn any_damage_to_a_records_shape_is_survived() {
    let broken = [
        json!(null),
        json!(-1),
        json!("税"),
        json!([]),
        json!({}),
        json!(1e300),
        json!(i64::MAX),
        json!("2026-13-45"),
    ];
    for (name, object) in fixture::sections_of(&fixture::full()) {
        for value in &broken {
            let mut damaged = object.clone();
            for record in damaged["records"].as_array_mut().unwrap() {
                damage(record, value);
            }
            let answer = fixture_of(&name, damaged);
            assert!(!printed(&answer, &[]).is_empty());
        }
    }
}

#[test]
fn the_published_samples_have_no_member_that_it_does_not_know() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/samples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Some(rest) = file.strip_prefix("section-") else { continue };
        let name = rest.split('-').next().unwrap();
        let object: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let text = printed(&fixture_of(name, object), &[]);
        assert!(!text.contains("本程序版本不认识"), "{file}\n{text}");
        seen += 1;
    }
    assert!(seen >= 10, "{seen} samples");
}

#[test]
fn json_and_one_section_and_stdin() {
    let answer = fixture::full();
    let decoded: Value =
        serde_json::from_str(&printed(&answer, &["--json", "--section", "arrears"])).unwrap();
    assert_eq!(decoded["verified"], Value::Null);
    assert_eq!(decoded["sections"].as_object().unwrap().keys().collect::<Vec<_>>(), ["arrears"]);
    assert_eq!(decoded["claims"]["aud"], "bank-01");
    let directory = tempfile::tempdir().unwrap();
    let unknown = show(directory.path(), &answer.to_string(), &["--section", "weather"]);
    assert_eq!(unknown.status.code(), Some(2));
    let bare = answer["dossier"].as_str().unwrap();
    assert!(show(directory.path(), bare, &[]).status.success(), "a bare SD-JWT");
    let piped = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
        .args(["show", "-"])
        .stdin(std::fs::File::open(directory.path().join("answer.json")).unwrap())
        .output();
    assert!(String::from_utf8(piped.unwrap().stdout).unwrap().contains("未清欠税"));
    assert_eq!(show(directory.path(), "not a dossier", &[]).status.code(), Some(2));
}

/// An answer with that section alone.
fn fixture_of(name: &str, object: Value) -> Value {
    fixture::answer(&[(name, object)])
}

/// Puts the value in every place of the record.
fn damage(record: &mut Value, value: &Value) {
    let members: Vec<String> = record.as_object().unwrap().keys().cloned().collect();
    for member in
        members.iter().filter(|member| !["form", "record", "direction", "class"].contains(&member.as_str()))
    {
        match &mut record[member] {
            Value::Object(_) => damage(&mut record[member], value),
            leaf => *leaf = value.clone(),
        }
    }
}

#[test]
fn a_section_of_another_shape_is_survived() {
    for object in
        [json!({}), json!({"status": "present", "records": 5}), section("stale", None, vec![json!([])])]
    {
        assert!(!printed(&fixture_of("filings", object), &[]).is_empty());
    }
}
