//! The operations of the control plane, a file for each, or for few that are one thing.

mod create_delivery_stream;
mod delete_delivery_stream;
mod delivery_stream_encryption;
mod delivery_stream_tags;
mod describe_delivery_stream;
mod flush;
mod list_delivery_streams;
mod put;
mod update_destination;
