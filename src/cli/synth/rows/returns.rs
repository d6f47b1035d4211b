//! Rows of the VAT returns. A correction comes with the first round of amendments.

use std::sync::LazyLock;

use crate::cli::synth::History;
use crate::cli::synth::book::Columns;
use crate::cli::synth::calendar::{Round, form_version};
use crate::cli::synth::general::GeneralReturn;
use crate::cli::synth::row::Row;
use crate::cli::synth::small::SmallReturn;
use crate::cli::synth::vat::Returns;
use crate::domain::form_rows::FormRow;
use crate::domain::sections::filings::vat_general::VatGeneralRow;
use crate::domain::sections::filings::vat_small::VatSmallRow;
use crate::domain::taxpayer_id::TaxpayerId;

use super::{Rows, filed};

/// Names of the four columns of each row of the general form: the period and the year of either kind of business.
static GENERAL: LazyLock<Vec<[String; 4]>> = LazyLock::new(|| {
    let endings = ["_fen", "_ytd_fen", "_refund_fen", "_refund_ytd_fen"];
    VatGeneralRow::ALL.iter().map(|row| endings.map(|ending| format!("{}{ending}", row.field()))).collect()
});

/// Names of the two columns of each row of the small-scale form.
static SMALL: LazyLock<Vec<[String; 2]>> = LazyLock::new(|| {
    VatSmallRow::ALL
        .iter()
        .map(|row| ["_fen", "_ytd_fen"].map(|ending| format!("{}{ending}", row.field())))
        .collect()
});

/// Adds the firm's VAT returns.
pub(super) fn add(history: &History, rows: &mut Rows) {
    let taxpayer = &history.firm.taxpayer_id;
    match &history.ledger.returns {
        Returns::General(returns) => {
            for filed in returns {
                let round = if filed.dates.amended { Round::First } else { Round::Base };
                rows.add("vat_general", round, general(taxpayer, filed));
            }
        }
        Returns::Small(returns) => {
            for filed in returns {
                rows.add("vat_small", Round::Base, small(taxpayer, filed));
            }
        }
    }
}

fn general(taxpayer: &TaxpayerId, of: &GeneralReturn) -> Row {
    let version = form_version(of.dates.period.from());
    let mut row = filed(Row::of(taxpayer), &of.dates, version);
    let figure = |columns: Option<&Columns>, form_row: &VatGeneralRow, ytd: bool| {
        let columns = columns?;
        (if ytd { &columns.ytd } else { &columns.month }).get(form_row).copied()
    };
    for (form_row, names) in VatGeneralRow::ALL.iter().zip(GENERAL.iter()) {
        if !form_row.in_version(version) {
            continue;
        }
        let refund = of.refund_on_levy.as_ref();
        let figures = [
            figure(Some(&of.general), form_row, false),
            figure(Some(&of.general), form_row, true),
            figure(refund, form_row, false),
            figure(refund, form_row, true),
        ];
        for (name, fen) in names.iter().zip(figures) {
            if let Some(fen) = fen {
                row = row.fen(name.as_str(), fen);
            }
        }
    }
    row
}

fn small(taxpayer: &TaxpayerId, of: &SmallReturn) -> Row {
    let mut row = filed(Row::of(taxpayer), &of.dates, form_version(of.dates.period.from()));
    for (form_row, [period, ytd]) in VatSmallRow::ALL.iter().zip(SMALL.iter()) {
        for (name, column) in [(period, &of.period), (ytd, &of.ytd)] {
            if let Some(fen) = column.get(form_row) {
                row = row.fen(name.as_str(), *fen);
            }
        }
    }
    row
}
