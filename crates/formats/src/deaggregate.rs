//! Taking apart records that hold several.
