//! 发票汇总: issued and received by month, issued against declared sales, the ten largest counterparties.

use super::super::book::{Book, bars};
use super::super::document::{Block, Cell, Table, Tone, Unit, Values, figures, label, note, texts};
use super::super::money;
use super::super::series::{Series, Step};
use super::super::value::{Record, Span};
use super::{none_of, vat};

/// Members shown here.
pub const KNOWN: &[&str] = &[
    "period",
    "direction",
    "invoice_count",
    "net_fen",
    "tax_fen",
    "red_count",
    "red_net_fen",
    "void_count",
    "counterparty_count",
    "top1_share_bp",
    "top10_share_bp",
    "rank",
    "pseudonym",
    "share_bp",
];

const DIRECTIONS: [(&str, &str, &str); 2] = [("issued", "开具", "Issued"), ("received", "取得", "Received")];

/// The chart, then each direction, then the counterparties.
pub fn blocks(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    if records.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Block> = against_declared(book, records);
    for (direction, zh, en) in DIRECTIONS {
        let months = of(records, "month", direction);
        if months.is_empty() {
            found.push(none_of(
                &format!("没有{zh}发票的月度汇总。"),
                &format!("No monthly sums of invoices {}.", en.to_lowercase()),
            ));
            continue;
        }
        found.push(by_month(&months, zh, en));
    }
    for (direction, zh, en) in DIRECTIONS {
        found.extend(counterparties(&of(records, "counterparty", direction), zh, en));
    }
    found
}

/// Records of a kind and direction, newest first.
fn of<'a>(records: &[Record<'a>], kind: &str, direction: &str) -> Vec<Record<'a>> {
    let is = |record: &Record<'a>| record.is("record", kind) && record.is("direction", direction);
    let mut found: Vec<Record<'a>> = records.iter().copied().filter(is).collect();
    found.sort_by_key(|record| (std::cmp::Reverse(record.span()), record.integer("rank")));
    found
}

fn points(records: &[Record<'_>]) -> Vec<(Span, Option<i64>)> {
    records.iter().filter_map(|record| Some((record.span()?, record.integer("net_fen")))).collect()
}

/// Issued invoices beside declared sales, in the slots of the returns.
fn against_declared(book: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let issued = points(&of(records, "month", "issued"));
    let Some(own) = Series::build(&issued, book.known_span("invoices")) else { return Vec::new() };
    let Some(declared) = vat::declared(book) else {
        let mut chart = bars(
            "invoiced",
            label("各月开票金额（元）", "Invoiced by month"),
            Unit::Fen,
            own.names(),
            own.values,
        );
        chart.summary = label(
            "各月开具发票的不含税金额。空缺不是零。",
            "Net amounts invoiced by month. A gap is not zero.",
        );
        return vec![Block::Chart(chart)];
    };
    let issued = declared.aligned(&issued);
    let mut chart = bars(
        "invoiced",
        label("开票金额与申报销售额（元）", "Invoices issued against declared sales"),
        Unit::Fen,
        declared.names(),
        declared.values.clone(),
    );
    chart.bars[0].label = label("申报销售额", "Declared sales");
    chart.line =
        Some(Values { label: label("开票金额（不含税）", "Invoiced, net"), values: issued.clone() });
    let both: Vec<(i64, i64)> =
        declared.values.iter().zip(&issued).filter_map(|(d, i)| (*d).zip(*i)).collect();
    let above = both.iter().filter(|(declared, issued)| issued > declared).count();
    let unit = match declared.step {
        Step::Month => "个月",
        Step::Quarter => "个季度",
    };
    let zh = format!("在两者都有数据的 {} {unit}中，开票金额高于申报销售额的有 {above} 个。", both.len());
    let en = format!("Of {} periods with both, invoices exceed declared sales in {above}.", both.len());
    let (zh, en) = match both.len() {
        0 => (
            "没有两者都有数据的期间，不作比较。".to_owned(),
            "No period has both, so nothing is compared.".to_owned(),
        ),
        _ => (zh, en),
    };
    chart.summary = label(zh.clone(), en.clone());
    let mut found = vec![Block::Chart(chart), note(if above > 0 { Tone::Warn } else { Tone::Plain }, zh, en)];
    found.extend(gap_of_year(&declared, &issued));
    found
}

/// The sums over the latest twelve months that both have whole.
fn gap_of_year(declared: &Series, issued: &[Option<i64>]) -> Option<Block> {
    let year = declared.step.a_year();
    let whole = |end: &usize| {
        let start = (end + 1).checked_sub(year)?;
        let sum = |values: &[Option<i64>]| super::super::book::sum(values[start..=*end].iter().copied());
        Some((start, *end, sum(&declared.values)?, sum(issued)?))
    };
    let (start, end, declared_sum, issued_sum) =
        (0..declared.values.len()).rev().find_map(|end| whole(&end))?;
    let gap = issued_sum.checked_sub(declared_sum)?;
    let share = money::ratio(i128::from(gap), declared_sum)
        .map(|share| format!("（{}）", money::signed_percent(share)));
    let span = format!("{} 至 {}", declared.name(start), declared.name(end));
    Some(note(
        Tone::Plain,
        format!(
            "{span}：申报销售额 {} 元，开票金额 {} 元，差额 {} 元{}。未开票收入、视同销售等可致二者不等。",
            money::yuan(declared_sum),
            money::yuan(issued_sum),
            money::yuan(gap),
            share.unwrap_or_default()
        ),
        "Latest twelve months with both whole. Sales without an invoice make them differ.",
    ))
}

fn by_month(months: &[Record<'_>], zh: &str, en: &str) -> Block {
    let row = |record: &Record<'_>| {
        vec![
            record.period(),
            record.count("invoice_count"),
            record.yuan("net_fen"),
            record.yuan("tax_fen"),
            record.count("red_count"),
            record.yuan("red_net_fen"),
            record.count("void_count"),
            record.count("counterparty_count"),
            record.percent("top1_share_bp"),
            record.percent("top10_share_bp"),
        ]
    };
    Block::Long(Table {
        caption: label(format!("{zh}发票（元）"), format!("{en}, by month, yuan")),
        columns: vec![
            texts("月份", "Month"),
            figures("份数", "Invoices"),
            figures("不含税金额", "Net"),
            figures("税额", "Tax"),
            figures("红字份数", "Red-letter"),
            figures("红字金额", "Red-letter net"),
            figures("作废份数", "Voided"),
            figures("对手户数", "Counterparties"),
            figures("第一大占比", "Largest"),
            figures("前十大占比", "Ten largest"),
        ],
        rows: months.iter().map(row).collect(),
        sums: Vec::new(),
    })
}

/// The newest period's counterparties; older periods are folded.
fn counterparties(records: &[Record<'_>], zh: &str, en: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut rest = records;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|record| record.span() == first.span()).count().max(1);
        let (these, later) = rest.split_at(same);
        let row = |record: &Record<'_>| {
            vec![
                record.shown("rank"),
                record.shown("pseudonym"),
                record.yuan("net_fen"),
                record.percent("share_bp"),
            ]
        };
        let share = super::super::book::sum(these.iter().map(|record| record.integer("share_bp")));
        let net = super::super::book::sum(these.iter().map(|record| record.integer("net_fen")));
        let total = vec![
            Cell::plain("合计"),
            Cell::plain(""),
            net.map_or_else(Cell::missing, |fen| Cell::plain(money::yuan(fen))),
            share.map_or_else(Cell::missing, |share| Cell::plain(money::percent(share))),
        ];
        let table = Table {
            caption: label(
                format!(
                    "前十大{}：{}（元）",
                    if zh == "开具" { "客户" } else { "供应商" },
                    first.period().text
                ),
                format!("{en}: ten largest, under pseudonyms of this bank's own"),
            ),
            columns: vec![
                texts("排名", "Rank"),
                texts("假名", "Pseudonym"),
                figures("不含税金额", "Net"),
                figures("占比", "Share"),
            ],
            rows: these.iter().map(row).collect(),
            sums: vec![total],
        };
        found.push(if found.is_empty() { Block::Table(table) } else { Block::Annex(table) });
        rest = later;
    }
    found
}
