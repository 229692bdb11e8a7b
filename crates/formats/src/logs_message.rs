//! The messages that CloudWatch Logs sends.
