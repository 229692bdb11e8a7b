//! Facts that operations meet, and the one table from them to AWS's codes and texts.
//!
//! Sources of the texts: replies of the service quoted in client trackers; where none is known they are ours.

use millstream_api::{Error, ErrorCode};
use millstream_catalog::{
    CatalogError, DeliveryEncryptionStatus, DeliveryStreamRefusal, DeliveryStreamStatus,
    Refusal as Why,
};
use millstream_replica::ReplicaError;
use millstream_types::{AccountId, DeliveryStreamName, Region};
use millstream_vault::{KeyError, KeyFault};

use crate::describe::{encryption_status_of, status_of};

/// Why an operation was refused.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// No delivery stream of this name; the regions of the account in which there is one.
    NotFound {
        /// The name.
        name: DeliveryStreamName,
        /// The account that was looked in.
        account: AccountId,
        /// Where else the name exists.
        elsewhere: Vec<Region>,
    },
    /// What is asked for makes no sense, or cannot be done. The text is for the client.
    Invalid(String),
    /// Too many calls.
    CallRate,
    /// The delivery stream's status forbids the call.
    Status {
        /// The name.
        name: DeliveryStreamName,
        /// Its account.
        account: AccountId,
        /// Its status.
        status: DeliveryStreamStatus,
    },
    /// The version is another than the one that the change was meant for.
    Version {
        /// The name.
        name: DeliveryStreamName,
        /// What it is.
        current: u64,
        /// What was given.
        given: String,
    },
    /// The catalog refused a change of the delivery stream.
    Change {
        /// The name.
        name: DeliveryStreamName,
        /// Its account.
        account: AccountId,
        /// Why.
        why: Why,
    },
    /// It is not known whether a change was made.
    ChangeUnknown(String),
    /// A master key cannot be used.
    Key(KeyError),
    /// The catalog could not answer.
    Catalog(String),
}

impl Refusal {
    /// An argument that cannot be.
    pub fn invalid(text: impl Into<String>) -> Self {
        Refusal::Invalid(text.into())
    }
}

impl From<CatalogError> for Refusal {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError(ReplicaError::Unknown(why)) => Refusal::ChangeUnknown(why.to_string()),
            CatalogError(why) => Refusal::Catalog(why.to_string()),
        }
    }
}

fn limit(text: String) -> Error {
    Error::new(ErrorCode::LimitExceededException, text)
}

fn in_use(text: String) -> Error {
    Error::new(ErrorCode::ResourceInUseException, text)
}

fn internal(text: &'static str) -> Error {
    Error::new(ErrorCode::InternalFailureException, text)
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound { name, account, elsewhere } => not_found(&name, account, &elsewhere),
            Refusal::Invalid(text) => Error::invalid_argument(text),
            Refusal::CallRate => Error::new(ErrorCode::ThrottlingException, "Rate exceeded"),
            Refusal::Status { name, account, status } => not_in_status(&name, account, status),
            Refusal::Version { name, current, given } => other_version(&name, current, &given),
            Refusal::Change { name, account, why } => change_refused(&name, account, why),
            Refusal::ChangeUnknown(error) => {
                tracing::error!(%error, "the outcome of a change is unknown");
                internal("Internal service failure: the change may have been made.")
            }
            Refusal::Key(error) => key_refused(error),
            Refusal::Catalog(error) => {
                tracing::error!(%error, "the catalog could not answer");
                internal("Internal service failure: the catalog could not answer.")
            }
        }
    }
}

fn not_found(name: &DeliveryStreamName, account: AccountId, elsewhere: &[Region]) -> Error {
    let mut text = format!("Firehose {name} under account {account} not found.");
    if !elsewhere.is_empty() {
        let regions: Vec<_> = elsewhere.iter().map(Region::as_str).collect();
        let regions = regions.join(", ");
        text.push_str(&format!(" (The account has a Firehose of this name in {regions}.)"));
    }
    Error::new(ErrorCode::ResourceNotFoundException, text)
}

fn not_in_status(
    name: &DeliveryStreamName,
    account: AccountId,
    status: DeliveryStreamStatus,
) -> Error {
    let status = status_of(status).as_str();
    in_use(format!(
        "Firehose {name} under account {account} is in state {status}, which does not allow the operation."
    ))
}

fn other_version(name: &DeliveryStreamName, current: u64, given: &str) -> Error {
    Error::new(
        ErrorCode::ConcurrentModificationException,
        format!(
            "Cannot update firehose: {name} since the current version id: {current} and specified version id: {given} \
             do not match"
        ),
    )
}

fn change_refused(name: &DeliveryStreamName, account: AccountId, why: Why) -> Error {
    match why {
        Why::DeliveryStream(why) => refused(name, account, why),
        Why::TagQuota { max } => limit(format!(
            "Firehose {name} under account {account} cannot have more than {max} tags."
        )),
        Why::EncryptionQuota { max } => limit(format!(
            "The encryption of Firehose {name} under account {account} can be started and stopped {max} times together \
             in 24 hours."
        )),
        Why::NoStream => Error::invalid_argument("The source Kinesis stream does not exist."),
        Why::Status(_) => Error::invalid_argument("The source Kinesis stream is not ACTIVE."),
        other => {
            tracing::error!(?other, "the catalog refused a command about a delivery stream");
            internal("Internal service failure.")
        }
    }
}

fn refused(name: &DeliveryStreamName, account: AccountId, why: DeliveryStreamRefusal) -> Error {
    match why {
        DeliveryStreamRefusal::NameTaken => {
            in_use(format!("Firehose {name} under accountId {account} already exists"))
        }
        DeliveryStreamRefusal::NoDeliveryStream => not_found(name, account, &[]),
        DeliveryStreamRefusal::Status(status) => not_in_status(name, account, status),
        DeliveryStreamRefusal::EncryptionStatus(status) => changing(name, account, status),
        // The operation told the version that it was given; here another change was faster.
        DeliveryStreamRefusal::Version { version } => {
            other_version(name, version, "another request's")
        }
        DeliveryStreamRefusal::NotDirectPut => Error::invalid_argument(
            "Server-side encryption can be used only if the delivery stream's source is DirectPut.",
        ),
        DeliveryStreamRefusal::Quota { max } => {
            limit(format!("You have already consumed your firehose quota of {max} hoses."))
        }
    }
}

fn changing(
    name: &DeliveryStreamName,
    account: AccountId,
    status: DeliveryEncryptionStatus,
) -> Error {
    let status = encryption_status_of(status).as_str();
    in_use(format!("The encryption of Firehose {name} under account {account} is {status}."))
}

/// botocore, `InvalidKMSResourceException`: what the key service refused. One that gave no answer is a fault of ours.
fn key_refused(error: KeyError) -> Error {
    let cause = match error.fault {
        KeyFault::NotFound => "NotFoundException",
        KeyFault::Disabled => "DisabledException",
        KeyFault::InvalidState => "InvalidStateException",
        KeyFault::AccessDenied => "AccessDeniedException",
        KeyFault::OptInRequired => "OptInRequired",
        KeyFault::Throttled | KeyFault::Unavailable => {
            tracing::error!(%error, "the key service could not answer");
            return internal("Internal service failure: the key service could not answer.");
        }
    };
    Error::new(ErrorCode::InvalidKMSResourceException, error.text).with_cause(cause)
}
