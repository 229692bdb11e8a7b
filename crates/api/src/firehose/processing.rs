//! What is done to records before they are delivered.

use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// What is done to records.
    pub struct ProcessingConfiguration {
        /// Whether it is on.
        enabled: Option<bool> = "Enabled", optional, Shape::Boolean;
        /// The steps.
        processors: Option<Vec<Processor>> = "Processors", optional, Shape::List(&PROCESSOR_LIST);
    }
}

record! {
    /// A step of the processing.
    pub struct Processor {
        /// The kind of step.
        kind: ProcessorType = "Type", required, ProcessorType::SHAPE;
        /// Its parameters.
        parameters: Option<Vec<ProcessorParameter>> = "Parameters", optional,
            Shape::List(&PROCESSOR_PARAMETER_LIST);
    }
}

text_enum! {
    /// The kind of a step.
    pub enum ProcessorType {
        /// Records that hold several are taken apart.
        RecordDeAggregation = "RecordDeAggregation",
        /// Records are decompressed.
        Decompression = "Decompression",
        /// Messages are taken out of the envelope of CloudWatch Logs.
        CloudWatchLogProcessing = "CloudWatchLogProcessing",
        /// A function transforms records.
        Lambda = "Lambda",
        /// Values for prefixes are taken out of records.
        MetadataExtraction = "MetadataExtraction",
        /// A delimiter is put after each record.
        AppendDelimiterToRecord = "AppendDelimiterToRecord",
    }
}

record! {
    /// A parameter of a step.
    pub struct ProcessorParameter {
        /// Its name.
        parameter_name: ProcessorParameterName = "ParameterName", required,
            ProcessorParameterName::SHAPE;
        /// Its value.
        parameter_value: String = "ParameterValue", required,
            Shape::Text(&PROCESSOR_PARAMETER_VALUE);
    }
}

text_enum! {
    /// The name of a parameter.
    pub enum ProcessorParameterName {
        /// The function.
        LambdaArn = "LambdaArn",
        /// How often the function is called again after it failed; 3 if absent.
        NumberOfRetries = "NumberOfRetries",
        /// The query.
        MetadataExtractionQuery = "MetadataExtractionQuery",
        /// The language of the query: `JQ-1.6`.
        JsonParsingEngine = "JsonParsingEngine",
        /// The role that calls: recorded, not evaluated.
        RoleArn = "RoleArn",
        /// How much is gathered for a call, in MiB, with a fraction; 1 if absent, 0.25 for Splunk.
        BufferSizeInMBs = "BufferSizeInMBs",
        /// How long records are gathered for a call of the function, in seconds; 60 if absent.
        BufferIntervalInSeconds = "BufferIntervalInSeconds",
        /// What the records within a record are: `JSON` or `DELIMITED`.
        SubRecordType = "SubRecordType",
        /// What lies between or after records, in base64.
        Delimiter = "Delimiter",
        /// What is decompressed: `GZIP`.
        CompressionFormat = "CompressionFormat",
        /// Whether the messages are taken out of their envelope: `true`.
        DataMessageExtraction = "DataMessageExtraction",
    }
}

static PROCESSOR_LIST: List =
    List { element: Shape::Structure(Processor::SHAPE), length: Range::ANY };
static PROCESSOR_PARAMETER_LIST: List =
    List { element: Shape::Structure(ProcessorParameter::SHAPE), length: Range::ANY };
static PROCESSOR_PARAMETER_VALUE: Text = text(Range::of(1, 5120), Some(&pattern::NOT_BLANK));
