//! 增值税纳税申报表(小规模纳税人适用), main table: its rows, columns and row formulas.
//!
//! Row numbers are those of the 2019 form, unchanged in the consolidated form of August 2021. Goods and services
//! columns are delivered as one sum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::form_rows::{Column, FormRow, Formula, Rule, form_rows};
use crate::domain::record::{Findings, RuleText};

form_rows! {
    /// A row of the main table.
    VatSmallRow {
        SalesTaxable = 1 "sales_taxable" "应征增值税不含税销售额",
        SalesAgencyInvoiced = 2 "sales_agency_invoiced" "税务机关代开的增值税专用发票不含税销售额",
        SalesOwnInvoiced = 3 "sales_own_invoiced" "税控器具开具的普通发票不含税销售额",
        SalesExempt = 9 "sales_exempt" "免税销售额",
        SalesExportExempt = 13 "sales_export_exempt" "出口免税销售额",
        Payable = 15 "payable" "本期应纳税额",
        Reduction = 16 "reduction" "本期应纳税额减征额",
        PayableTotal = 20 "payable_total" "应纳税额合计",
        Prepaid = 21 "prepaid" "本期预缴税额",
        DueOrRefund = 22 "due_or_refund" "本期应补(退)税额",
    }
}

use VatSmallRow as Row;

/// The formulas printed on the form; both are sums and hold year to date as well.
const FORMULAS: [Formula<Row>; 2] = [
    Formula::everywhere(Row::PayableTotal, Rule::Sum(&[Row::Payable], &[Row::Reduction])),
    Formula::everywhere(Row::DueOrRefund, Rule::Sum(&[Row::PayableTotal], &[Row::Prepaid])),
];

/// The figures of a small-scale taxpayer's return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "增值税申报表(小规模纳税人适用)")]
pub struct VatSmall {
    /// The two columns of the form.
    #[schemars(title = "申报数")]
    pub figures: VatSmallColumns,
}

/// The period and year-to-date columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "本期数与本年累计")]
pub struct VatSmallColumns {
    /// Figures of the month or quarter itself.
    #[schemars(title = "本期数")]
    pub period: Column<VatSmallRow>,
    /// 本年累计: from January to the end of the period.
    #[schemars(title = "本年累计")]
    pub ytd: Column<VatSmallRow>,
}

impl VatSmall {
    /// A return of those two columns, the figures given by row.
    pub fn new(
        period: impl FnMut(VatSmallRow) -> Option<crate::domain::fen::Fen>,
        ytd: impl FnMut(VatSmallRow) -> Option<crate::domain::fen::Fen>,
    ) -> Self {
        let rows = || Row::ALL.iter().copied();
        Self {
            figures: VatSmallColumns { period: Column::new(rows(), period), ytd: Column::new(rows(), ytd) },
        }
    }

    /// What the form's own formulas find, column by column.
    pub fn check(&self) -> Findings {
        let columns = [("figures.period", &self.figures.period), ("figures.ytd", &self.figures.ytd)];
        columns
            .into_iter()
            .flat_map(|(path, column)| FORMULAS.iter().map(move |f| f.check("vat_small", path, column)))
            .collect()
    }

    /// The formulas in words.
    pub fn rules() -> Vec<RuleText> {
        FORMULAS.iter().map(|formula| formula.text("vat_small")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fen::Fen;

    #[test]
    fn both_columns_are_checked() {
        let good = |row: Row| match row {
            Row::Payable => Some(Fen::new(300)),
            Row::Reduction => Some(Fen::new(200)),
            Row::PayableTotal => Some(Fen::new(100)),
            Row::Prepaid => Some(Fen::new(40)),
            Row::DueOrRefund => Some(Fen::new(60)),
            Row::SalesTaxable
            | Row::SalesAgencyInvoiced
            | Row::SalesOwnInvoiced
            | Row::SalesExempt
            | Row::SalesExportExempt => None,
        };
        assert!(VatSmall::new(good, good).check().marks.is_empty());
        let slip = |row: Row| if row == Row::PayableTotal { Some(Fen::new(101)) } else { good(row) };
        let rules: Vec<_> =
            VatSmall::new(good, slip).check().marks.into_iter().map(|m| (m.rule, m.field)).collect();
        assert_eq!(
            rules,
            [
                ("vat_small.row_20".to_owned(), "figures.ytd.payable_total_fen".to_owned()),
                ("vat_small.row_22".to_owned(), "figures.ytd.due_or_refund_fen".to_owned()),
            ]
        );
    }
}
