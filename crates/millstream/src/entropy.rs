//! Randomness from the system.

use millstream_types::Random;
use ring::rand::{SecureRandom, SystemRandom};

/// The system's randomness.
pub struct Entropy(SystemRandom);

impl Entropy {
    /// The system's randomness.
    pub fn new() -> Self {
        Entropy(SystemRandom::new())
    }
}

impl Random for Entropy {
    fn fill(&self, out: &mut [u8]) {
        // Without randomness no secret can be made: there is nothing sensible to go on with.
        self.0.fill(out).expect("the system gives random bytes");
    }
}
