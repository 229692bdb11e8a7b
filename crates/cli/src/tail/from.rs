//! Where reading begins.

use std::str::FromStr;

use millstream_api::ops::ShardIteratorType;
use millstream_client::timestamp;
use millstream_types::Millis;

/// A position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// The oldest record.
    TrimHorizon,
    /// What comes from now on.
    Latest,
    /// The first record that arrived then or later.
    Time(Millis),
    /// The record of a sequence number.
    At(String),
    /// The record behind it.
    After(String),
}

/// A position with the time at which the command began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub from: From,
    pub began: Millis,
}

/// Arguments of GetShardIterator.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IteratorAt<'a> {
    pub kind: ShardIteratorType,
    pub sequence_number: Option<&'a str>,
    pub timestamp: Option<Millis>,
}

impl Start {
    pub fn iterator(&self) -> IteratorAt<'_> {
        let (kind, sequence_number, timestamp) = match &self.from {
            From::TrimHorizon => (ShardIteratorType::TrimHorizon, None, None),
            From::Latest => (ShardIteratorType::Latest, None, None),
            From::Time(at) => (ShardIteratorType::AtTimestamp, None, Some(*at)),
            From::At(number) => (ShardIteratorType::AtSequenceNumber, Some(&**number), None),
            From::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(&**number), None),
        };
        IteratorAt { kind, sequence_number, timestamp }
    }

    /// Where to begin once an iterator has expired: behind the last record. Without one, `latest` means the time when
    /// the command began, so that nothing that came since is left out.
    pub fn resumed(&self, last: Option<&str>) -> Start {
        let from = match (last, &self.from) {
            (Some(number), _) => From::After(number.to_owned()),
            (None, From::Latest) => From::Time(self.began),
            (None, other) => other.clone(),
        };
        Start { from, began: self.began }
    }
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "trim-horizon" => return Ok(From::TrimHorizon),
            "latest" => return Ok(From::Latest),
            _ => {}
        }
        // Seconds since the epoch have ten digits; sequence numbers of AWS have 56, and other servers' are long too.
        const SECONDS_DIGITS_MAX: usize = 11;
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            if text.len() > SECONDS_DIGITS_MAX {
                return Ok(From::At(text.to_owned()));
            }
            let seconds = text.parse().map_err(|_| format!("{text:?} is no time"))?;
            return Ok(From::Time(Millis::from_seconds(seconds)));
        }
        timestamp::parse(text).map(From::Time).ok_or_else(|| {
            format!(
                "{text:?} is no position: wanted is trim-horizon, latest, a time such as 2026-01-31T12:00:00Z, \
                 a date such as 2026-01-31, seconds since 1970, or a sequence number"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read() {
        let number = "49590338271490256608559692538361571095921575989136588898";
        for (text, expected) in [
            ("trim-horizon", Some(From::TrimHorizon)),
            ("TRIM_HORIZON", Some(From::TrimHorizon)),
            ("latest", Some(From::Latest)),
            ("1970-01-01T00:00:01Z", Some(From::Time(Millis(1000)))),
            ("1970-01-02", Some(From::Time(Millis(86_400_000)))),
            ("1700000000", Some(From::Time(Millis(1_700_000_000_000)))),
            (number, Some(From::At(number.into()))),
            ("", None),
            ("now", None),
            ("-1", None),
        ] {
            assert_eq!(text.parse::<From>().ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_expired_latest_leaves_nothing_out() {
        let start = Start { from: From::Latest, began: Millis(5) };
        assert_eq!(start.resumed(None).from, From::Time(Millis(5)));
        assert_eq!(start.resumed(Some("7")).from, From::After("7".into()));
        let start = Start { from: From::TrimHorizon, began: Millis(5) };
        assert_eq!(start.resumed(None).from, From::TrimHorizon);
    }
}
