//! Bits that flip, sectors that end up elsewhere, files that vanish.
