//! Deliveries of the bureau: streamed in, checked row by row, visible all at once by one ledger entry.
//!
//! Rows are staged under a batch that nobody sees. Its entry in the ledger makes them visible; without
//! one they are swept. So an interrupted import leaves nothing, and can be run again.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;
use tracing::{info, warn};

use super::Exchange;
use super::admin::Actor;
use super::error::{RefusedDelivery, ServiceError, ServiceResult};
use super::fairness;
use super::rejections::{ORIGINALS_KEPT_DAYS, Place, RejectedRow, Rejection, Rejections};
use super::staging::{HashingReader, Stage, staged};
use super::standing;
use crate::domain::import::{
    Broken, Charset, Form, InputFault, InputRule, RowProblem, Rows, Syntax, WORKBOOK_BYTES_MAX,
};
use crate::domain::member::wire_enum;
use crate::domain::section::Section;
use crate::ledger::entry::EntryKind;
use crate::seal::digest::base64url;
use crate::store::batches::{self, BatchRow, STATUS_COMMITTED, STATUS_REFUSED, STATUS_STAGING};
use crate::store::ledger::{Draft, Field};

wire_enum! {
    /// What a rejected row means for the rest of its delivery.
    pub enum Mode {
        /// One rejected row refuses the whole.
        All = "all",
        /// The good rows are taken.
        SkipBad = "skip_bad",
    }
}

/// How long a delivery waits for another to be loaded before it is told to come again.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
/// How often a delivery is recorded anew because an authorisation that must rest came in between.
const RECORD_ATTEMPTS_MAX: u32 = 5;

/// What a delivery says of itself.
#[derive(Clone, Copy)]
pub struct Delivery {
    /// The form that its rows follow.
    pub form: &'static Form,
    /// How its rows are written.
    pub syntax: Syntax,
    /// First day it speaks of.
    pub coverage_from: NaiveDate,
    /// Last day it speaks of.
    pub coverage_to: NaiveDate,
    /// The day it was true.
    pub as_of: NaiveDate,
    /// What a rejected row means.
    pub mode: Mode,
}

/// Who delivers.
#[derive(Clone, Debug)]
pub struct Deliverer {
    /// The member, as the entry names it.
    pub member: String,
    /// The person or system.
    pub label: String,
    /// Fingerprint of the certificate, looked up again before the commit; none for the operator on the host.
    pub certificate: Option<String>,
}

/// What became of a delivery that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// UUIDv7.
    pub batch_id: String,
    /// Rows read.
    pub rows: u64,
    /// Rows taken.
    pub accepted: u64,
    /// Rows taken whose figures disagree with their own form: marked, never altered.
    pub marked: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows taken that say what was known already.
    pub unchanged: u64,
    /// The entry that made it visible.
    pub ledger_index: i64,
    /// Whether this very delivery had been taken before; then nothing changed.
    pub repeated: bool,
    /// The first rejected rows.
    pub errors: Vec<RejectedRow>,
    /// Where every rejected row can be read.
    pub errors_url: String,
}

/// The bytes of a delivery, unpacked, and what is stated of them.
pub struct Content<'a> {
    /// The file as it was before it was compressed.
    pub bytes: Box<dyn Read + 'a>,
    /// Charset of a text.
    pub charset: Charset,
    /// Rows that it must have, if a manifest says so.
    pub rows: Option<u64>,
}

impl<'a> Content<'a> {
    /// Bytes that are UTF-8 if they are a text.
    pub fn plain(bytes: impl Read + 'a) -> Self {
        Self { bytes: Box::new(bytes), charset: Charset::Utf8, rows: None }
    }
}

/// Takes a delivery from any source of bytes. Blocks; `progress` hears of the rows read so far.
pub fn ingest(
    exchange: &Exchange,
    deliverer: &Deliverer,
    delivery: Delivery,
    source: impl Read,
    progress: &mut dyn FnMut(u64),
) -> ServiceResult<Report> {
    ingest_content(exchange, deliverer, delivery, Content::plain(source), progress)
}

/// The same for content in another charset, or with a stated number of rows.
pub fn ingest_content(
    exchange: &Exchange,
    deliverer: &Deliverer,
    delivery: Delivery,
    content: Content<'_>,
    progress: &mut dyn FnMut(u64),
) -> ServiceResult<Report> {
    if delivery.coverage_from > delivery.coverage_to {
        return Err(ServiceError::invalid("/coverage_to", "must not be before coverage_from"));
    }
    let _lock = batches::lock_imports_within(&exchange.data, LOCK_WAIT_MAX)?;
    sweep(exchange)?;
    let mut batch = new_batch(exchange, delivery);
    exchange.data.write(|c| batches::insert(c, &batch))?;
    let loaded = load(exchange, delivery, content, &mut batch, progress);
    let rejections = match loaded {
        Ok(rejections) => rejections,
        Err(error) => {
            batches::discard(&exchange.data, &batch.id, None)?;
            return Err(error);
        }
    };
    rejections.keep(&exchange.data, &batch.id)?;
    if batch.rejected > 0 && delivery.mode == Mode::All {
        exchange.data.write(|c| batches::update(c, &batch))?;
        batches::discard(&exchange.data, &batch.id, Some(STATUS_REFUSED))?;
        return Err(ServiceError::RowsRejected(Box::new(RefusedDelivery {
            batch_id: batch.id,
            rejected: rejections.count(),
            errors: rejections.told().cloned().collect(),
        })));
    }
    if let Some(report) = taken_before(exchange, &batch)? {
        batches::discard(&exchange.data, &batch.id, None)?;
        return Ok(report);
    }
    commit(exchange, deliverer, delivery, &mut batch, &rejections)
}

/// Removes rows of deliveries that were interrupted. The caller holds the import lock.
fn sweep(exchange: &Exchange) -> ServiceResult<()> {
    for abandoned in exchange.data.read(batches::staging)? {
        let index = exchange.ledger.read(|c| batches::commit_index(c, &abandoned.id))?;
        if index.is_some() {
            // The entry was written, but not noted here before the process ended.
            let row = BatchRow { status: STATUS_COMMITTED.into(), ..abandoned };
            exchange.data.write(|c| batches::update(c, &row))?;
        } else {
            warn!(batch.id = %abandoned.id, "Sweeping an interrupted delivery");
            batches::discard(&exchange.data, &abandoned.id, None)?;
        }
    }
    let long_ago = exchange.id_days_ago(ORIGINALS_KEPT_DAYS);
    exchange.data.write(|c| batches::forget_originals(c, &long_ago))?;
    Ok(())
}

/// Sweeps after a start, unless a delivery is being loaded by another process. May take long: nobody sees
/// what it removes, so nobody has to wait for it.
pub fn sweep_after_start(exchange: &Exchange) -> ServiceResult<()> {
    if exchange.data.read(batches::staging)?.is_empty() {
        return Ok(());
    }
    match batches::lock_imports(&exchange.data) {
        Ok(_lock) => sweep(exchange),
        Err(crate::store::error::StoreError::Busy { .. }) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

fn new_batch(exchange: &Exchange, delivery: Delivery) -> BatchRow {
    BatchRow {
        id: exchange.fresh_id(),
        form: delivery.form.id().to_owned(),
        section: delivery.form.section().as_str().to_owned(),
        coverage_from: delivery.coverage_from,
        coverage_to: delivery.coverage_to,
        as_of: delivery.as_of,
        mode: delivery.mode.to_string(),
        digest: String::new(),
        status: STATUS_STAGING.to_owned(),
        row_count: 0,
        accepted: 0,
        marked: 0,
        rejected: 0,
        unchanged: 0,
        started_at: exchange.clock.now().naive(),
        header: None,
    }
}

/// Reads, checks and stages every row; returns the rejected ones.
fn load(
    exchange: &Exchange,
    delivery: Delivery,
    content: Content<'_>,
    batch: &mut BatchRow,
    progress: &mut dyn FnMut(u64),
) -> ServiceResult<Rejections> {
    // The same bytes in another charset are other rows: sent again under the right one, they are no repeat.
    let charset = match content.charset {
        Charset::Utf8 => "",
        Charset::Gb18030 => " gb18030",
    };
    let about = format!(
        "{} {} {} {} {}{charset}\n",
        batch.form, batch.coverage_from, batch.coverage_to, batch.as_of, batch.mode
    );
    let (reader, digest) = HashingReader::new(content.bytes, about.as_bytes());
    let mut rows = open(exchange, delivery, content.charset, reader)?;
    batch.header = rows.header().map(str::to_owned);
    let (mut rejections, staged) =
        staged(&exchange.data, &batch.id, |stage| read(&mut rows, stage, progress))?;
    rejections.append(staged.repeated);
    if let Some(stated) = content.rows
        && stated != rows.rows_read()
    {
        let message = format!("must be {}: so many rows the file has", rows.rows_read());
        return Err(ServiceError::invalid("/rows", message));
    }
    batch.row_count = count(rows.rows_read())?;
    batch.rejected = count(rejections.count())?;
    batch.accepted = count(staged.accepted)?;
    batch.marked = count(staged.marked)?;
    batch.digest = format!("sha-256:{}", base64url(&digest.finish()));
    rejections.sort();
    Ok(rejections)
}

/// Puts every good row on the stage; returns the others.
fn read(
    rows: &mut Rows<'_>,
    mut stage: Stage<'_>,
    progress: &mut dyn FnMut(u64),
) -> ServiceResult<Rejections> {
    let mut rejections = Rejections::default();
    while let Some(row) = rows.next() {
        match row {
            Ok(record) => {
                if stage.push(Place::of_last(rows), record)? {
                    progress(rows.rows_read());
                }
            }
            Err(RowProblem::Rejected(error)) => {
                rejections.push(Rejection { error, original: Place::of_last(rows).original });
            }
            Err(RowProblem::Broken(fault)) => return Err(broken(fault)),
        }
    }
    stage.finish()?;
    progress(rows.rows_read());
    Ok(rejections)
}

/// Starts reading. A workbook is put down in a file first: its parts are found from its end.
fn open<'a>(
    exchange: &Exchange,
    delivery: Delivery,
    charset: Charset,
    reader: impl Read + 'a,
) -> ServiceResult<Rows<'a>> {
    let rows = match delivery.syntax {
        Syntax::Csv | Syntax::Ndjson => Rows::decoded(delivery.form, delivery.syntax, charset, reader),
        Syntax::Xlsx => Rows::workbook(delivery.form, spool(exchange, reader)?),
    };
    rows.map_err(broken)
}

fn spool(exchange: &Exchange, reader: impl Read) -> ServiceResult<File> {
    let mut file = tempfile::tempfile_in(&exchange.spool).map_err(ServiceError::internal)?;
    // One byte more than is taken: what looks through the file then finds it too large.
    let mut source = reader.take(WORKBOOK_BYTES_MAX + 1);
    let mut piece = vec![0; 1 << 16];
    loop {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                file.write_all(piece.get(..count).unwrap_or_default()).map_err(ServiceError::internal)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let fault = InputFault::of(&error);
                return Err(broken(Broken { line: 0, rule: fault.rule, message: fault.message }));
            }
        }
    }
    file.rewind().map_err(ServiceError::internal)?;
    Ok(file)
}

fn broken(broken: Broken) -> ServiceError {
    match broken.rule {
        InputRule::InputExpansion => ServiceError::TooLarge(
            "the delivery expands to more than 200 times its size, and to more than 64 MiB: send it less compressed, or in parts",
        ),
        _other => ServiceError::Malformed(broken.to_string()),
    }
}

fn count(number: u64) -> ServiceResult<i64> {
    i64::try_from(number).map_err(ServiceError::internal)
}

/// The report of the same delivery, if it was taken before: sent twice, it changes nothing.
fn taken_before(exchange: &Exchange, batch: &BatchRow) -> ServiceResult<Option<Report>> {
    for earlier in exchange.data.read(|c| batches::with_digest(c, &batch.digest))? {
        let index = exchange.ledger.read(|c| batches::commit_index(c, &earlier.id))?;
        if let (Some(index), true) = (index, earlier.id != batch.id) {
            let errors = exchange.data.read(|c| batches::errors(c, &earlier.id, 0, 100))?;
            return Ok(Some(report(
                &earlier,
                index,
                true,
                errors.into_iter().map(RejectedRow::from).collect(),
            )));
        }
    }
    Ok(None)
}

fn commit(
    exchange: &Exchange,
    deliverer: &Deliverer,
    delivery: Delivery,
    batch: &mut BatchRow,
    rejections: &Rejections,
) -> ServiceResult<Report> {
    let id = batch.id.clone();
    let may_repeat =
        !delivery.form.is_keyed_by_period() || exchange.data.read(|c| batches::any_overlapping(c, batch))?;
    let unchanged = exchange.data.write(|c| {
        batches::write_touches(c, &id)?;
        // Rows of periods that no other delivery speaks of are news: a repeated one would be one revision too many,
        // and say the same.
        if may_repeat { batches::drop_unchanged(c, &id) } else { Ok(0) }
    })?;
    batch.unchanged = i64::try_from(unchanged).map_err(ServiceError::internal)?;
    exchange.data.write(|c| batches::update(c, batch))?;
    // A delivery may take hours: who was suspended meanwhile does not commit it.
    if let Some(certificate) = &deliverer.certificate {
        exchange.directory.recognise(certificate, exchange.clock.now())?;
    }
    if delivery.form.section() == Section::Violations {
        fairness::ensure_rule(exchange)?;
    }
    let index = record(exchange, deliverer, batch)?;
    batch.status = STATUS_COMMITTED.to_owned();
    exchange.data.write(|c| batches::update(c, batch))?;
    info!(batch.id = %batch.id, form = %batch.form, rows = batch.row_count, rejected = batch.rejected, "Took a delivery");
    let told = rejections.told().map(RejectedRow::from).collect();
    Ok(report(batch, index, false, told))
}

/// Makes the delivery visible by its entry, and tells the entry's index. Authorisations of firms whose representative
/// it changes come to rest in the same transaction, before it.
fn record(exchange: &Exchange, deliverer: &Deliverer, batch: &BatchRow) -> ServiceResult<i64> {
    let changed = match batch.section == Section::Registration.as_str() {
        true => standing::changed_representatives(exchange, &batch.id)?,
        false => Vec::new(),
    };
    let mut attempts = 0;
    loop {
        attempts += 1;
        let (taxpayers, batch_draft) = (changed.clone(), draft(deliverer, batch));
        let actor = Actor { member: deliverer.member.clone(), label: deliverer.label.clone() };
        let recorded = exchange.writer.unit_blocking(move |c, now| {
            let (mut drafts, suspended) = match taxpayers.is_empty() {
                true => (Vec::new(), Vec::new()),
                false => standing::suspend_in_unit(c, now, &actor, &taxpayers)?,
            };
            drafts.push(batch_draft);
            Ok(Ok(((suspended, drafts.len() - 1), drafts)))
        });
        match recorded {
            Ok(((suspended, place), committed)) => {
                for id in &suspended {
                    exchange.memory.forget_consent(id);
                }
                return i64::try_from(committed.entry(place)?.index).map_err(ServiceError::internal);
            }
            // An authorisation was recorded in between: it rests too.
            Err(ServiceError::Busy(_)) if !changed.is_empty() && attempts < RECORD_ATTEMPTS_MAX => {}
            Err(error) => return Err(error),
        }
    }
}

fn draft(deliverer: &Deliverer, batch: &BatchRow) -> Draft {
    let plain = |value: serde_json::Value| Field::Plain(value);
    Draft {
        kind: EntryKind::BatchCommitted,
        object_id: batch.id.clone(),
        actor: deliverer.member.clone(),
        by: deliverer.label.clone(),
        fields: vec![
            ("form", plain(batch.form.as_str().into())),
            ("coverage_from", plain(batch.coverage_from.to_string().into())),
            ("coverage_to", plain(batch.coverage_to.to_string().into())),
            ("as_of", plain(batch.as_of.to_string().into())),
            ("accepted", plain(batch.accepted.into())),
            ("marked", plain(batch.marked.into())),
            ("rejected", plain(batch.rejected.into())),
            ("digest", plain(batch.digest.as_str().into())),
        ],
    }
}

fn report(batch: &BatchRow, ledger_index: i64, repeated: bool, errors: Vec<RejectedRow>) -> Report {
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    Report {
        batch_id: batch.id.clone(),
        rows: number(batch.row_count),
        accepted: number(batch.accepted),
        marked: number(batch.marked),
        rejected: number(batch.rejected),
        unchanged: number(batch.unchanged),
        ledger_index,
        repeated,
        errors,
        errors_url: errors_url(&batch.id),
    }
}

/// Where the rejected rows of a delivery can be read.
pub fn errors_url(batch_id: &str) -> String {
    format!("/v1/batches/{batch_id}/errors")
}
