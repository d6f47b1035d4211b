//! Chinese names of codes. A code without a name is shown as it came: a name is never guessed.
//!
//! Tax kinds are the bureau's 征收项目 list; registration types GB/T 12402 as the bureau uses it; industries the
//! sections of GB/T 4754-2017; districts GB/T 2260.

/// Codes with their names.
pub type Table = &'static [(&'static str, &'static str)];

/// 征收项目.
pub const TAX_KINDS: Table = &[
    ("10101", "增值税"),
    ("10102", "消费税"),
    ("10103", "营业税"),
    ("10104", "企业所得税"),
    ("10106", "个人所得税"),
    ("10107", "资源税"),
    ("10109", "城市维护建设税"),
    ("10110", "房产税"),
    ("10111", "印花税"),
    ("10112", "城镇土地使用税"),
    ("10113", "土地增值税"),
    ("10114", "车船税"),
    ("10116", "车辆购置税"),
    ("10118", "耕地占用税"),
    ("10119", "契税"),
    ("30203", "教育费附加"),
    ("30216", "地方教育附加"),
    ("30217", "文化事业建设费"),
    ("30218", "残疾人就业保障金"),
    ("39900", "其他收入"),
];

/// 纳税人状态.
pub const TAXPAYER_STATUSES: Table = &[
    ("01", "受理"),
    ("02", "筹建期"),
    ("03", "正常"),
    ("04", "停业"),
    ("05", "非正常"),
    ("06", "清算"),
    ("07", "注销"),
    ("08", "非正常户注销"),
    ("09", "报验"),
    ("10", "核销报验"),
];

/// 登记注册类型.
pub const REGISTRATION_TYPES: Table = &[
    ("110", "国有企业"),
    ("120", "集体企业"),
    ("130", "股份合作企业"),
    ("151", "国有独资公司"),
    ("159", "其他有限责任公司"),
    ("160", "股份有限公司"),
    ("171", "私营独资企业"),
    ("172", "私营合伙企业"),
    ("173", "私营有限责任公司"),
    ("174", "私营股份有限公司"),
    ("190", "其他企业"),
    ("210", "港澳台合资经营企业"),
    ("220", "港澳台合作经营企业"),
    ("230", "港澳台商独资企业"),
    ("240", "港澳台商投资股份有限公司"),
    ("310", "中外合资经营企业"),
    ("320", "中外合作经营企业"),
    ("330", "外资企业"),
    ("340", "外商投资股份有限公司"),
    ("410", "个体经营"),
    ("411", "内资个体"),
];

/// 会计制度.
pub const ACCOUNTING_REGIMES: Table =
    &[("101", "企业会计准则"), ("102", "小企业会计准则"), ("201", "企业会计制度")];

/// 增值税纳税人类型.
pub const VAT_CLASSES: Table = &[("general", "一般纳税人"), ("small_scale", "小规模纳税人")];

/// 企业规模, 工信部联企业〔2011〕300号.
pub const SIZE_CLASSES: Table =
    &[("large", "大型"), ("medium", "中型"), ("small", "小型"), ("micro", "微型")];

/// 征收方式.
pub const COLLECTION_MODES: Table = &[("books", "查账征收"), ("assessed", "核定征收")];

/// 变更项目.
pub const CHANGE_ITEMS: Table = &[
    ("name", "名称"),
    ("address", "地址"),
    ("legal_rep", "法定代表人"),
    ("capital", "注册资本"),
    ("scope", "经营范围"),
    ("reg_type", "登记注册类型"),
    ("merger", "合并分立"),
    ("other", "其他"),
];

/// Whether the bank's digest of the representative's identity number is the register's.
pub const MATCHES: Table = &[("yes", "一致"), ("no", "不一致"), ("unknown", "无法比对")];

/// Why a rating was made.
pub const RATING_CAUSES: Table = &[
    ("annual", "年度评价"),
    ("supplementary", "补评"),
    ("re-rating", "复评"),
    ("review", "复核"),
    ("dynamic", "动态调整"),
    ("repair", "信用修复"),
];

/// 税款种类.
pub const AMOUNT_CLASSES: Table =
    &[("tax", "税款"), ("late_fee", "滞纳金"), ("fine", "罚款"), ("interest", "利息")];

/// 违法处理状态.
pub const VIOLATION_STATUSES: Table = &[("unresolved", "未处理"), ("resolved", "已处理")];

/// 稽查决定状态.
pub const DECISION_STATUSES: Table =
    &[("effective", "生效"), ("under_review", "复议"), ("litigation", "诉讼"), ("revoked", "撤销")];

/// 首次申报或更正.
pub const CORRECTIONS: Table = &[("original", "首次申报"), ("amended", "更正申报")];

/// 查询目的.
pub const PURPOSES: Table =
    &[("pre_loan", "贷前审查"), ("post_loan", "贷后查询"), ("own-copy", "企业自取副本")];

/// Forms, also those that other parts of a dossier name as their source.
pub const FORMS: Table = &[
    ("registration", "登记信息"),
    ("status", "纳税人状态沿革"),
    ("change", "变更登记"),
    ("month", "月度汇总"),
    ("counterparty", "前十大交易对手"),
    ("registration_status", "纳税人状态沿革"),
    ("registration_change", "变更登记"),
    ("rating", "纳税缴费信用评价"),
    ("vat_general", "增值税（一般纳税人）"),
    ("vat_small", "增值税（小规模纳税人）"),
    ("cit_prepayment", "企业所得税预缴（A类）"),
    ("cit_annual", "企业所得税年度（A类）"),
    ("other_tax", "其他税费"),
    ("payment", "税款缴纳信息"),
    ("arrears", "欠税信息"),
    ("violation", "税收违法违章信息"),
    ("inspection", "稽查案件"),
    ("balance_sheet_small", "资产负债表（小企业会计准则）"),
    ("income_statement_small", "利润表（小企业会计准则）"),
    ("cash_flow_small", "现金流量表（小企业会计准则）"),
    ("balance_sheet_general", "资产负债表（企业会计准则）"),
    ("income_statement_general", "利润表（企业会计准则）"),
    ("cash_flow_general", "现金流量表（企业会计准则）"),
    ("invoice_month", "发票月度汇总"),
    ("invoice_counterparty", "前十大交易对手"),
    ("employment_month", "社会保险费缴纳信息"),
];

/// Districts of Shenzhen.
pub const REGIONS: Table = &[
    ("440300", "深圳市"),
    ("440303", "罗湖区"),
    ("440304", "福田区"),
    ("440305", "南山区"),
    ("440306", "宝安区"),
    ("440307", "龙岗区"),
    ("440308", "盐田区"),
    ("440309", "龙华区"),
    ("440310", "坪山区"),
    ("440311", "光明区"),
];

/// First and last division of each section of GB/T 4754-2017.
const INDUSTRIES: [(u32, u32, &str); 20] = [
    (1, 5, "农、林、牧、渔业"),
    (6, 12, "采矿业"),
    (13, 43, "制造业"),
    (44, 46, "电力、热力、燃气及水生产和供应业"),
    (47, 50, "建筑业"),
    (51, 52, "批发和零售业"),
    (53, 60, "交通运输、仓储和邮政业"),
    (61, 62, "住宿和餐饮业"),
    (63, 65, "信息传输、软件和信息技术服务业"),
    (66, 69, "金融业"),
    (70, 70, "房地产业"),
    (71, 72, "租赁和商务服务业"),
    (73, 75, "科学研究和技术服务业"),
    (76, 79, "水利、环境和公共设施管理业"),
    (80, 82, "居民服务、修理和其他服务业"),
    (83, 83, "教育"),
    (84, 85, "卫生和社会工作"),
    (86, 90, "文化、体育和娱乐业"),
    (91, 96, "公共管理、社会保障和社会组织"),
    (97, 97, "国际组织"),
];

/// The name of a code, or the code.
pub fn name(table: Table, code: &str) -> String {
    find(table, code).unwrap_or(code).to_owned()
}

/// The name with the code behind it, or the code.
pub fn with_code(table: Table, code: &str) -> String {
    find(table, code).map_or_else(|| code.to_owned(), |name| format!("{name}（{code}）"))
}

/// The section of an industry's code with the code behind it, or the code.
pub fn industry(code: &str) -> String {
    let division = code.get(..2).and_then(|division| division.parse::<u32>().ok());
    let section = division
        .and_then(|division| INDUSTRIES.iter().find(|(first, last, _)| (*first..=*last).contains(&division)));
    section.map_or_else(|| code.to_owned(), |(_, _, name)| format!("{name}（{code}）"))
}

fn find(table: Table, code: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_names_and_unknown_ones_stay() {
        assert_eq!(with_code(TAX_KINDS, "10101"), "增值税（10101）");
        assert_eq!(with_code(TAX_KINDS, "99999"), "99999");
        assert_eq!(name(RATING_CAUSES, "repair"), "信用修复");
        assert_eq!(industry("3824"), "制造业（3824）");
        assert_eq!(industry("9900"), "9900");
        assert_eq!(industry("税"), "税");
    }
}
