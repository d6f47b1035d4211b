//! What a provider, or whoever sits between, could say wrongly: each token differs from a good one in one thing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ring::hmac;
use serde_json::{Map, Value, json};
use shuidaiyi::domain::consent::Assurance;
use shuidaiyi::outbound::oidc::{Answer, Attempt, OidcError, Recognised, Refusal, RelyingParty};

use super::liar::{Liar, compact, named, new_key};
use super::scene::{CLIENT, FIRM, PUBLIC_URL, SUBJECT, now, options, person};

struct Stage {
    liar: Liar,
    party: Arc<RelyingParty>,
    _directory: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let (liar, directory) = (Liar::start(), tempfile::tempdir().unwrap());
        let party = RelyingParty::new(&options(&liar.issuer, directory.path()), PUBLIC_URL).unwrap();
        Self { liar, party, _directory: directory }
    }

    fn claims(&self, attempt: &Attempt) -> Map<String, Value> {
        let seconds = now().seconds();
        let mut claims = person().as_object().unwrap().clone();
        let more = json!({
            "iss": self.liar.issuer, "sub": SUBJECT, "aud": CLIENT, "iat": seconds, "exp": seconds + 300,
            "auth_time": seconds, "nonce": attempt.nonce, "acr": "urn:etax:face",
        });
        claims.extend(more.as_object().unwrap().clone());
        claims
    }

    fn signed(&self, claims: &Map<String, Value>) -> String {
        let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
        compact(&header, &Value::Object(claims.clone()), |bytes| self.liar.key.sign(bytes).unwrap().to_vec())
    }

    async fn redeem(&self, attempt: &Attempt) -> Result<Recognised, OidcError> {
        let iss = self.liar.issuer.replace(':', "%3A").replace('/', "%2F");
        let query = format!("state={}&code=c&iss={iss}", attempt.state);
        self.party.redeem(&Answer::parse(&query).unwrap(), attempt, now()).await
    }

    /// Redeems a token, and says why it was refused.
    async fn refusal(&self, attempt: &Attempt, token: &str) -> String {
        self.liar.gives(token);
        match self.redeem(attempt).await {
            Err(OidcError::Refused(refusal)) => refusal.to_string(),
            Err(other) => panic!("{other}"),
            Ok(_) => "accepted".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_good_token_signs_in() {
    let stage = Stage::new();
    let attempt = Attempt::new(true, now()).unwrap();
    stage.liar.gives(&stage.signed(&stage.claims(&attempt)));
    let recognised = stage.redeem(&attempt).await.unwrap();
    assert_eq!(recognised.person.subject, SUBJECT);
    assert_eq!(recognised.person.name, "王伟");
    assert_eq!(recognised.authentication.assurance, Assurance::Reliable);
    assert_eq!(recognised.firms[0].taxpayer_id.as_str(), FIRM);
    let asked = stage.liar.asked.lock().unwrap().clone();
    for part in ["grant_type=authorization_code", "code_verifier=", "client_assertion=", "redirect_uri="] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(!asked.contains("client_secret"), "{asked}");
}

#[tokio::test]
async fn one_wrong_claim_is_enough() {
    let stage = Stage::new();
    let attempt = Attempt::new(true, now()).unwrap();
    let seconds = now().seconds();
    let wrong: Vec<(&str, Value, &str)> = vec![
        ("nonce", json!("another"), "nonce"),
        ("nonce", Value::Null, "nonce"),
        ("aud", json!("another-client"), "aud"),
        ("aud", json!([CLIENT, "another-client"]), "aud"),
        ("aud", json!([]), "aud"),
        ("iss", json!("https://other.example"), "iss"),
        ("iss", json!(format!("{}/", stage.liar.issuer)), "iss"),
        ("azp", json!("another-client"), "azp"),
        ("exp", json!(seconds - 1), "exp"),
        ("iat", json!(seconds + 63), "iat"),
        ("iat", json!(seconds - 63), "iat"),
        ("auth_time", json!(seconds + 63), "auth_time"),
        ("auth_time", json!(seconds - 63), "before the step-up"),
        ("auth_time", Value::Null, "auth_time"),
        ("acr", json!("urn:etax:password"), "acr"),
        ("acr", json!("urn:unheard-of"), "acr"),
        ("acr", Value::Null, "acr"),
        ("sub", json!("two words"), "sub"),
        ("name", Value::Null, "name"),
        ("firms", json!({"all": true}), "firms"),
    ];
    for (name, value, why) in wrong {
        let mut claims = stage.claims(&attempt);
        match value.is_null() {
            true => claims.remove(name),
            false => claims.insert(name.to_owned(), value.clone()),
        };
        let refusal = stage.refusal(&attempt, &stage.signed(&claims)).await;
        assert!(refusal.contains(why), "{name} = {value}: {refusal}");
    }
    // The last one shows that it is not the stage that refuses.
    assert_eq!(stage.refusal(&attempt, &stage.signed(&stage.claims(&attempt))).await, "accepted");
}

#[tokio::test]
async fn a_sign_in_may_be_a_while_ago_but_not_a_day() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    for (age, taken) in [(7 * 3600, true), (8 * 3600 + 120, false)] {
        let mut claims = stage.claims(&attempt);
        claims.insert("auth_time".into(), json!(now().seconds() - age));
        claims.insert("acr".into(), json!("urn:etax:password"));
        let refusal = stage.refusal(&attempt, &stage.signed(&claims)).await;
        assert_eq!(refusal == "accepted", taken, "{age}: {refusal}");
    }
}

#[tokio::test]
async fn only_the_providers_signature_counts() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    let claims = Value::Object(stage.claims(&attempt));
    let unsigned = compact(&json!({"alg": "none"}), &claims, |_| Vec::new());
    assert!(stage.refusal(&attempt, &unsigned).await.contains("not signed"));

    // The public key, which everybody knows, taken for a shared secret.
    let point = stage.liar.key.public_key().to_vec();
    let written = serde_json::to_vec(&stage.liar.jwk).unwrap();
    for secret in [point, written, Vec::new()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let header = json!({"alg": "HS256", "kid": "k1", "typ": "JWT"});
        let token = compact(&header, &claims, |bytes| hmac::sign(&key, bytes).as_ref().to_vec());
        assert!(stage.refusal(&attempt, &token).await.contains("algorithm"));
    }

    let stranger = new_key();
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let token = compact(&header, &claims, |bytes| stranger.sign(bytes).unwrap().to_vec());
    assert!(stage.refusal(&attempt, &token).await.contains("signature"));
    // A key that the token brings along.
    let header = json!({"alg": "ES256", "kid": "own", "typ": "JWT", "jwk": named(&*stranger, "own")});
    let token = compact(&header, &claims, |bytes| stranger.sign(bytes).unwrap().to_vec());
    assert!(stage.refusal(&attempt, &token).await.contains("none of the provider's"));
    let header = json!({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": false});
    let token = compact(&header, &claims, |bytes| stage.liar.key.sign(bytes).unwrap().to_vec());
    assert_ne!(stage.refusal(&attempt, &token).await, "accepted");

    let good = stage.signed(&stage.claims(&attempt));
    let mut parts: Vec<&str> = good.split('.').collect();
    let other = stage.signed(&stage.claims(&Attempt::new(false, now()).unwrap()));
    parts[1] = other.split('.').nth(1).unwrap();
    assert!(stage.refusal(&attempt, &parts.join(".")).await.contains("signature"));
    assert_ne!(stage.refusal(&attempt, "not a token").await, "accepted");
}

#[tokio::test]
async fn a_claim_said_twice_is_not_believed() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    let claims = Value::Object(stage.claims(&attempt)).to_string();
    for doubled in [r#"{"name":"张三","#, r#"{"firms":[],"#] {
        let text = claims.replacen('{', doubled, 1);
        let encoded = shuidaiyi::seal::digest::base64url(text.as_bytes());
        let header = compact(&json!({"alg": "ES256", "kid": "k1"}), &json!({}), |_| Vec::new());
        let signed = format!("{}.{encoded}", header.split('.').next().unwrap());
        let signature = stage.liar.key.sign(signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", shuidaiyi::seal::digest::base64url(&signature));
        assert_ne!(stage.refusal(&attempt, &token).await, "accepted", "{doubled}");
    }
}

#[tokio::test]
async fn changed_keys_are_read_anew_but_not_for_every_forger() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    assert_eq!(stage.refusal(&attempt, &stage.signed(&stage.claims(&attempt))).await, "accepted");
    let next = new_key();
    stage.liar.says.lock().unwrap().keys = json!({"keys": [stage.liar.jwk, named(&*next, "k2")]});
    let header = json!({"alg": "ES256", "kid": "k2", "typ": "JWT"});
    let claims = Value::Object(stage.claims(&attempt));
    let token = compact(&header, &claims, |bytes| next.sign(bytes).unwrap().to_vec());
    for _ in 0..5 {
        assert!(stage.refusal(&attempt, &token).await.contains("key"));
    }
    assert_eq!(stage.liar.keys_read.load(Ordering::SeqCst), 1, "read a moment ago");

    let later = now().plus_micros(61_000_000);
    let attempt = Attempt::new(false, later).unwrap();
    let mut claims = stage.claims(&attempt);
    claims.insert("iat".into(), json!(later.seconds()));
    let token = compact(&header, &Value::Object(claims), |bytes| next.sign(bytes).unwrap().to_vec());
    stage.liar.gives(&token);
    let iss = stage.liar.issuer.replace(':', "%3A").replace('/', "%2F");
    let answer = Answer::parse(&format!("state={}&code=c&iss={iss}", attempt.state)).unwrap();
    stage.party.redeem(&answer, &attempt, later).await.unwrap();
    assert_eq!(stage.liar.keys_read.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn discovery_of_another_issuer_is_not_taken() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    let right = stage.liar.says.lock().unwrap().discovery.clone();
    for (name, value) in [
        ("issuer", json!("https://other.example")),
        ("authorization_endpoint", json!("http://other.example/auth")),
        ("jwks_uri", json!("http://other.example/keys")),
        ("authorization_endpoint", Value::Null),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value.clone();
        stage.liar.says.lock().unwrap().discovery = wrong;
        let refused = stage.party.authorization_url(&attempt, now()).await;
        assert!(refused.is_err(), "{name} = {value}");
    }
    stage.liar.says.lock().unwrap().discovery = right;
    stage.party.authorization_url(&attempt, now()).await.unwrap();
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_passed_on_as_a_code_only() {
    let stage = Stage::new();
    let attempt = Attempt::new(false, now()).unwrap();
    let error = json!({"error": "invalid_grant", "error_description": "grant of 王伟 is used up"});
    stage.liar.says.lock().unwrap().token = (400, error);
    let refused = stage.redeem(&attempt).await.unwrap_err();
    assert!(
        matches!(&refused, OidcError::Refused(Refusal::Code(code)) if code == "invalid_grant"),
        "{refused}"
    );
    stage.liar.says.lock().unwrap().token =
        (200, json!({"access_token": "secret-1", "token_type": "Bearer"}));
    assert!(!stage.redeem(&attempt).await.unwrap_err().to_string().contains("secret-1"));
    stage.liar.says.lock().unwrap().token = (200, json!({"id_token": {"secret": "secret-2"}}));
    assert!(!stage.redeem(&attempt).await.unwrap_err().to_string().contains("secret-2"));
    stage.liar.says.lock().unwrap().token = (302, json!({}));
    assert!(stage.redeem(&attempt).await.is_err());
}
