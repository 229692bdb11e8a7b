//! The index of a document: the configured name, and the part of its arrival that the rotation asks for (Firehose
//! developer guide, "Configure index rotation for Amazon OpenSearch Service"; all in UTC).

use millstream_firehose::settings::IndexRotation;
use millstream_types::{Date, Millis};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The index's name at a moment.
pub(super) fn index_name(index: &str, rotation: IndexRotation, at: Millis) -> String {
    let days = at.seconds() / DAY_SECONDS;
    let hour = at.seconds() % DAY_SECONDS / 3600;
    let Date { year, month, day } = Date::of_days(days);
    match rotation {
        IndexRotation::None => index.to_owned(),
        IndexRotation::Hour => format!("{index}-{year:04}-{month:02}-{day:02}-{hour:02}"),
        IndexRotation::Day => format!("{index}-{year:04}-{month:02}-{day:02}"),
        IndexRotation::Month => format!("{index}-{year:04}-{month:02}"),
        IndexRotation::Week => {
            let (year, week) = week_of(days);
            format!("{index}-{year:04}-w{week:02}")
        }
    }
}

/// The year and week of a day since 1970-01-01. A week begins on a Sunday and belongs to the year of its Saturday; the
/// first is the one with the year's first Saturday.
fn week_of(days: u64) -> (u64, u64) {
    // 1970-01-01 was a Thursday: two days before a Saturday.
    let saturday = days + (9 - days % 7) % 7;
    let year = Date::of_days(saturday).year;
    let first_of_year = Date { year, month: 1, day: 1 }.days().unwrap_or(saturday);
    (year, (saturday - first_of_year) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rotation_names_as_the_guide_shows() {
        // 2016-02-25T13:00:00Z
        let at = Millis(1_456_405_200_000);
        for (rotation, expected) in [
            (IndexRotation::None, "myindex"),
            (IndexRotation::Hour, "myindex-2016-02-25-13"),
            (IndexRotation::Day, "myindex-2016-02-25"),
            (IndexRotation::Week, "myindex-2016-w09"),
            (IndexRotation::Month, "myindex-2016-02"),
        ] {
            assert_eq!(index_name("myindex", rotation, at), expected);
        }
    }

    #[test]
    fn weeks_begin_on_sunday_and_the_first_has_a_saturday() {
        for ((year, month, day), expected) in [
            // 2016-01-02 was the first Saturday of 2016.
            ((2015, 12, 26), (2015, 52)),
            ((2015, 12, 27), (2016, 1)),
            ((2016, 1, 2), (2016, 1)),
            ((2016, 1, 3), (2016, 2)),
            // 2022 and 2000 began on a Saturday.
            ((2022, 1, 1), (2022, 1)),
            ((2022, 1, 2), (2022, 2)),
            ((2000, 1, 1), (2000, 1)),
            // 2023 began on a Sunday.
            ((2022, 12, 31), (2022, 53)),
            ((2023, 1, 1), (2023, 1)),
            ((2023, 1, 7), (2023, 1)),
            ((2023, 1, 8), (2023, 2)),
            // The guide's "2020-w33".
            ((2020, 8, 12), (2020, 33)),
            ((1970, 1, 1), (1970, 1)),
        ] {
            let days = Date { year, month, day }.days().unwrap();
            assert_eq!(week_of(days), expected, "{year}-{month}-{day}");
        }
    }
}
