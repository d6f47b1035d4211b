//! The anchor: the largest checkpoints that were signed, kept outside the database and its backups.
//!
//! Each process that signs has a place of its own in the file: two fixed slots, written in turn and
//! synced, so that a torn write leaves the other, and no process waits for another's sync. A place is
//! held by a lock on its bytes that ends with the process; what it holds stays, and is taken over.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::ledger::hash::{Hash, leaf_hash};

mod place;

const SLOT_BYTES: u64 = 4096;
const PLACE_BYTES: u64 = 2 * SLOT_BYTES;
/// Processes that may share an anchor.
const PLACES_MAX: u64 = 64;
const HEADER_BYTES: usize = 8 + 2 + 32;
const MAGIC: &[u8; 8] = b"SDYANCR1";

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("anchor file {path}: {why}")]
pub struct AnchorError {
    /// Where it is.
    pub path: PathBuf,
    /// What went wrong.
    pub why: String,
    /// Whether it may pass by itself, as a full disk does.
    pub passing: bool,
}

/// What a slot holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchored {
    /// Size of the tree in the checkpoint.
    pub size: u64,
    /// The checkpoint, a signed note.
    pub note: String,
}

impl Anchored {
    /// What was signed: origin, size and root. Signatures beside may differ while keys change.
    pub fn text(&self) -> &str {
        self.note.split_once("\n\n").map_or(self.note.as_str(), |(text, _)| text)
    }
}

/// An open anchor file. Processes of one machine may share it.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
    file: File,
    /// Number of the place that this one writes; `None` for one that only looks.
    place: Option<u64>,
}

impl Anchor {
    /// Opens the file to look at it; it must be there.
    pub fn open(path: &Path) -> Result<Self, AnchorError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|why| failed(path, &why))?;
        Ok(Self { path: path.to_owned(), file, place: None })
    }

    /// Opens the file and takes the first place that no living process holds.
    pub fn claim(path: &Path) -> Result<Self, AnchorError> {
        let mut anchor = Self::open(path)?;
        let fault = |why: io::Error| failed(path, &why);
        for place in 0..PLACES_MAX {
            if place::lock(&anchor.file, place * PLACE_BYTES, PLACE_BYTES).map_err(fault)? {
                anchor.reserve(place * PLACE_BYTES)?;
                anchor.place = Some(place);
                return Ok(anchor);
            }
        }
        Err(anchor.broken(format!("{PLACES_MAX} processes hold it already")))
    }

    /// Makes an empty file for a new ledger and takes its first place; it must not be there.
    pub fn create(path: &Path) -> Result<Self, AnchorError> {
        let fault = |why: io::Error| failed(path, &why);
        OpenOptions::new().write(true).create_new(true).open(path).map_err(fault)?;
        Self::claim(path)
    }

    /// Whether a living process holds a place in it.
    pub fn is_held(&self) -> Result<bool, AnchorError> {
        place::is_locked(&self.file, PLACES_MAX * PLACE_BYTES).map_err(|why| failed(&self.path, &why))
    }

    /// The largest checkpoint in the file, if any was written.
    pub fn newest(&self) -> Result<Option<Anchored>, AnchorError> {
        Ok(self.all()?.into_iter().max_by_key(|anchored| anchored.size))
    }

    /// The largest checkpoint of every process that signed, living or not.
    pub fn all(&self) -> Result<Vec<Anchored>, AnchorError> {
        Ok(self.places()?.into_iter().flatten().collect())
    }

    /// The same of every process but this one.
    pub fn others(&self) -> Result<Vec<Anchored>, AnchorError> {
        let own = self.place.and_then(|place| usize::try_from(place).ok());
        let places = self.places()?.into_iter().enumerate();
        Ok(places.filter(|(place, _)| Some(*place) != own).filter_map(|(_, anchored)| anchored).collect())
    }

    /// Keeps this checkpoint in this process's place, unless a larger one is there already: the slot
    /// with the smaller one is overwritten. Returns once it is on the disk.
    pub fn keep(&self, new: &Anchored) -> Result<(), AnchorError> {
        let place = self.place.ok_or_else(|| self.broken("it was opened to be looked at".into()))?;
        self.check_same_file()?;
        if self.all()?.iter().any(|old| old.size == new.size && old.text() != new.text()) {
            return Err(self.broken(format!(
                "another tree of {} entries was signed: two ledgers share this anchor",
                new.size
            )));
        }
        let start = place * PLACE_BYTES;
        let [first, second] = [self.slot(start)?, self.slot(start + SLOT_BYTES)?];
        let size_of = |slot: &Option<Anchored>| slot.as_ref().map(|anchored| anchored.size);
        if size_of(&first).max(size_of(&second)) >= Some(new.size) {
            return Ok(());
        }
        let at = if size_of(&first) <= size_of(&second) { start } else { start + SLOT_BYTES };
        let slot = encode(new).ok_or_else(|| self.broken("the checkpoint is too long".into()))?;
        let fault = |why: io::Error| failed(&self.path, &why);
        self.file.write_all_at(&slot, at).map_err(fault)?;
        self.file.sync_data().map_err(fault)
    }

    /// The path must still lead to the file that was opened: nobody vouches for one put in its place.
    pub fn check_same_file(&self) -> Result<(), AnchorError> {
        let fault = |why: io::Error| failed(&self.path, &why);
        let opened = self.file.metadata().map_err(fault)?;
        match std::fs::metadata(&self.path) {
            Ok(now) if (now.dev(), now.ino()) == (opened.dev(), opened.ino()) => Ok(()),
            Ok(_other) => Err(self.broken("it was replaced while the gateway ran".into())),
            Err(why) => Err(self.broken(format!("it is gone while the gateway runs: {why}"))),
        }
    }

    /// Gives a place that holds nothing its bytes on the disk: a full one must not stand in the way of a checkpoint later.
    fn reserve(&self, start: u64) -> Result<(), AnchorError> {
        if self.slot(start)?.is_some() || self.slot(start + SLOT_BYTES)?.is_some() {
            return Ok(());
        }
        let zeros = vec![0; usize::try_from(PLACE_BYTES).unwrap_or_default()];
        let written = self.file.write_all_at(&zeros, start).and_then(|()| self.file.sync_all());
        written.map_err(|why| failed(&self.path, &why))
    }

    fn places(&self) -> Result<Vec<Option<Anchored>>, AnchorError> {
        let length = self.file.metadata().map_err(|why| failed(&self.path, &why))?.len();
        let count = length.div_ceil(PLACE_BYTES).clamp(1, PLACES_MAX);
        (0..count)
            .map(|place| {
                let start = place * PLACE_BYTES;
                let slots = [self.slot(start)?, self.slot(start + SLOT_BYTES)?];
                Ok(slots.into_iter().flatten().max_by_key(|anchored| anchored.size))
            })
            .collect()
    }

    fn slot(&self, start: u64) -> Result<Option<Anchored>, AnchorError> {
        let mut bytes = vec![0; usize::try_from(SLOT_BYTES).unwrap_or(4096)];
        match self.file.read_exact_at(&mut bytes, start) {
            Ok(()) => Ok(decode(&bytes)),
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(why) => Err(failed(&self.path, &why)),
        }
    }

    fn broken(&self, why: String) -> AnchorError {
        AnchorError { path: self.path.clone(), why, passing: false }
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // If it cannot be given back now, closing the file does it.
            let _given_back = place::unlock(&self.file, place * PLACE_BYTES, PLACE_BYTES);
        }
    }
}

fn failed(path: &Path, why: &io::Error) -> AnchorError {
    AnchorError { path: path.to_owned(), why: why.to_string(), passing: true }
}

/// Magic, length of the body, SHA-256 of the body, body: size and note.
fn encode(anchored: &Anchored) -> Option<Vec<u8>> {
    let mut body = anchored.size.to_be_bytes().to_vec();
    body.extend_from_slice(anchored.note.as_bytes());
    let length = u16::try_from(body.len()).ok()?;
    let mut slot = Vec::with_capacity(HEADER_BYTES + body.len());
    slot.extend_from_slice(MAGIC);
    slot.extend_from_slice(&length.to_be_bytes());
    slot.extend_from_slice(leaf_hash(&body).as_bytes());
    slot.extend_from_slice(&body);
    (u64::try_from(slot.len()).ok()? <= SLOT_BYTES).then_some(slot)
}

/// `None` for an empty slot and for one that was torn while it was written.
fn decode(slot: &[u8]) -> Option<Anchored> {
    let rest = slot.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let body = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    if leaf_hash(body) != Hash::from_bytes(*digest) {
        return None;
    }
    let (size, note) = body.split_first_chunk::<8>()?;
    Some(Anchored { size: u64::from_be_bytes(*size), note: String::from_utf8(note.to_vec()).ok()? })
}

#[cfg(test)]
mod tests;
