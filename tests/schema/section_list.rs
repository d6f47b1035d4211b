//! Proves the README's list "To add a section": every file it names is there for every section, and no other file of
//! the program knows one section from another.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use shuidaiyi::domain::import::Form;
use shuidaiyi::domain::section::Section;

/// Sections that nothing but the list may name. Registration, rating, filings and violations are named elsewhere for
/// what they are: whose data it is, the demo's consent for less than all, the figures that a person looks for first,
/// and what a firm is told of before it leaves.
const NAMED_ONLY_IN_THE_LIST: [Section; 6] = [
    Section::Payments,
    Section::Arrears,
    Section::Inspections,
    Section::Statements,
    Section::Invoices,
    Section::Employment,
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The paths in backquotes of the README's list, as written there.
fn listed() -> Vec<String> {
    let readme = fs::read_to_string(package().join("README.md")).unwrap();
    let (_, list) = readme.split_once("**To add a section**").expect("the README has the list");
    let list = list.split("\n\n**").next().unwrap();
    let quoted = list.split('`').skip(1).step_by(2);
    quoted.filter(|path| path.starts_with("src/") || path.starts_with("schema/")).map(str::to_owned).collect()
}

/// The files that a listed path stands for: one for each section or form that it names a place for.
fn files(listed: &str) -> Vec<PathBuf> {
    let forms = Form::all().iter().map(|form| listed.replace("<form>", form.id()));
    let named: BTreeSet<String> = if listed.contains("<form>") {
        forms.collect()
    } else {
        Section::ALL.iter().map(|section| listed.replace("<section>", section.as_str())).collect()
    };
    named.into_iter().map(|path| package().join(path)).collect()
}

#[test]
fn every_file_of_the_list_is_there_for_every_section() {
    let listed = listed();
    assert!(listed.len() > 8, "{listed:?}");
    for path in &listed {
        for file in files(path) {
            // A section with much to say is a folder of the same name.
            let folder = file.with_extension("");
            assert!(file.exists() || folder.join("mod.rs").exists(), "{path}: no {}", file.display());
        }
    }
}

#[test]
fn no_other_file_of_the_program_names_a_section() {
    let known: BTreeSet<PathBuf> = listed().iter().flat_map(|path| files(path)).collect();
    let folders: Vec<PathBuf> = known.iter().map(|file| file.with_extension("")).collect();
    let mut programs = Vec::new();
    collect(&package().join("src"), &mut programs);
    assert!(programs.len() > 100);
    for program in programs {
        if known.contains(&program) || folders.iter().any(|folder| program.starts_with(folder)) {
            continue;
        }
        if program.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&program).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for section in NAMED_ONLY_IN_THE_LIST {
            let name = format!("Section::{section:?}");
            assert!(
                !code.contains(&name),
                "{} names {name}, and the README's list does not name it",
                program.display()
            );
        }
    }
}

#[test]
fn every_section_has_a_form() {
    for section in Section::ALL {
        assert!(Form::all().iter().any(|form| form.section() == section), "{section}");
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
