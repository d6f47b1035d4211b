//! Compressed files on their way in: gzip (RFC 1952) or zstd (RFC 8878), with one limit on how far they may expand.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::fault::InputFault;
use super::input_rule::InputRule;

/// A compressed file may grow this many times; past it, it is a bomb.
pub const EXPANSION_MAX: u64 = 200;
/// Any file may expand to this many bytes.
pub const EXPANSION_FREE_BYTES: u64 = 64 << 20;
/// Largest window of zstd, 8 MiB as RFC 9659 bounds it for HTTP: it is held in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames with a window of at most 8 MiB.
    Zstd,
}

impl Compression {
    /// What the ending of a file's name says, and the name without it.
    pub fn of_name(name: &str) -> (Compression, &str) {
        if let Some(inner) = name.strip_suffix(".gz") {
            (Compression::Gzip, inner)
        } else if let Some(inner) = name.strip_suffix(".zst") {
            (Compression::Zstd, inner)
        } else {
            (Compression::None, name)
        }
    }

    /// Reads the file as it was before it was compressed.
    pub fn unpack<'a>(self, packed: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let passed = Rc::new(Cell::new(0));
        let counted = Counted { inner: packed, passed: passed.clone() };
        let unpacked: Box<dyn Read + 'a> = match self {
            Compression::None => return Ok(Box::new(counted.inner)),
            Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(counted))),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(counted)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        };
        Ok(Box::new(Bounded { inner: unpacked, passed, out: 0 }))
    }
}

/// Whether so many bytes out of so many packed ones are more than any honest file has.
pub(super) fn is_bomb(packed: u64, unpacked: u64) -> bool {
    unpacked > EXPANSION_FREE_BYTES.max(packed.saturating_mul(EXPANSION_MAX))
}

/// The answer to a bomb.
pub(super) fn bomb() -> io::Error {
    InputFault::io(
        InputRule::InputExpansion,
        format!(
            "the delivery expands to more than {EXPANSION_MAX} times its size; past {} MiB that is refused: send it less compressed, or in parts",
            EXPANSION_FREE_BYTES >> 20
        ),
    )
}

/// Counts what passes.
struct Counted<R> {
    inner: R,
    passed: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.passed.set(self.passed.get().saturating_add(u64::try_from(count).unwrap_or(u64::MAX)));
        Ok(count)
    }
}

/// Unpacked bytes, up to a bound that follows from what was packed.
struct Bounded<R> {
    inner: R,
    passed: Rc<Cell<u64>>,
    out: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.out = self.out.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if is_bomb(self.passed.get(), self.out) { Err(bomb()) } else { Ok(count) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 3).unwrap()
    }

    fn unpacked(compression: Compression, packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        compression.unpack(packed)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_packed_comes_back_and_half_of_it_does_not() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|number| number.to_le_bytes()).collect();
        for (compression, packed) in [(Compression::Gzip, gzip(&text)), (Compression::Zstd, zstd(&text))] {
            assert_eq!(unpacked(compression, &packed).unwrap(), text);
            let twice = [packed.as_slice(), &packed].concat();
            assert_eq!(
                unpacked(compression, &twice).unwrap().len(),
                2 * text.len(),
                "members follow each other"
            );
            for cut in [1, packed.len() / 2, packed.len() - 1] {
                assert!(unpacked(compression, &packed[..cut]).is_err(), "{compression:?} {cut}");
            }
        }
    }

    #[test]
    fn a_bomb_is_named_before_it_is_large() {
        let zeros = vec![0; 80 << 20];
        for (compression, packed) in [(Compression::Gzip, gzip(&zeros)), (Compression::Zstd, zstd(&zeros))] {
            let mut reader = compression.unpack(packed.as_slice()).unwrap();
            let mut piece = vec![0; 1 << 16];
            let mut out = 0;
            let error = loop {
                match reader.read(&mut piece) {
                    Ok(0) => panic!("{compression:?}: {out} bytes from {}", packed.len()),
                    Ok(count) => out += count,
                    Err(error) => break error,
                }
            };
            assert_eq!(InputFault::of(&error).rule, InputRule::InputExpansion);
            assert!(u64::try_from(out).unwrap() <= EXPANSION_FREE_BYTES);
        }
    }

    #[test]
    fn a_window_that_takes_much_memory_is_refused() {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![7; 40 << 20]).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(unpacked(Compression::Zstd, &packed).is_err());
    }

    proptest! {
        #[test]
        fn damaged_bytes_end(text in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), with in any::<u8>()) {
            for (compression, mut packed) in [(Compression::Gzip, gzip(&text)), (Compression::Zstd, zstd(&text))] {
                let place = at.index(packed.len());
                packed[place] = with;
                drop(unpacked(compression, &packed));
            }
        }
    }
}
