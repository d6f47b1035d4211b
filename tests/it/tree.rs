//! The tree across tile boundaries: 256 leaves to a tile, 65,536 to a tile of tiles.

use futures_util::future::join_all;
use shuidaiyi::ledger::entry::EntryKind;
use shuidaiyi::ledger::tile::tiles_completed;
use shuidaiyi::service::log;
use shuidaiyi::store::ledger::{self, Draft, Field};
use shuidaiyi::store::ledger_read;

use crate::support::site::Backend;
use crate::support::{Site, both_backends, sql};

both_backends!(proofs_hold_across_tiles);

async fn proofs_hold_across_tiles(backend: Backend) {
    let entries: usize = match backend {
        Backend::Sqlite => 66_000,
        Backend::Postgres => 1_100,
    };
    let mut site = Site::start(backend);
    let mut n = 0;
    // Uneven units, so that tiles fill at the start, in the middle and at the end of one.
    for count in [1, 200, 40, 300, 256].into_iter().chain(std::iter::repeat(5_003)) {
        let count = count.min(entries - n);
        append(&site, n, count).await;
        n += count;
        if n == entries {
            break;
        }
    }
    check(&site, n).await;
    site.restart();
    append(&site, n, 3).await;
    check(&site, n + 3).await;
}

async fn append(site: &Site, from: usize, count: usize) {
    let draft = |n| Draft {
        kind: EntryKind::ProductSubmitted,
        object_id: format!("filler-{n}"),
        actor: "bank-01".into(),
        by: "test".into(),
        fields: vec![("digest", Field::Plain("none".into()))],
    };
    let drafts: Vec<Draft> = (from..from + count).map(draft).collect();
    let ((), committed) = site.exchange().writer.unit(move |_c, _now| Ok(Ok(((), drafts)))).await.unwrap();
    // The receipts that go out with the unit.
    for place in [0, count / 2, count - 1] {
        committed.receipt(place).unwrap();
    }
}

async fn check(site: &Site, least: usize) {
    let exchange = site.exchange();
    let size = exchange.ledger.read(ledger::head).unwrap().frontier.size();
    assert!(size >= least as u64);
    let edges = [0, 1, 255, 256, 257, 511, 512, 767, 1_023, 1_024, 65_279, 65_280, 65_535, 65_536, 65_537];
    let spread = (0..60).map(|n| n * size / 60);
    let wanted = edges.into_iter().chain(spread).chain([size - 2, size - 1]).filter(|index| *index < size);
    let proofs = join_all(wanted.map(|index| log::proof(exchange, index, None))).await;
    for proof in proofs {
        let proof = proof.unwrap();
        let (leaf, _) =
            exchange.ledger.read(|c| ledger_read::leaves(c, proof.index, proof.index + 1)).unwrap().remove(0);
        let checkpoint = proof.verify(&leaf, &exchange.keys.ledger_verifier()).unwrap();
        assert_eq!(checkpoint.size, size);
    }
    let stored = sql::number(&exchange.ledger, "SELECT count(*) AS n FROM ledger_tile");
    assert_eq!(usize::try_from(stored).unwrap(), tiles_completed(0, size).len(), "every full tile is stored");
}
