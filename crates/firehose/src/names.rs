//! Keys of objects, made when a plan is sealed.

use std::sync::Arc;

use millstream_formats::naming::{
    ChannelTemplate, ChannelValues, Kind, NamingError, Prefixes, Values, Zone, dead_letter_key,
    object_name,
};
use millstream_types::{Millis, Random};
use uuid::Uuid;

use crate::record::{PartitionSource, PartitionValues};
use crate::settings::{Naming, ObjectTarget};

/// Makes the keys of one target.
#[derive(Debug)]
pub struct Namer {
    kind: NamerKind,
    /// What the objects of records end with.
    extension: String,
    /// What objects of errors end with: they are never converted.
    error_extension: String,
    /// The name of the delivery stream or channel.
    name: Arc<str>,
    version: u64,
}

#[derive(Debug)]
enum NamerKind {
    Firehose { prefixes: Box<Prefixes>, zone: Zone },
    Channel { template: ChannelTemplate, dead_letters: Option<Arc<str>>, id: Arc<str> },
}

/// What a key is made of.
pub struct KeyOf<'a> {
    /// When the oldest record arrived.
    pub at: Millis,
    /// What is wrong with the records, if they are errors.
    pub error_type: Option<&'a str>,
    /// The values of the partition.
    pub values: &'a PartitionValues,
    /// The plan's.
    pub uuid: Uuid,
}

impl Namer {
    /// A namer of a target of the delivery stream or channel of this name. `id` is a channel's.
    pub fn new(
        target: &ObjectTarget,
        name: &Arc<str>,
        id: &Arc<str>,
        version: u64,
    ) -> Result<Self, NamingError> {
        let (kind, given) = match &target.naming {
            Naming::Firehose { prefix, error_prefix, time_zone, extension } => {
                let prefixes = Prefixes::new(prefix.as_deref(), error_prefix.as_deref())?;
                let zone = time_zone.as_deref().map_or(Ok(Zone::utc()), Zone::parse)?;
                (NamerKind::Firehose { prefixes: Box::new(prefixes), zone }, extension.as_deref())
            }
            Naming::Channel { template, dead_letter_prefix } => {
                let parsed = template.as_deref().map(ChannelTemplate::parse).transpose()?;
                let template = parsed.unwrap_or_else(ChannelTemplate::default_template);
                let (dead_letters, id) = (dead_letter_prefix.clone(), id.clone());
                (NamerKind::Channel { template, dead_letters, id }, None)
            }
        };
        let given = given.filter(|text| !text.is_empty());
        let of_errors = given.unwrap_or(target.compression.extension());
        let of_records = match &target.conversion {
            Some(conversion) => given.unwrap_or(converted_extension(&conversion.serializer)),
            None => of_errors,
        };
        Ok(Namer {
            kind,
            extension: of_records.to_owned(),
            error_extension: of_errors.to_owned(),
            name: name.clone(),
            version,
        })
    }

    /// A key.
    pub fn key(&self, of: &KeyOf<'_>, random: &dyn Random) -> Result<String, NamingError> {
        let extension = match of.error_type {
            Some(_) => &self.error_extension,
            None => &self.extension,
        };
        match &self.kind {
            NamerKind::Firehose { zone, .. } => {
                let prefix = self.prefix(of, &mut |bytes| random.fill(bytes))?;
                let (at, uuid) = (of.at, &of.uuid);
                let name = object_name(&self.name, self.version, at, zone, uuid, extension);
                Ok(prefix + &name)
            }
            NamerKind::Channel { template, dead_letters, id } => {
                let (name, uuid) = (&*self.name, &of.uuid);
                let values = ChannelValues { name, id, at: of.at, uuid, extension };
                match of.error_type {
                    Some(_) => dead_letter_key(dead_letters.as_deref(), &values),
                    None => template.evaluate(&values),
                }
            }
        }
    }

    /// What tells a partition from others: its prefix, but for its times and random parts.
    pub fn partition(&self, values: &PartitionValues) -> Result<String, NamingError> {
        let of = KeyOf { at: Millis(0), error_type: None, values, uuid: Uuid::nil() };
        self.prefix(&of, &mut |bytes| bytes.fill(0))
    }

    fn prefix(
        &self,
        of: &KeyOf<'_>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<String, NamingError> {
        let NamerKind::Firehose { prefixes, zone } = &self.kind else { return Ok(String::new()) };
        let prefix = if of.error_type.is_some() { &prefixes.errors } else { &prefixes.data };
        let partition = |kind: Kind, key: &str| {
            let source = match kind {
                Kind::Query => PartitionSource::Query,
                Kind::Function => PartitionSource::Lambda,
            };
            of.values.get(source, key)
        };
        let (at, error_type) = (of.at, of.error_type);
        prefix.evaluate(Values { at, zone, error_type, partition: &partition, random })
    }
}

/// What a conversion adds to a name; the document has one member, the serializer's.
fn converted_extension(serializer: &str) -> &'static str {
    if serializer.contains("\"OrcSerDe\"") { ".orc" } else { ".parquet" }
}
