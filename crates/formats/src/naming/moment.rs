//! An instant in a time zone, and the fields that Java's formatter knows of it.

use jiff::civil::DateTime;

/// What calendar and clock show in a zone at an instant.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    /// Calendar and clock.
    pub local: DateTime,
    /// How much the zone is ahead of UTC, in seconds.
    pub offset_seconds: i32,
    /// The zone's short name then, such as `CEST`.
    pub abbreviation: String,
    /// The zone's name.
    pub zone: &'a str,
}

/// A field that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The year.
    Year,
    /// The year that the week belongs to.
    WeekYear,
    /// The quarter, from 1.
    Quarter,
    /// The month, from 1.
    Month,
    /// The week of the year, from 1.
    Week,
    /// The week of the month, from 1.
    WeekOfMonth,
    /// The day of the year, from 1.
    DayOfYear,
    /// The day of the month, from 1.
    Day,
    /// The day's place in its run of seven days of the month, from 1.
    AlignedDay,
    /// The day of the week, from 1 on Sunday.
    Weekday,
    /// Days since 1858-11-17.
    ModifiedJulianDay,
    /// The hour, 0 to 23.
    Hour,
    /// The hour, 1 to 24.
    HourFrom1,
    /// The hour of the half day, 0 to 11.
    HalfHour,
    /// The hour of the half day, 1 to 12.
    HalfHourFrom1,
    /// The minute.
    Minute,
    /// The second.
    Second,
    /// Nanoseconds of the second.
    Nano,
    /// Milliseconds of the day.
    MilliOfDay,
    /// Nanoseconds of the day.
    NanoOfDay,
}

/// 1970-01-01 as a modified Julian day.
const EPOCH_MODIFIED_JULIAN: i64 = 40_587;

impl Moment<'_> {
    /// A field's value. Never negative: service time begins in 1970, and no zone is a year behind.
    pub fn value(&self, field: Field) -> i64 {
        let hour = i64::from(self.local.hour());
        match field {
            Field::Year => i64::from(self.local.year()),
            Field::WeekYear => self.week().0,
            Field::Quarter => (self.month() - 1) / 3 + 1,
            Field::Month => self.month(),
            Field::Week => self.week().1,
            Field::WeekOfMonth => weeks_begun(self.day(), self.weekday()),
            Field::DayOfYear => self.day_of_year(),
            Field::Day => self.day(),
            Field::AlignedDay => (self.day() - 1) % 7 + 1,
            Field::Weekday => self.weekday(),
            Field::ModifiedJulianDay => self.days_since_epoch() + EPOCH_MODIFIED_JULIAN,
            Field::Hour => hour,
            Field::HourFrom1 => (hour + 23) % 24 + 1,
            Field::HalfHour => hour % 12,
            Field::HalfHourFrom1 => (hour + 11) % 12 + 1,
            Field::Minute => i64::from(self.local.minute()),
            Field::Second => i64::from(self.local.second()),
            Field::Nano => self.nano(),
            Field::MilliOfDay => self.second_of_day() * 1000 + self.nano() / 1_000_000,
            Field::NanoOfDay => self.second_of_day() * 1_000_000_000 + self.nano(),
        }
    }

    /// The second of the day.
    pub fn second_of_day(&self) -> i64 {
        let hour = i64::from(self.local.hour());
        let minute = i64::from(self.local.minute());
        (hour * 60 + minute) * 60 + i64::from(self.local.second())
    }

    fn month(&self) -> i64 {
        i64::from(self.local.month())
    }

    fn day(&self) -> i64 {
        i64::from(self.local.day())
    }

    fn day_of_year(&self) -> i64 {
        i64::from(self.local.day_of_year())
    }

    fn weekday(&self) -> i64 {
        i64::from(self.local.weekday().to_sunday_one_offset())
    }

    fn nano(&self) -> i64 {
        i64::from(self.local.subsec_nanosecond())
    }

    /// Year and number of the week, as in the United States: weeks begin on Sunday, the first one holds January 1.
    fn week(&self) -> (i64, i64) {
        let year = i64::from(self.local.year());
        let days_of_year = if self.local.date().in_leap_year() { 366 } else { 365 };
        // The Saturday that ends the week decides, since week 1 is the one that January 1 lies in.
        let saturday = self.day_of_year() + 7 - self.weekday();
        if saturday > days_of_year {
            return (year + 1, 1);
        }
        (year, weeks_begun(self.day_of_year(), self.weekday()))
    }

    fn days_since_epoch(&self) -> i64 {
        // Civil days count from 1970 on without a zone: leap seconds are not counted either.
        let year = i64::from(self.local.year());
        let before = year - 1;
        let leap_days = before / 4 - before / 100 + before / 400;
        // 477 leap days before 1970.
        (year - 1970) * 365 + leap_days - 477 + self.day_of_year() - 1
    }
}

/// In which week a day lies of a span that begins at day 1: weeks begin on Sunday, the first may be short.
fn weeks_begun(day: i64, weekday: i64) -> i64 {
    // Day 1's weekday, from 0 on Sunday.
    let first = (weekday - day).rem_euclid(7);
    (day - 1 + first) / 7 + 1
}
