//! The day's quota and idempotency keys, in the store.

use chrono::NaiveDate;
use shuidaiyi::clock::Clock;
use shuidaiyi::store::idempotency::{self, Claim, Kept};
use shuidaiyi::store::quota::{Taken, take, used};

use crate::support::wire::{Wire, grant_many};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    places_of_a_day_are_exact,
    keys_last_a_day,
    a_key_is_forgotten_after_its_day,
    asking_again_takes_a_place_of_the_day,
    a_clock_far_off_writes_nothing,
);

async fn places_of_a_day_are_exact(backend: Backend) {
    let site = Site::start(backend);
    let ledger = &site.exchange().ledger;
    let (bank, other) = ("bank-01".parse().unwrap(), "bank-02".parse().unwrap());
    let day = |d| NaiveDate::from_ymd_opt(2026, 11, d).unwrap();
    let ask = |bank, day, asked, limit| {
        let Taken { taken, remaining } = ledger.write(|c| take(c, bank, day, asked, limit)).unwrap();
        (taken, remaining)
    };
    assert_eq!(ask(&bank, day(1), 0, 10), (0, 10), "nothing asked");
    assert_eq!(ask(&bank, day(1), 4, 10), (4, 6));
    assert_eq!(ask(&bank, day(1), 6, 10), (6, 0), "to the brim");
    assert_eq!(ask(&bank, day(1), 1, 10), (0, 0), "not one more");
    assert_eq!(ask(&bank, day(1), 5, 12), (2, 0), "a raised quota opens at once");
    assert_eq!(ask(&bank, day(1), 5, 3), (0, 0), "a lowered one closes at once and takes nothing back");
    assert_eq!(ledger.read(|c| used(c, &bank, day(1))).unwrap(), 12);
    assert_eq!(ask(&bank, day(2), 128, 100), (100, 0), "a set larger than a fresh day");
    assert_eq!(ask(&bank, day(3), 3, 0), (0, 0), "a quota of nothing");
    assert_eq!(ledger.read(|c| used(c, &bank, day(3))).unwrap(), 0);
    assert_eq!(ask(&other, day(1), 2, u64::MAX).0, 2, "another bank's day, without a bound");
    // A unit that fails gives its places back.
    let failed = ledger.write(|c| {
        take(c, &other, day(1), 5, 10)?;
        Err::<(), _>(shuidaiyi::store::error::StoreError::DecideAgain)
    });
    assert!(failed.is_err());
    assert_eq!(ledger.read(|c| used(c, &other, day(1))).unwrap(), 2);
    // Many at once: each place is given once.
    let taken: usize = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    (0..10)
                        .map(|_| ledger.write(|c| take(c, &bank, day(9), 3, 100)).unwrap().taken)
                        .sum::<usize>()
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum::<usize>()
    });
    assert_eq!(taken, 100);
}

async fn keys_last_a_day(backend: Backend) {
    let site = Site::start(backend);
    let ledger = &site.exchange().ledger;
    let (bank, other) = ("bank-01".parse().unwrap(), "bank-02".parse().unwrap());
    let claim = |route, digest: &str| Claim { route, key: "k".into(), request_digest: digest.into() };
    let kept = |id: &str| Kept { request_digest: "d".into(), object_id: id.into() };
    let (first, day) = (site.clock.now(), 24 * 3600 * 1_000_000_i64);
    let pulls = claim("/v1/dossiers", "d");
    ledger.write(|c| idempotency::keep(c, &bank, &pulls, "one", first)).unwrap();
    let find = |member, claim: &Claim, at| ledger.read(|c| idempotency::find(c, member, claim, at)).unwrap();
    assert_eq!(find(&bank, &pulls, first), Some(kept("one")));
    assert_eq!(find(&bank, &claim("/v1/consents", "d"), first), None, "another route");
    assert_eq!(find(&other, &pulls, first), None, "another member");
    let again = |at| ledger.write(|c| idempotency::keep(c, &bank, &pulls, "two", at));
    assert!(again(first.plus_micros(day - 1)).is_err(), "taken for 24 h");
    assert_eq!(find(&bank, &pulls, first.plus_micros(day - 1)), Some(kept("one")));
    assert_eq!(find(&bank, &pulls, first.plus_micros(day)), None, "free again at 24 h");
    again(first.plus_micros(day)).unwrap();
    assert_eq!(find(&bank, &pulls, first.plus_micros(day)), Some(kept("two")));
    assert_eq!(ledger.write(|c| idempotency::sweep(c, first.plus_micros(2 * day - 1))).unwrap(), 0);
    assert_eq!(ledger.write(|c| idempotency::sweep(c, first.plus_micros(2 * day))).unwrap(), 1);
}

async fn a_key_is_forgotten_after_its_day(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consents = grant_many(site.exchange(), "bank-01", &[firms[0].taxpayer_id.as_str()], 1, |_| {}).await;
    let wire = Wire::new(&site, "bank-01", &site.url());
    let pull = async || wire.pull(&consents[0], Some("k")).await.unwrap().1["release_id"].clone();
    let first = pull().await;
    assert!(first.is_string());
    site.clock.advance_seconds(24 * 3600 - 60);
    assert_eq!(pull().await, first);
    site.clock.advance_seconds(120);
    let second = pull().await;
    assert!(second.is_string() && second != first);
    assert_eq!(pull().await, second);
}

/// A repeat uses no pull of the consent, but a place of the bank's day: past it, it is turned away like a pull.
async fn asking_again_takes_a_place_of_the_day(backend: Backend) {
    let site = Site::start_with_quota(backend, 2);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (status, pulled) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    assert_eq!(status, 201, "{pulled}");
    let path = format!("/v1/releases/{}", pulled["release_id"].as_str().unwrap());
    let ask = async |path: &str| site.json("bank-01", reqwest::Method::GET, path, None).await;
    assert_eq!(ask(&path).await.0, 200);
    let entries = site.entries().len();
    let (status, refused) = ask(&path).await;
    assert_eq!((status.as_u16(), &refused["code"]), (429, &"rate-limited".into()), "{refused}");
    assert_eq!(site.entries().len(), entries, "counted, not recorded one by one");
    assert_eq!(ask(&format!("{path}?dossier=false")).await.0, 200, "the receipt is always to be had");
}

/// A node far off the database's time would set the ledger's clock for everyone: it writes nothing.
async fn a_clock_far_off_writes_nothing(backend: Backend) {
    let mut site = Site::start(backend);
    let size = site.entries().len();
    site.stop();
    site.clock.be_comparable();
    site.clock.advance_seconds(60);
    site.restart();
    let (status, answer) = site
        .json("bank-01", reqwest::Method::PUT, "/v1/products/p", Some(crate::support::site::product_terms()))
        .await;
    match backend {
        Backend::Postgres => {
            assert_eq!((status.as_u16(), &answer["code"]), (503, &"busy".into()), "{answer}");
            assert_eq!(site.entries().len(), size);
        }
        // SQLite lies on this host: there is no other clock.
        Backend::Sqlite => assert_eq!(status.as_u16(), 201, "{answer}"),
    }
}
