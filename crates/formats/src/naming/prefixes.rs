//! The two prefixes of a destination, with what Firehose adds to them.

use super::error::NamingError;
use super::prefix::{Part, Prefix};

/// What is added to a prefix that does not say when (developer guide, "Semantic rules").
const DEFAULT_TIME: &str = "!{timestamp:yyyy/MM/dd/HH/}";

/// The prefixes of data and of errors, ready to be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// For what is delivered.
    pub data: Prefix,
    /// For what could not be processed or delivered.
    pub errors: Prefix,
}

impl Prefixes {
    /// What `Prefix` and `ErrorOutputPrefix` come to.
    ///
    /// - Data: without a timestamp and without a partition key, `yyyy/MM/dd/HH/` is added, with no `/` before it.
    /// - Errors: the error prefix if it has expressions, as it stands. Else the error prefix, or where there is none
    ///   the prefix of data, then the folder of the type of error and `yyyy/MM/dd/HH/`.
    ///
    /// An empty text is as none. Whether they may be used together is what [`super::check_prefix`] says.
    ///
    /// # Errors
    /// As [`Prefix::parse`].
    pub fn new(prefix: Option<&str>, error_prefix: Option<&str>) -> Result<Self, NamingError> {
        let prefix = Prefix::parse(prefix.unwrap_or_default())?;
        let error_prefix = error_prefix.filter(|text| !text.is_empty()).map(Prefix::parse);
        let errors = match error_prefix.transpose()? {
            Some(errors) if errors.has_expressions() => errors,
            Some(errors) => errors.followed_by(of_errors()?),
            // Only a prefix without expressions may stand alone; if it has some, they name no error.
            None => prefix.clone().followed_by(of_errors()?),
        };
        let places = |part: &Part| matches!(part, Part::Timestamp(_) | Part::PartitionKey(..));
        let data = match prefix.has(places) {
            true => prefix,
            false => prefix.followed_by(Prefix::parse(DEFAULT_TIME)?),
        };
        Ok(Prefixes { data, errors })
    }
}

/// What is added to a prefix of errors that does not say what and when.
fn of_errors() -> Result<Prefix, NamingError> {
    Ok(Prefix::error_folder().followed_by(Prefix::parse(DEFAULT_TIME)?))
}
