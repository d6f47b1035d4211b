//! The house rules that no compiler checks: layers, sizes, one reader of the time, nothing left undone.
//!
//! One package has no crate walls, so this test is the wall. Each check is also run against a snippet that breaks
//! its rule, since a check that cannot fail keeps nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::fs;
use std::path::Path;

#[path = "architecture/code.rs"]
mod code;

use code::{functions, is_at, root_modules, tokens, without_tests};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Folders and files at the root of `src`, as the architecture page ranks them.
const RANKS: [(&str, u8); 15] = [
    ("main", 10),
    ("lib", 10), // declares the modules
    ("cli", 9),
    ("app", 8),
    ("config", 7),
    ("portal", 6), // stands on http's TLS, limits and pieces of pages
    ("http", 5),
    ("service", 4),
    ("outbound", 3),
    ("store", 2),
    ("seal", 1),
    ("ledger", 1),
    ("readable", 1),
    ("clock", 1),
    ("domain", 0),
];

/// Folders that know no database, socket or clock.
const PURE: [&str; 4] = ["domain", "seal", "ledger", "readable"];

/// A source file: its path below the package, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The folder or file at the root of `src` that the file belongs to.
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How many modules lie between the file's own and the crate's root, its own included.
    fn depth(&self) -> usize {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs");
        let root = inside == "lib" || inside == "main";
        inside.split('/').count() - usize::from(root) - usize::from(inside.ends_with("/mod"))
    }
}

#[test]
fn imports_point_down() {
    assert_none(sources("src", &["rs"]).iter().flat_map(upward_imports));
}

#[test]
fn the_pure_layers_know_no_database_socket_or_clock() {
    assert_none(sources("src", &["rs"]).iter().flat_map(impurities));
}

#[test]
fn only_the_clock_reads_the_time() {
    assert_none(sources("src", &["rs"]).iter().flat_map(clock_readings));
}

#[test]
fn files_and_functions_stay_short() {
    let programs = sources("src", &["rs"]);
    assert_none(programs.iter().flat_map(long_functions));
    let others = ["tests", "benches"].map(|folder| sources(folder, &["rs", "py"]));
    assert_none(programs.iter().chain(others.iter().flatten()).flat_map(long_file));
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_none(sources("src", &["rs"]).iter().flat_map(missing_purpose));
}

#[test]
fn nothing_is_left_undone() {
    for folder in ["src", "tests", "benches"] {
        assert_none(sources(folder, &["rs", "py"]).iter().flat_map(undone));
    }
}

fn upward_imports(source: &Source) -> Vec<String> {
    let own = source.module();
    let Some(own_rank) = rank(own) else { return vec![format!("{}: no layer of that name", source.path)] };
    root_modules(&tokens(&source.text), source.depth())
        .into_iter()
        .filter(|named| named.text != own && rank(named.text).is_none_or(|rank| rank >= own_rank))
        .map(|named| format!("{}:{}: {own} may not use {}", source.path, named.line, named.text))
        .collect()
}

fn impurities(source: &Source) -> Vec<String> {
    const FOREIGN: [&str; 7] =
        ["diesel", "reqwest", "hyper", "SystemTime", "TcpStream", "TcpListener", "UdpSocket"];
    if !PURE.contains(&source.module()) {
        return Vec::new();
    }
    let tokens = tokens(&source.text);
    let foreign = |at: &usize| {
        let name = tokens[*at].text;
        FOREIGN.contains(&name)
            || ["actix", "tokio", "diesel_"].iter().any(|start| name.starts_with(start))
            || is_at(&tokens, *at, &["Instant", "::", "now"])
    };
    (0..tokens.len())
        .filter(foreign)
        .map(|at| {
            let token = tokens[at];
            format!("{}:{}: {} is nothing for this layer", source.path, token.line, token.text)
        })
        .collect()
}

fn clock_readings(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.text);
    let reads = |at: &usize| {
        ["Utc", "Local", "SystemTime"].iter().any(|clock| is_at(&tokens, *at, &[clock, "::", "now"]))
    };
    (0..tokens.len())
        .filter(|at| source.path != "src/clock.rs" && reads(at))
        .map(|at| format!("{}:{}: take the time from a Clock", source.path, tokens[at].line))
        .collect()
}

fn long_functions(source: &Source) -> Vec<String> {
    if source.path.ends_with("/tests.rs") || source.path.contains("/tests/") {
        return Vec::new();
    }
    functions(&without_tests(&tokens(&source.text)))
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX)
        .map(|function| {
            let (name, lines) = (function.name, function.lines);
            format!("{}:{}: fn {name} has {lines} lines", source.path, function.line)
        })
        .collect()
}

fn long_file(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", source.path))
}

fn missing_purpose(source: &Source) -> Option<String> {
    (!source.text.starts_with("//! ")).then(|| format!("{}:1: must open with `//!`", source.path))
}

/// Marks in comments as well as macros. They are put together here so that this file has none.
fn undone(source: &Source) -> Vec<String> {
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!"), concat!("unimplement", "ed!")];
    let marked = |line: &str| marks.iter().any(|mark| has_word(line, mark));
    (1..)
        .zip(source.text.lines())
        .filter(|(_, line)| marked(line))
        .map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
        .collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let outside = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        outside(line[..at].chars().next_back())
            && (word.ends_with('!') || outside(line[at + word.len()..].chars().next()))
    })
}

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// All files below a folder of the package with one of the extensions, in order of their paths.
fn sources(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (Vec::new(), vec![package.join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| extensions.iter().any(|wanted| ending == *wanted))
            {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(package).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn assert_none(violations: impl Iterator<Item = String>) {
    let violations: Vec<String> = violations.collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

mod checks_can_fail {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }

    /// What the file at `path` may not use, in order.
    fn refused(path: &str, text: &str) -> Vec<String> {
        upward_imports(&source(path, text))
            .iter()
            .map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn layers() {
        assert_eq!(refused("src/domain/fen.rs", "use crate::store::db::Db;"), ["store"]);
        assert_eq!(refused("src/seal/jws.rs", "use crate::ledger::Leaf;"), ["ledger"]);
        assert_eq!(refused("src/ledger/hash.rs", "use crate::{domain::fen, seal::Key};"), ["seal"]);
        assert_eq!(refused("src/ledger/hash.rs", "use crate::clock::Clock;"), ["clock"]);
        assert_eq!(
            refused(
                "src/store/db.rs",
                "use crate::{domain::{a, http}, http::{self, x}, service, clock::Clock};"
            ),
            ["http", "service"]
        );
        assert_eq!(refused("src/store/db.rs", "fn f() -> Vec<crate::app::App> { vec![] }"), ["app"]);
        assert_eq!(refused("src/store/db.rs", "macro_rules! m { () => { $crate::cli::run() } }"), ["cli"]);
        assert_eq!(refused("src/http/mod.rs", "use crate::portal::page;"), ["portal"]);
        assert_eq!(
            refused("src/config.rs", "use crate::*; use crate::{self as root}; use crate::unheard;"),
            ["*", "self", "unheard"]
        );
        assert_eq!(refused("src/attic/mod.rs", ""), ["name"], "a folder without a rank");
    }

    #[test]
    fn layers_by_way_of_super() {
        assert_eq!(refused("src/config.rs", "use super::app::App;"), ["app"]);
        assert_eq!(refused("src/store/mod.rs", "use super::http::x;"), ["http"]);
        assert_eq!(refused("src/store/db.rs", "use super::super::{domain, service::x};"), ["service"]);
        assert_eq!(
            refused("src/store/db.rs", "mod tests { use super::super::super::service; }"),
            ["service"]
        );
        assert_eq!(
            refused("src/store/db.rs", "use super::http; mod tests { use super::super::http; }"),
            [""; 0]
        );
        assert_eq!(
            refused("src/config.rs", "mod tests { use super::*; } fn f() { super::app::run() }"),
            ["app"]
        );
    }

    #[test]
    fn layers_do_not_cry_wolf() {
        let text = "//! crate::app\n/* crate::cli /* nested */ crate::cli */ pub(crate) fn f<'a>(x: &'a str) -> char {\n\
                    let _ = (\"crate::http \\\" crate::http\", r#\"crate::http \" \"#, b\"crate::app\", '\"'); '\\'' }\n\
                    pub(in crate::store) use crate::{domain::x, store::y};";
        assert_eq!(refused("src/store/db.rs", text), [""; 0]);
        assert_eq!(refused("src/main.rs", "use shuidaiyi::cli; fn main() { shuidaiyi::app::x() }"), [""; 0]);
    }

    #[test]
    fn purity() {
        assert_eq!(impurities(&source("src/domain/a.rs", "use diesel::prelude::*;")).len(), 1);
        assert_eq!(impurities(&source("src/seal/a.rs", "use actix_web::web; use tokio::fs;")).len(), 2);
        assert_eq!(impurities(&source("src/ledger/a.rs", "fn f() { reqwest::get() }")).len(), 1);
        assert_eq!(
            impurities(&source("src/seal/a.rs", "enum E { Instant } fn f() { Instant::now() }")).len(),
            1
        );
        assert_eq!(impurities(&source("src/store/a.rs", "use diesel::prelude::*;")).len(), 0);
        assert_eq!(impurities(&source("src/domain/a.rs", "// diesel\nconst A: &str = \"tokio\";")).len(), 0);
    }

    #[test]
    fn clock() {
        let reading = "fn f() { chrono::Utc::now(); std::time::SystemTime::now(); Local::now() }";
        assert_eq!(clock_readings(&source("src/store/a.rs", reading)).len(), 3);
        assert_eq!(clock_readings(&source("src/clock.rs", reading)).len(), 0);
    }

    #[test]
    fn sizes() {
        let body = "    let x = [1; { 2 }];\n";
        let function = |lines: usize| format!("fn f(a: [u8; 2])\nwhere X: Y {{\n{}}}\n", body.repeat(lines));
        assert_eq!(long_functions(&source("src/a.rs", &function(FUNCTION_LINES_MAX - 3))).len(), 0);
        let long = function(FUNCTION_LINES_MAX - 2);
        assert_eq!(long_functions(&source("src/a.rs", &long)).len(), 1);
        assert_eq!(
            long_functions(&source("src/a.rs", &format!("trait T {{ fn g(); {long} fn h(); }}"))).len(),
            1
        );
        let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(long_functions(&source("src/a.rs", &tests)).len(), 0);
        assert_eq!(long_functions(&source("src/a.rs", &(tests + &long))).len(), 1);
        assert!(long_file(&source("src/a.rs", &"x\n".repeat(FILE_LINES_MAX))).is_none());
        assert!(long_file(&source("src/a.rs", &"x\n".repeat(FILE_LINES_MAX + 1))).is_some());
    }

    #[test]
    fn purpose_and_marks() {
        assert!(missing_purpose(&source("src/a.rs", "use std::fs;\n//! Late.")).is_some());
        assert!(missing_purpose(&source("src/a.rs", "//! What for.")).is_none());
        for mark in [concat!("// TO", "DO: x"), concat!("# FIX", "ME"), concat!("{ unimplement", "ed!() }")] {
            assert_eq!(undone(&source("src/a.rs", mark)).len(), 1, "{mark}");
        }
        assert_eq!(undone(&source("src/a.rs", concat!("{ std::to", "do!(\"later\") }"))).len(), 1);
        assert_eq!(undone(&source("src/a.rs", concat!("TO", "DOS mas", "TO", "DON"))).len(), 0);
    }

    #[test]
    fn the_tree_is_really_read() {
        let all = sources("src", &["rs"]);
        assert!(all.iter().any(|source| source.path == "src/ledger/hash.rs"));
        assert!(all.iter().any(|source| !root_modules(&tokens(&source.text), source.depth()).is_empty()));
    }
}
