//! NextTokens of lists by name: whose list it is, and the last name of the page before.

use std::str::FromStr;

use millstream_api::{Error, ErrorCode};
use millstream_types::Millis;

use crate::caller::Caller;
use crate::date;
use crate::limits::NEXT_TOKEN_LIFE_MS;
use crate::service::Streams;
use crate::token::TokenKind;

/// The answer to a NextToken that is none of ours, or another list's.
pub(crate) fn invalid_next_token() -> Error {
    Error::invalid_argument("Invalid NextToken.")
}

/// Whose list it is, as a token holds it: its length tells it apart from the name that follows.
pub(crate) fn list_of(caller: &Caller, filter: &[u8]) -> Vec<u8> {
    let mut list = caller.account.as_u64().to_be_bytes().to_vec();
    list.extend(filter);
    list.push(caller.region.as_str().len() as u8);
    list.extend(caller.region.as_str().as_bytes());
    list
}

impl Streams {
    /// A token that holds when it was made, the list, and the last name of the page.
    pub(crate) fn seal_page(&self, kind: TokenKind, list: &[u8], last: &str) -> String {
        let made = self.now().0.to_be_bytes();
        self.sealer.seal(kind, &[&made, list, last.as_bytes()].concat())
    }

    /// The name after which the page begins, if the token is of this list and not too old.
    pub(crate) fn open_page<Name: FromStr>(
        &self,
        kind: TokenKind,
        list: &[u8],
        token: &str,
    ) -> Result<Name, Error> {
        let fields = self.sealer.open(kind, token).map_err(|_| invalid_next_token())?;
        let (made, name) = page_of(list, &fields).ok_or_else(invalid_next_token)?;
        self.check_token_age(made)?;
        Ok(name)
    }

    /// A NextToken lives five minutes (botocore, `ListShards`).
    pub(crate) fn check_token_age(&self, made: Millis) -> Result<(), Error> {
        if self.now().0.saturating_sub(made.0) <= NEXT_TOKEN_LIFE_MS {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::ExpiredNextTokenException,
            format!(
                "NextToken expired. The token was created at time {} and is good for {} seconds.",
                date::format(made),
                NEXT_TOKEN_LIFE_MS / 1000
            ),
        ))
    }
}

/// What a token of this list holds; `None` if it is another's.
fn page_of<Name: FromStr>(list: &[u8], fields: &[u8]) -> Option<(Millis, Name)> {
    let (made, rest) = fields.split_first_chunk()?;
    let name = std::str::from_utf8(rest.strip_prefix(list)?).ok()?;
    Some((Millis(u64::from_be_bytes(*made)), name.parse().ok()?))
}
