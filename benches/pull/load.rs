//! One load of one server: so many connections, each sending the next request as soon as it has its answer.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, Request, expect_status};
use crate::{Result, Target, cpu};

/// How a server is loaded.
pub struct Plan {
    /// Connections, all open before the clock starts.
    pub connections: u32,
    /// For how long.
    pub duration: Duration,
}

/// What a load measured.
pub struct Round {
    /// Requests answered per second.
    pub per_second: f64,
    /// Half the requests took no longer, in µs.
    pub p50_us: u32,
    /// All but one in a hundred took no longer, in µs.
    pub p99_us: u32,
    /// Mean length of a body.
    pub bytes: f64,
    /// CPU time of the server's processes for a request, in µs.
    pub server_cpu_us: f64,
    /// The same of the database's processes.
    pub database_cpu_us: Option<f64>,
}

impl Round {
    /// For reading along.
    pub fn one_line(&self) -> String {
        let Round { per_second, p50_us, p99_us, server_cpu_us, .. } = self;
        format!("{per_second:>8.0}/s, p50 {p50_us} µs, p99 {p99_us} µs, server CPU {server_cpu_us:.0} µs")
    }
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    latencies_us: Vec<u32>,
    bytes: u64,
}

/// Loads the target once. Every answer must have the target's status.
pub async fn run(target: &Target, plan: &Plan) -> Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(Connection::open(target.address, &target.identity).await?);
    }
    let server_before = cpu::family_time(target.server)?;
    let database_before = target.database.map(cpu::family_time).transpose()?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (seed, connection) in (1..).zip(connections) {
        tasks.spawn(drive(connection, target.requests.clone(), target.status, seed, start + plan.duration));
    }
    let (mut latencies, mut bytes) = (Vec::new(), 0);
    while let Some(seen) = tasks.join_next().await {
        let mut seen = seen??;
        latencies.append(&mut seen.latencies_us);
        bytes += seen.bytes;
    }
    let elapsed = start.elapsed();
    let server = cpu::family_time(target.server)?.saturating_sub(server_before);
    let database = match (target.database, database_before) {
        (Some(process), Some(before)) => Some(cpu::family_time(process)?.saturating_sub(before)),
        _ => None,
    };
    latencies.sort_unstable();
    let count = f64::from(u32::try_from(latencies.len())?);
    if latencies.is_empty() {
        return Err("no answer within the time of the load".into());
    }
    let per_request_us = |time: Duration| time.as_secs_f64() * 1e6 / count;
    Ok(Round {
        per_second: count / elapsed.as_secs_f64(),
        p50_us: percentile(&latencies, 50),
        p99_us: percentile(&latencies, 99),
        bytes: mean(bytes, count)?,
        server_cpu_us: per_request_us(server),
        database_cpu_us: database.map(per_request_us),
    })
}

/// Sends requests drawn at random over one connection until the time is over.
async fn drive(
    mut connection: Connection,
    requests: Vec<Request>,
    wanted: u16,
    seed: u64,
    end: Instant,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(seen);
        }
        let place = usize::try_from(next_random(&mut random) % u64::try_from(requests.len())?)?;
        let status = connection.send(&requests[place]).await?;
        seen.latencies_us.push(u32::try_from(sent.elapsed().as_micros())?);
        expect_status(&connection, status, wanted)?;
        seen.bytes += u64::try_from(connection.body().len())?;
    }
}

/// Marsaglia's xorshift: which consent comes next need not be unpredictable, only spread.
fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// The smallest latency that `percent` of all do not exceed. The list is sorted and not empty.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted[rank.saturating_sub(1)]
}

/// In two parts, each of which f64 holds exactly.
fn mean(total: u64, count: f64) -> Result<f64> {
    const MB: u64 = 1_000_000;
    let total = f64::from(u32::try_from(total / MB)?) * 1e6 + f64::from(u32::try_from(total % MB)?);
    Ok(total / count)
}
