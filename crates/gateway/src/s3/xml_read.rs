//! The few documents that clients of S3 send, read strictly: elements and texts. Document types, and with them
//! entities of one's own, are refused.

use super::error::{S3Error, S3Result};

/// Elements of a document: 10,000 parts with six elements each, and some.
const ELEMENTS_MAX: usize = 80_000;
/// Elements within each other.
const DEPTH_MAX: usize = 8;

/// An element: its name without a namespace's prefix, its text, the elements in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

/// Reads the document that a body is.
pub(crate) fn document(body: &[u8]) -> S3Result<Element> {
    let text = std::str::from_utf8(body).map_err(|_| S3Error::malformed_xml())?;
    read(text).map_err(|_| S3Error::malformed_xml())
}

/// The text is no document that is read here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Element {
    /// The text of the first element of this name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }

    /// The elements of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Element, Malformed> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), elements: 0 };
    reader.skip_between()?;
    let root = reader.element(1)?;
    reader.skip_between()?;
    if reader.rest.is_empty() { Ok(root) } else { Err(Malformed) }
}

struct Reader<'a> {
    rest: &'a str,
    elements: usize,
}

impl<'a> Reader<'a> {
    /// Skips what may be before and behind the root: white space, comments, instructions.
    fn skip_between(&mut self) -> Result<(), Malformed> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("<?") {
                self.until("?>")?;
            } else if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else {
                return Ok(());
            }
        }
    }

    /// What is before a mark; the mark is taken too.
    fn until(&mut self, mark: &str) -> Result<&'a str, Malformed> {
        let (before, rest) = self.rest.split_once(mark).ok_or(Malformed)?;
        self.rest = rest;
        Ok(before)
    }

    fn element(&mut self, depth: usize) -> Result<Element, Malformed> {
        self.elements += 1;
        if depth > DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(Malformed);
        }
        self.rest = self.rest.strip_prefix('<').ok_or(Malformed)?;
        let tag = self.until(">")?;
        let (tag, is_empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let full_name = tag.split_ascii_whitespace().next().unwrap_or_default();
        let name = local(full_name)?;
        let mut element = Element { name: name.to_owned(), ..Element::default() };
        if is_empty {
            return Ok(element);
        }
        loop {
            let at = self.rest.find('<').ok_or(Malformed)?;
            unescape(&self.rest[..at], &mut element.text)?;
            self.rest = &self.rest[at..];
            if let Some(rest) = self.rest.strip_prefix("</") {
                self.rest = rest;
                let closed = self.until(">")?.trim_end();
                return if closed == full_name { Ok(element) } else { Err(Malformed) };
            }
            if self.rest.starts_with("<!--") {
                self.until("-->")?;
            } else if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                self.rest = rest;
                element.text.push_str(self.until("]]>")?);
            } else {
                element.children.push(self.element(depth + 1)?);
            }
        }
    }
}

/// A name without the prefix of its namespace.
fn local(name: &str) -> Result<&str, Malformed> {
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.is_empty() && name.bytes().all(plain) { Ok(name) } else { Err(Malformed) }
}

fn unescape(text: &str, out: &mut String) -> Result<(), Malformed> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').ok_or(Malformed)?;
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#').ok_or(Malformed)?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32).ok_or(Malformed)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// Reads any bytes as a document; for fuzzing.
pub fn fuzz_xml(input: &[u8]) {
    let _ = std::str::from_utf8(input).map(read);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_with_its_texts() {
        let text = "\u{feff}<?xml version='1.0'?>\n<!-- x --><Delete xmlns=\"http://x/\"><Object><Key>a&amp;&#x62;&#99;\
            </Key></Object><ns:Quiet>true</ns:Quiet><Empty/><Raw><![CDATA[<&>]]></Raw></Delete>\n";
        let root = read(text).unwrap();
        assert_eq!(root.name, "Delete");
        assert_eq!(root.all("Object").next().unwrap().text_of("Key"), Some("a&bc"));
        assert_eq!(root.text_of("Quiet"), Some("true"));
        assert_eq!((root.text_of("Empty"), root.text_of("Raw")), (Some(""), Some("<&>")));
        assert_eq!(root.text_of("Absent"), None);
    }

    #[test]
    fn what_is_no_plain_document_is_refused() {
        let deep = "<a>".repeat(9) + &"</a>".repeat(9);
        for bad in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&x;</a>",
            "<a>&#xd800;</a>",
            "<a>&amp</a>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<>x</>",
            "<a><!x></a>",
            &deep,
        ] {
            assert_eq!(read(bad), Err(Malformed), "{bad}");
        }
    }
}
