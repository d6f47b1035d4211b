//! What the exchange decides and records: members, products, consents, releases, the ledger, and what is delivered.

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
    member_contact (member_id) {
        member_id -> Text,
        uscc -> Text,
        contact -> Text,
        complaint -> Text,
        changed_at -> Timestamp,
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

diesel::allow_tables_to_appear_in_same_query!(consent, product);
diesel::allow_tables_to_appear_in_same_query!(record, touch);
diesel::allow_tables_to_appear_in_same_query!(member, member_certificate);
diesel::allow_tables_to_appear_in_same_query!(release, ledger_entry);
