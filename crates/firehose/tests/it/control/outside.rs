//! What is outside, as far as the control plane asks it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use millstream_catalog::DeliveryStream;
use millstream_firehose::Pipeline;
use millstream_firehose::pipelines::{PipelineFailure, PipelineFuture, Pipelines};
use millstream_firehose::settings::{Encryption, RecordDestination, Settings, TableName};
use millstream_firehose::sink::*;
use millstream_log::GroupId;

/// Pipelines that remember what they were told.
#[derive(Default)]
pub struct Told {
    pub calls: Mutex<Vec<String>>,
    pub settings: Mutex<Vec<Arc<Settings>>>,
    /// What the next calls come to; then all succeed.
    pub failures: Mutex<Vec<PipelineFailure>>,
}

impl Told {
    fn note(&self, what: &str, stream: &DeliveryStream) -> Result<(), PipelineFailure> {
        self.calls.lock().unwrap().push(format!("{what} {}", stream.name));
        match self.failures.lock().unwrap().pop() {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub fn last(&self) -> Arc<Settings> {
        self.settings.lock().unwrap().last().unwrap().clone()
    }
}

impl Pipelines for Told {
    fn start<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a> {
        self.settings.lock().unwrap().push(settings);
        Box::pin(async move { self.note("start", &stream) })
    }

    fn update<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a> {
        self.settings.lock().unwrap().push(settings);
        Box::pin(async move { self.note("update", &stream) })
    }

    fn stop<'a>(&'a self, stream: Arc<DeliveryStream>) -> PipelineFuture<'a> {
        Box::pin(async move { self.note("stop", &stream) })
    }

    fn started(&self) -> tokio::sync::watch::Receiver<()> {
        tokio::sync::watch::Sender::new(()).subscribe()
    }

    fn pipeline(&self, _: GroupId) -> Option<Arc<Pipeline>> {
        None
    }
}

/// Destinations that take whatever does not say `refused` in its name, and deliver nothing.
pub struct Outside;

struct Nowhere;

fn take(name: &str) -> Result<(), String> {
    match name.contains("refused") {
        true => Err(format!("{name} cannot be done")),
        false => Ok(()),
    }
}

impl ObjectStorage for Nowhere {
    fn accepts(&self, bucket: &str, encryption: &Encryption) -> Result<(), String> {
        if let Encryption::Kms(key) = encryption {
            take(key)?;
        }
        take(bucket)
    }

    fn is_outward(&self, _: &str) -> bool {
        false
    }

    fn put<'a>(&'a self, _: &'a Sender, _: &'a Object) -> SinkFuture<'a, Result<Put, SinkError>> {
        unreachable!("nothing is delivered")
    }
}

impl RecordSink for Nowhere {
    fn deliver<'a>(
        &'a self,
        _: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        unreachable!("nothing is delivered")
    }
}

impl Functions for Nowhere {
    fn accepts(&self, arn: &str) -> Result<(), String> {
        take(arn)
    }

    fn invoke<'a>(
        &'a self,
        _: &'a Sender,
        _: &'a str,
        _: Bytes,
    ) -> SinkFuture<'a, Result<Bytes, SinkError>> {
        unreachable!("nothing is delivered")
    }
}

impl Sinks for Outside {
    fn objects(&self) -> Arc<dyn ObjectStorage> {
        Arc::new(Nowhere)
    }

    fn records(
        &self,
        _: &Sender,
        destination: &RecordDestination,
    ) -> Result<Arc<dyn RecordSink>, String> {
        match destination {
            RecordDestination::Http(http) => take(&http.url)?,
            RecordDestination::Splunk(splunk) => take(&splunk.endpoint)?,
            RecordDestination::Search(search) => take(&search.endpoint)?,
            RecordDestination::Redshift(redshift) => take(&redshift.jdbc_url)?,
        }
        Ok(Arc::new(Nowhere))
    }

    fn functions(&self) -> Arc<dyn Functions> {
        Arc::new(Nowhere)
    }

    fn table(&self, table: &TableName) -> Result<Arc<TableSchema>, String> {
        take(&table.table)?;
        let columns = match &*table.table {
            "odd" => r#"[{"Name": "a", "Type": "no such type"}]"#,
            _ => r#"[{"Name": "a", "Type": "string"}]"#,
        };
        let document = format!(r#"{{"StorageDescriptor": {{"Columns": {columns}}}}}"#);
        Ok(Arc::new(TableSchema { version: "1".into(), document }))
    }

    fn secret(&self, arn: &str) -> Result<BTreeMap<String, String>, String> {
        take(arn)?;
        let members =
            [("username", "managed-user"), ("password", "managed-pass"), ("api_key", "k")];
        Ok(members.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}
