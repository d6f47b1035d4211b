//! 财务报表: the key rows of each statement, a column for each year and for the newest quarter after it.

use super::super::book::Book;
use super::super::document::{Block, Cell, Table, Tone, figures, label, texts};
use super::super::value::{Record, Span};
use super::super::{fields, money, names};

/// Members shown here.
pub const KNOWN: &[&str] =
    &["form", "form_version", "regime", "period", "filed_on", "correction", "audited", "figures"];

/// Years that are shown, newest first, besides the newest quarter.
const YEARS_MAX: usize = 5;

/// One of the three statements.
struct Statement {
    zh: &'static str,
    en: &'static str,
    /// Its forms under either regime begin so.
    form: &'static str,
    /// The column of figures that is shown.
    column: &'static str,
    /// Its key rows, as the JSON names them, with the name on the forms.
    rows: &'static [(&'static str, &'static str)],
    /// Two rows and the name of their ratio: the first over the second.
    ratio: Option<(&'static str, &'static str, &'static str)>,
}

const STATEMENTS: [Statement; 3] = [
    Statement {
        zh: "资产负债表（期末，元）",
        en: "Balance sheet, closing, yuan",
        form: "balance_sheet_",
        column: "closing",
        rows: &[
            ("cash", "货币资金"),
            ("accounts_receivable", "应收账款"),
            ("inventories", "存货"),
            ("current_assets_total", "流动资产合计"),
            ("fixed_assets", "固定资产"),
            ("assets_total", "资产总计"),
            ("short_loans", "短期借款"),
            ("accounts_payable", "应付账款"),
            ("taxes_payable", "应交税费"),
            ("current_liabilities_total", "流动负债合计"),
            ("long_loans", "长期借款"),
            ("liabilities_total", "负债合计"),
            ("paid_in_capital", "实收资本"),
            ("undistributed_profit", "未分配利润"),
            ("equity_total", "所有者权益合计"),
        ],
        ratio: Some(("liabilities_total", "assets_total", "资产负债率")),
    },
    Statement {
        zh: "利润表（本年累计，元）",
        en: "Income statement, year to date, yuan",
        form: "income_statement_",
        column: "ytd",
        rows: &[
            ("revenue", "营业收入"),
            ("cost", "营业成本"),
            ("taxes_and_surcharges", "税金及附加"),
            ("selling_expenses", "销售费用"),
            ("administrative_expenses", "管理费用"),
            ("research_expenses", "研发费用"),
            ("finance_expenses", "财务费用"),
            ("operating_profit", "营业利润"),
            ("profit_total", "利润总额"),
            ("income_tax", "所得税费用"),
            ("net_profit", "净利润"),
        ],
        ratio: Some(("net_profit", "revenue", "净利率")),
    },
    Statement {
        zh: "现金流量表（本年累计，元）",
        en: "Cash flow, year to date, yuan",
        form: "cash_flow_",
        column: "ytd",
        rows: &[
            ("operating_net", "经营活动现金流量净额"),
            ("investing_net", "投资活动现金流量净额"),
            ("financing_net", "筹资活动现金流量净额"),
            ("net_increase", "现金净增加额"),
            ("closing_cash", "期末现金余额"),
        ],
        ratio: None,
    },
];

/// The three statements, then rows of the newest of each.
pub fn blocks(_: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let mut found = Vec::new();
    for statement in &STATEMENTS {
        let chosen = chosen(records, statement);
        if !chosen.is_empty() {
            found.push(Block::Table(key_rows(statement, &chosen)));
        }
    }
    for statement in &STATEMENTS {
        found.extend(
            chosen(records, statement).first().map(|newest| Block::Annex(every_row(statement, newest))),
        );
    }
    found
}

fn is_of(record: &Record<'_>, statement: &Statement) -> bool {
    record.text("form").is_some_and(|form| form.starts_with(statement.form))
}

/// The newest statement, and those of whole years, newest first.
fn chosen<'a>(records: &[Record<'a>], statement: &Statement) -> Vec<Record<'a>> {
    let mut found: Vec<(Span, Record<'a>)> = records
        .iter()
        .filter(|record| is_of(record, statement))
        .filter_map(|record| Some((record.span()?, *record)))
        .collect();
    // A year and its last quarter end on the same day: the year goes first.
    found.sort_by_key(|(span, _)| (std::cmp::Reverse(span.to), span.from));
    let is_year = |span: &Span| (span.to - span.from).num_days() > 360;
    let mut years = 0;
    let keep = |(place, (span, record)): (usize, (Span, Record<'a>))| {
        years += usize::from(is_year(&span));
        (place == 0 || (is_year(&span) && years <= YEARS_MAX)).then_some(record)
    };
    found.into_iter().enumerate().filter_map(keep).collect()
}

fn key_rows(statement: &Statement, chosen: &[Record<'_>]) -> Table {
    let mut columns = vec![texts("项目", "Item")];
    columns.extend(chosen.iter().map(|record| figures(&record.period().text, "")));
    let path = |row: &str| format!("figures.{}.{row}_fen", statement.column);
    let stated = |row: &str| {
        chosen.iter().any(|record| record.at(&path(row)).is_some() || record.is_withheld(&path(row)))
    };
    let line = |name: &str, cell: &dyn Fn(&Record<'_>) -> Cell| -> Vec<Cell> {
        [Cell::plain(name)].into_iter().chain(chosen.iter().map(cell)).collect()
    };
    let mut rows: Vec<Vec<Cell>> = statement
        .rows
        .iter()
        .filter(|(row, _)| stated(row))
        .map(|(row, name)| line(name, &|record: &Record<'_>| negative(record.yuan(&path(row)))))
        .collect();
    if let Some((part, whole, name)) = statement.ratio {
        let ratio = |record: &Record<'_>| {
            let both = record.integer(&path(part)).zip(record.integer(&path(whole)));
            let ratio = both.and_then(|(part, whole)| money::ratio(i128::from(part), whole));
            ratio.map_or_else(Cell::missing, |ratio| Cell::plain(money::percent(ratio)))
        };
        rows.push(line(name, &ratio));
    }
    let about = |name: &str, cell: &dyn Fn(&Record<'_>) -> Cell| -> Vec<Cell> {
        line(name, cell).into_iter().map(|cell| Cell::new(Tone::Quiet, cell.text)).collect()
    };
    let sums = vec![
        about("是否经审计", &|record| record.yes_no("audited")),
        about("报送日期", &|record| record.shown("filed_on")),
        about("首次或更正", &|record| record.word("correction", names::CORRECTIONS)),
        about("会计制度", &|record| record.word("regime", names::ACCOUNTING_REGIMES)),
    ];
    Table { caption: label(statement.zh, statement.en), columns, rows, sums }
}

fn every_row(statement: &Statement, record: &Record<'_>) -> Table {
    let title = statement.zh.split('（').next().unwrap_or_default();
    let kind = record.text("form").unwrap_or_default();
    let column = format!("figures.{}", statement.column);
    let figures_of = record.at(&column).and_then(serde_json::Value::as_object);
    let rows = figures_of.into_iter().flat_map(|rows| rows.keys()).map(|row| {
        let path = format!("{column}.{row}");
        let name = fields::part("statements", &kind, &path);
        vec![Cell::plain(name), negative(record.yuan(&path))]
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    // Rows of the small-enterprise forms are numbered; the others come by their English names.
    rows.sort_by_key(|row| {
        row[0].text.split(' ').next().and_then(|number| number.parse::<u32>().ok()).unwrap_or(u32::MAX)
    });
    Table {
        caption: label(format!("{title}全部行次：{}", record.period().text), "Every row of the newest"),
        columns: vec![texts("项目", "Item"), figures("金额（元）", "Yuan")],
        rows,
        sums: Vec::new(),
    }
}

fn negative(cell: Cell) -> Cell {
    if cell.text.starts_with('-') { Cell::new(Tone::Warn, cell.text) } else { cell }
}
