//! Time zones, by their names in the time zone database. The database is in the binary: what a key looks like does not
//! depend on the machine.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use millstream_types::Millis;

use super::error::NamingError;
use super::moment::Moment;

/// A time zone: what `CustomTimeZone` says, UTC by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Zone { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The zone of a name such as `Asia/Tokyo`, spelled as the database spells it; UTC if it is empty, as AWS's pattern
    /// allows.
    ///
    /// # Errors
    /// [`NamingError::UnknownZone`] if the database has none of that name.
    pub fn parse(name: &str) -> Result<Self, NamingError> {
        if name.is_empty() {
            return Ok(Zone::utc());
        }
        let unknown = || NamingError::UnknownZone(name.to_owned());
        let zone = TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())?;
        // The database's own lookup passes over case, AWS's does not; and it has a zone for "I do not know".
        if zone.is_unknown() || zone.iana_name() != Some(name) {
            return Err(unknown());
        }
        Ok(Zone { zone, name: name.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What calendar and clock show there at an instant; after 9999-12-30, what they show then.
    pub(super) fn moment(&self, at: Millis) -> Moment<'_> {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        let instant = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        let info = self.zone.to_offset_info(instant);
        Moment {
            local: info.offset().to_datetime(instant),
            offset_seconds: info.offset().seconds(),
            abbreviation: info.abbreviation().to_owned(),
            zone: &self.name,
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Zone::utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_go_by_the_databases_names_exactly() {
        for name in ["UTC", "Asia/Tokyo", "America/New_York", "Etc/UTC", "US/Pacific", "GMT", "EST"]
        {
            assert_eq!(Zone::parse(name).unwrap().name(), name);
        }
        assert_eq!(Zone::parse(""), Ok(Zone::utc()));
        for name in ["asia/tokyo", "Tokyo", "+09:00", "Etc/Unknown", "utc", "../UTC", "A/B"] {
            assert_eq!(Zone::parse(name), Err(NamingError::UnknownZone(name.to_owned())));
        }
    }
}
