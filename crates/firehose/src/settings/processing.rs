//! What is done to records: the processors and their parameters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use millstream_api::firehose::{
    ProcessingConfiguration, Processor, ProcessorParameterName as Name, ProcessorType,
};

use super::{Deaggregate, Function, Hints, Processing};
use crate::errors::Refusal;

/// Most times that a function is called again (AWS's construct library, `LambdaFunctionProcessor`).
const RETRIES_MAX: u32 = 300;
/// Seconds that records are gathered for a function at most (developer guide, "Data transformation").
const INTERVAL_SECONDS_MAX: u64 = 900;
/// Bounds of a function's buffer, in MiB (botocore, `ProcessorParameter`).
const SIZE_MIB: std::ops::RangeInclusive<f64> = 0.2..=3.0;
const BYTES_PER_MIB: f64 = 1024.0 * 1024.0;

/// Reads the processors. What is disabled must make sense too, and does nothing.
pub fn processing(
    c: Option<&ProcessingConfiguration>,
    partitioned: bool,
) -> Result<Processing, Refusal> {
    let Some(c) = c else { return Ok(Processing::default()) };
    let mut read = Processing::default();
    let mut kinds = Vec::new();
    for processor in c.processors.iter().flatten() {
        let kind = processor.kind;
        if kinds.contains(&kind) {
            return Err(Refusal::invalid(format!(
                "ProcessingConfiguration: only one processor of type {} is allowed.",
                kind.as_str()
            )));
        }
        kinds.push(kind);
        read_processor(processor, &mut read)?;
    }
    if read.extract_messages && !read.decompress {
        return Err(Refusal::invalid(
            "ProcessingConfiguration: CloudWatchLogProcessing needs a processor of type Decompression.",
        ));
    }
    if c.enabled != Some(true) {
        return Ok(Processing::default());
    }
    if read.query.is_some() && !partitioned {
        return Err(Refusal::invalid(
            "MetadataExtraction processor can only be present when Dynamic Partitioning is enabled.",
        ));
    }
    Ok(read)
}

fn read_processor(processor: &Processor, read: &mut Processing) -> Result<(), Refusal> {
    let mut parameters = Parameters::of(processor)?;
    match processor.kind {
        ProcessorType::RecordDeAggregation => {
            let kind = parameters.required(Name::SubRecordType)?;
            read.deaggregate = Some(match kind {
                "JSON" => Deaggregate::Json,
                "DELIMITED" => Deaggregate::Delimited(delimiter_between(&mut parameters)?),
                _ => return Err(parameters.wrong(Name::SubRecordType, "must be JSON or DELIMITED")),
            });
        }
        ProcessorType::Decompression => {
            if parameters.required(Name::CompressionFormat)? != "GZIP" {
                return Err(parameters.wrong(Name::CompressionFormat, "must be GZIP"));
            }
            read.decompress = true;
        }
        ProcessorType::CloudWatchLogProcessing => {
            read.extract_messages = match parameters.required(Name::DataMessageExtraction)? {
                "true" => true,
                "false" => false,
                _ => {
                    return Err(
                        parameters.wrong(Name::DataMessageExtraction, "must be true or false")
                    );
                }
            };
        }
        ProcessorType::Lambda => read.function = Some(function(&mut parameters)?),
        ProcessorType::MetadataExtraction => {
            if parameters.required(Name::JsonParsingEngine)? != "JQ-1.6" {
                return Err(parameters.wrong(Name::JsonParsingEngine, "must be JQ-1.6"));
            }
            read.query = Some(parameters.required(Name::MetadataExtractionQuery)?.into());
        }
        ProcessorType::AppendDelimiterToRecord => {
            let delimiter = parameters.take(Name::Delimiter).unwrap_or("\\n");
            read.delimiter = Some(unescaped(delimiter).into());
        }
    }
    parameters.finish()
}

/// Between records that one holds it is given in base64 (botocore, `Delimiter`; the developer guide's examples).
fn delimiter_between(parameters: &mut Parameters<'_>) -> Result<Arc<[u8]>, Refusal> {
    let text = parameters.required(Name::Delimiter)?;
    match STANDARD.decode_to_vec(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes.into()),
        _ => Err(parameters.wrong(Name::Delimiter, "must be base64 of one byte at least")),
    }
}

/// What is put after a record is written as text, a new line as `\n`, as AWS's console and construct library do.
fn unescaped(text: &str) -> Vec<u8> {
    text.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t").into_bytes()
}

fn function(parameters: &mut Parameters<'_>) -> Result<Function, Refusal> {
    let arn = parameters.required(Name::LambdaArn)?;
    let retries = parameters.number(Name::NumberOfRetries, "3", |n: &u32| *n <= RETRIES_MAX)?;
    let seconds = parameters
        .number(Name::BufferIntervalInSeconds, "60", |n: &u64| *n <= INTERVAL_SECONDS_MAX)?;
    let mib = parameters.number(Name::BufferSizeInMBs, "1", |n: &f64| SIZE_MIB.contains(n))?;
    let role_arn = parameters.take(Name::RoleArn);
    Ok(Function {
        arn: arn.into(),
        role_arn: role_arn.map(Arc::from),
        retries,
        hints: Hints {
            bytes: (mib * BYTES_PER_MIB) as u64,
            interval: Duration::from_secs(seconds),
        },
    })
}

/// The parameters of a processor: each is taken once, and none may be left.
struct Parameters<'a> {
    kind: ProcessorType,
    given: BTreeMap<&'static str, &'a str>,
}

impl<'a> Parameters<'a> {
    fn of(processor: &'a Processor) -> Result<Self, Refusal> {
        let mut parameters = Parameters { kind: processor.kind, given: BTreeMap::new() };
        for parameter in processor.parameters.iter().flatten() {
            let name = parameter.parameter_name;
            let before = parameters.given.insert(name.as_str(), parameter.parameter_value.as_str());
            if before.is_some() {
                return Err(parameters.wrong(name, "is given twice"));
            }
        }
        Ok(parameters)
    }

    fn take(&mut self, name: Name) -> Option<&'a str> {
        self.given.remove(name.as_str())
    }

    fn required(&mut self, name: Name) -> Result<&'a str, Refusal> {
        self.take(name).ok_or_else(|| self.wrong(name, "must be specified"))
    }

    /// A number within its bounds.
    fn number<T: std::str::FromStr>(
        &mut self,
        name: Name,
        default: &str,
        fits: impl FnOnce(&T) -> bool,
    ) -> Result<T, Refusal> {
        let text = self.take(name).unwrap_or(default);
        let number = text.trim().parse().ok().filter(fits);
        number.ok_or_else(|| self.wrong(name, &format!("cannot be {text}")))
    }

    fn finish(self) -> Result<(), Refusal> {
        match self.given.keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::invalid(format!(
                "{name} is not a parameter of the processor of type {}.",
                self.kind.as_str()
            ))),
        }
    }

    fn wrong(&self, name: Name, how: &str) -> Refusal {
        let (kind, name) = (self.kind.as_str(), name.as_str());
        Refusal::invalid(format!("The parameter {name} of the processor of type {kind} {how}."))
    }
}
