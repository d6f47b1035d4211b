//! What the gateway port takes up without a restart: revocation lists, authorities, its own certificate.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::seal::authority::{CertificateRequest, DevelopmentAuthority, Issued, Usage, Validity};
use shuidaiyi::seal::certificate::{MemberCertificate, issuer_and_serial, pem_to_der};
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::service::enrolment::pin;

use crate::support::raw::{Raw, authority, client_config, get_with};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    a_revoked_certificate_ends_on_an_open_connection,
    an_overdue_list_lets_nobody_in,
    an_authority_comes_and_goes,
    a_rotation_under_load_fails_no_request,
);

const BITES_WITHIN: Duration = Duration::from_secs(2);

/// A site whose gateway has a list of this authority, empty, for so many seconds.
fn site_with_list(backend: Backend, seconds: i64) -> Site {
    let mut site = Site::prepare(backend, 1_000);
    site.config.tls.crl = vec![list_path(&site)];
    write_list(&site, &[], 1, seconds);
    site.restart();
    site
}

fn list_path(site: &Site) -> PathBuf {
    site.dir().join("certs/ca.crl")
}

/// Whole or not at all, as a careful operator does.
fn put(path: &Path, text: &str) {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, text).unwrap();
    std::fs::rename(unfinished, path).unwrap();
}

fn write_list(site: &Site, revoked: &[&str], number: u64, seconds: i64) {
    put(&list_path(site), &list(site, revoked, 0, number, seconds));
}

/// A list made `age` seconds ago, due in `seconds`.
fn list(site: &Site, revoked: &[&str], age: i64, number: u64, seconds: i64) -> String {
    let serials: Vec<Vec<u8>> = revoked
        .iter()
        .map(|member| {
            let pem = std::fs::read_to_string(site.dir().join(format!("certs/{member}.pem"))).unwrap();
            issuer_and_serial(&pem_to_der(&pem).unwrap()).unwrap().1
        })
        .collect();
    let now = SystemClock.now().utc();
    let validity = Validity { from: now - TimeDelta::seconds(age), to: now + TimeDelta::seconds(seconds) };
    authority(site).revocation_list(&serials, number, validity).unwrap()
}

async fn until(raw: &mut Raw, status: u16) {
    let start = Instant::now();
    loop {
        let answer = raw.get("/v1/keys").await.unwrap();
        if answer.status == status {
            return;
        }
        assert!(start.elapsed() < BITES_WITHIN, "still {} after {BITES_WITHIN:?}", answer.status);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a member's handshake succeeds and its request is answered.
async fn is_let_in(site: &Site, member: &str) -> bool {
    let read =
        |ending: &str| std::fs::read_to_string(site.dir().join(format!("certs/{member}.{ending}"))).unwrap();
    let config = client_config(site, Some((&read("pem"), &read("key"))));
    match Raw::connect(site, config).await {
        Ok(mut raw) => raw.get("/v1/keys").await.is_ok_and(|answer| answer.status == 200),
        Err(_refused) => false,
    }
}

async fn until_ready_says(site: &Site, text: &str) -> (u16, String) {
    let start = Instant::now();
    loop {
        let (status, body) = site.operations("/readyz").await;
        if body.contains(text) {
            return (status, body);
        }
        assert!(start.elapsed() < BITES_WITHIN, "no {text:?} in {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_revoked_certificate_ends_on_an_open_connection(backend: Backend) {
    let site = site_with_list(backend, 30 * 86_400);
    let mut raw = Raw::member(&site, "bank-01").await;
    let mut bystander = Raw::member(&site, "bank-02").await;
    until(&mut raw, 200).await;
    assert_eq!(bystander.get("/v1/keys").await.unwrap().status, 200);
    let (_, ready) = site.operations("/readyz").await;
    assert!(!ready.contains("warning"), "{ready}");

    write_list(&site, &["bank-01"], 2, 30 * 86_400);
    until(&mut raw, 401).await;
    assert!(!is_let_in(&site, "bank-01").await, "nor is a new handshake accepted");
    assert_eq!(bystander.get("/v1/keys").await.unwrap().status, 200);
    assert!(is_let_in(&site, "bank-02").await);

    // Nothing of this may take the place of the list in force.
    let whole = std::fs::read_to_string(list_path(&site)).unwrap();
    let foreign = DevelopmentAuthority::create(SystemClock.now().utc()).unwrap();
    let validity = Validity::days(SystemClock.now().utc(), 30);
    for bad in [
        String::new(),
        "hello".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        foreign.revocation_list(&[], 9, validity).unwrap(),
        list(&site, &[], 3_600, 3, 30 * 86_400),
    ] {
        put(&list_path(&site), &bad);
        let (status, body) = until_ready_says(&site, "warning tls").await;
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("ca.crl"), "{body}");
        assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401, "the earlier list stays in force: {bad}");
        put(&list_path(&site), &whole);
        let start = Instant::now();
        while site.operations("/readyz").await.1.contains("warning tls") {
            assert!(start.elapsed() < BITES_WITHIN, "the alarm ends with its cause");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // A newer list without it: the authority took the revocation back.
    tokio::time::sleep(Duration::from_secs(1)).await;
    write_list(&site, &[], 4, 30 * 86_400);
    until(&mut raw, 200).await;
}

async fn an_overdue_list_lets_nobody_in(backend: Backend) {
    let site = site_with_list(backend, 3_600);
    let mut raw = Raw::member(&site, "bank-01").await;
    until(&mut raw, 200).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    write_list(&site, &[], 2, 12);
    let written = Instant::now();
    let start_of = |seconds| written + Duration::from_secs(seconds);
    tokio::time::sleep_until(start_of(10).into()).await;
    let (status, body) = until_ready_says(&site, "revocation-list").await;
    assert_eq!(status, 200, "said before it happens: {body}");
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200, "and until then nothing changes");

    tokio::time::sleep_until(start_of(13).into()).await;
    assert!(!is_let_in(&site, "bank-02").await, "a handshake is refused");
    assert_eq!(raw.get("/v1/keys").await.unwrap().problem(), (503, "busy".into()), "and so is a request");
    let (status, body) = site.operations("/readyz").await;
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("revocation list"), "{body}");

    write_list(&site, &[], 3, 3_600);
    until(&mut raw, 200).await;
    assert!(is_let_in(&site, "bank-02").await);
}

fn client_of(ca: &DevelopmentAuthority) -> Issued {
    let request = CertificateRequest {
        common_name: "bank-01".into(),
        label: Some("系统二".into()),
        subject_alt_names: vec![],
        usage: Usage::Client,
        validity: Validity::days(SystemClock.now().utc(), 30),
    };
    ca.issue(&request).unwrap()
}

async fn an_authority_comes_and_goes(backend: Backend) {
    let site = Site::start(backend);
    let other = DevelopmentAuthority::create(SystemClock.now().utc()).unwrap();
    let issued = client_of(&other);
    let certificate = MemberCertificate::parse_pem(&issued.certificate_pem).unwrap();
    let pinned = pin(&certificate, &"bank-01".parse().unwrap(), "系统二").unwrap();
    apply(site.exchange(), vec![Change::AddCertificate(pinned)], "test".into()).unwrap();
    assert!(get_with(&site, &issued, "/v1/keys").await.is_none(), "not of an authority of ours");

    let ca = site.dir().join("certs/ca.pem");
    let own = std::fs::read_to_string(&ca).unwrap();
    // Clients of this test read the first certificate of the file: the gateway's authority stays first.
    put(&ca, &format!("{own}{}", other.certificate_pem()));
    let start = Instant::now();
    while get_with(&site, &issued, "/v1/keys").await.is_none_or(|answer| answer.status != 200) {
        assert!(start.elapsed() < BITES_WITHIN, "the second authority is accepted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let config = client_config(&site, Some((&issued.certificate_pem, &issued.key_pem)));
    let mut raw = Raw::connect(&site, config).await.unwrap();
    until(&mut raw, 200).await;
    let mut bystander = Raw::member(&site, "bank-01").await;
    assert_eq!(bystander.get("/v1/keys").await.unwrap().status, 200);
    put(&ca, &own);
    until(&mut raw, 401).await;
    assert_eq!(bystander.get("/v1/keys").await.unwrap().status, 200);
}

/// Asks for the keys again and again until told to stop: on one connection, or with a handshake each time.
async fn load(
    url: String,
    client: impl Fn() -> reqwest::Client,
    keep: bool,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
) -> usize {
    let mut current = client();
    let mut answered = 0;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        if !keep {
            current = client();
        }
        let response = current.get(&url).send().await.unwrap_or_else(|why| panic!("{answered}: {why:?}"));
        assert_eq!(response.status(), 200, "request {answered}");
        answered += 1;
    }
    answered
}

async fn a_rotation_under_load_fails_no_request(backend: Backend) {
    let site = Site::start(backend);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let certs = site.dir().join("certs");
    let url = format!("{}/v1/keys", site.url());
    let mut tasks = Vec::new();
    for n in 0..4 {
        // The client takes up its own new certificate as soon as it finds one.
        let (certs, ca) = (certs.clone(), std::fs::read(certs.join("ca.pem")).unwrap());
        let client = move || {
            let read = |name: &str| std::fs::read(certs.join(name));
            let own = match (read("bank-01-next.pem"), read("bank-01-next.key")) {
                (Ok(certificate), Ok(key)) => [certificate, key].concat(),
                _not_yet => [read("bank-01.pem").unwrap(), read("bank-01.key").unwrap()].concat(),
            };
            drop(rustls::crypto::ring::default_provider().install_default());
            reqwest::Client::builder()
                .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
                .no_proxy()
                .identity(reqwest::Identity::from_pem(&own).unwrap())
                .build()
                .unwrap()
        };
        tasks.push(tokio::spawn(load(url.clone(), client, n % 2 == 0, stop.clone())));
    }
    // The gateway's own certificate, three times; certificate and key are two files.
    let serial = |site: &Site| {
        let config = client_config(site, None);
        let gateway = site.running().gateway;
        async move {
            let tcp = tokio::net::TcpStream::connect(gateway).await.unwrap();
            let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
            let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
            let stream = connector.connect(name, tcp).await.unwrap();
            let chain = stream.get_ref().1.peer_certificates().unwrap();
            issuer_and_serial(&chain[0]).unwrap().1
        }
    };
    for _round in 0..3 {
        let now = SystemClock.now().utc();
        let next = authority(&site).issue_server("gateway", &["localhost", "127.0.0.1"], now).unwrap();
        put(&certs.join("gateway.pem"), &next.certificate_pem);
        tokio::time::sleep(Duration::from_millis(700)).await;
        put(&certs.join("gateway.key"), &next.key_pem);
        let wanted = issuer_and_serial(&next.certificate_der).unwrap().1;
        let start = Instant::now();
        while serial(&site).await != wanted {
            assert!(start.elapsed() < BITES_WITHIN, "the new certificate is shown");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // The bank's: the new beside the old, and the old withdrawn once the clients have changed over.
    let next = authority(&site).issue_client("bank-01", "system", SystemClock.now().utc()).unwrap();
    let body = serde_json::json!({"certificate": next.certificate_pem, "overlap_days": 1});
    let (status, answer) =
        site.json("bank-01", reqwest::Method::POST, "/v1/me/certificates", Some(body)).await;
    assert_eq!(status, 201, "{answer}");
    put(&certs.join("bank-01-next.key"), &next.key_pem);
    put(&certs.join("bank-01-next.pem"), &next.certificate_pem);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut answered = 0;
    for task in tasks {
        answered += task.await.expect("no request fails");
    }
    assert!(answered > 100, "there was load: {answered}");
    site.clock.advance_seconds(86_400 + 5);
    assert!(!is_let_in(&site, "bank-01").await, "the old one ends with the overlap");
    assert_eq!(get_with(&site, &next, "/v1/keys").await.unwrap().status, 200);
}
