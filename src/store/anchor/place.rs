//! Locks on a range of a file's bytes, held by an open file and not by the process (Linux `F_OFD_SETLK`).
//!
//! So two exchanges in one process hold places of their own, and a process that is killed holds none.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};

/// Takes the range for this open file. False if another holds some of it.
pub(super) fn lock(file: &File, start: u64, length: u64) -> io::Result<bool> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&range(start, length)?)) {
        Ok(_done) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(why) => Err(why.into()),
    }
}

/// Gives the range back: closing alone would not, while a child of this process that has not yet become another
/// program holds a copy of the open file.
pub(super) fn unlock(file: &File, start: u64, length: u64) -> io::Result<()> {
    let mut given_back = range(start, length)?;
    given_back.l_type = i16::try_from(F_UNLCK).map_err(io::Error::other)?;
    fcntl(file, FcntlArg::F_OFD_SETLK(&given_back))?;
    Ok(())
}

/// Whether another open file holds some of the first `length` bytes.
pub(super) fn is_locked(file: &File, length: u64) -> io::Result<bool> {
    let mut asked = range(0, length)?;
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked))?;
    Ok(i32::from(asked.l_type) != F_UNLCK)
}

fn range(start: u64, length: u64) -> io::Result<flock> {
    Ok(flock {
        l_type: i16::try_from(F_WRLCK).map_err(io::Error::other)?,
        l_whence: i16::try_from(SEEK_SET).map_err(io::Error::other)?,
        l_start: i64::try_from(start).map_err(io::Error::other)?,
        l_len: i64::try_from(length).map_err(io::Error::other)?,
        l_pid: 0,
    })
}
