//! Lines of an input, one at a time into one buffer, none longer than a limit.

use std::io::{BufRead, Read};

use super::Broken;

/// Longest line taken, in bytes. A full VAT row is under 8 kB.
const LINE_BYTES_MAX: usize = 1 << 20;
/// [`LINE_BYTES_MAX`] and room for the line break.
const READ_BYTES_MAX: u64 = (1 << 20) + 2;

/// Reads an input line by line.
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), line: 0 }
    }

    /// The next line without its line break, or none at the end of the input.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, Broken> {
        self.buffer.clear();
        self.line = self.line.saturating_add(1);
        let line = self.line;
        let broken = |message: String| Broken { line, message };
        let read = (&mut self.reader).take(READ_BYTES_MAX).read_until(b'\n', &mut self.buffer);
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(broken(format!("the input breaks off: {error}"))),
        }
        let mut bytes = self.buffer.as_slice();
        bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if line == 1 {
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes); // byte order mark
        }
        if bytes.len() > LINE_BYTES_MAX {
            return Err(broken("a line must not be longer than 1 MiB".to_owned()));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(broken("the input must be UTF-8".to_owned())),
        }
    }
}
