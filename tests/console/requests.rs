//! What no browser of ours sends: forms from elsewhere, without a token, with another's; and who is not let in.

use reqwest::{Client, Response, StatusCode};
use shuidaiyi::domain::member::Role;
use shuidaiyi::http::console;

use crate::support::{Backend, Site, both_backends};

both_backends!(a_bank_is_shown_the_door, forms_of_others_are_refused, every_page_answers_on_both_databases,);

const ABSENT: &str = "00000000-0000-7000-8000-000000000000";

async fn get(site: &Site, client: &Client, path: &str) -> Response {
    client.get(format!("{}{path}", site.url())).send().await.unwrap()
}

async fn a_bank_is_shown_the_door(backend: Backend) {
    let site = Site::start(backend);
    for member in ["bank-01", "platform"] {
        let client = site.client(member);
        for entry in console::table() {
            let path = entry.path.replace("{id}", ABSENT).replace("{name}", "console.css");
            let url = format!("{}{path}", site.url());
            let answer = client.request(entry.method.as_str().parse().unwrap(), url).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} as {member}");
            assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert!(answer.text().await.unwrap().contains("仅供税务机关与监管机构"));
        }
    }
    for entry in console::table() {
        assert!(
            !entry.allow.contains(&Role::Bank) && !entry.allow.contains(&Role::Platform),
            "{}",
            entry.path
        );
    }
}

async fn forms_of_others_are_refused(backend: Backend) {
    let site = Site::start(backend);
    let (bureau, regulator) = (site.client("bureau"), site.client("regulator"));
    let token = |page: String| {
        let at = page.split("name=\"token\" value=\"").nth(1).unwrap();
        at.split('"').next().unwrap().to_owned()
    };
    let own = token(get(&site, &bureau, "/console/members").await.text().await.unwrap());
    let url = format!("{}/console/members/bank-01/suspension", site.url());
    let send = async |client: &Client, token: &str, from: &str| {
        let form = bureau_form(client, &url, token).header("sec-fetch-site", from);
        form.send().await.unwrap().status()
    };
    let before = site.entries().len();
    assert_eq!(send(&bureau, &own, "cross-site").await, StatusCode::BAD_REQUEST, "from elsewhere");
    assert_eq!(send(&bureau, "", "same-origin").await, StatusCode::BAD_REQUEST, "without a token");
    assert_eq!(send(&bureau, &"A".repeat(43), "same-origin").await, StatusCode::BAD_REQUEST, "another token");
    assert_eq!(
        send(&regulator, &own, "same-origin").await,
        StatusCode::FORBIDDEN,
        "the regulator changes nothing"
    );
    assert_eq!(
        bureau_form(&bureau, &url, &own).send().await.unwrap().status(),
        StatusCode::BAD_REQUEST,
        "from nowhere"
    );
    let bare = site.entries().len();
    assert_eq!(bare, before, "nothing of this did anything");
    site.clock.advance_seconds(7_201);
    assert_eq!(send(&bureau, &own, "same-origin").await, StatusCode::BAD_REQUEST, "a token of hours ago");
    let fresh = token(get(&site, &bureau, "/console/members").await.text().await.unwrap());
    let done = send(&bureau, &fresh, "same-origin").await;
    assert!(done.is_success() || done.is_redirection(), "{done}");
    assert_eq!(site.ask("bank-01", reqwest::Method::GET, "/v1/products", None).await.status(), 401);
}

fn bureau_form(client: &Client, url: &str, token: &str) -> reqwest::RequestBuilder {
    let body = format!("token={token}");
    client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body)
}

async fn every_page_answers_on_both_databases(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(2);
    site.product("bank-01").await;
    let consent = site.consent("bank-01", firms[0].taxpayer_id.as_str(), |_| {}).await;
    let (status, pulled) = site.pull("bank-01", consent["id"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = pulled["release_id"].as_str().unwrap();
    let bureau = site.client("bureau");
    for (path, holds) in [
        ("/console".to_owned(), "今日放行"),
        ("/console/".to_owned(), "今日放行"),
        ("/console?lang=en".to_owned(), "Released today"),
        ("/console/releases?bank=bank-01&outcome=granted".to_owned(), id),
        ("/console/releases?from=2020-01-01&to=2020-01-31".to_owned(), "没有符合条件的记录"),
        ("/console/releases?from=x&to=9999999-99-99&bank=%00&before=%F0%9F".to_owned(), "明细"),
        (format!("/console/releases/{id}"), "重算一致"),
        (format!("/console/entries?taxpayer={}", firms[0].taxpayer_id), id),
        ("/console/ledger".to_owned(), "检查点"),
        ("/console/firms".to_owned(), "没有待办的更正"),
        ("/console/holds".to_owned(), "目前没有冻结"),
        ("/console/cases".to_owned(), "没有未结案件"),
        ("/console/products".to_owned(), "bank-01-credit"),
        ("/console/products/bank-01-credit".to_owned(), "已批准的字段清单"),
        ("/console/members".to_owned(), "每日配额"),
        ("/console/assets/console.css".to_owned(), "--accent"),
    ] {
        let answer = get(&site, &bureau, &path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(holds), "{path} lacks {holds}");
    }
    for path in ["/console/releases/x", "/console/products/x", "/console/assets/x", "/console/x", "/consolex"]
    {
        assert_eq!(get(&site, &bureau, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
