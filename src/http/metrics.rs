//! `/metrics`: what Prometheus reads, in the OpenMetrics text format. No taxpayer, amount or key in any label.

use std::sync::PoisonError;
use std::sync::{Arc, Mutex};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::expiries::Expiry;
use crate::service::witnesses;

/// Content type of the OpenMetrics text format.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ExpiryLabels {
    kind: &'static str,
    name: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WitnessLabels {
    witness: String,
}

/// The counters, and gauges that are set when they are asked for.
pub struct Metrics {
    registry: Registry,
    requests: Family<RouteLabels, Counter>,
    pulls: Family<OutcomeLabels, Counter>,
    waiting: Gauge,
    ledger_size: Gauge,
    anchor_lag: Gauge,
    directory_age_ms: Gauge,
    expiries: Family<ExpiryLabels, Gauge>,
    witness_age: Family<WitnessLabels, Gauge>,
    /// One reading at a time, or one would clear what another has just set.
    asked: Mutex<()>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("shuidaiyi");
        let (requests, pulls, expiries) = (Family::default(), Family::default(), Family::default());
        let witness_age = Family::<WitnessLabels, Gauge>::default();
        let [waiting, ledger_size, anchor_lag, directory_age_ms]: [Gauge; 4] = Default::default();
        registry.register("requests", "Requests answered, by route and class of status", requests.clone());
        registry.register("pulls", "Answered pulls, by outcome: granted, or the public code", pulls.clone());
        registry.register("pulls_waiting", "Pulls on their way to the ledger", waiting.clone());
        registry.register("ledger_entries", "Entries in the ledger", ledger_size.clone());
        registry.register(
            "ledger_entries_not_anchored_here",
            "Entries past the newest checkpoint that this process signed and anchored; others' may be among them",
            anchor_lag.clone(),
        );
        registry.register(
            "directory_age_milliseconds",
            "Age of the member directory's snapshot; past 1800 nobody is let in",
            directory_age_ms.clone(),
        );
        registry.register(
            "expiry_seconds",
            "Seconds until a certificate, key or revocation list ends; negative once it has",
            expiries.clone(),
        );
        registry.register(
            "witness_age_seconds",
            "Seconds since a witness cosigned; none of one that never did since the start",
            witness_age.clone(),
        );
        Self {
            witness_age,
            registry,
            requests,
            pulls,
            waiting,
            ledger_size,
            anchor_lag,
            directory_age_ms,
            expiries,
            asked: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts a request by its route's pattern.
    pub fn answered(&self, method: &'static str, route: &'static str, status: u16) {
        let status = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _fault => "5xx",
        };
        self.requests.get_or_create(&RouteLabels { method, route, status }).inc();
    }

    /// Counts a pull by what became of it.
    pub fn pulled(&self, outcome: &'static str) {
        self.pulls.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Everything as text. `ledger_size` was read a moment ago.
    pub fn render(
        &self,
        exchange: &Arc<Exchange>,
        ledger_size: u64,
        expiries: &[Expiry],
        now: Timestamp,
    ) -> ServiceResult<String> {
        let _one_at_a_time = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let published = exchange.writer.published().map_or(0, |published| published.size);
        self.ledger_size.set(signed(ledger_size));
        self.anchor_lag.set(signed(ledger_size.saturating_sub(published)));
        self.waiting.set(signed(exchange.writer.on_their_way()));
        self.directory_age_ms.set(signed(exchange.directory.age().as_millis()));
        self.expiries.clear();
        for expiry in expiries {
            let labels = ExpiryLabels { kind: expiry.kind.as_str(), name: expiry.name.clone() };
            self.expiries.get_or_create(&labels).set(expiry.ends_at.since_micros(now).div_euclid(1_000_000));
        }
        self.witness_age.clear();
        for witness in witnesses::status(exchange).witnesses {
            if let Some(at) = witness.at {
                let age = now.since_micros(at).div_euclid(1_000_000);
                self.witness_age.get_or_create(&WitnessLabels { witness: witness.name }).set(age);
            }
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(ServiceError::internal)?;
        Ok(text)
    }
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
