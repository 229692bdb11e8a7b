//! The messages that CloudWatch Logs sends by subscription (processor `CloudWatchLogProcessing`).
//!
//! Source: CloudWatch Logs user guide, "Subscription filters": the envelope; developer guide, "Message extraction after
//! decompression of CloudWatch Logs": only the content of the `message` fields is delivered. What is between messages:
//! `docs/decisions/0223-records-that-hold-several.md`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// What a decompressed record of CloudWatch Logs holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogsMessage {
    /// `DATA_MESSAGE`: the messages of its events, each with a line feed at its end.
    Data {
        /// The lines. Never longer than the envelope.
        lines: Vec<u8>,
        /// How many messages they are.
        count: usize,
    },
    /// `CONTROL_MESSAGE`: the service checks that somebody is there. Nothing is to be delivered.
    Control,
}

impl LogsMessage {
    /// Reads an envelope.
    ///
    /// # Errors
    /// [`NotLogs`] for what is not exactly one envelope.
    pub fn parse(data: &[u8]) -> Result<Self, NotLogs> {
        let mut found = Found::default();
        let mut reader = serde_json::Deserializer::from_slice(data);
        let read = EnvelopeSeed(&mut found).deserialize(&mut reader).and_then(|()| reader.end());
        read.map_err(|fault| NotLogs::at(&fault))?;
        let missing = |name: &str| NotLogs { why: format!("{name} is missing") };
        match found.kind.ok_or_else(|| missing("messageType"))? {
            MessageType::Control => Ok(LogsMessage::Control),
            MessageType::Data if !found.has_events => Err(missing("logEvents")),
            MessageType::Data => Ok(LogsMessage::Data { lines: found.lines, count: found.count }),
        }
    }
}

/// A record is not what CloudWatch Logs sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLogs {
    /// What is wrong with it. Never holds its content.
    pub why: String,
}

impl NotLogs {
    /// The parser's own texts quote what it met: only the kind of fault and its place are kept.
    fn at(fault: &serde_json::Error) -> Self {
        let what = match fault.classify() {
            Category::Eof => "it ends too early",
            Category::Data => "it is no envelope of log events",
            Category::Syntax | Category::Io => "it is no JSON document",
        };
        NotLogs { why: format!("{what} (line {}, column {})", fault.line(), fault.column()) }
    }
}

impl fmt::Display for NotLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the record is no message of CloudWatch Logs: {}", self.why)
    }
}

impl std::error::Error for NotLogs {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageType {
    Data,
    Control,
}

/// What was found in an envelope so far. The type may come after the events.
#[derive(Default)]
struct Found {
    kind: Option<MessageType>,
    has_events: bool,
    lines: Vec<u8>,
    count: usize,
}

struct EnvelopeSeed<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for EnvelopeSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EnvelopeSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope of log events")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(name) = map.next_key_seed(NameSeed(["messageType", "logEvents"]))? {
            match name {
                Some(0) if self.0.kind.is_some() => {
                    return Err(M::Error::duplicate_field("messageType"));
                }
                Some(0) => {
                    let kind =
                        map.next_value_seed(NameSeed(["DATA_MESSAGE", "CONTROL_MESSAGE"]))?;
                    self.0.kind = Some(match kind {
                        Some(0) => MessageType::Data,
                        Some(_) => MessageType::Control,
                        None => return Err(M::Error::custom("messageType is unknown")),
                    });
                }
                Some(_) if self.0.has_events => return Err(M::Error::duplicate_field("logEvents")),
                Some(_) => {
                    self.0.has_events = true;
                    map.next_value_seed(EventsSeed(&mut *self.0))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A text, as the index of the name that it is.
struct NameSeed<const N: usize>([&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for NameSeed<N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for NameSeed<N> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == text))
    }
}

/// The list of events.
struct EventsSeed<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for EventsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EventsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log events")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut events: S) -> Result<(), S::Error> {
        while events.next_element_seed(EventSeed(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// One event, of which the message is taken.
struct EventSeed<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for EventSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EventSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen = false;
        while let Some(name) = map.next_key_seed(NameSeed(["message"]))? {
            match name {
                Some(_) if seen => return Err(M::Error::duplicate_field("message")),
                Some(_) => {
                    seen = true;
                    map.next_value_seed(LineSeed(&mut self.0.lines))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !seen {
            return Err(M::Error::missing_field("message"));
        }
        self.0.count += 1;
        Ok(())
    }
}

/// A message, appended as a line.
struct LineSeed<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for LineSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.extend_from_slice(text.as_bytes());
        // Functions write their messages with one already.
        if !text.ends_with('\n') {
            self.0.push(b'\n');
        }
        Ok(())
    }
}

/// Entry point for fuzzing: lines are no longer than the envelope, and each message has its own.
pub fn fuzz_logs_message(input: &[u8]) {
    if let Ok(LogsMessage::Data { lines, count }) = LogsMessage::parse(input) {
        assert!(lines.len() <= input.len());
        assert!(lines.iter().filter(|byte| **byte == b'\n').count() >= count);
        assert!(lines.is_empty() || lines.ends_with(b"\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s",
        "subscriptionFilters":["f"],"logEvents":[
        {"id":"1","timestamp":1510109208016,"message":"first \"quoted\" é\u00e9"},
        {"id":"2","timestamp":1510109208017,"message":"{\"a\":1}\n","extractedFields":{"message":"not this"}},
        {"message":""}]}"#;

    fn lines(data: &str) -> (String, usize) {
        match LogsMessage::parse(data.as_bytes()).unwrap() {
            LogsMessage::Data { lines, count } => (String::from_utf8(lines).unwrap(), count),
            LogsMessage::Control => panic!("a control message"),
        }
    }

    #[test]
    fn each_message_becomes_a_line() {
        assert_eq!(lines(DATA), ("first \"quoted\" éé\n{\"a\":1}\n\n".to_owned(), 3));
        let late = r#"{"logEvents":[{"message":"x"}],"messageType":"DATA_MESSAGE"}"#;
        assert_eq!(lines(late), ("x\n".to_owned(), 1));
        let none = r#"{"messageType":"DATA_MESSAGE","logEvents":[]}"#;
        assert_eq!(lines(none), (String::new(), 0));
    }

    #[test]
    fn control_messages_hold_nothing_to_deliver() {
        let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",
            "subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,
            "message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
        assert_eq!(LogsMessage::parse(control.as_bytes()), Ok(LogsMessage::Control));
        let bare = r#"{"messageType":"CONTROL_MESSAGE"}"#;
        assert_eq!(LogsMessage::parse(bare.as_bytes()), Ok(LogsMessage::Control));
    }

    #[test]
    fn what_is_no_envelope_is_refused_without_telling_its_content() {
        for bad in [
            "",
            "secret",
            "[]",
            "{}",
            r#"{"logEvents":[]}"#,
            r#"{"messageType":"DATA_MESSAGE"}"#,
            r#"{"messageType":"secret","logEvents":[]}"#,
            r#"{"messageType":1,"logEvents":[]}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":{}}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":1}]}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":"a","message":"b"}]}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":[],"logEvents":[]}"#,
            r#"{"messageType":"DATA_MESSAGE","messageType":"DATA_MESSAGE","logEvents":[]}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":[]} {}"#,
            r#"{"messageType":"DATA_MESSAGE","logEvents":["secret"]}"#,
        ] {
            let fault = LogsMessage::parse(bad.as_bytes()).unwrap_err();
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
        assert!(LogsMessage::parse(&DATA.as_bytes()[..DATA.len() - 1]).is_err());
        assert!(
            LogsMessage::parse(
                b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"message\":\"\xff\"}]}"
            )
            .is_err()
        );
    }
}
