//! Sessions of the portal: opened at sign-in, renewed under another cookie whenever they come to mean more.
//!
//! A cookie is 256 random bits; the database holds its SHA-256 only. Idle time, whole time and the age that a
//! recognition may have for granting are judged here, by the clock that is handed in (OWASP ASVS 4, V3).

use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use crate::domain::consent::Assurance;
use crate::domain::representative::{ActingFor, Authentication, Person, Representation};
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::{base64url, prefixed_digest, sha256};
use crate::seal::keys::generate_secret;
use crate::store::sessions::{self, SessionRow};

const SECOND_MICROS: i64 = 1_000_000;
/// A session that nobody used for so long is void: a quarter of an hour.
const IDLE_MICROS_MAX: i64 = 15 * 60 * SECOND_MICROS;
/// However much it is used, a session ends after eight hours.
const WHOLE_MICROS_MAX: i64 = 8 * 3_600 * SECOND_MICROS;
/// What binds the firm is done by somebody recognised within the last five minutes.
const RECENT_MICROS_MAX: i64 = 5 * 60 * SECOND_MICROS;
/// How far the e-tax bureau's clock may be ahead of ours.
const SKEW_MICROS_MAX: i64 = 60 * SECOND_MICROS;
/// The last use is written down at most this often.
const TOUCH_EVERY_MICROS: i64 = 30 * SECOND_MICROS;

/// A person whom the e-tax bureau has recognised, and the firms it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// How and when.
    pub authentication: Authentication,
    /// For whom the person may act, and as what.
    pub firms: Vec<Representation>,
}

/// The value of a session's cookie: only the browser keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie(String);

impl SessionCookie {
    fn fresh() -> ServiceResult<Self> {
        Ok(Self(base64url(&generate_secret().map_err(ServiceError::internal)?)))
    }

    /// What a browser sent.
    pub fn sent(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// For the browser.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> String {
        prefixed_digest(self.0.as_bytes())
    }

    /// The token of this session's forms. It follows from the cookie, and the cookie does not follow from it.
    pub fn form_token(&self) -> String {
        base64url(&sha256(format!("form\0{}", self.0).as_bytes()))
    }
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCookie")
    }
}

/// A session in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    cookie: SessionCookie,
    row: SessionRow,
}

impl Session {
    /// Who is signed in.
    pub fn person(&self) -> &Person {
        &self.row.person
    }

    /// How and when the person was recognised last.
    pub fn authentication(&self) -> Authentication {
        self.row.authentication
    }

    /// The firms that the person may act for.
    pub fn firms(&self) -> &[Representation] {
        &self.row.firms
    }

    /// The permission to act for the firm that is chosen, if one is.
    pub fn acting(&self) -> Option<ActingFor> {
        let firm = self.row.firms.get(self.row.chosen?)?.clone();
        let (person, authentication) = (self.row.person.clone(), self.row.authentication);
        Some(ActingFor { person, firm, authentication })
    }

    /// Whether it is in force, and whether its use is to be noted.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let (idle, whole) = (now.since_micros(self.row.seen_at), now.since_micros(self.row.opened_at));
        if idle >= IDLE_MICROS_MAX || whole >= WHOLE_MICROS_MAX {
            Standing::Over
        } else if idle >= TOUCH_EVERY_MICROS {
            Standing::InUse
        } else {
            Standing::JustUsed
        }
    }

    /// Its cookie.
    pub fn cookie(&self) -> &SessionCookie {
        &self.cookie
    }
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// In force, and used within the last half minute.
    JustUsed,
    /// In force; that it is used is to be noted.
    InUse,
    /// Too old, or unused for too long.
    Over,
}

/// Whether a person was recognised recently and surely enough to bind the firm.
pub fn is_recent(authentication: &Authentication, now: Timestamp) -> bool {
    let age = now.since_micros(authentication.at);
    authentication.assurance == Assurance::Reliable && (-SKEW_MICROS_MAX..=RECENT_MICROS_MAX).contains(&age)
}

/// Opens a session, and ends the one that the browser had. Who acts for one firm only has chosen it.
pub fn open(
    exchange: &Exchange,
    before: Option<&SessionCookie>,
    signed_in: SignedIn,
) -> ServiceResult<SessionCookie> {
    let now = exchange.clock.now();
    let chosen = (signed_in.firms.len() == 1).then_some(0);
    let SignedIn { person, authentication, firms } = signed_in;
    let row = SessionRow {
        id_digest: String::new(),
        person,
        authentication,
        firms,
        chosen,
        opened_at: now,
        seen_at: now,
    };
    replace(exchange, before, row)
}

/// The session behind a cookie, over or not: [`Session::standing`] tells.
pub fn find(exchange: &Exchange, cookie: SessionCookie) -> ServiceResult<Option<Session>> {
    let digest = cookie.digest();
    let row = exchange.ledger.read(|c| sessions::find(c, &digest))?;
    Ok(row.map(|row| Session { cookie, row }))
}

/// Notes that a session is used.
pub fn touch(exchange: &Exchange, cookie: &SessionCookie, now: Timestamp) -> ServiceResult<()> {
    Ok(exchange.ledger.write(|c| sessions::touch(c, &cookie.digest(), now))?)
}

/// Acts for another of the person's firms from here on, by its place among them.
pub fn choose(exchange: &Exchange, session: &Session, place: usize) -> ServiceResult<SessionCookie> {
    if place >= session.row.firms.len() {
        return Err(ServiceError::NotFound);
    }
    replace(exchange, Some(&session.cookie), SessionRow { chosen: Some(place), ..session.row.clone() })
}

/// The person was recognised anew. Another person than before is refused; a firm that the person may no longer act for
/// in the same role is no longer chosen.
pub fn step_up(exchange: &Exchange, session: &Session, again: SignedIn) -> ServiceResult<SessionCookie> {
    if again.person.subject != session.row.person.subject {
        return Err(ServiceError::Conflict(
            "另一人通过了验证，请本人重新验证 another person was recognised: the one who is signed in must confirm"
                .into(),
        ));
    }
    let same = |firm: &Representation| {
        again.firms.iter().position(|one| one.taxpayer_id == firm.taxpayer_id && one.role == firm.role)
    };
    let chosen = session.row.chosen.and_then(|place| session.row.firms.get(place)).and_then(same);
    let SignedIn { authentication, firms, .. } = again;
    replace(
        exchange,
        Some(&session.cookie),
        SessionRow { authentication, firms, chosen, ..session.row.clone() },
    )
}

/// Ends a session.
pub fn close(exchange: &Exchange, cookie: &SessionCookie) -> ServiceResult<()> {
    exchange.ledger.write(|c| sessions::delete(c, &cookie.digest()))?;
    Ok(())
}

/// Forgets sessions that are void; returns how many.
pub fn sweep(exchange: &Exchange) -> ServiceResult<usize> {
    let now = exchange.clock.now();
    let (seen, opened) = (now.plus_micros(-IDLE_MICROS_MAX), now.plus_micros(-WHOLE_MICROS_MAX));
    Ok(exchange.ledger.write(|c| sessions::sweep(c, seen, opened))?)
}

/// A session that means more than before has another cookie: one that was seen or planted before is worth nothing.
fn replace(
    exchange: &Exchange,
    before: Option<&SessionCookie>,
    mut row: SessionRow,
) -> ServiceResult<SessionCookie> {
    let cookie = SessionCookie::fresh()?;
    row.id_digest = cookie.digest();
    row.seen_at = exchange.clock.now();
    exchange.ledger.write(|c| {
        if let Some(before) = before {
            sessions::delete(c, &before.digest())?;
        }
        sessions::insert(c, &row)
    })?;
    Ok(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::GrantMethod;

    #[test]
    fn five_minutes_are_recent_and_the_future_is_not() {
        let at: Timestamp = "2026-11-27T00:00:00Z".parse().unwrap();
        let authentication =
            Authentication { method: GrantMethod::EtaxFace, assurance: Assurance::Reliable, at };
        for (later, recent) in [
            (0, true),
            (RECENT_MICROS_MAX, true),
            (RECENT_MICROS_MAX + 1, false),
            (-SKEW_MICROS_MAX - 1, false),
        ] {
            assert_eq!(is_recent(&authentication, at.plus_micros(later)), recent, "{later}");
        }
        let ordinary = Authentication { assurance: Assurance::Ordinary, ..authentication };
        assert!(!is_recent(&ordinary, at), "a password just now binds nobody");
    }

    #[test]
    fn a_cookie_tells_nothing_by_its_token_nor_in_a_log() {
        let cookie = SessionCookie::fresh().unwrap();
        assert_eq!(cookie.as_str().len(), 43);
        assert_ne!(cookie, SessionCookie::fresh().unwrap());
        assert!(!format!("{cookie:?}").contains(cookie.as_str()));
        assert_ne!(cookie.form_token(), cookie.as_str());
        assert_eq!(cookie.form_token(), SessionCookie::sent(cookie.as_str()).form_token());
    }
}
