//! The rules that a delivered file can break, each by a stable name. `schema/import/README.md` explains every one.

use serde::{Serialize, Serializer};

/// Declares the rules: name on the wire, and what holds, in Chinese and English.
macro_rules! input_rules {
    ($($(#[$meta:meta])* $variant:ident = $wire:literal, $zh:literal, $en:literal;)+) => {
        /// What is wrong with a row, or with a file as a whole.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum InputRule {
            $(#[doc = $en] $(#[$meta])* $variant,)+
        }

        impl InputRule {
            /// Every rule.
            pub const ALL: &'static [InputRule] = &[$(InputRule::$variant,)+];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(InputRule::$variant => $wire,)+ }
            }

            /// What should hold, in Chinese.
            pub fn zh(self) -> &'static str {
                match self { $(InputRule::$variant => $zh,)+ }
            }

            /// What should hold, in English.
            pub fn en(self) -> &'static str {
                match self { $(InputRule::$variant => $en,)+ }
            }
        }
    };
}

input_rules! {
    ShapeCells = "shape.cells", "单元格数应与表头一致", "A row has as many cells as the header.";
    ShapeQuotes = "shape.quotes", "引号应成对，单元格内不换行", "Quotes of a CSV row are paired, and no cell has a line break.";
    ShapeJson = "shape.json", "每行应为一个平的 JSON 对象", "A row of NDJSON is one flat JSON object on one line.";
    ShapeUnknownColumn = "shape.unknown_column", "对象中不应有表单以外的列", "An object has only columns of the form.";
    ShapeDuplicateColumn = "shape.duplicate_column", "一行中每列只写一次", "A row states each column once.";
    Required = "required", "必填列应有值", "A required column is stated.";
    TypeText = "type.text", "文字长度应在范围内且无控制字符", "Text has the length the column takes and no control characters.";
    TypeUscc = "type.uscc", "应为 18 位统一社会信用代码", "The value is a unified social credit code of 18 characters.";
    TypeTaxpayerId = "type.taxpayer_id", "应为 15 至 20 位纳税人识别号", "The value is a taxpayer identification number.";
    TypeDate = "type.date", "应为存在的日期", "The value is a day of the calendar.";
    TypeFen = "type.fen", "应为金额", "The value is an amount in the unit of the column.";
    TypeDecimals = "type.decimals", "小数位数不应超过单位所允许的", "An amount has no more decimals than its unit allows.";
    TypeGrouping = "type.grouping", "千分位逗号应每三位一个", "Commas in a number part groups of three digits.";
    TypeInteger = "type.integer", "应为整数", "The value is a whole number.";
    TypeDecimal = "type.decimal", "应为至多两位小数的数", "The value is a decimal number with at most two decimals.";
    TypeDigits = "type.digits", "应为规定位数的数字代码", "The value is a code of so many digits.";
    TypeLetters = "type.letters", "应为规定位数的大写字母代码", "The value is a code of so many capital letters.";
    TypeBoolean = "type.boolean", "应为是或否", "The value is true or false.";
    TypeNumberCell = "type.number_cell", "代码列应设为文本格式：数值格式已丢失数字", "A code stands in a cell formatted as text: as a number it has lost digits.";
    TypeErrorCell = "type.error_cell", "单元格不应为错误值（#N/A 等）", "A cell holds a value, not a spreadsheet error like #N/A.";
    ValueRange = "value.range", "数值应在列的范围内", "A number lies within the bounds of its column.";
    CodeUnknown = "code.unknown", "应为列出的代码之一", "The value is one of the listed codes.";
    DateOrder = "date.order", "日期先后应合理", "Days stand in their order.";
    PeriodWhole = "period.whole", "税款所属期应为完整的期间", "A tax period is whole months, quarters or years.";
    FormVersion = "form.version", "该版本表单没有此行次", "A row has only lines that its form version has.";
    RowConsistency = "row.consistency", "同一行各列不应矛盾", "The columns of a row do not contradict each other.";
    DuplicateRecord = "duplicate.record", "同一记录在一批中只出现一次", "A record stands once in a delivery.";
    HeaderUnreadable = "header.unreadable", "第一行应为表头", "The first line is the header.";
    HeaderUnknownColumn = "header.unknown_column", "表头只有表单的列", "The header has only columns of the form.";
    HeaderDuplicateColumn = "header.duplicate_column", "表头中每列只出现一次", "The header has each column once.";
    HeaderMissingColumn = "header.missing_column", "表头应有全部必填列", "The header has every required column.";
    HeaderMixed = "header.mixed", "表头应全为英文名或全为中文名", "The header is all in English names or all in Chinese names.";
    HeaderUnit = "header.unit", "表头括号内的单位应为该列的单位", "A unit in the header is the column's own.";
    InputEmpty = "input.empty", "文件不应为空", "The file is not empty.";
    InputCharset = "input.charset", "文件应为所声明的编码", "The file is in the charset it is said to be in.";
    InputLine = "input.line", "一行不超过 1 MiB", "A line has at most 1 MiB.";
    InputBrokenOff = "input.broken_off", "文件应完整", "The file is whole.";
    InputExpansion = "input.expansion", "压缩文件膨胀不超过限度", "A compressed file does not expand past the limit.";
    InputWorkbook = "input.workbook", "应为可读的 XLSX 工作簿", "The workbook is a readable XLSX.";
    ManifestDigest = "manifest.sha256", "文件应与清单的 SHA-256 相符", "A file has the SHA-256 that the manifest states.";
    ManifestRows = "manifest.rows", "行数应与清单相符", "A file has as many rows as the manifest states.";
}

impl std::fmt::Display for InputRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for InputRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_explained() {
        let names: BTreeSet<&str> = InputRule::ALL.iter().map(|rule| rule.as_str()).collect();
        assert_eq!(names.len(), InputRule::ALL.len());
        let explained = include_str!("../../../schema/import/README.md");
        for rule in InputRule::ALL {
            let line = format!("| `{rule}` | {} | {} |", rule.zh(), rule.en());
            assert!(explained.contains(&line), "schema/import/README.md needs the line\n{line}");
        }
    }
}
