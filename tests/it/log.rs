//! The open log as a client reads it: tiles and bundles at C2SP's paths, proofs at any size, a bank's own entries.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::ledger::entry_kind::EntryKind;
use shuidaiyi::ledger::{
    Checkpoint, Frontier, Hash, InclusionReceipt, Salt, TileId, commit, leaf_hash, tile_root,
    verify_consistency,
};
use shuidaiyi::store::ledger::{Draft, Field};

use crate::support::{Backend, Site, both_backends, sql};

both_backends!(
    tiles_and_bundles_make_the_signed_tree,
    proofs_of_any_size_lead_to_checkpoints_of_that_size,
    a_changed_database_gets_no_signature_of_an_earlier_size,
    a_bank_reads_its_own_entries_and_no_others,
);

/// Appends entries of no consequence.
pub async fn append(site: &Site, count: usize) {
    let draft = |n| Draft {
        kind: EntryKind::ProductSubmitted,
        object_id: format!("filler-{n}"),
        actor: "bank-05".into(),
        by: "test".into(),
        fields: vec![("digest", Field::Plain("none".into()))],
    };
    let drafts: Vec<Draft> = (0..count).map(draft).collect();
    site.exchange().writer.unit(move |_c, _now| Ok(Ok(((), drafts)))).await.unwrap();
}

struct Got {
    status: StatusCode,
    cache: String,
    kind: String,
    bytes: Vec<u8>,
}

async fn get(site: &Site, member: &str, path: &str) -> Got {
    let response = site.ask(member, Method::GET, &format!("/v1/ledger/{path}"), None).await;
    let header = |name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (status, cache, kind) = (response.status(), header("cache-control"), header("content-type"));
    Got { status, cache, kind, bytes: response.bytes().await.unwrap().to_vec() }
}

async fn text(site: &Site, member: &str, path: &str) -> String {
    let got = get(site, member, path).await;
    assert_eq!(got.status, 200, "{path}: {}", String::from_utf8_lossy(&got.bytes));
    String::from_utf8(got.bytes).unwrap()
}

async fn checkpoint(site: &Site) -> Checkpoint {
    let note = text(site, "regulator", "checkpoint").await;
    site.exchange().keys.open_checkpoint(&note).unwrap()
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(32).map(|hash| Hash::try_from_slice(hash).unwrap()).collect()
}

fn entries(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        bundle = rest;
    }
    entries
}

async fn tiles_and_bundles_make_the_signed_tree(backend: Backend) {
    let site = Site::start(backend);
    append(&site, 1_300).await;
    let checkpoint = checkpoint(&site).await;
    let (full, rest) = (checkpoint.size / 256, checkpoint.size % 256);
    let mut frontier = Frontier::empty();
    let mut roots = Vec::new();
    for index in 0..=full {
        let id = TileId { level: 0, index };
        let width = id.width_at(checkpoint.size);
        // Twice: out of the database, then out of memory.
        for _ in 0..2 {
            let tile = get(&site, "platform", &id.path(width)).await;
            assert_eq!((tile.status, tile.kind.as_str()), (StatusCode::OK, "application/octet-stream"));
            let cache = if width == 256 { "max-age=31536000, immutable" } else { "no-cache" };
            assert_eq!(tile.cache, cache);
            let path = id.path(width).replacen("tile/0", "tile/entries", 1);
            let bundle = get(&site, "bureau", &path).await;
            assert_eq!((bundle.status, bundle.cache.as_str()), (StatusCode::OK, cache), "{path}");
            let leaves: Vec<Hash> = entries(&bundle.bytes).iter().map(|entry| leaf_hash(entry)).collect();
            assert_eq!(hashes(&tile.bytes), leaves, "{path}");
        }
        let tile = hashes(&get(&site, "bank-01", &id.path(width)).await.bytes);
        roots.push(tile_root(&tile));
        tile.into_iter().for_each(|leaf| frontier.push(leaf));
    }
    assert_eq!(frontier.root(), checkpoint.root, "tiles and checkpoint are one tree");
    let width = u16::try_from(full).unwrap();
    let above = get(&site, "bank-01", &TileId { level: 1, index: 0 }.path(width)).await;
    roots.truncate(usize::from(width));
    assert_eq!(hashes(&above.bytes), roots);

    // A part of a full tile, and every width that a size in between had.
    for (id, width) in [((0, 1), 9_u16), ((0, full), 1), ((1, 0), 2)] {
        let id = TileId { level: id.0, index: id.1 };
        let part = get(&site, "bank-01", &id.path(width)).await;
        let whole = get(&site, "bank-01", &id.path(id.width_at(checkpoint.size))).await;
        assert_eq!(part.bytes, whole.bytes[..usize::from(width) * 32], "{id}");
        assert_eq!(part.cache, "no-cache");
    }
    let beyond = [
        format!("tile/0/{:03}", full),
        format!("tile/0/{:03}.p/{}", full, rest + 1),
        format!("tile/1/000.p/{}", full + 1),
        "tile/0/900".into(),
        "tile/2/000.p/1".into(),
        "tile/63/000".into(),
        "tile/64/000".into(),
        "tile/0/1".into(),
        "tile/0/x001/000".into(),
        "tile/0/x000/001".into(),
        "tile/0/000.p/256".into(),
        "tile/0/000.p/0".into(),
        "tile/0/x018/x446/x744/x073/x709/x551/615".into(),
        "tile/entries/900".into(),
        "tile/entries/000.p/256".into(),
        format!("tile/entries/{:03}", full),
    ];
    for path in beyond {
        let got = get(&site, "bureau", &path).await;
        assert_eq!(got.status, 404, "{path}");
    }
    assert_eq!(get(&site, "bank-01", "tile/entries/000").await.status, 403, "banks read no others' entries");
    assert_eq!(get(&site, "platform", "tile/entries/000").await.status, 403);
}

async fn proofs_of_any_size_lead_to_checkpoints_of_that_size(backend: Backend) {
    let site = Site::start(backend);
    append(&site, 700).await;
    let leaves: Vec<Hash> = hashes_of_all(&site);
    let newest = checkpoint(&site).await;
    let keys = &site.exchange().keys;
    let mut frontier = Frontier::empty();
    let mut roots = vec![frontier.root()];
    for leaf in &leaves {
        frontier.push(*leaf);
        roots.push(frontier.root());
    }
    let size_at = |size: u64| usize::try_from(size).unwrap();
    let sizes = [1, 2, 255, 256, 257, 511, 512, 640, newest.size - 1, newest.size];
    for size in sizes {
        for index in [0, 3, 255, 256, size / 2, size - 1].into_iter().filter(|index| *index < size) {
            let proof = text(&site, "bank-02", &format!("proof/{index}?size={size}")).await;
            let proof = InclusionReceipt::parse(&proof).unwrap();
            let leaf = site
                .exchange()
                .ledger
                .read(|c| Ok(shuidaiyi::store::ledger_read::leaves(c, index, index + 1)?.remove(0).0));
            let signed = proof.verify(&leaf.unwrap(), &keys.ledger_verifier()).unwrap();
            assert_eq!((proof.index, signed.size, signed.root), (index, size, roots[size_at(size)]));
        }
        for from in sizes.into_iter().filter(|from| *from <= size) {
            let lines = text(&site, "platform", &format!("consistency?from={from}&to={size}")).await;
            let proof: Vec<Hash> = lines.lines().map(|line| line.parse().unwrap()).collect();
            verify_consistency(from, size, &roots[size_at(from)], &roots[size_at(size)], &proof).unwrap();
        }
    }
    let all = newest.size;
    for (path, status) in [
        (format!("proof/{all}"), 404),
        (format!("proof/0?size={}", all + 1), 422),
        ("proof/0?size=0".into(), 422),
        ("proof/5?size=5".into(), 404),
        ("proof/0?size=x".into(), 422),
        ("proof/x".into(), 404),
        ("consistency?from=5".into(), 422),
        ("consistency?from=6&to=5".into(), 422),
        ("consistency?from=0&to=0".into(), 422),
        (format!("consistency?from=1&to={}", all + 1), 422),
    ] {
        assert_eq!(get(&site, "bank-02", &path).await.status, status, "{path}");
    }
    assert_eq!(text(&site, "bank-02", "consistency?from=0&to=5").await, "");
}

fn hashes_of_all(site: &Site) -> Vec<Hash> {
    let size = site.entries().len() as u64;
    site.exchange().ledger.read(|c| shuidaiyi::store::ledger_read::leaf_hashes(c, 0, size)).unwrap()
}

async fn a_changed_database_gets_no_signature_of_an_earlier_size(backend: Backend) {
    let site = Site::start(backend);
    append(&site, 300).await;
    checkpoint(&site).await;
    let ledger = sql::ledger(&site);
    let size = site.entries().len() as u64;
    for (table, column, row) in
        [("ledger_tile", "hashes", "level = 0 AND idx = 0"), ("ledger_entry", "leaf_hash", "idx = 258")]
    {
        sql::flip(&ledger, table, column, row);
        let got = get(&site, "bank-01", &format!("proof/0?size={}", size - 3)).await;
        assert_eq!(got.status, 500, "{table}: {}", String::from_utf8_lossy(&got.bytes));
        sql::flip(&ledger, table, column, row);
    }
    assert_eq!(get(&site, "bank-01", &format!("proof/0?size={}", size - 3)).await.status, 200);
}

async fn own(site: &Site, bank: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/ledger/entries?limit={limit}{after}");
        let (status, page) = site.json(bank, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= limit);
        all.extend(items);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

async fn a_bank_reads_its_own_entries_and_no_others(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    let taxpayer = firms[0].taxpayer_id.as_str();
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
        let consent = site.consent(bank, taxpayer, |_| {}).await;
        let id = consent["id"].as_str().unwrap();
        assert_eq!(site.pull(bank, id).await.0, 201);
        assert_eq!(site.revoke(id).await.0, 200);
        assert_eq!(site.pull(bank, id).await.0, 403);
    }
    append(&site, 300).await;
    let verifier = site.exchange().keys.ledger_verifier();
    for bank in ["bank-01", "bank-02"] {
        let mut kinds = Vec::new();
        let mut last = None;
        let entries = own(&site, bank, 2).await;
        for item in &entries {
            let receipt: InclusionReceipt = InclusionReceipt::parse(item["proof"].as_str().unwrap()).unwrap();
            let leaf = STANDARD.decode(item["entry"].as_str().unwrap()).unwrap();
            receipt.verify(&leaf, &verifier).unwrap();
            assert_eq!(item["index"], receipt.index);
            assert!(last < Some(receipt.index), "in order, none twice");
            last = Some(receipt.index);
            let entry: Value = serde_json::from_slice(&leaf).unwrap();
            let salt: [u8; 32] = STANDARD.decode(item["salt"].as_str().unwrap()).unwrap().try_into().unwrap();
            let salt = Salt::from_bytes(salt);
            let kind = entry["kind"].as_str().unwrap().to_owned();
            if kind == "release.granted" || kind.starts_with("consent.") {
                assert_eq!(entry["subject"], commit(&salt, taxpayer), "the salt opens it");
            }
            match kind.as_str() {
                "consent.granted" | "consent.revoked" => assert_eq!(entry["bank"], commit(&salt, bank)),
                "product.approved" => assert_eq!(entry["id"], format!("{bank}-credit")),
                "member.changed" => assert_eq!(entry["id"], bank),
                _ => assert_eq!(entry["actor"], bank),
            }
            if kind == "release.refused" {
                assert_ne!(entry["reason"], commit(&salt, "revoked"), "the true reason is for the bureau");
            }
            kinds.push(kind);
        }
        let expected = [
            "member.changed",
            "product.submitted",
            "product.approved",
            "consent.granted",
            "release.granted",
            "consent.revoked",
            "release.refused",
        ];
        assert_eq!(kinds, expected, "{bank}");
        assert_eq!(own(&site, bank, 1_000).await.len(), entries.len());
    }
    // What others record about a bank is not the bank's to read: a mandate to inspect it, for one.
    let about = Draft {
        kind: EntryKind::ProductSubmitted,
        object_id: "inspection".into(),
        actor: "regulator".into(),
        by: "test".into(),
        fields: vec![("bank", Field::Sealed("bank-05".into()))],
    };
    site.exchange().writer.unit(move |_c, _now| Ok(Ok(((), vec![about])))).await.unwrap();
    assert_eq!(own(&site, "bank-05", 1_000).await.len(), 301);
    let bad = [URL_SAFE_NO_PAD.encode("x"), URL_SAFE_NO_PAD.encode(u64::MAX.to_string()), "!".into()];
    for after in bad {
        let path = format!("/v1/ledger/entries?after={after}");
        assert_eq!(site.json("bank-01", Method::GET, &path, None).await.0, 422, "{after}");
    }
    assert_eq!(site.json("bureau", Method::GET, "/v1/ledger/entries", None).await.0, 403);
    // Once the salt is erased the entry stays, closed.
    sql::execute(&sql::ledger(&site), &["DELETE FROM entry_salt"]);
    assert!(own(&site, "bank-01", 3).await.iter().all(|item| item["salt"] == json!("")));
}
