//! A configuration, ready for work: what is parsed, compiled and opened once for each version.

mod recipient;

use std::sync::{Arc, Mutex, PoisonError};

use millstream_formats::columnar::Converter;

use crate::lane::Full;
use crate::limits::{
    CALLS_MAX, PLAN_RECORDS_MAX, WINDOW_BYTES_MAX, WINDOW_COMPRESSED_BYTES_MAX,
    WINDOW_DECOMPRESSED_BYTES_MAX,
};
use crate::machine::{BackupInput, LaneId, Shape};
use crate::names::Namer;
use crate::outward::Place;
use crate::processing::Chain;
use crate::settings::{
    Conversion, Destination, Hints, ObjectTarget, Processing, Settings, Source, TableName,
};
use crate::sink::{Sender, Sinks, TableSchema};

pub use recipient::Recipient;

/// The version of a table that is whichever is the newest.
const LATEST: &str = "LATEST";

/// One version of a configuration.
pub struct Compiled {
    /// The settings.
    pub settings: Arc<Settings>,
    /// Its lanes and stages.
    pub shape: Shape,
    /// The steps of processing.
    pub chain: Arc<Chain>,
    /// Whether they leave every record as it is.
    pub plain: bool,
    /// A destination that takes records.
    pub recipient: Option<Recipient>,
    columns: Option<Mutex<Result<Arc<Columns>, String>>>,
    /// Who delivers, by lane.
    senders: [Sender; 3],
    main: Option<Namer>,
    backup: Option<Namer>,
    errors: Namer,
}

/// Conversion to columns, ready for use.
pub struct Columns {
    /// What converts.
    pub converter: Converter,
    /// The table, as error documents tell it.
    pub table: TableName,
    schema: Arc<TableSchema>,
}

impl Columns {
    fn new(conversion: &Conversion, sinks: &dyn Sinks) -> Result<Arc<Self>, String> {
        Self::of(conversion, sinks.table(&conversion.table)?)
    }

    fn of(conversion: &Conversion, schema: Arc<TableSchema>) -> Result<Arc<Self>, String> {
        let (deserializer, serializer) = (&conversion.deserializer, &conversion.serializer);
        let converter = Converter::new(&schema.document, deserializer, serializer);
        let converter = converter.map_err(|error| error.to_string())?;
        Ok(Arc::new(Columns { converter, table: conversion.table.clone(), schema }))
    }

    /// The version of the table's schema, as error documents tell it.
    pub fn version(&self) -> &str {
        &self.schema.version
    }
}

/// The lanes and stages that settings ask for.
pub fn shape_of(settings: &Settings) -> Shape {
    let processing = &settings.processing;
    let backup = match (&settings.backup, &settings.destination) {
        (None, _) => BackupInput::None,
        // Those that load from objects are backed up as buckets are: what came in.
        (Some(_), Destination::Objects(_) | Destination::Records { staging: Some(_), .. }) => {
            BackupInput::Raw
        }
        (Some(_), Destination::Records { staging: None, .. }) => BackupInput::Delivered,
    };
    // What was compressed is counted, and divided, by what comes out of it.
    let worker = processing.function.is_some() || processing.partitioned || processing.decompress;
    Shape { worker, backup }
}

impl Compiled {
    /// Prepares settings. The text says what cannot be done. What is outside may be refused all the same, see
    /// [`Compiled::refusal`].
    pub fn new(
        settings: Arc<Settings>,
        sender: &Sender,
        channel_id: &Arc<str>,
        sinks: &dyn Sinks,
    ) -> Result<Self, String> {
        let (name, version) = (&sender.name, settings.version);
        let namer = |target: &ObjectTarget| {
            Namer::new(target, name, channel_id, version).map_err(|error| error.to_string())
        };
        let with_role = |role: &Arc<str>| Sender { role_arn: role.clone(), ..sender.clone() };
        let main_sender = with_role(&settings.role_arn);
        let main = main_target(&settings);
        let conversion = main.and_then(|target| target.conversion.as_ref());
        let backup_role = settings.backup.as_ref().map_or(&settings.role_arn, |it| &it.role_arn);
        Ok(Compiled {
            shape: shape_of(&settings),
            chain: Arc::new(Chain::new(&settings.processing)?),
            // A stream's records may be aggregates.
            plain: settings.processing == Processing::default()
                && settings.source == Source::DirectPut,
            recipient: Recipient::of(&settings, &main_sender, sinks),
            columns: conversion.map(|it| Mutex::new(Columns::new(it, sinks))),
            senders: [main_sender, with_role(backup_role), with_role(&settings.errors.role_arn)],
            main: main.map(namer).transpose()?,
            backup: settings.backup.as_ref().map(|backup| namer(&backup.target)).transpose()?,
            errors: namer(&settings.errors.target)?,
            settings,
        })
    }

    /// Why the destination, or the table that records are converted by, cannot be used now, if so: reason enough not to
    /// take a configuration. One that was taken is worked with, since that may pass: attempts fail meanwhile.
    pub fn refusal(&self) -> Option<String> {
        let of_recipient = self.recipient.as_ref().and_then(Recipient::refusal);
        let columns =
            self.columns.as_ref().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner));
        of_recipient.or_else(|| columns?.as_ref().err().cloned())
    }

    /// Who delivers for a lane.
    pub fn sender(&self, lane: LaneId) -> &Sender {
        match lane {
            LaneId::Main => &self.senders[0],
            LaneId::Backup => &self.senders[1],
            LaneId::Errors => &self.senders[2],
        }
    }

    /// Where a lane's objects go, if it makes any.
    pub fn target(&self, lane: LaneId) -> Option<&ObjectTarget> {
        match lane {
            LaneId::Main => main_target(&self.settings),
            LaneId::Backup => self.settings.backup.as_ref().map(|backup| &backup.target),
            LaneId::Errors => Some(&self.settings.errors.target),
        }
    }

    /// Whether a lane's records are converted to columns.
    pub fn converts(&self, lane: LaneId) -> bool {
        lane == LaneId::Main && self.columns.is_some()
    }

    /// Whether a lane's plans are there as a whole at last: those for a destination that takes records.
    pub fn takes_whole(&self, lane: LaneId) -> bool {
        lane == LaneId::Main && self.recipient.is_some() && self.main.is_none()
    }

    /// What converts the main lane's records now. Where the table's version is `LATEST`, the table is looked at again
    /// (botocore, `SchemaConfiguration`: its updates are picked up); one that cannot be used changes nothing. The text
    /// says why there is none.
    pub fn columns(&self, sinks: &dyn Sinks) -> Result<Option<Arc<Columns>>, String> {
        let conversion = main_target(&self.settings).and_then(|it| it.conversion.as_ref());
        let (Some(conversion), Some(columns)) = (conversion, &self.columns) else {
            return Ok(None);
        };
        let mut columns = columns.lock().unwrap_or_else(PoisonError::into_inner);
        match &*columns {
            Err(_) => *columns = Columns::new(conversion, sinks),
            Ok(last) if &*conversion.table.version == LATEST => {
                let now = sinks.table(&conversion.table);
                let newer = now.and_then(|schema| match schema == last.schema {
                    true => Ok(last.clone()),
                    false => Columns::of(conversion, schema),
                });
                match newer {
                    Ok(newer) => *columns = Ok(newer),
                    Err(why) => {
                        tracing::warn!(%why, "a table cannot be read again; its last schema stays")
                    }
                }
            }
            Ok(_) => {}
        }
        columns.clone().map(Some)
    }

    /// Where a lane goes, as entries of the delivery log name it.
    pub fn destination(&self, lane: LaneId) -> String {
        match lane {
            LaneId::Main => main_destination(&self.settings),
            LaneId::Backup | LaneId::Errors => {
                bucket_arn(self.target(lane).map_or("", |target| &target.bucket))
            }
        }
    }

    /// Where a lane's deliveries go: to the destination, by way of the bucket that it loads from if it does.
    pub fn place(&self, lane: LaneId) -> Place {
        let mut address = self.destination(lane);
        if let (LaneId::Main, Some(_), Some(staging)) = (lane, &self.recipient, self.target(lane)) {
            address.push(' ');
            address.push_str(&staging.bucket);
        }
        (Some(lane), address)
    }

    /// Where the worker's windows go: to the function, if there is one.
    pub fn worker_place(&self) -> Place {
        let function = self.settings.processing.function.as_ref();
        (None, function.map_or_else(String::new, |function| function.arn.to_string()))
    }

    /// What names a lane's objects, if it makes any.
    pub fn namer(&self, lane: LaneId) -> Option<&Namer> {
        match lane {
            LaneId::Main => self.main.as_ref(),
            LaneId::Backup => self.backup.as_ref(),
            LaneId::Errors => Some(&self.errors),
        }
    }

    /// When a lane's buffers are sealed.
    pub fn hints(&self, lane: LaneId) -> Hints {
        match lane {
            LaneId::Main => self.settings.hints,
            LaneId::Backup => {
                self.settings.backup.as_ref().map_or(self.settings.hints, |backup| backup.hints)
            }
            LaneId::Errors => self.settings.errors.hints,
        }
    }

    /// When a lane's buffers are full.
    pub fn full(&self, lane: LaneId) -> Full {
        let records = if self.takes_whole(lane) { PLAN_RECORDS_MAX } else { u64::MAX };
        Full { bytes: self.hints(lane).bytes, records }
    }

    /// When the worker's window is due.
    pub fn window(&self) -> Hints {
        let processing = &self.settings.processing;
        match (&processing.function, processing.decompress) {
            (Some(function), _) => function.hints,
            (None, decompress) => Hints {
                bytes: if decompress { WINDOW_COMPRESSED_BYTES_MAX } else { WINDOW_BYTES_MAX },
                interval: self.settings.hints.interval,
            },
        }
    }

    /// The most that a window of the worker takes: of the source, and once its records are ready for the function.
    pub fn window_bytes_max(&self) -> u64 {
        match &self.settings.processing.function {
            Some(function) => {
                function.hints.bytes.saturating_mul(CALLS_MAX as u64).min(WINDOW_BYTES_MAX)
            }
            None if self.settings.processing.decompress => WINDOW_DECOMPRESSED_BYTES_MAX,
            None => WINDOW_BYTES_MAX,
        }
    }
}

/// A bucket, as entries of the delivery log name it.
pub fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// Where the main lane goes, as entries of the delivery log name it.
pub fn main_destination(settings: &Settings) -> String {
    match &settings.destination {
        Destination::Records { destination, .. } => destination.address().to_owned(),
        Destination::Objects(target) => bucket_arn(&target.bucket),
    }
}

/// The object target of the main lane: the destination, or where it loads from.
fn main_target(settings: &Settings) -> Option<&ObjectTarget> {
    match &settings.destination {
        Destination::Objects(target) => Some(target),
        Destination::Records { staging, .. } => staging.as_ref(),
    }
}
