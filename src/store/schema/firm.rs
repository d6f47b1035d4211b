//! What firms do and are told: texts and requests of authorisations, sessions, notices, corrections, copies of their own.

diesel::table! {
    consent_text (digest) {
        digest -> Text,
        version -> Text,
        lang -> Text,
        body -> Text,
        kept_at -> Timestamp,
    }
}

diesel::table! {
    portal_session (id_digest) {
        id_digest -> Text,
        person -> Text,
        authentication -> Text,
        firms -> Text,
        chosen -> Nullable<BigInt>,
        opened_at -> Timestamp,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    annotation_entry (idx) {
        idx -> BigInt,
        kind -> Text,
        object_id -> Text,
        taxpayer_id -> Text,
        section -> Text,
    }
}

diesel::table! {
    notification (id) {
        id -> Text,
        taxpayer_id -> Text,
        kind -> Text,
        about -> Text,
        params -> Text,
        at -> Timestamp,
        read_at -> Nullable<Timestamp>,
        delivery -> Text,
        attempts -> Integer,
        next_at -> Timestamp,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    correction (id) {
        id -> Text,
        taxpayer_id -> Text,
        section -> Text,
        record_key -> Text,
        text -> Text,
        requested_at -> Timestamp,
        requested_as -> Text,
        check_by -> Date,
        source_by -> Date,
        extended_by -> Date,
        outcome -> Nullable<Text>,
        note -> Nullable<Text>,
        resolved_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    violation_notice (id) {
        id -> Text,
        taxpayer_id -> Text,
        record_key -> Text,
        notified_at -> Timestamp,
        last_day -> Date,
    }
}

diesel::table! {
    violation_statement (id) {
        id -> Text,
        taxpayer_id -> Text,
        record_key -> Text,
        text -> Text,
        made_at -> Timestamp,
    }
}

diesel::table! {
    fairness_rule (id) {
        id -> Text,
        notice_working_days -> BigInt,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    own_copy (id) {
        id -> Text,
        taxpayer_id -> Text,
        jwt -> Text,
        read_at -> BigInt,
        window_from -> Date,
        window_to -> Date,
        sections -> Text,
        profile -> Text,
        personal_data -> Bool,
        policy -> Text,
        salt_epoch -> Integer,
        issued_at -> Timestamp,
    }
}

diesel::table! {
    intermediary_report (id) {
        id -> Text,
        taxpayer_id -> Text,
        text -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    consent_request (id) {
        id -> Text,
        group_id -> Text,
        origin -> Text,
        taxpayer_id -> Text,
        bank -> Text,
        product_id -> Text,
        status -> Text,
        hidden -> Bool,
        terms -> Text,
        bank_ref -> Nullable<Text>,
        return_url -> Nullable<Text>,
        state -> Nullable<Text>,
        token_hash -> Nullable<Text>,
        hand_over_hash -> Nullable<Text>,
        hand_over_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        prepared_by -> Nullable<Text>,
        approvals -> Text,
        supersedes -> Nullable<Text>,
        consent_id -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        reminded -> Bool,
    }
}

diesel::table! {
    policy (version) {
        version -> Text,
        limits -> Text,
        digest -> Text,
        first_at -> Timestamp,
    }
}

diesel::table! {
    personal_consent (id) {
        id -> Text,
        consent_id -> Text,
        person -> Text,
        role -> Text,
        data_types -> Text,
        text_version -> Text,
        text_digest -> Text,
        method -> Text,
        assurance -> Text,
        authenticated_at -> Timestamp,
        granted_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    bank_block (taxpayer_id, bank) {
        taxpayer_id -> Text,
        bank -> Text,
        blocked_at -> Timestamp,
        entry_id -> Text,
    }
}

diesel::table! {
    consent_clock (consent_id) {
        consent_id -> Text,
        bank -> Text,
        valid_to -> Timestamp,
        retain_until -> Date,
        next_step -> Text,
        due_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    request_refusal (taxpayer_id, bank) {
        taxpayer_id -> Text,
        bank -> Text,
        refused_at -> Timestamp,
    }
}

diesel::table! {
    request_use (bank, taxpayer_id, day) {
        bank -> Text,
        taxpayer_id -> Text,
        day -> Date,
        used -> BigInt,
    }
}

diesel::table! {
    firm_setting (taxpayer_id) {
        taxpayer_id -> Text,
        joint_approval -> Bool,
        changed_at -> Timestamp,
        changed_by -> Text,
    }
}

diesel::table! {
    return_url (bank, url) {
        bank -> Text,
        url -> Text,
        registered_at -> Timestamp,
    }
}

diesel::table! {
    deletion_statement (consent_id) {
        consent_id -> Text,
        bank -> Text,
        scope -> Text,
        deleted_at -> Timestamp,
        statement -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    sign_in (state_digest) {
        state_digest -> Text,
        browser_digest -> Text,
        nonce -> Text,
        verifier -> Text,
        step_up -> Bool,
        place -> Text,
        begun_at -> Timestamp,
    }
}
