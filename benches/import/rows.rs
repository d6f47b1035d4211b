//! Files of payments: twelve of each taxpayer, as a year of monthly returns has them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use shuidaiyi::domain::uscc::Uscc;

use crate::Result;

/// Writes a CSV file of that many payments. The amended ones have the same keys and other amounts.
pub fn write(path: &Path, count: u64, amended: bool) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "taxpayer_id,tax_kind,class,period_from,period_to,base_fen,rate_bp,amount_fen,pay_due,paid_on,settled_on,voucher"
    )?;
    let mut taxpayer = String::new();
    for row in 0..count {
        let (firm, month) = (row / 12, row % 12 + 1);
        if month == 1 {
            taxpayer = Uscc::from_parts('9', '1', "440306", &format!("{firm:08}"))?.to_string();
        }
        let last = match month {
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let (next_year, next) = if month == 12 { (2026, 1) } else { (2025, month + 1) };
        let amount = row * 7919 % 9_000_000 + 100 + u64::from(amended);
        writeln!(
            file,
            "{taxpayer},10101,tax,2025-{month:02}-01,2025-{month:02}-{last},{},300,{amount},{next_year}-{next:02}-15,{next_year}-{next:02}-10,{next_year}-{next:02}-11,3440{row:014}",
            amount * 33
        )?;
    }
    Ok(file.flush()?)
}
