//! Members come, pause, rotate their certificates and leave: by the bureau, by themselves, on the host, by two persons.

use std::process::{Command, Output};

use reqwest::Method;
use serde_json::{Value, json};
use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::domain::member::{MemberStatus, Role};
use shuidaiyi::seal::authority::{DevelopmentAuthority, Issued};
use shuidaiyi::seal::certificate::MemberCertificate;
use shuidaiyi::service::admin::{Actor, Change, apply};
use shuidaiyi::service::enrolment::pin;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::holds::{self, NewHold};
use shuidaiyi::service::members::overview;
use shuidaiyi::store::members::{Certificate, Member};

use crate::member_keys::TestKey;
use crate::support::oracle::kinds;
use crate::support::raw::{Raw, authority, get_with};
use crate::support::{Backend, Site, both_backends};

both_backends!(
    the_bureau_pauses_and_ends_a_membership,
    certificates_are_registered_or_issued_and_replaced,
    a_bank_replaces_its_own_certificate,
    two_persons_are_needed_where_the_rule_is_on,
    holds_wait_for_a_second_person_too,
    keys_wait_for_a_second_person_too,
    the_host_enrols_rotates_and_proposes,
    what_ends_is_told_before,
    no_member_takes_a_name_that_entries_use,
);

async fn post(site: &Site, member: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = site.json(member, Method::POST, path, Some(body)).await;
    (status.as_u16(), answer)
}

async fn member(site: &Site, id: &str) -> Value {
    let (status, page) = site.json("regulator", Method::GET, "/v1/members", None).await;
    assert_eq!(status, 200, "{page}");
    let items = page["items"].as_array().unwrap();
    items.iter().find(|item| item["id"] == id).cloned().unwrap_or(Value::Null)
}

/// A signing request, and the key that it is for in PEM.
fn request() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(vec![]).unwrap().serialize_request(&key).unwrap();
    (request.pem().unwrap(), key.serialize_pem())
}

fn fingerprint(pem: &str) -> String {
    MemberCertificate::parse_pem(pem).unwrap().fingerprint
}

/// A certificate as `raw` clients take it.
fn held(pem: &Value, key_pem: &str) -> Issued {
    let certificate_pem = pem.as_str().unwrap().to_owned();
    Issued { certificate_pem, certificate_der: vec![], key_pem: key_pem.to_owned(), key_der: vec![] }
}

/// What a client with this certificate gets for the keys; 0 if the handshake is refused.
async fn status_with(site: &Site, held: &Issued) -> u16 {
    get_with(site, held, "/v1/keys").await.map_or(0, |answer| answer.status)
}

async fn the_bureau_pauses_and_ends_a_membership(backend: Backend) {
    let site = Site::start(backend);
    let mut raw = Raw::member(&site, "bank-01").await;
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200);
    let (status, answer) = post(&site, "bureau", "/v1/members/bank-01/suspension", json!({})).await;
    assert_eq!((status, &answer["member"]["status"]), (200, &json!("suspended")), "{answer}");
    assert!(answer["receipt"]["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1"));
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401, "at once in this process");
    assert_eq!(post(&site, "bureau", "/v1/members/bank-01/suspension", json!({})).await.0, 409);
    assert_eq!(post(&site, "bureau", "/v1/members/bank-01/resumption", json!({})).await.0, 200);
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200);

    assert_eq!(member(&site, "bank-01").await["status"], "active");
    let (status, answer) = post(&site, "bureau", "/v1/members/bank-01/withdrawal", json!({})).await;
    assert_eq!((status, &answer["member"]["status"]), (200, &json!("withdrawn")), "{answer}");
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401);
    for path in ["resumption", "suspension", "withdrawal"] {
        let (status, answer) = post(&site, "bureau", &format!("/v1/members/bank-01/{path}"), json!({})).await;
        assert_eq!(status, 409, "it is final: {path} {answer}");
    }
    let (csr, _) = request();
    let (status, _) =
        post(&site, "bureau", "/v1/members/bank-01/certificates", json!({"csr": csr, "label": "x"})).await;
    assert_eq!(status, 409, "nor does it get another certificate");

    for path in ["suspension", "withdrawal"] {
        let (status, answer) = post(&site, "bureau", &format!("/v1/members/bureau/{path}"), json!({})).await;
        assert_eq!(status, 409, "nobody locks itself out: {answer}");
    }
    assert_eq!(post(&site, "bureau", "/v1/members/bank-99/suspension", json!({})).await.0, 404);
    assert_eq!(post(&site, "bureau", "/v1/members/bank-02/suspension", json!({"x": 1})).await.0, 422);
    let (status, page) = site.json("bureau", Method::GET, "/v1/members?limit=2", None).await;
    assert_eq!((status.as_u16(), page["items"].as_array().unwrap().len()), (200, 2));
    let next = page["next"].as_str().unwrap();
    let (_, page) =
        site.json("bureau", Method::GET, &format!("/v1/members?limit=2&after={next}"), None).await;
    assert_eq!(page["items"][0]["id"], "bank-03");
    assert_eq!(kinds(&site.entries())["member.changed"], 15 + 3, "each change is one entry, a refusal none");
}

async fn certificates_are_registered_or_issued_and_replaced(backend: Backend) {
    let site = Site::start(backend);
    let path = "/v1/members/bank-01/certificates";
    let (csr, key) = request();
    let old = member(&site, "bank-01").await["certificates"][0]["fingerprint"].clone();
    let asked = json!({"csr": csr, "label": "李", "replaces": old, "overlap_days": 10});
    let (status, answer) = post(&site, "bureau", path, asked).await;
    assert_eq!(status, 201, "{answer}");
    let new = held(&answer["certificate"], &key);
    assert_eq!(status_with(&site, &new).await, 200);
    let views = member(&site, "bank-01").await["certificates"].clone();
    assert_eq!(views.as_array().unwrap().len(), 2);
    let of = |label: &str| views.as_array().unwrap().iter().find(|c| c["label"] == label).unwrap().clone();
    assert_eq!(of("李")["state"], "in_use");
    assert_eq!((of("system")["state"].as_str(), &of("system")["days_left"]), (Some("expiring"), &json!(9)));

    let mut raw = Raw::member(&site, "bank-01").await;
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200, "the old one is good beside it");
    site.clock.advance_seconds(10 * 86_400 + 1);
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401, "until the overlap ends");
    assert_eq!(status_with(&site, &new).await, 200);

    let now = SystemClock.now().utc();
    let foreign = DevelopmentAuthority::create(now).unwrap().issue_client("bank-01", "x", now).unwrap();
    let signing = authority(&site).issue_signing("bank-01", now).unwrap();
    let good = authority(&site).issue_client("bank-01", "x", now).unwrap();
    for (what, body) in [
        ("of a foreign authority", json!({"certificate": foreign.certificate_pem, "label": "x"})),
        ("without clientAuth", json!({"certificate": signing.certificate_pem, "label": "x"})),
        ("no certificate", json!({"certificate": "hello", "label": "x"})),
        ("neither", json!({"label": "x"})),
        ("both", json!({"label": "x", "csr": csr, "certificate": good.certificate_pem})),
        ("a broken request", json!({"label": "x", "csr": csr.replacen("MI", "MJ", 1)})),
        ("no label", json!({"label": "", "certificate": good.certificate_pem})),
        (
            "too long an overlap",
            json!({"label": "x", "certificate": good.certificate_pem, "replaces": old, "overlap_days": 91}),
        ),
    ] {
        let (status, answer) = post(&site, "bureau", path, body).await;
        assert_eq!(status, 422, "{what}: {answer}");
    }
    let body = json!({"certificate": good.certificate_pem, "label": "x"});
    assert_eq!(post(&site, "bureau", path, body.clone()).await.0, 201);
    assert_eq!(post(&site, "bureau", path, body).await.0, 409, "registered already");
    let print = fingerprint(&good.certificate_pem);
    assert_eq!(post(&site, "bureau", &format!("{path}/{print}/withdrawal"), json!({})).await.0, 200);
    assert_eq!(status_with(&site, &good).await, 401);
    assert_eq!(post(&site, "bureau", &format!("{path}/{print}/withdrawal"), json!({})).await.0, 409);
    let elsewhere = format!("/v1/members/bank-02/certificates/{print}/withdrawal");
    assert_eq!(post(&site, "bureau", &elsewhere, json!({})).await.0, 404);

    // Without an authority of its own the exchange issues nothing, and registers what the outside authority issued.
    std::fs::remove_file(site.dir().join("keys/development-ca.key")).unwrap();
    let (csr, _) = request();
    let (status, answer) = post(&site, "bureau", path, json!({"csr": csr, "label": "x"})).await;
    assert_eq!(status, 409, "{answer}");
}

async fn a_bank_replaces_its_own_certificate(backend: Backend) {
    let site = Site::start(backend);
    let own_key = std::fs::read_to_string(site.dir().join("certs/bank-01.key")).unwrap();
    let own_key = rcgen::KeyPair::from_pem(&own_key).unwrap();
    let same = rcgen::CertificateParams::new(vec![]).unwrap().serialize_request(&own_key).unwrap();
    let (status, answer) =
        post(&site, "bank-01", "/v1/me/certificates", json!({"csr": same.pem().unwrap()})).await;
    assert_eq!(status, 422, "another key is demanded: {answer}");

    let (csr, key) = request();
    let (status, answer) = post(&site, "bank-01", "/v1/me/certificates", json!({"csr": csr})).await;
    assert_eq!(status, 201, "{answer}");
    let new = held(&answer["certificate"], &key);
    let label = |c: &Value| c["label"].clone();
    let certificates = answer["member"]["certificates"].as_array().unwrap().clone();
    assert!(certificates.iter().all(|c| label(c) == "system"), "the label is kept: {certificates:?}");
    let mut raw = Raw::member(&site, "bank-01").await;
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200);
    assert_eq!(status_with(&site, &new).await, 200);
    site.clock.advance_seconds(14 * 86_400 + 1);
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401, "fourteen days, unless said otherwise");
    assert_eq!(status_with(&site, &new).await, 200);
    let (status, answer) =
        post(&site, "bank-02", "/v1/me/certificates", json!({"csr": csr, "label": "x"})).await;
    assert_eq!(status, 422, "no label of one's own choice: {answer}");
}

/// A second person of the bureau, as files `bureau-2.pem` and `.key`.
fn second_person(site: &Site) {
    let issued = authority(site).issue_client("bureau", "李", SystemClock.now().utc()).unwrap();
    let certs = site.dir().join("certs");
    std::fs::write(certs.join("bureau-2.pem"), &issued.certificate_pem).unwrap();
    std::fs::write(certs.join("bureau-2.key"), &issued.key_pem).unwrap();
    let certificate = MemberCertificate::parse_pem(&issued.certificate_pem).unwrap();
    let pinned = pin(&certificate, &"bureau".parse().unwrap(), "李").unwrap();
    apply(site.exchange(), vec![Change::AddCertificate(pinned)], "test".into()).unwrap();
}

async fn two_persons_are_needed_where_the_rule_is_on(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000);
    site.config.administration.two_persons = true;
    site.restart();
    second_person(&site);
    let mut raw = Raw::member(&site, "bank-01").await;
    let (status, answer) = post(&site, "bureau", "/v1/members/bank-01/suspension", json!({})).await;
    assert_eq!((status, &answer["member"]["status"]), (202, &json!("active")), "{answer}");
    assert_eq!(answer.get("receipt"), None);
    let id = answer["proposal"]["id"].as_str().unwrap().to_owned();
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 200, "nothing has changed yet");
    let approval = format!("/v1/proposals/{id}/approval");
    let (status, answer) = post(&site, "bureau", &approval, json!({})).await;
    assert_eq!(status, 409, "not by the same person: {answer}");
    let (status, answer) = post(&site, "bureau-2", &approval, json!({})).await;
    assert_eq!((status, &answer["status"]), (200, &json!("approved")), "{answer}");
    assert_eq!((&answer["decided_label"], &answer["proposed_label"]), (&json!("李"), &json!("system")));
    assert_eq!(raw.get("/v1/keys").await.unwrap().status, 401);
    assert_eq!(post(&site, "bureau-2", &approval, json!({})).await.0, 409, "once");
    let unknown = "/v1/proposals/00000000-0000-7000-8000-000000000000/approval";
    assert_eq!(post(&site, "bureau", unknown, json!({})).await.0, 404);

    // What the state no longer allows is refused at the approval too, and stays open.
    let propose = async |path: &str| {
        let (status, answer) = post(&site, "bureau", &format!("/v1/members/{path}"), json!({})).await;
        assert_eq!(status, 202, "{answer}");
        answer["proposal"]["id"].as_str().unwrap().to_owned()
    };
    let resumption = propose("bank-01/resumption").await;
    let twin = propose("bank-01/resumption").await;
    assert_eq!(
        post(&site, "bureau-2", &format!("/v1/proposals/{resumption}/approval"), json!({})).await.0,
        200
    );
    assert_eq!(post(&site, "bureau-2", &format!("/v1/proposals/{twin}/approval"), json!({})).await.0, 409);
    // Its proposer may take it back.
    let (status, answer) = post(&site, "bureau", &format!("/v1/proposals/{twin}/rejection"), json!({})).await;
    assert_eq!((status, &answer["status"]), (200, &json!("rejected")), "{answer}");
    // A bank's own rotation waits for the bureau.
    let (csr, key) = request();
    let (status, answer) = post(&site, "bank-01", "/v1/me/certificates", json!({"csr": csr})).await;
    assert_eq!(status, 202, "{answer}");
    let new = held(&answer["certificate"], &key);
    assert_eq!(status_with(&site, &new).await, 401, "issued, but not registered");
    let id = answer["proposal"]["id"].as_str().unwrap();
    assert_eq!(post(&site, "bureau", &format!("/v1/proposals/{id}/approval"), json!({})).await.0, 200);
    assert_eq!(status_with(&site, &new).await, 200);
    let late = propose("bank-02/withdrawal").await;
    site.clock.advance_seconds(7 * 86_400 + 1);
    assert_eq!(post(&site, "bureau-2", &format!("/v1/proposals/{late}/approval"), json!({})).await.0, 409);
    let (_, page) = site.json("bureau", Method::GET, "/v1/proposals", None).await;
    let statuses: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|p| p["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["approved", "approved", "rejected", "approved", "lapsed"]);
    assert_eq!(page["items"][0]["changes"][0]["change"], "suspended");

    let kinds = kinds(&site.entries());
    let counts = ["change.proposed", "change.approved", "change.rejected"].map(|kind| kinds[kind]);
    assert_eq!(counts, [5, 3, 1]);
    assert_eq!(kinds["member.changed"], 15 + 1 + 2 + 2, "a rotation is two changes");
}

async fn holds_wait_for_a_second_person_too(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000);
    site.config.administration.two_persons = true;
    site.restart();
    second_person(&site);
    let firms = site.load_city(2);
    let taxpayer = firms[0].taxpayer_id.as_str();
    site.product("bank-01").await;
    let consent = site.consent("bank-01", taxpayer, |_| {}).await["id"].as_str().unwrap().to_owned();
    let wrong = json!({"member": "bank-99", "reason": "核实"});
    assert_eq!(post(&site, "bureau", "/v1/holds", wrong).await.0, 422, "judged when it is proposed");
    let hold = json!({"taxpayer": taxpayer, "reason": "核实"});
    let (status, answer) = post(&site, "bureau", "/v1/holds", hold).await;
    assert_eq!((status, &answer["proposal"]["target"]), (202, &json!("hold")), "{answer}");
    let id = answer["proposal"]["id"].as_str().unwrap().to_owned();
    assert_eq!(site.pull("bank-01", &consent).await.0, 201, "nothing is held yet");
    let approval = format!("/v1/proposals/{id}/approval");
    assert_eq!(post(&site, "bureau", &approval, json!({})).await.0, 409);
    assert_eq!(post(&site, "bureau-2", &approval, json!({})).await.0, 200);
    assert_eq!(site.pull("bank-01", &consent).await.0, 403, "the hold has the proposal's id");

    let lifting = format!("/v1/holds/{id}/lifting");
    let (status, answer) = post(&site, "bureau-2", &lifting, json!({})).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(site.pull("bank-01", &consent).await.0, 403);
    let lift = answer["proposal"]["id"].as_str().unwrap();
    assert_eq!(post(&site, "bureau", &format!("/v1/proposals/{lift}/approval"), json!({})).await.0, 200);
    assert_eq!(site.pull("bank-01", &consent).await.0, 201);
    assert_eq!(post(&site, "bureau", &lifting, json!({})).await.0, 409, "lifted already");
    // Whoever calls the service itself cannot go around the rule.
    let new = NewHold { taxpayer: Some(taxpayer.to_owned()), reason: "x".into(), ..NewHold::default() };
    assert!(holds::place(site.exchange(), &Actor::operator("test"), new, None).await.is_err());
    let kinds = kinds(&site.entries());
    assert_eq!(
        ["change.proposed", "change.approved", "hold.placed", "hold.lifted"].map(|k| kinds[k]),
        [2, 2, 1, 1]
    );
}

async fn keys_wait_for_a_second_person_too(backend: Backend) {
    let mut site = Site::prepare(backend, 1_000);
    let config = site.dir().join("shuidaiyi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("two_persons = false", "two_persons = true")).unwrap();
    site.config.administration.two_persons = true;
    site.restart();
    // A bank's own key: its possession is proven at once, and it counts once the bureau approves.
    let key = TestKey::new(7);
    let (status, answer) = key.register(&site, "bank-01", "enc").await;
    assert_eq!((status.as_u16(), &answer["proposal"]["target"]), (202, &json!("key")), "{answer}");
    let known = async || site.json("bank-01", Method::GET, "/v1/me/keys", None).await.1["items"].clone();
    assert_eq!(known().await, json!([]));
    let id = answer["proposal"]["id"].as_str().unwrap();
    assert_eq!(post(&site, "bureau", &format!("/v1/proposals/{id}/approval"), json!({})).await.0, 200);
    assert_eq!(known().await[0]["kid"], key.jwk.thumbprint());

    // The exchange's: proposed on the host, approved by the bureau, done on the host, once, and as approved.
    let proposed = |output: &Output| {
        let told = done(output);
        told.lines().next().unwrap().split_whitespace().last().unwrap().to_owned()
    };
    let salt = proposed(&command(&site, &["key", "rotate", "salt"]));
    let use_it =
        |id: &str, which: &str| command(&site, &["key", "rotate", "--proposal", id, which]).status.code();
    assert_eq!(use_it(&salt, "salt"), Some(1), "not before it is approved");
    assert_eq!(post(&site, "bureau", &format!("/v1/proposals/{salt}/approval"), json!({})).await.0, 200);
    assert_eq!(use_it(&salt, "ledger"), Some(1), "not for another key");
    assert_eq!(use_it(&salt, "salt"), Some(0));
    assert_eq!(use_it(&salt, "salt"), Some(1), "once");
    let (_, page) = site.json("bureau", Method::GET, "/v1/proposals", None).await;
    assert_eq!(page["items"][1]["status"], "done");
    let kinds = kinds(&site.entries());
    assert_eq!(["change.proposed", "change.approved", "key.changed"].map(|kind| kinds[kind]), [2, 2, 3]);
}

fn command(site: &Site, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"));
    command.env_remove("SHUIDAIYI_DATABASE_URL").env_remove("SUDO_USER").env_remove("SUDO_UID");
    command.args(arguments).arg("--config").arg(site.dir().join("shuidaiyi.toml")).output().unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn the_host_enrols_rotates_and_proposes(backend: Backend) {
    let site = Site::start(backend);
    let path = |name: &str| site.dir().join(name).to_string_lossy().into_owned();
    let (csr, key) = request();
    std::fs::write(path("li.csr"), csr).unwrap();
    let (csr_path, out) = (path("li.csr"), path("li.pem"));
    done(&command(
        &site,
        &["member", "enrol", "bank-01", "--csr", &csr_path, "--out", &out, "--label", "李"],
    ));
    let li = held(&json!(std::fs::read_to_string(&out).unwrap()), &key);
    site.exchange().directory.refresh().unwrap();
    assert_eq!(status_with(&site, &li).await, 200);

    let next = authority(&site).issue_client("bank-01", "李", SystemClock.now().utc()).unwrap();
    std::fs::write(path("li-2.pem"), &next.certificate_pem).unwrap();
    let (new, old) = (path("li-2.pem"), fingerprint(&li.certificate_pem));
    let rotate =
        ["member", "rotate", "bank-01", &new, "--replaces", &old, "--overlap-days", "0", "--label", "李"];
    done(&command(&site, &rotate));
    site.exchange().directory.refresh().unwrap();
    assert_eq!((status_with(&site, &li).await, status_with(&site, &next).await), (401, 200));

    let foreign = DevelopmentAuthority::create(SystemClock.now().utc()).unwrap();
    let foreign = foreign.issue_client("bank-13", "x", SystemClock.now().utc()).unwrap();
    std::fs::write(path("foreign.pem"), &foreign.certificate_pem).unwrap();
    let output = command(&site, &["member", "certificate", "bank-01", &path("foreign.pem")]);
    assert_eq!(output.status.code(), Some(1), "rests on no authority of ours");
    assert_eq!(command(&site, &["member", "leave", "bank-12"]).status.code(), Some(2), "only with --yes");
    done(&command(&site, &["member", "leave", "bank-12", "--yes"]));
    done(&command(&site, &["member", "crl", &new, "--out", &path("certs/ca.crl")]));
    let listed = done(&command(&site, &["member", "list", "--json"]));
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    site.exchange().directory.refresh().unwrap();
    let seen = serde_json::to_value(overview(site.exchange())).unwrap();
    assert_eq!(
        json!(listed.iter().map(|m| &m["status"]).collect::<Vec<_>>()),
        json!(seen.as_array().unwrap().iter().map(|m| &m["status"]).collect::<Vec<_>>())
    );

    // With the rule on, the same user of the host cannot approve; a person of the bureau can.
    let config = site.dir().join("shuidaiyi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("two_persons = false", "two_persons = true")).unwrap();
    let told = done(&command(&site, &["member", "suspend", "bank-02"]));
    let id = told.split_whitespace().last().unwrap().to_owned();
    assert!(done(&command(&site, &["proposal", "list"])).contains("suspended bank-02"));
    let output = command(&site, &["proposal", "approve", &id]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let (status, answer) = post(&site, "bureau", &format!("/v1/proposals/{id}/approval"), json!({})).await;
    assert_eq!((status, &answer["proposed_by"]), (200, &json!("operator")), "{answer}");
    assert_eq!(member(&site, "bank-02").await["status"], "suspended");
    let told = done(&command(&site, &["member", "resume", "bank-02"]));
    done(&command(&site, &["proposal", "reject", told.split_whitespace().last().unwrap()]));
    assert_eq!(done(&command(&site, &["proposal", "list"])), "");
}

async fn what_ends_is_told_before(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    assert_eq!(site.pull("bank-01", consent["id"].as_str().unwrap()).await.0, 201);
    assert_eq!(site.pull("bank-02", consent["id"].as_str().unwrap()).await.0, 403);
    let client = site.client("bank-01");
    for method in ["GET", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client.request(method, format!("{}/v1/nowhere", site.url())).send().await.unwrap();
    }
    let (status, text) = site.operations("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"shuidaiyi_pulls_total{outcome="granted"} 1"#,
        r#"shuidaiyi_pulls_total{outcome="consent-not-in-force"} 1"#,
        r#"shuidaiyi_requests_total{method="POST",route="/v1/dossiers",status="2xx"} 1"#,
        r#"shuidaiyi_requests_total{method="none",route="none",status="4xx"} 2"#,
        "shuidaiyi_ledger_entries_not_anchored_here 0",
        "shuidaiyi_pulls_waiting 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    let expiry = |text: &str, name: &str| -> i64 {
        let line = text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}\n{text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let left = expiry(&text, r#"{kind="member-certificate",name="bank-03/system"}"#);
    assert!((396 * 86_400..=397 * 86_400).contains(&left), "{left}");
    for kind in ["gateway-certificate", "dossier-key"] {
        assert!(expiry(&text, kind) > 396 * 86_400);
    }
    for secret in [firms[0].taxpayer_id.as_str(), firms[0].name.as_str(), consent["id"].as_str().unwrap()] {
        assert!(!text.contains(secret), "no taxpayer in a label: {secret}");
    }
    assert!(!site.operations("/readyz").await.1.contains("warning"));

    site.clock.advance_seconds((397 - 20) * 86_400);
    let (status, text) = site.operations("/readyz").await;
    assert_eq!(status, 200, "warnings do not make it unready");
    assert!(text.starts_with("ready\nledger_size "), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("warning 30d ")).count(), 15 + 2, "{text}");
    // Replaced, so no longer warned of.
    let now = site.clock.now().utc();
    let next = authority(&site).issue_client("bank-03", "system", now).unwrap();
    let certificate = MemberCertificate::parse_pem(&next.certificate_pem).unwrap();
    let pinned = pin(&certificate, &"bank-03".parse().unwrap(), "system").unwrap();
    apply(site.exchange(), vec![Change::AddCertificate(pinned)], "test".into()).unwrap();
    let (_, text) = site.operations("/readyz").await;
    assert!(!text.contains("bank-03") && text.contains("bank-04/system"), "{text}");
    site.clock.advance_seconds(21 * 86_400);
    let (_, text) = site.operations("/readyz").await;
    assert!(text.contains("warning expired gateway-certificate gateway"), "{text}");
    assert!(expiry(&site.operations("/metrics").await.1, "bank-04/system") < 0);
}

/// Entries name the operator and the firms so: a member of that name could pass for them.
async fn no_member_takes_a_name_that_entries_use(backend: Backend) {
    let site = Site::start(backend);
    for name in ["operator", "taxpayer"] {
        let member = Member {
            id: name.parse().unwrap(),
            role: Role::Bank,
            name: "某银行".into(),
            status: MemberStatus::Active,
            quota_per_day: 1,
        };
        let certificate = Certificate {
            fingerprint: "ab".repeat(32),
            member: member.id.clone(),
            label: "x".into(),
            not_before: site.exchange().clock.now(),
            not_after: site.exchange().clock.now().plus_micros(1_000_000),
            withdrawn_at: None,
        };
        let refused = apply(site.exchange(), vec![Change::Add(member, certificate)], "test".into());
        assert!(matches!(&refused, Err(ServiceError::Conflict(why)) if why.contains(name)), "{refused:?}");
    }
}
