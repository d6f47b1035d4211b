//! Good rows to spoil or to leave alone: those of the city's first firms, each used once.

use std::collections::HashMap;

use crate::cli::synth::calendar::{Round, Span};
use crate::cli::synth::row::{Row, Value};
use crate::cli::synth::{City, History, SynthError, rows};

use super::page::number;
use crate::domain::import::Form;

/// Firms whose rows are taken, at least.
const FIRMS: u64 = 160;
/// Firms looked at for a row of the rarest form.
const FIRMS_MAX: u64 = 5_000;
/// Most rows kept of a form, and of one firm of a form and a kind in it, so that rows of many kinds are there.
const ROWS: usize = 1_500;
const ROWS_OF_A_FIRM: usize = 4;

/// Rows by form.
pub(super) struct Pool(HashMap<&'static str, Vec<Row>>);

impl Pool {
    /// The rows of the first firms of a city with that seed, however few taxpayers it has itself.
    pub(super) fn fill(city: &City, span: &Span) -> Result<Self, SynthError> {
        let mut pool: HashMap<&'static str, Vec<Row>> = HashMap::new();
        for index in 0..FIRMS_MAX {
            let complete =
                Form::all().iter().all(|form| pool.get(form.id()).is_some_and(|rows| !rows.is_empty()));
            if index >= FIRMS && complete {
                break;
            }
            let history = History::of(city.seed, index, span)?;
            let mut of_firm: HashMap<(&str, String), usize> = HashMap::new();
            for delivered in rows::of(&history, span)? {
                let kept = of_firm.entry((delivered.form, kind(&delivered.row))).or_default();
                let of_form = pool.entry(delivered.form).or_default();
                let fits = delivered.form != "vat_general" || agrees(&delivered.row);
                if delivered.round == Round::Base && of_form.len() < ROWS && fits && *kept < ROWS_OF_A_FIRM {
                    *kept += 1;
                    of_form.push(delivered.row);
                }
            }
        }
        // Rare ones are told apart by another number.
        for (form, column) in [("inspection", "decision_no"), ("violation", "violation_id")] {
            let of_form = pool.entry(form).or_default();
            let Some(first) = of_form.first().cloned() else { continue };
            for number in 0..40 {
                of_form.push(renumbered(&first, column, number));
            }
        }
        for of_form in pool.values_mut() {
            of_form.reverse(); // taken from the end
        }
        Ok(Self(pool))
    }

    /// The next unused row of a form that is as wanted.
    pub(super) fn take(&mut self, form: &str, wants: fn(&Row) -> bool) -> Result<Row, SynthError> {
        let none = || SynthError::NothingToSpoil { form: form.to_owned() };
        let of_form = self.0.get_mut(form).ok_or_else(none)?;
        let place = of_form.iter().rposition(wants).ok_or_else(none)?;
        Ok(of_form.remove(place))
    }
}

/// Whether a VAT return has none of the slips that the city has on purpose.
fn agrees(row: &Row) -> bool {
    let of = |column: &str| number(row, column);
    of("carried_out_fen") == of("creditable_fen") - of("credited_fen")
        && of("closing_unpaid_fen") == of("payable_total_fen") + of("opening_unpaid_fen") - of("paid_fen")
        && of("due_or_refund_fen") == of("payable_total_fen") - of("prepaid_fen")
}

/// What kind of row of its form it is: the tax, the class of levy, the direction or the item.
fn kind(row: &Row) -> String {
    let columns = ["tax_kind", "class", "direction", "item", "status"];
    let told = row.0.iter().filter(|(name, _)| columns.contains(&name.as_ref()));
    told.filter_map(|(_, value)| match value {
        Value::Text(text) => Some(text.as_str()),
        Value::Fen(_) | Value::Integer(_) | Value::Date(_) | Value::Boolean(_) => None,
    })
    .collect()
}

fn renumbered(row: &Row, column: &str, number: u32) -> Row {
    let mut row = row.clone();
    for (name, value) in &mut row.0 {
        if name == column {
            *value = Value::Text(format!("压测第{number}号"));
        }
    }
    row
}
