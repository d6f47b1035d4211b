//! CPU time of a process and its children, from `/proc` (proc_pid_stat(5)).

use std::fs;
use std::time::Duration;

use crate::Result;

/// Linux counts in hundredths of a second towards user space, whatever the kernel's own clock does.
const TICK: Duration = Duration::from_millis(10);

/// User and system time so far of a process and its direct children that live.
///
/// nginx and PostgreSQL work in children of the first process, one level deep.
pub fn family_time(process: u32) -> Result<Duration> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let is_process =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<u32>().is_ok());
        if !is_process {
            continue;
        }
        // A process may end between being listed and being read.
        let Ok(stat) = fs::read_to_string(path.join("stat")) else { continue };
        let stat = Stat::parse(&stat).ok_or("/proc/<pid>/stat is not as documented")?;
        if stat.process == process || stat.parent == process {
            ticks += stat.ticks;
        }
    }
    Ok(TICK * u32::try_from(ticks)?)
}

struct Stat {
    process: u32,
    parent: u32,
    ticks: u64,
}

impl Stat {
    fn parse(line: &str) -> Option<Stat> {
        // The name in parentheses may hold anything, also spaces and parentheses.
        let (process, rest) = line.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        // From the third field on: state, parent, …; user and system time are the 14th and 15th.
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |place: usize| fields.get(place - 3)?.parse::<u64>().ok();
        Some(Stat {
            process: process.parse().ok()?,
            parent: u32::try_from(number(4)?).ok()?,
            ticks: number(14)? + number(15)?,
        })
    }
}
