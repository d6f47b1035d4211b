//! An inclusion proof as a drawing: the leaf at the bottom, the signed root at the top, and on each step the hash that
//! joins from the left or the right, with the entries it stands for (RFC 6962 §2.1.1).

use maud::{Markup, html};

use crate::http::html::lang::Lang;
use crate::http::html::parts::count;
use crate::ledger::hash::{Hash, node_hash};

/// A step of a proof: what joins, from which side, over which entries, and what comes of it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    sibling: Hash,
    is_left: bool,
    /// First entry below the sibling, and the first one past it.
    covers: (u64, u64),
    joined: Hash,
}

/// The steps of a proof from the leaf up, or nothing if the proof has not as many hashes as its place needs.
fn steps(index: u64, size: u64, leaf: &Hash, hashes: &[Hash]) -> Option<Vec<Step>> {
    let (mut start, mut end) = (0, size);
    let mut siblings = Vec::new();
    while end.checked_sub(start)? > 1 {
        // The left part of a tree has the largest power of two of leaves that is less than all.
        let middle = start + (end - start).next_power_of_two() / 2;
        if index < middle {
            siblings.push((false, (middle, end)));
            end = middle;
        } else {
            siblings.push((true, (start, middle)));
            start = middle;
        }
    }
    siblings.reverse();
    if siblings.len() != hashes.len() {
        return None;
    }
    let mut hash = *leaf;
    let step = |((is_left, covers), sibling): ((bool, (u64, u64)), &Hash)| {
        hash = if is_left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        Step { sibling: *sibling, is_left, covers, joined: hash }
    };
    Some(siblings.into_iter().zip(hashes).map(step).collect())
}

const WIDTH: u64 = 572;
const MIDDLE: u64 = WIDTH / 2;
const ROW: u64 = 62;
const BOX_WIDTH: u64 = 172;
const BOX_HEIGHT: u64 = 44;
const EDGE: u64 = 4;

/// What is drawn.
pub struct Proof<'a> {
    /// Index of the entry.
    pub index: u64,
    /// Entries of the tree.
    pub size: u64,
    /// Hash of the entry's leaf.
    pub leaf: &'a Hash,
    /// The proof.
    pub hashes: &'a [Hash],
    /// Root of the signed checkpoint.
    pub root: &'a Hash,
}

impl Proof<'_> {
    /// Whether the proof leads from the leaf to the root, computed here.
    pub fn holds(&self) -> bool {
        let steps = steps(self.index, self.size, self.leaf, self.hashes);
        steps.is_some_and(|steps| steps.last().map_or(self.leaf, |step| &step.joined) == self.root)
    }
}

/// The drawing.
pub fn drawing(lang: Lang, proof: &Proof<'_>) -> Markup {
    let Some(steps) = steps(proof.index, proof.size, proof.leaf, proof.hashes) else {
        return html! { p.notice.bad { (lang.pick("证明的长度与位置不符", "The proof does not fit its place")) } };
    };
    let rows = u64::try_from(steps.len()).unwrap_or(0);
    let height = EDGE * 2 + BOX_HEIGHT + rows * ROW;
    // Row 0 is the leaf's, at the bottom.
    let y = |row: u64| height - EDGE - BOX_HEIGHT - row * ROW;
    let name = match lang {
        Lang::Zh => format!("第 {} 条", count(proof.index)),
        Lang::En => format!("Entry {}", count(proof.index)),
    };
    let top = match lang {
        Lang::Zh => format!("根 · 共 {} 条", count(proof.size)),
        Lang::En => format!("Root of {} entries", count(proof.size)),
    };
    let summary = lang
        .pick("自条目至检查点根的证明路径", "The path of the proof from the entry to the checkpoint's root");
    html! {
        svg.proof viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(summary) {
            line.spine x1=(MIDDLE) x2=(MIDDLE) y1=(y(rows) + BOX_HEIGHT) y2=(y(0)) {}
            @for (row, step) in (0_u64..).zip(&steps) {
                (sibling(lang, step, y(row), y(row + 1)))
            }
            @for (row, step) in (1_u64..).zip(&steps) {
                @if row < rows { (node("path", MIDDLE - BOX_WIDTH / 2, y(row), &short(&step.joined), "")) }
            }
            (node("leaf", MIDDLE - BOX_WIDTH / 2, y(0), &short(proof.leaf), &name))
            @if rows > 0 { (node("root", MIDDLE - BOX_WIDTH / 2, y(rows), &short(proof.root), &top)) }
        }
    }
}

fn sibling(lang: Lang, step: &Step, y: u64, above: u64) -> Markup {
    let x = if step.is_left { EDGE } else { WIDTH - EDGE - BOX_WIDTH };
    let centre = x + BOX_WIDTH / 2;
    // Up from the sibling, then across to the node that both make.
    let bend = above + BOX_HEIGHT / 2;
    let edge = if step.is_left { MIDDLE - BOX_WIDTH / 2 } else { MIDDLE + BOX_WIDTH / 2 };
    let (from, to) = step.covers;
    let covers = match (lang, to - from) {
        (Lang::Zh, 1) => format!("第 {} 条", count(from)),
        (Lang::En, 1) => format!("Entry {}", count(from)),
        (Lang::Zh, _) => format!("{} – {} 条", count(from), count(to - 1)),
        (Lang::En, _) => format!("{} – {}", count(from), count(to - 1)),
    };
    html! {
        path.joint d={ "M" (centre) " " (y) "V" (bend) "H" (edge) } {}
        (node("sibling", x, y, &short(&step.sibling), &covers))
    }
}

fn node(class: &str, x: u64, y: u64, hash: &str, name: &str) -> Markup {
    let middle = x + BOX_WIDTH / 2;
    html! {
        g.(class) {
            rect x=(x) y=(y) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="8" {}
            @if name.is_empty() {
                text.hash x=(middle) y=(y + 27) { (hash) }
            } @else {
                text.name x=(middle) y=(y + 18) { (name) }
                text.hash x=(middle) y=(y + 35) { (hash) }
            }
        }
    }
}

fn short(hash: &Hash) -> String {
    let text = hash.to_string();
    format!("{}…", text.chars().take(12).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::frontier::Frontier;
    use crate::ledger::hash::leaf_hash;
    use crate::ledger::proof::{NodeReader, inclusion_proof};

    struct Leaves(Vec<Hash>);

    impl NodeReader for Leaves {
        type Error = std::convert::Infallible;

        fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
            let (from, width) = (usize::try_from(index << level).unwrap(), 1_usize << level);
            let mut tree = Frontier::empty();
            self.0[from..from + width].iter().for_each(|leaf| tree.push(*leaf));
            Ok(tree.root())
        }
    }

    #[test]
    fn every_proof_of_every_small_tree_is_drawn_up_to_its_root() {
        for size in 1..=20_u64 {
            let mut leaves = Leaves((0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect());
            let root = leaves_root(&leaves.0);
            for index in 0..size {
                let hashes = inclusion_proof(index, size, &mut leaves).unwrap();
                let leaf = leaves.0[usize::try_from(index).unwrap()];
                let proof = Proof { index, size, leaf: &leaf, hashes: &hashes, root: &root };
                assert!(proof.holds(), "{index} of {size}");
                let svg = drawing(Lang::Zh, &proof).into_string();
                assert_eq!(svg.matches("class=\"sibling\"").count(), hashes.len());
                let covered: u64 = steps(index, size, &leaf, &hashes)
                    .unwrap()
                    .iter()
                    .map(|step| step.covers.1 - step.covers.0)
                    .sum();
                assert_eq!(covered, size - 1, "the siblings stand for every other entry once");
            }
        }
    }

    #[test]
    fn a_proof_that_was_altered_does_not_hold() {
        let mut leaves = Leaves((0..7_u64).map(|n| leaf_hash(&n.to_be_bytes())).collect());
        let root = leaves_root(&leaves.0);
        let mut hashes = inclusion_proof(2, 7, &mut leaves).unwrap();
        hashes[1] = leaf_hash(b"another");
        let holds = |index, size, hashes: &[Hash]| {
            Proof { index, size, leaf: &leaves.0[2], hashes, root: &root }.holds()
        };
        assert!(!holds(2, 7, &hashes) && !holds(3, 7, &hashes) && !holds(2, 7, &hashes[..2]));
    }

    fn leaves_root(leaves: &[Hash]) -> Hash {
        let mut tree = Frontier::empty();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }
}
