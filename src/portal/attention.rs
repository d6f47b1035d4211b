//! What wants the reader's attention: the list at the top of the home page.

use maud::{Markup, html};

use super::my_data;
use super::notifications;
use super::consents;
use super::my_data;
use super::notifications;
use super::requests;
use super::visit::Visit;
use crate::http::html::parts::Tone;
use crate::service::error::ServiceResult;

/// One thing that wants attention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attention {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// The page where it is dealt with.
    pub href: String,
    /// How much: what is wrong comes first.
    pub urgency: Tone,
}

/// Everything, the most urgent first. A line for each source.
pub async fn all(visit: &Visit) -> ServiceResult<Vec<Attention>> {
    let mut found: Vec<Attention> = Vec::new();
    found.extend(my_data::attention(visit).await?);
    found.extend(notifications::attention(visit).await?);
    found.extend(requests::attention(visit).await?);
    found.extend(consents::attention(visit).await?);
    found.sort_by_key(|one| rank(one.urgency));
    Ok(found)
}

/// The list as it stands on a page.
pub fn list(visit: &Visit, found: &[Attention]) -> Markup {
    html! {
        ul.list.attention {
            @for one in found {
                li { a href=(one.href) {
                    span.dot.(one.urgency.class()) {} span { (visit.t(&one.zh, &one.en)) }
                } }
            }
        }
    }
}

fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Bad => 0,
        Tone::Warn => 1,
        Tone::Good => 2,
        Tone::Quiet => 3,
    }
}
