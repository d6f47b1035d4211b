//! A page's address: what its query asks for, and links to the same page with another query.

use actix_web::{HttpRequest, web};

use super::parts::encoded;
use crate::http::gate::may_be_id;

/// Path and query of the page that is asked for.
#[derive(Clone, Debug)]
pub struct Address {
    path: String,
    query: Vec<(String, String)>,
}

impl Address {
    /// Of a request. A query that cannot be read asks for nothing.
    pub fn of(request: &HttpRequest) -> Self {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        Self { path: request.path().to_owned(), query: query.map(web::Query::into_inner).unwrap_or_default() }
    }

    /// A parameter as it was sent.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter, if it says something that an id, a day or a code could be.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| may_be_id(value))
    }

    /// The query without these parameters, and with others, as a link to the same page.
    pub fn link(&self, without: &[&str], with: &[(&str, &str)]) -> String {
        let kept = self.query.iter().filter(|(key, value)| {
            !without.contains(&key.as_str()) && with.iter().all(|(name, _)| name != key) && !value.is_empty()
        });
        let pairs: Vec<String> = kept
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .chain(with.iter().copied())
            .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)))
            .collect();
        if pairs.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, pairs.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_link_keeps_what_it_is_not_told_to_change() {
        let uri = "/console/releases?bank=bank-01&done=held&from=&q=%26%22";
        let address = Address::of(&TestRequest::with_uri(uri).to_http_request());
        assert_eq!(address.link(&["done", "q"], &[]), "/console/releases?bank=bank-01");
        assert_eq!(address.link(&["done", "bank"], &[("lang", "en")]), "/console/releases?q=%26%22&lang=en");
        assert_eq!(address.asked("bank"), Some("bank-01"));
        assert_eq!((address.asked("from"), address.raw("from"), address.raw("none")), (None, Some(""), None));
    }
}
