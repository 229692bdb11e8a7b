//! A blob as it came: borrowed from the request, decoded once, straight to its place.

use std::borrow::Cow;

use base64_simd::{Out, STANDARD};

/// Bytes of a request that may still be base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob<'a> {
    /// As in JSON: standard alphabet with padding, not yet checked beyond its length.
    Base64(&'a [u8]),
    /// As in CBOR, or made here.
    Raw(Cow<'a, [u8]>),
}

/// The text is not standard base64 with padding and zero tail bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBase64;

impl<'a> Blob<'a> {
    /// Takes base64 text, of which only the length is checked here.
    pub fn from_base64(text: &'a [u8]) -> Result<Self, InvalidBase64> {
        if text.len().is_multiple_of(4) { Ok(Blob::Base64(text)) } else { Err(InvalidBase64) }
    }

    /// How many bytes it holds once decoded.
    pub fn len(&self) -> usize {
        match self {
            Blob::Base64(text) => {
                let padding = text.iter().rev().take(2).take_while(|b| **b == b'=').count();
                text.len() / 4 * 3 - padding
            }
            Blob::Raw(bytes) => bytes.len(),
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the bytes to `out`, which is exactly `len()` long.
    pub fn decode_into(&self, out: &mut [u8]) -> Result<(), InvalidBase64> {
        debug_assert_eq!(out.len(), self.len());
        match self {
            Blob::Base64(text) => {
                let written =
                    STANDARD.decode(text, Out::from_slice(out)).map_err(|_| InvalidBase64)?;
                if written.len() == self.len() { Ok(()) } else { Err(InvalidBase64) }
            }
            Blob::Raw(bytes) => {
                out.copy_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The bytes, decoded if they have to be.
    pub fn to_vec(&self) -> Result<Vec<u8>, InvalidBase64> {
        let mut out = vec![0; self.len()];
        self.decode_into(&mut out)?;
        Ok(out)
    }

    /// Whether the text is what `decode_into` takes.
    pub fn check(&self) -> Result<(), InvalidBase64> {
        match self {
            Blob::Base64(text) => STANDARD.check(text).map_err(|_| InvalidBase64),
            Blob::Raw(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_strict() {
        for (text, bytes) in [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc")] {
            let blob = Blob::from_base64(text.as_bytes()).unwrap();
            assert_eq!(blob.len(), bytes.len());
            assert_eq!(blob.to_vec().unwrap(), bytes.as_bytes());
        }
        for bad in ["Y", "YQ", "YQ=", "Y===", "YR==", "YQ==YQ==", "YW-_", "YQ\n=", " YQ==", "===="]
        {
            let decoded = Blob::from_base64(bad.as_bytes()).and_then(|b| b.to_vec());
            assert_eq!(decoded, Err(InvalidBase64), "{bad:?}");
        }
    }
}
