//! Tiles of the tree: 256 hashes in a row, every eighth level (C2SP tlog-tiles, height 8).

use std::fmt;

use super::hash::{Hash, empty_root, node_hash};

/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;

/// Highest level that can have a full tile in a tree of 64-bit size.
const FULL_LEVEL_MAX: u8 = 6;

/// Highest level that a tile path may name (tlog-tiles, "Merkle Tree").
const PATH_LEVEL_MAX: u8 = 63;

/// Which tile: at level 0 the hashes are leaves, at level L roots of full tiles of level L - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Level, from zero.
    pub level: u8,
    /// Index within the level, from zero.
    pub index: u64,
}

/// The place of a complete subtree in the tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeLocation {
    /// The tile that tells the subtree.
    pub tile: TileId,
    /// First hash of the subtree in the tile.
    pub first: usize,
    /// Hashes that the subtree covers: their [`tile_root`] is its hash.
    pub count: usize,
}

/// The tiles that become full when the tree grows from `from` to `to` leaves, by level, then index.
pub fn tiles_completed(from: u64, to: u64) -> Vec<TileId> {
    let of_level = |level: u8| {
        let shift = TILE_HEIGHT * (level + 1);
        (from >> shift..to >> shift).map(move |index| TileId { level, index })
    };
    (0..=FULL_LEVEL_MAX).flat_map(of_level).collect()
}

/// The root of the hashes of a full tile, which is its hash in the tile above. Of fewer hashes it is
/// the RFC 6962 §2.1 root over them.
pub fn tile_root(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        // A hash without a partner rises as it is.
        row = row
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => node_hash(left, right),
                alone => alone.first().copied().unwrap_or_else(empty_root),
            })
            .collect();
    }
    row.first().copied().unwrap_or_else(empty_root)
}

/// Where to find the complete subtree `index` of 2^`level` leaves: in which tile, and which of its hashes.
pub fn node_location(level: u8, index: u64) -> NodeLocation {
    let height = level % TILE_HEIGHT;
    let tiles_per_level = TILE_HEIGHT - height;
    let place = index & ((1 << tiles_per_level) - 1);
    NodeLocation {
        tile: TileId { level: level / TILE_HEIGHT, index: index >> tiles_per_level },
        first: usize::try_from(place << height).unwrap_or(0),
        count: 1 << height,
    }
}

impl TileId {
    /// How many hashes of this tile a tree of `size` leaves has: 0 to 256 (tlog-tiles, "Partial Tiles").
    pub fn width_at(self, size: u64) -> u16 {
        let hashes = size.checked_shr(u32::from(self.level) * u32::from(TILE_HEIGHT)).unwrap_or(0);
        let before = self.index.saturating_mul(1 << TILE_HEIGHT);
        u16::try_from(hashes.saturating_sub(before).min(1 << TILE_HEIGHT)).unwrap_or(0)
    }

    /// The C2SP path of this tile with `width` hashes: `tile/<L>/<N>`, and `.p/<W>` after it unless full.
    pub fn path(self, width: u16) -> String {
        if usize::from(width) == TILE_WIDTH { self.to_string() } else { format!("{self}.p/{width}") }
    }
}

impl fmt::Display for TileId {
    /// The path of the full tile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, tile_index_path(self.index))
    }
}

/// An index within a level as path elements of three digits, all but the last marked with `x`:
/// 1234067 is `x001/x234/067`.
pub fn tile_index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// Reads an index written by [`tile_index_path`]; any other spelling is `None`.
pub fn parse_tile_index(path: &str) -> Option<u64> {
    let digits: String = path.chars().filter(char::is_ascii_digit).collect();
    let index = digits.parse().ok()?;
    (tile_index_path(index) == path).then_some(index)
}

/// Reads a path written by [`TileId::path`]: the tile and its width, 1 to 256. Any other spelling is `None`.
pub fn parse_tile_path(path: &str) -> Option<(TileId, u16)> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (rest, u16::try_from(TILE_WIDTH).ok()?),
    };
    let tile = TileId { level: level.parse().ok()?, index: parse_tile_index(index)? };
    let known = tile.level <= PATH_LEVEL_MAX && (1..=256).contains(&width);
    // Writing it again settles leading zeroes, signs and a full tile spelt as a partial one.
    (known && tile.path(width) == path).then_some((tile, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::proof::NodeReader as _;
    use crate::ledger::testing::{WholeTree, merkle_tree_hash, numbered_tile};

    #[test]
    fn a_tree_of_70_000_has_the_tiles_the_specification_counts() {
        let tiles = tiles_completed(0, 70_000);
        let at = |level| tiles.iter().filter(|tile| tile.level == level).count();
        assert_eq!((at(0), at(1), at(2)), (273, 1, 0));
        assert!(tiles.is_sorted());
        let width = |level, index| TileId { level, index }.width_at(70_000);
        assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (256, 112, 0));
        assert_eq!((width(1, 0), width(1, 1), width(2, 0), width(3, 0)), (256, 17, 1, 0));
        assert_eq!(width(9, 0), 0);
    }

    #[test]
    fn growth_in_steps_completes_each_tile_once() {
        let mut tiles: Vec<TileId> = Vec::new();
        let mut size = 0;
        for step in (1..).take_while(|step| step * step < 400) {
            let grown = size + step * 997;
            tiles.extend(tiles_completed(size, grown));
            size = grown;
        }
        tiles.sort();
        assert_eq!(tiles, tiles_completed(0, size));
        assert!(tiles_completed(255, 255).is_empty());
        assert_eq!(tiles_completed(255, 256), [TileId { level: 0, index: 0 }]);
        let both = [TileId { level: 0, index: 255 }, TileId { level: 1, index: 0 }];
        assert_eq!(tiles_completed(65_535, 65_536), both);
        assert!(tiles_completed(600, 5).is_empty());
        assert_eq!(tiles_completed(u64::MAX - 1, u64::MAX), []);
    }

    #[test]
    fn roots_follow_the_definition() {
        let hashes = numbered_tile(0);
        for width in 0..=TILE_WIDTH {
            assert_eq!(tile_root(&hashes[..width]), merkle_tree_hash(&hashes[..width]), "{width}");
        }
    }

    #[test]
    fn every_node_is_found_in_its_tile() {
        let mut tree = WholeTree::numbered(2 * 65_536);
        let level_1: Vec<Hash> = (0..512).map(|index| tile_root(&numbered_tile(index))).collect();
        let nodes = [(0, 70_123), (1, 300), (3, 33), (7, 5), (7, 1023), (8, 511), (9, 0), (15, 3), (16, 1)];
        for (level, index) in nodes {
            let place = node_location(level, index);
            let tile = match place.tile.level {
                0 => numbered_tile(place.tile.index),
                1 => {
                    level_1.chunks(TILE_WIDTH).nth(usize::try_from(place.tile.index).unwrap()).unwrap().into()
                }
                _ => level_1.chunks(TILE_WIDTH).map(tile_root).collect(),
            };
            let hash = tile_root(&tile[place.first..place.first + place.count]);
            assert_eq!(Ok(hash), tree.node(level, index), "{level}/{index}");
        }
    }

    #[test]
    fn paths_are_spelt_as_the_specification_does() {
        let tile = TileId { level: 0, index: 1_234_067 };
        assert_eq!(tile.path(256), "tile/0/x001/x234/067");
        assert_eq!(tile.path(112), "tile/0/x001/x234/067.p/112");
        assert_eq!(TileId { level: 2, index: 0 }.path(1), "tile/2/000.p/1");
        assert_eq!(tile_index_path(1000), "x001/000");
        assert_eq!(tile_index_path(u64::MAX), "x018/x446/x744/x073/x709/x551/615");
    }

    #[test]
    fn only_those_spellings_are_read() {
        for index in [0, 1, 999, 1000, 999_999, 1_234_067, u64::MAX] {
            for width in [1, 2, 255, 256] {
                let tile = TileId { level: 3, index };
                assert_eq!(parse_tile_path(&tile.path(width)), Some((tile, width)));
            }
        }
        let bad = [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/+1/000",
            "tile/64/000",
            "tile/0/1",
            "tile/0/0001",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/é00",
        ];
        for path in bad {
            assert_eq!(parse_tile_path(path), None, "{path}");
        }
    }
}
