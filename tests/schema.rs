//! The documents in `schema/` and the code say the same: routes, roles, codes, limits, names, and every sample.
//!
//! What the documents say of themselves (metaschema, references, samples against schemas) is held by
//! `tests/third_party/check_schemas.py`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;
use shuidaiyi::domain::case::{CaseOutcome, CaseStatus};
use shuidaiyi::domain::consent::{
    Assurance, ConsentStatus, ConsentTerms, ConsentText, GrantMethod, Grantor, GrantorRole, Purpose,
};
use shuidaiyi::domain::correction::{CorrectionOutcome, CorrectionStage};
use shuidaiyi::domain::denial::{ConsentFault, Denial};
use shuidaiyi::domain::describe;
use shuidaiyi::domain::hold::{HoldKind, HoldStatus};
use shuidaiyi::domain::import::manifest::{Manifest, ManifestCity, ManifestFile};
use shuidaiyi::domain::import::{Charset, Compression, Form, InputRule, Syntax};
use shuidaiyi::domain::member::Role;
use shuidaiyi::domain::member::{CertificateState, MemberStatus};
use shuidaiyi::domain::period::Frequency;
use shuidaiyi::domain::product::{Drawdown, FieldProfile, ProductStatus, ProductTerms, Repayment, Security};
use shuidaiyi::domain::proposal::ProposalStatus;
use shuidaiyi::domain::section::{Section, SectionReason, SectionStatus};
use shuidaiyi::domain::sentinel::SentinelRule;
use shuidaiyi::http::body::BodyOptions;
use shuidaiyi::http::cases;
use shuidaiyi::http::corrections;
use shuidaiyi::http::deletions;
use shuidaiyi::http::members;
use shuidaiyi::http::problem::public;
use shuidaiyi::http::routes::{Takes, table};
use shuidaiyi::http::{consents, dossiers, member_keys, products};
use shuidaiyi::ledger::EntryKind;
use shuidaiyi::seal::jwk::PublicJwk;
use shuidaiyi::seal::sd_jwt::{ConsentClaim, DossierClaims, WindowClaim};
use shuidaiyi::service::audit::ReadScope;
use shuidaiyi::service::consent::NewConsent;
use shuidaiyi::service::error::{Fault, RefusedDelivery, ServiceError};
use shuidaiyi::service::holds::NewHold;
use shuidaiyi::service::ingest::Mode;
use shuidaiyi::service::mandate::NewMandate;
use shuidaiyi::service::objections::NewObjection;
use shuidaiyi::service::refusals::Counted;
use shuidaiyi::service::requests::ask::NewRequest;

#[path = "schema/samples.rs"]
mod samples;
#[path = "schema/section_list.rs"]
mod section_list;
#[path = "schema/sections.rs"]
mod sections;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema")
}

/// A document of `schema/`, by its name without the ending.
fn document(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

/// The texts of a JSON list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_route_is_described_with_its_roles_and_no_other() {
    let api = document("openapi");
    let mut described = BTreeMap::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let has_body = operation.get("requestBody").is_some();
            described.insert((method.to_uppercase(), path.clone()), (texts(&operation["x-roles"]), has_body));
        }
    }
    let served: BTreeMap<_, _> = table()
        .iter()
        .map(|entry| {
            let roles: Vec<&str> = entry.allow.iter().map(|role| role.as_str()).collect();
            let has_body = match entry.takes {
                Takes::Nothing(_) => false,
                Takes::Json(_) | Takes::Stream(_) => true,
            };
            ((entry.method.to_string(), entry.path.replace(":.+}", "}")), (roles, has_body))
        })
        .collect();
    assert_eq!(described, served, "a part of several segments ends in `:.+` in the table");
}

#[test]
fn every_answer_of_a_route_has_the_status_of_its_codes() {
    let api = document("openapi");
    let statuses: BTreeMap<&str, u16> = every_error().iter().map(code_and_status).collect();
    let mut used = BTreeSet::new();
    for (path, operation) in operations(&api) {
        let mut of_route = BTreeSet::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let codes = response.get("x-codes").map(texts).unwrap_or_default();
            assert_eq!(codes.is_empty(), status.starts_with('2'), "{path} {status}");
            for code in codes {
                assert_eq!(statuses[code].to_string(), *status, "{path} {code}");
                of_route.insert(code);
            }
        }
        for everywhere in ["unauthenticated", "too-large", "fault", "busy"] {
            assert!(of_route.contains(everywhere), "{path} {everywhere}");
        }
        assert_eq!(
            of_route.contains("forbidden"),
            texts(&operation["x-roles"]).len() < Role::ALL.len(),
            "{path}"
        );
        used.extend(of_route);
    }
    assert_eq!(used, statuses.keys().copied().collect());
}

#[test]
fn the_problem_codes_are_those_of_the_code() {
    let problem = document("problem");
    let mut described: Vec<(&str, u16)> = problem["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| {
            let member = |name: &str| &each["properties"][name]["const"];
            let code = member("code").as_str().unwrap();
            assert_eq!(member("type").as_str().unwrap(), format!("urn:shuidaiyi:problem:{code}"));
            (code, u16::try_from(member("status").as_u64().unwrap()).unwrap())
        })
        .collect();
    let listed: BTreeSet<&str> = texts(&problem["properties"]["code"]["enum"]).into_iter().collect();
    assert_eq!(listed, described.iter().map(|(code, _)| *code).collect());
    let mut answered: Vec<(&str, u16)> = every_error().iter().map(code_and_status).collect();
    described.sort_unstable();
    answered.sort_unstable();
    answered.dedup(); // a refused delivery is a kind of invalid request
    assert_eq!(described, answered);
}

fn operations(api: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let paths = api["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().values().map(move |operation| (path, operation))
    })
}

fn code_and_status(error: &ServiceError) -> (&'static str, u16) {
    let public = public(error);
    (public.code, public.status.as_u16())
}

/// One error of every kind: a new kind does not compile until it stands here.
fn every_error() -> Vec<ServiceError> {
    fn next(error: Option<&ServiceError>) -> Option<ServiceError> {
        Some(match error {
            None => ServiceError::Unauthenticated(""),
            Some(ServiceError::Unauthenticated(_)) => ServiceError::Forbidden,
            Some(ServiceError::Forbidden) => ServiceError::NotFound,
            Some(ServiceError::NotFound) => ServiceError::Denied(Denial::NotInForce(ConsentFault::Unknown)),
            Some(ServiceError::Denied(Denial::NotInForce(_))) => {
                ServiceError::Denied(Denial::SectionNotConsented)
            }
            Some(ServiceError::Denied(Denial::SectionNotConsented)) => ServiceError::Invalid(vec![]),
            Some(ServiceError::Invalid(_)) => ServiceError::RowsRejected(Box::new(RefusedDelivery {
                batch_id: String::new(),
                rejected: 1,
                errors: Vec::new(),
            })),
            Some(ServiceError::RowsRejected(_)) => ServiceError::Malformed(String::new()),
            Some(ServiceError::Malformed(_)) => ServiceError::TooLarge(""),
            Some(ServiceError::TooLarge(_)) => ServiceError::Conflict(String::new()),
            Some(ServiceError::Conflict(_)) => ServiceError::KeyConflict,
            Some(ServiceError::KeyConflict) => ServiceError::NoEncryptionKey,
            Some(ServiceError::NoEncryptionKey) => {
                ServiceError::RateLimited { retry_after_s: 1, quota_per_day: 1 }
            }
            Some(ServiceError::RateLimited { .. }) => ServiceError::Busy(String::new()),
            Some(ServiceError::Busy(_)) => ServiceError::Fault(Fault::Internal(String::new())),
            Some(ServiceError::Fault(_)) => return None,
        })
    }
    let mut errors = Vec::new();
    while let Some(error) = next(errors.last()) {
        errors.push(error);
    }
    errors
}

#[test]
fn the_limits_are_those_of_the_code() {
    let limits = &document("openapi")["x-limits"];
    let body = BodyOptions::default();
    assert_eq!(limits["json_bytes_max"], body.json_bytes_max);
    assert_eq!(limits["header_bytes_max"], body.header_bytes_max);
    assert_eq!(limits["body_seconds_max"], body.body_seconds_max);
    assert_eq!(limits["batch_bytes_max"], body.batch_bytes_max);
    assert_eq!(limits["batch_idle_seconds_max"], body.batch_idle_seconds_max);
}

/// The names that serde reads for an enum, or the fields of a struct that refuses others: it lists them when
/// it meets another one.
fn names<T: DeserializeOwned>(stranger: &str) -> BTreeSet<String> {
    let complaint = serde_json::from_str::<T>(stranger).err().unwrap().to_string();
    let (_, expected) = complaint.split_once(", expected ").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn assert_enum<T: DeserializeOwned>(file: &str, pointer: &str) {
    let document = document(file);
    let listed = texts(document.pointer(pointer).unwrap());
    let read = names::<T>(r#""no such name""#);
    assert_eq!(listed.len(), read.len(), "{file}{pointer}");
    assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), read, "{file}{pointer}");
}

fn assert_list(file: &str, pointer: &str, code: &[&str]) {
    assert_eq!(texts(document(file).pointer(pointer).unwrap()), code, "{file}{pointer}");
}

fn assert_fields<T: DeserializeOwned>(file: &str, pointer: &str) {
    let document = document(file);
    let described = keys(document.pointer(pointer).unwrap());
    let read = names::<T>(r#"{"no such name":0}"#);
    assert_eq!(described, read.iter().map(String::as_str).collect(), "{file}{pointer}");
}

#[test]
fn every_list_of_names_is_the_one_of_the_code() {
    let as_str = |names: &[Section]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    assert_list("common", "/$defs/section/enum", &as_str(&Section::ALL));
    let encoders = Section::ALL.map(Section::encoder).into_iter();
    let encoders: Vec<&str> = encoders.chain(Section::ALL.map(Section::annotated_encoder)).collect();
    assert_list("section", "/$defs/encoder/enum", &encoders);
    assert_enum::<CorrectionOutcome>("correction", "/$defs/outcome/enum");
    assert_enum::<CorrectionStage>("correction", "/properties/stage/enum");
    assert_list(
        "ledger-entry",
        "/$defs/kind/enum",
        &EntryKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
    );
    let forms: Vec<&str> = Form::all().iter().map(Form::id).collect();
    assert_list("openapi", "/components/schemas/Form/enum", &forms);

    assert_enum::<Section>("common", "/$defs/section/enum");
    assert_enum::<SectionStatus>("section", "/$defs/status/enum");
    assert_enum::<SectionReason>("section", "/$defs/reason/enum");
    assert_enum::<Purpose>("common", "/$defs/purpose/enum");
    assert_enum::<Frequency>("common", "/$defs/frequency/enum");
    assert_enum::<Role>("common", "/$defs/role/enum");
    assert_enum::<ConsentStatus>("consent", "/$defs/status/enum");
    assert_enum::<GrantorRole>("consent", "/$defs/grantor/properties/role/enum");
    assert_enum::<GrantMethod>("consent", "/$defs/grantor/properties/method/enum");
    assert_enum::<Assurance>("consent", "/$defs/grantor/properties/assurance/enum");
    assert_enum::<ProductStatus>("product", "/$defs/status/enum");
    assert_enum::<Drawdown>("product", "/$defs/drawdown/enum");
    assert_enum::<Repayment>("product", "/$defs/repayment/enum");
    assert_enum::<Security>("product", "/$defs/security/enum");
    assert_enum::<CaseStatus>("case", "/properties/status/enum");
    assert_enum::<CaseOutcome>("case", "/$defs/outcome/enum");
    assert_enum::<SentinelRule>("case", "/$defs/rule/enum");
    assert_enum::<HoldKind>("hold", "/properties/target/enum");
    assert_enum::<HoldStatus>("hold", "/properties/status/enum");
    assert_enum::<MemberStatus>("member", "/$defs/status/enum");
    assert_enum::<CertificateState>("member", "/$defs/state/enum");
    assert_enum::<ProposalStatus>("member", "/$defs/proposal_status/enum");
    let reads: Vec<&str> = ReadScope::ALL.iter().map(|scope| scope.as_str()).collect();
    let entries = document("ledger-entry");
    let read =
        entries["oneOf"].as_array().unwrap().iter().find(|kind| kind["properties"].get("scope").is_some());
    assert_eq!(texts(&read.unwrap()["properties"]["scope"]["enum"]), reads);
    assert_enum::<Mode>("openapi", "/components/schemas/Mode/enum");
    let rules: Vec<&str> = InputRule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_list("batch", "/$defs/rule/enum", &rules);
}

#[test]
fn a_manifest_is_described_as_it_is_read() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(folder().join("import/manifest.schema")).unwrap()).unwrap();
    let stranger = r#"{"no such name":0}"#;
    let described = |pointer: &str| {
        keys(schema.pointer(pointer).unwrap()).into_iter().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(described("/properties"), names::<Manifest>(stranger));
    assert_eq!(described("/properties/city/properties"), names::<ManifestCity>(stranger));
    assert_eq!(described("/properties/files/items/properties"), names::<ManifestFile>(stranger));
    let listed = |name: &str| {
        let list = &schema["properties"]["files"]["items"]["properties"][name]["enum"];
        texts(list).into_iter().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(listed("syntax"), names::<Syntax>(r#""x""#));
    assert_eq!(listed("encoding"), names::<Charset>(r#""x""#));
    assert_eq!(listed("compression"), names::<Compression>(r#""x""#));
}

#[test]
fn every_list_of_fields_is_the_one_of_the_code() {
    assert_fields::<dossiers::Wire>("pull", "/$defs/request/properties");
    assert_fields::<NewConsent>("consent", "/$defs/new/properties");
    assert_fields::<ConsentTerms>("consent", "/$defs/terms_open/properties");
    assert_fields::<NewRequest>("consent-request", "/$defs/new/properties");
    assert_fields::<Grantor>("consent", "/$defs/grantor/properties");
    assert_fields::<Grantor>("consent", "/$defs/grantor_in/properties");
    assert_fields::<ConsentText>("consent", "/$defs/new/properties/text/properties");
    assert_fields::<consents::Revocation>("consent", "/$defs/revocation/properties");
    assert_fields::<ProductTerms>("product", "/$defs/terms/properties");
    assert_fields::<FieldProfile>("product", "/$defs/profile/properties");
    assert_fields::<products::Approval>("product", "/$defs/approval/properties");
    assert_fields::<cases::Answering>("case", "/$defs/answering/properties");
    assert_fields::<cases::Closing>("case", "/$defs/closing/properties");
    assert_fields::<corrections::Resolving>("correction", "/$defs/resolving/properties");
    assert_fields::<deletions::NewStatement>("deletion", "/$defs/new/properties");
    assert_fields::<NewObjection>("objection", "/$defs/new/properties");
    assert_fields::<NewHold>("hold", "/$defs/new/properties");
    assert_fields::<members::CertificateWire>("member", "/$defs/certificate_new/properties");
    assert_fields::<members::RotationWire>("member", "/$defs/rotation/properties");
    assert_fields::<NewMandate>("mandate", "/$defs/new/properties");
    assert_fields::<member_keys::Registration>("member-key", "/$defs/registration/properties");
    assert_fields::<PublicJwk>("member-key", "/$defs/jwk/properties");
    assert_fields::<DossierClaims>("dossier-claims", "/properties");
    assert_fields::<ConsentClaim>("dossier-claims", "/properties/consent/properties");
    assert_fields::<WindowClaim>("common", "/$defs/window/properties");
    let counts = document("ledger-entry");
    let counted =
        counts["oneOf"].as_array().unwrap().iter().find(|kind| kind["properties"].get("counts").is_some());
    let described = keys(&counted.unwrap()["properties"]["counts"]["properties"]);
    assert_eq!(described, Counted::ALL.iter().map(|why| why.as_str()).collect());
}

/// What the types give, beside what is published; `SHUIDAIYI_WRITE_SCHEMA=1` writes it anew.
#[test]
fn what_is_generated_from_the_types_is_what_is_published() {
    let mut generated = vec![
        ("dictionary.csv".to_owned(), describe::dictionary()),
        ("rules.csv".to_owned(), describe::rules()),
    ];
    for section in Section::ALL {
        let text = serde_json::to_string_pretty(&describe::section_schema(section)).unwrap() + "\n";
        generated.push((format!("section/{section}.json"), text));
    }
    let write = std::env::var_os("SHUIDAIYI_WRITE_SCHEMA").is_some();
    for (name, text) in generated {
        let path = folder().join(&name);
        if write {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == text,
            "{name} is not what the types give: SHUIDAIYI_WRITE_SCHEMA=1 cargo test --test schema"
        );
    }
}

/// A reader of the dictionary finds each field named in Chinese and explained in English.
#[test]
fn every_field_is_named_and_explained() {
    for field in Section::ALL.into_iter().flat_map(describe::fields) {
        assert!(!field.zh.is_ascii(), "{} {}: no Chinese name", field.section, field.path);
        assert!(
            field.en.chars().filter(char::is_ascii_alphabetic).count() > 4,
            "{} {}: no English meaning",
            field.section,
            field.path
        );
    }
}
