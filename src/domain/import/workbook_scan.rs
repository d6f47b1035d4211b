//! A look through a workbook before it is opened: its parts must not expand into a bomb, nor into more memory than a sheet needs.
//!
//! The reader behind holds one XML event, one cell, all shared strings and all cell formats in memory. So no
//! event and no cell may be long, and strings and formats are counted. What was scanned is what is read: both go
//! by the same ZIP reader over the same file.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::ZipArchive;

use super::fault::InputFault;
use super::input_rule::InputRule;
use super::unpack::{bomb, is_bomb};

/// Largest workbook. A sheet ends at 1,048,576 rows; more is delivered in parts, or as CSV.
pub const WORKBOOK_BYTES_MAX: u64 = 512 << 20;
/// What may be read to find the parts: the list of names at the end of a ZIP file.
const DIRECTORY_BYTES_MAX: u64 = 16 << 20;
/// A part up to this size may hold anything: it fits into memory.
const SMALL_PART_BYTES: u64 = 64 << 20;
/// Largest table of shared strings.
const STRINGS_BYTES_MAX: u64 = 256 << 20;
/// Largest table of styles, and most cell formats in it. A spreadsheet program makes 65,490 at most.
const STYLES_BYTES_MAX: u64 = 16 << 20;
const FORMATS_MAX: u64 = 100_000;
/// Longest cell, with its markup.
const CELL_BYTES_MAX: u64 = 1 << 20;
/// Fewest bytes of markup for one shared string.
const STRING_BYTES_MIN: u64 = 8;
/// Longest tag that is looked into.
const TAG_BYTES_MAX: usize = 4 << 10;

/// Looks through the file and leaves it at its start.
pub(super) fn scan<R: Read + Seek>(file: &mut R) -> io::Result<()> {
    let size = file.seek(SeekFrom::End(0))?;
    if size > WORKBOOK_BYTES_MAX {
        let limit = WORKBOOK_BYTES_MAX >> 20;
        return Err(InputFault::io(
            InputRule::InputWorkbook,
            format!("a workbook must not be larger than {limit} MiB: deliver it in parts, or as CSV"),
        ));
    }
    file.seek(SeekFrom::Start(0))?;
    let left = Rc::new(Cell::new(DIRECTORY_BYTES_MAX));
    let metered = Metered { inner: &mut *file, left: left.clone() };
    let mut archive = ZipArchive::new(metered).map_err(|_| unreadable())?;
    left.set(u64::MAX); // the list is read; the parts are bounded by what they expand to
    let mut expanded = 0;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| unreadable())?;
        if part.encrypted() {
            return Err(InputFault::io(
                InputRule::InputWorkbook,
                "the workbook must not be protected by a password",
            ));
        }
        let name = part.name().map_err(|_| unreadable())?.to_ascii_lowercase();
        scan_part(&name, &mut part, size, &mut expanded)?;
    }
    drop(archive);
    file.seek(SeekFrom::Start(0)).map(drop)
}

/// The answer to what is no workbook.
pub(super) fn unreadable() -> io::Error {
    InputFault::io(
        InputRule::InputWorkbook,
        "the file must be an XLSX workbook without password: save it anew as \"Excel workbook (.xlsx)\"",
    )
}

fn scan_part(name: &str, part: &mut impl Read, size: u64, expanded: &mut u64) -> io::Result<()> {
    let mut meter = Meter::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = match part.read(&mut piece) {
            Ok(0) => return if meter.holds_at_end(name) { Ok(()) } else { Err(too_much()) },
            Ok(count) => count,
            Err(error) if InputFault::of(&error).rule != InputRule::InputBrokenOff => return Err(error),
            Err(_) => return Err(unreadable()),
        };
        let bytes = piece.get(..count).unwrap_or_default();
        *expanded = expanded.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if is_bomb(size, *expanded) {
            return Err(bomb());
        }
        bytes.iter().for_each(|byte| meter.take(*byte));
        if !meter.holds(name) {
            return Err(too_much());
        }
    }
}

fn too_much() -> io::Error {
    InputFault::io(
        InputRule::InputWorkbook,
        "a part of the workbook takes more memory than any sheet of a form needs: save the rows alone into a new workbook, or as CSV",
    )
}

/// Reads on until a budget is used up.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left =
            self.left.get().checked_sub(u64::try_from(count).unwrap_or(u64::MAX)).ok_or_else(too_much)?;
        self.left.set(left);
        Ok(count)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// What a part of XML would take to read.
#[derive(Default)]
struct Meter {
    bytes: u64,
    /// Bytes since the last border of a cell, row or shared string, and the most there were.
    span: u64,
    span_max: u64,
    /// Has comments, CDATA, a document type or instructions: borders seen may then be none.
    decorated: bool,
    formats: u64,
    /// Number of shared strings that the part announces.
    announced: u64,
    in_tag: bool,
    quote: Option<u8>,
    tag: Vec<u8>,
}

impl Meter {
    fn take(&mut self, byte: u8) {
        self.bytes = self.bytes.saturating_add(1);
        self.span = self.span.saturating_add(1);
        self.span_max = self.span_max.max(self.span);
        if self.bytes == 1 && byte != b'<' && byte != 0xEF {
            self.decorated = true; // no XML, or none that is plain
        }
        match (self.in_tag, self.quote) {
            (false, _) => {
                if byte == b'<' {
                    self.in_tag = true;
                    self.tag.clear();
                }
            }
            (true, Some(quote)) => {
                if byte == quote {
                    self.quote = None;
                }
                self.keep(byte);
            }
            (true, None) if byte == b'>' => {
                self.in_tag = false;
                self.end_tag();
            }
            (true, None) => {
                if byte == b'"' || byte == b'\'' {
                    self.quote = Some(byte);
                }
                if self.tag.is_empty() && (byte == b'!' || (byte == b'?' && self.bytes > 5)) {
                    self.decorated = true;
                }
                self.keep(byte);
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.tag.len() < TAG_BYTES_MAX {
            self.tag.push(byte);
        } else {
            self.decorated = true;
        }
    }

    fn end_tag(&mut self) {
        let name = self.tag.strip_prefix(b"/").unwrap_or(&self.tag);
        let end = name.iter().position(|c| c.is_ascii_whitespace() || *c == b'/').unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        match name.rsplit(|c| *c == b':').next().unwrap_or_default() {
            b"c" | b"row" | b"si" => self.span = 0,
            b"xf" => self.formats = self.formats.saturating_add(1),
            b"sst" => self.announced = self.announced.max(unique_count(&self.tag)),
            _ => {}
        }
    }

    fn holds(&self, name: &str) -> bool {
        let plain = !self.decorated && self.span_max <= CELL_BYTES_MAX;
        let limit = if name.ends_with("sharedstrings.xml") {
            STRINGS_BYTES_MAX
        } else if name.ends_with("styles.xml") {
            STYLES_BYTES_MAX
        } else {
            u64::MAX
        };
        self.bytes <= limit && self.formats <= FORMATS_MAX && (plain || self.bytes <= SMALL_PART_BYTES)
    }

    /// The reader makes room for as many strings as are announced, before it has seen any.
    fn holds_at_end(&self, name: &str) -> bool {
        let strings = name.ends_with("sharedstrings.xml");
        !strings || (!self.decorated && self.announced <= self.bytes / STRING_BYTES_MIN)
    }
}

/// The number in a tag's attribute `uniqueCount`.
fn unique_count(tag: &[u8]) -> u64 {
    const NAME: &[u8] = b"uniqueCount";
    let Some(at) = tag.windows(NAME.len()).position(|part| part == NAME) else { return 0 };
    let digits = tag.iter().skip(at).skip_while(|c| !c.is_ascii_digit()).take_while(|c| c.is_ascii_digit());
    digits.fold(0_u64, |number, c| number.saturating_mul(10).saturating_add(u64::from(c - b'0')))
}
