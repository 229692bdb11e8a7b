//! Reading a Hive type: `array<struct<a:int,b:map<string,decimal(10,2)>>>`.

use super::{Field, Type, repeated};
use crate::columnar::limits::{
    CHAR_MAX, DECIMAL_DIGITS_MAX, TYPE_BYTES_MAX, TYPE_DEPTH_MAX, VARCHAR_MAX,
};

/// Reads a type as a whole. The error says what is wrong and where.
pub(super) fn parse(text: &str) -> Result<Type, String> {
    if text.len() > TYPE_BYTES_MAX {
        return Err(format!("the type is over {TYPE_BYTES_MAX} bytes."));
    }
    let mut parser = Parser { text, at: 0 };
    let kind = parser.kind(0)?;
    match parser.peek() {
        None => Ok(kind),
        Some(_) => Err(parser.fault("text after the type")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn kind(&mut self, depth: usize) -> Result<Type, String> {
        if depth > TYPE_DEPTH_MAX {
            return Err(format!("the type is nested deeper than {TYPE_DEPTH_MAX}."));
        }
        let word = self.word().to_ascii_lowercase();
        Ok(match word.as_str() {
            "boolean" => Type::Boolean,
            "tinyint" => Type::TinyInt,
            "smallint" => Type::SmallInt,
            "int" | "integer" => Type::Int,
            "bigint" => Type::BigInt,
            "float" | "real" => Type::Float,
            "double" => {
                self.skip_word("precision");
                Type::Double
            }
            "string" => Type::String,
            "binary" => Type::Binary,
            "date" => Type::Date,
            "timestamp" => Type::Timestamp,
            "varchar" => Type::Varchar(self.length("varchar", VARCHAR_MAX)?),
            "char" => Type::Char(self.length("char", CHAR_MAX)?),
            "decimal" | "numeric" => self.decimal()?,
            "array" => self.array(depth)?,
            "map" => self.map(depth)?,
            "struct" => self.members(depth)?,
            "" => return Err(self.fault("a type is expected")),
            _ => return Err(format!("the type {word} is not supported.")),
        })
    }

    fn length(&mut self, name: &str, most: u32) -> Result<u32, String> {
        self.expect('(')?;
        let length = self.number()?;
        self.expect(')')?;
        match length {
            1.. if length <= most => Ok(length),
            _ => Err(format!("the length of {name} is 1 to {most}.")),
        }
    }

    /// `decimal` alone is `decimal(10,0)`, and `decimal(p)` has no digits after the point, as in Hive.
    fn decimal(&mut self) -> Result<Type, String> {
        if !self.take('(') {
            return Ok(Type::Decimal(10, 0));
        }
        let precision = self.number()?;
        let scale = if self.take(',') { self.number()? } else { 0 };
        self.expect(')')?;
        let (Ok(precision), Ok(scale)) = (u8::try_from(precision), u8::try_from(scale)) else {
            return Err(decimal_fault());
        };
        if precision == 0 || precision > DECIMAL_DIGITS_MAX || scale > precision {
            return Err(decimal_fault());
        }
        Ok(Type::Decimal(precision, scale))
    }

    fn array(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let element = self.kind(depth + 1)?;
        self.expect('>')?;
        Ok(Type::Array(Box::new(element)))
    }

    fn map(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let key = self.kind(depth + 1)?;
        if !key.is_scalar() {
            return Err("the key of a map holds no other types.".to_owned());
        }
        self.expect(',')?;
        let value = self.kind(depth + 1)?;
        self.expect('>')?;
        Ok(Type::Map(Box::new(key), Box::new(value)))
    }

    fn members(&mut self, depth: usize) -> Result<Type, String> {
        self.expect('<')?;
        let mut fields = Vec::new();
        loop {
            let name = self.name()?;
            self.expect(':')?;
            fields.push(Field { name, kind: self.kind(depth + 1)? });
            if !self.take(',') {
                break;
            }
        }
        self.expect('>')?;
        match repeated(&fields) {
            Some(name) => Err(format!("a struct has the member {name} twice.")),
            None => Ok(Type::Struct(fields)),
        }
    }

    /// A member's name: plain, or between backquotes, of which two stand for one.
    fn name(&mut self) -> Result<String, String> {
        if !self.take('`') {
            let name =
                self.run(|c| !matches!(c, ':' | ',' | '<' | '>' | '`') && !c.is_whitespace());
            if name.is_empty() {
                return Err(self.fault("a member's name is expected"));
            }
            return Ok(name.to_owned());
        }
        let mut name = String::new();
        loop {
            name.push_str(self.run(|c| c != '`'));
            if !self.text[self.at..].starts_with('`') {
                return Err(self.fault("a name has no end"));
            }
            self.at += 1;
            if !self.text[self.at..].starts_with('`') {
                break;
            }
            name.push('`');
            self.at += 1;
        }
        if name.is_empty() {
            return Err(self.fault("a member's name is expected"));
        }
        Ok(name)
    }

    fn number(&mut self) -> Result<u32, String> {
        self.spaces();
        let digits = self.run(|c| c.is_ascii_digit());
        digits.parse().map_err(|_| self.fault("a number is expected"))
    }

    fn word(&mut self) -> &'a str {
        self.spaces();
        self.run(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn skip_word(&mut self, word: &str) {
        let before = self.at;
        if !self.word().eq_ignore_ascii_case(word) {
            self.at = before;
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(self.fault(&format!("'{wanted}' is expected"))) }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn peek(&mut self) -> Option<char> {
        self.spaces();
        self.text[self.at..].chars().next()
    }

    fn spaces(&mut self) {
        self.run(char::is_whitespace);
    }

    fn run(&mut self, matches: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !matches(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn fault(&self, what: &str) -> String {
        format!("the type cannot be read: {what} at character {}.", self.at + 1)
    }
}

fn decimal_fault() -> String {
    format!("decimal has 1 to {DECIMAL_DIGITS_MAX} digits, of them no more after the point.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written_again() {
        let cases = [
            ("int", "int"),
            (" INTEGER ", "int"),
            ("real", "float"),
            ("double precision", "double"),
            ("decimal", "decimal(10,0)"),
            ("decimal(5)", "decimal(5,0)"),
            ("decimal( 10 , 2 )", "decimal(10,2)"),
            ("varchar( 255 )", "varchar(255)"),
            ("char(255)", "char(255)"),
            ("array<string>", "array<string>"),
            ("map<int,array<date>>", "map<int,array<date>>"),
            ("struct<a:int,b:struct<c:binary>>", "struct<`a`:int,`b`:struct<`c`:binary>>"),
            ("struct<`a``b`:string, x-y : int>", "struct<`a``b`:string,`x-y`:int>"),
            ("struct<$t:timestamp>", "struct<`$t`:timestamp>"),
        ];
        for (text, shown) in cases {
            let kind = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(kind.to_string(), shown);
            assert_eq!(parse(shown).unwrap(), kind);
        }
    }

    #[test]
    fn what_hive_does_not_know_is_refused() {
        let deep = format!("{}int{}", "array<".repeat(33), ">".repeat(33));
        let cases = [
            "",
            "uniontype<int,string>",
            "array<string",
            "array<string>garbage",
            "struct<>",
            "struct<a:>",
            "struct<:int>",
            "struct<a:int,A:int>",
            "struct<``:int>",
            "struct<`a:int>",
            "map<string>",
            "map<struct<a:int>,int>",
            "varchar(",
            "varchar(foo)",
            "varchar(6 5535)",
            "varchar(0)",
            "varchar(65536)",
            "char(256)",
            "char(10)x",
            "decimal(39,2)",
            "decimal(2,3)",
            "decimal(0)",
            "decimal(999999999999,0)",
            "decimal(1 0,2)",
            "struct<a:int>,",
            &deep,
        ];
        for text in cases {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
