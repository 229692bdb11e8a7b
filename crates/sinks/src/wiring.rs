//! All that is outside, as one: what the binary hands to Firehose.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_firehose::settings::{RecordDestination, TableName};
use millstream_firehose::sink::{
    Functions, ObjectStorage, RecordSink, RefusedRecord, Sender, Sinks, TableSchema,
};
use millstream_types::{Clock, Random};

use crate::function::{FunctionCalls, FunctionSettings};
use crate::http_endpoint::{Division, HttpEndpoint};
use crate::opensearch::{Search, SearchCluster};
use crate::outbound::Outbound;
use crate::progress::{Progress, Settled};
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
    progress: AllProgress,
}

/// What attempts at plans got done, by kind of destination. It is kept here, so that it outlives the sinks: one is made
/// anew when a pipeline begins again, and with each secret.
#[derive(Default)]
struct AllProgress {
    http: Arc<Progress<Division>>,
    splunk: Arc<Progress<Vec<RefusedRecord>>>,
    search: Arc<Progress<Settled>>,
}

impl Outside {
    /// Puts them together.
    pub fn new(parts: Parts) -> Self {
        let functions = FunctionCalls::new(
            parts.functions.clone(),
            parts.outbound.clone(),
            parts.machine_clock.clone(),
        );
        Outside { parts, functions: Arc::new(functions), progress: AllProgress::default() }
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
        let (outbound, clock) = (outbound.clone(), clock.clone());
        let AllProgress { http: taken, splunk: refused, search: settled } = &self.progress;
        Ok(match destination {
            RecordDestination::Http(http) => {
                Arc::new(HttpEndpoint::new(http, outbound, clock, taken.clone())?)
            }
            RecordDestination::Splunk(splunk) => {
                Arc::new(Splunk::new(splunk, outbound, clock, &**random, refused.clone())?)
            }
            RecordDestination::Search(search) => {
                let clock = machine_clock.clone();
                Arc::new(Search::new(search, clusters, outbound, clock, settled.clone())?)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use millstream_firehose::settings::{Encryption, HttpDestination};
    use millstream_firehose::sink::{Object, Put, SinkError, SinkFuture};
    use millstream_types::SeededRandom;
    use serde_json::{Value, json};

    use super::*;
    use crate::outbound::stand_in::{StandIn, answer};
    use crate::samples::{clock, outbound, parcel, sender};

    /// Has no buckets, secrets or tables.
    struct Nothing;

    impl ObjectStorage for Nothing {
        fn accepts(&self, _: &str, _: &Encryption) -> Result<(), String> {
            Err("there are no buckets".into())
        }

        fn is_outward(&self, _: &str) -> bool {
            false
        }

        fn put<'a>(
            &'a self,
            _: &'a Sender,
            _: &'a Object,
        ) -> SinkFuture<'a, Result<Put, SinkError>> {
            Box::pin(std::future::ready(Err(crate::failure::retry("S3", "there are no buckets"))))
        }
    }

    impl Declared for Nothing {
        fn secret(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
            Err("there are no secrets".into())
        }

        fn table(&self, _: &TableName) -> Result<TableSchema, String> {
            Err("there are no tables".into())
        }
    }

    #[tokio::test]
    async fn what_an_attempt_got_done_outlives_its_sink() {
        let calls = AtomicUsize::new(0);
        let server = StandIn::start(move |request| {
            if calls.fetch_add(1, Ordering::SeqCst) == 1 {
                return answer(500, &[], "later");
            }
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let reply = json!({"requestId": body["requestId"], "timestamp": 1});
            answer(200, &[("content-type", "application/json")], reply.to_string())
        })
        .await;
        let outside = Outside::new(Parts {
            outbound: outbound(),
            objects: Arc::new(Nothing),
            functions: FunctionSettings::default(),
            clusters: Vec::new(),
            redshift: RedshiftConfiguration::default(),
            declared: Arc::new(Nothing),
            clock: clock(),
            machine_clock: clock(),
            random: Arc::new(SeededRandom::new(1)),
        });
        let destination = RecordDestination::Http(HttpDestination {
            url: server.url("/").into(),
            name: None,
            access_key: None,
            gzip: false,
            common_attributes: Vec::new(),
        });
        let parcel = parcel(&[&b"x"[..]; 10_001]);
        // A sink is made anew when a pipeline begins again.
        let sink = || outside.records(&sender(), &destination).unwrap();
        sink().deliver(&parcel).await.unwrap_err();
        assert_eq!(sink().deliver(&parcel).await, Ok(Vec::new()));
        let counts: Vec<usize> = server
            .requests()
            .iter()
            .map(|request| {
                let body: Value = serde_json::from_slice(request.body()).unwrap();
                body["records"].as_array().unwrap().len()
            })
            .collect();
        assert_eq!(counts, [10_000, 1, 1]);
    }
}
