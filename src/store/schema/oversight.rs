//! Whoever watches: the index of entries, proposals, mandates, holds, witnesses, sentinels and their cases.

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
