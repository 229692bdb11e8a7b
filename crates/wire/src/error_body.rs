//! Bodies of errors.

use millstream_api::{Error, Wire};

use crate::cbor_reader::CborReader;
use crate::fault::{Fault, Kind};
use crate::json_reader::JsonReader;
use crate::protocol::{Protocol, encode};
use crate::reader::Reader;

/// Writes an error as clients read it: `{"__type":"<code>","message":"<text>"}`, without the text if it is empty, and
/// with the cause, if there is one, as `code`.
pub fn encode_error(protocol: Protocol, error: &Error) -> Vec<u8> {
    encode(protocol, &Body(error))
}

struct Body<'e>(&'e Error);

impl<'v> Wire<'v> for Body<'_> {
    fn from_value(_: Option<millstream_api::Value<'v>>) -> Result<Self, millstream_api::Misfit> {
        Err(millstream_api::Misfit("error"))
    }

    fn write(&self, sink: &mut dyn millstream_api::Sink) {
        sink.begin_map();
        sink.key("__type");
        sink.text(self.0.code.as_str());
        if !self.0.message.is_empty() {
            sink.key(self.0.code.message_key());
            sink.text(&self.0.message);
        }
        if let Some(cause) = self.0.cause {
            sink.key("code");
            sink.text(cause);
        }
        sink.end_map();
    }
}

/// An error as a client receives it; the code may be one that this model does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteError {
    /// The code, without the namespace before `#` and what follows `:`. Empty if the body has none.
    pub code: String,
    /// The text. Empty if the body has none.
    pub message: String,
}

/// Reads an error's body as AWS's clients do. What cannot be read yields an empty code.
pub fn decode_error(protocol: Protocol, body: &[u8]) -> RemoteError {
    let read = match protocol {
        Protocol::Json => read(JsonReader::new(body)),
        Protocol::Cbor => read(CborReader::new(body)),
    };
    read.unwrap_or_default()
}

fn read<'a, R: Reader<'a>>(mut reader: R) -> Result<RemoteError, Fault> {
    let mut error = RemoteError::default();
    let mut code = String::new();
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        let text = match reader.peek()? {
            Kind::Text => reader.text()?,
            _ => {
                reader.skip()?;
                continue;
            }
        };
        match &*key {
            "__type" => error.code = bare_code(&text).to_owned(),
            // A cause, where the type is there too.
            "code" => code = bare_code(&text).to_owned(),
            "message" | "Message" => error.message = text.into_owned(),
            _ => {}
        }
    }
    if error.code.is_empty() {
        error.code = code;
    }
    Ok(error)
}

fn bare_code(text: &str) -> &str {
    let text = text.rsplit('#').next().unwrap_or(text);
    text.split(':').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use millstream_api::ErrorCode;

    use super::*;

    #[test]
    fn errors_come_back_as_they_were_sent() {
        for protocol in [Protocol::Json, Protocol::Cbor] {
            for code in ErrorCode::ALL {
                let body = encode_error(protocol, &Error::new(*code, "why \"so\""));
                let expected =
                    RemoteError { code: code.as_str().into(), message: "why \"so\"".into() };
                assert_eq!(decode_error(protocol, &body), expected);
            }
        }
    }

    #[test]
    fn error_bodies_spell_the_text_as_aws_does() {
        let text = |error| String::from_utf8(encode_error(Protocol::Json, &error)).unwrap();
        assert_eq!(
            text(Error::validation("x")),
            r#"{"__type":"ValidationException","message":"x"}"#
        );
        assert_eq!(
            text(Error::serialization("x")),
            r#"{"__type":"SerializationException","Message":"x"}"#
        );
        assert_eq!(
            text(Error::new(ErrorCode::UnknownOperationException, "")),
            r#"{"__type":"UnknownOperationException"}"#
        );
    }

    #[test]
    fn a_cause_is_no_code() {
        let error = Error::new(ErrorCode::InvalidSourceException, "x").with_cause("Why");
        let body = encode_error(Protocol::Json, &error);
        assert_eq!(body, br#"{"__type":"InvalidSourceException","message":"x","code":"Why"}"#);
        assert_eq!(decode_error(Protocol::Json, &body).code, "InvalidSourceException");
        assert_eq!(decode_error(Protocol::Json, br#"{"code":"X"}"#).code, "X");
    }

    #[test]
    fn codes_lose_namespace_and_suffix() {
        let body =
            br#"{"__type":"com.amazonaws.kinesis#LimitExceededException:http://x","Message":null}"#;
        assert_eq!(decode_error(Protocol::Json, body).code, "LimitExceededException");
        assert_eq!(decode_error(Protocol::Json, b"<html>"), RemoteError::default());
    }
}
