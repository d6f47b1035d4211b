//! The Chinese font of the printed authorisation: the configured one, or one that the operating system brings.

use std::path::{Path, PathBuf};

use krilla::text::Font;

use super::options::PortalOptions;

/// Where Debian's packages fonts-noto-cjk, fonts-wqy-zenhei, fonts-wqy-microhei, fonts-arphic-uming and
/// fonts-droid-fallback put theirs, with the face for simplified Chinese inside a collection.
const PLACES: [(&str, u32); 6] = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/arphic/uming.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
];

/// A font file, and which face of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterFont {
    /// The file.
    pub path: PathBuf,
    /// The face, from 0.
    pub face: u32,
}

/// A font that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The file cannot be read.
    #[error("the font cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// It is no OpenType font, or has no such face.
    #[error("the file is no OpenType font with this face")]
    NotAFont,
}

/// The font to use, if there is one.
pub fn find_font(options: &PortalOptions) -> Option<LetterFont> {
    if let Some(path) = &options.pdf_font {
        return path.is_file().then(|| LetterFont { path: path.clone(), face: options.pdf_font_face });
    }
    let found = PLACES.into_iter().find(|(path, _)| Path::new(path).is_file());
    found.map(|(path, face)| LetterFont { path: path.into(), face })
}

/// Reads it. Blocks on the file.
pub fn load_font(font: &LetterFont) -> Result<Font, FontError> {
    let bytes = std::fs::read(&font.path)?;
    Font::new(bytes.into(), font.face).ok_or(FontError::NotAFont)
}
