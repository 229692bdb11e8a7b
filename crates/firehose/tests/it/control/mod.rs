//! The control plane, with pipelines and destinations that only remember what they were told.

mod configurations;
mod encryption;
mod fixture;
mod life;
mod outside;
mod secrets;
mod tags_and_lists;
mod updates;
