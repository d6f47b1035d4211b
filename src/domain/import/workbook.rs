//! A workbook (XLSX, ECMA-376) as rows of cells: the first sheet, a few rows in memory at a time.
//!
//! The reader runs on a thread of its own. It borrows the workbook that it reads, and what the libraries below
//! it make of a hostile file stays there: a panic ends the thread, and the input is told to be no workbook.

use std::io::{Read, Seek};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use calamine::{Cell, DataRef, Reader, SheetType, Xlsx, XlsxCellReader};
use chrono::NaiveDate;

use super::fault::{Broken, InputFault};
use super::input_rule::InputRule;
use super::workbook_scan::{scan, unreadable};

/// Rows handed over at a time, and such sets that may wait.
const ROWS_TOGETHER: usize = 128;
const SETS_WAITING: usize = 2;
/// Text that one row may hold, in bytes; of a set, more of it is handed over at once.
const ROW_TEXT_MAX: usize = 1 << 20;
/// Days of a spreadsheet's calendar: its serial numbers go up to 9999-12-31.
const SERIAL_MAX: f64 = 2_958_465.0;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SheetValue {
    Text(String),
    Number(f64),
    /// A number that is shown as a date; the day, if it is one without a time of day.
    Serial(f64, Option<NaiveDate>),
    Boolean(bool),
    /// `#N/A` and its like.
    Error,
}

/// One row that has cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SheetRow {
    /// As the spreadsheet numbers it, from 1.
    pub(super) number: u64,
    /// Cells that hold something, by column from 0, ascending.
    pub(super) cells: Vec<(usize, SheetValue)>,
}

/// The rows of the first sheet.
pub(super) struct Sheet {
    sets: Option<Receiver<Set>>,
    set: std::vec::IntoIter<SheetRow>,
    reader: Option<JoinHandle<()>>,
    last: u64,
}

/// Rows in their order; without any, the sheet is at its end.
type Set = Result<Vec<SheetRow>, Broken>;

impl Sheet {
    /// Starts reading.
    pub(super) fn open(file: impl Read + Seek + Send + 'static) -> Result<Self, Broken> {
        let (sender, sets) = sync_channel(SETS_WAITING);
        let reader = std::thread::Builder::new()
            .name("workbook".to_owned())
            .spawn(move || {
                let end = read(file, &sender).map(|()| Vec::new());
                // If nobody listens any more, nobody wants to know.
                drop(sender.send(end));
            })
            .map_err(|why| Broken::new(0, InputRule::InputWorkbook, why.to_string()))?;
        Ok(Self { sets: Some(sets), set: Vec::new().into_iter(), reader: Some(reader), last: 0 })
    }

    /// The next row that has cells, or none at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<SheetRow>, Broken> {
        loop {
            if let Some(row) = self.set.next() {
                self.last = row.number;
                return Ok(Some(row));
            }
            let Some(sets) = &self.sets else { return Ok(None) };
            match sets.recv() {
                Ok(Ok(set)) if set.is_empty() => self.sets = None,
                Ok(Ok(set)) => self.set = set.into_iter(),
                Ok(Err(broken)) => {
                    self.sets = None;
                    return Err(broken);
                }
                Err(_ended_without_a_word) => {
                    self.sets = None;
                    return Err(self.not_readable());
                }
            }
        }
    }

    fn not_readable(&mut self) -> Broken {
        // What it panicked with has been logged by its thread.
        drop(self.reader.take().map(JoinHandle::join));
        broken(self.last + 1, InputFault::of(&unreadable()))
    }
}

fn broken(line: u64, fault: InputFault) -> Broken {
    Broken { line, rule: fault.rule, message: fault.message }
}

/// Reads the whole sheet, or until nobody listens.
fn read(mut file: impl Read + Seek, sender: &SyncSender<Set>) -> Result<(), Broken> {
    scan(&mut file).map_err(|error| broken(0, InputFault::of(&error)))?;
    let not_a_workbook = || broken(0, InputFault::of(&unreadable()));
    let mut workbook = Xlsx::new(file).map_err(|_| not_a_workbook())?;
    let sheets = workbook.sheets_metadata();
    let first = sheets.iter().find(|sheet| sheet.typ == SheetType::WorkSheet).ok_or_else(not_a_workbook)?;
    let name = first.name.clone();
    let cells = workbook.worksheet_cells_reader(&name).map_err(|_| not_a_workbook())?;
    Rows { sender, set: Vec::new(), set_text: 0, row: SheetRow { number: 0, cells: Vec::new() }, row_text: 0 }
        .read(cells)
}

/// The rows as they are put together.
struct Rows<'a> {
    sender: &'a SyncSender<Set>,
    set: Vec<SheetRow>,
    set_text: usize,
    row: SheetRow,
    row_text: usize,
}

impl Rows<'_> {
    fn read<R: Read + Seek>(mut self, mut cells: XlsxCellReader<'_, R>) -> Result<(), Broken> {
        loop {
            let cell =
                cells.next_cell().map_err(|_| broken(self.row.number + 1, InputFault::of(&unreadable())))?;
            let Some(cell) = cell else { break };
            if !self.take(&cell)? {
                return Ok(());
            }
        }
        self.end_row();
        self.hand_over();
        Ok(())
    }

    /// Adds a cell; false if nobody listens any more.
    fn take(&mut self, cell: &Cell<DataRef<'_>>) -> Result<bool, Broken> {
        let (row, column) = cell.get_position();
        let number = u64::from(row) + 1;
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let Some(value) = value(cell.get_value()) else { return Ok(true) };
        let goes_on = if number == self.row.number {
            true
        } else {
            self.end_row();
            self.set.len() < ROWS_TOGETHER && self.set_text < ROW_TEXT_MAX || self.hand_over()
        };
        let in_order = number >= self.row.number
            && (number > self.row.number || self.row.cells.last().is_none_or(|(last, _)| *last < column));
        if !in_order {
            let message = "the cells of the sheet must stand in their order, each once";
            return Err(Broken::new(number, InputRule::InputWorkbook, message));
        }
        self.row.number = number;
        if let SheetValue::Text(text) = &value {
            self.row_text += text.len();
            if self.row_text > ROW_TEXT_MAX {
                return Err(Broken::new(number, InputRule::InputLine, "a row must not hold more than 1 MiB"));
            }
        }
        self.row.cells.push((column, value));
        Ok(goes_on)
    }

    fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.row.cells);
        if !cells.is_empty() {
            self.set.push(SheetRow { number: self.row.number, cells });
            self.set_text += std::mem::take(&mut self.row_text);
        }
    }

    fn hand_over(&mut self) -> bool {
        self.set_text = 0;
        let set = std::mem::take(&mut self.set);
        set.is_empty() || self.sender.send(Ok(set)).is_ok()
    }
}

/// What the cell holds, unless it is blank.
fn value(data: &DataRef<'_>) -> Option<SheetValue> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| SheetValue::Text(text.to_owned()));
    match data {
        DataRef::Empty => None,
        DataRef::Int(number) => text(&number.to_string()),
        DataRef::Float(number) => Some(SheetValue::Number(*number)),
        DataRef::String(words) | DataRef::DateTimeIso(words) | DataRef::DurationIso(words) => text(words),
        DataRef::SharedString(words) => text(words),
        DataRef::Bool(boolean) => Some(SheetValue::Boolean(*boolean)),
        DataRef::DateTime(moment) => {
            let serial = moment.as_f64();
            let whole = serial.fract() == 0.0 && (1.0..=SERIAL_MAX).contains(&serial);
            let day = || {
                let (year, month, day, ..) = moment.to_ymd_hms_milli();
                NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))
            };
            Some(SheetValue::Serial(serial, if whole && moment.is_datetime() { day() } else { None }))
        }
        DataRef::Error(_) => Some(SheetValue::Error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    use super::*;

    fn rows(bytes: Vec<u8>) -> Result<Vec<SheetRow>, Broken> {
        let mut sheet = Sheet::open(Cursor::new(bytes))?;
        let mut rows = Vec::new();
        while let Some(row) = sheet.next_row()? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn cells_come_with_their_types_and_places() {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let date = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
        sheet.write(0, 0, "名称").unwrap();
        sheet.write(2, 1, 1234.56).unwrap();
        sheet.write(2, 3, true).unwrap();
        let day = ExcelDateTime::from_ymd(2026, 1, 5).unwrap();
        sheet.write_with_format(3, 0, &day, &date).unwrap();
        sheet.write_with_format(3, 1, 46_027.5, &date).unwrap();
        sheet.write(3, 2, " ").unwrap();
        workbook.add_worksheet().write(0, 0, "second sheet").unwrap();
        let rows = rows(workbook.save_to_buffer().unwrap()).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0], SheetRow { number: 1, cells: vec![(0, SheetValue::Text("名称".to_owned()))] });
        assert_eq!(rows[1].number, 3);
        assert_eq!(rows[1].cells, [(1, SheetValue::Number(1234.56)), (3, SheetValue::Boolean(true))]);
        let day = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let serials = [(0, SheetValue::Serial(46_027.0, Some(day))), (1, SheetValue::Serial(46_027.5, None))];
        assert_eq!(rows[2].cells, serials);
    }

    #[test]
    fn many_rows_come_in_their_order() {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for row in 0..1_000 {
            sheet.write(row, 0, format!("{row}")).unwrap();
        }
        let rows = rows(workbook.save_to_buffer().unwrap()).unwrap();
        let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (1..=1_000).collect::<Vec<u64>>());
    }

    #[test]
    fn what_is_no_workbook_is_told_so() {
        for bytes in [Vec::new(), b"PK\x03\x04".to_vec(), b"taxpayer_id,year\n".to_vec()] {
            let broken = rows(bytes).unwrap_err();
            assert_eq!(broken.rule, InputRule::InputWorkbook);
            assert!(broken.message.contains("XLSX"), "{broken}");
        }
    }

    #[test]
    fn a_reader_dropped_early_ends_its_thread() {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for row in 0..5_000 {
            sheet.write(row, 0, 1).unwrap();
        }
        let mut sheet = Sheet::open(Cursor::new(workbook.save_to_buffer().unwrap())).unwrap();
        assert!(sheet.next_row().unwrap().is_some());
        let thread = sheet.reader.take().unwrap();
        drop(sheet);
        thread.join().unwrap();
    }
}
