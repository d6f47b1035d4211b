//! The tables, as diesel sees them. `migrations/` says what each column holds.

diesel::table! {
    member (id) {
        id -> Text,
        role -> Text,
        name -> Text,
        status -> Text,
        quota_per_day -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    member_certificate (fingerprint) {
        fingerprint -> Text,
        member_id -> Text,
        label -> Text,
        not_before -> Timestamp,
        not_after -> Timestamp,
        withdrawn_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    product (id) {
        id -> Text,
        bank -> Text,
        status -> Text,
        terms -> Text,
        profile -> Nullable<Text>,
        submitted_at -> Timestamp,
        approved_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    consent (id) {
        id -> Text,
        taxpayer_id -> Text,
        bank -> Text,
        product_id -> Text,
        terms -> Text,
        digest -> Text,
        status -> Text,
        pulls_max -> BigInt,
        pulls_used -> BigInt,
        granted_at -> Timestamp,
        changed_at -> Timestamp,
        revocation_reason -> Nullable<Text>,
        personal_withdrawn -> Bool,
    }
}

diesel::table! {
    release (id) {
        id -> Text,
        consent_id -> Text,
        bank -> Text,
        taxpayer_id -> Nullable<Text>,
        product_id -> Nullable<Text>,
        purpose -> Text,
        ask -> Text,
        outcome -> Text,
        jwt -> Nullable<Text>,
        read_at -> Nullable<BigInt>,
        window_from -> Nullable<Date>,
        window_to -> Nullable<Date>,
        sections -> Nullable<Text>,
        profile -> Nullable<Text>,
        personal_data -> Bool,
        policy -> Nullable<Text>,
        salt_epoch -> Nullable<Integer>,
        issued_at -> Timestamp,
        bank_ref -> Nullable<Text>,
        certificate -> Text,
    }
}

diesel::table! {
    ledger_head (id) {
        id -> Integer,
        size -> BigInt,
        root -> Binary,
        frontier -> Binary,
        at -> Timestamp,
        last_batch_index -> BigInt,
        last_hold_index -> BigInt,
        policy -> Text,
    }
}

diesel::table! {
    ledger_entry (idx) {
        idx -> BigInt,
        kind -> Text,
        object_id -> Text,
        actor -> Text,
        leaf -> Binary,
        leaf_hash -> Binary,
    }
}

diesel::table! {
    entry_salt (idx) {
        idx -> BigInt,
        salt -> Binary,
        reason_salt -> Nullable<Binary>,
    }
}

diesel::table! {
    ledger_tile (level, idx) {
        level -> Integer,
        idx -> BigInt,
        hashes -> Binary,
        root -> Binary,
    }
}

diesel::table! {
    batch_commit (batch_id) {
        batch_id -> Text,
        ledger_index -> BigInt,
    }
}

diesel::table! {
    quota_use (member_id, day) {
        member_id -> Text,
        day -> Date,
        used -> BigInt,
    }
}

diesel::table! {
    idempotency (member_id, route, idempotency_key) {
        member_id -> Text,
        route -> Text,
        idempotency_key -> Text,
        request_digest -> Text,
        object_id -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    batch (id) {
        id -> Text,
        form -> Text,
        section -> Text,
        coverage_from -> Date,
        coverage_to -> Date,
        as_of -> Date,
        mode -> Text,
        digest -> Text,
        status -> Text,
        row_count -> BigInt,
        accepted -> BigInt,
        marked -> BigInt,
        rejected -> BigInt,
        unchanged -> BigInt,
        started_at -> Timestamp,
        header -> Nullable<Text>,
    }
}

diesel::table! {
    batch_error (batch_id, ordinal) {
        batch_id -> Text,
        ordinal -> BigInt,
        row_number -> BigInt,
        column_name -> Nullable<Text>,
        message -> Text,
        line_number -> BigInt,
        rule -> Text,
        original -> Nullable<Text>,
    }
}

diesel::table! {
    touch (taxpayer_id, section, batch_id) {
        taxpayer_id -> Text,
        section -> Text,
        batch_id -> Text,
    }
}

diesel::table! {
    record (taxpayer_id, section, record_key, batch_id) {
        taxpayer_id -> Text,
        section -> Text,
        record_key -> Text,
        batch_id -> Text,
        period_from -> Nullable<Date>,
        period_to -> Nullable<Date>,
        body -> Text,
        marks -> Nullable<Text>,
        checks -> Nullable<Text>,
    }
}

diesel::table! {
    disclosure (taxpayer_id, bank, section, variant) {
        taxpayer_id -> Text,
        bank -> Text,
        section -> Text,
        variant -> Text,
        digest -> Text,
        stale_after -> Nullable<Date>,
        present -> Bool,
        as_of_index -> BigInt,
        encoded -> Text,
    }
}

diesel::table! {
    entry_concern (member, idx) {
        member -> Text,
        idx -> BigInt,
    }
}

diesel::table! {
    proposal (id) {
        id -> Text,
        change -> Text,
        status -> Text,
        proposed_member -> Text,
        proposed_label -> Text,
        proposed_credential -> Text,
        proposed_at -> Timestamp,
        expires_at -> Timestamp,
        decided_member -> Nullable<Text>,
        decided_label -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    entry_fact (idx) {
        idx -> BigInt,
        place -> BigInt,
        at -> Timestamp,
        kind -> Text,
        actor -> Text,
        member -> Nullable<Text>,
        object_id -> Text,
        taxpayer_id -> Nullable<Text>,
        outcome -> Nullable<Text>,
        bank_ref -> Nullable<Text>,
    }
}

diesel::table! {
    entry_fact_cursor (id) {
        id -> Integer,
        next_idx -> BigInt,
        last_hash -> Text,
    }
}

diesel::table! {
    mandate (id) {
        id -> Text,
        notice_no -> Text,
        bank -> Text,
        period_from -> Timestamp,
        period_to -> Timestamp,
        opened_at -> Timestamp,
        opened_by -> Text,
        opened_certificate -> Text,
        approved_at -> Nullable<Timestamp>,
        approved_by -> Nullable<Text>,
        approved_certificate -> Nullable<Text>,
    }
}

diesel::table! {
    hold (id) {
        id -> Text,
        target -> Text,
        value -> Text,
        reason -> Text,
        until -> Nullable<Timestamp>,
        placed_at -> Timestamp,
        placed_by -> Text,
        lifted_at -> Nullable<Timestamp>,
        lifted_by -> Nullable<Text>,
    }
}

diesel::table! {
    cosigned_checkpoint (origin, size) {
        origin -> Text,
        size -> BigInt,
        note -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    sentinel_cursor (name) {
        name -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    sentinel_seen (taxpayer_id, bank) {
        taxpayer_id -> Text,
        bank -> Text,
        idx -> BigInt,
        at -> Timestamp,
        release_id -> Text,
    }
}

diesel::table! {
    member_key (member_id, usage, kid) {
        member_id -> Text,
        usage -> Text,
        kid -> Text,
        jwk -> Text,
        registered_at -> Timestamp,
        replaced_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    canary (taxpayer_id) {
        taxpayer_id -> Text,
        added_at -> Timestamp,
        added_by -> Text,
    }
}

diesel::table! {
    sentinel_case (id) {
        id -> Text,
        rule -> Text,
        bank -> Text,
        cause -> Text,
        taxpayer_id -> Nullable<Text>,
        releases -> Text,
        detail -> Text,
        through -> BigInt,
        status -> Text,
        opened_at -> Timestamp,
        answer -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        outcome -> Nullable<Text>,
        note -> Nullable<Text>,
        closed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    objection (id) {
        id -> Text,
        release_id -> Text,
        text -> Text,
        case_id -> Nullable<Text>,
        raised_at -> Timestamp,
        raised_by -> Text,
    }
}

diesel::table! {
    member_contact (member_id) {
        member_id -> Text,
        uscc -> Text,
        contact -> Text,
        complaint -> Text,
        changed_at -> Timestamp,
    }
}

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

diesel::allow_tables_to_appear_in_same_query!(consent, product);
diesel::allow_tables_to_appear_in_same_query!(consent, consent_clock, deletion_statement);
diesel::allow_tables_to_appear_in_same_query!(record, touch);
diesel::allow_tables_to_appear_in_same_query!(member, member_certificate);
diesel::allow_tables_to_appear_in_same_query!(release, ledger_entry);
