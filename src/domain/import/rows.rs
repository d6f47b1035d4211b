//! An input as records, one at a time.

use std::io::BufRead;

use super::cells::{Cells, shown};
use super::form::Form;
use super::lines::Lines;
use super::{Broken, Fault, RowError, RowProblem, Syntax, csv_line, json_line};
use crate::domain::record::Record;

/// Reads the rows of one input as records. Holds one line and one row, whatever the input's length.
pub struct Rows<R: BufRead> {
    form: &'static Form,
    lines: Lines<R>,
    /// Places of the CSV columns among the form's; none for NDJSON.
    header: Option<Vec<usize>>,
    cells: Cells,
    row: u64,
    ended: bool,
}

impl<R: BufRead> Rows<R> {
    /// Starts reading; of CSV the header is read here. A byte order mark at the start is skipped.
    pub fn open(form: &'static Form, syntax: Syntax, reader: R) -> Result<Self, Broken> {
        let mut lines = Lines::new(reader);
        let header = match syntax {
            Syntax::Csv => Some(read_header(form, &mut lines)?),
            Syntax::Ndjson => None,
        };
        Ok(Self { form, lines, header, cells: Cells::new(form), row: 0, ended: false })
    }

    /// Number of data rows read so far, rejected ones included.
    pub fn rows_read(&self) -> u64 {
        self.row
    }

    fn read_row(&mut self) -> Option<Result<Record, RowProblem>> {
        loop {
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(broken) => return Some(Err(RowProblem::Broken(broken))),
            };
            if line.trim_ascii().is_empty() {
                continue; // a blank line is no row
            }
            self.row = self.row.saturating_add(1);
            self.cells.clear();
            let filled = match &self.header {
                Some(header) => fill_from_csv(&mut self.cells, header, line),
                None => fill_from_json(&mut self.cells, line),
            };
            let row = self.row;
            return Some(filled.and_then(|()| to_record(self.form, &self.cells)).map_err(|fault| {
                RowProblem::Rejected(RowError { row, column: fault.column, message: fault.message })
            }));
        }
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Record, RowProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read_row();
        self.ended = matches!(item, None | Some(Err(RowProblem::Broken(_))));
        item
    }
}

impl<R: BufRead> std::iter::FusedIterator for Rows<R> {}

fn read_header<R: BufRead>(form: &Form, lines: &mut Lines<R>) -> Result<Vec<usize>, Broken> {
    let broken = |message: String| Broken { line: 1, message };
    let line = lines
        .next_line()?
        .ok_or_else(|| broken("the input is empty; CSV starts with a header of column names".to_owned()))?;
    let names = csv_line::split(line).map_err(|wrong| broken(format!("header: {wrong}")))?;
    let mut header = Vec::with_capacity(names.len());
    for name in &names {
        let index = form.column_index(name).ok_or_else(|| {
            broken(format!("header: the form {} has no column \"{}\"", form.id(), shown(name)))
        })?;
        if header.contains(&index) {
            return Err(broken(format!("header: column {name} must stand only once")));
        }
        header.push(index);
    }
    for (index, column) in form.columns().iter().enumerate() {
        if column.required && !header.contains(&index) {
            return Err(broken(format!("header: the required column {} must be there", column.name)));
        }
    }
    Ok(header)
}

fn fill_from_csv(cells: &mut Cells, header: &[usize], line: &str) -> Result<(), Fault> {
    let texts = csv_line::split(line).map_err(Fault::row)?;
    if texts.len() != header.len() {
        return Err(Fault::row(format!(
            "a row must have {} cells like the header, this one has {}",
            header.len(),
            texts.len()
        )));
    }
    header.iter().zip(&texts).try_for_each(|(index, text)| cells.put_text(*index, text))
}

fn fill_from_json(cells: &mut Cells, line: &str) -> Result<(), Fault> {
    let members = json_line::members(line).map_err(Fault::row)?;
    members.iter().try_for_each(|(name, scalar)| cells.put_member(name, scalar))
}

fn to_record(form: &Form, cells: &Cells) -> Result<Record, Fault> {
    cells.check_required()?;
    form.read(cells)
}
