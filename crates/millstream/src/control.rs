//! The control API of developers: reset, service clock, faults. There in `open` mode only.

mod fields;
mod rule;

use std::sync::Arc;
use std::time::Duration;

use millstream_faults::Faults;
use millstream_firehose::Firehose;
use millstream_gateway::{DevApi, DevReply};
use millstream_streams::{Declaration, Streams};
use millstream_types::{AdjustableClock, ClockReading, Millis, NotForward};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::declared;
use crate::s3_config::BuiltIn;
use fields::Fields;

/// What a reset empties.
pub struct Services {
    pub streams: Arc<Streams>,
    pub firehose: Arc<Firehose>,
    pub buckets: BuiltIn,
}

/// What the control API acts on.
pub struct Control {
    clock: Arc<AdjustableClock>,
    streams: Arc<Streams>,
    firehose: Arc<Firehose>,
    /// What a reset declares again.
    declared: Vec<Declaration>,
    buckets: BuiltIn,
    /// One reset at a time.
    resetting: Mutex<()>,
}

/// A request that is refused.
struct Refused {
    status: u16,
    message: String,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Refused { status: 400, message }
    }
}

impl DevApi for Control {
    fn answer<'a>(&'a self, method: &'a str, path: &'a str, body: &'a [u8]) -> DevReply<'a> {
        Box::pin(async move {
            let (status, value) = match self.act(method, path, body).await {
                Ok(value) => (200, value),
                Err(Refused { status, message }) => (status, json!({ "message": message })),
            };
            (status, value.to_string())
        })
    }
}

impl Control {
    /// The control API over a running service.
    pub fn new(
        clock: Arc<AdjustableClock>,
        services: Services,
        declared: Vec<Declaration>,
    ) -> Arc<Self> {
        let Services { streams, firehose, buckets } = services;
        Arc::new(Control {
            clock,
            streams,
            firehose,
            declared,
            buckets,
            resetting: Mutex::default(),
        })
    }

    async fn act(&self, method: &str, path: &str, body: &[u8]) -> Result<Value, Refused> {
        let mut fields = Fields::read(body)?;
        let parts: Vec<&str> = path.split('/').collect();
        let outcome = match (method, &parts[..]) {
            ("GET", ["clock"]) => Self::clock_reading(self.clock.read()),
            ("POST", ["clock", "hold"]) => {
                fields.finish()?;
                self.clock.hold();
                self.tell_clock("holds")
            }
            ("POST", ["clock", "run"]) => {
                fields.finish()?;
                self.clock.run();
                self.tell_clock("runs")
            }
            ("POST", ["clock", "advance"]) => {
                let by = fields.number("by_ms")?.ok_or("by_ms is missing".to_owned())?;
                fields.finish()?;
                self.clock.advance(Duration::from_millis(by)).map_err(not_forward)?;
                self.tell_clock("was advanced")
            }
            ("POST", ["clock", "set"]) => {
                let to = fields.number("to_ms")?.ok_or("to_ms is missing".to_owned())?;
                fields.finish()?;
                self.clock.set(Millis(to)).map_err(not_forward)?;
                self.tell_clock("was set")
            }
            ("GET", ["faults"]) => rule::list(&self.faults().list()),
            ("POST", ["faults"]) => {
                let rule = rule::read(fields)?;
                let id = self.faults().add(rule).map_err(|_| Refused {
                    status: 409,
                    message: format!("there are {} rules already", millstream_faults::RULES_MAX),
                })?;
                json!({ "id": id })
            }
            ("DELETE", ["faults"]) => json!({ "removed": self.faults().clear() }),
            ("DELETE", ["faults", id]) => {
                let removed = id.parse().is_ok_and(|id| self.faults().remove(id));
                if !removed {
                    return Err(Refused { status: 404, message: format!("there is no rule {id}") });
                }
                json!({ "removed": 1 })
            }
            ("POST", ["reset"]) => {
                fields.finish()?;
                self.reset().await?
            }
            _ => return Err(unknown(method, path)),
        };
        Ok(outcome)
    }

    fn faults(&self) -> &Faults {
        self.streams.faults()
    }

    fn clock_reading(reading: ClockReading) -> Value {
        json!({
            "now": crate::dev::time::format(reading.now),
            "now_ms": reading.now.0,
            "held": reading.held,
            "ahead_ms": reading.ahead_ms,
        })
    }

    fn tell_clock(&self, what: &'static str) -> Value {
        let reading = self.clock.read();
        let (now, ahead_ms) = (crate::dev::time::format(reading.now), reading.ahead_ms);
        tracing::warn!(now, ahead_ms, "the service clock {what}");
        Self::clock_reading(reading)
    }

    /// Back to how the server started. The clock runs first, since it may be what a deletion waits for.
    async fn reset(&self) -> Result<Value, Refused> {
        let _one = self.resetting.lock().await;
        self.clock.run();
        let faults = self.faults().clear();
        let failed = |message| Refused { status: 500, message };
        let deleted = self.streams.reset().await.map_err(|error| failed(error.to_string()))?;
        let delivery_streams =
            self.firehose.reset().await.map_err(|error| failed(error.to_string()))?;
        let declared = declared::make(&self.streams, &self.declared).await.map_err(failed)?;
        let buckets = self.buckets.clone();
        let buckets = tokio::task::spawn_blocking(move || buckets.reset()).await;
        let buckets = buckets.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        tracing::warn!(
            deleted,
            delivery_streams,
            declared,
            faults,
            buckets,
            "everything was reset"
        );
        let answer = json!({
            "deleted": deleted,
            "delivery_streams": delivery_streams,
            "declared": declared,
            "faults": faults,
            "buckets": buckets,
        });
        Ok(answer)
    }
}

fn not_forward(error: NotForward) -> Refused {
    let [asked, now, latest] =
        [error.asked, error.now, AdjustableClock::LATEST].map(crate::dev::time::format);
    let message = if error.asked < error.now {
        format!("service time never goes back: {asked} is before {now}")
    } else {
        format!("service time can be set up to {latest}")
    };
    Refused { status: 409, message }
}

fn unknown(method: &str, path: &str) -> Refused {
    let message = format!(
        "{method} /dev/{path} is not known. There are POST reset; GET clock, POST clock/hold, clock/run, clock/set, \
         clock/advance; GET, POST and DELETE faults, DELETE faults/ID"
    );
    Refused { status: 404, message }
}
