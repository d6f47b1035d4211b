//! Which language a page is in: Chinese unless the reader chose English, remembered in a cookie.

use actix_web::HttpRequest;

/// The cookie's name.
pub const COOKIE: &str = "console-lang";

/// A page's language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// What `?lang=` asks for.
    pub fn chosen(request: &HttpRequest) -> Option<Self> {
        let chosen =
            request.query_string().split('&').filter_map(|pair| pair.strip_prefix("lang=")).next_back();
        chosen.and_then(Self::parse)
    }

    /// What `?lang=` asks for, what the cookie remembers, or Chinese.
    pub fn of(request: &HttpRequest) -> Self {
        let header =
            request.headers().get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kept = header
            .split(';')
            .filter_map(|one| one.trim().split_once('='))
            .find(|(name, _)| *name == COOKIE)
            .and_then(|(_, value)| Self::parse(value));
        Self::chosen(request).or(kept).unwrap_or(Lang::Zh)
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "zh" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _other => None,
        }
    }

    /// The name in `?lang=` and the cookie.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// The language as HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    /// The text in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn chinese_unless_chosen_and_the_choice_is_kept() {
        let of = |uri: &str, cookie: &str| {
            Lang::of(&TestRequest::get().uri(uri).insert_header(("cookie", cookie)).to_http_request())
        };
        assert_eq!(of("/console", ""), Lang::Zh);
        assert_eq!(of("/console", "a=b; console-lang=en"), Lang::En);
        assert_eq!(of("/console?lang=zh", "console-lang=en"), Lang::Zh);
        assert_eq!(of("/console?bank=x&lang=en", ""), Lang::En);
        assert_eq!(of("/console?lang=fr", "console-lang=fr"), Lang::Zh);
    }
}
