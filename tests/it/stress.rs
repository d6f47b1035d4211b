//! The stress delivery on both databases: each bad row and file refused as its list says, nothing half-loaded, and the
//! same delivery corrected loads whole.

use std::collections::BTreeMap;
use std::path::Path;

use ring::digest::{SHA256, digest};
use shuidaiyi::cli::synth::{City, EXPECTED, Expected, STRESS, STRESS_CORRECTED, write_stress};
use shuidaiyi::domain::import::Form;
use shuidaiyi::domain::import::manifest::{Manifest, ManifestFile};
use shuidaiyi::service::error::{ServiceError, ServiceResult};
use shuidaiyi::service::ingest::{Content, Deliverer, Delivery, Mode, Report, ingest_content};

use crate::support::{Backend, Site, both_backends, sql};

both_backends!(every_bad_row_is_refused_by_name_and_the_corrected_delivery_loads,);

fn manifest(directory: &Path) -> Manifest {
    serde_json::from_slice(&std::fs::read(directory.join("manifest.json")).unwrap()).unwrap()
}

fn deliver(site: &Site, directory: &Path, file: &ManifestFile, mode: Mode) -> ServiceResult<Report> {
    let deliverer = Deliverer { member: "bureau".into(), label: "system".into(), certificate: None };
    let delivery = Delivery {
        form: Form::by_id(&file.form).unwrap(),
        syntax: file.syntax,
        coverage_from: file.coverage_from,
        coverage_to: file.coverage_to,
        as_of: file.as_of,
        mode,
    };
    let source = std::fs::File::open(directory.join(&file.file)).unwrap();
    let content = Content {
        bytes: file.compression.unpack(source).unwrap(),
        charset: file.encoding,
        rows: Some(file.rows),
    };
    ingest_content(site.exchange(), &deliverer, delivery, content, &mut |_| {})
}

/// Whether the file is the one that its manifest describes, which who sends a delivery looks at first.
fn is_described(directory: &Path, file: &ManifestFile) -> bool {
    let found = digest(&SHA256, &std::fs::read(directory.join(&file.file)).unwrap());
    found.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>() == file.sha256
}

/// Row, column and rule of what was rejected.
type Said = Vec<(u64, Option<String>, String)>;

fn listed(expected: &[&Expected]) -> Said {
    let rejected = expected.iter().filter(|entry| entry.rule.is_some());
    rejected.map(|e| (e.row.unwrap(), e.column.clone(), e.rule.clone().unwrap())).collect()
}

async fn every_bad_row_is_refused_by_name_and_the_corrected_delivery_loads(backend: Backend) {
    let site = Site::start(backend);
    let home = tempfile::tempdir().unwrap();
    let written = write_stress(&City::new(1, 20), home.path()).unwrap();
    let stress = home.path().join(STRESS);
    let list: Vec<Expected> = serde_json::from_slice(&std::fs::read(stress.join(EXPECTED)).unwrap()).unwrap();
    assert_eq!(list, written);
    let mut by_file: BTreeMap<&str, Vec<&Expected>> = BTreeMap::new();
    for entry in &list {
        by_file.entry(&entry.file).or_default().push(entry);
    }
    let records = || sql::number(&sql::data(&site), "SELECT count(*) AS n FROM record");
    let mut taken = 0;
    for file in &manifest(&stress).files {
        let expected = &by_file[file.file.as_str()];
        if expected[0].rule.as_deref() == Some("manifest.sha256") {
            assert!(!is_described(&stress, file), "{}", file.file);
            continue;
        }
        assert!(is_described(&stress, file), "{}", file.file);
        match deliver(&site, &stress, file, Mode::All) {
            Ok(report) => {
                let marked = expected.iter().filter(|entry| !entry.marks.is_empty()).count();
                assert_eq!(marked, expected.len(), "{} was taken", file.file);
                assert_eq!((report.marked, report.rejected), (u64::try_from(marked).unwrap(), 0));
                taken += i64::try_from(report.accepted).unwrap();
            }
            Err(ServiceError::RowsRejected(refused)) => {
                let said: Said =
                    refused.errors.iter().map(|e| (e.row, e.column.clone(), e.rule.to_string())).collect();
                assert_eq!(said, listed(expected), "{}", file.file);
            }
            Err(ServiceError::Malformed(_) | ServiceError::TooLarge(_) | ServiceError::Invalid(_)) => {
                assert!(expected.iter().all(|entry| entry.row.is_none()), "{} as a whole", file.file);
            }
            Err(other) => panic!("{}: {other}", file.file),
        }
        assert_eq!(records(), taken, "{}: nothing of what was refused stays", file.file);
    }
    let corrected = home.path().join(STRESS_CORRECTED);
    for file in &manifest(&corrected).files {
        assert!(is_described(&corrected, file));
        let report = deliver(&site, &corrected, file, Mode::All)
            .unwrap_or_else(|error| panic!("{}: {error:?}", file.file));
        assert_eq!((report.marked, report.rejected, report.rows), (0, 0, file.rows), "{}", file.file);
    }
}
