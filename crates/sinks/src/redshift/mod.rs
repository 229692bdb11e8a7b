//! Redshift: an object that was staged in S3 is loaded by COPY over the PostgreSQL protocol. Where the server says that
//! it is PostgreSQL itself, the same object is loaded with COPY FROM STDIN, by what `CopyOptions` mean.
//!
//! At least once: a connection that breaks while a COPY is committed leaves open whether it was.

mod copy_options;
mod jdbc;
mod load;
mod rows;
mod statement;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_firehose::settings::RedshiftDestination;
use millstream_firehose::sink::{
    Object, ObjectStorage, Parcel, RecordSink, RefusedRecord, SinkError, SinkFuture, StagedObject,
    Then,
};
use rustls::pki_types::ServerName;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};

use crate::outbound::Outbound;

/// How long COPY is waited for before it is tried again (developer guide, "Amazon Redshift destination settings").
const RETRY_AFTER: Duration = Duration::from_secs(5 * 60);
/// How long a COPY may take until the cluster counts as slow.
const COPY_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the binary's configuration says of clusters.
#[derive(Clone, Default)]
pub struct RedshiftConfiguration {
    /// Where clusters are really, by the host in their JDBC URL: AWS's pattern allows names of Redshift only.
    pub hosts: HashMap<String, ClusterAddress>,
}

/// Where a cluster is really.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAddress {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is in the clear: for a server on the same machine.
    pub plain: bool,
    /// How long to wait before a COPY is tried again; AWS's five minutes if absent.
    pub retry_after: Option<Duration>,
}

/// What all sinks of Redshift share.
#[derive(Clone)]
pub struct RedshiftParts {
    /// Connects, by the rule of destinations.
    pub outbound: Arc<Outbound>,
    /// Where manifests go.
    pub objects: Arc<dyn ObjectStorage>,
    /// Addresses and times.
    pub configuration: RedshiftConfiguration,
}

/// A session with a server. With it its connection ends, whatever the server has still to answer.
struct Session {
    client: Client,
    _connection: Connection,
}

/// The task that speaks on a connection.
struct Connection(JoinHandle<Result<(), tokio_postgres::Error>>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Loads one delivery stream's objects.
pub struct RedshiftSink {
    parts: RedshiftParts,
    destination: RedshiftDestination,
    address: ClusterAddress,
    database: String,
}

impl RedshiftSink {
    /// Checks the configuration. The text says what cannot be done.
    pub fn new(parts: RedshiftParts, destination: RedshiftDestination) -> Result<Self, String> {
        let cluster = jdbc::parse(&destination.jdbc_url)?;
        let real = parts.configuration.hosts.get(&cluster.host).cloned();
        let address = real.unwrap_or(ClusterAddress {
            host: cluster.host,
            port: cluster.port,
            plain: false,
            retry_after: None,
        });
        let accepted = parts.outbound.accepts_host(&address.host, address.port, !address.plain);
        accepted.map_err(|error| format!("ClusterJDBCURL: {error}"))?;
        Ok(RedshiftSink { parts, destination, address, database: cluster.database })
    }

    async fn load(&self, parcel: &Parcel) -> Result<(), SinkError> {
        let staged = parcel
            .staged
            .as_ref()
            .ok_or_else(|| self.error("Redshift.InternalError", "nothing is staged"))?;
        let connected = timeout(CONNECT_TIMEOUT, self.connect()).await;
        let session = connected
            .map_err(|_| self.error("Redshift.ConnectionFailed", "connecting took too long"))??;
        self.copy(&session.client, parcel, staged).await
    }

    async fn connect(&self) -> Result<Session, SinkError> {
        let (host, port) = (self.address.host.as_str(), self.address.port);
        let stream = self.parts.outbound.connect(host, port, !self.address.plain).await;
        let stream =
            stream.map_err(|error| self.error("Redshift.ConnectionFailed", &error.to_string()))?;
        let mut config = tokio_postgres::Config::new();
        config
            .user(&*self.destination.user)
            .password(&*self.destination.password.0)
            .dbname(&self.database);
        config.application_name("millstream");
        if self.address.plain {
            let (client, connection) =
                config.connect_raw(stream, NoTls).await.map_err(|error| self.fault(&error))?;
            return Ok(Session { client, _connection: Connection(tokio::spawn(connection)) });
        }
        config.ssl_mode(SslMode::Require);
        let name = ServerName::try_from(host.to_owned());
        let host =
            name.map_err(|error| self.error("Redshift.ConnectionFailed", &error.to_string()))?;
        let begin = tls::Begin { config: self.parts.outbound.tls(), host };
        let (client, connection) =
            config.connect_raw(stream, begin).await.map_err(|error| self.fault(&error))?;
        Ok(Session { client, _connection: Connection(tokio::spawn(connection)) })
    }

    async fn copy(
        &self,
        client: &Client,
        parcel: &Parcel,
        staged: &StagedObject,
    ) -> Result<(), SinkError> {
        let fault = |error: tokio_postgres::Error| self.fault(&error);
        let version = client.query_one("SELECT version()", &[]).await;
        let version: String = match version {
            Ok(row) => row.try_get(0).map_err(fault)?,
            Err(error) => return Err(self.fault(&error)),
        };
        parcel.pulse.beat_for(COPY_PATIENCE);
        if !version.contains("Redshift") {
            return load::load(client, &self.destination, staged).await.map_err(|failure| {
                match failure {
                    load::Failure::Server(error) => self.fault(&error),
                    load::Failure::Object(why) => self.error("Redshift.DataLoadError", &why),
                }
            });
        }
        let key = statement::manifest_key(&staged.key);
        self.put_manifest(parcel, staged, key.clone()).await?;
        let copy = statement::copy(&self.destination, &staged.bucket, &key);
        client.batch_execute(&copy).await.map_err(fault)
    }

    async fn put_manifest(
        &self,
        parcel: &Parcel,
        staged: &StagedObject,
        key: String,
    ) -> Result<(), SinkError> {
        let object = Object {
            bucket: staged.bucket.clone(),
            key,
            body: Bytes::from(statement::manifest(&staged.bucket, &staged.key)),
            content_type: "application/json",
            content_encoding: None,
            encryption: staged.encryption.clone(),
            bucket_owner: None,
            storage_class: None,
        };
        self.parts.objects.put(&parcel.sender, &object).await?;
        Ok(())
    }

    fn error(&self, code: &str, message: &str) -> SinkError {
        let after = self.address.retry_after.unwrap_or(RETRY_AFTER);
        SinkError {
            code: code.to_owned(),
            message: message.to_owned(),
            then: Then::RetryAfter(after),
        }
    }

    /// A failure as the server or the connection tells it. Codes: Firehose's developer guide, "Amazon Redshift data
    /// delivery errors"; by SQLSTATE.
    fn fault(&self, error: &tokio_postgres::Error) -> SinkError {
        let Some(told) = error.as_db_error() else {
            let code =
                if error.is_closed() { "Redshift.ConnectionReset" } else { "Redshift.JDBCError" };
            return self.error(code, &error.to_string());
        };
        self.error(code_of(told.code().code()), told.message())
    }
}

/// The delivery log's code of an SQLSTATE.
fn code_of(state: &str) -> &'static str {
    match state {
        "28000" | "28P01" => "Redshift.AuthenticationFailed",
        "42501" => "Redshift.AccessDenied",
        "42P01" => "Redshift.TableNotFound",
        "42703" => "Redshift.ColumnNotFound",
        "42601" => "Redshift.SyntaxError",
        "3D000" => "Redshift.DatabaseNotFound",
        "53100" => "Redshift.DiskFull",
        "53300" => "Redshift.TooManyConnections",
        "57014" => "Redshift.QueryCancelled",
        state if state.starts_with("22") || state.starts_with("23") => "Redshift.DataLoadError",
        _ => "Redshift.JDBCError",
    }
}

impl RecordSink for RedshiftSink {
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        Box::pin(async move {
            self.load(parcel).await?;
            Ok(Vec::new())
        })
    }

    /// The object stays where it is; a manifest under `errors/` lists it, fit for a COPY by hand.
    fn gave_up<'a>(&'a self, parcel: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        Box::pin(async move {
            let Some(staged) = &parcel.staged else { return Ok(()) };
            self.put_manifest(parcel, staged, statement::failed_manifest_key(&staged.key)).await
        })
    }
}
