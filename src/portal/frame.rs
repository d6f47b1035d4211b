//! The frame of every page: whose portal this is, the menu, for whom one acts, the language, the way out.

use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse};
use maud::{DOCTYPE, Markup, html};

use super::flash::{DONE, said};
use super::form::TOKEN;
use crate::domain::representative::{PortalRole, Representation};
use crate::http::html::address::Address;
use crate::http::html::lang::{COOKIE, Lang};
use crate::service::sessions::Session;

/// Seconds for which the language is remembered: a year.
const COOKIE_SECONDS: u32 = 31_536_000;

/// The pages that the menu names, and those that it does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Menu {
    /// 首页
    Home,
    /// 新建授权
    Grant,
    /// 待确认
    Requests,
    /// 我的授权
    Consents,
    /// 查阅记录
    Accesses,
    /// 我的数据
    MyData,
    /// 通知
    Notifications,
    /// 自取副本
    MyCopy,
    /// 举报
    Report,
    /// None of them.
    Other,
}

/// Each page of the menu, a line each: its path and its names.
const MENU: &[(Menu, &str, &str, &str)] = &[
    (Menu::Home, "/", "首页", "Home"),
    (Menu::Grant, "/grant", "新建授权", "New"),
    (Menu::Requests, "/requests", "待确认", "Waiting"),
    (Menu::Consents, "/consents", "我的授权", "Granted"),
    (Menu::Accesses, "/accesses", "谁查过我", "Accesses"),
    (Menu::MyData, "/my-data", "我的数据", "My data"),
    (Menu::Notifications, "/notifications", "通知", "Notices"),
];

/// What every page has besides its body.
#[derive(Clone)]
pub struct Frame {
    /// The page's language.
    pub lang: Lang,
    address: Address,
    chosen_language: Option<Lang>,
    who: Option<Who>,
}

/// Who is signed in.
#[derive(Clone)]
struct Who {
    name: String,
    firm: Option<Representation>,
    has_others: bool,
    token: String,
}

impl Frame {
    pub(super) fn of(request: &HttpRequest) -> Self {
        Self {
            lang: Lang::of(request),
            address: Address::of(request),
            chosen_language: Lang::chosen(request),
            who: None,
        }
    }

    pub(super) fn belong_to(&mut self, session: Option<&Session>) {
        self.who = session.map(|session| Who {
            name: session.person().name.clone(),
            firm: session.acting().map(|acting| acting.firm),
            has_others: session.firms().len() > 1,
            token: session.cookie().form_token(),
        });
    }

    /// Whether somebody is signed in.
    pub fn is_signed_in(&self) -> bool {
        self.who.is_some()
    }

    /// The page's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Keeps the language that was asked for with `?lang=`.
    pub fn remember_language(&self, response: &mut HttpResponse) {
        let Some(lang) = self.chosen_language else { return };
        let cookie = format!(
            "{COOKIE}={}; Path=/; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax",
            lang.code()
        );
        if let Ok(value) = cookie.parse() {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }

    /// A page. `done` is the code of what was done just now.
    pub fn page(
        &self,
        status: StatusCode,
        menu: Menu,
        title: &str,
        done: Option<&str>,
        body: &Markup,
    ) -> HttpResponse {
        let main = html! { (said(self.lang, done)) (body) };
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(self.document(menu, title, &main).into_string())
    }

    fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    fn document(&self, menu: Menu, title: &str, main: &Markup) -> Markup {
        let brand = self.t("税贷易", "Shuidaiyi");
        html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · " (brand) }
                    link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/assets/portal.css";
                    link rel="stylesheet" href="/assets/consents.css";
                    script src="/assets/portal.js" defer {}
                }
                body {
                    a.skip href="#main" { (self.t("跳到正文", "Skip to content")) }
                    (self.header(menu, brand))
                    main #main tabindex="-1" { (main) }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self, menu: Menu, brand: &str) -> Markup {
        let other = self.lang.other();
        html! {
            header.top {
                div.bar {
                    a.brand href="/" {
                        img src="/assets/icon.svg" alt="" width="34" height="34";
                        span { b { (brand) } small { (self.t("企业门户", "For firms")) } }
                    }
                    div.tools {
                        a.quiet-link href=(self.address.link(&[DONE], &[("lang", other.code())])) lang=(other.tag())
                            hreflang=(other.tag()) { (self.t("English", "中文")) }
                        @if let Some(who) = &self.who { (self.way_out(who)) } @else {
                            a.button.small href="/sign-in" { (self.t("登录", "Sign in")) }
                        }
                    }
                }
                @if let Some(who) = &self.who { (self.belonging(who, menu)) }
            }
        }
    }

    fn way_out(&self, who: &Who) -> Markup {
        html! {
            form method="post" action="/sign-out" {
                input type="hidden" name=(TOKEN) value=(who.token);
                button.plain.small type="submit" { (self.t("退出", "Sign out")) }
            }
        }
    }

    fn belonging(&self, who: &Who, menu: Menu) -> Markup {
        html! {
            div.who {
                p {
                    @if let Some(firm) = &who.firm {
                        b { (firm.name) } " "
                        span.quiet { (who.name) " · " (role_name(self.lang, firm.role)) }
                    } @else { b { (who.name) } }
                }
                @if who.has_others { a.quiet-link href="/firms" { (self.t("切换企业", "Switch firm")) } }
            }
            @if who.firm.is_some() {
                nav.menu aria-label=(self.t("主菜单", "Main menu")) {
                    @for (one, path, zh, en) in MENU {
                        a href=(path) aria-current=[(*one == menu).then_some("page")] { (self.t(zh, en)) }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer {
                p { (self.t(
                    "本服务免费，不经任何中介。凡以税贷易名义收费、索要密码或验证码的，均属冒充。",
                    "This service is free and has no intermediaries. Whoever asks for a fee, a password or a code in its name is an impostor.",
                ))
                @if self.who.as_ref().is_some_and(|who| who.firm.is_some()) {
                    " " a.quiet-link href="/report" { (self.t("举报中介", "Report an intermediary")) }
                } }
            }
        }
    }
}

/// What a role is called.
pub fn role_name(lang: Lang, role: PortalRole) -> &'static str {
    match role {
        PortalRole::LegalRepresentative => lang.pick("法定代表人", "legal representative"),
        PortalRole::Owner => lang.pick("负责人", "owner"),
        PortalRole::FinancialOfficer => lang.pick("财务负责人", "financial officer"),
        PortalRole::Bookkeeper => lang.pick("办税员（代理记账）", "bookkeeper"),
        PortalRole::Agent => lang.pick("涉税专业服务人员", "tax agent"),
    }
}
