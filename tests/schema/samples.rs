//! Every sample goes through the code's own types and comes out the same.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shuidaiyi::domain::case::{Answer, Case, Closure};
use shuidaiyi::domain::consent::{Consent, ConsentTerms};
use shuidaiyi::domain::denial::{ConsentFault, Denial};
use shuidaiyi::domain::hold::{Hold, HoldTarget};
use shuidaiyi::domain::correction::{Correction, Resolution};
use shuidaiyi::domain::import::{InputRule, RowError};
use shuidaiyi::domain::product::{FieldProfile, ProductTerms};
use shuidaiyi::domain::timestamp::Timestamp;
use shuidaiyi::http::cases;
use shuidaiyi::http::corrections;
use shuidaiyi::http::deletions;
use shuidaiyi::http::log::OwnEntryView;
use shuidaiyi::http::members::{CertificateWire, RotationWire};
use shuidaiyi::http::problem::response;
use shuidaiyi::http::{consents, dossiers, member_keys, products};
use shuidaiyi::ledger::{Entry, EntryKind, InclusionReceipt};
use shuidaiyi::seal::consent_receipt::ConsentReceipt;
use shuidaiyi::seal::digest::{canonical_json, prefixed_digest};
use shuidaiyi::seal::jws::read_unverified_payload;
use shuidaiyi::seal::sd_jwt::DossierClaims;
use shuidaiyi::seal::trust::TrustFile;
use shuidaiyi::seal::verify::Expectations;
use shuidaiyi::service::cases::{CaseChange, CaseView};
use shuidaiyi::service::corrections::{CorrectionChange, CorrectionView};
use shuidaiyi::service::consent::{ConsentChange, ConsentView, NewConsent};
use shuidaiyi::service::consent_receipt::ReceiptAnswer;
use shuidaiyi::service::deletions::{RetentionView, Stated, Statement};
use shuidaiyi::service::error::RefusedDelivery;
use shuidaiyi::service::error::ServiceError;
use shuidaiyi::service::holds::{HoldChange, HoldView, NewHold};
use shuidaiyi::service::ingest::Report;
use shuidaiyi::service::mandate::{MandateChange, MandateView, NewMandate};
use shuidaiyi::service::member_keys::MemberKeyView;
use shuidaiyi::service::members::{MemberChange, MemberView};
use shuidaiyi::service::objections::{NewObjection, ObjectionView};
use shuidaiyi::service::product::ProductView;
use shuidaiyi::service::proposals::{Decided, ProposalView};
use shuidaiyi::service::receipt::Receipt;
use shuidaiyi::service::rejections::RejectedRow;
use shuidaiyi::service::repeat::{ReleaseView, Repeated};
use shuidaiyi::service::requests::ask::{Asked, BankRequestView, DryRun, NewRequest};
use shuidaiyi::service::verify::{PullAnswer, verify};

use super::{document, keys};

fn sample(name: &str) -> Value {
    document(&format!("samples/{name}"))
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// Reads a sample and writes it again.
fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) {
    assert_eq!(serde_json::to_value(read::<T>(value)).unwrap(), *value);
}

fn without(value: &Value, members: &[&str]) -> Value {
    let mut object = value.as_object().unwrap().clone();
    object.retain(|name, _| !members.contains(&name.as_str()));
    Value::Object(object)
}

#[test]
fn requests_are_read() {
    read::<dossiers::Wire>(&sample("pull-request"));
    read::<NewConsent>(&sample("consent-new"));
    read::<consents::Revocation>(&sample("consent-revocation"));
    read::<CertificateWire>(&sample("member-certificate-new"));
    read::<RotationWire>(&sample("member-rotation"));
    read::<products::Approval>(&sample("product-approval"));
    read::<NewHold>(&sample("hold-new")).target().unwrap();
    read::<member_keys::Registration>(&sample("member-key-registration"));
    read::<cases::Answering>(&sample("case-answering"));
    read::<cases::Closing>(&sample("case-closing"));
    read::<corrections::Resolving>(&sample("correction-resolving"));
    read::<NewObjection>(&sample("objection-new"));
    read::<deletions::NewStatement>(&sample("deletion-new"));
    round_trip::<Statement>(&sample("deletion-statement"));
    round_trip::<ProductTerms>(&sample("product-terms"));
    read::<ProductTerms>(&sample("product-terms")).check().unwrap();
    let profile: FieldProfile = read(&sample("product-approval")["profile"]);
    profile.narrowed_to(&read(&sample("product-terms"))).unwrap();
}

#[test]
fn the_pull_is_a_real_one_and_verifies() {
    let answer: PullAnswer = read(&sample("pull"));
    let trust = TrustFile::parse(&sample("trust").to_string()).unwrap();
    let claims: DossierClaims = read(&sample("dossier-claims"));
    let at_micros = (claims.iat + 10) * 1_000_000;
    let report = verify(&answer, &trust, Expectations { audience: Some(&claims.aud), at_micros });
    assert!(report.holds(), "{:#?}", report.checks);
    assert_eq!(report.claims.unwrap(), claims);
    let sections: Vec<&str> = report.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(sections, ["registration", "rating"]);
    assert_eq!(serde_json::to_value(&answer.receipt).unwrap(), sample("receipt"));
    round_trip::<DossierClaims>(&sample("dossier-claims"));
    round_trip::<TrustFile>(&sample("trust"));
}

#[test]
fn a_request_for_a_consent_reads_back() {
    read::<NewRequest>(&sample("consent-request-new"));
    round_trip::<Asked>(&sample("consent-request-asked"));
    round_trip::<DryRun>(&sample("consent-request-dry-run"));
    round_trip::<BankRequestView>(&sample("consent-request"));
}

#[test]
fn a_consent_is_named_by_the_digest_of_its_terms() {
    let whole = sample("consent");
    let terms = without(&whole, &["digest", "status", "pulls_used"]);
    round_trip::<ConsentTerms>(&terms);
    assert_eq!(whole["digest"], prefixed_digest(canonical_json(&terms).unwrap().as_bytes()));
    assert_eq!(whole["digest"], sample("dossier-claims")["consent"]["digest"]);

    let consent = |from: &Value| Consent {
        terms: read(&terms),
        digest: read(&from["digest"]),
        status: read(&from["status"]),
        pulls_used: read(&from["pulls_used"]),
        personal_withdrawn: false,
    };
    let at: Timestamp = "2026-11-24".parse().unwrap();
    let view = ConsentView::whole(consent(&whole), at);
    assert_eq!(serde_json::to_value(view).unwrap(), whole);
    let for_bank = serde_json::to_value(ConsentView::for_bank(consent(&whole), at)).unwrap();
    assert_eq!(for_bank["grantor"], without(&whole["grantor"], &["id_ref"]));

    let changed = sample("consent-change");
    let change = ConsentChange {
        consent: ConsentView::whole(consent(&changed), at),
        receipt: read(&changed["receipt"]),
    };
    assert_eq!(serde_json::to_value(change).unwrap(), changed);
}

#[test]
fn a_consent_receipt_is_written_so() {
    let answer = sample("consent-receipt-answer");
    round_trip::<ReceiptAnswer>(&answer);
    round_trip::<ConsentReceipt>(&sample("consent-receipt"));
    let payload = read_unverified_payload(answer["receipt"].as_str().unwrap()).unwrap();
    assert_eq!(Value::Object(payload), sample("consent-receipt"));
}

#[test]
fn answers_are_written_so() {
    let product = sample("product");
    let view = ProductView {
        id: read(&product["id"]),
        bank: read(&product["bank"]),
        status: read(&product["status"]),
        terms: read(&without(&product, &["id", "bank", "status", "profile"])),
        profile: read(&product["profile"]),
    };
    assert_eq!(serde_json::to_value(view).unwrap(), product);

    let key = sample("member-key");
    let view = MemberKeyView {
        usage: read(&key["use"]),
        kid: read(&key["kid"]),
        jwk: read(&key["jwk"]),
        from: read(&key["from"]),
        to: read(&key["to"]),
    };
    assert_eq!(view.kid, view.jwk.thumbprint());
    assert_eq!(serde_json::to_value(view).unwrap(), key);

    let release = sample("release");
    let view = || ReleaseView {
        release_id: read(&release["release_id"]),
        consent_id: read(&release["consent_id"]),
        purpose: read(&release["purpose"]),
        issued_at: read(&release["issued_at"]),
        read_at: read(&release["read_at"]),
        dossier_digest: read(&release["dossier_digest"]),
        bank_ref: read(&release["bank_ref"]),
    };
    assert_eq!(serde_json::to_value(view()).unwrap(), release);
    let repeated = sample("release-repeated");
    let receipt: Receipt = read(&repeated["receipt"]);
    let written = |dossier: Option<String>, repeat_receipt| Repeated {
        release: view(),
        dossier,
        receipt: receipt.clone(),
        repeat_receipt,
    };
    assert_eq!(serde_json::to_value(written(None, None)).unwrap(), repeated);
    let longest = serde_json::to_value(written(Some(String::new()), Some(receipt.clone()))).unwrap();
    assert_eq!(keys(&longest), keys(&document("release")["$defs"]["repeated"]["properties"]));
    assert_eq!(keys(&sample("receipt")), keys(&document("receipt")["properties"]));
    let own = sample("own-entry");
    let view = OwnEntryView { index: read(&own["index"]), receipt: read(&without(&own, &["index"])) };
    assert_eq!(serde_json::to_value(view).unwrap(), own);
}

#[test]
fn a_hold_is_shown_so() {
    let shown = sample("hold");
    let hold = Hold {
        id: read(&shown["id"]),
        target: HoldTarget::parse(read(&shown["target"]), shown["value"].as_str().unwrap()).unwrap(),
        reason: read(&shown["reason"]),
        until: read(&shown["until"]),
        placed_at: read(&shown["placed_at"]),
        placed_by: read(&shown["placed_by"]),
        lifted_at: read(&shown["lifted_at"]),
        lifted_by: read(&shown["lifted_by"]),
    };
    let view = HoldView::new(hold, "2026-11-25".parse().unwrap());
    assert_eq!(serde_json::to_value(&view).unwrap(), shown);
    let change = HoldChange { hold: view, receipt: read(&sample("receipt")) };
    assert_eq!(serde_json::to_value(change).unwrap(), sample("hold-change"));
}

#[test]
fn members_and_proposals_are_written_so() {
    round_trip::<MemberView>(&sample("member"));
    round_trip::<MemberChange>(&sample("member-change"));
    round_trip::<ProposalView>(&sample("proposal"));
    round_trip::<Decided>(&sample("proposal-decided"));
}

#[test]
fn mandates_are_answered_so() {
    let mandate = sample("mandate");
    let view = || MandateView {
        id: read(&mandate["id"]),
        notice_no: read(&mandate["notice_no"]),
        bank: read(&mandate["bank"]),
        from: read(&mandate["from"]),
        to: read(&mandate["to"]),
        opened_at: read(&mandate["opened_at"]),
        opened_by: read(&mandate["opened_by"]),
        approved_at: read(&mandate["approved_at"]),
        approved_by: read(&mandate["approved_by"]),
    };
    assert_eq!(serde_json::to_value(view()).unwrap(), mandate);
    let changed = sample("mandate-change");
    let change = MandateChange { mandate: view(), receipt: read(&changed["receipt"]) };
    assert_eq!(serde_json::to_value(change).unwrap(), changed);
    let new: NewMandate = read(&sample("mandate-new"));
    assert_eq!(serde_json::to_value(new.from).unwrap(), mandate["from"]);
}

#[test]
fn a_correction_is_shown_so() {
    let shown = sample("correction");
    let limits =
        without(&shown, &keys(&shown).into_iter().filter(|name| !name.ends_with("_by")).collect::<Vec<_>>());
    let open = || Correction {
        id: read(&shown["id"]),
        taxpayer: read(&shown["taxpayer_id"]),
        section: read(&shown["section"]),
        record_key: read(&shown["record"]),
        text: read(&shown["text"]),
        requested_at: read(&shown["requested_at"]),
        requested_as: read(&shown["requested_as"]),
        limits: read(&limits),
        resolution: None,
    };
    let view = CorrectionView::of(open(), "2026-11-28".parse().unwrap());
    assert_eq!(serde_json::to_value(&view).unwrap(), shown);
    let decided = sample("correction-change");
    let end = Resolution {
        outcome: read(&decided["outcome"]),
        note: read(&decided["note"]),
        at: read(&decided["resolved_at"]),
    };
    let resolved = Correction { resolution: Some(end), ..open() };
    let correction = CorrectionView::of(resolved, "2026-11-30".parse().unwrap());
    let change = CorrectionChange { correction, receipt: read(&decided["receipt"]) };
    assert_eq!(serde_json::to_value(change).unwrap(), decided);
}

#[test]
fn a_case_is_shown_so() {
    let shown = sample("case");
    let finding = &shown["finding"];
    let case = || Case {
        id: read(&shown["id"]),
        rule: read(&finding["rule"]),
        bank: read(&shown["bank"]),
        cause: String::new(),
        taxpayer: read(&finding["taxpayer_id"]),
        releases: read(&shown["releases"]),
        detail: finding["detail"].clone(),
        through: 0,
        opened_at: read(&shown["opened_at"]),
        answer: Some(read::<Answer>(&shown["answer"])),
        closure: Some(Closure {
            outcome: read(&shown["outcome"]),
            note: read(&finding["note"]),
            at: read(&shown["closed_at"]),
        }),
    };
    assert_eq!(serde_json::to_value(CaseView::whole(case())).unwrap(), shown);
    assert_eq!(serde_json::to_value(CaseView::for_bank(case())).unwrap(), sample("case-for-bank"));
    let change = CaseChange { case: CaseView::for_bank(case()), receipt: read(&sample("receipt")) };
    assert_eq!(serde_json::to_value(change).unwrap(), sample("case-change"));

    let shown = sample("objection");
    let view = ObjectionView {
        id: read(&shown["id"]),
        release_id: read(&shown["release_id"]),
        text: read(&shown["text"]),
        raised_at: read(&shown["raised_at"]),
        case_id: read(&shown["case_id"]),
        receipt: read(&shown["receipt"]),
    };
    assert_eq!(serde_json::to_value(view).unwrap(), shown);
}

#[test]
fn a_delivery_is_reported_so() {
    let batch = sample("batch");
    let errors = batch["errors"].as_array().unwrap().iter().map(|row| RejectedRow {
        row: read(&row["row"]),
        line: read(&row["line"]),
        column: read(&row["column"]),
        rule: read(&row["rule"]),
        message: read(&row["message"]),
    });
    let report = Report {
        batch_id: read(&batch["batch_id"]),
        rows: read(&batch["rows"]),
        accepted: read(&batch["accepted"]),
        marked: read(&batch["marked"]),
        rejected: read(&batch["rejected"]),
        unchanged: read(&batch["unchanged"]),
        ledger_index: read(&batch["ledger_index"]),
        repeated: read(&batch["repeated"]),
        errors: errors.collect(),
        errors_url: read(&batch["errors_url"]),
    };
    assert_eq!(serde_json::to_value(report).unwrap(), batch);
}

#[test]
fn problems_are_answered_so() {
    let invalid = ServiceError::invalid("/valid_to", "must be after valid_from");
    let denied = ServiceError::Denied(Denial::NotInForce(ConsentFault::Revoked));
    for (name, error) in
        [("problem", denied), ("problem-invalid", invalid), ("problem-rows-rejected", rows_rejected())]
    {
        let expected = sample(name);
        let answer = response(&error, expected["instance"].as_str().unwrap());
        let body = actix_web::body::MessageBody::try_into_bytes(answer.into_body()).ok().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
}

/// What the sample of a refused delivery is the answer to.
fn rows_rejected() -> ServiceError {
    let sample = sample("problem-rows-rejected");
    let errors = sample["errors"].as_array().unwrap().iter().map(|error| RowError {
        row: read(&error["row"]),
        line: read(&error["line"]),
        column: read(&error["column"]),
        rule: *InputRule::ALL.iter().find(|rule| error["rule"] == rule.as_str()).unwrap(),
        message: read(&error["message"]),
    });
    ServiceError::RowsRejected(Box::new(RefusedDelivery {
        batch_id: read(&sample["batch_id"]),
        rejected: read(&sample["rejected"]),
        errors: errors.collect(),
    }))
}

#[test]
fn there_is_an_entry_of_every_kind() {
    for kind in EntryKind::ALL {
        let expected = sample(&format!("ledger-entry-{}", kind.as_str().replace('.', "-")));
        let entry = Entry::parse(canonical_json(&expected).unwrap().as_bytes()).unwrap();
        assert_eq!(entry.kind, kind.as_str());
        let common = json!({"v": 1, "kind": entry.kind, "at": entry.at, "id": entry.id, "actor": entry.actor, "by": entry.by});
        let mut all = common.as_object().unwrap().clone();
        all.extend(entry.fields);
        assert_eq!(Value::Object(all), expected);
    }
    let receipt: Receipt = read(&sample("receipt"));
    assert_eq!(InclusionReceipt::parse(&receipt.proof).unwrap().to_text(), receipt.proof);
}

#[test]
fn retention_and_its_statement_are_shown_as_described() {
    let shown = sample("deletion");
    let view = RetentionView {
        consent_id: read(&shown["consent_id"]),
        bank: read(&shown["bank"]),
        retain_until: read(&shown["retain_until"]),
        deleted_at: read(&shown["deleted_at"]),
        overdue: read(&shown["overdue"]),
    };
    assert_eq!(serde_json::to_value(view).unwrap(), shown);
    let shown = sample("deletion-stated");
    let stated = Stated {
        statement: read(&sample("deletion-statement")),
        received_at: read(&shown["received_at"]),
        receipt: read(&shown["receipt"]),
    };
    assert_eq!(serde_json::to_value(stated).unwrap(), shown);
}
