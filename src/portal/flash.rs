//! What was done just now, said at the top of the page that follows a form.

use maud::{Markup, html};

use crate::http::html::lang::Lang;
use crate::http::html::parts::Tone;

/// The parameter of the address that names it.
pub const DONE: &str = "done";

/// Named by `?done=`: a fixed list, so that no link can put words in our mouth. A line each.
const SAID: &[(&str, Tone, &str, &str)] = &[
    ("signed-out", Tone::Good, "您已安全退出。", "You are signed out."),
    (
        "expired",
        Tone::Warn,
        "登录已过期，请重新登录。未提交的内容没有生效。",
        "Your session has ended: sign in again. Nothing that you had not sent was done.",
    ),
    (
        "correction-requested",
        Tone::Good,
        "已提交更正申请，自现在起提供的数据会注明贵单位有异议。",
        "Your request is recorded: from now on what is provided says that you dispute the record.",
    ),
    ("correction-withdrawn", Tone::Good, "已撤回更正申请。", "You took your request back."),
    (
        "statement-added",
        Tone::Good,
        "已附上说明，它会随该记录一并提供。",
        "Your statement is attached, and travels with the record.",
    ),
    ("read", Tone::Good, "已标为已读。", "Marked as read."),
    (
        "disputed",
        Tone::Good,
        "异议已提出并记入存证账本，银行须立即说明。",
        "Your dispute is recorded in the ledger, and the bank has been asked.",
    ),
    ("reported", Tone::Good, "举报已收到，税务机关会处理。谢谢您。", "Your report was received. Thank you."),
        "sign-in-cancelled",
        Tone::Warn,
        "登录没有完成，您可以重新登录。",
        "You were not signed in: you can sign in again.",
    ),
    (
        "sign-in-failed",
        Tone::Warn,
        "电子税务局的登录结果未能核实，请重新登录；多次出现请联系主管税务机关。",
        "What the e-tax bureau said of you could not be verified: sign in again, and tell your tax office if it happens again.",
    ),
    (
        "bureau-away",
        Tone::Warn,
        "电子税务局暂时没有响应，请稍后再试。",
        "The e-tax bureau does not answer at present: try again in a while.",
    ),
    ("read", Tone::Good, "已标为已读。", "Marked as read."),
    (
        "disputed",
        Tone::Good,
        "异议已提出并记入存证账本，银行须立即说明。",
        "Your dispute is recorded in the ledger, and the bank has been asked.",
    ),
    ("reported", Tone::Good, "举报已收到，税务机关会处理。谢谢您。", "Your report was received. Thank you."),
    (
        "correction-requested",
        Tone::Good,
        "已提交更正申请，自现在起提供的数据会注明贵单位有异议。",
        "Your request is recorded: from now on what is provided says that you dispute the record.",
    ),
    ("correction-withdrawn", Tone::Good, "已撤回更正申请。", "You took your request back."),
    (
        "statement-added",
        Tone::Good,
        "已附上说明，它会随该记录一并提供。",
        "Your statement is attached, and travels with the record.",
    ),
    (
        "granted",
        Tone::Good,
        "授权已生效，并已写入存证账本。您可以随时撤回。",
        "It is granted, and written into the ledger. You can revoke it at any time.",
    ),
    ("approved", Tone::Good, "您已同意，等待有权人授权。", "Agreed: it waits for who may grant."),
    ("declined", Tone::Good, "已记录，没有任何信息被提供。", "Recorded. Nothing has left."),
    ("blocked", Tone::Good, "已屏蔽该银行。", "The bank is blocked."),
    ("unblocked", Tone::Good, "已解除屏蔽。", "The bank may ask again."),
    ("set", Tone::Good, "设置已保存。", "The setting is saved."),
    (
        "revoked",
        Tone::Good,
        "授权已撤回，该银行从现在起查询不到贵单位的信息。",
        "Revoked: from now on nothing leaves to this bank under it.",
    ),
    ("resumed", Tone::Good, "授权已恢复。", "It is in force again."),
    (
        "personal-revoked",
        Tone::Good,
        "您的个人信息同意已撤回，个人信息不再提供。",
        "Taken back: your personal data no longer leaves.",
    ),
    ("firm", Tone::Good, "已切换企业。", "You now act for this firm."),
    (
        "confirmed",
        Tone::Good,
        "身份已确认，五分钟内可办理需本人确认的事项。",
        "You are confirmed: for five minutes you can do what needs you in person.",
    ),
];

/// The words for a code; nothing for an unknown one.
pub fn said(lang: Lang, code: Option<&str>) -> Markup {
    let found = code.and_then(|code| SAID.iter().find(|(known, _, _, _)| *known == code));
    html! {
        @if let Some((_, tone, zh, en)) = found {
            p.notice.(tone.class()) role="status" { (lang.pick(zh, en)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_puts_no_words_in_our_mouth() {
        assert!(said(Lang::En, Some("signed-out")).into_string().contains("signed out"));
        assert_eq!(said(Lang::En, Some("<script>")).into_string(), "");
    }

    #[test]
    fn no_code_stands_twice() {
        for (place, (code, ..)) in SAID.iter().enumerate() {
            assert!(SAID.iter().skip(place + 1).all(|(other, ..)| other != code), "{code}");
        }
    }
}
