//! An input as records, one at a time.

use std::borrow::Cow;
use std::io::{Read, Seek};

use super::cells::Cells;
use super::charset::Charset;
use super::fault::{Broken, Fault, InputFault, RowProblem};
use super::form::Form;
use super::header::{Header, Place};
use super::input_rule::InputRule;
use super::lines::Lines;
use super::rejected::{own_members, sheet_line};
use super::workbook::{Sheet, SheetRow};
use super::{Syntax, csv_line, json_line};
use crate::domain::record::Record;

/// Longest rejected row that is kept to be mended, in bytes.
const ORIGINAL_BYTES_MAX: usize = 16 << 10;

/// Reads the rows of one input as records. Holds one line and one row, whatever the input's length; of a workbook
/// a few hundred rows, its shared strings and its styles.
pub struct Rows<'a> {
    form: &'static Form,
    source: Source<'a>,
    cells: Cells,
    row: u64,
    line: u64,
    /// Whether the row read last was.
    rejected: bool,
    ended: bool,
}

/// Where rows come from.
enum Source<'a> {
    Csv { lines: Lines<'a>, header: Header, names: String },
    Ndjson { lines: Lines<'a> },
    Workbook { sheet: Sheet, header: Header, names: String, row: SheetRow },
}

impl<'a> Rows<'a> {
    /// Starts reading a text in UTF-8; of CSV the header is read here. A byte order mark at the start is skipped.
    pub fn open(form: &'static Form, syntax: Syntax, reader: impl Read + 'a) -> Result<Self, Broken> {
        Self::decoded(form, syntax, Charset::Utf8, reader)
    }

    /// Starts reading a text in a charset. A workbook is no text: it has [`Rows::workbook`].
    pub fn decoded(
        form: &'static Form,
        syntax: Syntax,
        charset: Charset,
        reader: impl Read + 'a,
    ) -> Result<Self, Broken> {
        let mut lines = Lines::new(charset, reader);
        match syntax {
            Syntax::Csv => {
                let (header, names) = read_header(form, &mut lines)?;
                Ok(Self::of(form, Source::Csv { lines, header, names }))
            }
            Syntax::Ndjson => Ok(Self::of(form, Source::Ndjson { lines })),
            Syntax::Xlsx => {
                Err(Broken::new(0, InputRule::InputWorkbook, "a workbook cannot be read as it streams"))
            }
        }
    }

    /// Starts reading the first sheet of a workbook; its first row that has cells is the header.
    pub fn workbook(form: &'static Form, file: impl Read + Seek + Send + 'static) -> Result<Self, Broken> {
        let mut sheet = Sheet::open(file)?;
        let first = sheet.next_row()?.ok_or_else(|| {
            Broken::new(
                1,
                InputRule::InputEmpty,
                "the first sheet is empty; it starts with a header of column names",
            )
        })?;
        let names = super::rejected::sheet_names(&first);
        let header = Header::resolve(form, &names).map_err(|fault| header_broken(first.number, fault))?;
        let names = super::rejected::csv_line_of(&names);
        let row = SheetRow { number: first.number, cells: Vec::new() };
        Ok(Self::of(form, Source::Workbook { sheet, header, names, row }))
    }

    fn of(form: &'static Form, source: Source<'a>) -> Self {
        Self { form, source, cells: Cells::new(form), row: 0, line: 0, rejected: false, ended: false }
    }

    /// Number of data rows read so far, rejected ones included.
    pub fn rows_read(&self) -> u64 {
        self.row
    }

    /// Line of the row read last, from 1; of a workbook the row as the spreadsheet numbers it.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The header as a line of CSV; none of NDJSON.
    pub fn header(&self) -> Option<&str> {
        match &self.source {
            Source::Csv { names, .. } | Source::Workbook { names, .. } => Some(names),
            Source::Ndjson { .. } => None,
        }
    }

    /// The row read last as it was delivered, of a workbook as a line of CSV; none if it is too long to be kept.
    ///
    /// Of a rejected object only the columns of the form: what has no place here is not kept either.
    pub fn original(&self) -> Option<Cow<'_, str>> {
        let text = match &self.source {
            Source::Ndjson { lines } if self.rejected => Cow::Owned(own_members(self.form, lines.current())?),
            Source::Csv { lines, .. } | Source::Ndjson { lines } => Cow::Borrowed(lines.current()),
            Source::Workbook { header, row, .. } => Cow::Owned(sheet_line(row, header.places.len())),
        };
        (text.len() <= ORIGINAL_BYTES_MAX).then_some(text)
    }

    fn read_row(&mut self) -> Option<Result<Record, RowProblem>> {
        let filled = match self.fill() {
            Ok(Some(filled)) => filled,
            Ok(None) => return None,
            Err(broken) => return Some(Err(RowProblem::Broken(broken))),
        };
        let record = filled.and_then(|()| {
            self.cells.check_required()?;
            self.form.read(&self.cells)
        });
        self.rejected = record.is_err();
        Some(record.map_err(|fault| RowProblem::Rejected(fault.at(self.row, self.line))))
    }

    /// Reads the next row that is not blank into the cells; none at the end.
    fn fill(&mut self) -> Result<Option<Result<(), Fault>>, Broken> {
        self.cells.clear();
        let (line, filled) = match &mut self.source {
            Source::Csv { lines, header, .. } => match next_full(lines)? {
                Some(line) => {
                    let filled = fill_from_csv(&mut self.cells, header, line);
                    (lines.line(), filled)
                }
                None => return Ok(None),
            },
            Source::Ndjson { lines } => match next_full(lines)? {
                Some(line) => {
                    let filled = fill_from_json(&mut self.cells, line);
                    (lines.line(), filled)
                }
                None => return Ok(None),
            },
            Source::Workbook { sheet, header, row, .. } => match sheet.next_row()? {
                Some(next) => {
                    *row = next;
                    (row.number, fill_from_sheet(&mut self.cells, header, row))
                }
                None => return Ok(None),
            },
        };
        self.row = self.row.saturating_add(1);
        self.line = line;
        Ok(Some(filled))
    }
}

impl Iterator for Rows<'_> {
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

impl std::iter::FusedIterator for Rows<'_> {}

/// The next line that is not blank.
fn next_full<'l>(lines: &'l mut Lines<'_>) -> Result<Option<&'l str>, Broken> {
    loop {
        match lines.next_line()? {
            None => return Ok(None),
            Some(line) if line.trim_ascii().is_empty() => {}
            Some(_) => return Ok(Some(lines.current())),
        }
    }
}

fn read_header(form: &Form, lines: &mut Lines<'_>) -> Result<(Header, String), Broken> {
    let line = lines.next_line()?.ok_or_else(|| {
        let message = "the input is empty; CSV starts with a header of column names";
        Broken::new(1, InputRule::InputEmpty, message)
    })?;
    let names = csv_line::split(line)
        .map_err(|wrong| Broken::new(1, InputRule::HeaderUnreadable, format!("header: {wrong}")))?;
    let header = Header::resolve(form, &names).map_err(|fault| header_broken(1, fault))?;
    Ok((header, line.to_owned()))
}

fn header_broken(line: u64, fault: InputFault) -> Broken {
    Broken { line, rule: fault.rule, message: fault.message }
}

fn fill_from_csv(cells: &mut Cells, header: &Header, line: &str) -> Result<(), Fault> {
    let texts = csv_line::split(line).map_err(|wrong| Fault::row(wrong).breaking(InputRule::ShapeQuotes))?;
    if texts.len() != header.places.len() {
        return Err(wrong_shape(format!(
            "a row must have {} cells like the header, this one has {}",
            header.places.len(),
            texts.len()
        )));
    }
    header.places.iter().zip(&texts).try_for_each(|(place, text)| match place {
        Place::Column(index) => cells.put_text(*index, header.language, text),
        Place::Remark => Ok(()),
        Place::Blank if text.trim().is_empty() => Ok(()),
        Place::Blank => Err(value_without_name()),
    })
}

fn fill_from_sheet(cells: &mut Cells, header: &Header, row: &SheetRow) -> Result<(), Fault> {
    row.cells.iter().try_for_each(|(at, value)| match header.places.get(*at) {
        Some(Place::Column(index)) => cells.put_sheet(*index, header.language, value),
        Some(Place::Remark) => Ok(()),
        Some(Place::Blank) | None => Err(value_without_name()),
    })
}

fn value_without_name() -> Fault {
    wrong_shape(
        "a value must stand under a column name; this row has one where the header has none".to_owned(),
    )
}

fn wrong_shape(message: String) -> Fault {
    Fault::row(message).breaking(InputRule::ShapeCells)
}

fn fill_from_json(cells: &mut Cells, line: &str) -> Result<(), Fault> {
    let members =
        json_line::members(line).map_err(|wrong| Fault::row(wrong).breaking(InputRule::ShapeJson))?;
    members.iter().try_for_each(|(name, scalar)| cells.put_member(name, scalar))
}
