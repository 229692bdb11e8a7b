//! Texts of JSON, written.

/// Writes a text as JSON in ASCII: what is not ASCII is escaped, so that it fits a header too.
pub(crate) fn write_ascii(text: &str, out: &mut String) {
    out.push('"');
    for symbol in text.chars() {
        match symbol {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(symbol),
            _ => {
                for unit in symbol.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_reads_back() {
        for text in
            ["", "plain ~", "\"\\/", "line\nbreak\t\u{0}\u{7f}", "größe", "emoji 😀", "\u{2028}"]
        {
            let mut out = String::new();
            write_ascii(text, &mut out);
            assert!(out.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{out}");
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
