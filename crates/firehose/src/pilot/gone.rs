//! A stream that was the source and is deleted.

use super::{End, Session};
use crate::compiled::main_destination;
use crate::context::{Context, Told};
use crate::machine::{Command, LaneId};
use crate::settings::Settings;

/// The code of what people are told of it.
const SOURCE_DELETED: &str = "Delivery.SourceDeleted";

/// What people are told of it.
pub(super) fn gone_text(ctx: &Context) -> String {
    let arn = ctx.source_arn.as_deref().unwrap_or("of the delivery stream");
    format!(
        "The source stream {arn} was deleted: what was not delivered of it is lost. Delivery goes on when a stream of \
         that ARN exists again."
    )
}

/// Tells people once, and writes down that they were told.
pub(super) async fn note_gone(ctx: &Context, settings: &Settings) -> Result<(), End> {
    if ctx.replica.read(|state| state.source.gone) {
        return Ok(());
    }
    let (text, destination) = (gone_text(ctx), main_destination(settings));
    tracing::warn!(name = %ctx.sender.name, "{text}");
    let version = settings.version;
    let told = Told { destination: &destination, version, message: &text, code: SOURCE_DELETED };
    ctx.log_error(settings.logging.as_ref(), &told).await;
    let noted = ctx.replica.submit(&Command::SourceGone).await;
    noted.map(drop).map_err(|error| End::Again(error.to_string()))
}

impl Session {
    /// What lanes gathered of a source that is gone is sealed at once, and settled as lost: nothing more comes that it
    /// could wait for.
    pub(super) fn give_up_source(&mut self) {
        if !self.state(|state| state.source.gone) {
            return;
        }
        let logs: Vec<u32> = self.logs.keys().copied().collect();
        for id in [LaneId::Main, LaneId::Backup] {
            self.lane_mut(id).forced.extend(logs.iter().map(|log| (*log, u64::MAX)));
        }
        self.forget_targets();
    }
}
