//! Finds the files that are attached to a PDF (ISO 32000-1 section 7.11.4), as far as verification needs it.
//!
//! A stream is never inside another one, so its dictionary and its bytes stand in the file as they are: they are looked
//! for there, without reading the cross-reference table. What is found is verified like any other bytes.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// How a PDF begins.
const PDF_MAGIC: &[u8] = b"%PDF-";
/// What marks the stream of an attached file.
const MARK: &[u8] = b"/EmbeddedFile";
/// The longest dictionary of a stream that is looked at.
const DICTIONARY_BYTES_MAX: usize = 2_048;
/// The longest attached file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Attached files that are looked at.
const FILES_MAX: usize = 16;

/// Whether a file is a PDF.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(PDF_MAGIC)
}

/// The contents of the attached files, unpacked; those that cannot be read are left out.
pub fn attachments(pdf: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = pdf;
    while let Some(at) = position(rest, MARK) {
        rest = rest.get(at + MARK.len()..).unwrap_or_default();
        let followed = rest.first().is_some_and(u8::is_ascii_alphanumeric);
        // `/EmbeddedFiles` is the list of names, not a file.
        if !followed {
            found.extend(stream(rest));
        }
        if found.len() >= FILES_MAX {
            break;
        }
    }
    found
}

/// The bytes of the stream whose dictionary goes on here.
fn stream(rest: &[u8]) -> Option<Vec<u8>> {
    let head = rest.get(..rest.len().min(DICTIONARY_BYTES_MAX))?;
    let start = position(head, b"stream")?;
    let dictionary = head.get(..start)?;
    let body = rest.get(start + b"stream".len()..)?;
    let body = body.strip_prefix(b"\r\n").or_else(|| body.strip_prefix(b"\n"))?;
    let end = position(body, b"endstream")?;
    let bytes = body.get(..end)?;
    if position(dictionary, b"/FlateDecode").is_some() {
        let mut out = Vec::new();
        ZlibDecoder::new(bytes).take(FILE_BYTES_MAX).read_to_end(&mut out).ok()?;
        return Some(out);
    }
    if position(dictionary, b"/Filter").is_some() {
        return None;
    }
    let bytes = bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes);
    (u64::try_from(bytes.len()).ok()? <= FILE_BYTES_MAX).then(|| bytes.to_vec())
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn attached_files_are_found_plain_and_packed() {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(b"second").unwrap();
        let packed = packed.finish().unwrap();
        let mut pdf =
            b"%PDF-1.7\n1 0 obj\n<</Type/EmbeddedFile/Length 5>>\nstream\nfirst\nendstream\n".to_vec();
        pdf.extend_from_slice(b"2 0 obj\n<</Type /EmbeddedFile /Filter /FlateDecode>>\nstream\r\n");
        pdf.extend_from_slice(&packed);
        pdf.extend_from_slice(
            b"\r\nendstream\n3 0 obj\n<</Names <</EmbeddedFiles 4 0 R>> >>\nstream\nno\nendstream",
        );
        assert!(is_pdf(&pdf));
        assert_eq!(attachments(&pdf), [b"first".to_vec(), b"second".to_vec()]);
    }

    #[test]
    fn broken_files_give_nothing() {
        for text in ["", "%PDF-1.7", "/EmbeddedFile", "/EmbeddedFile stream", "/EmbeddedFile stream\nabc"] {
            assert!(attachments(text.as_bytes()).is_empty(), "{text}");
        }
        let bomb = b"/EmbeddedFile /Filter /FlateDecode stream\nnot zlib\nendstream";
        assert!(attachments(bomb).is_empty());
    }
}
