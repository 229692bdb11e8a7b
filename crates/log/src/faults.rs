//! The faults of the engine's rules, injected through a simulated disk at every step of a small workload.

mod blocks;
mod crash;
mod damage;
mod denied;
mod failing;
mod formats;
mod random;
mod whole;
mod world;
