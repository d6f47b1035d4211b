//! Against `oidc-provider`: every algorithm and both ways of client authentication work; what must not work does not.

use std::sync::Arc;

use serde_json::json;
use shuidaiyi::domain::consent::Assurance;
use shuidaiyi::outbound::oidc::{Answer, Attempt, OidcError, Refusal, RelyingParty};
use shuidaiyi::seal::authority::DevelopmentAuthority;
use shuidaiyi::seal::keys::{generate_p256, write_pkcs8};

use super::browser::Browser;
use super::provider::{Provider, client, free_port};
use super::scene::{FIRM, PUBLIC_URL, SUBJECT, now, options};

struct Stage {
    provider: Provider,
    party: Arc<RelyingParty>,
    browser: Browser,
    _directory: tempfile::TempDir,
}

fn authority() -> DevelopmentAuthority {
    DevelopmentAuthority::create(now().utc()).unwrap()
}

fn stage(algorithm: &str) -> Option<Stage> {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let party =
        RelyingParty::new(&options(&format!("http://127.0.0.1:{port}"), directory.path()), PUBLIC_URL);
    let party = party.unwrap();
    let registered =
        client(json!({"jwks": {"keys": [party.public_key()]}, "id_token_signed_response_alg": algorithm}));
    let provider = Provider::start(port, &registered, json!({}))?;
    let browser = Browser::new(authority().certificate_pem().as_bytes());
    Some(Stage { provider, party, browser, _directory: directory })
}

impl Stage {
    /// Goes to the provider and back; gives the attempt and the query.
    async fn go(&mut self, step_up: bool) -> (Attempt, String) {
        let attempt = Attempt::new(step_up, now()).unwrap();
        let url = self.party.authorization_url(&attempt, now()).await.unwrap();
        let back = self.provider.sign_in(&mut self.browser, url, SUBJECT).await;
        assert_eq!(back.path(), "/sign-in/callback");
        (attempt, back.query().unwrap().to_owned())
    }
}

#[tokio::test]
async fn people_sign_in_and_step_up_whatever_the_provider_signs_with() {
    for algorithm in ["ES256", "RS256", "PS256"] {
        let Some(mut stage) = stage(algorithm) else { return };
        let (attempt, query) = stage.go(false).await;
        let answer = Answer::parse(&query).unwrap();
        assert_eq!(answer.state, attempt.state);
        let first = stage.party.redeem(&answer, &attempt, now()).await.unwrap();
        assert_eq!(first.person.subject, SUBJECT);
        assert_eq!(first.person.id_ref.as_deref(), Some("hmac-of-the-number"));
        assert_eq!(first.firms[0].taxpayer_id.as_str(), FIRM);
        assert_eq!(first.authentication.assurance, Assurance::Ordinary);

        // The provider remembers the person, and yet asks anew.
        let (attempt, query) = stage.go(true).await;
        let answer = Answer::parse(&query).unwrap();
        let again = stage.party.redeem(&answer, &attempt, now()).await.unwrap();
        assert_eq!(again.authentication.assurance, Assurance::Reliable, "{algorithm}");
        assert!(again.authentication.at >= first.authentication.at);
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_whoever_began() {
    let Some(mut stage) = stage("ES256") else { return };
    let (attempt, query) = stage.go(false).await;
    let answer = Answer::parse(&query).unwrap();
    stage.party.redeem(&answer, &attempt, now()).await.unwrap();
    let again = stage.party.redeem(&answer, &attempt, now()).await.unwrap_err();
    assert!(matches!(again, OidcError::Refused(Refusal::Code(_))), "{again}");

    // A code that was stolen on its way, put into another's answer.
    let (_, stolen) = stage.go(false).await;
    let mine = Attempt::new(false, now()).unwrap();
    let refused = stage.party.redeem(&Answer::parse(&stolen).unwrap(), &mine, now()).await.unwrap_err();
    assert!(matches!(refused, OidcError::Refused(Refusal::Code(_))), "{refused}");
}

#[tokio::test]
async fn the_answer_names_the_provider() {
    let Some(mut stage) = stage("ES256") else { return };
    let (attempt, query) = stage.go(false).await;
    let iss = query.split('&').find(|part| part.starts_with("iss=")).unwrap();
    let without = query.replace(&format!("&{iss}"), "");
    let elsewhere = query.replace(iss, "iss=https%3A%2F%2Fother.example");
    for changed in [without, elsewhere] {
        assert_ne!(changed, query);
        let refused = stage.party.redeem(&Answer::parse(&changed).unwrap(), &attempt, now()).await;
        assert!(matches!(refused.unwrap_err(), OidcError::Refused(Refusal::Issuer)), "{changed}");
    }
}

#[tokio::test]
async fn who_is_not_registered_so_is_not_served() {
    let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
    let options = options(&format!("http://127.0.0.1:{port}"), directory.path());
    let party = RelyingParty::new(&options, PUBLIC_URL).unwrap();
    let registered = client(json!({"jwks": {"keys": [party.public_key()]}}));
    let Some(provider) = Provider::start(port, &registered, json!({})) else { return };
    let mut browser = Browser::new(authority().certificate_pem().as_bytes());
    let attempt = Attempt::new(false, now()).unwrap();

    let elsewhere = RelyingParty::new(&options, "https://elsewhere.example").unwrap();
    let url = elsewhere.authorization_url(&attempt, now()).await.unwrap();
    let response = browser.open(&url).await;
    assert_eq!(response.status().as_u16(), 400, "a redirect that is not registered leads nowhere");
    assert!(response.headers().get("location").is_none());

    // Another key than the registered one.
    std::fs::remove_file(&options.client_key).unwrap();
    write_pkcs8(&options.client_key, &generate_p256().unwrap()).unwrap();
    let impostor = RelyingParty::new(&options, PUBLIC_URL).unwrap();
    let url = impostor.authorization_url(&attempt, now()).await.unwrap();
    let back = provider.sign_in(&mut browser, url, SUBJECT).await;
    let answer = Answer::parse(back.query().unwrap()).unwrap();
    let refused = impostor.redeem(&answer, &attempt, now()).await.unwrap_err();
    assert!(
        matches!(&refused, OidcError::Refused(Refusal::Code(code)) if code == "invalid_client"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_client_certificate_serves_as_well() {
    let (directory, port, authority) = (tempfile::tempdir().unwrap(), free_port(), authority());
    let place = |name: &str| directory.path().join(name);
    let server = authority.issue_server("127.0.0.1", &["127.0.0.1"], now().utc()).unwrap();
    let shown = authority.issue_client("shuidaiyi-portal", "portal", now().utc()).unwrap();
    std::fs::write(place("ca.pem"), authority.certificate_pem()).unwrap();
    std::fs::write(place("client.pem"), &shown.certificate_pem).unwrap();
    write_pkcs8(&place("client.key"), &shown.key_der).unwrap();
    let mut options = options(&format!("https://127.0.0.1:{port}"), directory.path());
    options.ca = Some(place("ca.pem"));
    options.client_certificate = Some(place("client.pem"));
    options.client_key = place("client.key");
    let party = RelyingParty::new(&options, PUBLIC_URL).unwrap();
    let registered = client(json!({
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=shuidaiyi-portal,OU=portal,O=税贷易 development",
        "token_endpoint_auth_signing_alg": null,
    }));
    let tls = json!({"tls": {"key": server.key_pem, "cert": server.certificate_pem, "ca": authority.certificate_pem()}});
    let Some(provider) = Provider::start(port, &registered, tls) else { return };
    let mut browser = Browser::new(authority.certificate_pem().as_bytes());
    let attempt = Attempt::new(false, now()).unwrap();
    let url = party.authorization_url(&attempt, now()).await.unwrap();
    let back = provider.sign_in(&mut browser, url, SUBJECT).await;
    let answer = Answer::parse(back.query().unwrap()).unwrap();
    let recognised = party.redeem(&answer, &attempt, now()).await.unwrap();
    assert_eq!(recognised.person.subject, SUBJECT);
}
