//! Documents of S3, written.

use std::fmt::Display;

/// What a document begins with.
pub(crate) const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// The namespace of every document but errors.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document that is being written.
pub(crate) struct Document {
    text: String,
    open: Vec<&'static str>,
}

impl Document {
    /// Begins a document of S3's namespace.
    pub fn new(root: &'static str) -> Self {
        let text = format!("{PROLOGUE}<{root} xmlns=\"{NAMESPACE}\">");
        Document { text, open: vec![root] }
    }

    /// Begins an error's document, which has no namespace.
    pub fn error() -> Self {
        Document { text: format!("{PROLOGUE}<Error>"), open: vec!["Error"] }
    }

    /// Opens an element.
    pub fn open(&mut self, name: &'static str) -> &mut Self {
        self.text.extend(["<", name, ">"]);
        self.open.push(name);
        self
    }

    /// Closes the element that was opened last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.text.extend(["</", name, ">"]);
        }
        self
    }

    /// An element with a text.
    pub fn element(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.text.extend(["<", name, ">"]);
        escape(&value.to_string(), &mut self.text);
        self.text.extend(["</", name, ">"]);
        self
    }

    /// A text in the element that is open.
    pub fn text(&mut self, value: &str) -> &mut Self {
        escape(value, &mut self.text);
        self
    }

    /// An element with a text, if there is one.
    pub fn optional(&mut self, name: &'static str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.element(name, value);
        }
        self
    }

    /// The whole document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}

/// Control characters are written as references: readers would change or refuse them as they are.
fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control < ' ' || control == '\u{7f}' => {
                out.push_str(&format!("&#x{:x};", u32::from(control)));
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_elements_closed() {
        let mut document = Document::new("A");
        document.open("B").element("C", "<&\"\r>").optional("D", None::<u32>);
        let text = document.finish();
        let body = text.strip_prefix(PROLOGUE).unwrap();
        assert_eq!(
            body,
            format!("<A xmlns=\"{NAMESPACE}\"><B><C>&lt;&amp;&quot;&#xd;&gt;</C></B></A>")
        );
    }
}
