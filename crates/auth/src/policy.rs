//! Policy documents: JSON of IAM's grammar, parsed into types that can be evaluated.
//!
//! Source: IAM user guide, "Grammar of the IAM JSON policy language". What the grammar does not know is refused:
//! a document that means less than its author thought is worse than none. Hostile input: case 42.

mod document;
mod glob;
mod json;

use std::fmt;

pub use document::parse_policy;
pub use glob::glob_matches;

/// Largest document, in bytes (developer guide, "Resource-based policies": 20 KB).
pub const POLICY_BYTES_MAX: usize = 20 * 1024;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The version of the language.
    pub version: PolicyVersion,
    /// Its id.
    pub id: Option<String>,
    /// Its statements: one at least.
    pub statements: Vec<Statement>,
}

/// A version of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyVersion {
    /// `2008-10-17`: variables are not replaced.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its id, unique in the document.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; only in policies of resources.
    pub principals: Option<Scope<Vec<Principal>>>,
    /// What may be done: patterns such as `kinesis:Get*`.
    pub actions: Scope<Vec<String>>,
    /// To what: patterns of ARNs; a resource's own policy may leave it out.
    pub resources: Option<Scope<Vec<String>>>,
    /// When: all of them must hold.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies; that outranks whatever allows.
    Deny,
}

/// What is named, or everything else (`NotAction`, `NotPrincipal`, `NotResource`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope<T> {
    /// What is named.
    Only(T),
    /// Everything but what is named.
    AllBut(T),
}

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// `*`: everyone, anonymous callers too.
    Everyone,
    /// `AWS`: an account, a user, a role.
    Aws(String),
    /// `Service`: a service.
    Service(String),
    /// `Federated`: an identity provider.
    Federated(String),
    /// `CanonicalUser`.
    CanonicalUser(String),
}

/// A condition: one of `values` must fit the request's `key` by `operator`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The operator, without prefix and suffix, such as `StringEquals`.
    pub operator: &'static str,
    /// How a key with several values is taken.
    pub set: Option<SetOperator>,
    /// Whether the condition holds where the key is not there.
    pub if_exists: bool,
    /// The key, such as `aws:SourceArn`.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

/// How a key with several values is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOperator {
    /// Each of the request's values must fit.
    ForAllValues,
    /// One of the request's values must fit.
    ForAnyValue,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// It has more bytes than [`POLICY_BYTES_MAX`].
    TooLarge(usize),
    /// It is not JSON; at which byte, and why.
    Json(usize, &'static str),
    /// It is not of the grammar: where, and why.
    Grammar(String, &'static str),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::TooLarge(bytes) => {
                write!(f, "the document has {bytes} bytes, more than {POLICY_BYTES_MAX}")
            }
            PolicyError::Json(at, why) => write!(f, "not JSON at byte {at}: {why}"),
            PolicyError::Grammar(place, why) => write!(f, "{place}: {why}"),
        }
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// Whether every statement that names resources names `arn` by one of its patterns: a policy of a resource that is
    /// about another one would do nothing.
    pub fn is_about(&self, arn: &str) -> bool {
        self.statements.iter().all(|statement| match &statement.resources {
            Some(Scope::Only(patterns)) => {
                patterns.iter().all(|pattern| glob_matches(pattern, arn))
            }
            Some(Scope::AllBut(_)) | None => true,
        })
    }

    /// Whether every action that is named is one of a service, or `*`.
    pub fn actions_are_of(&self, service: &str) -> bool {
        let of_service = |action: &String| {
            action == "*"
                || action
                    .split_once(':')
                    .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service))
        };
        self.statements.iter().all(|statement| match &statement.actions {
            Scope::Only(actions) | Scope::AllBut(actions) => actions.iter().all(of_service),
        })
    }
}

/// Reads any bytes as a policy; for fuzzing.
pub fn fuzz_policy(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        let policy = parse_policy(text);
        if let Ok(policy) = policy {
            assert!(!policy.statements.is_empty());
            policy.is_about("arn:aws:kinesis:us-east-1:000000000000:stream/s");
        }
    }
}
