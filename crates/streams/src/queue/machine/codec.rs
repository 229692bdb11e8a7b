//! Numbers as bytes: seven bits a byte, low first, the high bit says that more follow.

/// Writes numbers.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A list: its length, then each element.
    pub fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        list.iter().for_each(|element| each(self, element));
    }
}

/// Reads numbers; every fault is an error that says what was read.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.0.split_first().ok_or("it ends too early")?;
        self.0 = rest;
        Ok(*first)
    }

    pub fn number(&mut self) -> Result<u64, String> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err("a number is too large".into());
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is too long".into())
    }

    pub fn number_up_to(&mut self, max: u64) -> Result<u64, String> {
        let number = self.number()?;
        if number <= max { Ok(number) } else { Err(format!("{number} is above {max}")) }
    }

    pub fn u32(&mut self) -> Result<u32, String> {
        Ok(self.number_up_to(u32::MAX.into())? as u32)
    }

    pub fn flag(&mut self) -> Result<bool, String> {
        Ok(self.number_up_to(1)? == 1)
    }

    /// A position of a log, or the one after the last.
    pub fn position(&mut self) -> Result<u64, String> {
        self.number_up_to(1 << 63)
    }

    /// A list. Each element takes a byte at least, so that a length is never believed beyond what is there.
    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let length = self.number()?;
        if length > self.0.len() as u64 {
            return Err("a list is longer than what is there".into());
        }
        (0..length).map(|_| each(self)).collect()
    }

    pub fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err("something follows its end".into()) }
    }
}
