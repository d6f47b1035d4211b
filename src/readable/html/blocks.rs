//! The blocks of a section as HTML.

use super::super::document::{Block, Cell, Column, Fact, Label, Table, Tone};
use super::super::value::width;
use super::chart;
use super::writer::{Voice, Writer};

/// A text column wider than this breaks its lines.
const LONG: usize = 30;

/// A table with more columns than this may be wider than a phone, and can be scrolled by keyboard.
const MANY_COLUMNS: usize = 3;

/// A table with more columns than this is set smaller on paper.
const DENSE_COLUMNS: usize = 8;

/// Hands out ids for captions.
#[derive(Debug, Default)]
pub struct Ids {
    next: usize,
}

impl Ids {
    fn take(&mut self) -> String {
        self.next += 1;
        format!("table-{}", self.next)
    }
}

/// One block.
pub fn block(page: &mut Writer, block: &Block, ids: &mut Ids) {
    match block {
        Block::Heading(label) => page.element("h3", &[], |page| both(page, label)),
        Block::Note(tone, label) => note(page, *tone, label),
        Block::Facts(list) => facts(page, list),
        Block::Table(one) => table(page, one, ids),
        Block::Long(one) => folded(page, one, "fold", ids),
        Block::Annex(one) => folded(page, one, "fold annex", ids),
        Block::Chart(one) => chart::figure(page, one),
    }
}

fn folded(page: &mut Writer, one: &Table, class: &str, ids: &mut Ids) {
    page.element("details", &[("class", class)], |page| {
        page.element("summary", &[], |page| {
            both(page, &one.caption);
            let rows = match page.voice {
                Voice::English => format!(" ({} rows)", one.rows.len()),
                Voice::Both | Voice::Chinese => format!("（{} 行）", one.rows.len()),
            };
            page.text(&rows);
        });
        table(page, one, ids);
    });
}

/// A label in the page's voice: Chinese, then English in a quieter one, or either alone.
pub fn both(page: &mut Writer, label: &Label) {
    let first = page.one(label).to_owned();
    page.text(&first);
    if page.voice == Voice::Both && !label.en.is_empty() {
        page.text(" ");
        page.leaf("span", &[("lang", "en")], &label.en);
    }
}

/// A sentence in both languages.
pub fn note(page: &mut Writer, tone: Tone, label: &Label) {
    page.element("p", &[("class", &format!("note {}", cell_class(tone)))], |page| both(page, label));
}

/// Names and values.
pub fn facts(page: &mut Writer, facts: &[Fact]) {
    page.element("dl", &[("class", "facts")], |page| {
        for fact in facts {
            let class = if width(&fact.cell.text) > 2 * LONG { "long" } else { "" };
            page.element("div", &[("class", class)], |page| {
                page.element("dt", &[], |page| both(page, &fact.label));
                page.leaf("dd", &[("class", cell_class(fact.cell.tone))], &fact.cell.text);
            });
        }
    });
}

/// The class that a tone is styled by.
pub fn cell_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Quiet => "quiet",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}

fn table(page: &mut Writer, table: &Table, ids: &mut Ids) {
    let caption = ids.take();
    let many = table.columns.len() > MANY_COLUMNS;
    let class = if table.columns.len() > DENSE_COLUMNS { "scroll dense" } else { "scroll" };
    let region =
        [("class", class), ("role", "region"), ("aria-labelledby", caption.as_str()), ("tabindex", "0")];
    page.element("div", if many { &region } else { &region[..1] }, |page| {
        page.element("table", &[], |page| {
            page.element("caption", &[("id", &caption)], |page| {
                page.element("span", &[], |page| both(page, &table.caption));
            });
            page.element("thead", &[], |page| {
                page.element("tr", &[], |page| table.columns.iter().for_each(|column| heading(page, column)));
            });
            let long: Vec<bool> = (0..table.columns.len()).map(|at| is_long(table, at)).collect();
            page.element("tbody", &[], |page| {
                table.rows.iter().for_each(|cells| row(page, table, &long, cells))
            });
            if !table.sums.is_empty() {
                page.element("tfoot", &[], |page| {
                    table.sums.iter().for_each(|cells| row(page, table, &long, cells))
                });
            }
        });
    });
}

fn is_long(table: &Table, at: usize) -> bool {
    table.rows.iter().filter_map(|row| row.get(at)).any(|cell| width(&cell.text) > LONG)
}

fn heading(page: &mut Writer, column: &Column) {
    let class = if column.figures { "n" } else { "t" };
    page.element("th", &[("scope", "col"), ("class", class)], |page| both(page, &column.label));
}

fn row(page: &mut Writer, table: &Table, long: &[bool], cells: &[Cell]) {
    page.element("tr", &[], |page| {
        for ((place, cell), column) in cells.iter().enumerate().zip(&table.columns) {
            let kind = match (column.figures, long.get(place)) {
                (true, _) => "n",
                (false, Some(true)) => "t long",
                (false, _) => "t",
            };
            let class = format!("{kind} {}", cell_class(cell.tone));
            // For pages that turn a row into a card where the screen is narrow.
            let name = page.one(&column.label).to_owned();
            if place == 0 {
                page.leaf("th", &[("scope", "row"), ("class", &class), ("data-label", &name)], &cell.text);
            } else {
                page.leaf("td", &[("class", &class), ("data-label", &name)], &cell.text);
            }
        }
    });
}
