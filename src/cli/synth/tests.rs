//! The city is the same for ever, and its files read back without a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufReader;

use ring::digest::{SHA256, digest};

use super::*;
use crate::domain::import::{Form, Rows};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::sections::filings::vat_general::VatGeneralRow as Row;
use crate::domain::sections::filings::{Correction, Filing};
use crate::domain::sections::rating::RatingCause;

const TAXPAYERS: u64 = 400;

fn write(city: &City) -> (tempfile::TempDir, Manifest) {
    let directory = tempfile::tempdir().unwrap();
    let manifest = write_city(city, directory.path(), &mut |_, _| ()).unwrap();
    (directory, manifest)
}

fn records(directory: &Path, manifest: &Manifest) -> Vec<Record> {
    let mut all = Vec::new();
    for listed in &manifest.files {
        let file = BufReader::new(fs::File::open(directory.join(&listed.file)).unwrap());
        let form = Form::by_id(&listed.form).unwrap();
        let before = all.len();
        for item in Rows::open(form, listed.syntax, file).unwrap() {
            let record = item.unwrap_or_else(|problem| panic!("{}: {problem}", listed.file));
            if let Some(period) = record.period
                && record.section == Section::Filings
            {
                assert!(listed.coverage_from <= period.from() && period.to() <= listed.coverage_to);
            }
            all.push(record);
        }
        assert_eq!(u64::try_from(all.len() - before).unwrap(), listed.rows);
    }
    all
}

fn filings(records: &[Record]) -> BTreeMap<(&TaxpayerId, NaiveDate), Vec<Filing>> {
    let mut by_firm = BTreeMap::<_, Vec<_>>::new();
    for record in records.iter().filter(|record| record.section == Section::Filings) {
        let filing: Filing = serde_json::from_str(&record.body).unwrap();
        by_firm.entry((&record.taxpayer, filing.period.from())).or_default().push(filing);
    }
    by_firm
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
    assert!(manifest.files.iter().zip(&other.files).all(|(a, b)| a.sha256 != b.sha256 || a.rows == 0));
}

/// Changes only when the generator is meant to make another city; say so in the commit.
const MANIFEST_OF_SEED_1: &str = "3db3dab48a9760700cebf77255d11d5ce5037718594ee45b3d85525aaf900910";

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
    let (directory, manifest) = write(&City::new(11, TAXPAYERS));
    let records = records(directory.path(), &manifest);
    let marked: Vec<_> = records.iter().filter(|record| !record.marks.is_empty()).collect();
    let slips = ["vat_general.row_20", "vat_general.row_32", "vat_general.row_34"];
    for record in &marked {
        let rules: Vec<_> = record.marks.iter().map(|mark| mark.rule.as_str()).collect();
        assert!(rules.len() == 1 && slips.contains(&rules[0]), "{rules:?}");
    }
    assert!(
        !marked.is_empty() && marked.len() * 100 < records.len(),
        "{} of {}",
        marked.len(),
        records.len()
    );
}

#[test]
fn returns_carry_forward_and_the_year_adds_up() {
    let (directory, manifest) = write(&City::new(13, TAXPAYERS));
    let records = records(directory.path(), &manifest);
    let marked: BTreeSet<_> = records
        .iter()
        .filter(|r| !r.marks.is_empty())
        .map(|r| (&r.taxpayer, r.period.unwrap().from()))
        .collect();
    let all = filings(&records);
    let mut compared = 0;
    for ((taxpayer, month), revisions) in &all {
        let next_month = calendar::add_months(*month, 1);
        let next = all.get(&(*taxpayer, next_month)).and_then(|filings| general(filings.last().unwrap()));
        let (Some(this), Some(next)) = (general(revisions.last().unwrap()), next) else { continue };
        if marked.contains(&(*taxpayer, *month)) || marked.contains(&(*taxpayer, next_month)) {
            continue;
        }
        assert_eq!(this.month.get(Row::CarriedOut), next.month.get(Row::CarriedIn));
        assert_eq!(this.month.get(Row::ClosingUnpaid), next.month.get(Row::OpeningUnpaid));
        for row in [Row::SalesStd, Row::OutputTax, Row::NetPayable, Row::PayableTotal, Row::Paid] {
            let before = if next_month.month() == 1 { 0 } else { this.ytd.get(row).unwrap().get() };
            assert_eq!(
                before + next.month.get(row).unwrap().get(),
                next.ytd.get(row).unwrap().get(),
                "{row:?}"
            );
        }
        compared += 1;
    }
    assert!(compared > 2_000, "{compared}");
}

fn general(filing: &Filing) -> Option<&crate::domain::sections::filings::vat_general::VatGeneralColumns> {
    match &filing.figures {
        crate::domain::sections::filings::FormFigures::VatGeneral(figures) => Some(&figures.general),
        crate::domain::sections::filings::FormFigures::VatSmall(_)
        | crate::domain::sections::filings::FormFigures::CitPrepayment(_)
        | crate::domain::sections::filings::FormFigures::CitAnnual(_)
        | crate::domain::sections::filings::FormFigures::OtherTax(_) => None,
    }
}

#[test]
fn amendments_come_in_a_later_file_and_revise_what_was_delivered() {
    let (directory, manifest) = write(&City::new(17, TAXPAYERS));
    let last = manifest.files.last().unwrap();
    assert_eq!(last.file, "vat_general-amendments.csv");
    assert!(
        last.rows > 0
            && manifest.files[..manifest.files.len() - 1].iter().all(|file| file.as_of < last.as_of)
    );
    let records = records(directory.path(), &manifest);
    let mut amended = 0;
    for revisions in filings(&records).values() {
        match revisions.as_slice() {
            [only] => assert_eq!(only.correction, Correction::Original),
            [original, correction] => {
                assert_eq!(
                    (original.correction, correction.correction),
                    (Correction::Original, Correction::Amended)
                );
                assert!(original.filed_on < correction.filed_on && original.figures != correction.figures);
                amended += 1;
            }
            more => panic!("{}", more.len()),
        }
    }
    assert_eq!(amended, last.rows);
}

#[test]
fn a_city_has_firms_of_every_kind() {
    let city = City::new(19, 1_200);
    let (directory, manifest) = write(&city);
    let firms: Vec<_> = firms(&city).collect();
    let ids: BTreeSet<_> = firms.iter().map(|firm| &firm.taxpayer_id).collect();
    assert_eq!(ids.len(), firms.len());
    assert!(firms.iter().all(|firm| firm.taxpayer_id.check_warning().is_none()));
    assert!(firms.iter().any(|firm| firm.taxpayer_id.as_str().len() == 15));
    assert!(firms.iter().any(|firm| firm.taxpayer_id.as_str().len() == 20));
    assert!(firms.iter().any(|firm| firm.level.is_none()) && firms.iter().any(|firm| firm.returns == 0));
    assert!(firms.iter().any(|firm| firm.returns == 36) && firms.iter().any(|firm| firm.returns == 12));
    assert_eq!(firms.iter().map(|firm| firm.region).collect::<BTreeSet<_>>().len(), 9);
    let records = records(directory.path(), &manifest);
    let ratings: Vec<crate::domain::sections::rating::Rating> = records
        .iter()
        .filter(|record| record.section == Section::Rating)
        .map(|record| serde_json::from_str(&record.body).unwrap())
        .collect();
    for level in Level::ALL {
        assert!(firms.iter().filter(|firm| firm.level == Some(level)).count() > 10, "{level:?}");
    }
    for cause in RatingCause::ALL {
        assert!(ratings.iter().any(|rating| rating.cause == cause), "{cause:?}");
    }
    let filings = filings(&records);
    assert!(filings.values().flatten().any(|filing| filing.filed_on > filing.due));
    let refunds = |filing: &Filing| match &filing.figures {
        crate::domain::sections::filings::FormFigures::VatGeneral(figures) => {
            figures.refund_on_levy.is_some()
        }
        crate::domain::sections::filings::FormFigures::VatSmall(_)
        | crate::domain::sections::filings::FormFigures::CitPrepayment(_)
        | crate::domain::sections::filings::FormFigures::CitAnnual(_)
        | crate::domain::sections::filings::FormFigures::OtherTax(_) => false,
    };
    assert!(filings.values().flatten().any(refunds));
}

#[test]
fn nobody_young_is_rated_a_and_each_history_has_one_rating_in_force() {
    let city = City::new(23, TAXPAYERS);
    let span = city.span().unwrap();
    for index in 0..TAXPAYERS {
        let history = History::of(city.seed, index, &span).unwrap();
        let in_force = history.ratings.iter().filter(|rating| rating.superseded_on.is_none()).count();
        assert_eq!(in_force, usize::from(!history.ratings.is_empty()));
        for rating in history.ratings.iter().filter(|rating| rating.level == Level::A) {
            let years = rating.year - history.firm.reg_date.year();
            assert!(years >= 3, "{years}");
        }
        assert!(history.ratings.is_sorted_by(|a, b| a.assessed_on < b.assessed_on));
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
fn a_city_as_known_on_a_day_ends_with_the_newest_whole_month() {
    let until = |day: &str| City::as_known_on(day.parse().unwrap(), 1, 60).until.to_string();
    assert_eq!(until("2026-11-23"), "2026-10-01", "October's returns were due on the 16th");
    assert_eq!(until("2026-11-19"), "2026-09-01", "the amendments follow a day after the books");
    assert_eq!(until("2026-11-01"), "2026-09-01");
    assert_eq!(until("2027-01-31"), "2026-12-01");
}
