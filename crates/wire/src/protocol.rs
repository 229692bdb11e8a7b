//! The protocols, told apart by content type, and the generic encoder.

use millstream_api::Wire;

use crate::cbor_sink::CborSink;
use crate::json_sink::JsonSink;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// AWS JSON 1.1: what most SDKs send.
    Json,
    /// AWS CBOR 1.1: what the SDK for Java sends.
    Cbor,
}

impl Protocol {
    /// The protocol of a `Content-Type`; parameters after `;` and case do not matter. `None` if it is neither.
    pub fn of_content_type(value: &[u8]) -> Option<Protocol> {
        let name = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        [Protocol::Json, Protocol::Cbor]
            .into_iter()
            .find(|protocol| name.eq_ignore_ascii_case(protocol.content_type().as_bytes()))
    }

    /// The `Content-Type` of a reply.
    pub fn content_type(self) -> &'static str {
        match self {
            Protocol::Json => "application/x-amz-json-1.1",
            Protocol::Cbor => "application/x-amz-cbor-1.1",
        }
    }
}

/// Writes a value, whatever its shape.
pub fn encode<'v, T: Wire<'v>>(protocol: Protocol, value: &T) -> Vec<u8> {
    match protocol {
        Protocol::Json => {
            let mut sink = JsonSink::default();
            value.write(&mut sink);
            sink.into_bytes()
        }
        Protocol::Cbor => {
            let mut sink = CborSink::default();
            value.write(&mut sink);
            sink.into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_name_the_protocol() {
        for (value, protocol) in [
            ("application/x-amz-json-1.1", Some(Protocol::Json)),
            ("Application/X-Amz-JSON-1.1; charset=utf-8", Some(Protocol::Json)),
            ("application/x-amz-cbor-1.1", Some(Protocol::Cbor)),
            ("application/json", None),
            ("application/x-amz-json-1.10", None),
            ("", None),
        ] {
            assert_eq!(Protocol::of_content_type(value.as_bytes()), protocol, "{value}");
        }
    }
}
