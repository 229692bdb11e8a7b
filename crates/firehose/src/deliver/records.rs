//! Plans that go to a destination that takes records.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_types::Millis;
use uuid::Uuid;

use super::failures::Failures;
use super::object::{Conversions, Made};
use super::room::{Room, Stop};
use super::{Came, Settled, Work, internal};
use crate::limits::{ATTEMPT_TIME_MAX, COPY_TIME_MAX, FAILED_RECORDS};
use crate::machine::Closing;
use crate::outward::GaveWay;
use crate::processing::error_document::{Failure, RefusedBy, delivery_failed};
use crate::record::{Failed, Ready};
use crate::settings::{Destination, RecordDestination};
use crate::sink::{
    OutgoingRecord, Parcel, RecordId, RecordSink, RefusedRecord, SinkError, StagedObject, Then,
};

/// What a plan comes to before it is handed over.
struct Load {
    staged: Option<StagedObject>,
    outgoing: Vec<OutgoingRecord>,
    records: u64,
    bytes: u64,
    /// Records that cannot be read any more.
    lost: u64,
    failures: Failures,
    conversions: Conversions,
}

impl Work {
    /// Hands the plan's records over, or gives them up.
    pub(super) async fn deliver_records(
        &self,
        sink: &Arc<dyn RecordSink>,
        room: &mut Room<'_>,
    ) -> Result<Came, Stop> {
        let Load { staged, outgoing, records, bytes, lost, mut failures, conversions } =
            self.load(room).await?;
        let mut settled = Settled { conversions, ..Settled::new(Closing::Delivered) };
        settled.lose(lost, &self.plan);
        if staged.is_some() || !outgoing.is_empty() {
            settled.objects = u64::from(staged.is_some());
            let parcel = self.parcel(staged, outgoing);
            let handed_over = match self.ctx.taken.get(self.plan.id) {
                Some(refused) => Ok(refused),
                None => self.hand_over(&**sink, &parcel, room).await?,
            };
            match handed_over {
                Ok(refused) => {
                    self.ctx.taken.keep(self.plan.id, &refused);
                    let refused = of_parcel(&parcel, &refused);
                    (settled.records, settled.bytes) =
                        (records.saturating_sub(refused.len() as u64), bytes);
                    failures = self.to_be_written(failures, None, room).await?;
                    for some in refused.chunks(FAILED_RECORDS) {
                        let each = |(record, one): &(&OutgoingRecord, &RefusedRecord)| {
                            self.refused(record, one, self.attempts())
                        };
                        failures.extend(some.iter().filter_map(each));
                        failures.write_many(&self.ctx).await.map_err(internal)?;
                    }
                }
                Err(error) if error.then == Then::Drop => {
                    self.tell(&error).await;
                    settled.how = Closing::Lost;
                }
                Err(error) if self.is_given_up(&error) => {
                    self.tell(&error).await;
                    room.outside(&parcel.pulse, sink.gave_up(&parcel)).await??;
                    settled.how = Closing::ToErrors;
                    let attempts = self.attempts() - u32::from(room.over().is_some());
                    failures = self.to_be_written(failures, None, room).await?;
                    for from in (0..parcel.records.len()).step_by(FAILED_RECORDS) {
                        failures.add_told(self.all_refused(
                            &**sink,
                            &parcel,
                            from,
                            (&error, attempts),
                        ));
                        failures.write_many(&self.ctx).await.map_err(internal)?;
                    }
                }
                // Its retries end with their own time, whatever the retention is.
                Err(error) => {
                    self.ctx.tried.fail(self.plan.id, self.ctx.now());
                    return Ok(Came::Failed(error));
                }
            }
        }
        let failures = self.to_be_written(failures, None, room).await?;
        self.write_errors(failures, &mut settled).await?;
        Ok(Came::Settled(settled))
    }

    /// Reads the plan's records, and writes their object if the destination loads from one.
    async fn load(&self, room: &mut Room<'_>) -> Result<Load, Stop> {
        if let Some(target) = self.staging() {
            let (staged, made) = self.stage(target, room).await?;
            let Made { records, bytes, lost, failures, conversions, .. } = made;
            let outgoing = Vec::new();
            return Ok(Load { staged, outgoing, records, bytes, lost, failures, conversions });
        }
        let passed = self.pass(Vec::<Ready>::new(), Failures::default()).await?;
        Ok(Load {
            staged: None,
            outgoing: outgoing(passed.receiver),
            records: passed.records,
            bytes: passed.bytes,
            lost: passed.lost,
            failures: passed.failures,
            conversions: Conversions::default(),
        })
    }

    /// Hands the parcel over, for as long as its kind of destination may take.
    async fn hand_over(
        &self,
        sink: &dyn RecordSink,
        parcel: &Parcel,
        room: &mut Room<'_>,
    ) -> Result<Result<Vec<RefusedRecord>, SinkError>, GaveWay> {
        if let Some(error) = room.over() {
            return Ok(Err(error.clone()));
        }
        let limit = self.sink_time_max();
        let delivered = tokio::time::timeout(limit, sink.deliver(parcel));
        let delivered = room.outside(&parcel.pulse, delivered).await?;
        Ok(delivered.unwrap_or_else(|_| {
            let message = format!("The destination took longer than {limit:?}.");
            Err(SinkError { code: "Delivery.TimedOut".into(), message, then: Then::Retry })
        }))
    }

    /// How long a destination may take for a parcel.
    pub(super) fn sink_time_max(&self) -> Duration {
        let Destination::Records { destination, .. } = &self.compiled.settings.destination else {
            return Duration::ZERO;
        };
        match destination {
            RecordDestination::Http(_) | RecordDestination::Search(_) => ATTEMPT_TIME_MAX,
            RecordDestination::Splunk(splunk) => ATTEMPT_TIME_MAX + splunk.acknowledgement_timeout,
            RecordDestination::Redshift(_) => COPY_TIME_MAX,
        }
    }

    pub(super) fn staging(&self) -> Option<&crate::settings::ObjectTarget> {
        match &self.compiled.settings.destination {
            Destination::Records { staging, .. } => staging.as_ref(),
            Destination::Objects(_) => None,
        }
    }

    fn parcel(&self, staged: Option<StagedObject>, records: Vec<OutgoingRecord>) -> Parcel {
        let failure = self.plan.failure.as_ref();
        Parcel {
            sender: self.compiled.sender(self.plan.lane).clone(),
            plan: Uuid::from_bytes(self.plan.uuid),
            attempts_before: failure.map_or(0, |failure| failure.attempts),
            sealed: Millis(self.plan.created),
            staged,
            records,
            last_error: failure.map(|failure| (failure.code.clone(), failure.message.clone())),
            pulse: self.pulse(),
        }
    }

    /// Whether a failure is the last one. The time of retries begins when the first attempt since the start has failed
    /// at the destination: while the server is off, or cannot read what it is to deliver, nobody tries.
    pub(super) fn is_given_up(&self, error: &SinkError) -> bool {
        let retry_for = match &self.compiled.settings.destination {
            Destination::Records { retry_for, .. } => *retry_for,
            Destination::Objects(_) => return false,
        };
        let now = self.ctx.now();
        let first = self.ctx.tried.first(self.plan.id).unwrap_or(now);
        match error.then {
            Then::GiveUp => true,
            Then::Retry | Then::RetryAfter(_) => now >= first.plus(retry_for),
            Then::Drop => false,
        }
    }

    pub(super) fn attempts(&self) -> u32 {
        self.plan.failure.as_ref().map_or(0, |failure| failure.attempts) + 1
    }

    fn refused_by(&self) -> Option<RefusedBy> {
        match &self.compiled.settings.destination {
            Destination::Objects(_) => None,
            Destination::Records { destination, .. } => match destination {
                RecordDestination::Http(_) => Some(RefusedBy::Http),
                RecordDestination::Splunk(_) => Some(RefusedBy::Splunk),
                RecordDestination::Search(_) => Some(RefusedBy::Search),
                // Its objects stay where they were staged, and it leaves a manifest.
                RecordDestination::Redshift(_) => None,
            },
        }
    }

    fn refused(
        &self,
        record: &OutgoingRecord,
        refused: &RefusedRecord,
        attempts: u32,
    ) -> Option<Failed> {
        let failure = Failure {
            raw: &record.data,
            code: &refused.code,
            message: &refused.message,
            attempts,
            arrival: record.arrival,
            ended: self.ctx.now(),
        };
        Some(delivery_failed(self.refused_by()?, &failure, &refused.members))
    }

    /// Some of the records, from one on.
    fn all_refused(
        &self,
        sink: &dyn RecordSink,
        parcel: &Parcel,
        from: usize,
        (error, attempts): (&SinkError, u32),
    ) -> Vec<Failed> {
        let each = |(index, record): (usize, &OutgoingRecord)| {
            let refused = RefusedRecord {
                id: record.id,
                code: error.code.clone(),
                message: error.message.clone(),
                members: sink.members(parcel, index),
            };
            self.refused(record, &refused, attempts)
        };
        let records = parcel.records.iter().enumerate().skip(from).take(FAILED_RECORDS);
        records.filter_map(each).collect()
    }
}

/// The refused records that are still there, in the parcel's order: some may have expired since they were refused.
fn of_parcel<'p>(
    parcel: &'p Parcel,
    refused: &'p [RefusedRecord],
) -> Vec<(&'p OutgoingRecord, &'p RefusedRecord)> {
    let by_id: HashMap<RecordId, &RefusedRecord> = refused.iter().map(|it| (it.id, it)).collect();
    let found = |record: &'p OutgoingRecord| Some((record, *by_id.get(&record.id)?));
    parcel.records.iter().filter_map(found).collect()
}

fn outgoing(ready: Vec<Ready>) -> Vec<OutgoingRecord> {
    let outgoing = |Ready { id, arrival, data, .. }| OutgoingRecord { id, arrival, data };
    ready.into_iter().map(outgoing).collect()
}
