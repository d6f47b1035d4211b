//! `shuidaiyi synth`: a synthetic city in the bureau's file formats.

use std::process::ExitCode;

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::SynthOptions;
use super::output::{Failure, say};
use super::synth::{City, EXPECTED, STRESS, STRESS_CORRECTED, write_city, write_stress};

/// Writes the city.
pub fn run(options: &SynthOptions) -> Result<ExitCode, Failure> {
    let mut city = City::new(options.seed, options.taxpayers);
    if let Some(month) = &options.until {
        city.until = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d")
            .map_err(|_| Failure::usage("--until takes a month, like 2026-10"))?;
    }
    let bar = bar("企业 firms", options.taxpayers);
    let manifest = write_city(&city, &options.out, &mut |done, _total| bar.set_position(done))
        .map_err(Failure::system)?;
    bar.finish_and_clear();
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    say(format!(
        "{} 户企业，{} 个文件，{rows} 行 firms, files, rows: {}",
        options.taxpayers,
        manifest.files.len(),
        options.out.display()
    ));
    if options.stress {
        let expected = write_stress(&city, &options.out).map_err(Failure::system)?;
        let stress = options.out.join(STRESS);
        say(format!(
            "压力送达 stress delivery: {} 处错误或标记 faults and marks, {}",
            expected.len(),
            stress.join(EXPECTED).display()
        ));
        say(format!(
            "检查 check: shuidaiyi check {}；改正后 corrected: {}",
            stress.display(),
            options.out.join(STRESS_CORRECTED).display()
        ));
    }
    say(format!("下一步 next: shuidaiyi import --config D/shuidaiyi.toml {}", options.out.display()));
    Ok(ExitCode::SUCCESS)
}

/// A progress bar on stderr, in the same dress for every command.
pub fn bar(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>20} {bar:32} {human_pos}/{human_len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_prefix(what)
}
