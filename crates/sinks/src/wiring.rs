//! All that is outside, as one: what the binary hands to Firehose.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_firehose::settings::{RecordDestination, TableName};
use millstream_firehose::sink::{Functions, ObjectStorage, RecordSink, Sender, Sinks, TableSchema};
use millstream_types::{Clock, Random};

use crate::function::{FunctionCalls, FunctionSettings};
use crate::http_endpoint::HttpEndpoint;
use crate::opensearch::{Search, SearchCluster};
use crate::outbound::Outbound;
use crate::redshift::{RedshiftConfiguration, RedshiftParts, RedshiftSink};
use crate::splunk::Splunk;

/// What the configuration declares in place of AWS's services: secrets and tables.
pub trait Declared: Send + Sync + 'static {
    /// The members of a secret of Secrets Manager. The error is for the client.
    fn secret(&self, arn: &str) -> Result<BTreeMap<String, String>, String>;
    /// The schema of a table of the data catalog. The error is for the client.
    fn table(&self, table: &TableName) -> Result<TableSchema, String>;
}

/// What the wiring is made of.
pub struct Parts {
    /// The client of all destinations.
    pub outbound: Arc<Outbound>,
    /// Where objects go.
    pub objects: Arc<dyn ObjectStorage>,
    /// Where functions are.
    pub functions: FunctionSettings,
    /// Clusters of OpenSearch and Elasticsearch, with their identities.
    pub clusters: Vec<SearchCluster>,
    /// Where Redshift's clusters really are, and how often COPY is tried.
    pub redshift: RedshiftConfiguration,
    /// Secrets and tables.
    pub declared: Arc<dyn Declared>,
    /// Service time: what requests say about when they were made.
    pub clock: Arc<dyn Clock>,
    /// The machine's time: what signatures are made with.
    pub machine_clock: Arc<dyn Clock>,
    /// Channels of Splunk are drawn from it.
    pub random: Arc<dyn Random>,
}

/// The destinations and functions of a server.
pub struct Outside {
    parts: Parts,
    functions: Arc<FunctionCalls>,
}

impl Outside {
    /// Puts them together.
    pub fn new(parts: Parts) -> Self {
        let functions = FunctionCalls::new(
            parts.functions.clone(),
            parts.outbound.clone(),
            parts.machine_clock.clone(),
        );
        Outside { parts, functions: Arc::new(functions) }
    }
}

impl Sinks for Outside {
    fn objects(&self) -> Arc<dyn ObjectStorage> {
        self.parts.objects.clone()
    }

    fn records(
        &self,
        _sender: &Sender,
        destination: &RecordDestination,
    ) -> Result<Arc<dyn RecordSink>, String> {
        let Parts { outbound, clusters, clock, machine_clock, random, .. } = &self.parts;
        let outbound = outbound.clone();
        Ok(match destination {
            RecordDestination::Http(http) => {
                Arc::new(HttpEndpoint::new(http, outbound, clock.clone())?)
            }
            RecordDestination::Splunk(splunk) => {
                Arc::new(Splunk::new(splunk, outbound, clock.clone(), &**random)?)
            }
            RecordDestination::Search(search) => {
                Arc::new(Search::new(search, clusters, outbound, machine_clock.clone())?)
            }
            RecordDestination::Redshift(redshift) => {
                let parts = RedshiftParts {
                    outbound,
                    objects: self.parts.objects.clone(),
                    configuration: self.parts.redshift.clone(),
                };
                Arc::new(RedshiftSink::new(parts, redshift.clone())?)
            }
        })
    }

    fn functions(&self) -> Arc<dyn Functions> {
        self.functions.clone()
    }

    fn table(&self, table: &TableName) -> Result<Arc<TableSchema>, String> {
        self.parts.declared.table(table).map(Arc::new)
    }

    fn secret(&self, arn: &str) -> Result<BTreeMap<String, String>, String> {
        self.parts.declared.secret(arn)
    }
}
