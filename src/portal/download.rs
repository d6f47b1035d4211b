//! Files to keep.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;

/// A file to keep. Of its name letters, digits, `-` and `.` are used.
pub fn attachment(kind: &str, name: &str, bytes: Vec<u8>) -> HttpResponse {
    let safe: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-.".contains(*letter)).collect();
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{safe}\"")))
        .body(bytes)
}
