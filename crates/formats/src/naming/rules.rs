//! Which expressions may stand where (developer guide, "Semantic rules").

use millstream_types::Millis;

use super::error::NamingError;
use super::object::ErrorType;
use super::prefix::{Kind, Part, Prefix, Values};
use super::prefixes::Prefixes;
use super::zone::Zone;

/// The partition keys that a delivery stream makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys<'a> {
    /// Those of the metadata extraction, if there is one. Its query is taken apart elsewhere.
    pub query: Option<&'a [&'a str]>,
    /// Whether a function transforms records: it may make any.
    pub function: bool,
}

/// Checks `Prefix` and `ErrorOutputPrefix` of one destination; an empty text is as none. `partitioned` says whether
/// dynamic partitioning is on.
///
/// # Errors
/// The first rule that is broken.
pub fn check_prefix(
    prefix: Option<&str>,
    error_prefix: Option<&str>,
    partitioned: bool,
    keys: Keys<'_>,
) -> Result<(), NamingError> {
    let parsed = Prefix::parse(prefix.unwrap_or_default())?;
    let errors = error_prefix.filter(|text| !text.is_empty()).map(Prefix::parse).transpose()?;
    if parsed.has(|part| *part == Part::ErrorType) {
        return Err(NamingError::ErrorTypeOfData);
    }
    check_partition_keys(&parsed, partitioned, keys)?;
    match &errors {
        None if parsed.has_expressions() => return Err(NamingError::NoErrorPrefix),
        None if partitioned => return Err(NamingError::NoErrorPrefixOfPartitions),
        None => {}
        Some(errors) => check_errors(errors)?,
    }
    check_length(&Prefixes::new(prefix, error_prefix)?)
}

fn check_partition_keys(
    prefix: &Prefix,
    partitioned: bool,
    keys: Keys<'_>,
) -> Result<(), NamingError> {
    let used = prefix.partition_keys();
    match (partitioned, used.is_empty()) {
        (false, false) => return Err(NamingError::NotPartitioned),
        (true, true) => return Err(NamingError::NoPartitionKey),
        (false, true) | (true, false) => {}
    }
    for (kind, key) in used {
        match (kind, keys.query) {
            (Kind::Query, None) => return Err(NamingError::NoProcessor(kind)),
            (Kind::Query, Some(made)) if !made.contains(&key) => {
                return Err(NamingError::UnknownKey(key.to_owned()));
            }
            (Kind::Function, _) if !keys.function => return Err(NamingError::NoProcessor(kind)),
            (Kind::Query, Some(_)) | (Kind::Function, _) => {}
        }
    }
    Ok(())
}

fn check_errors(errors: &Prefix) -> Result<(), NamingError> {
    if errors.has(|part| matches!(part, Part::PartitionKey(..))) {
        return Err(NamingError::PartitionedErrors);
    }
    if errors.has_expressions() && !errors.has(|part| *part == Part::ErrorType) {
        return Err(NamingError::NoErrorType);
    }
    Ok(())
}

/// Refuses what is too long whatever it is evaluated with; values of partition keys come on top.
fn check_length(prefixes: &Prefixes) -> Result<(), NamingError> {
    let zone = Zone::utc();
    for (prefix, error_type) in
        [(&prefixes.data, None), (&prefixes.errors, Some(ErrorType::Processing.as_str()))]
    {
        prefix.evaluate(Values {
            at: Millis(0),
            zone: &zone,
            error_type,
            partition: &|_, _| Some(""),
            random: &mut |bytes| bytes.fill(0),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
