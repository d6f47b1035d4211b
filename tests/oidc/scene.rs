//! A client of a provider, and the time.

use std::path::Path;

use serde_json::{Value, json};
use shuidaiyi::clock::{Clock, SystemClock};
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::outbound::oidc::OidcOptions;
use shuidaiyi::seal::keys::{generate_p256, write_pkcs8};

pub const CLIENT: &str = "shuidaiyi-portal";
pub const PUBLIC_URL: &str = "https://localhost:8444";
pub const SUBJECT: &str = "person-1";
pub const FIRM: &str = "91350200MA2Y1JL06H";

/// Options for the provider at `issuer`, with a new client key in `directory`.
pub fn options(issuer: &str, directory: &Path) -> OidcOptions {
    let key = directory.join("oidc-client.key");
    if !key.exists() {
        write_pkcs8(&key, &generate_p256().unwrap()).unwrap();
    }
    let text = format!(
        "issuer = {issuer:?}\nclient_id = {CLIENT:?}\nclient_key = {key:?}\n\
         acr_sign_in = [\"urn:etax:password\"]\nacr_step_up = [\"urn:etax:face\"]\n\
         [[acr]]\nvalue = \"urn:etax:password\"\nmethod = \"etax_face\"\nassurance = \"ordinary\"\n\
         [[acr]]\nvalue = \"urn:etax:face\"\nmethod = \"etax_face\"\nassurance = \"reliable\"\n"
    );
    toml::from_str(&text).unwrap()
}

/// What a provider says of the person.
pub fn person() -> Value {
    json!({
        "name": "王伟",
        "id_ref": "hmac-of-the-number",
        "firms": [{"taxpayer_id": FIRM, "name": "甲公司", "role": "legal_representative"}],
    })
}

#[allow(dead_code, reason = "a site has a clock of its own")]
pub fn now() -> Timestamp {
    SystemClock.now()
}
