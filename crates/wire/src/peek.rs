//! A look at the texts of a body's outermost members, before it is decoded.

use crate::Protocol;
use crate::cbor_reader::CborReader;
use crate::fault::{Fault, Kind};
use crate::json_reader::JsonReader;
use crate::reader::Reader;

/// The texts of these members, in their order; `None` for one that is not there or no text. A body that is malformed
/// has none from there on: whoever decodes it says what is wrong.
pub fn peek_texts<const N: usize>(
    protocol: Protocol,
    body: &[u8],
    members: [&str; N],
) -> [Option<String>; N] {
    let mut found = [const { None }; N];
    let looked = match protocol {
        Protocol::Json => look(JsonReader::new(body), &members, &mut found),
        Protocol::Cbor => look(CborReader::new(body), &members, &mut found),
    };
    drop(looked);
    found
}

fn look<'a>(
    mut reader: impl Reader<'a>,
    members: &[&str],
    found: &mut [Option<String>],
) -> Result<(), Fault> {
    if reader.peek()? != Kind::Map {
        return Ok(());
    }
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        let at = members.iter().position(|member| *member == key);
        match at {
            Some(at) if reader.peek()? == Kind::Text => found[at] = Some(reader.text()?.into()),
            Some(_) | None => reader.skip()?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_texts_are_found_whatever_surrounds_them() {
        let json = br#"{"Records":[{"StreamName":"x","Data":"AA=="}],"StreamName":"s","Limit":5,"B":null}"#;
        let found = peek_texts(Protocol::Json, json, ["StreamName", "Limit", "B", "C"]);
        assert_eq!(found, [Some("s".into()), None, None, None]);
        let cbor = b"\xbf\x61a\x82\x01\x02\x6aStreamName\x61s\xff";
        assert_eq!(peek_texts(Protocol::Cbor, cbor, ["StreamName"]), [Some("s".into())]);
    }

    #[test]
    fn what_is_malformed_is_left_to_the_decoder() {
        for body in ["", "[]", "7", "{\"a\":", "{\"a\":{]", "{\"StreamName\":\"s"] {
            let found = peek_texts(Protocol::Json, body.as_bytes(), ["StreamName"]);
            assert_eq!(found, [None], "{body}");
        }
    }
}
