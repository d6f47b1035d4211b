//! 纳税缴费信用评价: the history of evaluations, newest first.

use super::super::book::{Book, table};
use super::super::document::{Block, Cell, Tone, figures, label, note, texts};
use super::super::names;
use super::super::value::Record;

/// Members shown here.
pub const KNOWN: &[&str] =
    &["year", "level", "score", "assessed_on", "valid_from", "superseded_on", "cause", "direct_d_case"];

/// 直接判为 D 级的十三种情形, 《纳税缴费信用管理办法》 Art. 18, in brief.
const DIRECT_D_CASES: names::Table = &[
    ("1", "逃避追缴欠税、骗取出口退税、虚开专票或骗取留抵退税"),
    ("2", "偷税或虚开其他发票，移送或经公安立案"),
    ("3", "偷税十万元以上且占应纳税额一成以上"),
    ("4", "未按期缴清已定案的税款"),
    ("5", "以暴力、威胁或其他方式抗拒、阻碍"),
    ("6", "违反发票规定致他人少缴税款"),
    ("7", "提供虚假材料享受优惠"),
    ("8", "被停止出口退税资格"),
    ("9", "非正常户或走逃户"),
    ("10", "非正常户责任人新办企业"),
    ("11", "D级纳税人责任人新办企业"),
    ("12", "重大税收违法失信主体"),
    ("13", "其他严重失信情形"),
];

/// The evaluations.
pub fn blocks(_: &Book<'_>, records: &[Record<'_>]) -> Vec<Block> {
    let mut found: Vec<_> = records.iter().collect();
    found.sort_by_key(|record| std::cmp::Reverse((record.integer("year"), record.date("assessed_on"))));
    let row = |record: &&Record<'_>| {
        let until = match record.at("superseded_on") {
            None if !record.is_withheld("superseded_on") => Cell::plain("现行"),
            Some(_) | None => record.shown("superseded_on"),
        };
        let case = match record.text("direct_d_case") {
            Some(case) => Cell::new(Tone::Bad, names::with_code(DIRECT_D_CASES, &case)),
            None => record.shown("direct_d_case"),
        };
        vec![
            record.shown("year"),
            level(record),
            record.shown("score"),
            record.shown("assessed_on"),
            record.shown("valid_from"),
            until,
            record.word("cause", names::RATING_CAUSES),
            case,
        ]
    };
    let mut blocks: Vec<Block> = table(
        label("评价沿革", "Evaluations"),
        vec![
            texts("评价年度", "Year"),
            texts("级别", "Level"),
            figures("得分", "Score"),
            texts("评定日期", "Assessed"),
            texts("生效", "Valid from"),
            texts("被替代", "Superseded"),
            texts("缘由", "Cause"),
            texts("直接判D情形", "Direct D"),
        ],
        found.iter().map(row).collect(),
    )
    .into_iter()
    .collect();
    if !blocks.is_empty() {
        blocks.push(note(
            Tone::Quiet,
            "未列出的年度没有评价记录，不能推定为M级。",
            "A year that is not listed has no evaluation; that is not level M.",
        ));
    }
    blocks
}

/// The level of an evaluation.
pub fn level(record: &Record<'_>) -> Cell {
    let cell = record.shown("level");
    let tone = match record.text("level").as_deref() {
        Some("A" | "B") => Tone::Good,
        Some("C") => Tone::Warn,
        Some("D") => Tone::Bad,
        Some(_) | None => cell.tone,
    };
    Cell::new(tone, cell.text)
}
