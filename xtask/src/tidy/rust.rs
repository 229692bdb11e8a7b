//! As much of Rust's grammar as tidy needs: what is code and what is comment or text, where a function begins and ends.

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// The source with comments, strings and characters blanked out; lines stay where they are.
pub fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_end(bytes, at),
            b'"' => string_end(bytes, at + 1),
            b'r' if !follows_word(bytes, at) => match raw_string_end(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            b'b' if !follows_word(bytes, at) && bytes.get(at + 1) == Some(&b'r') => {
                raw_string_end(bytes, at + 1).unwrap_or(at + 1)
            }
            b'\'' => character_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        blank(&mut out[at..end]);
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn blank(range: &mut [u8]) {
    range.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is one literal: its `r` follows a `b` that opens it, which the caller handles first.
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n)
}

fn block_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `r"…"` or `r#"…"#` that opens at `at`; `None` if none does (a raw identifier, a name).
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|b| **b == b'#').count();
    let open = at + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let found = bytes[open + 1..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(bytes.len(), |n| open + 1 + n + close.len()))
}

/// The end of a character literal; one past the quote for a lifetime.
fn character_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'\\') => {
            let close = bytes[(at + 3).min(bytes.len())..].iter().position(|b| *b == b'\'');
            close.map_or(bytes.len(), |n| at + 3 + n + 1)
        }
        Some(_) => {
            let width = bytes[at + 1..].iter().skip(1).take_while(|b| **b & 0xc0 == 0x80).count();
            let close = at + 2 + width;
            if bytes.get(close) == Some(&b'\'') { close + 1 } else { at + 1 }
        }
        None => bytes.len(),
    }
}

/// Every function with a body, inner ones too.
pub fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if follows_word(bytes, at) {
            continue;
        }
        let rest = &code[at + 3..];
        let name: String =
            rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue;
        }
        if let Some(end) = body_end(bytes, at + 3) {
            let lines = 1 + bytes[at..end].iter().filter(|b| **b == b'\n').count();
            found.push(Function { name, lines });
        }
    }
    found
}

/// Where the body that follows a signature ends; `None` for a declaration.
fn body_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut nested = 0;
    loop {
        match *bytes.get(at)? {
            b'(' | b'[' => nested += 1,
            b')' | b']' => nested -= 1,
            b';' if nested == 0 => return None,
            b'{' if nested == 0 => break,
            _ => {}
        }
        at += 1;
    }
    let mut depth = 0;
    for (offset, byte) in bytes[at..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + offset);
        }
    }
    None
}

/// The modules that a file declares in files of their own: (name, path given by an attribute).
pub fn declared_modules(source: &str) -> Vec<(String, Option<String>)> {
    let code = code_only(source);
    let mut found = Vec::new();
    let mut path = None;
    for (line, shown) in code.lines().zip(source.lines()) {
        let line = line.trim();
        if line.starts_with("#[path") {
            path = shown.split('"').nth(1).map(str::to_owned);
            continue;
        }
        let declaration = line.trim_end_matches(';');
        let name = declaration.split_whitespace().skip_while(|word| *word != "mod").nth(1);
        if line.ends_with(';')
            && let Some(name) = name
        {
            found.push((name.to_owned(), path.take()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_not_code() {
        let source =
            "a('{', '\\'', b'}') /* { /* { */ */ \"fn {\" r#\"}\"{\"# br\"{\" // fn\n'life b";
        let code = code_only(source);
        assert!(!code.contains(['{', '}', '"']), "{code}");
        assert!(code.ends_with("\n life b"), "{code}");
        assert_eq!(code.len(), source.len());
    }

    #[test]
    fn a_function_is_measured_from_its_name_to_its_brace() {
        let code =
            "trait T { fn no(&self, a: [u8; 4]); }\nfn yes<const N: usize>(\n) {\n if a { }\n}\n";
        assert_eq!(functions(code), [Function { name: "yes".into(), lines: 4 }]);
    }

    #[test]
    fn modules_are_found_with_their_paths() {
        let source =
            "mod a;\npub(crate) mod b;\n#[path = \"x/c.rs\"]\nmod c;\nmod d { }\n// mod e;\n";
        let found = declared_modules(source);
        let expected = [("a", None), ("b", None), ("c", Some("x/c.rs"))];
        let expected: Vec<_> =
            expected.map(|(n, p)| (n.to_owned(), p.map(str::to_owned))).into_iter().collect();
        assert_eq!(found, expected);
    }
}
