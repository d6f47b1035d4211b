//! Bodies and headers that misbehave on the wire: too big, too slow, broken off, garbled.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::support::oracle::deeds;
use crate::support::raw::Raw;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_body_of_10_mb_is_refused_readably,
    a_big_body_at_a_foreign_route_is_drained,
    a_slow_body_is_answered_in_time,
    slow_handshakes_and_heads_are_cut,
    what_is_past_the_drain_is_cut,
    garbled_heads_are_refused,
    a_broken_body_does_nothing,
);

type Headers<'a> = &'a [(&'a str, &'a str)];

const MEGABYTE: usize = 1 << 20;
const BODY_SECONDS_MAX: u64 = 1;

/// A gateway that waits one second for a body.
fn start(backend: Backend) -> Site {
    let mut site = Site::prepare(backend, 1_000);
    site.config.limits.body_seconds_max = BODY_SECONDS_MAX;
    site.restart();
    site
}

/// Sends so many bytes in pieces, framed as chunks or not.
async fn pour(raw: &mut Raw, bytes: usize, chunked: bool) -> std::io::Result<()> {
    let piece = vec![b' '; 64 << 10];
    for _ in 0..bytes / piece.len() {
        if chunked {
            raw.send(format!("{:x}\r\n", piece.len())).await?;
            raw.send(&piece).await?;
            raw.send("\r\n").await?;
        } else {
            raw.send(&piece).await?;
        }
    }
    if chunked { raw.send("0\r\n\r\n").await } else { Ok(()) }
}

async fn a_body_of_10_mb_is_refused_readably(backend: Backend) {
    let site = start(backend);
    let before = deeds(site.entries());
    for chunked in [false, true] {
        let framing = if chunked { ("Transfer-Encoding", "chunked") } else { ("Content-Length", "10485760") };
        // Everything is sent before anything is read: a reset would lose the answer.
        let mut raw = Raw::member(&site, "bank-01").await;
        raw.head("POST /v1/dossiers", &[framing]).await.unwrap();
        pour(&mut raw, 10 * MEGABYTE, chunked).await.unwrap();
        let answer = raw.answer().await.unwrap();
        assert_eq!(answer.problem(), (413, "too-large".into()), "chunked: {chunked}");
        assert!(answer.header("x-request-id").is_some());
        assert!(raw.closes_within(Duration::from_secs(2)).await, "and the connection ends: {chunked}");
    }
    // Whoever waits for leave to send the body gets the answer or the leave, and a library copes with both.
    let response = site
        .client("bank-01")
        .post(format!("{}/v1/dossiers", site.url()))
        .header("Expect", "100-continue")
        .body(vec![b' '; 10 * MEGABYTE])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
    // A request head that arrives in drops is no body: it is answered as usual.
    let mut raw = Raw::member(&site, "bank-01").await;
    for drop in ["GET /v1/", "keys HTTP/1.1\r\n", "Host: local", "host\r\n", "\r\n"] {
        raw.send(drop).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(raw.answer().await.unwrap().status, 200);
    assert_eq!(deeds(site.entries()), before);
}

async fn a_big_body_at_a_foreign_route_is_drained(backend: Backend) {
    let site = start(backend);
    for (path, status, code) in [
        ("/v1/batches", 403, "forbidden"),
        ("/v1/consents", 403, "forbidden"),
        ("/v1/nowhere", 404, "not-found"),
    ] {
        for chunked in [false, true] {
            let framing =
                if chunked { ("Transfer-Encoding", "chunked") } else { ("Content-Length", "10485760") };
            let mut raw = Raw::member(&site, "bank-01").await;
            raw.head(&format!("POST {path}"), &[framing]).await.unwrap();
            // The answer is there before the body: role and route need none of it.
            let answer = raw.answer().await.unwrap();
            assert_eq!(answer.problem(), (status, code.into()), "{path}");
            pour(&mut raw, 10 * MEGABYTE, chunked).await.unwrap();
            assert!(raw.closes_within(Duration::from_secs(2)).await, "{path}");
        }
    }
}

async fn a_slow_body_is_answered_in_time(backend: Backend) {
    let site = start(backend);
    let before = deeds(site.entries());
    let ask = json!({"consent_id": "x", "purpose": "pre_loan"}).to_string();
    let (half, _) = ask.split_at(ask.len() / 2);
    let length = ask.len().to_string();
    let chunk = format!("{:x}\r\n{half}\r\n", half.len());
    tokio::join!(
        stall(&site, ("Content-Length", &length), half),
        stall(&site, ("Transfer-Encoding", "chunked"), &chunk),
        drip(&site),
    );
    assert_eq!(deeds(site.entries()), before);
}

/// Sends a part of a body, then nothing.
async fn stall(site: &Site, framing: (&str, &str), part: &str) {
    let mut raw = Raw::member(site, "bank-01").await;
    let start = Instant::now();
    raw.head("POST /v1/dossiers", &[framing]).await.unwrap();
    raw.send(part).await.unwrap();
    let answer = raw.answer().await.unwrap();
    assert_eq!(answer.problem(), (400, "malformed".into()));
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(BODY_SECONDS_MAX), "{took:?}");
    assert!(took < Duration::from_secs(BODY_SECONDS_MAX + 2), "{took:?}");
    // Drained for 5 s, and given one more to close.
    assert!(raw.closes_within(Duration::from_secs(8)).await, "{framing:?} stays open");
}

/// A byte now and then does not buy time.
async fn drip(site: &Site) {
    let mut raw = Raw::member(site, "bank-01").await;
    raw.head("POST /v1/dossiers", &[("Content-Length", "60000")]).await.unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1_300) {
        raw.send(" ").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(raw.answer().await.unwrap().problem(), (400, "malformed".into()));
}

/// The limits are fixed: 3 s for the handshake, 5 s for the head of a connection's first request.
async fn slow_handshakes_and_heads_are_cut(backend: Backend) {
    let site = start(backend);
    let silent = async {
        let mut tcp = tokio::net::TcpStream::connect(site.running().gateway).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(6), tcp.read(&mut [0; 16])).await;
        assert!(closed.is_ok(), "a connection without a handshake stays open");
    };
    let slow_head = async {
        let mut raw = Raw::member(&site, "bank-01").await;
        raw.send("GET /v1/keys HTTP/1.1\r\nHost: loc").await.unwrap();
        assert!(raw.closes_within(Duration::from_secs(8)).await, "half a head keeps its connection");
    };
    tokio::join!(silent, slow_head);
}

async fn what_is_past_the_drain_is_cut(backend: Backend) {
    let site = start(backend);
    let mut raw = Raw::member(&site, "bank-01").await;
    raw.head("POST /v1/batches", &[("Content-Length", "1073741824")]).await.unwrap();
    assert_eq!(raw.answer().await.unwrap().status, 403);
    let poured = pour(&mut raw, 64 * MEGABYTE, false).await;
    assert!(poured.is_err() || raw.closes_within(Duration::from_secs(2)).await, "not 1 GiB for a refusal");
    let mut next = Raw::member(&site, "bank-01").await;
    assert_eq!(next.get("/v1/keys").await.unwrap().status, 200);
}

async fn garbled_heads_are_refused(backend: Backend) {
    let site = start(backend);
    let before = deeds(site.entries());
    let long = "x".repeat(20_000);
    let mut raw = Raw::member(&site, "bank-01").await;
    raw.head("GET /v1/keys", &[("X-Long", &long)]).await.unwrap();
    assert_eq!(raw.answer().await.unwrap().problem(), (413, "too-large".into()));
    // Neither a length nor chunks: a request without a body, and no JSON of any route.
    let mut raw = Raw::member(&site, "bank-01").await;
    raw.head("POST /v1/dossiers", &[]).await.unwrap();
    assert_eq!(raw.answer().await.unwrap().problem(), (400, "malformed".into()));
    let huge = "x".repeat(140_000);
    let bare: [(&str, Headers<'_>, u16); 10] = [
        ("GET /v1/keys", &[("X-Huge", &huge)], 431),
        ("POST /v1/dossiers", &[("Content-Length", "+5")], 400),
        ("POST /v1/dossiers", &[("Content-Length", "5, 5")], 400),
        ("POST /v1/dossiers", &[("Content-Length", "-1")], 400),
        ("POST /v1/dossiers", &[("Content-Length", "99999999999999999999")], 400),
        ("POST /v1/dossiers", &[("Content-Length", "5"), ("Content-Length", "6")], 400),
        ("POST /v1/dossiers", &[("Content-Length", "5"), ("Transfer-Encoding", "chunked")], 400),
        ("POST /v1/dossiers", &[("Content-Length ", "5")], 400),
        ("GET /v1/keys", &[("X-Folded", "a\r\n b")], 400),
        ("GE T /v1/keys", &[], 400),
    ];
    for (line, headers, status) in bare {
        let mut raw = Raw::member(&site, "bank-01").await;
        raw.head(line, headers).await.unwrap();
        let answer = raw.answer().await.unwrap();
        let what: String = format!("{line} {headers:?}").chars().take(120).collect();
        assert_eq!(answer.status, status, "{what}");
        assert!(raw.closes_within(Duration::from_secs(2)).await, "{what}");
    }
    assert_eq!(deeds(site.entries()), before);
}

async fn a_broken_body_does_nothing(backend: Backend) {
    let site = start(backend);
    let before = deeds(site.entries());
    let ask = json!({"consent_id": "x", "purpose": "pre_loan"}).to_string();
    let mut garbled = Raw::member(&site, "bank-01").await;
    garbled.head("POST /v1/dossiers", &[("Transfer-Encoding", "chunked")]).await.unwrap();
    garbled.send(format!("{:x}\r\n{ask}\r\nzz\r\n", ask.len())).await.unwrap();
    assert_eq!(garbled.answer().await.unwrap().status, 400);
    // Cut off with a whole JSON inside, but short of what was announced.
    let mut cut = Raw::member(&site, "bank-01").await;
    cut.head("POST /v1/dossiers", &[("Content-Length", "1000")]).await.unwrap();
    cut.send(&ask).await.unwrap();
    drop(cut);
    let mut next = Raw::member(&site, "bank-01").await;
    assert_eq!(next.get("/v1/keys").await.unwrap().status, 200);
    assert_eq!(deeds(site.entries()), before);
}
