//! The port of `shuidaiyi witness`: `POST /add-checkpoint` as C2SP tlog-witness says, and what monitors read.
//!
//! There is no sign-in: a request is worth what the ledger's signature in it is worth.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpResponse, HttpServer};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::timeout;

use super::tls::TlsError;
use crate::ledger::witness::Refusal;
use crate::ledger::witness_request::{SIZE_MEDIA_TYPE, size_text};
use crate::service::witness::{Witness, WitnessRefusal};

/// A request has at most 63 hashes and a checkpoint with 64 signatures; this is several times that.
const BODY_BYTES_MAX: usize = 64 << 10;
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Seconds that open requests get when the witness stops.
const SHUTDOWN_SECONDS_MAX: u64 = 5;
const TEXT: &str = "text/plain; charset=utf-8";

/// Starts the witness's server on a socket that is bound already. Must be called inside an actix system.
pub fn serve(
    witness: Arc<Witness>,
    socket: TcpListener,
    tls: Option<ServerConfig>,
) -> std::io::Result<Server> {
    let state = Data::from(witness);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/add-checkpoint", web::post().to(add_checkpoint))
            .route("/healthz", web::get().to(healthz))
            .route("/{origin}/checkpoint", web::get().to(newest))
    })
    .workers(1)
    .keep_alive(KEEP_ALIVE)
    .tcp_nodelay(true)
    .client_request_timeout(HEADER_TIME_MAX)
    .shutdown_timeout(SHUTDOWN_SECONDS_MAX)
    .disable_signals();
    let bound = match tls {
        Some(tls) => server.listen_rustls_0_23(socket, tls)?,
        None => server.listen(socket)?,
    };
    Ok(bound.run())
}

/// TLS 1.3 with this certificate chain and key, asking nobody for a certificate.
pub fn tls_config(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let fail = |path: &Path, why: &dyn ToString| TlsError { path: PathBuf::from(path), why: why.to_string() };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|why| fail(certificate, &why))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| fail(key, &why))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| fail(certificate, &why))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|why| fail(certificate, &why))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn add_checkpoint(witness: Data<Witness>, payload: Payload) -> HttpResponse {
    let plain = |status: StatusCode, text: String| HttpResponse::build(status).content_type(TEXT).body(text);
    let body = match timeout(BODY_TIME_MAX, payload.to_bytes_limited(BODY_BYTES_MAX)).await {
        Ok(Ok(Ok(body))) => body,
        Ok(Ok(Err(broken))) => return plain(StatusCode::BAD_REQUEST, format!("{broken}\n")),
        Ok(Err(_too_long)) => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long\n".into());
        }
        Err(_too_slow) => return plain(StatusCode::REQUEST_TIMEOUT, "the request is too slow\n".into()),
    };
    let Ok(body) = String::from_utf8(body.to_vec()) else {
        return plain(StatusCode::BAD_REQUEST, "the request is not UTF-8\n".into());
    };
    let judged = web::block(move || witness.add_checkpoint(&body)).await;
    match judged {
        Ok(Ok(line)) => plain(StatusCode::OK, line),
        Ok(Err(WitnessRefusal::Refused(Refusal::OtherSize { size }))) => {
            HttpResponse::Conflict().content_type(SIZE_MEDIA_TYPE).body(size_text(size))
        }
        Ok(Err(why)) => plain(status(&why), format!("{why}\n")),
        Err(_stopping) => plain(StatusCode::SERVICE_UNAVAILABLE, "the witness is stopping\n".into()),
    }
}

/// As the specification names them; a different root at the same size is told from a different size.
fn status(refusal: &WitnessRefusal) -> StatusCode {
    match refusal {
        WitnessRefusal::State => StatusCode::SERVICE_UNAVAILABLE,
        WitnessRefusal::Refused(refusal) => match refusal {
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::UnknownOrigin => StatusCode::NOT_FOUND,
            Refusal::NotSigned => StatusCode::FORBIDDEN,
            Refusal::OtherSize { .. } => StatusCode::CONFLICT,
            Refusal::Inconsistent(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::ClockBehind(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

async fn newest(witness: Data<Witness>, origin: web::Path<String>) -> HttpResponse {
    match witness.newest(&origin) {
        Some(checkpoint) => HttpResponse::Ok().content_type(TEXT).body(checkpoint),
        None => HttpResponse::NotFound().content_type(TEXT).body("nothing cosigned for this origin\n"),
    }
}

async fn healthz(witness: Data<Witness>) -> HttpResponse {
    match witness.is_well() {
        true => HttpResponse::Ok().content_type(TEXT).body("ok\n"),
        false => HttpResponse::ServiceUnavailable().content_type(TEXT).body("the state cannot be kept\n"),
    }
}
