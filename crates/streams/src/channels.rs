//! Channels: what CreateChannel lets in, how channels are shown, and their steps from CREATING to gone.

mod check;
mod show;
mod steps;

pub(crate) use check::{check_update, settings_of};
pub(crate) use show::{description_of, status_of, summary_of};
pub(crate) use steps::Delivering;
