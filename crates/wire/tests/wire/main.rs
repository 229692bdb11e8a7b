//! The protocols as a client meets them.

mod agreement;
mod golden;
mod hostile;
mod replies;
mod violations;
