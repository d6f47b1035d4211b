//! The blocks of a section as HTML that escapes by construction, charts as SVG without a colour in them.

mod axis;
pub mod blocks;
mod chart;
pub mod writer;

use self::writer::{Voice, Writer};
use super::document::Block;

/// Blocks in the order given, for a page that has its own style sheet.
///
/// `ids` keeps captions apart where one page has several lists of blocks.
pub fn written(blocks: &[Block], voice: Voice, ids: &mut blocks::Ids) -> String {
    let mut page = Writer::speaking(voice);
    for one in blocks {
        blocks::block(&mut page, one, ids);
    }
    page.finish()
}
