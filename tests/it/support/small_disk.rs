//! A small disk that one process alone sees: a mount in a namespace of its own, which goes with the process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::postgres::is_root;

/// What a shell puts before a command so that it runs with a disk of so many megabytes at `place`, as `user`.
/// `None` where the test may not mount.
pub fn prefix(place: &Path, megabytes: u32, user: Option<u32>) -> Option<String> {
    let able = is_root()
        && Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success());
    if !able {
        return None;
    }
    let owner = user.map(|id| format!(",uid={id},gid={id},mode=700")).unwrap_or_default();
    let user =
        user.map(|id| format!("setpriv --reuid={id} --regid={id} --clear-groups ")).unwrap_or_default();
    let mount = format!("mount -t tmpfs -o size={megabytes}m{owner} none \"{}\"", place.display());
    Some(format!("exec unshare --mount --propagation private sh -c '{mount} && exec {user}\"$@\"' sh"))
}

/// The disk as another process sees it, for this one.
pub fn seen_by(process: u32, place: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/root{}", place.display()))
}

/// Writes until nothing more fits. Remove the file to make room again.
pub fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut file: File = OpenOptions::new().create(true).append(true).open(&path).expect("ballast");
    for size in [1 << 16, 1 << 12, 1 << 9] {
        let block = vec![1; size];
        while file.write_all(&block).is_ok() {}
    }
    path
}
