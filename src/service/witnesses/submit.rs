//! Handing the newest checkpoint to every witness, once a second.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::{error, info, warn};

use super::{Watched, Witnesses};
use crate::domain::timestamp::Timestamp;
use crate::ledger::note::{NoteSignature, read_note, read_signatures};
use crate::ledger::proof::consistency_proof;
use crate::ledger::witness_request::AddCheckpoint;
use crate::outbound::witness_client::WitnessAnswer;
use crate::seal::digest::{hexadecimal, sha256};
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::evidence::{self, Published};
use crate::store::cosigned::{self, CosignedCheckpoint};
use crate::store::error::StoreError;
use crate::store::ledger;
use crate::store::tree::{DbNodes, frontier_at};

/// A checkpoint that has its quorum is handed over again after this, in microseconds: the witnesses shall say that
/// they are there.
const AGAIN_MICROS: i64 = 60_000_000;
/// A quorum is complained of once in so many microseconds.
const ALARM_EVERY_MICROS: i64 = 60_000_000;
/// How far a cosignature's time may be from this node's clock, in seconds.
const CLOCK_DIFFERENCE_MAX_SECONDS: u64 = 300;
/// How often a witness is led on from the size it names before the next turn.
const ATTEMPTS_MAX: u32 = 3;
/// A witness that fails is asked less and less often, down to once in so many seconds.
const REST_SECONDS_MAX: i64 = 30;

/// What became of handing a checkpoint to one witness.
#[derive(Debug)]
enum Outcome {
    /// Its cosignature, verified.
    Cosigned(NoteSignature),
    /// Another process's checkpoint was larger, and is in the database: this one is no longer the newest.
    Overtaken,
    /// It did not cosign.
    Failed(String),
    /// It cosigned what this database does not have, and that was signed by this ledger's key.
    Proven(String),
    /// It says that it cosigned what this database does not have.
    Claimed(String),
    /// It failed a moment ago, and is left alone.
    Resting,
}

/// Hands the newest checkpoint to every witness, and keeps it once a quorum has cosigned it.
pub async fn turn(exchange: &Arc<Exchange>) -> ServiceResult<()> {
    let witnesses = &exchange.witnesses;
    if witnesses.watched.is_empty() || witnesses.broken.load().is_some() {
        return Ok(());
    }
    // What other processes reached counts as well.
    let origin = exchange.keys.origin();
    let kept = exchange.blocking(move |e| Ok(e.ledger.read(|c| cosigned::newest(c, &origin))?)).await?;
    if let Some(kept) = kept {
        witnesses.adopt(kept);
    }
    let newest = evidence::newest(exchange).await?;
    let now = exchange.clock.now();
    let quorum_at = witnesses.quorum_at.load(Ordering::Relaxed);
    let has_quorum = witnesses.reached.load(Ordering::Relaxed)
        && witnesses.newest.load().as_ref().is_some_and(|cosigned| cosigned.size == newest.size);
    if has_quorum && now.micros().saturating_sub(quorum_at) < AGAIN_MICROS {
        return Ok(());
    }
    let (cosigned, overtaken) = hand_round(exchange, &newest, now).await?;
    let reached = cosigned >= witnesses.quorum || (overtaken && quorum_at >= now.micros() - AGAIN_MICROS);
    if reached != witnesses.reached.swap(reached, Ordering::Relaxed) && reached {
        info!(size = newest.size, cosigned, "Enough witnesses cosign the ledger");
    }
    if !reached {
        alarm(witnesses, cosigned, now);
    }
    Ok(())
}

/// At the start of a process that shares a ledger across machines: at least one witness must answer, and none may
/// have seen more than this database has.
pub async fn confirm_at_start(exchange: &Arc<Exchange>) -> Result<(), String> {
    let witnesses = &exchange.witnesses;
    let newest = evidence::newest(exchange).await.map_err(|why| why.to_string())?;
    let mut heard = false;
    for watched in &witnesses.watched {
        match hand_to(exchange, watched, &newest, exchange.clock.now()).await {
            Outcome::Cosigned(_) | Outcome::Overtaken => heard = true,
            Outcome::Proven(why) | Outcome::Claimed(why) => return Err(why),
            Outcome::Failed(_) | Outcome::Resting => {}
        }
    }
    match heard {
        true => Ok(()),
        false => {
            let failures = witnesses.watched.iter().map(|one| {
                let failure = one.seen().failure.unwrap_or_default();
                format!("{}: {failure}", one.verifier.name())
            });
            Err(format!(
                "no witness answers, and with machines = \"several\" one must say what other machines signed ({})",
                failures.collect::<Vec<_>>().join("; ")
            ))
        }
    }
}

/// Asks all of them at once; how many cosigned, and whether another process was ahead.
async fn hand_round(
    exchange: &Arc<Exchange>,
    newest: &Published,
    now: Timestamp,
) -> ServiceResult<(usize, bool)> {
    let witnesses = &exchange.witnesses;
    let mut answers: FuturesUnordered<_> =
        witnesses.watched.iter().map(|watched| hand_to(exchange, watched, newest, now)).collect();
    let mut lines: Vec<NoteSignature> = Vec::new();
    let mut overtaken = false;
    while let Some(outcome) = answers.next().await {
        match outcome {
            Outcome::Cosigned(line) => {
                lines.push(line);
                // At once, not only when the slowest has answered, and again with whoever comes after.
                if lines.len() >= witnesses.quorum {
                    keep(exchange, newest, &lines).await?;
                }
            }
            Outcome::Overtaken => overtaken = true,
            Outcome::Proven(why) => {
                error!(
                    why,
                    "A witness proves that this database is not the ledger that was signed: nothing is written or released. Stop the gateway and restore the newest database"
                );
                witnesses.broken.store(Some(Arc::new(why)));
            }
            Outcome::Failed(_) | Outcome::Claimed(_) | Outcome::Resting => {}
        }
    }
    Ok((lines.len(), overtaken))
}

async fn keep(exchange: &Arc<Exchange>, newest: &Published, lines: &[NoteSignature]) -> ServiceResult<()> {
    // Served checkpoints may carry cosignatures already: those of this turn replace them.
    let bare = bare_note(&newest.note, &exchange.witnesses)?;
    let note = lines.iter().fold(bare, |note, line| note + &line.to_string());
    let cosigned = CosignedCheckpoint { size: newest.size, note, at: exchange.clock.now() };
    let (origin, row) = (exchange.keys.origin(), cosigned.clone());
    exchange
        .blocking(move |e| match e.ledger.write(|c| cosigned::keep(c, &origin, &row)) {
            // Another process kept the same size at the same time.
            Ok(()) | Err(StoreError::Duplicate) => Ok(()),
            Err(why) => Err(why.into()),
        })
        .await?;
    exchange.witnesses.adopt(cosigned);
    Ok(())
}

/// The note without signatures of our witnesses.
fn bare_note(note: &str, witnesses: &Witnesses) -> ServiceResult<String> {
    let (text, signatures) = read_note(note).map_err(ServiceError::internal)?;
    let ours = |line: &&NoteSignature| !witnesses.watched.iter().any(|one| one.verifier.made(line));
    Ok(signatures.iter().filter(ours).fold(format!("{text}\n"), |note, line| note + &line.to_string()))
}

/// Hands a checkpoint to one witness and takes note of what became of it.
async fn hand_to(exchange: &Arc<Exchange>, watched: &Watched, newest: &Published, now: Timestamp) -> Outcome {
    if watched.seen().rests_until.is_some_and(|until| now < until) {
        return Outcome::Resting;
    }
    let origin = exchange.keys.origin();
    let outcome = match lead_on(exchange, watched, newest, &origin).await {
        Ok(outcome) => outcome,
        Err(why) => Outcome::Failed(why.to_string()),
    };
    let name = watched.verifier.name();
    match &outcome {
        Outcome::Cosigned(_) => {
            if watched.seen().failure.is_some() {
                info!(witness = name, size = newest.size, "The witness cosigns again");
            }
            watched.note(|seen| {
                *seen = super::Seen {
                    size: Some((origin, newest.size)),
                    at: Some(now),
                    ..super::Seen::default()
                };
            });
        }
        Outcome::Failed(why) | Outcome::Proven(why) | Outcome::Claimed(why) => {
            watched.note(|seen| {
                if seen.failure.as_ref() != Some(why) {
                    warn!(witness = name, why, "A witness does not cosign");
                }
                let rest = (1_i64 << seen.failures.min(5)).min(REST_SECONDS_MAX);
                seen.failures = seen.failures.saturating_add(1);
                seen.failure = Some(why.clone());
                seen.rests_until = Some(now.plus_micros(rest * 1_000_000));
            });
        }
        Outcome::Overtaken | Outcome::Resting => {}
    }
    outcome
}

/// Asks, and leads the witness on from whatever size it names.
async fn lead_on(
    exchange: &Arc<Exchange>,
    watched: &Watched,
    newest: &Published,
    origin: &str,
) -> ServiceResult<Outcome> {
    let known = watched.seen().size.filter(|(seen, _)| seen == origin).map_or(0, |(_, size)| size);
    // What it is known to have cosigned may be another process's, and larger than this checkpoint.
    let mut from = if known > newest.size { 0 } else { known };
    let note = bare_note(&newest.note, &exchange.witnesses)?;
    for _ in 0..ATTEMPTS_MAX {
        let (size, old_size) = (newest.size, from);
        let prove = move |e: &Exchange| {
            Ok(e.ledger.read(|c| consistency_proof(old_size, size, &mut DbNodes::new(c, size)))?)
        };
        let proof = exchange.blocking(prove).await?;
        let request = AddCheckpoint { old_size, proof, checkpoint: note.clone() };
        match watched.client.add_checkpoint(&request).await {
            Err(why) => return Ok(Outcome::Failed(why.to_string())),
            Ok(WitnessAnswer::Cosigned(lines)) => return Ok(cosignature(exchange, watched, &note, &lines)),
            Ok(WitnessAnswer::LastSize(size)) if size < known => {
                return Ok(Outcome::Failed(format!(
                    "it went back from {known} entries to {size}: it lost its memory, and could cosign a fork"
                )));
            }
            Ok(WitnessAnswer::LastSize(size)) if size > newest.size => {
                let head = exchange.blocking(|e| Ok(e.ledger.read(ledger::head)?.frontier.size())).await?;
                return match size <= head {
                    true => Ok(Outcome::Overtaken),
                    false => examine(exchange, watched, origin, format!("it cosigned {size} entries")).await,
                };
            }
            // The same size that was sent: some witnesses tell a different root so.
            Ok(WitnessAnswer::LastSize(size)) if size == from => {
                return examine(exchange, watched, origin, format!("it has another tree of {size}")).await;
            }
            Ok(WitnessAnswer::LastSize(size)) => from = size,
            Ok(WitnessAnswer::Refused { status: 422, reason }) => {
                return examine(exchange, watched, origin, format!("422 {reason}")).await;
            }
            Ok(WitnessAnswer::Refused { status, reason }) => {
                return Ok(Outcome::Failed(format!("it answers {status} {reason}")));
            }
        }
    }
    Ok(Outcome::Failed("it names another size each time it is asked".into()))
}

/// The witness's own line among those it answered, if right and fresh.
fn cosignature(exchange: &Exchange, watched: &Watched, note: &str, lines: &str) -> Outcome {
    let judged = || {
        let (text, _) = read_note(note).map_err(|why| why.to_string())?;
        let lines = read_signatures(lines).map_err(|why| why.to_string())?;
        let seconds = watched.verifier.newest(text, &lines).map_err(|why| why.to_string())?;
        let now = u64::try_from(exchange.clock.now().seconds()).unwrap_or(0);
        if exchange.clock.is_comparable() && seconds.abs_diff(now) > CLOCK_DIFFERENCE_MAX_SECONDS {
            return Err(format!(
                "its clock and this node's differ by {} s: set one of them right",
                seconds.abs_diff(now)
            ));
        }
        let own =
            |line: &&NoteSignature| watched.verifier.newest(text, std::slice::from_ref(line)) == Ok(seconds);
        lines.iter().find(own).cloned().ok_or_else(|| "it answers no cosignature of its own".to_owned())
    };
    match judged() {
        Ok(line) => Outcome::Cosigned(line),
        Err(why) => Outcome::Failed(why),
    }
}

/// A witness that says it saw more, or something else, may be mistaken: what it cosigned last must show it.
async fn examine(
    exchange: &Arc<Exchange>,
    watched: &Watched,
    origin: &str,
    claim: String,
) -> ServiceResult<Outcome> {
    let name = watched.verifier.name();
    let claimed = |why: &str| Outcome::Claimed(format!("the witness {name} disagrees: {claim}; {why}"));
    let shown = match watched.client.newest(&hexadecimal(&sha256(origin.as_bytes()))).await {
        Ok(Some(shown)) => shown,
        Ok(None) => return Ok(claimed("it shows no checkpoint for it")),
        Err(why) => return Ok(claimed(&why.to_string())),
    };
    let Ok(checkpoint) = exchange.keys.open_checkpoint(&shown) else {
        return Ok(claimed("what it shows is not signed by this ledger's key"));
    };
    let size = checkpoint.size;
    let here = exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| match ledger::head(c)?.frontier.size() {
                head if head < size => Ok(Err(head)),
                _ => Ok(Ok(frontier_at(c, size)?.root())),
            })?)
        })
        .await?;
    Ok(match here {
        Err(head) => Outcome::Proven(format!(
            "the witness {name} shows a checkpoint of {size} entries under this ledger's key, and the database has {head}"
        )),
        Ok(root) if root != checkpoint.root => Outcome::Proven(format!(
            "the witness {name} shows a checkpoint of {size} entries under this ledger's key, and the database's first {size} are others"
        )),
        Ok(_) => claimed("but what it shows is a prefix of this ledger"),
    })
}

/// In the log once a minute, with how long it goes on.
fn alarm(witnesses: &Witnesses, cosigned: usize, now: Timestamp) {
    let last = witnesses.alarmed_at.load(Ordering::Relaxed);
    if now.micros().saturating_sub(last) < ALARM_EVERY_MICROS {
        return;
    }
    witnesses.alarmed_at.store(now.micros(), Ordering::Relaxed);
    let (quorum, left) = (witnesses.quorum, witnesses.left_micros(now).unwrap_or(0).max(0) / 1_000_000);
    match left {
        0 => error!(
            cosigned,
            quorum, "Not enough witnesses cosign the ledger: nothing is released until they do"
        ),
        _ => warn!(
            cosigned,
            quorum,
            seconds_left = left,
            "Not enough witnesses cosign the ledger: nothing is released once the time is up"
        ),
    }
}
