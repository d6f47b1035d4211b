//! The city is the same for ever, its files read back without a fault, and its sections agree with each other.

mod agreement;
mod oversight;
mod rounds;
mod statements;
mod stress;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use ring::digest::{SHA256, digest};

use super::*;
use crate::domain::import::Form;
use crate::domain::section::Section;
use world::WORLD;

/// Marks that the city makes on purpose: figures miscopied in a VAT return.
const SLIPS: [&str; 3] = ["vat_general.row_20", "vat_general.row_32", "vat_general.row_34"];

fn write(city: &City) -> (tempfile::TempDir, Manifest) {
    let directory = tempfile::tempdir().unwrap();
    let manifest = write_city(city, directory.path(), &mut |_, _| ()).unwrap();
    (directory, manifest)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (first, manifest) = write(&City::new(7, 30));
    let (second, again) = write(&City::new(7, 30));
    assert_eq!(manifest, again);
    for listed in &manifest.files {
        let bytes = fs::read(first.path().join(&listed.file)).unwrap();
        assert_eq!(bytes, fs::read(second.path().join(&listed.file)).unwrap());
        let sha256: String =
            digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sha256, listed.sha256);
    }
    let written = fs::read(first.path().join("manifest.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Manifest>(&written).unwrap(), manifest);
    let (_other, other) = write(&City::new(8, 30));
    let shas = |manifest: &Manifest| -> BTreeMap<String, (String, u64)> {
        manifest.files.iter().map(|f| (f.file.clone(), (f.sha256.clone(), f.rows))).collect()
    };
    let (ours, theirs) = (shas(&manifest), shas(&other));
    assert!(ours.iter().all(|(file, (sha256, rows))| {
        *rows == 0 || theirs.get(file).is_none_or(|(other, _)| other != sha256)
    }));
}

/// Changes only when the generator is meant to make another city; say so in the commit.
const MANIFEST_OF_SEED_1: &str = "f4b172c7a584f1f6f2530689845318c700502e6ae1c170b7024785b5073c5964";

#[test]
fn a_seed_means_the_same_city_in_every_build() {
    let (directory, _) = write(&City::new(1, 50));
    let manifest = fs::read(directory.path().join("manifest.json")).unwrap();
    let sha256: String =
        digest(&SHA256, &manifest).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sha256, MANIFEST_OF_SEED_1); // the manifest holds the digest of every file
}

#[test]
fn a_firm_does_not_depend_on_the_size_of_its_city() {
    let small: Vec<_> = firms(&City::new(3, 20)).collect();
    let large: Vec<_> = firms(&City::new(3, 60)).take(20).collect();
    assert_eq!(small, large);
}

#[test]
fn every_row_reads_back_and_only_the_slips_are_marked() {
    let world = &*WORLD;
    let mut slips = 0;
    for read in world.reads.iter().filter(|read| !read.record.marks.is_empty()) {
        let rules: Vec<_> = read.record.marks.iter().map(|mark| mark.rule.as_str()).collect();
        assert!(rules.len() == 1 && SLIPS.contains(&rules[0]), "{} {rules:?} {:?}", read.form, read.body);
        slips += 1;
    }
    assert!(slips > 0 && slips * 1_000 < world.reads.len(), "{slips} of {}", world.reads.len());
}

#[test]
fn no_rule_is_silent_for_want_of_a_figure() {
    for read in &WORLD.reads {
        // Year to date, stocks are blank on the VAT form; a partnership states no rate; direct D has no points.
        if ["vat_general", "other_tax", "rating"].contains(&read.form.as_str()) {
            continue;
        }
        let skipped = read.record.checks.map_or(0, |checks| checks.skipped);
        assert_eq!(skipped, 0, "{} {:?}", read.form, read.body);
    }
}

#[test]
fn every_form_has_rows_and_covers_the_time_without_a_gap() {
    let world = &*WORLD;
    let span = world.city.span().unwrap();
    for form in Form::all() {
        assert!(world.reads.iter().any(|read| read.form == form.id()), "{form:?}");
        let mut spans: Vec<_> = world
            .manifest
            .files
            .iter()
            .filter(|file| file.form == form.id())
            .map(|file| (file.coverage_from, file.coverage_to))
            .collect();
        spans.sort_unstable();
        let mut next = span.first;
        for (from, to) in spans {
            assert!(from <= next, "{form:?}: {from} leaves a gap from {next} on");
            next = next.max(to.succ_opt().unwrap());
        }
        // Quarters that have not ended are not covered by the form that knows nothing else.
        assert!(next > if form.id() == "vat_small" { span.first } else { span.end() }, "{form:?}");
    }
}

#[test]
fn periods_lie_where_their_file_says() {
    let world = &*WORLD;
    for read in &world.reads {
        let listed = &world.manifest.files[read.file];
        if let Some(period) = read.record.period
            && [Section::Filings, Section::Statements, Section::Invoices].contains(&read.record.section)
        {
            assert!(listed.coverage_from <= period.from(), "{} {}", listed.file, period.from());
            assert!(period.to() <= listed.coverage_to, "{} {}", listed.file, period.to());
        }
    }
}

#[test]
fn a_city_has_firms_of_every_kind() {
    let city = City::new(19, 900);
    let firms: Vec<_> = firms(&city).collect();
    let ids: BTreeSet<_> = firms.iter().map(|firm| &firm.taxpayer_id).collect();
    assert_eq!(ids.len(), firms.len());
    assert!(firms.iter().all(|firm| firm.taxpayer_id.check_warning().is_none()));
    assert!(firms.iter().any(|firm| firm.taxpayer_id.as_str().len() == 15));
    assert!(firms.iter().any(|firm| firm.taxpayer_id.as_str().len() == 20));
    assert!(firms.iter().any(|firm| firm.level.is_none()) && firms.iter().any(|firm| firm.returns == 0));
    assert!(firms.iter().any(|firm| firm.returns == 36) && firms.iter().any(|firm| firm.returns == 12));
    assert_eq!(firms.iter().map(|firm| firm.region).collect::<BTreeSet<_>>().len(), 9);
    for level in Level::ALL {
        assert!(firms.iter().filter(|firm| firm.level == Some(level)).count() > 10, "{level:?}");
    }
    for kind in [
        TaxpayerKind::Company,
        TaxpayerKind::SoleProprietorship,
        TaxpayerKind::Partnership,
        TaxpayerKind::SoleTrader,
    ] {
        assert!(firms.iter().filter(|firm| firm.kind == kind).count() > 10, "{kind:?}");
    }
    for status in ["03", "05", "07", "08"] {
        assert!(firms.iter().any(|firm| firm.status == status), "{status}");
    }
    for of in [Disagreement::InvoicesAboveDeclared, Disagreement::RevenueBelowDeclared] {
        let count = firms.iter().filter(|firm| firm.disagreement == Some(of)).count();
        assert!((3..30).contains(&count), "{of:?}: {count}");
    }
}

#[test]
fn a_city_out_of_bounds_is_refused() {
    let late = City { until: NaiveDate::from_ymd_opt(2101, 1, 1).unwrap(), ..City::new(1, 1) };
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(write_city(&late, directory.path(), &mut |_, _| ()), Err(SynthError::Until)));
    let crowded = City::new(1, City::TAXPAYERS_MAX + 1);
    assert!(matches!(write_city(&crowded, directory.path(), &mut |_, _| ()), Err(SynthError::Taxpayers)));
    assert_eq!(firms(&crowded).count(), 0);
}

#[test]
fn a_city_of_any_month_loads() {
    for month in ["2020-01-01", "2021-06-01", "2027-03-01", "2026-12-01"] {
        let world = world::World::of(&City { until: month.parse().unwrap(), ..City::new(5, 12) });
        assert!(
            world
                .reads
                .iter()
                .all(|read| { read.record.marks.iter().all(|mark| SLIPS.contains(&mark.rule.as_str())) })
        );
    }
}

#[test]
fn a_city_as_known_on_a_day_ends_with_the_newest_whole_month() {
    let until = |day: &str| City::as_known_on(day.parse().unwrap(), 1, 60).until.to_string();
    assert_eq!(until("2026-11-23"), "2026-10-01", "October's returns were due on the 16th");
    assert_eq!(until("2026-11-21"), "2026-09-01", "the last round of amendments follows three days later");
    assert_eq!(until("2026-11-01"), "2026-09-01");
    assert_eq!(until("2027-01-31"), "2026-12-01");
}
