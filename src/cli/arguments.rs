//! The command line, as clap reads it.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

/// 税贷易: the exchange between a tax bureau and its member banks.
#[derive(Parser)]
#[command(
    name = "shuidaiyi",
    version,
    about = "税贷易 税银信息交换平台: the exchange between a tax bureau and its member banks"
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// 演示：一座虚构城市、十二家银行、全流程 A synthetic city, twelve banks, the whole job
    Demo(DemoOptions),
    /// 新建：配置、密钥、证书、数据库 Configuration, keys, member certificates, database
    Init(InitOptions),
    /// 运行网关 The gateway
    Serve(ServeOptions),
    /// 生成虚构城市的税务数据 A synthetic city in the bureau's file formats
    Synth(SynthOptions),
    /// 送达前检查税务数据 Check the bureau's files before they are sent
    Check(CheckOptions),
    /// 导入税务数据 Load the bureau's files
    Import(ImportOptions),
    /// 成员管理 Members and their certificates
    Member(MemberOptions),
    /// 双人复核 Changes that wait for a second person
    Proposal(super::proposal::ProposalOptions),
    /// 授权管理 Consents
    Consent(ConsentOptions),
    /// 以银行身份查询 A bank's pull, as a client
    Pull(PullOptions),
    /// 离线核验 Check a pull's answer offline
    Verify(VerifyOptions),
    /// 阅读档案 A dossier for a person: in the terminal, or as one page
    Show(ShowOptions),
    /// 密钥 The exchange's own keys, and their rotation
    Key(super::key::KeyOptions),
    /// 存证账本 The ledger on this host
    Ledger(super::ledger::LedgerOptions),
    /// 暂停提供 The brake: stop what leaves for a member, product, section or taxpayer
    Hold(super::hold::HoldOptions),
    /// 证据包：单笔提供，自成一体 One release as a self-contained bundle
    Evidence(super::evidence::EvidenceOptions),
    /// 见证：由监管部门或银行运行，为检查点副署 A witness of the ledger, run by a regulator or a bank
    Witness(super::witness::WitnessOptions),
    /// 监测 What the sentinels watch
    Sentinel(super::sentinel::SentinelCommandOptions),
    /// 通知 Notices that the webhook did not take: list, resume
    Notification(super::notification::NotificationOptions),
}

/// `demo`
#[derive(Args, Clone)]
pub struct DemoOptions {
    /// Directory to work in; a second run continues there.
    #[arg(long, default_value = "demo-data")]
    pub dir: PathBuf,
    /// Firms in the city.
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u64).range(60..=1_000_000))]
    pub taxpayers: u64,
    /// Seed of the city.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Exit at the end instead of serving on.
    #[arg(long)]
    pub once: bool,
}

/// `init`
#[derive(Args, Clone)]
pub struct InitOptions {
    /// Directory to make.
    #[arg(long)]
    pub dir: PathBuf,
    /// Port of the gateway.
    #[arg(long, default_value_t = 8443)]
    pub port: u16,
    /// Port of the operations listener.
    #[arg(long, default_value_t = 9464)]
    pub operations_port: u16,
    /// Port of the taxpayers' portal.
    #[arg(long, default_value_t = 8444)]
    pub portal_port: u16,
    /// Dossiers that each bank may ask for in a day.
    #[arg(long, default_value_t = 100_000)]
    pub quota_per_day: u64,
    /// PostgreSQL URL; two SQLite files if absent. Kept in a file of its own, readable by the owner only.
    #[arg(long, env = "SHUIDAIYI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// `serve`
#[derive(Args, Clone)]
pub struct ServeOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// Check the configuration and exit.
    #[arg(long)]
    pub check_config: bool,
}

/// `synth`
#[derive(Args, Clone)]
pub struct SynthOptions {
    /// Firms in the city.
    #[arg(long)]
    pub taxpayers: u64,
    /// Same seed, same bytes.
    #[arg(long)]
    pub seed: u64,
    /// Directory to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Last month with filings, like 2026-10.
    #[arg(long)]
    pub until: Option<String>,
    /// Also write stress/, a delivery with every kind of bad row and a list of what should be said of each, and
    /// stress-corrected/, the same delivery without them.
    #[arg(long)]
    pub stress: bool,
}

/// `check`
#[derive(Args, Clone)]
pub struct CheckOptions {
    /// A delivery's directory, its manifest.json, or files: .csv, .ndjson, .xlsx, with .gz or .zst if compressed.
    #[arg(required = true)]
    pub sources: Vec<PathBuf>,
    /// Form of the files; guessed from a name that begins with a form's, like vat_small-2026.csv.
    #[arg(long)]
    pub form: Option<String>,
    /// Charset of files that no manifest describes: UTF-8 or GB18030.
    #[arg(long)]
    pub charset: Option<String>,
    /// Where to write the rejected rows, to be mended and sent again; a directory if there are several files.
    #[arg(long)]
    pub errors_out: Option<PathBuf>,
    /// Print the reports as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `import`
#[derive(Args, Clone)]
pub struct ImportOptions {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
    /// A delivery's directory, its manifest.json, or files (these need --form, --coverage and --as-of).
    #[arg(required = true)]
    pub sources: Vec<PathBuf>,
    /// Form of the files; guessed from a name that begins with a form's.
    #[arg(long)]
    pub form: Option<String>,
    /// Charset of files that no manifest describes: UTF-8 or GB18030.
    #[arg(long)]
    pub charset: Option<String>,
    /// Days the files speak of, like 2026-01-01..2026-01-31.
    #[arg(long)]
    pub coverage: Option<String>,
    /// The day the files were true.
    #[arg(long)]
    pub as_of: Option<NaiveDate>,
    /// Take the good rows of a file that has bad ones.
    #[arg(long)]
    pub skip_bad: bool,
    /// Print the reports as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `member`
#[derive(Args, Clone)]
pub struct MemberOptions {
    /// What to do with members.
    #[command(subcommand)]
    pub action: MemberAction,
}

/// What to do with members.
#[derive(Subcommand, Clone)]
pub enum MemberAction {
    /// 列出成员与证书 Members and their certificates
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// 新增成员 A new member with its first certificate
    Add {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Its slug, like bank-13.
        member: String,
        /// bank, bureau, regulator or platform.
        #[arg(long)]
        role: String,
        /// Full legal name.
        #[arg(long)]
        name: String,
        /// Its certificate, PEM.
        #[arg(long)]
        certificate: PathBuf,
        /// The person or system that holds the certificate.
        #[arg(long, default_value = "system")]
        label: String,
        /// Dossiers it may ask for in a day.
        #[arg(long, default_value_t = 100_000)]
        quota_per_day: u64,
    },
    /// 登记证书 One more certificate of a member
    Certificate {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Whose it is.
        member: String,
        /// The certificate, PEM.
        certificate: PathBuf,
        /// The person or system that holds it.
        #[arg(long, default_value = "system")]
        label: String,
    },
    /// 暂停成员 A member may no longer act
    Suspend {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which member.
        member: String,
    },
    /// 恢复成员 A member may act again
    Resume {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which member.
        member: String,
    },
    /// 撤销证书 A certificate is no longer accepted
    Withdraw {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Whose it is.
        member: String,
        /// Its SHA-256 fingerprint, as `member list` shows it.
        fingerprint: String,
    },
    /// 更换证书 A new certificate beside the old one, which ends after an overlap
    Rotate(super::enrol::RotateOptions),
    /// 按证书请求登记 A certificate for a member's signing request (PKCS #10)
    Enrol(super::enrol::EnrolOptions),
    /// 永久退出 A member leaves for good
    Leave(super::enrol::LeaveOptions),
    /// 开发用吊销清单 A revocation list of the development authority
    Crl(super::enrol::CrlOptions),
    /// 登记联系方式 How firms reach a member about their data
    Contact(super::contact::ContactOptions),
    /// 银行的返回地址 Where a bank may have a person sent back to
    ReturnUrl(super::return_url::ReturnUrlOptions),
    /// 设定每日查询配额 How many dossiers a bank may ask for in a day
    Quota {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which bank.
        member: String,
        /// Dossiers a day.
        #[arg(long)]
        per_day: u64,
    },
}

/// `consent`
#[derive(Args, Clone)]
pub struct ConsentOptions {
    /// What to do with consents.
    #[command(subcommand)]
    pub action: ConsentAction,
}

/// What to do with consents.
#[derive(Subcommand, Clone)]
pub enum ConsentAction {
    /// 列出某银行的授权 Consents that name a bank
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which bank.
        #[arg(long)]
        bank: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// 撤回授权 Take a consent back
    Revoke {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Which consent.
        consent: String,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// `pull`
#[derive(Args, Clone)]
pub struct PullOptions {
    /// The gateway, like https://localhost:8443.
    #[arg(long)]
    pub url: String,
    /// CA that the gateway's certificate chains to.
    #[arg(long)]
    pub ca: Option<PathBuf>,
    /// The bank's client certificate, PEM.
    #[arg(long)]
    pub cert: PathBuf,
    /// Its private key, PEM.
    #[arg(long)]
    pub key: PathBuf,
    /// The consent to rely on.
    #[arg(long)]
    pub consent: String,
    /// pre_loan or post_loan.
    #[arg(long, default_value = "pre_loan")]
    pub purpose: String,
    /// Sections to ask for, separated by commas; all that are consented if absent.
    #[arg(long)]
    pub sections: Option<String>,
    /// The bank's case number.
    #[arg(long)]
    pub bank_ref: Option<String>,
    /// HMAC-SHA256 of the legal representative's identity number under the matching key, base64url: asks whether
    /// it matches.
    #[arg(long)]
    pub legal_rep_digest: Option<String>,
    /// Where to save the answer; stdout if absent.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// `verify`
#[derive(Args, Clone)]
pub struct VerifyOptions {
    /// A saved pull answer, or - for stdin; or a bundle of evidence.
    pub file: PathBuf,
    /// The exchange's trust file. A bundle brings its own, if none is given.
    #[arg(long)]
    pub trust: Option<PathBuf>,
    /// The bank that the dossier must be for.
    #[arg(long)]
    pub audience: Option<String>,
    /// A later answer of GET /v1/releases/{id}, whose receipt counts instead: it rests on a cosigned checkpoint.
    #[arg(long)]
    pub receipt: Option<PathBuf>,
    /// Whom to believe: a C2SP tlog-policy file of ledgers, witnesses and how many of them must have cosigned.
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `show`
#[derive(Args, Clone)]
pub struct ShowOptions {
    /// A saved pull answer or a bare SD-JWT; - for stdin.
    #[arg(value_name = "DOSSIER")]
    pub file: PathBuf,
    /// The exchange's trust file: verify first, and show nothing that fails.
    #[arg(long)]
    pub trust: Option<PathBuf>,
    /// The bank that the dossier must be for; needs --trust.
    #[arg(long, requires = "trust")]
    pub audience: Option<String>,
    /// Write one self-contained HTML page there instead of printing.
    #[arg(long, value_name = "OUT.html")]
    pub html: Option<PathBuf>,
    /// Only this section, like filings.
    #[arg(long)]
    pub section: Option<String>,
    /// Print the decoded dossier as JSON.
    #[arg(long)]
    pub json: bool,
}
