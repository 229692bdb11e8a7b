//! What tests use to run a real server and to talk to it, politely or not.
//!
//! Owns: the server's process (`Server`), a directory that goes away (`Scratch`), a raw connection (`Wire`), calls in
//! AWS's JSON (`Reply`).
//! Must never: be used by anything but tests, or look at what a server holds except through its own front doors.
#![forbid(unsafe_code)]

mod call;
mod scratch;
mod server;
mod wire;

pub use call::{Reply, call, request};
pub use scratch::Scratch;
pub use server::{Server, ServerBuilder};
pub use wire::{Http, Wire};
