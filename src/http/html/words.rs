//! What codes are called. A code without a name is shown as it came.

use super::lang::Lang;
use super::parts::Tone;
use crate::domain::case::CaseOutcome;
use crate::domain::correction::{CorrectionOutcome, CorrectionStage};
use crate::domain::hold::HoldKind;
use crate::domain::member::{MemberStatus, Role};
use crate::domain::product::{Drawdown, ProductStatus, Repayment};
use crate::domain::section::{Section, SectionStatus};
use crate::service::corrections::CorrectionView;

/// A code and its names, Chinese and English.
type Table = &'static [(&'static str, &'static str, &'static str)];

/// How a pull was decided: `granted`, the true reason of a refusal, or the code that a bank reads.
const OUTCOMES: Table = &[
    ("granted", "已放行", "Released"),
    ("unknown", "无此授权", "No such consent"),
    ("foreign", "授权属他行", "Another bank's consent"),
    ("not_granted", "尚未授权", "Not granted"),
    ("suspended", "授权中止", "Consent suspended"),
    ("revoked", "授权已撤回", "Consent revoked"),
    ("superseded", "授权已被替代", "Consent superseded"),
    ("not_yet_valid", "授权未生效", "Not yet in force"),
    ("expired", "授权已到期", "Consent expired"),
    ("exhausted", "次数用尽", "Pulls used up"),
    ("wrong_purpose", "用途不符", "Wrong purpose"),
    ("taxpayer_mismatch", "纳税人不符", "Taxpayer differs"),
    ("product_not_approved", "产品未批准", "Product not approved"),
    ("window_closed", "期间未开放", "Window closed"),
    ("on_hold", "已被冻结", "On hold"),
    ("beyond_policy", "超出政策限额", "Beyond the policy"),
    ("no_drawdown", "尚无放款", "No drawdown recorded"),
    ("personal_withdrawn", "个人同意已撤回", "Personal consent withdrawn"),
    ("section_not_consented", "项目未授权", "Section not consented"),
    ("consent-not-in-force", "授权无效", "Consent not in force"),
    ("section-not-consented", "项目未授权", "Section not consented"),
    ("refused", "已拒绝", "Refused"),
];

/// Kinds of entries.
const KINDS: Table = &[
    ("batch.committed", "数据入库", "Batch committed"),
    ("consent.granted", "授权成立", "Consent granted"),
    ("consent.revoked", "授权撤回", "Consent revoked"),
    ("release.granted", "档案放行", "Dossier released"),
    ("release.repeated", "档案重发", "Dossier sent again"),
    ("release.refused", "查询被拒", "Pull refused"),
    ("refusals.counted", "异常请求计数", "Refusals counted"),
    ("product.submitted", "产品报送", "Product submitted"),
    ("product.approved", "产品批准", "Product approved"),
    ("member.changed", "成员变更", "Member changed"),
    ("key.changed", "密钥变更", "Key changed"),
    ("audit.read", "审计查阅", "Audit read"),
    ("evidence.made", "证据导出", "Evidence made"),
    ("mandate.opened", "调阅申请", "Mandate opened"),
    ("mandate.approved", "调阅批准", "Mandate approved"),
    ("hold.placed", "实施冻结", "Hold placed"),
    ("hold.lifted", "解除冻结", "Hold lifted"),
    ("case.opened", "案件立案", "Case opened"),
    ("case.answered", "案件答复", "Case answered"),
    ("case.closed", "案件结案", "Case closed"),
    ("objection.raised", "企业异议", "Objection raised"),
    ("change.proposed", "变更提议", "Change proposed"),
    ("change.approved", "变更批准", "Change approved"),
    ("change.rejected", "变更否决", "Change rejected"),
    ("ledger.recovered", "账本恢复", "Ledger recovered"),
    ("consent.requested", "请求授权", "Consent requested"),
    ("consent.declined", "拒绝授权", "Consent declined"),
    ("consent.lapsed", "请求逾期", "Request lapsed"),
    ("consent.suspended", "授权中止", "Consent suspended"),
    ("consent.resumed", "授权恢复", "Consent resumed"),
    ("consent.expired", "授权到期", "Consent expired"),
    ("consent.superseded", "授权被替代", "Consent superseded"),
    ("consent.personal_granted", "个人单独同意", "Personal consent granted"),
    ("consent.personal_revoked", "撤回个人同意", "Personal consent revoked"),
    ("consent.bank_blocked", "屏蔽银行", "Bank blocked"),
    ("consent.bank_unblocked", "解除屏蔽", "Bank unblocked"),
    ("consent.joint_approval_changed", "双人确认变更", "Joint approval changed"),
    ("release.self", "企业自取副本", "Own copy taken"),
    ("correction.requested", "申请更正", "Correction requested"),
    ("correction.resolved", "更正办结", "Correction resolved"),
    ("violation.notified", "违法记录告知", "Violation notified"),
    ("violation.statement_added", "附具说明", "Statement attached"),
    ("deletion.stated", "删除声明", "Deletion stated"),
    ("report.received", "中介举报", "Intermediary reported"),
    ("product.returned", "产品退回", "Product returned"),
    ("product.approval_proposed", "产品初审", "Product approval proposed"),
    ("product.suspended", "产品暂停", "Product suspended"),
    ("product.resumed", "产品恢复", "Product resumed"),
    ("product.retired", "产品下架", "Product retired"),
    ("application.submitted", "贷款申请", "Loan applied for"),
    ("application.acknowledged", "申请受理", "Application acknowledged"),
    ("application.supplemented", "补件", "Application supplemented"),
    ("application.proceeded", "预授信后继续", "Application taken further"),
    ("application.withdrawn", "撤回申请", "Application withdrawn"),
    ("application.accepted", "接受授信", "Offer accepted"),
    ("application.offer_declined", "放弃授信", "Offer turned down"),
    ("application.lapsed", "申请失效", "Application lapsed"),
    ("application.review_requested", "申请复核", "Review requested"),
    ("decision.recorded", "审批结果", "Decision recorded"),
    ("loan.event", "贷款事件", "Loan event"),
    ("loan.positions", "月末头寸", "Month-end positions"),
    ("release.unused", "查询未用", "Release unused"),
    ("feed.closed", "推送日结", "Feed closed for a day"),
    ("demand.received", "融资需求", "Financing demand"),
    ("reconciliation.made", "对账", "Reconciliation"),
    ("statistics.published", "统计发布", "Statistics published"),
];

const PURPOSES: Table =
    &[("pre_loan", "贷前审查", "Before the loan"), ("post_loan", "贷后查询", "After the loan")];

const CONSENT_STATUSES: Table = &[
    ("draft", "草稿", "Draft"),
    ("requested", "待确认", "Requested"),
    ("granted", "已授权", "Granted"),
    ("declined", "已拒绝", "Declined"),
    ("lapsed", "逾期未确认", "Lapsed"),
    ("suspended", "已中止", "Suspended"),
    ("revoked", "已撤回", "Revoked"),
    ("expired", "已到期", "Expired"),
    ("exhausted", "次数用尽", "Exhausted"),
    ("superseded", "已被替代", "Superseded"),
];

/// Changes of the directory, as entries name them.
const CHANGES: Table = &[
    ("added", "新增成员", "Add member"),
    ("certificate_added", "新增证书", "Add certificate"),
    ("suspended", "停用成员", "Suspend member"),
    ("resumed", "恢复成员", "Resume member"),
    ("withdrawn", "成员退出", "Member leaves"),
    ("certificate_withdrawn", "撤销证书", "Withdraw certificate"),
    ("quota_set", "调整配额", "Set quota"),
    ("contact_set", "登记联系方式", "Set contact"),
    ("return_url_added", "登记返回地址", "Registered return URL"),
    ("return_url_removed", "注销返回地址", "Removed return URL"),
];

/// What sentinels measure.
const MEASURES: Table = &[
    ("banks", "查询银行数", "Banks"),
    ("threshold", "阈值", "Threshold"),
    ("minutes", "时间窗（分钟）", "Within minutes"),
    ("refused", "被拒次数", "Refused"),
    ("of", "查询总数", "Of pulls"),
    ("unused", "未用查询", "Unused"),
    ("days", "天数", "Days"),
    ("pulls", "查询次数", "Pulls"),
];

/// Why a section has nothing to show.
const REASONS: Table = &[
    ("no_batch_covers_window", "所属期尚无入库数据", "no delivery covers the window"),
    ("no_record_in_window", "所属期内无记录", "no record in the window"),
    ("cut_by_profile", "字段清单未开放", "left out by the field profile"),
    ("personal_consent_missing", "未获个人单独同意", "no personal consent"),
    ("source_overdue", "来源逾期未更新", "the next delivery is overdue"),
];

fn named(table: Table, lang: Lang, code: &str) -> &str {
    table.iter().find(|(known, _, _)| *known == code).map_or(code, |(_, zh, en)| lang.pick(zh, en))
}

/// How a pull was decided.
pub fn outcome(lang: Lang, code: &str) -> &str {
    named(OUTCOMES, lang, code)
}

/// Kind of an entry.
pub fn kind(lang: Lang, code: &str) -> &str {
    named(KINDS, lang, code)
}

/// Purpose of a pull.
pub fn purpose(lang: Lang, code: &str) -> &str {
    named(PURPOSES, lang, code)
}

/// Where a consent stands.
pub fn consent_status(lang: Lang, code: &str) -> &str {
    named(CONSENT_STATUSES, lang, code)
}

/// A change of the directory.
pub fn change(lang: Lang, code: &str) -> &str {
    named(CHANGES, lang, code)
}

/// What a section says of itself.
pub fn section_status(lang: Lang, status: SectionStatus) -> &'static str {
    match status {
        SectionStatus::Present => lang.pick("有数据", "Present"),
        SectionStatus::Empty => lang.pick("无记录", "Empty"),
        SectionStatus::NotCollected => lang.pick("未采集", "Not collected"),
        SectionStatus::Withheld => lang.pick("不提供", "Withheld"),
        SectionStatus::Stale => lang.pick("已过时", "Stale"),
    }
}

/// Why a section has nothing to show.
pub fn section_reason(lang: Lang, code: &str) -> &str {
    named(REASONS, lang, code)
}

/// What a sentinel measured.
pub fn measure(lang: Lang, code: &str) -> &str {
    named(MEASURES, lang, code)
}

/// What the bureau made of a case.
pub fn case_outcome(lang: Lang, outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Justified => lang.pick("正当", "Justified"),
        CaseOutcome::Unjustified => lang.pick("不当", "Unjustified"),
        CaseOutcome::Inconclusive => lang.pick("无法认定", "Inconclusive"),
    }
}

/// What came of a correction.
pub fn correction_outcome(lang: Lang, outcome: CorrectionOutcome) -> &'static str {
    match outcome {
        CorrectionOutcome::Corrected => lang.pick("已更正", "Corrected"),
        CorrectionOutcome::Kept => lang.pick("核查无误", "Found right"),
        CorrectionOutcome::Withdrawn => lang.pick("已撤回", "Withdrawn"),
    }
}

/// How far a correction has come, and how that looks.
pub fn correction(lang: Lang, one: &CorrectionView) -> (Tone, &'static str) {
    match (one.outcome, one.stage) {
        (Some(CorrectionOutcome::Corrected), _) => {
            (Tone::Good, correction_outcome(lang, CorrectionOutcome::Corrected))
        }
        (Some(outcome), _) => (Tone::Quiet, correction_outcome(lang, outcome)),
        (None, CorrectionStage::Check) => (Tone::Warn, lang.pick("系统核查中", "System's check")),
        (None, CorrectionStage::Source) => (Tone::Warn, lang.pick("来源核查中", "Source's check")),
        (None, CorrectionStage::Extended) => (Tone::Warn, lang.pick("延长核查中", "Prolonged check")),
        (None, CorrectionStage::Overdue) => (Tone::Bad, lang.pick("已超期", "Overdue")),
        (None, CorrectionStage::Resolved) => (Tone::Quiet, lang.pick("已办结", "Decided")),
    }
}

/// What kind of thing a hold names.
pub fn hold_kind(lang: Lang, kind: HoldKind) -> &'static str {
    match kind {
        HoldKind::Member => lang.pick("银行", "Bank"),
        HoldKind::Product => lang.pick("产品", "Product"),
        HoldKind::Section => lang.pick("项目", "Section"),
        HoldKind::Taxpayer => lang.pick("纳税人", "Taxpayer"),
    }
}

/// What a member is.
pub fn role(lang: Lang, role: Role) -> &'static str {
    match role {
        Role::Bank => lang.pick("成员银行", "Member bank"),
        Role::Bureau => lang.pick("税务机关", "Tax bureau"),
        Role::Regulator => lang.pick("监管机构", "Regulator"),
        Role::Platform => lang.pick("服务平台", "Service platform"),
    }
}

/// Whether a member may act.
pub fn member_status(lang: Lang, status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => lang.pick("正常", "Active"),
        MemberStatus::Suspended => lang.pick("已停用", "Suspended"),
        MemberStatus::Withdrawn => lang.pick("已退出", "Gone"),
    }
}

/// Where a product stands.
pub fn product_status(lang: Lang, status: ProductStatus) -> &'static str {
    match status {
        ProductStatus::Draft => lang.pick("草稿", "Draft"),
        ProductStatus::Submitted => lang.pick("待批准", "Waiting"),
        ProductStatus::Approved => lang.pick("已批准", "Approved"),
        ProductStatus::Suspended => lang.pick("已暂停", "Suspended"),
        ProductStatus::Retired => lang.pick("已停办", "Retired"),
    }
}

/// How the borrower draws.
pub fn drawdown(lang: Lang, drawdown: Drawdown) -> &'static str {
    match drawdown {
        Drawdown::Single => lang.pick("一次提款", "Single drawdown"),
        Drawdown::Multiple => lang.pick("分次提款", "Several drawdowns"),
        Drawdown::Revolving => lang.pick("循环（随借随还）", "Revolving"),
    }
}

/// How the borrower repays.
pub fn repayment(lang: Lang, repayment: Repayment) -> &'static str {
    match repayment {
        Repayment::EqualInstalment => lang.pick("等额本息", "Equal instalments"),
        Repayment::EqualPrincipal => lang.pick("等额本金", "Equal principal"),
        Repayment::InterestMonthlyBullet => lang.pick("按月付息到期还本", "Monthly interest, bullet"),
        Repayment::InterestQuarterlyBullet => lang.pick("按季付息到期还本", "Quarterly interest, bullet"),
        Repayment::InterestPeriodicPrincipalSteps => {
            lang.pick("按期付息分期还本", "Interest and principal in steps")
        }
        Repayment::Bullet => lang.pick("到期一次还本付息", "Bullet"),
    }
}

/// A section of the dossier.
pub fn section(lang: Lang, section: Section) -> &'static str {
    lang.pick(section.label_zh(), section.label_en())
}
