//! Lines of an input, one at a time into one buffer, none longer than a limit.

use std::io::{BufRead, BufReader, Read};

use super::charset::{Charset, NOT_UTF8};
use super::fault::{Broken, InputFault};
use super::input_rule::InputRule;

/// Longest line taken, in bytes. A full VAT row is under 8 kB.
const LINE_BYTES_MAX: usize = 1 << 20;
/// [`LINE_BYTES_MAX`] and room for the line break.
const READ_BYTES_MAX: u64 = (1 << 20) + 2;
/// Bytes read from the source at a time.
const PIECE_BYTES: usize = 1 << 16;

/// Reads an input line by line.
pub(super) struct Lines<'a> {
    reader: BufReader<Box<dyn Read + 'a>>,
    buffer: Vec<u8>,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(charset: Charset, reader: impl Read + 'a) -> Self {
        let reader = BufReader::with_capacity(PIECE_BYTES, charset.decode(reader));
        Self { reader, buffer: Vec::new(), line: 0 }
    }

    /// Number of the line read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line read last, without its line break.
    pub(super) fn current(&self) -> &str {
        // It was checked when it was read.
        std::str::from_utf8(bare(self.line, &self.buffer)).unwrap_or_default()
    }

    /// The next line without its line break, or none at the end of the input.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, Broken> {
        self.buffer.clear();
        self.line = self.line.saturating_add(1);
        let line = self.line;
        let read = (&mut self.reader).take(READ_BYTES_MAX).read_until(b'\n', &mut self.buffer);
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => {
                let fault = InputFault::of(&error);
                return Err(Broken::new(line, fault.rule, fault.message));
            }
        }
        let bytes = bare(line, &self.buffer);
        if bytes.len() > LINE_BYTES_MAX {
            return Err(Broken::new(line, InputRule::InputLine, "a line must not be longer than 1 MiB"));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Broken::new(line, InputRule::InputCharset, NOT_UTF8)),
        }
    }
}

/// A line without its break, the first without a byte order mark.
fn bare(line: u64, bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    match line {
        1 => bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
        _ => bytes,
    }
}
