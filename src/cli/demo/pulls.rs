//! The banks' part: they pull, verify each dossier offline, ask again, and are refused what is not theirs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};

use super::consents::Held;
use super::plan::Fate;
use super::stage::{Bank, Stage, patiently, unexpected};
use crate::cli::output::Failure;
use crate::cli::synth_command::bar;
use crate::clock::{Clock, SystemClock};
use crate::outbound::gateway_client::ClientError;
use crate::seal::trust::TrustFile;
use crate::seal::verify::Expectations;
use crate::service::verify::{PullAnswer, verify};

/// Pulls of one bank under way at once.
const AT_ONCE: usize = 2;
/// Each bank asks again under its key, and by the release's id.
const REPEATS: u64 = 2;
/// One verified answer, as received, for verifiers of others.
pub const SAMPLE_FILE: &str = "pull.json";

/// What one bank did.
pub struct Tally {
    /// Which bank.
    pub bank: String,
    /// Time of each pull that was answered with a dossier.
    pub latencies: Vec<Duration>,
    /// Bytes of these answers.
    pub bytes: u64,
    /// Dossiers asked for again.
    pub repeats: u64,
    /// Refusals by code.
    pub not_in_force: u64,
    /// See above.
    pub section_not_consented: u64,
}

/// All banks at once.
pub async fn pull(stage: &Stage, held: &[Vec<Held>]) -> Result<Vec<Tally>, Failure> {
    let pulls = held.iter().flatten().filter(|held| may_pull(held.fate)).count();
    let bar = bar("查询并核验 pulls", u64::try_from(pulls).unwrap_or(0));
    let sample = stage.leavings()?.join(SAMPLE_FILE);
    let banks = stage.banks.iter().enumerate().map(|(place, bank)| {
        let own = held.get(place).map(Vec::as_slice).unwrap_or_default();
        let foreign = held.get((place + 1) % held.len().max(1)).map(Vec::as_slice).unwrap_or_default();
        let (bar, sample) = (&bar, (place == 0).then_some(&sample));
        async move {
            let desk = Desk { bank, trust: trust(bank).await?, bar, run: stage.now.micros() };
            let tally = desk.work(own, foreign).await?;
            if let (Some(path), Some(answer)) = (sample, &tally.1) {
                std::fs::write(path, answer)?;
            }
            Ok::<_, Failure>(tally.0)
        }
    });
    let tallies = futures_util::future::try_join_all(banks).await?;
    bar.finish_and_clear();
    Ok(tallies)
}

fn may_pull(fate: Fate) -> bool {
    match fate {
        Fate::Whole | Fate::Partial | Fate::Single => true,
        Fate::Revoked | Fate::Expired => false,
    }
}

/// The trust file, as a member gets it.
async fn trust(bank: &Bank) -> Result<Arc<TrustFile>, Failure> {
    let answer = bank.client.send(Method::GET, "/v1/keys", None).await;
    let bytes = answer.map_err(|error| unexpected(&format!("{}, keys", bank.slug), error))?;
    let parsed = TrustFile::parse(&String::from_utf8_lossy(&bytes));
    Ok(Arc::new(parsed.map_err(|why| Failure::system(format!("demo: the trust file: {why}")))?))
}

/// A bank's credit desk.
struct Desk<'a> {
    bank: &'a Bank,
    trust: Arc<TrustFile>,
    bar: &'a ProgressBar,
    /// Tells the idempotency keys of this run from those of the last.
    run: i64,
}

impl Desk<'_> {
    /// Everything the bank does; and one answer with every section, as received.
    async fn work(&self, own: &[Held], foreign: &[Held]) -> Result<(Tally, Option<Vec<u8>>), Failure> {
        let pulled: Vec<(Duration, usize)> =
            stream::iter(own.iter().filter(|held| may_pull(held.fate)).map(|held| self.pull(held)))
                .buffer_unordered(AT_ONCE)
                .inspect_ok(|_| self.bar.inc(1))
                .try_collect()
                .await?;
        let whole = self.held(own, Fate::Whole)?;
        let (latency, sample) = self.ask_again(whole).await?;
        let not_in_force = self.refusals(own, foreign).await?;
        let partial = &self.held(own, Fate::Partial)?.id;
        let ask = json!({"consent_id": partial, "purpose": "pre_loan", "sections": ["filings"]});
        self.refused(&ask, "section-not-consented").await?;
        let pulled = pulled.into_iter().chain([(latency, sample.len())]);
        let (latencies, bytes): (Vec<Duration>, Vec<usize>) = pulled.unzip();
        let tally = Tally {
            bank: self.bank.slug.clone(),
            latencies,
            bytes: bytes.into_iter().map(|bytes| u64::try_from(bytes).unwrap_or(0)).sum(),
            repeats: REPEATS,
            not_in_force,
            section_not_consented: 1,
        };
        Ok((tally, Some(sample)))
    }

    fn held<'h>(&self, own: &'h [Held], fate: Fate) -> Result<&'h Held, Failure> {
        own.iter()
            .find(|held| held.fate == fate && !held.post_loan)
            .or_else(|| own.iter().find(|held| held.fate == fate))
            .ok_or_else(|| {
                Failure::system(format!("demo: {} has no consent of kind {fate:?}", self.bank.slug))
            })
    }

    /// One pull, verified. The time is the request's, not the verification's.
    async fn pull(&self, held: &Held) -> Result<(Duration, usize), Failure> {
        let ask = json!({"consent_id": held.id, "purpose": "pre_loan"});
        let begun = Instant::now();
        let answer =
            patiently(async || self.bank.client.send(Method::POST, "/v1/dossiers", Some(&ask)).await).await;
        let latency = begun.elapsed();
        let answer = answer.map_err(|error| self.unexpected(&held.id, error))?;
        let bytes = answer.len();
        self.verified(answer).await?;
        Ok((latency, bytes))
    }

    /// The same pull twice under one key, and the release by its id: the same dossier three times, one pull used.
    async fn ask_again(&self, held: &Held) -> Result<(Duration, Vec<u8>), Failure> {
        let ask = json!({"consent_id": held.id, "purpose": "pre_loan", "bank_ref": "演示-重复查询"});
        let key = format!("demo-{}-{}", self.run, self.bank.slug);
        let send = || patiently(async || self.bank.client.send_once("/v1/dossiers", &ask, &key).await);
        let begun = Instant::now();
        let first = send().await.map_err(|error| self.unexpected("first of two alike", error))?;
        let latency = begun.elapsed();
        let second = send().await.map_err(|error| self.unexpected("second of two alike", error))?;
        let first_release = self.verified(first.clone()).await?;
        let path = format!("/v1/releases/{first_release}");
        let shown = patiently(async || self.bank.client.send(Method::GET, &path, None).await).await;
        let shown = shown.map_err(|error| self.unexpected(&path, error))?;
        for again in [second, shown] {
            if self.verified(again).await? != first_release {
                return Err(Failure::system(format!(
                    "demo: {}: asking again for {first_release} gave another release",
                    self.bank.slug
                )));
            }
        }
        Ok((latency, first))
    }

    /// Whatever is wrong with a consent, the answer is the same. How often it was given.
    async fn refusals(&self, own: &[Held], foreign: &[Held]) -> Result<u64, Failure> {
        let whole = &self.held(own, Fate::Whole)?.id;
        let asks = [
            ("00000000-0000-7000-8000-000000000000", "pre_loan"),
            (&self.held(foreign, Fate::Whole)?.id, "pre_loan"),
            (&self.held(own, Fate::Revoked)?.id, "pre_loan"),
            (&self.held(own, Fate::Expired)?.id, "pre_loan"),
            (&self.held(own, Fate::Single)?.id, "pre_loan"),
            (whole, "post_loan"),
        ];
        let mut answers = Vec::new();
        for (consent, purpose) in asks {
            let ask = json!({"consent_id": consent, "purpose": purpose});
            answers.push(self.refused(&ask, "consent-not-in-force").await?);
        }
        if answers.windows(2).any(|two| two[0] != two[1]) {
            return Err(Failure::system(format!("demo: {}: refusals that differ tell why", self.bank.slug)));
        }
        Ok(u64::try_from(answers.len()).unwrap_or(0))
    }

    /// Asks for what must be refused with this code. The answer without the request id.
    async fn refused(&self, ask: &Value, expected: &str) -> Result<Value, Failure> {
        let sent =
            patiently(async || self.bank.client.send(Method::POST, "/v1/dossiers", Some(ask)).await).await;
        match sent {
            Err(ClientError::Refused { code, mut problem, .. }) if code == expected => {
                if let Some(problem) = problem.as_object_mut() {
                    problem.remove("instance");
                }
                Ok(problem)
            }
            Err(error) => Err(self.unexpected(&format!("{ask}"), error)),
            Ok(_dossier) => Err(Failure::system(format!(
                "demo: {} was given a dossier that it must not have, for {ask}",
                self.bank.slug
            ))),
        }
    }

    /// Verifies an answer offline, away from the threads that send. Its release.
    async fn verified(&self, answer: Vec<u8>) -> Result<String, Failure> {
        let (trust, bank) = (self.trust.clone(), self.bank.slug.clone());
        let checked = tokio::task::spawn_blocking(move || check(&answer, &trust, &bank)).await;
        checked.map_err(Failure::system)?
    }

    fn unexpected(&self, what: &str, error: ClientError) -> Failure {
        unexpected(&format!("{}, {what}", self.bank.slug), error)
    }
}

fn check(answer: &[u8], trust: &TrustFile, bank: &str) -> Result<String, Failure> {
    let answer: PullAnswer = serde_json::from_slice(answer)
        .map_err(|why| Failure::system(format!("demo: {bank}: not the answer of a pull: {why}")))?;
    let expect = Expectations { audience: Some(bank), at_micros: SystemClock.now().micros() };
    let report = verify(&answer, trust, expect);
    let broken =
        report.checks.iter().find_map(|check| check.outcome.as_ref().err().map(|why| (check.name, why)));
    match broken {
        None => Ok(answer.release_id),
        Some((name, why)) => Err(Failure::system(format!(
            "demo: {bank}: release {} does not verify: {name}: {why}",
            answer.release_id
        ))),
    }
}
