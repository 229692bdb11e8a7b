//! Random bytes fast enough to fill the pool in a moment; seeded by the system, no secrets.

use ring::rand::{SecureRandom, SystemRandom};

use crate::Error;

/// xorshift64* by Vigna: passes what a compressor or a hash could notice.
pub struct Random(u64);

impl Random {
    /// Seeded by the system.
    pub fn from_system() -> Result<Self, Error> {
        let mut seed = [0; 8];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::Randomness)?;
        Ok(Self::seeded(u64::from_le_bytes(seed)))
    }

    /// The same bytes for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Random(seed | 1)
    }

    /// The next eight bytes.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}
