//! Keys of a channel's objects: templates whose expressions have no namespace.
//!
//! Source: developer guide of Data Streams, "Amazon S3 key template": the expressions, the default template, and that
//! every key has a unique suffix. Where it stands and what dead letters are called is decided in
//! `docs/decisions/0221-keys-of-channels.md`.

use millstream_types::Millis;
use uuid::Uuid;

use super::KEY_BYTES_MAX;
use super::error::NamingError;
use super::object::format_name_time;
use super::pattern::Pattern;
use super::zone::Zone;

/// The template where the channel has none.
const DEFAULT: &str = "kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/\
     !{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}";

/// A template of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name,
    Id,
    Time(Pattern),
    Extension,
}

/// What a template is evaluated with.
#[derive(Clone, Copy, Debug)]
pub struct ChannelValues<'a> {
    /// The channel's name.
    pub name: &'a str,
    /// The channel's id.
    pub id: &'a str,
    /// The instant: when the oldest record of the object arrived. Channels have no time zone but UTC.
    pub at: Millis,
    /// What makes the key unique.
    pub uuid: &'a Uuid,
    /// The extension, with its dot; may be empty.
    pub extension: &'a str,
}

impl ChannelTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// An expression that there is not, one that is not closed, a brace outside of all.
    pub fn parse(template: &str) -> Result<Self, NamingError> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((literal, after)) = rest.split_once("!{") {
            push_literal(literal, &mut parts)?;
            let (expression, after) = after.split_once('}').ok_or(NamingError::Unclosed)?;
            parts.push(match expression {
                "channel-name" => Part::Name,
                "channel-id" => Part::Id,
                "extension" => Part::Extension,
                "yyyy" | "MM" | "dd" | "HH" | "mm" => Part::Time(Pattern::parse(expression)?),
                _ => return Err(NamingError::UnknownExpression(expression.to_owned())),
            });
            rest = after;
        }
        push_literal(rest, &mut parts)?;
        Ok(ChannelTemplate { parts })
    }

    /// The template where the channel has none.
    pub fn default_template() -> Self {
        // The tests evaluate it: it can be read.
        ChannelTemplate::parse(DEFAULT).unwrap_or(ChannelTemplate { parts: Vec::new() })
    }

    /// A key, with `-UUID` behind it, or before the extension if that comes last.
    ///
    /// # Errors
    /// [`NamingError::KeyTooLong`].
    pub fn evaluate(&self, values: &ChannelValues<'_>) -> Result<String, NamingError> {
        let zone = Zone::utc();
        let (last, before) = match self.parts.split_last() {
            Some((Part::Extension, before)) => (values.extension, before),
            Some(_) | None => ("", self.parts.as_slice()),
        };
        let mut key = String::new();
        for part in before {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Name => key.push_str(values.name),
                Part::Id => key.push_str(values.id),
                Part::Time(pattern) => key.push_str(&pattern.format(values.at, &zone)),
                Part::Extension => key.push_str(values.extension),
            }
        }
        let key = format!("{key}-{}{last}", values.uuid.as_hyphenated());
        if key.len() > KEY_BYTES_MAX {
            return Err(NamingError::KeyTooLong);
        }
        Ok(key)
    }
}

fn push_literal(literal: &str, parts: &mut Vec<Part>) -> Result<(), NamingError> {
    if literal.contains(['{', '}']) {
        return Err(NamingError::StrayBrace);
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal.to_owned()));
    }
    Ok(())
}

/// The key of an object of dead letters: the channel's error prefix as it stands, `yyyy/MM/dd/HH/`, and a name like
/// those of other objects.
///
/// # Errors
/// [`NamingError::KeyTooLong`].
pub fn dead_letter_key(
    prefix: Option<&str>,
    values: &ChannelValues<'_>,
) -> Result<String, NamingError> {
    let ChannelValues { name, id, at, uuid, extension } = values;
    let zone = Zone::utc();
    let folders = Pattern::parse("yyyy/MM/dd/HH/")?.format(*at, &zone);
    let time = format_name_time(*at, &zone);
    let prefix = prefix.unwrap_or_default();
    let key = format!("{prefix}{folders}{name}-{id}-{time}-{}{extension}", uuid.as_hyphenated());
    if key.len() > KEY_BYTES_MAX {
        return Err(NamingError::KeyTooLong);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: Uuid = Uuid::from_u128(7);

    fn key(template: &str) -> String {
        ChannelTemplate::parse(template).unwrap().evaluate(&values()).unwrap()
    }

    fn values() -> ChannelValues<'static> {
        let at = Millis(1_784_000_000_000);
        ChannelValues { name: "orders", id: "abc", at, uuid: &UUID, extension: ".gz" }
    }

    #[test]
    fn templates_are_evaluated_and_always_unique() {
        let tail = "-00000000-0000-0000-0000-000000000007";
        for (template, expected) in [
            ("plain/key", format!("plain/key{tail}")),
            ("a!b", format!("a!b{tail}")),
            ("!{yyyy}/!{MM}/!{dd}/!{HH}!{mm}/", format!("2026/07/14/0333/{tail}")),
            ("!{channel-name}!{extension}", format!("orders{tail}.gz")),
            ("x!{extension}/!{channel-id}", format!("x.gz/abc{tail}")),
        ] {
            assert_eq!(key(template), expected, "{template}");
        }
        assert_eq!(
            ChannelTemplate::default_template().evaluate(&values()).unwrap(),
            format!(
                "kinesis-channel/orders/abc/2026/07/14/03/orders-abc-2026-07-14-03-33{tail}.gz"
            )
        );
    }

    #[test]
    fn templates_name_only_what_there_is() {
        for bad in ["!{", "!{yyyy", "!{year}", "!{}", "{yyyy}", "a}", "!{!{yyyy}}", "!{YYYY}"] {
            assert!(ChannelTemplate::parse(bad).is_err(), "{bad}");
        }
        let long = ChannelTemplate::parse(&"x".repeat(KEY_BYTES_MAX)).unwrap();
        assert_eq!(long.evaluate(&values()), Err(NamingError::KeyTooLong));
    }

    #[test]
    fn dead_letters_lie_by_the_hour() {
        let key = dead_letter_key(Some("errors/"), &values()).unwrap();
        let name = "orders-abc-2026-07-14-03-33-20-00000000-0000-0000-0000-000000000007.gz";
        assert_eq!(key, format!("errors/2026/07/14/03/{name}"));
    }
}
