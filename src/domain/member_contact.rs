//! How firms and persons reach a member about the data it receives: what a notice must name (个人信息保护法 Arts 17, 23).

use serde::{Deserialize, Serialize};

use super::uscc::Uscc;

/// The most characters of a way to reach a member.
const CHARACTERS_MAX: usize = 200;

/// How to reach a member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberContact {
    /// 统一社会信用代码 of the member.
    pub uscc: Uscc,
    /// 联系方式 for questions and wishes about the data: a telephone number, an address, a person in charge.
    pub contact: String,
    /// 投诉渠道: where complaints go first.
    pub complaint: String,
}

/// A text that no page and no paper may carry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}: must have 1 to 200 characters, none of them a control or direction character")]
pub struct InvalidContact(pub &'static str);

impl MemberContact {
    /// Checks what the types do not carry.
    pub fn check(&self) -> Result<(), InvalidContact> {
        for (field, text) in [("contact", &self.contact), ("complaint", &self.complaint)] {
            if !(1..=CHARACTERS_MAX).contains(&text.chars().count()) || text.chars().any(is_unprintable) {
                return Err(InvalidContact(field));
            }
        }
        Ok(())
    }
}

/// A control character, or one that turns or hides what stands after it (Unicode bidirectional and joining controls,
/// the line and paragraph separators, the byte order mark): text of others never carries it onto a page.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(text: &str) -> MemberContact {
        let uscc = "91440300708461136T".parse().unwrap();
        MemberContact { uscc, contact: text.into(), complaint: "0755-00000000".into() }
    }

    #[test]
    fn a_contact_is_one_visible_line() {
        assert_eq!(contact("客户信息保护专员 0755-00000000").check(), Ok(()));
        for bad in ["", "a\nb", "a\u{202e}b", "a\u{200b}b", &"长".repeat(201)] {
            assert_eq!(contact(bad).check(), Err(InvalidContact("contact")), "{bad:?}");
        }
    }
}
