//! Loading a staged object into a PostgreSQL that stands in Redshift's place.

use bytes::Bytes;
use futures_util::SinkExt;
use millstream_firehose::settings::RedshiftDestination;
use millstream_firehose::sink::StagedObject;
use tokio_postgres::Client;

use super::copy_options::{self, CopyOptions, RowFormat};
use super::rows::{self, Column};
use super::statement;

/// Bytes that are sent at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Why an object was not loaded: nothing of it was.
pub enum Failure {
    /// What the server or the connection says.
    Server(tokio_postgres::Error),
    /// What is wrong with the object or the options.
    Object(String),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::Server(error)
    }
}

/// Loads all rows of an object, or none.
pub async fn load(
    client: &Client,
    destination: &RedshiftDestination,
    staged: &StagedObject,
) -> Result<(), Failure> {
    let options = copy_options::parse(destination.copy_options.as_deref().unwrap_or_default());
    let options = options.map_err(Failure::Object)?;
    if matches!(options.format, RowFormat::Csv { .. }) && options.ignore_header > 1 {
        let text = "CopyOptions: of CSV, PostgreSQL passes over one line at most (IGNOREHEADER)";
        return Err(Failure::Object(text.to_owned()));
    }
    let columns = columns(client, destination).await?;
    let body = staged.body.clone();
    let parsed = tokio::task::spawn_blocking({
        let (options, columns) = (options.clone(), columns.clone());
        move || {
            let plain = rows::plain(&body, options.gzip)?;
            rows::text_rows(&plain, &options, &columns)
        }
    });
    let rows =
        parsed.await.unwrap_or_else(|error| Err(error.to_string())).map_err(Failure::Object)?;
    let copy =
        format!("COPY {} FROM STDIN WITH ({})", target(destination, &columns), format(&options));
    let sink = client.copy_in::<_, Bytes>(&copy).await?;
    let mut sink = std::pin::pin!(sink);
    let mut rows = Bytes::from(rows);
    while !rows.is_empty() {
        let chunk = rows.split_to(rows.len().min(CHUNK_BYTES));
        sink.send(chunk).await?;
    }
    sink.as_mut().finish().await?;
    Ok(())
}

/// The columns that are loaded, in their order: those that are named, else all of the table.
async fn columns(
    client: &Client,
    destination: &RedshiftDestination,
) -> Result<Vec<Column>, Failure> {
    const QUERY: &str = "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
        WHERE attrelid = ($1::text)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    let rows = client.query(QUERY, &[&&*destination.table]).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let is_text = kind.starts_with("character") || kind == "text" || kind == "\"char\"";
        all.push(Column { name, is_text });
    }
    let Some(named) = destination.columns.as_deref().filter(|named| !named.trim().is_empty())
    else {
        return Ok(all);
    };
    named.split(',').map(|name| column(name.trim(), &all)).collect()
}

/// A column by its name as SQL writes it: quoted as it is, else in lower case.
fn column(written: &str, all: &[Column]) -> Result<Column, Failure> {
    let name = match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    };
    let found = all.iter().find(|column| column.name == name).cloned();
    found.ok_or_else(|| {
        Failure::Object(format!("DataTableColumns: the table has no column {written}"))
    })
}

fn target(destination: &RedshiftDestination, columns: &[Column]) -> String {
    match destination.columns {
        Some(_) => statement::target(destination),
        None => {
            let quoted = |column: &Column| format!("\"{}\"", column.name.replace('"', "\"\""));
            let names: Vec<String> = columns.iter().map(quoted).collect();
            format!("{} ({})", destination.table, names.join(", "))
        }
    }
}

/// How the rows are sent.
fn format(options: &CopyOptions) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match &options.format {
        RowFormat::Csv { delimiter, quote } => format!(
            "FORMAT csv, DELIMITER {}, QUOTE {}, NULL {}, HEADER {}",
            literal(&delimiter.to_string()),
            literal(&quote.to_string()),
            // Redshift's CSV takes an empty field for NULL where the column is not of a kind of text.
            literal(if options.null == "\\N" { "" } else { &options.null }),
            options.ignore_header == 1,
        ),
        RowFormat::Delimited { .. } | RowFormat::Json { .. } => "FORMAT text".to_owned(),
    }
}
