//! CRC-64/NVME, S3's default, eight bytes at a time.

/// The polynomial of CRC-64/NVME, reflected.
const POLYNOMIAL: u64 = 0x9a6c_9329_ac4b_c9b5;

/// `TABLES[n][b]`: what a byte `b` with `n` zero bytes behind it comes to.
static TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// A sum that is being computed.
pub(crate) struct Crc64(u64);

impl Crc64 {
    pub fn new() -> Self {
        Crc64(!0)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let mixed = (self.0 ^ u64::from_le_bytes(*word)).to_le_bytes();
            let parts = mixed.iter().zip(TABLES.iter().rev());
            self.0 = parts.fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)]);
        }
        for byte in rest {
            let index = (self.0 ^ u64::from(*byte)) & 0xff;
            self.0 = (self.0 >> 8) ^ TABLES[0][index as usize];
        }
    }

    pub fn finish(self) -> u64 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue_comes_out_in_any_pieces() {
        for size in 1..=9 {
            let mut sum = Crc64::new();
            b"123456789".chunks(size).for_each(|piece| sum.update(piece));
            assert_eq!(sum.finish(), 0xae8b_1486_0a79_9888, "pieces of {size}");
        }
    }
}
