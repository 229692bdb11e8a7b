//! The stand-in for a table of the Glue Data Catalog: a document per table, as `aws glue get-table` prints it.

mod hive_type;

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use super::limits::{DOCUMENT_BYTES_MAX, SCHEMA_NODES_MAX};

/// The columns that records are converted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The columns, in the table's order. Never empty; no two names are the same but for case.
    pub columns: Vec<Field>,
    /// The table's version, where the document has one.
    pub version_id: Option<String>,
}

/// A column, or a member of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name as the table spells it.
    pub name: String,
    /// Its type.
    pub kind: Type,
}

/// A Hive type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Hive's own names, in Hive's own terms")]
pub enum Type {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    String,
    /// With at most so many characters.
    Varchar(u32),
    /// With at most so many characters.
    Char(u32),
    Binary,
    Date,
    Timestamp,
    /// Digits in all, of them after the point.
    Decimal(u8, u8),
    Array(Box<Type>),
    /// The keys' type is none that holds others.
    Map(Box<Type>, Box<Type>),
    /// Never empty; no two names are the same but for case.
    Struct(Vec<Field>),
}

/// Why a table's document is no schema. The text names the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError(pub String);

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

impl Schema {
    /// Reads what `aws glue get-table` or `get-table-version` prints, or the table alone. Of it count
    /// `StorageDescriptor.Columns` (partition keys are in no file) and `VersionId`; all else may be there.
    pub fn parse(document: &str) -> Result<Self, SchemaError> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(fault(format!("The table's document is over {DOCUMENT_BYTES_MAX} bytes.")));
        }
        let document: Value = serde_json::from_str(document)
            .map_err(|e| fault(format!("The table's document is no JSON: {e}.")))?;
        let outer = document.get("TableVersion").unwrap_or(&document);
        let table = outer.get("Table").unwrap_or(outer);
        let columns = table
            .get("StorageDescriptor")
            .and_then(|descriptor| descriptor.get("Columns"))
            .and_then(Value::as_array)
            .ok_or_else(|| fault("The table has no StorageDescriptor.Columns.".to_owned()))?;
        let columns = columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() {
            return Err(fault("The table has no columns.".to_owned()));
        }
        if let Some(name) = repeated(&columns) {
            return Err(fault(format!("The table has the column {name} twice.")));
        }
        if columns.iter().map(|column| column.kind.nodes()).sum::<usize>() > SCHEMA_NODES_MAX {
            return Err(fault(format!("The table has over {SCHEMA_NODES_MAX} types in all.")));
        }
        let version = table.get("VersionId").or_else(|| outer.get("VersionId"));
        let version_id = version.and_then(Value::as_str).map(str::to_owned);
        Ok(Self { columns, version_id })
    }

    /// Where a table's document is, within the directory that holds them: `DATABASE/TABLE.json`. Refused are names that
    /// would lead anywhere else.
    pub fn path(database: &str, table: &str) -> Result<String, SchemaError> {
        for name in [database, table] {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if name.is_empty()
                || name.len() > 200
                || name.starts_with('.')
                || !name.chars().all(plain)
            {
                return Err(fault(format!("{name:?} cannot be the name of a database or table.")));
            }
        }
        Ok(format!("{database}/{table}.json"))
    }
}

impl Type {
    /// Reads a type as Hive and Glue spell it.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        hive_type::parse(text).map_err(SchemaError)
    }

    /// Whether values of this type hold no others.
    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Map(..) | Self::Struct(_))
    }

    /// How many types this is, those inside it counted too.
    pub(crate) fn nodes(&self) -> usize {
        1 + match self {
            Self::Array(element) => element.nodes(),
            Self::Map(key, value) => key.nodes() + value.nodes(),
            Self::Struct(fields) => fields.iter().map(|field| field.kind.nodes()).sum(),
            _ => 0,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Varchar(most) => write!(f, "varchar({most})"),
            Self::Char(most) => write!(f, "char({most})"),
            Self::Binary => f.write_str("binary"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}`{}`:{}", field.name.replace('`', "``"), field.kind)?;
                }
                f.write_str(">")
            }
        }
    }
}

fn column(column: &Value) -> Result<Field, SchemaError> {
    let name = column.get("Name").and_then(Value::as_str).unwrap_or_default();
    if name.trim().is_empty() {
        return Err(fault("The table has a column without a name.".to_owned()));
    }
    let Some(kind) = column.get("Type").and_then(Value::as_str) else {
        return Err(fault(format!("The column {name} has no type.")));
    };
    let kind = hive_type::parse(kind).map_err(|why| fault(format!("The column {name}: {why}")))?;
    Ok(Field { name: name.to_owned(), kind })
}

/// The first name that is there twice, whatever its case: Hive's names have none.
fn repeated(fields: &[Field]) -> Option<&str> {
    let mut seen = HashSet::with_capacity(fields.len());
    let mut names = fields.iter().map(|field| field.name.as_str());
    names.find(|name| !seen.insert(name.to_lowercase()))
}

fn fault(text: String) -> SchemaError {
    SchemaError(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{"Table": {"Name": "events", "DatabaseName": "db", "Owner": "hadoop", "CreateTime": 1,
        "StorageDescriptor": {"Columns": [
            {"Name": "ticker", "Type": "string", "Comment": "the symbol"},
            {"Name": "Price", "Type": "double"}], "Location": "s3://bucket/"},
        "PartitionKeys": [{"Name": "day", "Type": "string"}], "VersionId": "7"}}"#;

    #[test]
    fn what_glue_prints_is_a_schema() {
        let schema = Schema::parse(PRINTED).unwrap();
        let names: Vec<_> = schema.columns.iter().map(|c| (c.name.as_str(), &c.kind)).collect();
        assert_eq!(names, [("ticker", &Type::String), ("Price", &Type::Double)]);
        assert_eq!(schema.version_id.as_deref(), Some("7"));
        let printed: Value = serde_json::from_str(PRINTED).unwrap();
        let table = printed["Table"].to_string();
        assert_eq!(Schema::parse(&table).unwrap(), schema);
        let version = format!(r#"{{"TableVersion": {{"Table": {table}, "VersionId": "7"}}}}"#);
        assert_eq!(Schema::parse(&version).unwrap(), schema);
    }

    #[test]
    fn documents_without_usable_columns_are_refused_by_name() {
        let with = |columns: &str| {
            Schema::parse(&format!(r#"{{"StorageDescriptor": {{"Columns": {columns}}}}}"#))
                .unwrap_err()
                .0
        };
        assert_eq!(with("[]"), "The table has no columns.");
        assert_eq!(with("7"), "The table has no StorageDescriptor.Columns.");
        assert_eq!(with("[null]"), "The table has a column without a name.");
        assert_eq!(with(r#"[{"Name": "a"}]"#), "The column a has no type.");
        assert!(with(r#"[{"Name": "a", "Type": "uniontype<int>"}]"#).starts_with("The column a: "));
        let twice = r#"[{"Name": "a", "Type": "int"}, {"Name": "A", "Type": "int"}]"#;
        assert_eq!(with(twice), "The table has the column A twice.");
        let wide = format!(r#"[{{"Name": "a", "Type": "struct<{}z:int>"}}]"#, {
            (0..5_000).map(|i| format!("m{i}:int,")).collect::<String>()
        });
        assert!(with(&wide).contains("types in all"));
        assert!(Schema::parse("{").is_err());
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        assert_eq!(Schema::path("db", "t.v1").unwrap(), "db/t.v1.json");
        for (database, table) in
            [("..", "t"), ("db", "../t"), ("db", ""), ("a/b", "t"), ("db", "a\\b")]
        {
            assert!(Schema::path(database, table).is_err(), "{database} {table}");
        }
    }
}
