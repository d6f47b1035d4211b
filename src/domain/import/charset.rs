//! The charset of a text: UTF-8, or GB18030 (GB 18030-2022; GBK and GB2312 are parts of it) decoded on the way.
//!
//! A sequence that is none is an error where it stands; nothing is ever replaced.

use std::io::{self, Read};
use std::str::FromStr;

use encoding_rs::{Decoder, DecoderResult, GB18030};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fault::InputFault;
use super::input_rule::InputRule;

/// Bytes read and text decoded at a time.
const PIECE_BYTES: usize = 1 << 16;
/// What a file that is not UTF-8 is told.
pub(super) const NOT_UTF8: &str =
    "the input must be UTF-8; if it is GB18030 (GBK), as Excel saves CSV in China, state charset GB18030";

/// How the characters of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Charset {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB 18030; a file in GBK or GB2312 is read the same way.
    #[serde(rename = "gb18030")]
    Gb18030,
}

/// A name that is no charset taken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the charset must be UTF-8 or GB18030")]
pub struct UnknownCharset;

impl FromStr for Charset {
    type Err = UnknownCharset;

    fn from_str(name: &str) -> Result<Self, UnknownCharset> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Charset::Utf8),
            "gb18030" | "gbk" | "gb2312" => Ok(Charset::Gb18030),
            _ => Err(UnknownCharset),
        }
    }
}

impl Charset {
    /// The name in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Charset::Utf8 => "utf-8",
            Charset::Gb18030 => "gb18030",
        }
    }

    /// The text as UTF-8. UTF-8 itself passes as it is: whoever splits it into lines checks it.
    pub(super) fn decode<'a>(self, reader: impl Read + 'a) -> Box<dyn Read + 'a> {
        match self {
            Charset::Utf8 => Box::new(reader),
            Charset::Gb18030 => Box::new(Gb18030Reader::new(reader)),
        }
    }
}

/// Decodes as it reads, one piece at a time.
struct Gb18030Reader<R> {
    inner: R,
    decoder: Decoder,
    /// Bytes not decoded yet: `bytes[at..filled]`.
    bytes: Vec<u8>,
    at: usize,
    filled: usize,
    /// Text not given yet: `text[given..decoded]`.
    text: Vec<u8>,
    given: usize,
    decoded: usize,
    stage: Stage,
}

/// How far a [`Gb18030Reader`] has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing read yet.
    Start,
    /// Between first byte and last.
    Middle,
    /// The last byte was read, the decoder not yet told.
    Ending,
    /// Behind the text to give stands what is no character.
    Faulty,
    /// Nothing more comes.
    Done,
}

impl<R: Read> Gb18030Reader<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            decoder: GB18030.new_decoder_without_bom_handling(),
            bytes: vec![0; PIECE_BYTES],
            at: 0,
            filled: 0,
            text: vec![0; PIECE_BYTES],
            given: 0,
            decoded: 0,
            stage: Stage::Start,
        }
    }

    /// Reads and decodes some more.
    fn advance(&mut self) -> io::Result<()> {
        if self.stage == Stage::Faulty {
            self.stage = Stage::Done;
            return Err(InputFault::io(
                InputRule::InputCharset,
                "the input must be GB18030 as stated: here it has bytes that are no character of it",
            ));
        }
        if self.at == self.filled && self.stage != Stage::Ending {
            (self.at, self.filled) = (0, self.inner.read(&mut self.bytes)?);
            if self.stage == Stage::Start {
                refuse_unicode_marks(self.bytes.get(..self.filled).unwrap_or_default())?;
            }
            self.stage = if self.filled == 0 { Stage::Ending } else { Stage::Middle };
        }
        let undecoded = self.bytes.get(self.at..self.filled).unwrap_or_default();
        let last = self.stage == Stage::Ending;
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(undecoded, &mut self.text, last);
        self.at += read;
        (self.given, self.decoded) = (0, written);
        match result {
            DecoderResult::InputEmpty if last => self.stage = Stage::Done,
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => self.stage = Stage::Faulty,
        }
        Ok(())
    }
}

impl<R: Read> Read for Gb18030Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded && self.stage != Stage::Done {
            self.advance()?;
        }
        let text = self.text.get(self.given..self.decoded).unwrap_or_default();
        let count = buffer.len().min(text.len());
        if let (Some(place), Some(text)) = (buffer.get_mut(..count), text.get(..count)) {
            place.copy_from_slice(text);
        }
        self.given += count;
        Ok(count)
    }
}

/// A byte order mark of Unicode where GB18030 was stated: the file is another than its label says.
fn refuse_unicode_marks(start: &[u8]) -> io::Result<()> {
    let other = if start.starts_with(b"\xEF\xBB\xBF") {
        "UTF-8"
    } else if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        "UTF-16"
    } else {
        return Ok(());
    };
    Err(InputFault::io(
        InputRule::InputCharset,
        format!(
            "the input begins with the byte order mark of {other}, but GB18030 was stated; save it in one of UTF-8 and GB18030 and state that"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn decoded(bytes: &[u8], drop: usize) -> (Vec<u8>, Option<InputFault>) {
        let mut text = Vec::new();
        let end = Charset::Gb18030.decode(Drops(bytes, drop)).read_to_end(&mut text);
        (text, end.err().map(|error| InputFault::of(&error)))
    }

    #[test]
    fn names() {
        for name in ["GB18030", "gbk", "GB2312"] {
            assert_eq!(name.parse(), Ok(Charset::Gb18030));
        }
        assert_eq!("UTF-8".parse(), Ok(Charset::Utf8));
        assert_eq!("big5".parse::<Charset>(), Err(UnknownCharset));
    }

    #[test]
    fn a_sequence_that_is_none_is_refused_where_it_stands() {
        // 0xFF is never a byte of GB18030; 0x81 alone at the end is half a character.
        for wrong in [b"\xCB\xB0\xFFx".as_slice(), b"\xCB\xB0\x81", b"\xCB\xB0\x81\x30\x81"] {
            for drop in [1, 2, 100] {
                let (text, fault) = decoded(wrong, drop);
                assert_eq!(text, "税".as_bytes(), "{wrong:x?}");
                assert_eq!(fault.unwrap().rule, InputRule::InputCharset);
            }
        }
        let (_, fault) = decoded("\u{feff}税".as_bytes(), 100);
        assert!(fault.unwrap().message.contains("mark of UTF-8"));
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(text in "[a-z,\\n税贷易镕𠮷€ḿ]{0,300}", drop in 1usize..9) {
            let (bytes, _, unmapped) = GB18030.encode(&text);
            prop_assert!(!unmapped);
            let (back, fault) = decoded(&bytes, drop);
            prop_assert_eq!(fault, None);
            prop_assert_eq!(back, text.into_bytes());
        }

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), drop in 1usize..9) {
            let (text, fault) = decoded(&bytes, drop);
            prop_assert!(std::str::from_utf8(&text).is_ok());
            if fault.is_none() {
                prop_assert!(text.len() >= bytes.len() / 4);
            }
        }
    }
}
