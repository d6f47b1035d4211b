//! What every page has: who looks at it, in which language, the frame around it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use maud::{DOCTYPE, Markup, html};

use super::forms;
use crate::domain::member::Role;
use crate::domain::timestamp::Timestamp;
use crate::http::gate::Context;
use crate::http::html::address::Address;
use crate::http::html::lang::{COOKIE, Lang};
pub use crate::http::html::parts::encoded;
use crate::service::directory::Caller;

/// Seconds for which the language is remembered: a year.
const COOKIE_SECONDS: u32 = 31_536_000;

/// The pages that the menu names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Menu {
    /// 概览
    Overview,
    /// 放行
    Releases,
    /// 条目
    Entries,
    /// 账本
    Ledger,
    /// 案件
    Cases,
    /// 企业来件
    Firms,
    /// 冻结
    Holds,
    /// 产品
    Products,
    /// 成员
    Members,
}

/// Each page of the menu: its path and its names.
const MENU: [(Menu, &str, &str, &str); 9] = [
    (Menu::Overview, "/console", "概览", "Overview"),
    (Menu::Releases, "/console/releases", "放行", "Releases"),
    (Menu::Entries, "/console/entries", "条目", "Entries"),
    (Menu::Cases, "/console/cases", "案件", "Cases"),
    (Menu::Firms, "/console/firms", "企业来件", "From firms"),
    (Menu::Holds, "/console/holds", "冻结", "Holds"),
    (Menu::Products, "/console/products", "产品", "Products"),
    (Menu::Members, "/console/members", "成员", "Members"),
    (Menu::Ledger, "/console/ledger", "账本", "Ledger"),
];

/// A request for a page.
pub struct View {
    /// The page's language.
    pub lang: Lang,
    /// Who looks.
    pub caller: Caller,
    /// When.
    pub now: Timestamp,
    token: Option<String>,
    address: Address,
    switched: bool,
}

impl View {
    /// The view that a request asks for.
    pub fn of(context: &Context) -> Self {
        let now = context.exchange().clock.now();
        Self {
            lang: Lang::of(&context.request),
            caller: context.caller.clone(),
            now,
            token: forms::token(&context.exchange().keys, &context.caller, now),
            address: Address::of(&context.request),
            switched: Lang::chosen(&context.request).is_some(),
        }
    }

    /// The text in the page's language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    /// Whether the bureau looks: it alone sees taxpayers and true reasons, and it alone changes anything here.
    pub fn is_bureau(&self) -> bool {
        self.caller.role == Role::Bureau
    }

    /// A parameter of the query, if it says something.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.address.asked(name)
    }

    /// The query without these parameters, and with others, as a link to the same page.
    pub fn link(&self, without: &[&str], with: &[(&str, &str)]) -> String {
        self.address.link(without, with)
    }

    /// The hidden field that every form carries.
    pub fn token(&self) -> Markup {
        html! { input type="hidden" name=(forms::TOKEN) value=(self.token.as_deref().unwrap_or_default()); }
    }

    /// The page.
    pub fn page(&self, menu: Menu, title: &str, body: &Markup) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if self.switched {
            let cookie = format!(
                "{COOKIE}={}; Path=/console; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Strict",
                self.lang.code()
            );
            response.insert_header((SET_COOKIE, cookie));
        }
        let side = html! {
            nav aria-label=(self.t("主菜单", "Main menu")) {
                @for (one, path, zh, en) in MENU.into_iter().filter(|(one, ..)| *one != Menu::Firms || self.is_bureau()) {
                    a href=(path) aria-current=[(one == menu).then_some("page")] { (self.t(zh, en)) }
                }
            }
            div.who {
                p.role { (crate::http::html::words::role(self.lang, self.caller.role)) }
                p.quiet { (self.caller.member) " · " (self.caller.label) }
                a.switch href=(self.link(&["done"], &[("lang", self.lang.other().code())]))
                    lang=(self.lang.other().tag()) { (self.t("English", "中文")) }
            }
        };
        response
            .content_type("text/html; charset=utf-8")
            .body(frame(self.lang, title, &side, body).into_string())
    }
}

/// A page for whoever is not let in or went astray: without the menu.
pub fn bare(lang: Lang, status: StatusCode, title: &str, body: &Markup) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8").body(frame(lang, title, &html! {}, body).into_string())
}

fn frame(lang: Lang, title: &str, side: &Markup, body: &Markup) -> Markup {
    let brand = lang.pick("税贷易", "Shuidaiyi");
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (brand) }
                link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/console/assets/console.css";
                script src="/console/assets/console.js" defer {}
            }
            body {
                a.skip href="#main" { (lang.pick("跳到正文", "Skip to content")) }
                header.side {
                    a.brand href="/console" {
                        img src="/console/assets/icon.svg" alt="" width="28" height="28";
                        span { b { (brand) } small { (lang.pick("监督台", "Oversight")) } }
                    }
                    (side)
                }
                main #main tabindex="-1" { (body) }
            }
        }
    }
}
