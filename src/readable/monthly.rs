//! Sales and tax month by month: what a firm recognises itself by before it lets its data leave.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};

use super::book::{Book, bars, sum};
use super::document::{Chart, Unit, label};
use super::money;
use super::section::vat;
use super::series::Series;
use super::value::{Record, Span};

/// The charts that there are figures for: declared sales, tax paid.
pub fn charts(book: &Book<'_>) -> Vec<Chart> {
    let sales = vat::sales_chart(book).map(|chart| Chart { id: "monthly-sales", ..chart });
    sales.into_iter().chain(tax(book)).collect()
}

/// Tax paid by the month of payment, without late fees and fines. None where a payment does not tell its day, its
/// class or its amount: a sum without it would be wrong.
fn tax(book: &Book<'_>) -> Option<Chart> {
    let mut by_month: BTreeMap<NaiveDate, Vec<Option<i64>>> = BTreeMap::new();
    for record in book.records("payments") {
        let month = record.date("paid_on")?.with_day(1)?;
        if taxes(&record)? {
            by_month.entry(month).or_default().push(record.integer("amount_fen"));
        }
    }
    let points = by_month.into_iter().map(|(month, amounts)| {
        let to = month.checked_add_months(Months::new(1))?.pred_opt()?;
        Some((Span { from: month, to }, Some(sum(amounts)?)))
    });
    let points: Vec<(Span, Option<i64>)> = points.collect::<Option<_>>()?;
    let mut series = Series::build(&points, None)?;
    // Every payment is there, so a month between them without one is a month in which nothing was paid.
    series.values.iter_mut().for_each(|value| *value = value.or(Some(0)));
    let total = sum(series.values.iter().copied())?;
    let names = series.names();
    let mut chart = bars(
        "monthly-tax",
        label("各月缴纳税款（元）", "Tax paid by month"),
        Unit::Fen,
        names,
        series.values,
    );
    let shown = money::short_yuan(total);
    chart.summary = label(
        format!("按缴款月份，共 {shown}，不含滞纳金与罚款。"),
        format!("By the month of payment, {shown} in all, without late fees and fines."),
    );
    Some(chart)
}

fn taxes(record: &Record<'_>) -> Option<bool> {
    record.text("class").map(|class| class == "tax")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::book::Contents;
    use super::*;

    fn contents(payments: &[Value]) -> Contents {
        let section = json!({"status": "present", "as_of": "2026-10-31", "records": payments});
        Contents {
            claims: serde_json::Map::new(),
            sections: vec![("payments".to_owned(), section.as_object().unwrap().clone())],
        }
    }

    fn charted(payments: &[Value]) -> Vec<(Vec<String>, Vec<Option<i64>>)> {
        let contents = contents(payments);
        let book = Book::new(&contents, "2026-11-01".parse().unwrap());
        charts(&book).into_iter().map(|mut chart| (chart.slots, chart.bars.remove(0).values)).collect()
    }

    #[test]
    fn tax_is_summed_by_month_and_only_if_every_payment_tells() {
        let paid =
            |day: &str, class: &str, fen: Value| json!({"paid_on": day, "class": class, "amount_fen": fen});
        let told = [
            paid("2026-01-10", "tax", json!(100)),
            paid("2026-01-20", "tax", json!(20)),
            paid("2026-01-20", "late_fee", json!(7)),
            paid("2026-03-01", "tax", json!(3)),
        ];
        let slots = ["2026-01", "2026-02", "2026-03"].map(str::to_owned).to_vec();
        assert_eq!(charted(&told), [(slots, vec![Some(120), Some(0), Some(3)])]);
        for untold in [paid("2026-02-01", "tax", Value::Null), json!({"class": "tax", "amount_fen": 1})] {
            assert!(charted(&[&told[..], &[untold]].concat()).is_empty());
        }
        assert!(charted(&[]).is_empty());
    }
}
