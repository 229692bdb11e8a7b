//! Rows in columns: schemas, SerDes, Parquet and ORC.
