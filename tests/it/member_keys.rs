//! Members' own keys, and dossiers encrypted to them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::ecdh::diffie_hellman;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use shuidaiyi::clock::Clock;
use shuidaiyi::seal::jwk::PublicJwk;
use shuidaiyi::seal::signer::es256_in_memory;

use crate::support::wire::assert_verifies;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    dossiers_are_encrypted_to_the_registered_key,
    a_key_is_replaced_and_never_comes_back,
    what_proves_nothing_registers_nothing,
);

/// A key whose private half the test knows: its scalar is one byte repeated.
pub struct TestKey {
    secret: SecretKey,
    pub jwk: PublicJwk,
    pkcs8: Vec<u8>,
}

impl TestKey {
    pub fn new(byte: u8) -> Self {
        let secret = SecretKey::from_slice(&[byte; 32]).unwrap();
        let point = secret.public_key().to_sec1_bytes();
        let jwk = PublicJwk::of_point(&point).unwrap();
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        // RFC 5958 around RFC 5915, filled in.
        let before = hex("308187020100301306072A8648CE3D020106082A8648CE3D030107046D306B0201010420");
        let pkcs8 = [&before[..], &[byte; 32], &hex("A144034200"), &point].concat();
        Self { secret, jwk, pkcs8 }
    }

    /// The compact JWS over these claims.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": typ, "kid": self.jwk.thumbprint()});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = es256_in_memory(&self.pkcs8, "").unwrap().sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn claims(&self, site: &Site, member: &str, usage: &str) -> Value {
        json!({"member": member, "use": usage, "jwk": self.jwk, "iat": site.clock.now().seconds()})
    }

    pub async fn register(&self, site: &Site, member: &str, usage: &str) -> (StatusCode, Value) {
        let proof = self.sign("key-proof+jwt", &self.claims(site, member, usage));
        put(site, member, usage, json!({"jwk": self.jwk, "proof": proof})).await
    }

    /// What a JWE to this key says.
    fn decrypt(&self, compact: &str) -> Option<String> {
        let parts: Vec<&str> = compact.split('.').collect();
        assert_eq!((parts.len(), parts[1]), (5, ""), "{compact}");
        let part = |at: usize| URL_SAFE_NO_PAD.decode(parts[at]).unwrap();
        let header: Value = serde_json::from_slice(&part(0)).unwrap();
        let epk: PublicJwk = serde_json::from_value(header["epk"].clone()).unwrap();
        let public = p256::PublicKey::from_sec1_bytes(&epk.point().unwrap()).unwrap();
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), public.as_affine());
        // RFC 7518 section 4.6.2: round, shared secret, algorithm, no party information, 256 bits.
        let mut input = vec![0, 0, 0, 1];
        input.extend_from_slice(shared.raw_secret_bytes());
        input.extend_from_slice(&[0, 0, 0, 7]);
        input.extend_from_slice(b"A256GCM");
        input.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, digest(&SHA256, &input).as_ref()).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&part(2)).unwrap();
        let mut text = [part(3), part(4)].concat();
        let text = key.open_in_place(nonce, Aad::from(parts[0]), &mut text).ok()?;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }
}

async fn put(site: &Site, member: &str, usage: &str, body: Value) -> (StatusCode, Value) {
    site.json(member, Method::PUT, &format!("/v1/me/keys/{usage}"), Some(body)).await
}

/// Asks as a bank with this `Accept`.
async fn accept(site: &Site, method: Method, path: &str, body: Option<&Value>, kinds: &str) -> (u16, Value) {
    let mut request = site.client("bank-01").request(method, format!("{}{path}", site.url()));
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.header(ACCEPT, kinds).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn dossiers_are_encrypted_to_the_registered_key(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(1);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let ask = json!({"consent_id": consent["id"], "purpose": "pre_loan"});
    let pull = |kinds: &'static str| accept(&site, Method::POST, "/v1/dossiers", Some(&ask), kinds);
    let (status, body) = pull("application/jose").await;
    assert_eq!((status, &body["code"]), (406, &json!("no-encryption-key")));
    let (status, body) = pull("application/jose, application/json").await;
    assert!(status == 201 && body["dossier"].as_str().unwrap().contains('~'));
    assert_eq!(site.entries().iter().filter(|entry| entry["kind"] == "release.granted").count(), 1);

    let key = TestKey::new(7);
    let (status, view) = key.register(&site, "bank-01", "enc").await;
    assert_eq!(
        (status, &view["use"], &view["to"]),
        (StatusCode::CREATED, &json!("enc"), &Value::Null),
        "{view}"
    );
    let (status, answer) = pull("application/jose").await;
    assert_eq!(status, 201, "{answer}");
    let compact = answer["dossier"].as_str().unwrap();
    let dossier = key.decrypt(compact).expect("the bank's key opens it");
    assert_eq!(TestKey::new(8).decrypt(compact), None);
    let opened =
        json!({"release_id": answer["release_id"], "dossier": dossier, "receipt": answer["receipt"]});
    assert_verifies(&site, "bank-01", &opened);
    others_libraries_agree(compact, &key, &dossier);

    let path = format!("/v1/releases/{}", answer["release_id"].as_str().unwrap());
    let (status, again) = accept(&site, Method::GET, &path, None, "application/jose").await;
    assert_eq!(status, 200);
    assert_eq!(key.decrypt(again["dossier"].as_str().unwrap()), Some(dossier.clone()));
    assert_ne!(again["dossier"], answer["dossier"], "encrypted afresh");
    let (_, plain) = accept(&site, Method::GET, &path, None, "application/json").await;
    assert_eq!(plain["dossier"], json!(dossier), "who does not ask gets it plain");
}

/// joserfc and jwcrypto, where Python has them.
fn others_libraries_agree(compact: &str, key: &TestKey, dossier: &str) {
    use std::process::Command;
    let python = std::env::var_os("SHUIDAIYI_PYTHON").unwrap_or_else(|| "python3".into());
    let probe = Command::new(&python).args(["-c", "import joserfc, jwcrypto"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "this is CI: Python needs tests/third_party/requirements.txt"
        );
        eprintln!(
            "SKIPPED: Python lacks joserfc or jwcrypto (pip install -r tests/third_party/requirements.txt)"
        );
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut private = serde_json::to_value(&key.jwk).unwrap();
    private["d"] = URL_SAFE_NO_PAD.encode(key.secret.to_bytes()).into();
    std::fs::write(directory.path().join("d.jwe"), compact).unwrap();
    std::fs::write(directory.path().join("k.jwk"), private.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/third_party/decrypt_dossier.py");
    let output =
        Command::new(python).args([script, "d.jwe", "k.jwk"]).current_dir(directory.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), dossier);
}

async fn a_key_is_replaced_and_never_comes_back(backend: Backend) {
    let site = Site::start(backend);
    let (first, second) = (TestKey::new(7), TestKey::new(9));
    assert_eq!(first.register(&site, "bank-01", "sig").await.0, StatusCode::CREATED);
    assert_eq!(first.register(&site, "bank-01", "sig").await.0, StatusCode::OK, "the same again");
    assert_eq!(first.register(&site, "bank-01", "enc").await.0, StatusCode::CONFLICT, "one key, one use");
    assert_eq!(second.register(&site, "bank-01", "sig").await.0, StatusCode::CREATED);
    assert_eq!(first.register(&site, "bank-01", "sig").await.0, StatusCode::CONFLICT, "replaced is replaced");
    // Another bank has keys of its own, and sees none of these.
    let (_, foreign) = site.json("bank-02", Method::GET, "/v1/me/keys", None).await;
    assert_eq!(foreign, json!({"items": [], "next": null}));
    let (_, listed) = site.json("bank-01", Method::GET, "/v1/me/keys", None).await;
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["jwk"], serde_json::to_value(&first.jwk).unwrap());
    assert!(listed[0]["to"] == listed[1]["from"] && listed[1]["to"].is_null(), "{listed:?}");
    let changes: Vec<(Value, Value)> = site
        .entries()
        .into_iter()
        .filter(|entry| entry["kind"] == "key.changed")
        .inspect(|entry| {
            assert!(entry["actor"] == "bank-01" && entry["id"] == "bank-01" && entry["use"] == "sig")
        })
        .map(|entry| (entry["key"].clone(), entry["change"].clone()))
        .collect();
    let (one, two) = (json!(first.jwk.thumbprint()), json!(second.jwk.thumbprint()));
    assert_eq!(changes, [(one.clone(), json!("added")), (two, json!("added")), (one, json!("retired"))]);
}

async fn what_proves_nothing_registers_nothing(backend: Backend) {
    let site = Site::start(backend);
    let (key, other) = (TestKey::new(7), TestKey::new(9));
    let good = key.claims(&site, "bank-01", "enc");
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        key.sign("key-proof+jwt", &claims)
    };
    let now = site.clock.now().seconds();
    let proofs = [
        changed("member", json!("bank-02")),
        changed("use", json!("sig")),
        changed("iat", json!(now - 400)),
        changed("iat", json!(now + 400)),
        changed("jwk", serde_json::to_value(&other.jwk).unwrap()),
        changed("more", json!(1)),
        key.sign("dossier+sd-jwt", &good),
        other.sign("key-proof+jwt", &good),
        "a.b.c".to_owned(),
        String::new(),
    ];
    for proof in proofs {
        let (status, body) = put(&site, "bank-01", "enc", json!({"jwk": key.jwk, "proof": proof})).await;
        assert_eq!(
            (status, &body["errors"][0]["pointer"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("/proof")),
            "{body}"
        );
    }
    let proof = key.sign("key-proof+jwt", &good);
    for (name, value) in
        [("d", json!("AA")), ("use", json!("sig")), ("alg", json!("ES256")), ("crv", json!("P-384"))]
    {
        let mut jwk = serde_json::to_value(&key.jwk).unwrap();
        jwk[name] = value;
        let (status, body) = put(&site, "bank-01", "enc", json!({"jwk": jwk, "proof": proof})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {body}");
    }
    let whole = json!({"jwk": key.jwk, "proof": proof});
    for usage in ["dossier", "salt", "x"] {
        assert_eq!(put(&site, "bank-01", usage, whole.clone()).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(put(&site, "bank-02", "enc", whole.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put(&site, "bureau", "enc", whole.clone()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(put(&site, "bank-01", "enc", whole).await.0, StatusCode::CREATED);
}
