//! An import holds as much memory for many rows as for few.
//!
//! Here with thousands of rows, for every run; `cargo bench --bench import` does it with up to a million, and its last
//! result is in `benches/import-last-result.md`.

use std::fmt::Write as _;
use std::path::Path;

use shuidaiyi::domain::uscc::Uscc;

use crate::support::child::program;
use crate::support::{Backend, Site, both_backends, sql};

both_backends!(memory_does_not_grow_with_the_rows);

/// Enough that both imports fill what is bounded: the staged set, the page cache (32 MB) and the allocator.
const FEW: u64 = 70_000;
const MANY: u64 = 210_000;

async fn memory_does_not_grow_with_the_rows(backend: Backend) {
    let site = Site::start(backend);
    let few = import(&site, FEW, "2026-01-31");
    let many = import(&site, MANY, "2026-02-28");
    println!("{FEW} rows: {few} kB, {MANY} rows: {many} kB");
    assert_eq!(
        sql::number(&sql::data(&site), "SELECT count(*) AS n FROM record"),
        i64::try_from(FEW + MANY).unwrap()
    );
    // The larger input may cost what allocators vary by, not its own size (some 15 MB more, in the database 70).
    assert!(many < few + few / 5, "{FEW} rows took {few} kB, {MANY} rows {many} kB");
}

/// Loads that many payments of that day; the most memory that the program ever held, in kB.
fn import(site: &Site, count: u64, day: &str) -> u64 {
    let file = site.dir().join("payment.csv");
    std::fs::write(&file, payments(count, day)).unwrap();
    let mut import = program();
    import.arg("import").arg("--config").arg(site.dir().join("shuidaiyi.toml")).arg(&file);
    import.args(["--form", "payment", "--coverage", "2025-01-01..2026-12-31", "--as-of", day]);
    let mut child = import.spawn().unwrap();
    let mut peak = 0;
    loop {
        peak = peak_of(child.id()).unwrap_or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return peak;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

fn payments(count: u64, paid_on: &str) -> String {
    let mut text =
        String::from("taxpayer_id,tax_kind,class,period_from,period_to,amount_fen,paid_on,voucher\n");
    for row in 0..count {
        let firm = Uscc::from_parts('9', '1', "440306", &format!("{:08}", row / 6)).unwrap();
        let voucher = paid_on.replace('-', "");
        writeln!(text, "{firm},10101,tax,2025-12-01,2025-12-31,{},{paid_on},{voucher}{row:010}", 100 + row)
            .unwrap();
    }
    text
}

/// `VmHWM` of a process.
fn peak_of(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
