//! Banks ask over the gateway: quotas, places to return to, no nagging, and no answer that tells one firm from another.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shuidaiyi::domain::representative::PortalRole;
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::service::admin::{Change, apply};
use shuidaiyi::service::requests::{self, Grant, clock};

use crate::requests::{acting, ticked};
use crate::support::oracle::kinds;
use crate::support::wire::Wire;
use crate::support::{Backend, Site, both_backends};

both_backends!(
    no_answer_tells_one_firm_from_another,
    a_bank_that_was_declined_or_blocked_does_not_get_through,
    a_person_returns_only_to_what_is_registered,
    quotas_count_firms_that_do_not_exist,
    a_dry_run_leaves_no_trace,
    time_reminds_and_ends,
);

const PATH: &str = "/v1/consent-requests";

fn body(bank: &str, taxpayer: &str) -> Value {
    json!({
        "taxpayer_id": taxpayer, "product_id": format!("{bank}-credit"), "sections": ["registration", "rating"],
        "window_months": 24, "purpose": ["pre_loan"], "valid_days": 90, "pulls": 3, "bank_ref": "case-7"
    })
}

async fn ask(site: &Site, bank: &str, body: Value) -> (StatusCode, Value) {
    site.json(bank, Method::POST, PATH, Some(body)).await
}

async fn asked(site: &Site, bank: &str, taxpayer: &str) -> String {
    let (status, answer) = ask(site, bank, body(bank, taxpayer)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    answer["request_id"].as_str().unwrap().to_owned()
}

/// An answer with everything replaced that differs between any two requests: ids, tokens, instants, the taxpayer asked for.
fn shape(value: &Value, taxpayer: &str) -> Value {
    let mut text = value.to_string().replace(taxpayer, "TAXPAYER");
    for name in ["request_id", "number", "sign_url", "asked_at", "expires_at"] {
        if let Some(own) = value[name].as_str() {
            let kind: String = own.chars().map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c }).collect();
            text = text.replace(own, &kind.replace('_', "x").replace("--", "xx"));
        }
    }
    let mut shaped: Value = serde_json::from_str(&text).unwrap();
    // A token's letters, digits, '-' and '_' say nothing: its length does.
    if let Some(url) = value["sign_url"].as_str() {
        let (place, token) = url.rsplit_once('/').unwrap();
        shaped["sign_url"] = json!([place, token.len()]);
    }
    shaped
}

async fn no_answer_tells_one_firm_from_another(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let (_, _, strangers) = site.write_city(8, 12);
    site.product("bank-01").await;
    let exchange = site.exchange();
    let of = |n: usize| acting(&site, &firms[n].taxpayer_id, PortalRole::LegalRepresentative);
    // One that blocked the bank, one that declined, one that never answers, and one that does not exist.
    requests::block(exchange, &of(0), "bank-01".parse().unwrap()).await.unwrap();
    let first = asked(&site, "bank-01", firms[1].taxpayer_id.as_str()).await;
    requests::decline(exchange, &of(1), first, false).await.unwrap();
    let asked_for = [
        firms[0].taxpayer_id.as_str(),
        firms[1].taxpayer_id.as_str(),
        firms[2].taxpayer_id.as_str(),
        strangers[0].taxpayer_id.as_str(),
    ];
    let (mut answers, mut ids) = (Vec::new(), Vec::new());
    for taxpayer in asked_for {
        let (status, answer) = ask(&site, "bank-01", body("bank-01", taxpayer)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        ids.push(answer["request_id"].as_str().unwrap().to_owned());
        answers.push(shape(&answer, taxpayer));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:#?}");
    // The third declines only now: what the bank reads stays the same, until all of it has lapsed.
    requests::decline(exchange, &of(2), ids[2].clone(), true).await.unwrap();
    for (days, expected) in [(0, "requested"), (31, "lapsed")] {
        site.clock.advance_seconds(days * 86_400);
        exchange.blocking(clock::turn).await.unwrap();
        let mut views = Vec::new();
        for (id, taxpayer) in ids.iter().zip(asked_for) {
            let (status, view) = site.json("bank-01", Method::GET, &format!("{PATH}/{id}"), None).await;
            assert_eq!((status, view["status"].as_str()), (StatusCode::OK, Some(expected)), "{view}");
            views.push(shape(&view, taxpayer));
        }
        assert!(views.windows(2).all(|two| two[0] == two[1]), "{views:#?}");
    }
    // Nor do its own entries tell: what the firms did is not among them.
    let (_, own) = site.json("bank-01", Method::GET, "/v1/ledger/entries?limit=1000", None).await;
    let text = own.to_string();
    let told = base64_kinds(&own);
    assert_eq!(told.iter().filter(|kind| *kind == "consent.requested").count(), 5, "{told:?}");
    for kind in ["consent.declined", "consent.lapsed", "consent.bank_blocked"] {
        assert!(!told.iter().any(|known| known == kind), "{kind}: {text}");
    }
    let (foreign, _) = site.json("bank-02", Method::GET, &format!("{PATH}/{}", ids[0]), None).await;
    assert_eq!(foreign, StatusCode::NOT_FOUND);
    let (_, list) = site.json("bank-02", Method::GET, PATH, None).await;
    assert_eq!(list["items"], json!([]));
}

fn base64_kinds(page: &Value) -> Vec<String> {
    use base64::Engine;
    let entry = |item: &Value| {
        let text = item["entry"].as_str().or_else(|| item["receipt"]["entry"].as_str()).unwrap();
        let leaf = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let leaf: Value = serde_json::from_slice(&leaf).unwrap();
        leaf["kind"].as_str().unwrap().to_owned()
    };
    page["items"].as_array().unwrap().iter().map(entry).collect()
}

async fn pending(site: &Site, taxpayer: &TaxpayerId) -> Vec<String> {
    let representative = acting(site, taxpayer, PortalRole::LegalRepresentative);
    let open = requests::pending(site.exchange(), &representative).await.unwrap();
    open.into_iter().map(|one| one.id).collect()
}

async fn a_bank_that_was_declined_or_blocked_does_not_get_through(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = &firms[0].taxpayer_id;
    for bank in ["bank-01", "bank-02"] {
        site.product(bank).await;
    }
    let exchange = site.exchange();
    let first = asked(&site, "bank-01", firm.as_str()).await;
    assert_eq!(pending(&site, firm).await, [first.as_str()]);
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    requests::decline(exchange, &representative, first.clone(), false).await.unwrap();
    let again = asked(&site, "bank-01", firm.as_str()).await;
    assert!(pending(&site, firm).await.is_empty(), "no nagging");
    let shown = requests::show(exchange, &representative, again).await;
    assert!(shown.is_err(), "not even by its id");
    let other = asked(&site, "bank-02", firm.as_str()).await;
    assert_eq!(pending(&site, firm).await, [other.as_str()], "another bank is another matter");
    requests::block(exchange, &representative, "bank-02".parse().unwrap()).await.unwrap();
    assert!(pending(&site, firm).await.is_empty(), "what waits of a blocked bank is not shown either");
    site.clock.advance_seconds(31 * 86_400);
    let later = asked(&site, "bank-01", firm.as_str()).await;
    let _blocked = asked(&site, "bank-02", firm.as_str()).await;
    assert_eq!(pending(&site, firm).await, [later.as_str()]);
    assert_eq!(requests::blocks(exchange, &representative).await.unwrap().len(), 1);
    requests::unblock(exchange, &representative, "bank-02".parse().unwrap()).await.unwrap();
    let heard = asked(&site, "bank-02", firm.as_str()).await;
    assert_eq!(pending(&site, firm).await, [later, heard]);
    let kinds = kinds(&site.entries());
    assert_eq!((kinds["consent.bank_blocked"], kinds["consent.bank_unblocked"]), (1, 1));
}

async fn a_person_returns_only_to_what_is_registered(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = &firms[0].taxpayer_id;
    site.product("bank-01").await;
    let exchange = site.exchange();
    let bank = || "bank-01".parse().unwrap();
    let prefix = "https://loan.bank.example/back";
    let register = vec![Change::AddReturnUrl(bank(), prefix.parse().unwrap())];
    {
        let exchange = exchange.clone();
        tokio::task::spawn_blocking(move || apply(&exchange, register, "张三".into()).map(drop))
            .await
            .unwrap()
            .unwrap();
    }
    for attack in [
        "https://evil.example/back",
        "https://loan.bank.example/backdoor",
        "https://loan.bank.example@evil.example/back",
        "https://loan.bank.example/back/../evil",
        "https://loan.bank.example/back?next=https://evil.example",
        "https://loan.bank.example/back#x",
        "https://loan.bank.example:8443/back",
        "http://loan.bank.example/back",
        "//evil.example/back",
        "javascript:alert(1)",
        "https://loan.bank.example/back\r\nSet-Cookie: a=b",
        "",
    ] {
        let mut request = body("bank-01", firm.as_str());
        request["return_url"] = attack.into();
        let (status, answer) = ask(&site, "bank-01", request).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{attack}: {answer}");
        assert_eq!(answer["errors"][0]["pointer"], "/return_url", "{answer}");
    }
    for state in ["", "a b", "é", &"x".repeat(257)] {
        let mut request = body("bank-01", firm.as_str());
        request["state"] = (*state).into();
        assert_eq!(ask(&site, "bank-01", request).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{state}");
    }
    let mut request = body("bank-01", firm.as_str());
    (request["return_url"], request["state"]) = (format!("{prefix}/case").into(), "a&outcome=granted".into());
    let (_, answer) = ask(&site, "bank-01", request).await;
    let id = answer["request_id"].as_str().unwrap().to_owned();
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let token = answer["sign_url"].as_str().unwrap().rsplit_once('/').unwrap().1;
    let opened = requests::by_token(exchange, &representative, token).await.unwrap();
    assert_eq!((opened.id.as_str(), opened.returns), (id.as_str(), true));
    assert_eq!(
        requests::return_to(exchange, &representative, id.clone()).await.unwrap(),
        None,
        "no answer yet"
    );
    let item = ticked(exchange, &representative, &id).await;
    let granted = requests::grant(exchange, &representative, Grant { items: vec![item] }).await.unwrap();
    let back = requests::return_to(exchange, &representative, id.clone()).await.unwrap().unwrap();
    assert_eq!(
        back,
        format!("{prefix}/case?request_id={id}&outcome=answered&state=a%26outcome%3Dgranted"),
        "what was answered is not in it"
    );
    let (_, view) = site.json("bank-01", Method::GET, &format!("{PATH}/{id}"), None).await;
    assert_eq!(view["status"], "granted");
    assert_eq!(view["consent_id"], granted[0].consent.terms.id.as_str());
}

async fn quotas_count_firms_that_do_not_exist(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    let (_, _, strangers) = site.write_city(8, 12);
    site.product("bank-01").await;
    for taxpayer in [firms[0].taxpayer_id.as_str(), strangers[0].taxpayer_id.as_str()] {
        for _ in 0..3 {
            asked(&site, "bank-01", taxpayer).await;
        }
        let response = site.ask("bank-01", Method::POST, PATH, Some(body("bank-01", taxpayer))).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(response.headers().contains_key("retry-after"));
    }
    asked(&site, "bank-01", firms[1].taxpayer_id.as_str()).await;
    // The same request under one key is one request with one answer.
    let wire = Wire::new(&site, "bank-01", &site.url());
    let same = body("bank-01", firms[2].taxpayer_id.as_str());
    let first = wire.post(PATH, &same, Some("key-1")).await.unwrap();
    let second = wire.post(PATH, &same, Some("key-1")).await.unwrap();
    assert_eq!(first.0, StatusCode::ACCEPTED, "{}", first.1);
    assert_eq!(first, second);
    let other =
        wire.post(PATH, &body("bank-01", firms[3].taxpayer_id.as_str()), Some("key-1")).await.unwrap();
    assert_eq!(other.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.1);
    site.clock.advance_seconds(86_400);
    asked(&site, "bank-01", firms[0].taxpayer_id.as_str()).await;
    assert_eq!(kinds(&site.entries())["consent.requested"], 9);
}

async fn a_dry_run_leaves_no_trace(backend: Backend) {
    let site = Site::start(backend);
    let firms = site.load_city(12);
    site.product("bank-01").await;
    site.product("bank-02").await;
    let entries = site.entries().len();
    let dry = |change: fn(&mut Value)| {
        let mut request = body("bank-01", firms[0].taxpayer_id.as_str());
        request["dry_run"] = true.into();
        change(&mut request);
        ask(&site, "bank-01", request)
    };
    let (status, answer) = dry(|_| {}).await;
    assert_eq!((status, &answer), (StatusCode::OK, &json!({"allowed": true, "problems": []})));
    for (change, pointer) in [
        ((|r| r["product_id"] = "bank-02-credit".into()) as fn(&mut Value), "/product_id"),
        (|r| r["sections"] = json!(["payments"]), "/sections"),
        (|r| r["window_months"] = 37.into(), "/window_months"),
        (|r| r["valid_days"] = 3000.into(), "/valid_days"),
        (|r| r["pulls"] = 100_000.into(), "/pulls"),
        (|r| r["purpose"] = json!(["post_loan"]), "/purpose"),
        (|r| r["share_outcome_with"] = json!(["bank-02"]), "/share_outcome_with"),
        (|r| r["return_url"] = "https://evil.example/".into(), "/return_url"),
        (|r| r["taxpayer_id"] = "123".into(), "/taxpayer_id"),
    ] {
        let (status, answer) = dry(change).await;
        assert_eq!((status, &answer["allowed"]), (StatusCode::OK, &json!(false)), "{answer}");
        assert_eq!(answer["problems"][0]["pointer"], pointer, "{answer}");
        assert_eq!(answer["problems"].as_array().unwrap().len(), 1, "{answer}");
    }
    assert_eq!(site.entries().len(), entries);
    let (_, list) = site.json("bank-01", Method::GET, PATH, None).await;
    assert_eq!(list["items"], json!([]));
}

async fn time_reminds_and_ends(backend: Backend) {
    let mut site = Site::start(backend);
    let firms = site.load_city(12);
    let firm = &firms[0].taxpayer_id;
    site.product("bank-01").await;
    let id = asked(&site, "bank-01", firm.as_str()).await;
    let waiting = "request_waiting";
    for (days, reminded, lapsed) in
        [(2, 0, None), (2, 1, None), (1, 1, None), (26, 1, Some(&1)), (1, 1, Some(&1))]
    {
        site.clock.advance_seconds(days * 86_400);
        // What is due is in rows: a gateway that was down does it when it is back.
        site.restart();
        site.exchange().blocking(clock::turn).await.unwrap();
        assert_eq!(kinds(&site.entries()).get("consent.lapsed"), lapsed);
        let taxpayer = firm.as_str().to_owned();
        let told = site
            .exchange()
            .blocking(move |e| {
                Ok(e.ledger.read(|c| shuidaiyi::store::notifications::page(c, &taxpayer, None, 100))?)
            })
            .await
            .unwrap();
        let count = told.iter().filter(|one| one.notice.kind().as_str() == waiting).count();
        assert_eq!(count, reminded, "after {days} more days");
    }
    let representative = acting(&site, firm, PortalRole::LegalRepresentative);
    let late = requests::decline(site.exchange(), &representative, id, false).await;
    assert!(late.is_err(), "it has lapsed");
}
