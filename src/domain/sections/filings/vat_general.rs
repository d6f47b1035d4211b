//! 增值税纳税申报表(一般纳税人适用), main table: its rows, columns and row formulas.
//!
//! Rows 1–38 are those of the form in force from May 2019 (SAT Announcement 2019 No. 15); the consolidated
//! form of August 2021 (SAT Announcement 2021 No. 20) keeps them and adds the surcharge rows 39–41.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FormVersion;
use crate::domain::form_rows::{Column, FormRow, Formula, Rule, form_rows};
use crate::domain::record::{Findings, Outcome, RuleText};

form_rows! {
    /// A row of the main table.
    VatGeneralRow {
        SalesStd = 1 "sales_std" "按适用税率计税销售额",
        SalesStdGoods = 2 "sales_std_goods" "其中:应税货物销售额",
        SalesStdServices = 3 "sales_std_services" "其中:应税劳务销售额",
        SalesStdAudit = 4 "sales_std_audit" "其中:纳税检查调整的销售额",
        SalesSimple = 5 "sales_simple" "按简易办法计税销售额",
        SalesSimpleAudit = 6 "sales_simple_audit" "其中:简易办法纳税检查调整的销售额",
        SalesExport = 7 "sales_export" "免、抵、退办法出口销售额",
        SalesExempt = 8 "sales_exempt" "免税销售额",
        SalesExemptGoods = 9 "sales_exempt_goods" "其中:免税货物销售额",
        SalesExemptServices = 10 "sales_exempt_services" "其中:免税劳务销售额",
        OutputTax = 11 "output_tax" "销项税额",
        InputTax = 12 "input_tax" "进项税额",
        CarriedIn = 13 "carried_in" "上期留抵税额",
        InputOut = 14 "input_out" "进项税额转出",
        RefundDue = 15 "refund_due" "免、抵、退应退税额",
        AuditDue = 16 "audit_due" "按适用税率计算的纳税检查应补缴税额",
        Creditable = 17 "creditable" "应抵扣税额合计",
        Credited = 18 "credited" "实际抵扣税额",
        NetPayable = 19 "net_payable" "应纳税额",
        CarriedOut = 20 "carried_out" "期末留抵税额",
        SimplePayable = 21 "simple_payable" "简易计税办法计算的应纳税额",
        SimpleAudit = 22 "simple_audit" "按简易计税办法计算的纳税检查应补缴税额",
        Reduction = 23 "reduction" "应纳税额减征额",
        PayableTotal = 24 "payable_total" "应纳税额合计",
        OpeningUnpaid = 25 "opening_unpaid" "期初未缴税额",
        ExportSpecialRefund = 26 "export_special_refund" "实收出口开具专用缴款书退税额",
        Paid = 27 "paid" "本期已缴税额",
        Prepaid = 28 "prepaid" "分次预缴税额",
        ExportPrepaid = 29 "export_prepaid" "出口开具专用缴款书预缴税额",
        PaidPrior = 30 "paid_prior" "本期缴纳上期应纳税额",
        PaidArrears = 31 "paid_arrears" "本期缴纳欠缴税额",
        ClosingUnpaid = 32 "closing_unpaid" "期末未缴税额",
        OfWhichArrears = 33 "of_which_arrears" "其中:欠缴税额",
        DueOrRefund = 34 "due_or_refund" "本期应补(退)税额",
        LevyRefunded = 35 "levy_refunded" "即征即退实际退税额",
        OpeningAuditUnpaid = 36 "opening_audit_unpaid" "期初未缴查补税额",
        AuditPaid = 37 "audit_paid" "本期入库查补税额",
        ClosingAuditUnpaid = 38 "closing_audit_unpaid" "期末未缴查补税额",
        SurchargeConstruction = 39 "surcharge_construction" "城市维护建设税本期应补(退)税额",
        SurchargeEducation = 40 "surcharge_education" "教育费附加本期应补(退)费额",
        SurchargeLocalEducation = 41 "surcharge_local_education" "地方教育附加本期应补(退)费额",
    }
}

use VatGeneralRow as Row;

impl VatGeneralRow {
    /// Whether that version of the form has the row.
    pub fn in_version(self, version: FormVersion) -> bool {
        match version {
            FormVersion::V2013 | FormVersion::V2017 | FormVersion::V2019 => self.number() <= 38,
            FormVersion::V2021 => true,
        }
    }

    /// The rows of that version, in the form's order.
    pub fn of_version(version: FormVersion) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |row| row.in_version(version))
    }
}

/// The formulas printed on the form, rows 17–38.
///
/// Year to date, only what adds up month by month is checked: 19, 24, 27, 34, and the balances 32 and 38, whose
/// opening figure stands for the start of the year. Not 17 and 20, which hold the credit carried in (a stock, blank
/// or special in that column), and not 18 and 33, where a sum of minima or maxima is not the one of sums.
const FORMULAS: [Formula<Row>; 10] = [
    Formula::of_period(
        Row::Creditable,
        Rule::Sum(&[Row::InputTax, Row::CarriedIn, Row::AuditDue], &[Row::InputOut, Row::RefundDue]),
    ),
    Formula::of_period(Row::Credited, Rule::Smaller(Row::Creditable, Row::OutputTax)),
    Formula::everywhere(Row::NetPayable, Rule::Sum(&[Row::OutputTax], &[Row::Credited])),
    Formula::of_period(Row::CarriedOut, Rule::Sum(&[Row::Creditable], &[Row::Credited])),
    Formula::everywhere(
        Row::PayableTotal,
        Rule::Sum(&[Row::NetPayable, Row::SimplePayable], &[Row::Reduction]),
    ),
    Formula::everywhere(
        Row::Paid,
        Rule::Sum(&[Row::Prepaid, Row::ExportPrepaid, Row::PaidPrior, Row::PaidArrears], &[]),
    ),
    Formula::everywhere(
        Row::ClosingUnpaid,
        Rule::Sum(&[Row::PayableTotal, Row::OpeningUnpaid, Row::ExportSpecialRefund], &[Row::Paid]),
    ),
    Formula::of_period(
        Row::OfWhichArrears,
        Rule::SumNotBelowZero(&[Row::OpeningUnpaid, Row::ExportSpecialRefund], &[Row::Paid]),
    ),
    Formula::everywhere(
        Row::DueOrRefund,
        Rule::Sum(&[Row::PayableTotal], &[Row::Prepaid, Row::ExportPrepaid]),
    ),
    Formula::everywhere(
        Row::ClosingAuditUnpaid,
        Rule::Sum(&[Row::AuditDue, Row::SimpleAudit, Row::OpeningAuditUnpaid], &[Row::AuditPaid]),
    ),
];

/// The month and year-to-date columns of one kind of business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "本月数与本年累计")]
pub struct VatGeneralColumns {
    /// Figures of the period itself, also where it is a quarter.
    #[schemars(title = "本月数")]
    pub month: Column<VatGeneralRow>,
    /// 本年累计: from January to the end of the period.
    #[schemars(title = "本年累计")]
    pub ytd: Column<VatGeneralRow>,
}

impl VatGeneralColumns {
    /// Whether neither column states anything.
    pub fn is_blank(&self) -> bool {
        self.month.is_blank() && self.ytd.is_blank()
    }
}

/// The figures of a general taxpayer's return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "增值税申报表(一般纳税人适用)")]
pub struct VatGeneral {
    /// Ordinary business.
    #[schemars(title = "一般项目")]
    pub general: VatGeneralColumns,
    /// 即征即退项目: business whose tax is refunded on payment; absent where the return states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "即征即退项目")]
    pub refund_on_levy: Option<VatGeneralColumns>,
}

impl VatGeneral {
    /// What the form's own formulas find, column by column.
    pub fn check(&self) -> Findings {
        let refund = self.refund_on_levy.iter().map(|columns| ("refund_on_levy", columns));
        std::iter::once(("general", &self.general))
            .chain(refund)
            .flat_map(|(kind, columns)| check_columns(kind, columns))
            .collect()
    }

    /// The formulas in words.
    pub fn rules() -> Vec<RuleText> {
        FORMULAS.iter().map(|formula| formula.text("vat_general")).collect()
    }
}

fn check_columns(kind: &str, columns: &VatGeneralColumns) -> Vec<Outcome> {
    let month = format!("{kind}.month");
    let ytd = format!("{kind}.ytd");
    let of_month = FORMULAS.iter().map(|formula| formula.check("vat_general", &month, &columns.month));
    let of_year = FORMULAS
        .iter()
        .filter(|formula| formula.holds_year_to_date)
        .map(|formula| formula.check("vat_general", &ytd, &columns.ytd));
    of_month.chain(of_year).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fen::Fen;

    fn column(figures: &[(u8, i64)]) -> Column<Row> {
        Column::new(Row::of_version(FormVersion::V2019), |row| {
            figures.iter().find(|(number, _)| *number == row.number()).map(|(_, fen)| Fen::new(*fen))
        })
    }

    fn marks_of(month: &[(u8, i64)], ytd: &[(u8, i64)]) -> Vec<String> {
        let general = VatGeneralColumns { month: column(month), ytd: column(ytd) };
        let form = VatGeneral { general, refund_on_levy: None };
        form.check().marks.into_iter().map(|mark| format!("{} {}", mark.rule, mark.field)).collect()
    }

    /// A whole month that agrees with itself: credit of 700 against 1 000 output tax.
    const GOOD: [(u8, i64); 22] = [
        (11, 1_000),
        (12, 600),
        (13, 150),
        (14, 40),
        (15, 20),
        (16, 10),
        (17, 700),
        (18, 700),
        (19, 300),
        (20, 0),
        (21, 50),
        (22, 5),
        (23, 30),
        (24, 320),
        (25, 90),
        (26, 0),
        (27, 95),
        (28, 5),
        (29, 0),
        (30, 90),
        (31, 0),
        (32, 315),
    ];
    const GOOD_REST: [(u8, i64); 5] = [(33, 0), (34, 315), (36, 7), (37, 2), (38, 20)];

    #[test]
    fn a_consistent_month_has_no_mark() {
        let all: Vec<_> = GOOD.iter().chain(&GOOD_REST).copied().collect();
        assert!(marks_of(&all, &[]).is_empty());
    }

    #[test]
    fn each_formula_row_is_checked_on_its_own_figures() {
        for formula in FORMULAS {
            let changed: Vec<_> = GOOD
                .iter()
                .chain(&GOOD_REST)
                .map(|(row, fen)| (*row, if *row == formula.row.number() { fen + 1 } else { *fen }))
                .collect();
            let rule =
                format!("vat_general.row_{} general.month.{}_fen", formula.row.number(), formula.row.field());
            assert!(marks_of(&changed, &[]).contains(&rule), "{rule}");
        }
    }

    #[test]
    fn a_missing_figure_silences_a_formula_rather_than_counting_as_zero() {
        let without_13: Vec<_> = GOOD.iter().filter(|(row, _)| *row != 13).copied().collect();
        assert!(marks_of(&without_13, &[]).is_empty());
    }

    #[test]
    fn credit_beyond_the_output_tax_is_carried_out() {
        let month = [(11, 100), (17, 250), (18, 100), (19, 0), (20, 150)];
        assert!(marks_of(&month, &[]).is_empty());
        assert_eq!(
            marks_of(&[(11, 100), (17, 250), (18, 250)], &[]),
            ["vat_general.row_18 general.month.credited_fen"]
        );
    }

    #[test]
    fn year_to_date_checks_only_what_adds_up() {
        let not_additive =
            [(11, 500), (12, 900), (13, 7), (14, 0), (15, 0), (16, 0), (17, 1), (18, 400), (20, 3)];
        assert!(marks_of(&[], &not_additive).is_empty());
        assert_eq!(
            marks_of(&[], &[(19, 100), (21, 0), (23, 0), (24, 99)]),
            ["vat_general.row_24 general.ytd.payable_total_fen"]
        );
    }

    #[test]
    fn the_2019_form_ends_at_row_38() {
        assert_eq!(Row::of_version(FormVersion::V2019).count(), 38);
        assert_eq!(Row::of_version(FormVersion::V2021).count(), 41);
        for (place, row) in Row::ALL.iter().enumerate() {
            assert_eq!(usize::from(row.number()), place + 1);
        }
    }
}
