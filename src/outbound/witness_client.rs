//! A client of a witness (C2SP tlog-witness): hands it checkpoints, reads what it cosigned last.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, Response, StatusCode, Url};

use super::gateway_client::chain;
use super::strict_client::strict;
use crate::ledger::witness_request::{AddCheckpoint, SIZE_MEDIA_TYPE, parse_size};

/// A witness that does not answer in this time is not waited for.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How much of a refusal's text is passed on.
const REASON_CHARACTERS_MAX: usize = 200;

/// What a witness answered to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// It cosigned: signature lines, not verified yet.
    Cosigned(String),
    /// It cosigned another size last, and asks to be led on from there.
    LastSize(u64),
    /// It refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said, without control characters.
        reason: String,
    },
}

/// A witness could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WitnessUnreachable(pub String);

/// A client of one witness.
#[derive(Clone, Debug)]
pub struct WitnessClient {
    client: Client,
    prefix: Url,
}

impl WitnessClient {
    /// A client of the witness at this submission prefix. For `https` the CA that its certificate chains to must be
    /// named; `http` is for a witness behind a tunnel, since what it answers is verified by its signature anyway.
    pub fn new(prefix: &str, ca: Option<&Path>) -> Result<Self, WitnessUnreachable> {
        let unusable = |why: &dyn ToString| WitnessUnreachable(format!("{prefix}: {}", why.to_string()));
        let url = Url::parse(&format!("{}/", prefix.trim_end_matches('/'))).map_err(|why| unusable(&why))?;
        let roots = match (url.scheme(), ca) {
            ("https", Some(ca)) => read_roots(ca)?,
            ("https", None) => return Err(unusable(&"an https witness needs ca, the CA of its certificate")),
            ("http", _) => Vec::new(),
            (_, _) => return Err(unusable(&"a witness is at http:// or https://")),
        };
        let client = strict(roots, ANSWER_TIME_MAX).build().map_err(|why| unusable(&why))?;
        Ok(Self { client, prefix: url })
    }

    /// Hands over a checkpoint.
    pub async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<WitnessAnswer, WitnessUnreachable> {
        let url = self.url("add-checkpoint")?;
        let response = self.client.post(url).body(request.to_text()).send().await.map_err(broken)?;
        let status = response.status();
        let names_size =
            response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
                kind.split(';').next().is_some_and(|kind| kind.trim() == SIZE_MEDIA_TYPE)
            });
        let text = text(response).await?;
        Ok(match (status, parse_size(&text)) {
            (StatusCode::OK, _) => WitnessAnswer::Cosigned(text),
            (StatusCode::CONFLICT, Some(size)) if names_size => WitnessAnswer::LastSize(size),
            (_, _) => WitnessAnswer::Refused { status: status.as_u16(), reason: shorten(&text) },
        })
    }

    /// The checkpoint that the witness says it cosigned last, by the SHA-256 of its origin in hexadecimal; `None` if
    /// it says that there is none, or does not serve monitors.
    pub async fn newest(&self, origin_digest: &str) -> Result<Option<String>, WitnessUnreachable> {
        let url = self.url(&format!("{origin_digest}/checkpoint"))?;
        let response = self.client.get(url).send().await.map_err(broken)?;
        match response.status() {
            StatusCode::OK => Ok(Some(text(response).await?)),
            _ => Ok(None),
        }
    }

    fn url(&self, path: &str) -> Result<Url, WitnessUnreachable> {
        self.prefix.join(path).map_err(|why| WitnessUnreachable(why.to_string()))
    }
}

fn read_roots(path: &Path) -> Result<Vec<Certificate>, WitnessUnreachable> {
    let path = PathBuf::from(path);
    let unusable =
        |why: &dyn ToString| WitnessUnreachable(format!("{}: {}", path.display(), why.to_string()));
    let pem = std::fs::read(&path).map_err(|why| unusable(&why))?;
    Certificate::from_pem_bundle(&pem).map_err(|why| unusable(&why))
}

/// The answer's text, as much of it as a witness can have to say.
async fn text(mut response: Response) -> Result<String, WitnessUnreachable> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err(WitnessUnreachable("the answer is too long".into()));
        }
    }
    String::from_utf8(bytes).map_err(|_| WitnessUnreachable("the answer is not UTF-8".into()))
}

/// One line, short, nothing that a terminal would act on.
fn shorten(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARACTERS_MAX).collect()
}

fn broken(error: reqwest::Error) -> WitnessUnreachable {
    WitnessUnreachable(chain(&error.without_url()))
}
