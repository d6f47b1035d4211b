//! The bureau's part: the city's files, delivered over `POST /v1/batches` as they lie on its disk.

use std::path::{Path, PathBuf};

use super::stage::{Stage, number, patiently, unexpected};
use crate::cli::arguments::DemoOptions;
use crate::cli::output::{Failure, say};
use crate::cli::synth::{City, write_city};
use crate::cli::synth_command::bar;
use crate::domain::import::manifest::{Manifest, ManifestFile};
use crate::domain::import::{Compression, Syntax};
use crate::domain::timestamp::Timestamp;
use crate::outbound::gateway_client::ClientError;

/// The city, and where its files are.
pub struct Written {
    /// What it was made from.
    pub city: City,
    directory: PathBuf,
    manifest: Manifest,
}

/// Writes the city, unless the directory has one: then that one is kept.
pub fn write(dir: &Path, options: &DemoOptions, now: Timestamp) -> Result<Written, Failure> {
    let directory = dir.join("city");
    if let Some((city, manifest)) = present(&directory)? {
        if (city.seed, city.taxpayers) != (options.seed, options.taxpayers) {
            say(format!(
                "  此目录已有种子 {}、{} 户的城市，沿用 this directory has the city of seed {} with {} firms, which is kept",
                city.seed, city.taxpayers, city.seed, city.taxpayers
            ));
        }
        return Ok(Written { city, directory, manifest });
    }
    let city = City::as_known_on(now.shanghai_date(), options.seed, options.taxpayers);
    let bar = bar("企业 firms", options.taxpayers);
    let manifest = write_city(&city, &directory, &mut |done, _total| bar.set_position(done));
    bar.finish_and_clear();
    let manifest = manifest.map_err(Failure::system)?;
    Ok(Written { city, directory, manifest })
}

/// The manifest is written last: where there is one, the city is whole.
fn present(directory: &Path) -> Result<Option<(City, Manifest)>, Failure> {
    let path = directory.join("manifest.json");
    if !path.exists() {
        return Ok(None);
    }
    let wrong = |why: &dyn ToString| {
        Failure::usage(format!("{}: {}. Name another --dir", path.display(), why.to_string()))
    };
    let text = std::fs::read_to_string(&path).map_err(|why| wrong(&why))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|why| wrong(&why))?;
    let made = manifest.city.ok_or_else(|| wrong(&"not a synthetic city"))?;
    let city = City { seed: made.seed, taxpayers: made.taxpayers, until: made.until };
    Ok(Some((city, manifest)))
}

/// Delivers every file, in the manifest's order. What was taken before changes nothing.
pub async fn deliver(stage: &Stage, written: &Written) -> Result<(), Failure> {
    let files = &written.manifest.files;
    let bar = bar("税务数据 deliveries", u64::try_from(files.len()).unwrap_or(0));
    let (mut rows, mut marked, mut repeated) = (0, 0, 0);
    for file in files {
        let report = send(stage, &written.directory, file).await?;
        rows += number(&report, "rows")?;
        marked += number(&report, "marked")?;
        repeated += u64::from(report.get("repeated").and_then(serde_json::Value::as_bool) == Some(true));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let again = match repeated {
        0 => String::new(),
        count => format!("；其中 {count} 个已导入过，未作改动 of them taken before, nothing changed"),
    };
    say(format!(
        "税务数据 tax data: {} 户 firms, {} 个文件 files, {rows} 行 rows, {marked} 行与表内公式不符，已标记 marked{again}",
        written.city.taxpayers,
        files.len(),
    ));
    Ok(())
}

async fn send(stage: &Stage, directory: &Path, file: &ManifestFile) -> Result<serde_json::Value, Failure> {
    let path = directory.join(&file.file);
    let query = format!(
        "/v1/batches?form={}&coverage_from={}&coverage_to={}&as_of={}",
        file.form, file.coverage_from, file.coverage_to, file.as_of
    );
    let kind = match file.syntax {
        Syntax::Csv => format!("text/csv; charset={}", file.encoding.as_str()),
        Syntax::Ndjson => "application/x-ndjson".to_owned(),
        Syntax::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
    };
    let packed = match file.compression {
        Compression::None => None,
        Compression::Gzip => Some("gzip"),
        Compression::Zstd => Some("zstd"),
    };
    let sent = patiently(async || {
        let source = tokio::fs::File::open(&path)
            .await
            .map_err(|why| ClientError::Unusable(format!("{}: {why}", path.display())))?;
        stage.bureau.deliver(&query, &kind, packed, source).await
    })
    .await;
    sent.map_err(|error| unexpected(&format!("bureau, {}", file.file), error))
}
