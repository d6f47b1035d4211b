//! HTML that escapes by construction: names come from the program, every text and attribute value is escaped.

use super::super::document::Label;

/// An attribute's name, and its value before escaping.
pub type Attribute<'a> = (&'static str, &'a str);

/// In which language labels are written; what a record itself says stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Voice {
    /// Chinese, then English in a quieter voice.
    #[default]
    Both,
    /// Chinese.
    Chinese,
    /// English, and Chinese where there is none.
    English,
}

/// A page being written.
#[derive(Debug, Default)]
pub struct Writer {
    html: String,
    /// How labels are written.
    pub voice: Voice,
}

impl Writer {
    /// A page, or a piece of one, whose labels are in that language.
    pub fn speaking(voice: Voice) -> Self {
        Self { html: String::new(), voice }
    }

    /// The one text of a label where only one can stand: Chinese, unless the page is English.
    pub fn one<'a>(&self, label: &'a Label) -> &'a str {
        match self.voice {
            Voice::English if !label.en.is_empty() => &label.en,
            Voice::Both | Voice::Chinese | Voice::English => &label.zh,
        }
    }

    /// The page so far.
    pub fn finish(self) -> String {
        self.html
    }

    /// The declaration that a page starts with.
    pub fn doctype(&mut self) {
        self.html.push_str("<!DOCTYPE html>\n");
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                _ => self.html.push(character),
            }
        }
    }

    /// An element with whatever `inner` writes in it.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        inner: impl FnOnce(&mut Self),
    ) {
        self.void(name, attributes);
        inner(self);
        self.html.push_str("</");
        self.html.push_str(name);
        self.html.push('>');
    }

    /// An element with a text in it.
    pub fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |writer| writer.text(text));
    }

    /// An element that has no end tag, such as `meta`.
    pub fn void(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.html.push('<');
        self.html.push_str(name);
        for (attribute, value) in attributes {
            self.html.push(' ');
            self.html.push_str(attribute);
            self.html.push_str("=\"");
            self.text(value);
            self.html.push('"');
        }
        self.html.push('>');
    }

    /// The style sheet. It is the program's own, so nothing in it is escaped.
    pub fn style(&mut self, sheet: &'static str) {
        self.html.push_str("<style>");
        self.html.push_str(sheet);
        self.html.push_str("</style>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_cannot_become_markup() {
        let mut writer = Writer::default();
        writer.element("p", &[("title", r#"" onclick="x' & <y>"#)], |writer| {
            writer.leaf("b", &[], "<script>alert('甲 & 乙')</script>");
        });
        assert_eq!(
            writer.finish(),
            "<p title=\"&quot; onclick=&quot;x&#39; &amp; &lt;y&gt;\"><b>&lt;script&gt;alert(&#39;甲 &amp; 乙&#39;)&lt;/script&gt;</b></p>"
        );
    }
}
