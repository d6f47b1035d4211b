//! What `show` has to say, as data: a cover and sections of facts, tables, charts and notes.
//!
//! The sections are laid out once, here; the terminal and the page each draw the same blocks in their own way, so that
//! a figure cannot be on one and missing from the other.

/// A name in Chinese, with its English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What is read first.
    pub zh: String,
    /// Beside it; may be empty.
    pub en: String,
}

/// A label of two texts.
pub fn label(zh: impl Into<String>, en: impl Into<String>) -> Label {
    Label { zh: zh.into(), en: en.into() }
}

/// How a text should strike the reader. Colour only repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Nothing is there, or it is secondary.
    Quiet,
    /// As it should be.
    Good,
    /// Look at this.
    Warn,
    /// This speaks against it.
    Bad,
}

/// One value, written for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// How it should strike the reader.
    pub tone: Tone,
}

impl Cell {
    /// A value of that tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    /// A plain value.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }

    /// No figure is there: a blank row, or a record that does not have it. Never a zero.
    pub fn missing() -> Self {
        Self::new(Tone::Quiet, "—")
    }
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: Label,
    /// What it says.
    pub cell: Cell,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub label: Label,
    /// Whether it holds figures, which stand right.
    pub figures: bool,
}

/// A column of texts.
pub fn texts(zh: &str, en: &str) -> Column {
    Column { label: label(zh, en), figures: false }
}

/// A column of figures.
pub fn figures(zh: &str, en: &str) -> Column {
    Column { label: label(zh, en), figures: true }
}

/// Rows of cells under named columns; the first cell of a row names the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the table is about.
    pub caption: Label,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// Sums, under the rows.
    pub sums: Vec<Vec<Cell>>,
}

/// What the values of a chart count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Money, in fen.
    Fen,
    /// Persons.
    Persons,
}

/// One row of values over the slots of a chart; `None` where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// What they are.
    pub label: Label,
    /// A value for each slot.
    pub values: Vec<Option<i64>>,
}

/// Values over time. Bars of several rows are stacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its id on the page.
    pub id: &'static str,
    /// What it shows.
    pub title: Label,
    /// The same in a sentence, for whoever cannot see it.
    pub summary: Label,
    /// What the values count.
    pub unit: Unit,
    /// The slots: months, quarters or years.
    pub slots: Vec<String>,
    /// Rows drawn as bars, one on the other.
    pub bars: Vec<Values>,
    /// A row drawn as a line over the bars.
    pub line: Option<Values>,
    /// Change against a year earlier in basis points, drawn as a line of its own below.
    pub change: Option<Values>,
}

/// One piece of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading inside the section.
    Heading(Label),
    /// A sentence.
    Note(Tone, Label),
    /// Values with their names.
    Facts(Vec<Fact>),
    /// A table.
    Table(Table),
    /// A long table: the page folds it, paper and the terminal have it.
    Long(Table),
    /// A table to look something up in: the page folds it, paper leaves it out, the terminal names it.
    Annex(Table),
    /// A chart; the terminal draws a sparkline.
    Chart(Chart),
}

impl Block {
    /// The same, as an annex if it is a table.
    pub fn annexed(self) -> Self {
        match self {
            Block::Table(table) | Block::Long(table) => Block::Annex(table),
            Block::Heading(_) | Block::Note(..) | Block::Facts(_) | Block::Annex(_) | Block::Chart(_) => self,
        }
    }
}

/// A note in two languages.
pub fn note(tone: Tone, zh: impl Into<String>, en: impl Into<String>) -> Block {
    Block::Note(tone, label(zh, en))
}

/// A fact.
pub fn fact(zh: &str, en: &str, cell: Cell) -> Fact {
    Fact { label: label(zh, en), cell }
}

/// A section of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name on the wire, also its anchor on the page.
    pub name: String,
    /// Its name.
    pub title: Label,
    /// Its status in a word.
    pub status: Cell,
    /// The status in English.
    pub status_en: String,
    /// What the status means, in a sentence.
    pub meaning: Option<(Tone, Label)>,
    /// Day, staleness, source, encoder.
    pub origin: Vec<Fact>,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// The whole: who, for whom, when; the main figures; the sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The firm.
    pub name: String,
    /// Whether it was verified, and what that means.
    pub verdict: (Tone, Label),
    /// More about the verification, a line each.
    pub verdict_lines: Vec<Cell>,
    /// `sha-256:…` of the JWT.
    pub digest: String,
    /// Who, for whom, consent, window, when.
    pub cover: Vec<Fact>,
    /// The main figures.
    pub highlights: Vec<Highlight>,
    /// What is there.
    pub sections: Vec<Section>,
    /// What is not there, by name.
    pub absent: Vec<Label>,
}

/// One main figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// What it is.
    pub label: Label,
    /// The figure.
    pub cell: Cell,
    /// From when, how reckoned.
    pub detail: String,
}
