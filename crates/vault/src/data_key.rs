//! Keys in the clear, in memory only.

use std::fmt;

use millstream_types::Random;

/// A key of 256 bits. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        DataKey(bytes)
    }

    /// A new key.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        DataKey(bytes)
    }

    /// The key itself: for deriving and encrypting, never to be shown or stored.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}
