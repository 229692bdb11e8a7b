//! Secret access keys.

use std::sync::Arc;

use ring::hmac;

/// A secret access key, or a token. It has no `Debug` and no `Display`, so that it reaches no log.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// Takes the secret's text.
    pub fn new(text: &str) -> Self {
        Secret(text.as_bytes().into())
    }

    /// What stands in for the secret of a key that is not known, so that the work is the same.
    pub(crate) fn dummy() -> Self {
        // As long as AWS's secrets; nobody can sign with it, since a request of an unknown key is refused anyway.
        Secret([b'-'; 40].as_slice().into())
    }

    /// Whether this is what was given, in a time that tells nothing of either.
    pub fn is(&self, given: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]);
        // ring compares in constant time.
        hmac::verify(&key, given, hmac::sign(&key, &self.0).as_ref()).is_ok()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_it() {
        let secret = Secret::new("a token");
        assert!(secret.is(b"a token"));
        for other in ["", "a", "a toke", "a token ", "A token"] {
            assert!(!secret.is(other.as_bytes()), "{other:?}");
        }
    }
}
