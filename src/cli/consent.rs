//! `shuidaiyi consent`: consents from the operator's side.

use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::{ConsentAction, ConsentOptions};
use super::output::{Failure, block_on, open_exchange, operator_caller, say};
use crate::domain::member::MemberId;
use crate::service::Exchange;
use crate::service::consent::{self, ConsentView};

/// Consents on a page.
const PAGE: i64 = 1_000;

/// Does what was asked.
pub fn run(options: &ConsentOptions) -> Result<ExitCode, Failure> {
    match &options.action {
        ConsentAction::List { config, bank, json } => {
            let bank: MemberId = bank.parse().map_err(Failure::usage)?;
            list(&open_exchange(config)?, &bank, *json)?;
        }
        ConsentAction::Revoke { config, consent, reason } => {
            let exchange = open_exchange(config)?;
            let change = block_on(async {
                Ok(consent::revoke(&exchange, &operator_caller()?, consent.clone(), reason.clone(), None)
                    .await?)
            })?;
            say(format!("已撤回 revoked: {} ({})", change.consent.terms.id, change.consent.status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(exchange: &Arc<Exchange>, bank: &MemberId, json: bool) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let page = block_on(async { Ok(consent::page(exchange, bank.clone(), after.clone(), PAGE).await?) })?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.terms.id.clone();
        for view in &page {
            say(if json { serde_json::to_string(view).map_err(Failure::system)? } else { line(view) });
        }
    }
}

fn line(view: &ConsentView) -> String {
    let sections: Vec<&str> = view.terms.sections.iter().map(|section| section.label_zh()).collect();
    format!(
        "{}  {:<10} {:>4}/{:<4} 至 until {}  {}  {}",
        view.terms.id,
        view.status,
        view.pulls_used,
        view.terms.pulls_max,
        view.terms.valid_to.shanghai_date(),
        view.terms.product_id,
        sections.join("、"),
    )
}
