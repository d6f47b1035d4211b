//! What the browser brings back from the provider: the query of the redirect (RFC 6749 section 4.1.2, RFC 9207).

use reqwest::Url;

use super::Refusal;
use super::options::OidcOptions;

/// The longest text taken of a parameter.
const PARAMETER_BYTES_MAX: usize = 4096;
/// How much of an error code is passed on.
const ERROR_CHARACTERS_MAX: usize = 64;

/// An answer as it came, believed in nothing yet.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// Finds the attempt.
    pub state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl Answer {
    /// Reads a query. A parameter that comes twice is refused: whoever reads the first and whoever reads the last must not differ.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        let mut url = Url::parse("https://answer.invalid/").map_err(|_| Refusal::Answer)?;
        url.set_query(Some(query));
        let (mut state, mut code, mut iss, mut error) = (None, None, None, None);
        for (name, value) in url.query_pairs() {
            let place = match name.as_ref() {
                "state" => &mut state,
                "code" => &mut code,
                "iss" => &mut iss,
                "error" => &mut error,
                _of_no_use_here => continue,
            };
            if place.is_some() || value.len() > PARAMETER_BYTES_MAX {
                return Err(Refusal::Answer);
            }
            *place = Some(value.into_owned());
        }
        let state = state.ok_or(Refusal::Answer)?;
        Ok(Self { state, code, iss, error })
    }

    /// The code, if the expected issuer gave one. The issuer comes first: an error by somebody else is nobody's.
    pub(super) fn code(&self, options: &OidcOptions) -> Result<&str, Refusal> {
        match &self.iss {
            Some(iss) if *iss != options.issuer => return Err(Refusal::Issuer),
            None if options.issuer_parameter => return Err(Refusal::Issuer),
            Some(_) | None => {}
        }
        match (&self.error, &self.code) {
            (Some(error), None) => Err(Refusal::Provider(shorten(error))),
            (None, Some(code)) => Ok(code),
            (Some(_), Some(_)) | (None, None) => Err(Refusal::Answer),
        }
    }
}

/// Error codes are words of ASCII letters and underscores.
fn shorten(error: &str) -> String {
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    error.chars().filter(is_word).take(ERROR_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::super::options::sample;
    use super::*;

    fn code(query: &str, issuer_parameter: bool) -> Result<String, Refusal> {
        let options = OidcOptions { issuer_parameter, ..sample("https://etax.example") };
        Answer::parse(query)?.code(&options).map(str::to_owned)
    }

    #[test]
    fn an_answer_is_by_the_expected_issuer_and_says_one_thing() {
        let mine = "iss=https%3A%2F%2Fetax.example";
        assert_eq!(code(&format!("state=s&code=c&{mine}"), true), Ok("c".to_owned()));
        assert_eq!(code("state=s&code=c", true), Err(Refusal::Issuer), "it does not say by whom");
        assert_eq!(code("state=s&code=c", false), Ok("c".to_owned()));
        let mixed_up = code("state=s&code=c&iss=https%3A%2F%2Fother.example", false);
        assert_eq!(mixed_up, Err(Refusal::Issuer), "another issuer is never believed");
        let slash = code(&format!("state=s&code=c&{mine}%2F"), true);
        assert_eq!(slash, Err(Refusal::Issuer), "compared letter by letter");
        for malformed in ["code=c", "state=s", "state=s&state=t&code=c", "state=s&code=c&code=d"] {
            assert_eq!(code(&format!("{malformed}&{mine}"), true), Err(Refusal::Answer), "{malformed}");
        }
        assert_eq!(code(&format!("state=s&code=c&{mine}&{mine}"), true), Err(Refusal::Answer));
        let broken_off = code(&format!("state=s&error=access_denied%0A%1b&{mine}"), true);
        assert_eq!(broken_off, Err(Refusal::Provider("access_denied".to_owned())));
        assert_eq!(code("state=s&error=access_denied", true), Err(Refusal::Issuer));
        assert_eq!(code(&format!("state=s&error=e&code=c&{mine}"), true), Err(Refusal::Answer));
        let long = format!("state={}&code=c", "x".repeat(PARAMETER_BYTES_MAX + 1));
        assert_eq!(code(&long, false), Err(Refusal::Answer));
    }
}
