//! From a staged object to rows in PostgreSQL's COPY text format.

use std::borrow::Cow;

use millstream_formats::compression::{DecompressError, decompress_gzip};
use serde_json::Value;

use super::copy_options::{CopyOptions, RowFormat};

/// Most bytes that a staged object may have once it is decompressed: twice the largest buffer.
pub const PLAIN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A column that is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it is of a kind of text, where an empty field is a value.
    pub is_text: bool,
}

/// The object in the clear.
pub fn plain(body: &[u8], gzip: bool) -> Result<Cow<'_, [u8]>, String> {
    if !gzip {
        return Ok(body.into());
    }
    match decompress_gzip(body, PLAIN_BYTES_MAX) {
        Ok(plain) => Ok(plain.into()),
        Err(DecompressError::TooLarge { bytes_max }) => {
            Err(format!("the object has more than {bytes_max} bytes in the clear"))
        }
        Err(error) => Err(format!("the object is not gzip: {error}")),
    }
}

/// The rows of an object that is not CSV, as COPY's text format wants them (PostgreSQL's manual, "COPY", "Text
/// format"). The text names the line or object that cannot be loaded: then nothing is.
pub fn text_rows(
    plain: &[u8],
    options: &CopyOptions,
    columns: &[Column],
) -> Result<Vec<u8>, String> {
    let text =
        std::str::from_utf8(plain).map_err(|error| format!("the object is not UTF-8: {error}"))?;
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 8);
    match &options.format {
        RowFormat::Json { ignore_case } => json_rows(text, *ignore_case, columns, &mut out)?,
        RowFormat::Delimited { delimiter, escape, remove_quotes } => {
            let split =
                Split { delimiter: *delimiter, escape: *escape, remove_quotes: *remove_quotes };
            for (number, line) in lines(text, *escape).enumerate().skip(options.ignore_header) {
                let fields = split.fields(line);
                if fields.len() != columns.len() {
                    return Err(format!(
                        "line {}: {} fields for {} columns",
                        number + 1,
                        fields.len(),
                        columns.len()
                    ));
                }
                let values =
                    fields.iter().zip(columns).map(|(field, column)| value(field, column, options));
                push_row(values, &mut out);
            }
        }
        // The server reads CSV itself.
        RowFormat::Csv { .. } => out.extend_from_slice(plain),
    }
    Ok(out)
}

fn value<'a>(field: &'a str, column: &Column, options: &CopyOptions) -> Option<&'a str> {
    let blank = field.chars().all(char::is_whitespace);
    if field == options.null
        || field.is_empty() && (options.empty_as_null || !column.is_text)
        || blank && !field.is_empty() && options.blanks_as_null
    {
        return None;
    }
    Some(field)
}

fn json_rows(
    text: &str,
    ignore_case: bool,
    columns: &[Column],
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    for (number, document) in documents.enumerate() {
        let document = document.map_err(|error| format!("object {}: {error}", number + 1))?;
        let Value::Object(members) = document else {
            return Err(format!("object {}: not a JSON object", number + 1));
        };
        let find = |column: &Column| {
            let exact = members.get(&column.name);
            exact.or_else(|| {
                let mut others = members.iter().filter(|_| ignore_case);
                others
                    .find(|(key, _)| key.eq_ignore_ascii_case(&column.name))
                    .map(|(_, value)| value)
            })
        };
        let values: Vec<Option<String>> =
            columns.iter().map(|column| find(column).and_then(scalar)).collect();
        push_row(values.iter().map(Option::as_deref), out);
    }
    Ok(())
}

/// A JSON value as a field: objects and lists are loaded as their text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn push_row<'a>(values: impl Iterator<Item = Option<&'a str>>, out: &mut Vec<u8>) {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        match value {
            None => out.extend_from_slice(b"\\N"),
            Some(text) => push_field(text, out),
        }
    }
    out.push(b'\n');
}

fn push_field(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(other),
        }
    }
}

/// The lines of a text; with ESCAPE an escaped end of line does not end one.
fn lines(text: &str, escape: bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        loop {
            let Some(end) = rest[from..].find('\n').map(|at| from + at) else {
                return Some(std::mem::take(&mut rest));
            };
            let slashes = rest[..end].bytes().rev().take_while(|b| *b == b'\\').count();
            if escape && slashes % 2 == 1 {
                from = end + 1;
                continue;
            }
            let line = &rest[..end];
            rest = &rest[end + 1..];
            return Some(line.strip_suffix('\r').unwrap_or(line));
        }
    })
}

struct Split {
    delimiter: char,
    escape: bool,
    remove_quotes: bool,
}

impl Split {
    fn fields(&self, line: &str) -> Vec<String> {
        let (mut fields, mut field) = (Vec::new(), String::new());
        let mut quote = None;
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' if self.escape => field.extend(characters.next()),
                '"' | '\'' if self.remove_quotes && quote.is_none() && field.is_empty() => {
                    quote = Some(c)
                }
                c if quote == Some(c) => quote = None,
                c if c == self.delimiter && quote.is_none() => {
                    fields.push(std::mem::take(&mut field))
                }
                c => field.push(c),
            }
        }
        fields.push(field);
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::super::copy_options::parse;
    use super::*;

    fn rows(options: &str, object: &str) -> Result<String, String> {
        let column = |name: &str, is_text| Column { name: name.to_owned(), is_text };
        let columns = [column("id", false), column("name", true)];
        let rows = text_rows(object.as_bytes(), &parse(options).unwrap(), &columns)?;
        Ok(String::from_utf8(rows).unwrap())
    }

    #[test]
    fn objects_become_rows_by_the_names_of_columns() {
        let object = "{\"id\":1,\"name\":\"a\\tb\\\\\"}{\"name\":null,\"ID\":2}\n{\"id\":3,\"name\":{\"x\":[1]}}";
        assert_eq!(
            rows("json 'auto'", object).unwrap(),
            "1\ta\\tb\\\\\n\\N\t\\N\n3\t{\"x\":[1]}\n"
        );
        assert!(rows("json 'auto ignorecase'", object).unwrap().contains("\n2\t\\N\n"));
        assert!(rows("json 'auto'", "{\"id\":1}[2]").unwrap_err().contains("object 2"));
        assert!(rows("json 'auto'", "{\"id\":1}{").unwrap_err().contains("object 2"));
    }

    #[test]
    fn fields_between_delimiters_become_rows() {
        assert_eq!(rows("", "1|a\\b\r\n|\n").unwrap(), "1\ta\\\\b\n\\N\t\n");
        assert_eq!(rows("delimiter ',' removequotes", "1,\"a,b\"\n").unwrap(), "1\ta,b\n");
        assert_eq!(rows("escape", "1|a\\|b\\\nc\n").unwrap(), "1\ta|b\\nc\n");
        assert_eq!(
            rows("emptyasnull blanksasnull null as '-'", "-|\n2|  \n").unwrap(),
            "\\N\t\\N\n2\t\\N\n"
        );
        assert_eq!(rows("ignoreheader 1", "id|name\n1|x").unwrap(), "1\tx\n");
        assert!(rows("", "1|a\n2\n").unwrap_err().contains("line 2: 1 fields for 2 columns"));
    }

    #[test]
    fn a_gzip_object_is_read_within_its_bound() {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"1|a\n").unwrap();
        assert_eq!(&*plain(&gzip.finish().unwrap(), true).unwrap(), b"1|a\n");
        assert!(plain(b"1|a\n", true).is_err());
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..257 {
            bomb.write_all(&zeros).unwrap();
        }
        assert!(plain(&bomb.finish().unwrap(), true).unwrap_err().contains("more than"));
    }
}
