//! Who gets in: the certificates that do not, and how soon a change bites.

use std::process::Command;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use shuidaiyi::clock::Clock;
use shuidaiyi::seal::authority::{CertificateRequest, DevelopmentAuthority, Issued, Usage, Validity};
use shuidaiyi::seal::certificate::MemberCertificate;
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::store::members::{self, Certificate};

use crate::support::raw::{Answer, Raw, authority, client_config, client_config_of, get_with};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    certificates_outside_the_profile_are_refused,
    a_change_bites_on_an_open_connection,
    the_command_line_bites_while_the_gateway_runs,
    a_certificate_ends_on_an_open_connection,
    connections_over_the_limit_get_a_named_answer,
);

const BITES_WITHIN: Duration = Duration::from_secs(2);

fn client_request(site: &Site) -> CertificateRequest {
    CertificateRequest {
        common_name: "bank-01".into(),
        label: Some("system".into()),
        subject_alt_names: vec![],
        usage: Usage::Client,
        validity: Validity::days(site.clock.now().utc(), 30),
    }
}

/// Registers a certificate without the checks of the command line, as a database edited by hand would have it.
fn register(site: &Site, issued: &Issued) {
    let certificate = MemberCertificate::parse_pem(&issued.certificate_pem).unwrap();
    let instant = |micros| shuidaiyi::domain::timestamp::Timestamp::from_micros(micros).unwrap();
    let pinned = Certificate {
        fingerprint: certificate.fingerprint,
        member: "bank-01".parse().unwrap(),
        label: "system".into(),
        not_before: instant(certificate.not_before_micros),
        not_after: instant(certificate.not_after_micros),
        withdrawn_at: None,
    };
    site.exchange().ledger.write(|c| members::insert_certificate(c, &pinned)).unwrap();
    site.exchange().directory.refresh().unwrap();
}

fn is_unauthenticated(answer: &Answer) -> bool {
    answer.problem() == (401, "unauthenticated".into())
}

async fn certificates_outside_the_profile_are_refused(backend: Backend) {
    let site = Site::start(backend);
    let now = site.clock.now().utc();
    let ours = authority(&site);
    let request = client_request(&site);
    let good = ours.issue(&request).unwrap();
    assert!(is_unauthenticated(&get_with(&site, &good, "/v1/keys").await.unwrap()), "a new key of a member");
    register(&site, &good);
    assert_eq!(get_with(&site, &good, "/v1/keys").await.unwrap().status, 200, "the same, registered");

    let renewed = ours.issue_for_key(&request, &good.key_pem).unwrap();
    let answer = get_with(&site, &renewed, "/v1/keys").await.unwrap();
    assert!(is_unauthenticated(&answer), "a certificate is registered, not a key");

    let expired = Validity { from: now - TimeDelta::days(20), to: now - TimeDelta::seconds(5) };
    let expired = ours.issue(&CertificateRequest { validity: expired, ..request.clone() }).unwrap();
    let early = Validity::days(now + TimeDelta::days(1), 20);
    let early = ours.issue(&CertificateRequest { validity: early, ..request.clone() }).unwrap();
    let foreign = DevelopmentAuthority::create(now).unwrap().issue(&request).unwrap();
    for (issued, what) in [(&expired, "expired"), (&early, "not yet valid"), (&foreign, "another CA's")] {
        register(&site, issued);
        let answer = get_with(&site, issued, "/v1/keys").await;
        assert!(answer.is_none(), "the handshake is refused though registered: {what}: {answer:?}");
    }

    let no_usage = ours.issue(&CertificateRequest { usage: Usage::Signing, ..request.clone() }).unwrap();
    let server = ours.issue(&CertificateRequest { usage: Usage::Server, ..request.clone() }).unwrap();
    let long = Validity::days(now, 399);
    let long = ours.issue(&CertificateRequest { validity: long, ..request }).unwrap();
    for (issued, what) in [(&no_usage, "no EKU"), (&server, "serverAuth only"), (&long, "399 days")] {
        register(&site, issued);
        let answer = get_with(&site, issued, "/v1/keys").await;
        assert!(answer.as_ref().is_none_or(is_unauthenticated), "{what}: {answer:?}");
    }
}

#[test]
fn only_tls_1_3_and_nothing_is_resumed() {
    let test = |backend| async move {
        let site = Site::start(backend);
        let read = |name: &str| std::fs::read_to_string(site.dir().join("certs").join(name)).unwrap();
        let (certificate, key) = (read("bank-01.pem"), read("bank-01.key"));
        let old = client_config_of(&site, Some((&certificate, &key)), &[&rustls::version::TLS12]);
        assert!(Raw::connect(&site, old).await.is_err(), "TLS 1.2 is refused");
        // One configuration, so one cache of tickets; none ever comes.
        let mut config = client_config(&site, Some((&certificate, &key)));
        config.enable_early_data = true;
        for _again in 0..3 {
            let mut raw = Raw::connect(&site, config.clone()).await.unwrap();
            assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200);
            let (_, session) = raw.stream.get_ref();
            assert_eq!(session.handshake_kind(), Some(rustls::HandshakeKind::Full));
            assert_eq!(session.tls13_tickets_received(), 0);
            assert!(!session.is_early_data_accepted());
        }
    };
    crate::support::site::run(Backend::Sqlite, test);
}

/// Asks again and again on one connection until it is let in, or no longer; how long that took.
async fn until(raw: &mut Raw, status: u16) -> Duration {
    let start = Instant::now();
    loop {
        let answer = raw.get("/v1/keys").await.unwrap();
        if answer.status == status {
            return start.elapsed();
        }
        assert!(start.elapsed() < BITES_WITHIN, "still {} after {BITES_WITHIN:?}", answer.status);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_change_bites_on_an_open_connection(backend: Backend) {
    let site = Site::start(backend);
    let other = site.another();
    let mut raw = Raw::member(&site, "bank-01").await;
    let mut bystander = Raw::member(&site, "bank-02").await;
    until(&mut raw, 200).await;
    let bank = || "bank-01".parse().unwrap();
    let pem = std::fs::read_to_string(site.dir().join("certs/bank-01.pem")).unwrap();
    let fingerprint = MemberCertificate::parse_pem(&pem).unwrap().fingerprint;
    // In this process and in another one on the same database.
    for exchange in [site.exchange().clone(), other.exchange.clone()] {
        apply(&exchange, vec![Change::Suspend(bank())], "test".into()).unwrap();
        until(&mut raw, 401).await;
        apply(&exchange, vec![Change::Resume(bank())], "test".into()).unwrap();
        until(&mut raw, 200).await;
    }
    apply(site.exchange(), vec![Change::Withdraw(bank(), fingerprint)], "test".into()).unwrap();
    until(&mut raw, 401).await;
    assert_eq!(bystander.get("/v1/keys").await.unwrap().status, 200);
    let changes = crate::support::oracle::kinds(&site.entries())["member.changed"];
    assert_eq!(changes, 15 + 5, "each change is an entry, besides the 15 of `init`");
    other.stop();
}

async fn the_command_line_bites_while_the_gateway_runs(backend: Backend) {
    let site = Site::start(backend);
    let mut raw = Raw::member(&site, "bank-01").await;
    until(&mut raw, 200).await;
    let config = site.dir().join("shuidaiyi.toml");
    let pem = std::fs::read_to_string(site.dir().join("certs/bank-01.pem")).unwrap();
    let fingerprint = MemberCertificate::parse_pem(&pem).unwrap().fingerprint;
    let actions: [(&[&str], u16); 3] = [
        (&["suspend", "bank-01"], 401),
        (&["resume", "bank-01"], 200),
        (&["withdraw", "bank-01", &fingerprint], 401),
    ];
    for (action, status) in actions {
        let output = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
            .args(["member", action[0], "--config"])
            .arg(&config)
            .args(&action[1..])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        until(&mut raw, status).await;
    }
    let changes = crate::support::oracle::kinds(&site.entries())["member.changed"];
    assert_eq!(changes, 15 + 3);
}

async fn a_certificate_ends_on_an_open_connection(backend: Backend) {
    let site = Site::start(backend);
    let mut raw = Raw::member(&site, "bank-01").await;
    until(&mut raw, 200).await;
    site.clock.advance_seconds(397 * 86_400 - 60);
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200);
    site.clock.advance_seconds(62);
    assert!(is_unauthenticated(&raw.get("/v1/keys").await.unwrap()));
}

async fn connections_over_the_limit_get_a_named_answer(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000);
    site.config.gateway.connections_per_member = 2;
    site.restart();
    let mut first = Raw::member(&site, "bank-01").await;
    let mut second = Raw::member(&site, "bank-01").await;
    let mut third = Raw::member(&site, "bank-01").await;
    let mut other = Raw::member(&site, "bank-02").await;
    assert_eq!(first.get("/v1/keys").await.unwrap().status, 200);
    assert_eq!(second.get("/v1/keys").await.unwrap().status, 200);
    let answer = third.get("/v1/keys").await.unwrap();
    assert_eq!(answer.problem(), (503, "busy".into()));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(other.get("/v1/keys").await.unwrap().status, 200, "another member is not held up");
    assert_eq!(first.get("/v1/keys").await.unwrap().status, 200, "nor are those that were let in");
    drop(second);
    let start = Instant::now();
    while third.get("/v1/keys").await.unwrap().status != 200 {
        assert!(start.elapsed() < BITES_WITHIN, "a closed connection gives its place back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
