//! `CopyOptions`: the words after the source in Redshift's COPY. They are handed to Redshift as they are; a PostgreSQL
//! in its place is loaded by what they mean, and what has no meaning there is refused by name.
//!
//! Source: Redshift's developer guide, "COPY parameter reference".

/// What the options mean for who reads the staged object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// How the object holds rows.
    pub format: RowFormat,
    /// Whether the object is gzip.
    pub gzip: bool,
    /// What stands for NULL; `\N` if nothing is said.
    pub null: String,
    /// Lines to pass over.
    pub ignore_header: usize,
    /// An empty field of text is NULL.
    pub empty_as_null: bool,
    /// A field of text that is blank is NULL.
    pub blanks_as_null: bool,
}

/// How an object holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// Fields between delimiters.
    Delimited {
        /// The delimiter.
        delimiter: char,
        /// Whether a backslash escapes.
        escape: bool,
        /// Whether quotes around a field are taken off.
        remove_quotes: bool,
    },
    /// CSV.
    Csv {
        /// The delimiter.
        delimiter: char,
        /// The quote.
        quote: char,
    },
    /// JSON objects, one after another; keys are columns.
    Json {
        /// Whether the case of keys is disregarded.
        ignore_case: bool,
    },
}

/// Options that steer how Redshift stores or samples, and change nothing of what is loaded.
const STORAGE_WORDS: &[&str] = &["COMPUPDATE", "STATUPDATE", "COMPROWS"];
/// Values that the storage words may take.
const SWITCHES: &[&str] = &["ON", "OFF", "TRUE", "FALSE", "PRESET"];

/// Reads the options. The text names what cannot be done.
pub fn parse(text: &str) -> Result<CopyOptions, String> {
    let mut words = Words(split(text)?.into_iter().peekable());
    let mut said = Said::default();
    while let Some(word) = words.next() {
        let Word::Plain(word) = word else {
            return Err(format!("CopyOptions: '{}' stands where a word is expected", word.text()));
        };
        said.take(&word.to_ascii_uppercase(), &mut words)?;
    }
    said.finish()
}

#[derive(Default)]
struct Said {
    csv: bool,
    json: Option<String>,
    delimiter: Option<char>,
    quote: Option<char>,
    escape: bool,
    remove_quotes: bool,
    gzip: bool,
    null: Option<String>,
    ignore_header: usize,
    empty_as_null: bool,
    blanks_as_null: bool,
}

impl Said {
    fn take(&mut self, word: &str, words: &mut Words) -> Result<(), String> {
        match word {
            "FORMAT" => words.skip_as(),
            "CSV" => self.csv = true,
            "QUOTE" => self.quote = Some(words.character(word)?),
            "JSON" => {
                words.skip_as();
                self.json = Some(words.quoted().unwrap_or_else(|| "auto".to_owned()));
            }
            "DELIMITER" => self.delimiter = Some(words.character(word)?),
            "ESCAPE" => self.escape = true,
            "REMOVEQUOTES" => self.remove_quotes = true,
            "GZIP" => self.gzip = true,
            "NULL" => {
                words.skip_as();
                self.null = Some(words.quoted().ok_or("CopyOptions: NULL AS needs a text")?);
            }
            "IGNOREHEADER" => {
                words.skip_as();
                let lines = words.plain().and_then(|word| word.parse().ok());
                self.ignore_header = lines.ok_or("CopyOptions: IGNOREHEADER needs a number")?;
            }
            "EMPTYASNULL" => self.empty_as_null = true,
            "BLANKSASNULL" => self.blanks_as_null = true,
            "TIMEFORMAT" | "DATEFORMAT" => {
                words.skip_as();
                match words.quoted().as_deref() {
                    Some("auto") => {}
                    _ => {
                        return Err(format!(
                            "CopyOptions: of {word} only 'auto' can be loaded into PostgreSQL"
                        ));
                    }
                }
            }
            "REGION" => {
                // Where the object lies: it is at hand here.
                words.skip_as();
                words.quoted().ok_or("CopyOptions: REGION needs a text")?;
            }
            word if STORAGE_WORDS.contains(&word) => words.skip_switch(),
            other => return Err(format!("CopyOptions: {other} cannot be loaded into PostgreSQL")),
        }
        Ok(())
    }

    fn finish(self) -> Result<CopyOptions, String> {
        let format = match self.json.as_deref() {
            Some(_) if self.csv => {
                return Err("CopyOptions: CSV and JSON exclude each other".into());
            }
            Some("auto") => RowFormat::Json { ignore_case: false },
            Some("auto ignorecase") => RowFormat::Json { ignore_case: true },
            Some(other) => {
                return Err(format!(
                    "CopyOptions: JSON '{other}' cannot be loaded into PostgreSQL: only 'auto'"
                ));
            }
            None if self.csv => RowFormat::Csv {
                delimiter: self.delimiter.unwrap_or(','),
                quote: self.quote.unwrap_or('"'),
            },
            None => RowFormat::Delimited {
                delimiter: self.delimiter.unwrap_or('|'),
                escape: self.escape,
                remove_quotes: self.remove_quotes,
            },
        };
        Ok(CopyOptions {
            format,
            gzip: self.gzip,
            null: self.null.unwrap_or_else(|| "\\N".to_owned()),
            ignore_header: self.ignore_header,
            empty_as_null: self.empty_as_null,
            blanks_as_null: self.blanks_as_null,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Word::Plain(text) | Word::Quoted(text) => text,
        }
    }
}

struct Words(std::iter::Peekable<std::vec::IntoIter<Word>>);

impl Words {
    fn next(&mut self) -> Option<Word> {
        self.0.next()
    }

    fn skip_as(&mut self) {
        self.0.next_if(|word| matches!(word, Word::Plain(text) if text.eq_ignore_ascii_case("AS")));
    }

    fn skip_switch(&mut self) {
        let is_switch = |text: &str| {
            let upper = text.to_ascii_uppercase();
            SWITCHES.contains(&upper.as_str()) || text.bytes().all(|b| b.is_ascii_digit())
        };
        self.0.next_if(|word| matches!(word, Word::Plain(text) if is_switch(text)));
    }

    fn quoted(&mut self) -> Option<String> {
        let word = self.0.next_if(|word| matches!(word, Word::Quoted(_)))?;
        Some(word.text().to_owned())
    }

    fn plain(&mut self) -> Option<String> {
        let word = self.0.next_if(|word| matches!(word, Word::Plain(_)))?;
        Some(word.text().to_owned())
    }

    /// One character, such as `'\t'`.
    fn character(&mut self, option: &str) -> Result<char, String> {
        self.skip_as();
        let text =
            self.quoted().ok_or_else(|| format!("CopyOptions: {option} needs a character"))?;
        let mut characters = text.chars();
        match (characters.next(), characters.next(), characters.next()) {
            (Some(one), None, None) => Ok(one),
            (Some('\\'), Some('t'), None) => Ok('\t'),
            (Some('\\'), Some('\\'), None) => Ok('\\'),
            _ => octal(&text).ok_or_else(|| format!("CopyOptions: {option} needs one character")),
        }
    }
}

/// `\001`: a character by its number, as Redshift writes those that cannot be printed.
fn octal(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\').filter(|digits| digits.len() == 3)?;
    u8::from_str_radix(digits, 8).ok().filter(u8::is_ascii).map(char::from)
}

fn split(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(is_gap);
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (word, after) = quoted(&rest[1..])?;
            words.push(Word::Quoted(word));
            rest = after;
        } else {
            let end = rest.find(|c: char| is_gap(c) || c == '\'').unwrap_or(rest.len());
            words.push(Word::Plain(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches(is_gap);
    }
    Ok(words)
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == ',' || c == ';'
}

/// A text up to its closing quote; two quotes are one.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let (mut word, mut rest) = (String::new(), text);
    loop {
        let end = rest.find('\'').ok_or("CopyOptions: a quote is not closed")?;
        word.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                word.push('\'');
                rest = after;
            }
            None => return Ok((word, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> RowFormat {
        parse(text).unwrap().format
    }

    #[test]
    fn formats_are_told_apart() {
        let delimited =
            |delimiter| RowFormat::Delimited { delimiter, escape: false, remove_quotes: false };
        assert_eq!(format(""), delimited('|'));
        assert_eq!(format("delimiter '\\t'"), delimited('\t'));
        assert_eq!(format("DELIMITER AS '\\001' gzip"), delimited('\u{1}'));
        assert_eq!(format("JSON 'auto'"), RowFormat::Json { ignore_case: false });
        assert_eq!(
            format("format as json 'auto ignorecase'"),
            RowFormat::Json { ignore_case: true }
        );
        assert_eq!(format("FORMAT CSV"), RowFormat::Csv { delimiter: ',', quote: '"' });
        assert_eq!(
            format("csv quote as '%' delimiter ';'"),
            RowFormat::Csv { delimiter: ';', quote: '%' }
        );
    }

    #[test]
    fn what_changes_how_rows_are_read_is_kept() {
        let options = parse(
            "json 'auto' GZIP NULL AS '' IGNOREHEADER 2 EMPTYASNULL blanksasnull \
            TIMEFORMAT 'auto' STATUPDATE OFF COMPUPDATE ON REGION 'us-east-1';",
        );
        let options = options.unwrap();
        assert!(options.gzip && options.empty_as_null && options.blanks_as_null);
        assert_eq!((options.null.as_str(), options.ignore_header), ("", 2));
        assert_eq!(parse("null 'it''s'").unwrap().null, "it's");
    }

    #[test]
    fn what_has_no_meaning_here_is_refused_by_name() {
        for (text, named) in [
            ("PARQUET", "PARQUET"),
            ("JSON 's3://paths'", "s3://paths"),
            ("MAXERROR 5", "MAXERROR"),
            ("TIMEFORMAT 'epochsecs'", "TIMEFORMAT"),
            ("DELIMITER 'ab'", "DELIMITER"),
            ("NULL 'x", "quote"),
            ("CSV JSON 'auto'", "exclude"),
            ("IGNOREHEADER x", "IGNOREHEADER"),
            ("'auto'", "'auto'"),
            ("LZOP", "LZOP"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(named), "{text}: {refused}");
        }
    }
}
