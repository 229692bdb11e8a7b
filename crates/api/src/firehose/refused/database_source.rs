//! Databases as sources: shapes only, the source is refused.

use millstream_types::Millis;

use crate::firehose::texts::NON_EMPTY_STRING_WITHOUT_WHITESPACE;
use crate::firehose::{FailureDescription, SecretsManagerConfiguration};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// A database, as it is set up.
    pub struct DatabaseSourceConfiguration {
        /// The kind of database.
        kind: DatabaseType = "Type", required, DatabaseType::SHAPE;
        /// The host.
        endpoint: String = "Endpoint", required, Shape::Text(&DATABASE_ENDPOINT);
        /// The port.
        port: i32 = "Port", required, Shape::Integer(Range::of(0, 65_535));
        /// Whether the connection is encrypted.
        ssl_mode: Option<SSLMode> = "SSLMode", optional, SSLMode::SHAPE;
        /// The databases.
        databases: DatabaseList = "Databases", required, Shape::Structure(DatabaseList::SHAPE);
        /// The tables.
        tables: DatabaseTableList = "Tables", required, Shape::Structure(DatabaseTableList::SHAPE);
        /// The columns.
        columns: Option<DatabaseColumnList> = "Columns", optional,
            Shape::Structure(DatabaseColumnList::SHAPE);
        /// Columns that stand in for a primary key.
        surrogate_keys: Option<Vec<String>> = "SurrogateKeys", optional,
            Shape::List(&DATABASE_SURROGATE_KEY_LIST);
        /// The table that marks the progress of snapshots.
        snapshot_watermark_table: String = "SnapshotWatermarkTable", required,
            Shape::Text(&DATABASE_TABLE_NAME);
        /// The secret that holds the credentials.
        database_source_authentication_configuration: DatabaseSourceAuthenticationConfiguration =
            "DatabaseSourceAuthenticationConfiguration", required,
            Shape::Structure(DatabaseSourceAuthenticationConfiguration::SHAPE);
        /// The network that the database is in.
        database_source_vpc_configuration: DatabaseSourceVPCConfiguration =
            "DatabaseSourceVPCConfiguration", required,
            Shape::Structure(DatabaseSourceVPCConfiguration::SHAPE);
    }
}

record! {
    /// A database, as it is described.
    pub struct DatabaseSourceDescription {
        /// The kind of database.
        kind: Option<DatabaseType> = "Type", optional, DatabaseType::SHAPE;
        /// The host.
        endpoint: Option<String> = "Endpoint", optional, Shape::Text(&DATABASE_ENDPOINT);
        /// The port.
        port: Option<i32> = "Port", optional, Shape::Integer(Range::of(0, 65_535));
        /// Whether the connection is encrypted.
        ssl_mode: Option<SSLMode> = "SSLMode", optional, SSLMode::SHAPE;
        /// The databases.
        databases: Option<DatabaseList> = "Databases", optional,
            Shape::Structure(DatabaseList::SHAPE);
        /// The tables.
        tables: Option<DatabaseTableList> = "Tables", optional,
            Shape::Structure(DatabaseTableList::SHAPE);
        /// The columns.
        columns: Option<DatabaseColumnList> = "Columns", optional,
            Shape::Structure(DatabaseColumnList::SHAPE);
        /// Columns that stand in for a primary key.
        surrogate_keys: Option<Vec<String>> = "SurrogateKeys", optional,
            Shape::List(&DATABASE_COLUMN_INCLUDE_OR_EXCLUDE_LIST);
        /// The table that marks the progress of snapshots.
        snapshot_watermark_table: Option<String> = "SnapshotWatermarkTable", optional,
            Shape::Text(&DATABASE_TABLE_NAME);
        /// The snapshots.
        snapshot_info: Option<Vec<DatabaseSnapshotInfo>> = "SnapshotInfo", optional,
            Shape::List(&DATABASE_SNAPSHOT_INFO_LIST);
        /// The secret that holds the credentials.
        database_source_authentication_configuration: Option<DatabaseSourceAuthenticationConfiguration> =
            "DatabaseSourceAuthenticationConfiguration", optional,
            Shape::Structure(DatabaseSourceAuthenticationConfiguration::SHAPE);
        /// The network that the database is in.
        database_source_vpc_configuration: Option<DatabaseSourceVPCConfiguration> =
            "DatabaseSourceVPCConfiguration", optional,
            Shape::Structure(DatabaseSourceVPCConfiguration::SHAPE);
    }
}

text_enum! {
    /// The kind of a database.
    pub enum DatabaseType {
        /// MySQL.
        MySql = "MySQL",
        /// PostgreSQL.
        PostgreSql = "PostgreSQL",
    }
}

text_enum! {
    /// Whether a connection is encrypted.
    pub enum SSLMode {
        /// No.
        Disabled = "Disabled",
        /// Yes.
        Enabled = "Enabled",
    }
}

record! {
    /// Databases by pattern.
    pub struct DatabaseList {
        /// What is taken.
        include: Option<Vec<String>> = "Include", optional,
            Shape::List(&DATABASE_INCLUDE_OR_EXCLUDE_LIST);
        /// What is left out.
        exclude: Option<Vec<String>> = "Exclude", optional,
            Shape::List(&DATABASE_INCLUDE_OR_EXCLUDE_LIST);
    }
}

record! {
    /// Tables by pattern.
    pub struct DatabaseTableList {
        /// What is taken.
        include: Option<Vec<String>> = "Include", optional,
            Shape::List(&DATABASE_TABLE_INCLUDE_OR_EXCLUDE_LIST);
        /// What is left out.
        exclude: Option<Vec<String>> = "Exclude", optional,
            Shape::List(&DATABASE_TABLE_INCLUDE_OR_EXCLUDE_LIST);
    }
}

record! {
    /// Columns by pattern.
    pub struct DatabaseColumnList {
        /// What is taken.
        include: Option<Vec<String>> = "Include", optional,
            Shape::List(&DATABASE_COLUMN_INCLUDE_OR_EXCLUDE_LIST);
        /// What is left out.
        exclude: Option<Vec<String>> = "Exclude", optional,
            Shape::List(&DATABASE_COLUMN_INCLUDE_OR_EXCLUDE_LIST);
    }
}

record! {
    /// How a database is logged in to.
    pub struct DatabaseSourceAuthenticationConfiguration {
        /// The secret that holds the credentials.
        secrets_manager_configuration: SecretsManagerConfiguration =
            "SecretsManagerConfiguration", required,
            Shape::Structure(SecretsManagerConfiguration::SHAPE);
    }
}

record! {
    /// A private network.
    pub struct DatabaseSourceVPCConfiguration {
        /// The endpoint service.
        vpc_endpoint_service_name: String = "VpcEndpointServiceName", required,
            Shape::Text(&VPC_ENDPOINT_SERVICE_NAME);
    }
}

record! {
    /// A snapshot of a table.
    pub struct DatabaseSnapshotInfo {
        /// Its id.
        id: String = "Id", required, Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
        /// The table.
        table: String = "Table", required, Shape::Text(&DATABASE_TABLE_NAME);
        /// When it was asked for.
        request_timestamp: Millis = "RequestTimestamp", required, Shape::Timestamp;
        /// Who asked for it.
        requested_by: SnapshotRequestedBy = "RequestedBy", required, SnapshotRequestedBy::SHAPE;
        /// Its status.
        status: SnapshotStatus = "Status", required, SnapshotStatus::SHAPE;
        /// Why it failed.
        failure_description: Option<FailureDescription> = "FailureDescription", optional,
            Shape::Structure(FailureDescription::SHAPE);
    }
}

text_enum! {
    /// Who asked for a snapshot.
    pub enum SnapshotRequestedBy {
        /// The user.
        User = "USER",
        /// The service.
        Firehose = "FIREHOSE",
    }
}

text_enum! {
    /// The status of a snapshot.
    pub enum SnapshotStatus {
        /// Under way.
        InProgress = "IN_PROGRESS",
        /// Done.
        Complete = "COMPLETE",
        /// Halted.
        Suspended = "SUSPENDED",
    }
}

static DATABASE_ENDPOINT: Text = text(Range::of(1, 255), Some(&pattern::NOT_BLANK));
static DATABASE_SURROGATE_KEY_LIST: List =
    List { element: Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE), length: Range::ANY };
static DATABASE_TABLE_NAME: Text = text(Range::of(1, 129), Some(&pattern::BASIC_PLANE));
static DATABASE_COLUMN_NAME: Text = text(Range::of(1, 194), Some(&pattern::BASIC_PLANE));
static DATABASE_COLUMN_INCLUDE_OR_EXCLUDE_LIST: List =
    List { element: Shape::Text(&DATABASE_COLUMN_NAME), length: Range::ANY };
static DATABASE_SNAPSHOT_INFO_LIST: List =
    List { element: Shape::Structure(DatabaseSnapshotInfo::SHAPE), length: Range::ANY };
static DATABASE_NAME: Text = text(Range::of(1, 64), Some(&pattern::BASIC_PLANE));
static DATABASE_INCLUDE_OR_EXCLUDE_LIST: List =
    List { element: Shape::Text(&DATABASE_NAME), length: Range::ANY };
static DATABASE_TABLE_INCLUDE_OR_EXCLUDE_LIST: List =
    List { element: Shape::Text(&DATABASE_TABLE_NAME), length: Range::ANY };
static VPC_ENDPOINT_SERVICE_NAME: Text = text(Range::of(47, 255), Some(&pattern::VPC_ENDPOINT));
