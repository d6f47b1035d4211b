//! 登记信息: who the firm is, how its status went, what of its registration changed.

use super::super::book::{Book, table};
use super::super::document::{Block, Cell, Fact, Tone, fact, label, texts};
use super::super::names;
use super::super::value::Record;

/// Members shown here.
pub const KNOWN: &[&str] = &[
    "taxpayer_id",
    "uscc",
    "reg_no",
    "name",
    "status",
    "reg_type",
    "industry",
    "reg_date",
    "reg_capital_fen",
    "currency",
    "employees",
    "acct_regime",
    "acct_mode",
    "vat_class",
    "vat_class_from",
    "vat_class_to",
    "authority",
    "reg_address",
    "biz_address",
    "region",
    "scope",
    "legal_rep_name",
    "legal_rep_match",
    "size_class",
    "collection_mode",
    "status_from",
    "status_to",
    "cause",
    "item",
    "changed_on",
    "before",
    "after",
];

/// The register's entry, status history, changes.
pub fn blocks(_: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let mut found = Vec::new();
    for record in records.iter().filter(|record| is_entry(record)) {
        found.push(Block::Facts(entry(record)));
    }
    found.extend(statuses(records));
    found.extend(changes(records));
    found
}

/// Whether this is the entry of the register itself. Before there were other kinds of record, it named none.
pub fn is_entry(record: &Record<'_>) -> bool {
    record.is("record", "registration") || record.at("record").is_none()
}

/// A taxpayer's status: anything but 正常 is to be looked at.
pub fn status(record: &Record<'_>) -> Cell {
    let cell = record.code("status", names::TAXPAYER_STATUSES);
    let tone = match record.text("status").as_deref() {
        Some("03") | None => cell.tone,
        Some("05" | "07" | "08") => Tone::Bad,
        Some(_) => Tone::Warn,
    };
    Cell::new(tone, cell.text)
}

fn entry(record: &Record<'_>) -> Vec<Fact> {
    let mut capital = record.yuan("reg_capital_fen");
    if let Some(currency) = record.text("currency").filter(|currency| currency != "CNY") {
        capital.text = format!("{} {currency}", capital.text);
    }
    let industry = match record.text("industry") {
        Some(code) => Cell::plain(names::industry(&code)),
        None => record.shown("industry"),
    };
    let mut vat_class = record.word("vat_class", names::VAT_CLASSES);
    if let Some(from) = record.text("vat_class_from") {
        vat_class.text = match record.text("vat_class_to") {
            Some(to) => format!("{}（{from} 至 {to}）", vat_class.text),
            None => format!("{}（{from} 起）", vat_class.text),
        };
    }
    let mut facts = vec![
        fact("纳税人名称", "Name", record.shown("name")),
        fact("统一社会信用代码", "Unified social credit code", record.shown("uscc")),
        fact("纳税人识别号", "Taxpayer id", record.shown("taxpayer_id")),
        fact("登记序号", "Register number", record.shown("reg_no")),
        fact("纳税人状态", "Status", status(record)),
        fact("登记日期", "Registered on", record.shown("reg_date")),
        fact("登记注册类型", "Type of registration", record.code("reg_type", names::REGISTRATION_TYPES)),
        fact("行业", "Industry", industry),
        fact("企业规模", "Size class", record.word("size_class", names::SIZE_CLASSES)),
        fact("从业人数", "Employees", record.count("employees")),
        fact("注册资本（元）", "Registered capital", capital),
        fact("增值税纳税人类型", "VAT class", vat_class),
        fact("征收方式", "Collection", record.word("collection_mode", names::COLLECTION_MODES)),
        fact("会计制度", "Accounting regime", record.code("acct_regime", names::ACCOUNTING_REGIMES)),
        fact("核算方式代码", "Accounting mode", record.shown("acct_mode")),
        fact("主管税务机关", "Tax authority", record.shown("authority")),
        fact("行政区划", "District", record.code("region", names::REGIONS)),
        fact("注册地址", "Registered address", record.shown("reg_address")),
        fact("生产经营地址", "Place of business", record.shown("biz_address")),
        fact("经营范围", "Scope", record.shown("scope")),
        fact("法定代表人姓名", "Legal representative", record.shown("legal_rep_name")),
    ];
    if record.at("legal_rep_match").is_some() {
        let mut cell = record.word("legal_rep_match", names::MATCHES);
        cell.tone = match record.text("legal_rep_match").as_deref() {
            Some("yes") => Tone::Good,
            Some("no") => Tone::Bad,
            Some(_) | None => Tone::Warn,
        };
        facts.push(fact("法定代表人身份比对", "Representative's identity", cell));
    }
    facts
}

fn statuses(records: &[Record<'_>]) -> Option<Block> {
    let mut found: Vec<_> = records.iter().filter(|record| record.is("record", "status")).collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.date("status_from")));
    let row = |record: &&Record<'_>| {
        let to = match record.at("status_to") {
            None if !record.is_withheld("status_to") => Cell::plain("至今"),
            Some(_) | None => record.shown("status_to"),
        };
        vec![record.shown("status_from"), to, status(record), record.shown("cause")]
    };
    table(
        label("纳税人状态沿革", "Status history"),
        vec![texts("自", "From"), texts("至", "To"), texts("状态", "Status"), texts("原因", "Cause")],
        found.iter().map(row).collect(),
    )
}

fn changes(records: &[Record<'_>]) -> Option<Block> {
    let mut found: Vec<_> = records.iter().filter(|record| record.is("record", "change")).collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.date("changed_on")));
    let row = |record: &&Record<'_>| {
        let item = record.word("item", names::CHANGE_ITEMS);
        let side = |path: &str| match record.at(path) {
            None if record.is("item", "legal_rep") => Cell::new(Tone::Quiet, "自然人，不提供"),
            Some(_) | None => record.shown(path),
        };
        vec![record.shown("changed_on"), item, side("before"), side("after")]
    };
    table(
        label("变更登记", "Changes of the registration"),
        vec![
            texts("变更日期", "Date"),
            texts("项目", "Item"),
            texts("变更前", "Before"),
            texts("变更后", "After"),
        ],
        found.iter().map(row).collect(),
    )
}
