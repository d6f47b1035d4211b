//! The document in a terminal: Chinese, with English beside headings; tables by display width; sparklines for charts.

use super::{sparkline, table};
use crate::readable::document::{Block, Chart, Document, Fact, Label, Section, Table, Tone, Unit, Values};
use crate::readable::money;
use crate::readable::value::width;

/// Where running text is broken.
const WIDTH: usize = 100;

/// What the terminal can do.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether escape sequences for colour are understood.
    pub colour: bool,
}

/// The whole document as lines.
pub fn draw(document: &Document, style: Style) -> String {
    let mut page = Page { lines: Vec::new(), style };
    page.line(style.bold(&format!("涉税信息档案 Tax dossier — {}", document.name)));
    page.line("═".repeat(WIDTH));
    let (tone, verdict) = &document.verdict;
    page.paragraph(*tone, &verdict.zh);
    for line in &document.verdict_lines {
        page.line(format!("  {}", style.paint(line.tone, &line.text)));
    }
    page.line(format!("档案摘要  {}", document.digest));
    page.line(String::new());
    page.facts(&document.cover);
    if !document.highlights.is_empty() {
        page.heading(&Label { zh: "要点".into(), en: "At a glance".into() });
        page.highlights(document);
    }
    for section in &document.sections {
        page.section(section);
    }
    if !document.absent.is_empty() {
        let names: Vec<&str> = document.absent.iter().map(|label| label.zh.as_str()).collect();
        page.line(String::new());
        page.paragraph(Tone::Quiet, &format!("本档案不含：{}。不含不代表没有数据。", names.join("、")));
    }
    page.lines.join("\n")
}

impl Style {
    fn bold(self, text: &str) -> String {
        self.escape("1", text)
    }

    fn paint(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Quiet => self.escape("2", text),
            Tone::Good => self.escape("32", text),
            Tone::Warn => self.escape("33", text),
            Tone::Bad => self.escape("1;31", text),
        }
    }

    fn escape(self, code: &str, text: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

struct Page {
    lines: Vec<String>,
    style: Style,
}

impl Page {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn paragraph(&mut self, tone: Tone, text: &str) {
        for line in table::wrapped(text, WIDTH) {
            self.line(self.style.paint(tone, &line));
        }
    }

    fn heading(&mut self, label: &Label) {
        self.line(String::new());
        self.line(self.style.bold(&format!("■ {} {}", label.zh, label.en)));
    }

    fn section(&mut self, section: &Section) {
        self.line(String::new());
        self.line("─".repeat(WIDTH));
        let status = self.style.paint(section.status.tone, &format!("[{}]", section.status.text));
        self.line(format!(
            "{} {status}",
            self.style.bold(&format!("{} {}", section.title.zh, section.title.en))
        ));
        let origin: Vec<String> =
            section.origin.iter().map(|fact| format!("{} {}", fact.label.zh, fact.cell.text)).collect();
        self.paragraph(Tone::Quiet, &origin.join("  "));
        if let Some((tone, meaning)) = &section.meaning {
            self.paragraph(*tone, &meaning.zh);
        }
        for block in &section.blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(label) => self.heading(label),
            Block::Note(tone, label) => self.paragraph(*tone, &label.zh),
            Block::Facts(facts) => self.facts(facts),
            Block::Table(table) | Block::Long(table) => self.table(table),
            Block::Annex(table) => {
                let text = format!("（{}：{} 行，见 --html 或 --json）", table.caption.zh, table.rows.len());
                self.paragraph(Tone::Quiet, &text);
            }
            Block::Chart(chart) => self.chart(chart),
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        let wide = facts.iter().map(|fact| width(&fact.label.zh)).max().unwrap_or(0);
        for fact in facts {
            let name = table::padded(&fact.label.zh, wide, false);
            let lines = table::wrapped(&fact.cell.text, WIDTH.saturating_sub(wide + 2));
            for (place, line) in lines.iter().enumerate() {
                let name = if place == 0 { name.clone() } else { " ".repeat(wide) };
                self.line(
                    format!("{name}  {}", self.style.paint(fact.cell.tone, line)).trim_end().to_owned(),
                );
            }
        }
    }

    fn highlights(&mut self, document: &Document) {
        let widest = |text: &dyn Fn(&crate::readable::document::Highlight) -> String| {
            document.highlights.iter().map(|one| width(&text(one))).max().unwrap_or(0)
        };
        let names = widest(&|one| one.label.zh.clone());
        let values = widest(&|one| one.cell.text.clone());
        for one in &document.highlights {
            let name = table::padded(&one.label.zh, names, false);
            let value = self.style.paint(one.cell.tone, &table::padded(&one.cell.text, values, true));
            self.line(format!("{name}  {value}  {}", one.detail).trim_end().to_owned());
        }
    }

    fn table(&mut self, table: &Table) {
        self.line(String::new());
        self.line(self.style.bold(&table.caption.zh));
        let style = self.style;
        for line in table::lines(table, |tone, text| style.paint(tone, text)) {
            self.line(line);
        }
    }

    fn chart(&mut self, chart: &Chart) {
        self.line(String::new());
        self.line(self.style.bold(&chart.title.zh));
        let rows: Vec<&Values> = chart.bars.iter().chain(&chart.line).collect();
        let wide = rows.iter().map(|row| width(&row.label.zh)).max().unwrap_or(0);
        for row in rows {
            let name = if chart.bars.len() + usize::from(chart.line.is_some()) > 1 {
                format!("{}  ", table::padded(&row.label.zh, wide, false))
            } else {
                String::new()
            };
            let line = sparkline::sparkline(&row.values);
            self.line(format!("{name}{line}  {}", range(chart.unit, &row.values)).trim_end().to_owned());
        }
        if let (Some(first), Some(last)) = (chart.slots.first(), chart.slots.last()) {
            let span = if first == last { first.clone() } else { format!("{first} 至 {last}") };
            let text = format!("{span}；▁ 最低，█ 最高，{} 无数据（不是零）", sparkline::GAP);
            self.paragraph(Tone::Quiet, &text);
        }
    }
}

/// The least and the most of a row, in words.
fn range(unit: Unit, values: &[Option<i64>]) -> String {
    let known = values.iter().flatten();
    let write = |value: i64| match unit {
        Unit::Fen => money::short_yuan(value),
        Unit::Persons => format!("{}人", money::count(value)),
    };
    match known.clone().min().zip(known.max()) {
        Some((least, most)) if least == most => write(*least),
        Some((least, most)) => format!("{} ～ {}", write(*least), write(*most)),
        None => String::new(),
    }
}
