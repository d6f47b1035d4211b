//! A loan product for each bank, submitted by the bank and approved by the bureau. Names and terms are invented.

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Bank, Stage, patiently, text, unexpected};
use crate::cli::output::{Failure, say};
use crate::cli::synth_command::bar;
use crate::domain::section::Section;

/// An approved product, as consents name it.
pub struct Product {
    /// `bank-NN-credit`.
    pub id: String,
    /// What the firm reads.
    pub name: String,
    /// What the bureau lets leave for it.
    pub sections: Vec<Section>,
}

/// Name, largest amount in ten thousand yuan, rate, term and window in months, drawdown, repayment.
type Row = (&'static str, i64, &'static str, u32, u32, &'static str, &'static str);

const CATALOGUE: [Row; 12] = [
    ("青禾纳税信用贷", 300, "3.65", 12, 36, "revolving", "interest_monthly_bullet"),
    ("听澜经营信用贷", 500, "3.85", 24, 36, "multiple", "equal_instalment"),
    ("见山小微信用贷", 200, "4.05", 12, 24, "single", "equal_principal"),
    ("望舒随借随还贷", 100, "4.20", 12, 24, "revolving", "interest_monthly_bullet"),
    ("砚田科创信用贷", 1_000, "3.45", 36, 36, "multiple", "interest_quarterly_bullet"),
    ("帆影周转信用贷", 150, "4.35", 6, 12, "single", "bullet"),
    ("棠溪商户信用贷", 80, "4.60", 12, 24, "revolving", "interest_monthly_bullet"),
    ("星垂制造信用贷", 800, "3.55", 36, 36, "multiple", "interest_periodic_principal_steps"),
    ("临渊备货信用贷", 120, "4.25", 9, 12, "single", "bullet"),
    ("既白创业信用贷", 50, "3.95", 24, 24, "single", "equal_instalment"),
    ("鹤鸣外贸信用贷", 600, "3.75", 12, 36, "revolving", "interest_quarterly_bullet"),
    ("松月续航信用贷", 400, "4.10", 24, 36, "multiple", "equal_principal"),
];

/// Fen in ten thousand yuan.
const FEN_PER_WAN: i64 = 1_000_000;

/// Submits and approves; what stands already is left as it is.
pub async fn agree(stage: &Stage) -> Result<Vec<Product>, Failure> {
    let bar = bar("产品 products", u64::try_from(stage.banks.len()).unwrap_or(0));
    let mut products = Vec::new();
    for (bank, row) in stage.banks.iter().zip(CATALOGUE) {
        products.push(one(stage, bank, row).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(format!(
        "产品 products: {} 个，由银行提交、税务局核准字段清单 submitted by the banks, their field profiles approved by the bureau",
        products.len()
    ));
    Ok(products)
}

/// Every fourth bank gets no more than the first eight sections, the others all of them.
fn sections(bank: u32) -> Vec<Section> {
    let count = if bank.is_multiple_of(4) { 8 } else { Section::ALL.len() };
    Section::ALL.into_iter().take(count).collect()
}

/// What the bureau lets leave: less of persons' businesses for every third bank, and for every fifth a registration
/// without addresses and scope.
fn profile(bank: u32, sections: &[Section], window_months: u32) -> Value {
    let mut profile = json!({"sections": sections, "window_months": window_months});
    if bank.is_multiple_of(3) {
        let fewer: Vec<&Section> = sections.iter().take(7).collect();
        profile["personal_business"] = json!({"sections": fewer});
    }
    if bank.is_multiple_of(5) {
        let fields = [
            "name",
            "taxpayer_id",
            "uscc",
            "status",
            "industry",
            "reg_date",
            "reg_type",
            "region",
            "vat_class",
        ];
        profile["fields"] = json!({"registration": fields});
    }
    profile
}

async fn one(stage: &Stage, bank: &Bank, row: Row) -> Result<Product, Failure> {
    let (name, wan, rate_pct, term_months_max, window_months, drawdown, repayment) = row;
    let id = format!("{}-credit", bank.slug);
    let terms = json!({
        "name": name,
        "amount_max_fen": wan * FEN_PER_WAN,
        "rate_pct": rate_pct,
        "term_months_max": term_months_max,
        "drawdown": drawdown,
        "repayment": repayment,
        "security": "credit",
        "sections": Section::ALL,
        "window_months": window_months,
    });
    let path = format!("/v1/products/{id}");
    let submitted = patiently(async || bank.client.json(Method::PUT, &path, Some(&terms)).await).await;
    submitted.map_err(|error| unexpected(&format!("{}, product {id}", bank.slug), error))?;
    let sections = sections(bank.number);
    let body = json!({"profile": profile(bank.number, &sections, window_months)});
    let approval = format!("{path}/approval");
    let approved = patiently(async || stage.bureau.json(Method::POST, &approval, Some(&body)).await).await;
    let approved = approved.map_err(|error| unexpected(&format!("bureau, approval of {id}"), error))?;
    match text(&approved, "status")? {
        "approved" => Ok(Product { id, name: name.to_owned(), sections }),
        other => Err(Failure::system(format!("demo: product {id} is {other} after its approval"))),
    }
}
