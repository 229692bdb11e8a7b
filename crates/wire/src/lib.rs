//! AWS's protocols between bytes and `api`: JSON 1.1 and CBOR 1.1, with the model's constraints, and event streams.
//!
//! Owns: the strict readers, the shape-directed decoder and its error texts, the fast paths of the data plane, and the
//! encoders of replies and errors.
//! Must never: do I/O, know HTTP beyond a content type, call a service, or panic on what comes from outside.
#![forbid(unsafe_code)]

mod cbor_reader;
mod cbor_sink;
mod constraints;
mod decode;
mod delivery_decode;
mod error_body;
mod event_stream;
mod fault;
mod framing;
pub mod fuzz;
mod get_records_body;
pub mod json;
mod json_reader;
mod json_sink;
pub mod limits;
mod peek;
mod protocol;
mod push_event;
mod put_decode;
mod put_reply;
mod reader;
mod unknown;
mod violations;

pub use decode::{decode, decode_output};
pub use delivery_decode::{decode_delivery_record, decode_put_record_batch};
pub use error_body::{RemoteError, decode_error, encode_error};
pub use event_stream::{
    EVENT_STREAM_CONTENT_TYPE, MESSAGE_HEADERS_BYTES_MAX, MESSAGE_PAYLOAD_BYTES_MAX, Message,
    MessageError, MessageWriter, fuzz_event_stream, read_message,
};
pub use fault::{Fault, Kind, Wanted};
pub use get_records_body::GetRecordsBody;
pub use peek::peek_texts;
pub use protocol::{Protocol, encode};
pub use push_event::{encode_initial_response, encode_push_event, encode_push_exception};
pub use put_decode::{decode_put_record, decode_put_records};
pub use put_reply::{encode_put_record, encode_put_records};
pub use unknown::Unknown;
