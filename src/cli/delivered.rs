//! The files that a command is given: by name, by directory, or by a manifest; and what is stated of each.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use super::output::Failure;
use crate::domain::import::manifest::{Manifest, ManifestFile};
use crate::domain::import::{Broken, Charset, Compression, Form, InputRule, Syntax};

const ENDINGS: &str = "must end in .csv, .ndjson or .xlsx, with .gz or .zst after it if compressed";

/// A file to read.
pub(super) struct Delivered {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// The form its rows are in.
    pub(super) form: &'static Form,
    /// How its rows are written.
    pub(super) syntax: Syntax,
    /// Charset of a text.
    pub(super) charset: Charset,
    /// How it is compressed.
    pub(super) compression: Compression,
    /// What its manifest says, if it has one.
    pub(super) stated: Option<ManifestFile>,
}

/// What is said of files that no manifest describes.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'a> {
    /// Name of their form; guessed from their names if absent.
    pub(super) form: Option<&'a str>,
    /// Their charset; UTF-8 if absent.
    pub(super) charset: Option<&'a str>,
}

impl Delivered {
    /// Rows that its manifest says it has.
    pub(super) fn stated_rows(&self) -> Option<u64> {
        self.stated.as_ref().map(|stated| stated.rows)
    }

    /// The name without its directory.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether the file is the one that its manifest describes.
    pub(super) fn check_digest(&self) -> io::Result<Result<(), Broken>> {
        let Some(stated) = &self.stated else { return Ok(Ok(())) };
        let found = sha256(&self.path)?;
        if found.eq_ignore_ascii_case(&stated.sha256) {
            return Ok(Ok(()));
        }
        let message = format!("the manifest states another SHA-256 than the file has, which is {found}");
        Ok(Err(Broken { line: 0, rule: InputRule::ManifestDigest, message }))
    }

    /// Whether it has as many rows as its manifest states.
    pub(super) fn check_rows(&self, found: u64) -> Result<(), Broken> {
        match self.stated_rows() {
            Some(stated) if stated != found => {
                let message = format!("the manifest states {stated} rows, the file has {found}");
                Err(Broken { line: 0, rule: InputRule::ManifestRows, message })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The files that were named, in order. A directory stands for its manifest; without one, if `by_name`, for every
/// file in it whose name begins with a form's.
pub(super) fn files(paths: &[PathBuf], said: Said<'_>, by_name: bool) -> Result<Vec<Delivered>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let manifest = path.join("manifest.json");
        if path.is_dir() && (manifest.is_file() || !by_name) {
            files.extend(of_manifest(&manifest)?);
        } else if path.is_dir() {
            files.extend(of_directory(path, said)?);
        } else if path.file_name().is_some_and(|name| name == "manifest.json") {
            files.extend(of_manifest(path)?);
        } else {
            files.push(of_file(path, said)?);
        }
    }
    Ok(files)
}

fn of_manifest(path: &Path) -> Result<Vec<Delivered>, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", path.display(), why.to_string()));
    let text = std::fs::read_to_string(path).map_err(|why| wrong(&why))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|why| wrong(&why))?;
    let directory = path.parent().unwrap_or(Path::new("."));
    manifest
        .files
        .into_iter()
        .map(|file| {
            let form = Form::by_id(&file.form)
                .ok_or_else(|| wrong(&format!("{}: there is no form {}", file.file, file.form)))?;
            if file.coverage_from > file.coverage_to {
                return Err(wrong(&format!("{}: coverage_to must not be before coverage_from", file.file)));
            }
            Ok(Delivered {
                path: directory.join(&file.file),
                form,
                syntax: file.syntax,
                charset: file.encoding,
                compression: file.compression,
                stated: Some(file),
            })
        })
        .collect()
}

fn of_directory(path: &Path, said: Said<'_>) -> Result<Vec<Delivered>, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", path.display(), why.to_string()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|why| wrong(&why))? {
        names.push(entry.map_err(|why| wrong(&why))?.path());
    }
    names.sort();
    let files: Vec<Delivered> =
        names.iter().filter(|name| name.is_file()).filter_map(|name| of_file(name, said).ok()).collect();
    if files.is_empty() {
        return Err(wrong(&"has no manifest.json, and no file whose name begins with a form's"));
    }
    Ok(files)
}

fn of_file(path: &Path, said: Said<'_>) -> Result<Delivered, Failure> {
    let wrong = |why: &dyn ToString| Failure::usage(format!("{}: {}", path.display(), why.to_string()));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (compression, inner) = Compression::of_name(&name);
    let (_, ending) = inner.rsplit_once('.').ok_or_else(|| wrong(&ENDINGS))?;
    let syntax = ending.to_ascii_lowercase().parse().map_err(|_| wrong(&ENDINGS))?;
    let form = match said.form {
        Some(id) => Form::by_id(id)
            .ok_or_else(|| wrong(&format!("there is no form {id}: the forms are in schema/import/")))?,
        None => guess(&name).ok_or_else(|| wrong(&"its name begins with no form's: state --form FORM"))?,
    };
    let charset = said.charset.map(str::parse::<Charset>).transpose().map_err(|why| wrong(&why))?;
    Ok(Delivered {
        path: path.to_owned(),
        form,
        syntax,
        charset: charset.unwrap_or_default(),
        compression,
        stated: None,
    })
}

/// The form whose name a file's begins with; of several the longest, and not in the middle of a word.
fn guess(name: &str) -> Option<&'static Form> {
    let begins = |form: &&Form| {
        let rest = name.strip_prefix(form.id());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    };
    Form::all().iter().filter(begins).max_by_key(|form| form.id().len())
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => context.update(piece.get(..count).unwrap_or_default()),
        }
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_guessed_from_names() {
        let form = |name: &str| guess(name).map(Form::id);
        assert_eq!(form("vat_small-2024.csv.gz"), Some("vat_small"));
        assert_eq!(form("registration.ndjson"), Some("registration"));
        assert_eq!(form("rating 评价.xlsx"), Some("rating"));
        assert_eq!(form("ratings.csv"), None);
        assert_eq!(form("rating_2024.csv"), None, "it could be another form's name");
        assert_eq!(form("statement.csv"), None);
    }

    #[test]
    fn names_say_how_a_file_is_written() {
        let of = |name: &str| of_file(Path::new(name), Said::default()).ok();
        let file = of("d/rating.csv.zst").unwrap();
        assert_eq!((file.syntax, file.compression), (Syntax::Csv, Compression::Zstd));
        assert_eq!(of("rating.XLSX").unwrap().syntax, Syntax::Xlsx);
        for wrong in ["rating", "rating.txt", "rating.gz", "x.csv"] {
            assert!(of(wrong).is_none(), "{wrong}");
        }
    }
}
