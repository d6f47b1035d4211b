//! QR codes (ISO/IEC 18004) as pictures that need no script and no request.

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, as the standard asks.
const QUIET_MODULES: usize = 4;

/// The dark modules of the code for a text, row by row; `None` for a text that is too long for any code.
pub fn modules(text: &str) -> Option<Vec<Vec<bool>>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let dark: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Some(dark.chunks(code.width()).map(<[bool]>::to_vec).collect())
}

/// The code as SVG, with the words that say what it holds to those who do not see it. Nothing for a text too long.
pub fn qr(text: &str, label: &str) -> Markup {
    let Some(rows) = modules(text) else { return html! {} };
    let side = rows.len() + 2 * QUIET_MODULES;
    let path: String = rows.iter().enumerate().map(|(y, row)| line(y, row)).collect();
    html! {
        svg viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// A row's dark runs, each as one rectangle.
fn line(y: usize, row: &[bool]) -> String {
    let mut out = String::new();
    let mut x = 0;
    for run in row.chunk_by(|one, next| one == next) {
        if run.first() == Some(&true) {
            let (left, top, length) = (x + QUIET_MODULES, y + QUIET_MODULES, run.len());
            out.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
        }
        x += run.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_finders_and_its_words() {
        let rows = modules("https://localhost:8444/h/abc").unwrap();
        let side = rows.len();
        assert!(side >= 21 && rows.iter().all(|row| row.len() == side));
        for (x, y) in [(0, 0), (side - 7, 0), (0, side - 7)] {
            assert!((0..7).all(|n| rows[y][x + n] && rows[y + n][x]), "finder at {x}, {y}");
        }
        let shown = qr("a\"<b>", "编号 \"x\"<").into_string();
        assert!(shown.contains("aria-label=\"编号 &quot;x&quot;&lt;\""), "{shown}");
        assert!(!shown.contains("style="), "the policy allows no inline style");
    }

    #[test]
    fn a_text_too_long_is_no_picture() {
        assert!(modules(&"a".repeat(5_000)).is_none());
        assert_eq!(qr(&"a".repeat(5_000), "x").into_string(), "");
    }
}
