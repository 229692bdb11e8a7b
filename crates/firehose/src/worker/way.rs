//! The worker's way to its function, which may hang.

use super::{Made, Prepared, Reading, Step, Window};
use crate::limits::PATIENCE_WITH_FUNCTIONS;
use crate::outward::{GaveWay, Hold, Outlet};
use crate::processing::Piece;
use crate::sink::Pulse;

/// A window whose records the function has transformed.
pub(super) struct Transformed<'o> {
    pub window: Window,
    pub pieces: Vec<Piece>,
    pub made: Made,
    /// Its memory.
    pub hold: Hold<'o>,
}

impl Step {
    /// Reads the window and has the function transform its records. If it has to give way to others, who want its
    /// memory while the function is silent, nothing is kept of it: it is read again when there is room for a function
    /// that takes so long.
    pub(super) async fn transformed<'o>(&self, way: &'o Outlet) -> Result<Transformed<'o>, String> {
        let mut reading = Reading::default();
        loop {
            let (mut window, mut hold) = self.read_in_time(way, &mut reading).await?;
            if let Ok((pieces, made)) = self.call_function(&mut window, &mut hold).await {
                return Ok(Transformed { window, pieces, made, hold });
            }
            tracing::info!(name = %self.ctx.sender.name, "a function that is silent gives way to others");
            reading.gave_way = true;
        }
    }

    async fn call_function(
        &self,
        window: &mut Window,
        hold: &mut Hold<'_>,
    ) -> Result<(Vec<Piece>, Made), GaveWay> {
        let Prepared { pieces, failed, dropped, .. } = std::mem::take(&mut window.prepared);
        let mut made = Made { failed, dropped, ..Made::default() };
        let Some(function) = &self.compiled.settings.processing.function else {
            return Ok((pieces, made));
        };
        let pulse = Pulse::new(PATIENCE_WITH_FUNCTIONS);
        let calls = self.transform(function, pieces, &mut made, &pulse);
        let pieces = hold.outside(&pulse, calls).await?;
        hold.was_taken();
        Ok((pieces, made))
    }
}
