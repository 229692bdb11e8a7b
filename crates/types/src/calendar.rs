//! The Gregorian calendar, in UTC and from 1970 on.

/// Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the day that comes and goes is a
/// year's last.
const DAYS_TO_1970: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const CYCLE_DAYS: u64 = 146_097;

/// The months by their names in English, January first.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The days of the week by their names in English, Sunday first.
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A day of the calendar, from 1970-01-01 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: u64,
    /// The month, from 1.
    pub month: u64,
    /// The day of the month, from 1.
    pub day: u64,
}

impl Date {
    /// The date of a number of days since 1970-01-01.
    pub fn of_days(days: u64) -> Self {
        let days = days + DAYS_TO_1970;
        let (cycle, of_cycle) = (days / CYCLE_DAYS, days % CYCLE_DAYS);
        let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
        let day_of_year = of_cycle - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let year = cycle * 400 + year;
        if month < 10 {
            Date { year, month: month + 3, day }
        } else {
            Date { year: year + 1, month: month - 9, day }
        }
    }

    /// Days since 1970-01-01; `None` if the calendar lacks this day, if it is before 1970 or after 9999.
    pub fn days(self) -> Option<u64> {
        let Date { year, month, day } = self;
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return None;
        }
        let from_march = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = from_march / 4 - from_march / 100 + from_march / 400;
        let days = from_march * 365 + leap_days + day_of_year - DAYS_TO_1970;
        // A day that the calendar lacks comes back as another one.
        (Date::of_days(days) == self).then_some(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back_and_follows_the_one_before() {
        for days in 0..200_000 {
            let date = Date::of_days(days);
            assert_eq!(date.days(), Some(days), "{date:?}");
        }
        assert_eq!(Date::of_days(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(Date::of_days(11_016), Date { year: 2000, month: 2, day: 29 });
        assert_eq!(Date { year: 9999, month: 12, day: 31 }.days(), Some(2_932_896));
    }

    #[test]
    fn days_that_the_calendar_lacks_are_refused() {
        for (year, month, day) in [
            (1969, 12, 31),
            (2023, 2, 29),
            (2100, 2, 29),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 1, 0),
            (10_000, 1, 1),
        ] {
            assert_eq!(Date { year, month, day }.days(), None, "{year}-{month}-{day}");
        }
    }
}
