//! The lending side: what banks signed, applications, decisions, facilities, notes and what happened to them.

diesel::table! {
    bank_statement (bank, jti) {
        bank -> Text,
        jti -> Text,
        kind -> Text,
        digest -> Text,
        object_id -> Text,
        jws -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    application (id) {
        id -> Text,
        group_id -> Text,
        taxpayer_id -> Text,
        bank -> Text,
        product_id -> Text,
        consent_id -> Text,
        demand_id -> Nullable<Text>,
        origin -> Text,
        terms -> Text,
        credit_enquiry -> Text,
        share_with -> Text,
        status -> Text,
        submitted_at -> Timestamp,
        changed_at -> Timestamp,
        acknowledged_at -> Nullable<Timestamp>,
        release_id -> Nullable<Text>,
        decision_id -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        due_step -> Nullable<Text>,
        due_at -> Nullable<Timestamp>,
        left_micros -> Nullable<BigInt>,
        bank_ref -> Nullable<Text>,
    }
}

diesel::table! {
    decision (id) {
        id -> Text,
        application_id -> Text,
        bank -> Text,
        jti -> Text,
        release_id -> Text,
        outcome -> Text,
        terms -> Text,
        supersedes -> Nullable<Text>,
        superseded_by -> Nullable<Text>,
        review_requested_at -> Nullable<Timestamp>,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    facility (id) {
        id -> Text,
        taxpayer_id -> Text,
        bank -> Text,
        product_id -> Text,
        consent_id -> Text,
        share_with -> Text,
        state -> Text,
        limit_fen -> BigInt,
        drawn_fen -> BigInt,
        balance_fen -> BigInt,
        owing_notes -> BigInt,
        events -> BigInt,
        signed_on -> Date,
        ends_on -> Date,
        first_drawn_on -> Nullable<Date>,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    note (facility_id, id) {
        facility_id -> Text,
        id -> Text,
        bank -> Text,
        state -> Text,
        grade -> Text,
        principal_fen -> BigInt,
        balance_fen -> BigInt,
        rate_pct -> Text,
        drawn_on -> Date,
        matures_on -> Date,
        overdue_since -> Nullable<Date>,
        ended_on -> Nullable<Date>,
        renews -> Nullable<Text>,
    }
}

diesel::table! {
    loan_event (id) {
        id -> Text,
        facility_id -> Text,
        place -> BigInt,
        bank -> Text,
        event_id -> Text,
        kind -> Text,
        note_id -> Nullable<Text>,
        occurred_on -> Date,
        body -> Text,
        statement_jti -> Text,
        reversed_by -> Nullable<Text>,
        share_with -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    loan_position (bank, as_of, facility_id, note_id) {
        bank -> Text,
        as_of -> Date,
        facility_id -> Text,
        note_id -> Text,
        state -> Text,
        grade -> Text,
        balance_fen -> BigInt,
        difference -> Nullable<Text>,
        statement_jti -> Text,
    }
}
