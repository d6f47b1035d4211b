//! Records of each section, in the shapes of the contract between bureau and exchange.

use serde_json::{Value, json};

use crate::fixture::month;

/// Months of the sample's window that have closed: 2023-11 to 2026-10.
fn months() -> impl Iterator<Item = (i64, i32, u32)> {
    (0..36_i64).map(|place| {
        let month = 2023 * 12 + 10 + i32::try_from(place).unwrap();
        (place, month.div_euclid(12), u32::try_from(month.rem_euclid(12)).unwrap() + 1)
    })
}

/// Sales of a month: growth, a season, a little noise; in fen.
fn sales(place: i64) -> i64 {
    let season =
        [104, 112, 96, 70, 98, 101, 103, 100, 97, 99, 108, 110][usize::try_from(place % 12).unwrap()];
    (1_200_000 + place * 18_000 + (place * 7_919) % 90_000) * season
}

fn day(year: i32, month: u32, day: u32) -> String {
    let next = year * 12 + i32::try_from(month).unwrap();
    format!("{:04}-{:02}-{day:02}", next.div_euclid(12), next.rem_euclid(12) + 1)
}

pub fn registration(name: &str) -> Vec<Value> {
    let entry = json!({
        "record": "registration", "acct_mode": "11", "acct_regime": "102", "authority": "14403050000",
        "biz_address": "深圳市南山区样湖路181号2771室", "currency": "CNY", "employees": 24, "industry": "3824", "name": name,
        "reg_address": "深圳市南山区样湖路181号2771室", "reg_capital_fen": 100_000_000, "reg_date": "2020-01-17",
        "reg_no": "10124403050000000000", "reg_type": "159", "region": "440305",
        "scope": "电力电子元器件制造；电子元器件批发；货物进出口；技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广",
        "status": "03", "taxpayer_id": "91440305MA1000009U", "uscc": "91440305MA1000009U", "vat_class": "general",
        "vat_class_from": "2020-01-17", "vat_class_to": null, "size_class": "small", "collection_mode": "books",
        "legal_rep_match": "yes", "withheld": ["legal_rep_name"],
        "checks": {"passed": 0, "failed": 1, "skipped": 0},
        "marks": [{"rule": "uscc.check", "field": "uscc", "stated": "U", "computed": "X"}],
    });
    vec![
        entry,
        json!({"record": "status", "status": "03", "status_from": "2020-01-17", "status_to": "2022-08-09", "cause": "登记"}),
        json!({"record": "status", "status": "05", "status_from": "2022-08-10", "status_to": "2022-09-30", "cause": "连续三个月未申报"}),
        json!({"record": "status", "status": "03", "status_from": "2022-10-01", "status_to": null, "cause": "解除非正常"}),
        json!({"record": "change", "item": "capital", "changed_on": "2024-03-05", "before": "人民币50万元", "after": "人民币100万元"}),
        json!({"record": "change", "item": "legal_rep", "changed_on": "2025-06-20", "before": null, "after": null}),
    ]
}

pub fn rating() -> Vec<Value> {
    let one = |year: i32, level: &str, score: Value, until: Value, cause: &str, case: Value| {
        json!({"year": year, "level": level, "score": score, "assessed_on": format!("{}-04-28", year + 1),
               "valid_from": format!("{}-04-28", year + 1), "superseded_on": until, "cause": cause, "direct_d_case": case})
    };
    vec![
        one(2022, "D", Value::Null, json!("2024-04-28"), "annual", json!(9)),
        one(2023, "C", json!("68"), json!("2025-04-28"), "annual", Value::Null),
        one(2024, "B", json!("86.5"), json!("2026-04-28"), "annual", Value::Null),
        one(2025, "A", json!("92"), Value::Null, "repair", Value::Null),
    ]
}

pub fn filings() -> Vec<Value> {
    let mut found: Vec<Value> = months().filter(|(place, ..)| *place != 18).map(vat).collect();
    found.extend(months().filter(|(_, _, month)| month % 3 == 0).map(prepayment));
    found.extend([2024, 2025].map(annual));
    found.extend(months().filter(|(place, ..)| *place != 18).flat_map(surcharges));
    found
}

fn vat((place, year, month_no): (i64, i32, u32)) -> Value {
    let total = sales(place);
    let output = total * 13 / 100;
    let input = output * 78 / 100;
    let late = place % 11 == 5;
    let rows = json!({
        "sales_std_fen": total - 5_000_000, "sales_simple_fen": 5_000_000, "sales_export_fen": 0, "sales_exempt_fen": 0,
        "output_tax_fen": output, "input_tax_fen": input, "payable_total_fen": output - input + 150_000,
        "due_or_refund_fen": output - input + 150_000, "carried_out_fen": 0,
    });
    let mut filing = json!({
        "tax_kind": "10101", "form": "vat_general", "form_version": "2021", "period": month(year, month_no),
        "due": day(year, month_no, 15), "filed_on": day(year, month_no, if late { 18 } else { 12 }),
        "pay_due": day(year, month_no, 15), "correction": if place == 20 { "amended" } else { "original" }, "voided": false,
        "general": {"month": rows, "ytd": {}}, "checks": {"passed": 11, "failed": 0, "skipped": 2},
    });
    if place == 9 {
        filing["checks"] = json!({"passed": 10, "failed": 1, "skipped": 2});
        filing["marks"] = json!([{"rule": "vat_general.row_24", "field": "general.month.payable_total_fen",
                                  "stated_fen": output - input + 150_000, "computed_fen": output - input + 150_003}]);
    }
    filing
}

fn prepayment((place, year, month_no): (i64, i32, u32)) -> Value {
    let revenue: i64 = (0..=place).rev().take(usize::try_from(month_no).unwrap()).map(sales).sum();
    let profit = if place < 5 { -revenue / 40 } else { revenue / 14 };
    let payable = profit.max(0) * 25 / 100;
    json!({
        "tax_kind": "10104", "form": "cit_prepayment", "form_version": "2021",
        "period": {"from": format!("{year}-{:02}-01", month_no - 2), "to": month(year, month_no)["to"], "freq": "quarter"},
        "due": day(year, month_no, 15), "filed_on": day(year, month_no, 13), "pay_due": day(year, month_no, 15),
        "correction": "original", "voided": false, "rate_bp": 2500, "employees_opening": 20, "employees_closing": 22 + place / 6,
        "assets_opening_fen": 900_000_000, "assets_closing_fen": 950_000_000, "small_low_profit": true,
        "figures": {"ytd": {"revenue_fen": revenue, "cost_fen": revenue * 8 / 10, "profit_total_fen": profit,
                    "payable_fen": payable, "reduction_fen": payable * 4 / 5, "due_or_refund_fen": payable / 5}},
        "checks": {"passed": 3, "failed": 0, "skipped": 0},
    })
}

fn annual(year: i32) -> Value {
    let revenue: i64 = if year == 2024 { 1_750_000_000 } else { 2_050_000_000 };
    let profit = revenue / 14;
    json!({
        "tax_kind": "10104", "form": "cit_annual", "form_version": "2017",
        "period": {"from": format!("{year}-01-01"), "to": format!("{year}-12-31"), "freq": "year"},
        "due": format!("{}-05-31", year + 1), "filed_on": format!("{}-05-20", year + 1), "pay_due": null,
        "correction": "original", "voided": false,
        "figures": {"revenue_fen": revenue, "cost_fen": revenue * 8 / 10, "profit_total_fen": profit,
                    "adjusted_income_fen": profit + 1_200_000, "taxable_income_fen": profit + 1_200_000, "rate_bp": 2500,
                    "payable_total_fen": (profit + 1_200_000) / 20, "due_or_refund_fen": -12_345},
    })
}

fn surcharges((place, year, month_no): (i64, i32, u32)) -> Vec<Value> {
    let vat = sales(place) * 13 / 100 * 22 / 100 + 150_000;
    let line = |kind: &str, item: &str, rate: i64| {
        json!({"tax_kind": kind, "tax_item": item, "form": "other_tax", "form_version": "2021", "period": month(year, month_no),
               "due": day(year, month_no, 15), "filed_on": day(year, month_no, 12), "pay_due": day(year, month_no, 15),
               "correction": "original", "voided": false, "base_fen": vat, "rate_bp": rate,
               "payable_fen": vat * rate / 10_000, "relief_fen": vat * rate / 20_000, "prepaid_fen": 0,
               "due_or_refund_fen": vat * rate / 20_000})
    };
    vec![
        line("10109", "市区（增值税附征）", 700),
        line("30203", "增值税教育费附加", 300),
        line("10999", "101119999", 3),
    ]
}

pub fn small_filings() -> Vec<Value> {
    let quarter = |place: i64| {
        let (year, first) = (2023 + (place + 3) / 4, (place + 3) % 4 * 3 + 1);
        json!({
            "tax_kind": "10101", "form": "vat_small", "form_version": "2021",
            "period": {"from": format!("{year}-{first:02}-01"),
                       "to": month(i32::try_from(year).unwrap(), u32::try_from(first).unwrap() + 2)["to"], "freq": "quarter"},
            "due": format!("{year}-12-31"), "filed_on": format!("{year}-12-01"), "pay_due": null, "correction": "original", "voided": false,
            "figures": {"period": {"sales_taxable_fen": if place == 3 { Value::Null } else { json!(30_000_000 + place * 1_000_000) },
                        "sales_exempt_fen": 0, "sales_export_exempt_fen": 0, "payable_total_fen": 300_000, "due_or_refund_fen": 300_000}, "ytd": {}},
        })
    };
    (0..12).filter(|place| *place != 6).map(quarter).collect()
}

pub fn payments() -> Vec<Value> {
    let mut found = Vec::new();
    for (place, year, month_no) in months().filter(|(place, ..)| *place != 18) {
        let amount = sales(place) * 13 / 100 * 22 / 100 + 150_000;
        let paid = day(year, month_no, if place % 11 == 5 { 19 } else { 13 });
        let one = |kind: &str, class: &str, amount: i64, base: i64| {
            json!({"tax_kind": kind, "tax_item": null, "class": class, "period": month(year, month_no), "base_fen": base,
                   "rate_bp": null, "amount_fen": amount, "pay_due": day(year, month_no, 15), "paid_on": paid,
                   "settled_on": paid, "voucher_ending": "4217", "withheld": ["voucher"]})
        };
        found.push(one("10101", "tax", amount, amount * 8));
        found.push(one("10109", "tax", amount * 7 / 200, amount));
        if place % 11 == 5 {
            let mut fee = one("10101", "late_fee", amount * 4 * 5 / 10_000, amount);
            fee["checks"] = json!({"passed": 1, "failed": 0, "skipped": 0});
            found.push(fee);
        }
        if month_no % 3 == 0 {
            found.push(one("10104", "tax", sales(place) / 90, sales(place) / 14));
        }
    }
    found.push(json!({"tax_kind": "39900", "class": "fine", "period": month(2025, 6), "base_fen": null, "amount_fen": 20_000,
                      "pay_due": null, "paid_on": "2025-07-01", "settled_on": null, "voucher_ending": "0009"}));
    found
}

pub fn arrears() -> Vec<Value> {
    vec![
        json!({"tax_kind": "10110", "tax_item": "101100700", "class": "tax", "period": {"from": "2026-01-01", "to": "2026-06-30", "freq": "event"},
               "due": "2026-07-15", "amount_fen": 1_234_500, "cleared_on": null}),
        json!({"tax_kind": "10101", "tax_item": null, "class": "tax", "period": month(2024, 4), "due": "2024-05-20", "amount_fen": 0, "cleared_on": "2024-06-03"}),
    ]
}

pub fn violations() -> Vec<Value> {
    vec![
        json!({"registered_on": "2025-06-24", "type": "0102", "facts": "2025年5月增值税及附加税费未按规定期限办理纳税申报和报送纳税资料", "means": null,
               "status": "resolved", "resolved_on": "2025-07-01", "period": month(2025, 5), "inspection_case": false,
               "first_time_exempt": false, "corrected": true, "voided": false}),
        json!({"registered_on": "2026-08-02", "type": "0305", "facts": "未按规定开具发票", "means": "开票信息不全", "status": "unresolved",
               "resolved_on": null, "period": null, "inspection_case": false, "first_time_exempt": true, "corrected": false, "voided": false}),
    ]
}

pub fn inspections() -> Vec<Value> {
    vec![json!({
        "decision_no": "深税稽处〔2024〕0123号", "served_on": "2024-09-12", "status": "effective", "name": "2021至2022年度增值税检查",
        "type": "专项检查", "examined_from": "2021-01-01", "examined_to": "2022-12-31", "opened_on": "2023-11-02",
        "closed_on": "2024-09-10", "executed_on": null, "due_tax_fen": 8_650_000, "due_late_fee_fen": 2_110_077, "due_fine_fen": 4_325_000,
        "paid_tax_fen": 8_650_000, "paid_late_fee_fen": 2_110_077, "paid_fine_fen": 0, "major_case": false,
        "checks": {"passed": 3, "failed": 0, "skipped": 0},
    })]
}

pub fn statements() -> Vec<Value> {
    let mut found = Vec::new();
    let periods = [
        ("2023-01-01", "2023-12-31", 14),
        ("2024-01-01", "2024-12-31", 17),
        ("2025-01-01", "2025-12-31", 20),
        ("2026-07-01", "2026-09-30", 16),
    ];
    for (from, to, size) in periods {
        let head = |form: &str| {
            json!({"form": form, "form_version": "2013", "regime": "102", "filed_on": "2026-10-20", "correction": "original",
                   "audited": to.starts_with("2024"), "period": {"from": from, "to": to, "freq": if to.ends_with("12-31") { "year" } else { "quarter" }},
                   "checks": {"passed": 9, "failed": 0, "skipped": 0}})
        };
        let unit: i64 = size * 1_000_000;
        let mut balance = head("balance_sheet_small");
        balance["figures"] = json!({"closing": {
            "cash_fen": unit * 4, "accounts_receivable_fen": unit * 21, "inventories_fen": unit * 18, "current_assets_total_fen": unit * 45,
            "fixed_assets_fen": unit * 12, "assets_total_fen": unit * 60, "short_loans_fen": unit * 10, "accounts_payable_fen": unit * 14,
            "taxes_payable_fen": unit, "current_liabilities_total_fen": unit * 27, "long_loans_fen": null, "liabilities_total_fen": unit * 31,
            "paid_in_capital_fen": 100_000_000, "undistributed_profit_fen": unit * 29 - 100_000_000, "equity_total_fen": unit * 29}, "opening": {}});
        let mut income = head("income_statement_small");
        income["figures"] = json!({"current": {}, "ytd": {
            "revenue_fen": unit * 100, "cost_fen": unit * 81, "taxes_and_surcharges_fen": unit, "selling_expenses_fen": unit * 4,
            "administrative_expenses_fen": unit * 7, "finance_expenses_fen": unit, "operating_profit_fen": unit * 6,
            "profit_total_fen": unit * 6, "income_tax_fen": unit / 3, "net_profit_fen": unit * 6 - unit / 3}});
        let mut cash = head("cash_flow_small");
        cash["figures"] = json!({"current": {}, "ytd": {"operating_net_fen": unit * 2, "investing_net_fen": -unit * 3,
            "financing_net_fen": unit, "net_increase_fen": 0, "closing_cash_fen": unit * 4}});
        found.extend([balance, income, cash]);
    }
    found
}

pub fn invoices() -> Vec<Value> {
    let mut found = Vec::new();
    for (place, year, month_no) in months() {
        let one = |direction: &str, net: i64| {
            json!({"record": "month", "period": month(year, month_no), "direction": direction, "invoice_count": 40 + place, "net_fen": net,
                   "tax_fen": net * 13 / 100, "red_count": place % 3, "red_net_fen": -(place % 3) * 120_000, "void_count": place % 2,
                   "counterparty_count": 18 + place % 5, "top1_share_bp": 2_310, "top10_share_bp": 8_125,
                   "checks": {"passed": 2, "failed": 0, "skipped": 0}})
        };
        found.push(one("issued", sales(place) * (92 + place % 12) / 100));
        if place != 30 {
            found.push(one("received", sales(place) * 78 / 100));
        }
    }
    for direction in ["issued", "received"] {
        found.extend((1..=10_i64).map(|rank| {
            json!({"record": "counterparty", "period": {"from": "2025-01-01", "to": "2025-12-31", "freq": "year"}, "direction": direction,
                   "rank": rank, "pseudonym": format!("p-{rank:02}Zq7rX0wK3m{direction}"), "net_fen": 400_000_000 / rank, "share_bp": 2_310 / rank})
        }));
    }
    found
}

pub fn employment() -> Vec<Value> {
    months()
        .filter(|(place, ..)| *place != 12)
        .map(|(place, year, month_no)| {
            let insured = 3 + place * 2 / 3;
            if insured < 5 {
                return json!({"period": month(year, month_no), "withheld": ["arrears_fen", "due_fen", "insured", "paid_fen", "wages_fen"]});
            }
            let wages = insured * 650_000;
            let due = wages * 24 / 100;
            let unpaid = if place == 33 { due / 2 } else { 0 };
            json!({"period": month(year, month_no), "insured": insured, "due_fen": due, "paid_fen": due - unpaid, "arrears_fen": unpaid,
                   "wages_fen": wages, "checks": {"passed": 1, "failed": 0, "skipped": 0}})
        })
        .collect()
}
