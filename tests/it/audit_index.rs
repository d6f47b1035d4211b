//! The audit's index over many entries: what a search reads, by the databases' own account, and how long it takes.
//!
//! `SHUIDAIYI_FACTS=1000000` for as many; 60,000 otherwise.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::ledger::EntryKind;
use shuidaiyi::store::db::{AnyConnection, Db};
use shuidaiyi::store::fact_search::{As, FactFilter, Stretch, query, search};

use crate::support::{Backend, Site, both_backends, sql};

both_backends!(a_search_reads_what_it_answers);

/// Where the invented facts begin: far past the site's own entries.
const FIRST: i64 = 10_000_000;
const LIMIT: i64 = 101;

/// A statement with something before it.
struct Before<Q, T>(&'static str, Q, std::marker::PhantomData<T>);

impl<Q, T> QueryId for Before<Q, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, T> Query for Before<Q, T> {
    type SqlType = T;
}

impl<Q: QueryFragment<DB>, T, DB: diesel::backend::Backend> QueryFragment<DB> for Before<Q, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.0);
        self.1.walk_ast(out.reborrow())
    }
}

impl<Q, T> RunQueryDsl<AnyConnection> for Before<Q, T> {}

/// How the database answers a search: a line a step.
fn plan(db: &Db, filter: &FactFilter, stretch: Stretch, role: As) -> Vec<String> {
    db.read(|c| {
        let statement = query(filter, stretch, role);
        match c {
            AnyConnection::Pg(_) => {
                let explained: Before<_, Text> =
                    Before("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ", statement, std::marker::PhantomData);
                Ok(explained.load::<String>(c)?)
            }
            AnyConnection::Sqlite(_) => {
                let explained: Before<_, (Integer, Integer, Integer, Text)> =
                    Before("EXPLAIN QUERY PLAN ", statement, std::marker::PhantomData);
                let rows: Vec<(i32, i32, i32, String)> = explained.load(c)?;
                Ok(rows.into_iter().map(|row| row.3).collect())
            }
        }
    })
    .unwrap()
}

/// Twelve banks, 20 entries a taxpayer, a refusal among ten, an own case number for every grant.
fn invent(db: &Db, from: i64, count: i64) {
    let series = match db.is_sqlite() {
        true => format!(
            "WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {})",
            from + count
        ),
        false => format!("WITH s(n) AS (SELECT generate_series({from}::bigint, {}))", from + count - 1),
    };
    let at = match db.is_sqlite() {
        true => "strftime('%Y-%m-%d %H:%M:%f', '2030-01-01', '+' || n || ' seconds')",
        false => "timestamp '2030-01-01' + n * interval '1 second'",
    };
    let taxpayers = count / 20;
    let statement = format!(
        "INSERT INTO entry_fact (idx, place, at, kind, actor, member, object_id, taxpayer_id, outcome, bank_ref) {series} \
         SELECT {FIRST} + n, {FIRST} + n, {at}, \
         CASE n % 10 WHEN 0 THEN 'release.refused' WHEN 1 THEN 'consent.granted' WHEN 2 THEN 'audit.read' ELSE 'release.granted' END, \
         CASE n % 10 WHEN 1 THEN 'bureau' WHEN 2 THEN 'bureau' ELSE 'bank-' || (n % 12) END, \
         CASE n % 10 WHEN 1 THEN 'bank-' || (n % 12) ELSE NULL END, 'object-' || n, 'T' || (n % {taxpayers}), \
         CASE n % 10 WHEN 0 THEN 'reason-' || (n % 7) WHEN 1 THEN NULL WHEN 2 THEN NULL ELSE 'granted' END, \
         CASE WHEN n % 10 > 2 THEN 'ref-' || n ELSE NULL END FROM s"
    );
    sql::execute(db, &[&statement]);
}

fn searches() -> Vec<(&'static str, FactFilter)> {
    let text = |text: &str| Some(text.to_owned());
    let any = FactFilter::default;
    vec![
        ("everything", any()),
        ("a taxpayer", FactFilter { taxpayer: text("T1234"), ..any() }),
        (
            "a taxpayer's refusals",
            FactFilter { taxpayer: text("T1230"), kind: Some(EntryKind::ReleaseRefused), ..any() },
        ),
        ("no taxpayer", FactFilter { taxpayer: text("T-none"), ..any() }),
        ("a member", FactFilter { member: text("bank-7"), ..any() }),
        ("a member's kind", FactFilter { member: text("bureau"), kind: Some(EntryKind::AuditRead), ..any() }),
        ("a kind", FactFilter { kind: Some(EntryKind::ReleaseRefused), ..any() }),
        ("a reason", FactFilter { outcome: text("reason-3"), ..any() }),
        ("a case number", FactFilter { bank_ref: text("ref-5003"), ..any() }),
        (
            "a period",
            FactFilter {
                from: Some("2030-01-01T01:00:00Z".parse::<Timestamp>().unwrap()),
                to: Some("2030-01-01T01:01:00Z".parse().unwrap()),
                taxpayer: text("T607"),
                ..any()
            },
        ),
    ]
}

async fn a_search_reads_what_it_answers(backend: Backend) {
    let site = Site::prepare(backend, 1);
    let db = sql::ledger(&site);
    let count: i64 = std::env::var("SHUIDAIYI_FACTS").ok().map_or(60_000, |count| count.parse().unwrap());
    invent(&db, 0, count / 50);
    let few = times(&db);
    sql::execute(&db, &["DELETE FROM entry_fact"]);
    invent(&db, 0, count);
    // As the planner sees a table it knows nothing of, and one it has counted.
    for counted in [false, true] {
        if counted {
            sql::execute(&db, &["ANALYZE"]);
        }
        for (what, filter) in searches() {
            for newest_first in [false, true] {
                let stretch = Stretch { from: 0, to: i64::MAX, newest_first, limit: LIMIT };
                let mut roles = vec![As::Actor];
                roles.extend(filter.member.is_some().then_some(As::Concerned));
                for role in roles {
                    let plan = plan(&db, &filter, stretch, role);
                    check(
                        &plan,
                        &format!("{backend:?} {what}, counted {counted}, newest first {newest_first}"),
                    );
                }
            }
        }
    }
    let many = times(&db);
    for ((what, few), (_, many)) in few.iter().zip(&many) {
        println!("{backend:?} {what}: {few:?} among {}, {many:?} among {count}", count / 50);
        let allowed = (*few * 8).max(Duration::from_millis(4));
        assert!(*many < allowed, "{what}: {few:?} among {}, {many:?} among {count}", count / 50);
    }
}

/// No table is walked from end to end, nothing is sorted that is longer than its answer, and few rows are read in vain.
fn check(plan: &[String], what: &str) {
    let text = plan.join("\n");
    let scans = plan.iter().any(|line| {
        let line = line.trim_start_matches([' ', '-', '>']);
        line.starts_with("Seq Scan") || (line.starts_with("SCAN") && !line.contains("USING"))
    });
    assert!(!scans, "{what}:\n{text}");
    assert!(!text.contains("TEMP B-TREE"), "{what}:\n{text}");
    for line in plan {
        let in_vain =
            line.split("Rows Removed by Filter: ").nth(1).and_then(|rest| rest.trim().parse::<i64>().ok());
        assert!(in_vain.is_none_or(|rows| rows <= 2 * LIMIT), "{what}:\n{text}");
    }
}

/// The best of five of each search.
fn times(db: &Db) -> Vec<(&'static str, Duration)> {
    searches()
        .into_iter()
        .map(|(what, filter)| {
            let stretch = Stretch { from: 0, to: i64::MAX, newest_first: true, limit: LIMIT };
            let best = (0..5).map(|_| {
                let began = Instant::now();
                db.read(|c| search(c, &filter, stretch)).unwrap();
                began.elapsed()
            });
            (what, best.min().unwrap())
        })
        .collect()
}
