//! The open log as a directory of static files at C2SP's paths (tlog-tiles): what a regulator mirrors and keeps.
//!
//! Every hash is computed from the entries and must lead to the signed checkpoint, which is written last. A directory
//! that holds an earlier export is continued, and only if the ledger continues it: what was mirrored once is never
//! overwritten with something else.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Exchange;
use super::error::ServiceError;
use super::evidence;
use super::log::encode_bundle;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::frontier::Frontier;
use crate::ledger::hash::{Hash, leaf_hash};
use crate::ledger::tile::{TILE_HEIGHT, TILE_WIDTH, TileId, tile_root};
use crate::store::error::StoreError;
use crate::store::ledger_read;

/// File name of the checkpoint, below the directory.
const CHECKPOINT: &str = "checkpoint";
/// Entries read in one statement.
const PART_ENTRIES: u64 = 16 * 256;

/// The directory cannot be written, or holds the export of another ledger.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file.
    #[error("{}: {why}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// What was exported before is not the beginning of this ledger.
    #[error("{}: {why}. Keep this directory: it proves that the ledger was changed", .path.display())]
    Another {
        /// The file that shows it.
        path: PathBuf,
        /// What it shows.
        why: String,
    },
    /// The ledger.
    #[error("the ledger: {0}")]
    Service(#[from] ServiceError),
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Entries under the checkpoint.
    pub size: u64,
    /// Entries that the directory had before.
    pub before: u64,
    /// Files that were written, the checkpoint among them.
    pub files: u64,
}

/// Writes the log under its newest checkpoint to a directory. `progress` is told how many entries of how many are done.
pub async fn export(
    exchange: &Arc<Exchange>,
    directory: &Path,
    progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<Exported, ExportError> {
    let note = evidence::newest(exchange).await?.note;
    let (shared, directory) = (exchange.clone(), directory.to_owned());
    let work = move || write(&shared, &directory, &note, &progress);
    tokio::task::spawn_blocking(work).await.map_err(ServiceError::internal)?
}

fn write(
    exchange: &Exchange,
    directory: &Path,
    note: &str,
    progress: &dyn Fn(u64, u64),
) -> Result<Exported, ExportError> {
    let checkpoint = exchange.keys.open_checkpoint(note).map_err(ServiceError::internal)?;
    let earlier = earlier(exchange, directory, checkpoint.size)?;
    let mut mirror = Mirror { directory, levels: Vec::new(), frontier: Frontier::empty(), files: 0 };
    let mut at = 0;
    while at < checkpoint.size {
        let to = checkpoint.size.min(at + PART_ENTRIES);
        let leaves = exchange.ledger.read(|c| ledger_read::leaves(c, at, to)).map_err(ServiceError::from)?;
        for leaves in leaves.chunks(TILE_WIDTH) {
            mirror.take(leaves, earlier.as_ref())?;
        }
        if mirror.frontier.size() != to {
            return Err(broken(format!("entries are missing before {to}")));
        }
        at = to;
        progress(at, checkpoint.size);
    }
    if mirror.frontier.root() != checkpoint.root {
        return Err(broken("its entries do not lead to the root that was signed".into()));
    }
    mirror.finish()?;
    mirror.replace(CHECKPOINT, note.as_bytes())?;
    let before = earlier.map_or(0, |checkpoint| checkpoint.size);
    Ok(Exported { size: checkpoint.size, before, files: mirror.files })
}

/// The checkpoint of the export that is there already; it must be no larger than the ledger.
fn earlier(exchange: &Exchange, directory: &Path, size: u64) -> Result<Option<Checkpoint>, ExportError> {
    let path = directory.join(CHECKPOINT);
    let note = match std::fs::read_to_string(&path) {
        Ok(note) => note,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(ExportError::File { path, why }),
    };
    let checkpoint = exchange
        .keys
        .open_checkpoint(&note)
        .map_err(|why| ExportError::Another { path: path.clone(), why: why.to_string() })?;
    if checkpoint.size > size {
        let why = format!("it has {} entries, the ledger only {size}", checkpoint.size);
        return Err(ExportError::Another { path, why });
    }
    Ok(Some(checkpoint))
}

fn broken(why: String) -> ExportError {
    ServiceError::from(StoreError::LedgerBroken { why }).into()
}

/// The directory, and the tree as far as it was written.
struct Mirror<'a> {
    directory: &'a Path,
    /// Tiles under way, by level: how many are before it, and its hashes so far.
    levels: Vec<(u64, Vec<Hash>)>,
    frontier: Frontier,
    files: u64,
}

impl Mirror<'_> {
    /// Takes the next 256 leaves, or the last ones.
    fn take(
        &mut self,
        leaves: &[(Vec<u8>, Vec<u8>)],
        earlier: Option<&Checkpoint>,
    ) -> Result<(), ExportError> {
        let index = self.frontier.size() >> TILE_HEIGHT;
        let bundle = encode_bundle(leaves.iter().map(|(leaf, _)| leaf.as_slice()))?;
        for (leaf, _) in leaves {
            let hash = leaf_hash(leaf);
            self.frontier.push(hash);
            self.row(0).1.push(hash);
            if let Some(earlier) = earlier.filter(|earlier| earlier.size == self.frontier.size())
                && earlier.root != self.frontier.root()
            {
                let path = self.directory.join(CHECKPOINT);
                let why = format!("the ledger's first {} entries are no longer these", earlier.size);
                return Err(ExportError::Another { path, why });
            }
        }
        let path = TileId { level: 0, index }.path(u16::try_from(leaves.len()).unwrap_or(u16::MAX));
        self.once(&path.replacen("tile/0", "tile/entries", 1), &bundle)?;
        if leaves.len() == TILE_WIDTH { self.full(0) } else { Ok(()) }
    }

    fn row(&mut self, level: usize) -> &mut (u64, Vec<Hash>) {
        while self.levels.len() <= level {
            self.levels.push((0, Vec::with_capacity(TILE_WIDTH)));
        }
        &mut self.levels[level]
    }

    /// Writes the tile that just became full, and its root into the level above.
    fn full(&mut self, level: usize) -> Result<(), ExportError> {
        let row = self.row(level);
        let (index, hashes) = (row.0, std::mem::take(&mut row.1));
        row.0 += 1;
        self.tile(level, index, &hashes)?;
        let above = self.row(level + 1);
        above.1.push(tile_root(&hashes));
        if above.1.len() == TILE_WIDTH { self.full(level + 1) } else { Ok(()) }
    }

    /// Writes the tiles that are not full.
    fn finish(&mut self) -> Result<(), ExportError> {
        for (level, (index, hashes)) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if !hashes.is_empty() {
                self.tile(level, index, &hashes)?;
            }
        }
        Ok(())
    }

    fn tile(&mut self, level: usize, index: u64, hashes: &[Hash]) -> Result<(), ExportError> {
        let level = u8::try_from(level).map_err(ServiceError::internal)?;
        let width = u16::try_from(hashes.len()).map_err(ServiceError::internal)?;
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        self.once(&TileId { level, index }.path(width), &bytes)
    }

    /// Writes a file that never changes; one that is there must be the same.
    fn once(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.directory.join(name);
        match std::fs::read(&path) {
            Ok(there) if there == bytes => Ok(()),
            Ok(_other) => {
                let why = "it was exported with other bytes before".to_owned();
                Err(ExportError::Another { path, why })
            }
            Err(why) if why.kind() == ErrorKind::NotFound => self.replace(name, bytes),
            Err(why) => Err(ExportError::File { path, why }),
        }
    }

    /// Writes a file whole or not at all.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.directory.join(name);
        let fail = |why| ExportError::File { path: path.clone(), why };
        let folder = path.parent().unwrap_or(self.directory);
        std::fs::create_dir_all(folder).map_err(fail)?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).map_err(fail)?;
        file.write_all(bytes).map_err(fail)?;
        // A mirror is read by others, unlike what `tempfile` is for.
        readable(file.path()).map_err(fail)?;
        file.persist(&path).map_err(|failed| fail(failed.error))?;
        self.files += 1;
        Ok(())
    }
}

fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}
