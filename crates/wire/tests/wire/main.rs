//! The protocols as a client meets them.

mod agreement;
mod firehose;
mod golden;
mod hostile;
mod replies;
mod violations;
