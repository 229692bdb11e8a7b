//! Secret access keys.

use std::sync::Arc;

/// A secret access key. It has no `Debug` and no `Display`, so that it reaches no log.
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

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
