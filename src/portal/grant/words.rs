//! Plain words on what can leave, for what, how far back and for how long.

use crate::domain::consent::{ConsentWindow, Purpose};
use crate::domain::consent_request::RequestTerms;
use crate::domain::section::Section;
use crate::http::html::lang::Lang;
use crate::http::html::words;

/// What a section holds, as its owner would say it.
pub fn about(lang: Lang, section: Section) -> &'static str {
    match section {
        Section::Registration => lang.pick(
            "企业名称、登记状态、行业、注册资本、经营地址等；不含身份证号和电话。",
            "Name, status, industry, capital, address. No identity or telephone numbers.",
        ),
        Section::Rating => lang.pick(
            "历年纳税信用级别及评价原因。",
            "The tax credit rating of each year, and why.",
        ),
        Section::Filings => lang.pick(
            "增值税、企业所得税等申报表的数字，以及是否按期申报。",
            "The figures of the returns for VAT, corporate income tax and others, and whether they were in time.",
        ),
        Section::Payments => lang.pick(
            "已缴税款、滞纳金、罚款的金额和日期；不含完整税票号码。",
            "Tax, late fees and fines paid, with amounts and days. No full voucher numbers.",
        ),
        Section::Arrears => lang.pick("尚未缴清的税款。", "Tax that is still owed."),
        Section::Violations => lang.pick(
            "已登记的税收违法违章及处理情况。",
            "Registered violations, and what became of them.",
        ),
        Section::Inspections => lang.pick(
            "已办结并送达决定的稽查案件；不含正在办理的案件。",
            "Inspections that ended with a served decision. None that is still open.",
        ),
        Section::Statements => lang.pick(
            "报送税务机关的资产负债表、利润表、现金流量表。",
            "Balance sheet, income statement and cash flow, as filed with the bureau.",
        ),
        Section::Invoices => lang.pick(
            "按月汇总的开票和受票金额、主要往来方占比（以代号表示）；不含发票明细和对方名称。",
            "Invoiced amounts by month, and the shares of the largest counterparties under aliases. No invoice lines, no names.",
        ),
        Section::Employment => lang.pick(
            "按月参保人数和社保费缴纳情况；不足5人的不显示，不含职工个人信息。",
            "Insured headcount and contributions by month. Nothing below 5 persons, nothing about any employee.",
        ),
    }
}

/// Which tax periods.
pub fn window(lang: Lang, window: ConsentWindow) -> String {
    match (window, lang) {
        (ConsentWindow::Rolling(rolling), Lang::Zh) => {
            format!("查询当月及之前{}个月（随查询时间滚动）", rolling.months)
        }
        (ConsentWindow::Rolling(rolling), Lang::En) => {
            format!("the month of each query and the {} months before it", rolling.months)
        }
        (ConsentWindow::Fixed(fixed), Lang::Zh) => format!("{} 至 {}", fixed.from(), fixed.to()),
        (ConsentWindow::Fixed(fixed), Lang::En) => format!("{} to {}", fixed.from(), fixed.to()),
    }
}

/// What for.
pub fn purposes(lang: Lang, purposes: &[Purpose]) -> String {
    let names: Vec<&str> = purposes.iter().map(|one| words::purpose(lang, one.as_str())).collect();
    names.join(lang.pick("、", ", "))
}

/// The sections by name.
pub fn sections(lang: Lang, sections: &[Section]) -> String {
    let names: Vec<&str> = sections.iter().map(|one| words::section(lang, *one)).collect();
    names.join(lang.pick("、", ", "))
}

/// The terms in a sentence: how long, how often, how far back.
pub fn summary(lang: Lang, terms: &RequestTerms) -> String {
    let (days, pulls, window) = (terms.valid_days, terms.pulls, window(lang, terms.window));
    match lang {
        Lang::Zh => format!("自授权起{days}天内，最多查询{pulls}次；数据范围：{window}"),
        Lang::En => format!("for {days} days from the grant, at most {pulls} queries; covering {window}"),
    }
}
