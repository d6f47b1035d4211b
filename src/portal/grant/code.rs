//! A link as a QR code (ISO/IEC 18004), drawn as one path of SVG.

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

use crate::service::error::{ServiceError, ServiceResult};

/// Modules of white around the code, which readers need.
const QUIET_ZONE: usize = 4;

/// The code of a text, named by `label` for those who do not see it.
pub fn code(text: &str, label: &str) -> ServiceResult<Markup> {
    let drawn = QrCode::with_error_correction_level(text, EcLevel::M).map_err(ServiceError::internal)?;
    let width = drawn.width();
    let mut path = String::new();
    for (place, color) in drawn.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", place % width + QUIET_ZONE, place / width + QUIET_ZONE));
        }
    }
    let whole = width + 2 * QUIET_ZONE;
    Ok(html! {
        svg.code viewBox={ "0 0 " (whole) " " (whole) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect.paper width=(whole) height=(whole) {}
            path.ink d=(path) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_named_drawing() {
        let svg = code("https://localhost:8444/h/abc", "<b>").unwrap().into_string();
        assert!(svg.contains("aria-label=\"&lt;b&gt;\"") && svg.matches("M").count() > 100, "{svg}");
        assert!(code(&"x".repeat(5_000), "").is_err(), "more than a code can hold");
    }
}
