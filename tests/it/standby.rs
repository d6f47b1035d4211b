//! A PostgreSQL standby takes over: with its whole tail the gateway goes on by itself, without it nothing leaves.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::recover::{checkpoint, entry_of_recovery, recovered};
use crate::restore::{pull_some, refusal};
use crate::support::servers::Pair;
use crate::support::site::run;
use crate::support::wire::{Wire, assert_verifies, grant_many};
use crate::support::{Backend, Site};

/// How long a gateway may take to come through a failover.
const FAILOVER_MAX: Duration = Duration::from_secs(30);

/// A site on a primary with its standby, a consent, and a release that the standby has.
async fn site_on(pair: &Pair) -> (Site, String, Value) {
    let mut site = Site::prepare_on(Backend::Postgres, 1_000_000, Some(pair.url()));
    site.restart();
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let taxpayer = firms[0].taxpayer_id.as_str();
    let consent = grant_many(site.exchange(), "bank-01", &[taxpayer], 1, |_| {}).await.remove(0);
    let answer = pull_some(&site, &consent).await;
    pair.catch_up();
    (site, consent, answer)
}

#[test]
fn a_standby_that_has_everything_is_gone_on_with() {
    run(Backend::Postgres, |_backend| async move {
        let Some(mut pair) = Pair::start() else { return };
        let (mut site, consent, answer) = site_on(&pair).await;
        let size = site.entries().len();
        pair.fail_over();
        let since = Instant::now();
        let wire = Wire::new(&site, "bank-01", &site.url());
        let (status, after) = wire.pull(&consent, Some("after")).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{after}");
        println!("the gateway went on {:.1?} after the failover", since.elapsed());
        assert!(since.elapsed() < FAILOVER_MAX);
        assert!(site.entries().len() > size);
        assert_verifies(&site, "bank-01", &answer);
        assert_verifies(&site, "bank-01", &after);
        site.stop();
    });
}

#[test]
fn a_standby_without_its_tail_releases_nothing_until_it_is_recovered() {
    run(Backend::Postgres, |_backend| async move {
        let Some(mut pair) = Pair::start() else { return };
        let (mut site, consent, surviving) = site_on(&pair).await;
        let kept = site.entries().len() as u64;
        pair.cut_off();
        let lost = pull_some(&site, &consent).await;
        let old = checkpoint(&site).await;
        assert!(old.size > kept);
        pair.fail_over();

        // Under the running gateway: neither a pull, nor a repeat of what the standby has, nor a checkpoint.
        let wire = Wire::new(&site, "bank-01", &site.url());
        let (status, answer) = wire.pull(&consent, None).await.unwrap();
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
        let path = format!("/v1/releases/{}", surviving["release_id"].as_str().unwrap());
        let (status, text) = wire.get(&path).await;
        assert!(status == StatusCode::INTERNAL_SERVER_ERROR && !text.contains('~'), "{status} {text}");
        let (status, _) = site.json("bureau", Method::GET, "/v1/ledger/checkpoint", None).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(site.entries().len() as u64, kept, "nothing was appended");

        // At a start.
        site.stop();
        let why = refusal(&site);
        assert!(why.contains("older than its anchor") && why.contains("ledger recover"), "{why}");

        recovered(&site, &[]);
        site.restart();
        entry_of_recovery(&site, kept, &old);
        let now = pull_some(&site, &consent).await;
        for answer in [&surviving, &lost, &now] {
            assert_verifies(&site, "bank-01", answer);
        }
        site.stop();
    });
}
