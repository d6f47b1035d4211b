//! What was done just now, said on the page that follows a form.

use maud::{Markup, html};

use super::view::View;

/// What was done just now, named by `?done=`: a fixed list, so that no link can put words in our mouth.
pub fn done(view: &View) -> Markup {
    let said = match view.asked("done") {
        Some("approved") => {
            view.t("产品已批准，并已记入账本。", "The product is approved, and the ledger says so.")
        }
        Some("suspended") => view.t(
            "成员已停用，两秒内对所有进程生效，并已记入账本。",
            "The member is suspended, everywhere within two seconds, and the ledger says so.",
        ),
        Some("resumed") => {
            view.t("成员已恢复，并已记入账本。", "The member may act again, and the ledger says so.")
        }
        Some("proposed") => view.t(
            "变更已提议，待另一人批准后生效。",
            "The change is proposed: it takes effect once another person approves.",
        ),
        Some("change-approved") => view.t("变更已批准并生效。", "The change is approved and in effect."),
        Some("change-rejected") => view.t("变更已否决。", "The change was turned down."),
        Some("closed") => view.t("案件已办结，并已记入账本。", "The case is closed, and the ledger says so."),
        Some("corrected") => view.t(
            "更正已办结，企业已获通知，并已记入账本。",
            "The correction is decided, the firm is told, and the ledger says so.",
        ),
        Some("held") => view.t("冻结已生效，并已记入账本。", "The hold is in force, and the ledger says so."),
        Some("lifted") => view.t("冻结已解除，并已记入账本。", "The hold is lifted, and the ledger says so."),
        Some(_) | None => return html! {},
    };
    html! { p.notice.good role="status" { (said) } }
}
