//! A provider in this process that says whatever a test wants: discovery, keys and tokens over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shuidaiyi::seal::digest::base64url;
use shuidaiyi::seal::jwk::PublicJwk;
use shuidaiyi::seal::keys::generate_p256;
use shuidaiyi::seal::signer::{Signer, es256_in_memory};

/// What it says.
#[derive(Clone)]
pub struct Says {
    pub discovery: Value,
    pub keys: Value,
    pub token: (u16, Value),
}

/// The provider.
pub struct Liar {
    pub issuer: String,
    pub key: Arc<dyn Signer>,
    pub jwk: PublicJwk,
    pub says: Arc<Mutex<Says>>,
    /// How often the keys were read.
    pub keys_read: Arc<AtomicUsize>,
    /// The form that the token endpoint was sent last.
    pub asked: Arc<Mutex<String>>,
}

impl Liar {
    /// Listens until the process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = new_key();
        let jwk = named(&*key, "k1");
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        });
        let says = Says { discovery, keys: json!({"keys": [jwk]}), token: (500, json!({})) };
        let says = Arc::new(Mutex::new(says));
        let (keys_read, asked) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<String>>::default());
        let (said, read, last) = (says.clone(), keys_read.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &said, &read, &last);
            }
        });
        Self { issuer, key, jwk, says, keys_read, asked }
    }

    /// From now on the token endpoint gives this ID token.
    pub fn gives(&self, id_token: &str) {
        let token = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token});
        self.says.lock().unwrap().token = (200, token);
    }
}

pub fn new_key() -> Arc<dyn Signer> {
    es256_in_memory(&generate_p256().unwrap(), "memory").unwrap()
}

pub fn named(key: &dyn Signer, kid: &str) -> PublicJwk {
    let jwk = PublicJwk::of_point(key.public_key()).unwrap();
    PublicJwk { kid: Some(kid.to_owned()), usage: Some("sig".to_owned()), ..jwk }
}

/// A compact JWS of these parts, signed by `sign`.
pub fn compact(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = base64url(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn answer(stream: TcpStream, says: &Mutex<Says>, keys_read: &AtomicUsize, asked: &Mutex<String>) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    let mut length = 0;
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let says = says.lock().unwrap().clone();
    let (status, said) = match first.split(' ').nth(1).unwrap_or_default() {
        "/.well-known/openid-configuration" => (200, says.discovery),
        "/keys" => {
            keys_read.fetch_add(1, Ordering::SeqCst);
            (200, says.keys)
        }
        "/token" => {
            *asked.lock().unwrap() = String::from_utf8(body).unwrap();
            says.token
        }
        _ => (404, json!({})),
    };
    let said = said.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        said.len()
    );
    let mut stream = reader.into_inner();
    let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(said.as_bytes()));
}
