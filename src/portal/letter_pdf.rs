//! The printed authorisation as a PDF: A4, an embedded subset of one font, text that can be copied, and the receipt
//! attached (ISO 32000-1 section 7.11.4), so that the PDF itself can be verified.

use krilla::color::rgb;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use krilla::{Document, SerializeSettings};

use chrono::{Datelike, Timelike};

use super::letter_layout::{CODE_LEFT, Ink, PAGE_HEIGHT, PAGE_WIDTH, Placed, lay_out};
use super::qr::modules;
use super::sheet::Sheet;
use crate::domain::timestamp::Timestamp;

/// Name of the attached receipt.
pub const RECEIPT_FILE: &str = "consent-receipt.jwt";
/// Side of the QR code, and its upper edge, in points.
const CODE: (f32, f32) = (86.0, 48.0);

/// The document could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the authorisation could not be drawn: {0}")]
pub struct DrawError(String);

/// Draws it.
pub fn pdf(sheet: &Sheet, font: Font, now: Timestamp) -> Result<Vec<u8>, DrawError> {
    let mut document =
        Document::new_with(SerializeSettings { xmp_metadata: true, ..SerializeSettings::default() });
    let pages = lay_out(sheet);
    for (place, lines) in pages.iter().enumerate() {
        let settings =
            PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or_else(|| DrawError("page size".into()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for line in lines {
            write(&mut surface, &font, line);
        }
        if place == 0 {
            draw_code(&mut surface, &sheet.qr);
        }
        surface.finish();
        page.finish();
    }
    let at = date(now);
    let metadata = Metadata::new()
        .title(format!("{} {}", sheet.title, sheet.number))
        .language(sheet.tag.to_owned())
        .creator("shuidaiyi".to_owned())
        .creation_date(at);
    document.set_metadata(metadata);
    document
        .embed_file(EmbeddedFile {
            path: RECEIPT_FILE.to_owned(),
            mime_type: MimeType::new("application/jose"),
            description: Some("consent receipt (compact JWS, ES256)".to_owned()),
            association_kind: AssociationKind::Data,
            data: sheet.receipt.clone().into_bytes().into(),
            modification_date: Some(at),
            // A JWS hardly packs, and plain it is found by whoever looks into the file.
            compress: Some(false),
            location: None,
        })
        .ok_or_else(|| DrawError("attachment".into()))?;
    document.finish().map_err(|why| DrawError(format!("{why:?}")))
}

fn write(surface: &mut Surface<'_>, font: &Font, line: &Placed) {
    let color = match line.ink {
        Ink::Black => rgb::Color::new(25, 28, 32),
        Ink::Grey => rgb::Color::new(100, 106, 112),
        Ink::Accent => rgb::Color::new(21, 68, 91),
    };
    surface.set_fill(Some(Fill { paint: color.into(), ..Fill::default() }));
    let start = Point::from_xy(line.x, line.y);
    surface.draw_text(start, font.clone(), line.size, &line.text, false, TextDirection::LeftToRight);
}

/// The QR code in the upper right corner. A text too long for one leaves the corner empty.
fn draw_code(surface: &mut Surface<'_>, text: &str) {
    let Some(rows) = modules(text) else { return };
    let ((side, top), left) = (CODE, CODE_LEFT);
    let Ok(count) = u16::try_from(rows.len()) else { return };
    let module = side / f32::from(count);
    let mut path = PathBuilder::new();
    for (y, row) in (0_u16..).zip(&rows) {
        for (x, _) in (0_u16..).zip(row).filter(|(_, dark)| **dark) {
            let (x, y) = (left + f32::from(x) * module, top + f32::from(y) * module);
            if let Some(rect) = Rect::from_xywh(x, y, module, module) {
                path.push_rect(rect);
            }
        }
    }
    surface.set_fill(Some(Fill { paint: rgb::Color::new(0, 0, 0).into(), ..Fill::default() }));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn date(at: Timestamp) -> DateTime {
    let at = at.utc();
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
