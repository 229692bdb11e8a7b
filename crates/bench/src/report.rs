//! What a run prints: a few lines for people, or one JSON object with the same numbers.

use std::fmt::Write;
use std::time::Duration;

use crate::read_back::Comparison;
use crate::tally::Tally;

/// All numbers of a run.
pub struct Report {
    /// What ran, as name and value.
    pub setting: Vec<(&'static str, Value)>,
    /// Length of the measured window.
    pub window: Duration,
    /// The counts of all threads.
    pub tally: Tally,
    /// How often a connection had to be made anew.
    pub reconnects: u64,
    /// Processor time of the server in the window.
    pub server_time: Option<Duration>,
    /// Processor time of the generator in the window.
    pub own_time: Option<Duration>,
    /// Peak memory of the server when the load ended.
    pub server_peak_bytes: Option<u64>,
    /// What reading everything back has shown.
    pub comparison: Option<Comparison>,
}

/// A number or a text of a report.
#[derive(Clone)]
pub enum Value {
    /// An exact count.
    Count(u64),
    /// A measured number.
    Number(f64),
    /// A word.
    Text(String),
    /// Yes or no.
    Truth(bool),
    /// Not known here.
    Unknown,
}

impl Report {
    /// Every number with its name, unit last.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let mut values = self.setting.clone();
        let (seconds, tally) = (self.window.as_secs_f64(), &self.tally);
        let rate = |count: u64| Value::Number(count as f64 / seconds.max(1e-9));
        let per_record = |time: Option<Duration>| match time {
            Some(time) if tally.records > 0 => {
                Value::Number(time.as_nanos() as f64 / tally.records as f64)
            }
            _ => Value::Unknown,
        };
        values.extend([
            ("seconds", Value::Number(seconds)),
            ("requests", Value::Count(tally.requests)),
            ("records", Value::Count(tally.records)),
            ("requests_per_second", rate(tally.requests)),
            ("records_per_second", rate(tally.records)),
            (
                "payload_mb_per_second",
                Value::Number(tally.payload_bytes as f64 / seconds.max(1e-9) / 1e6),
            ),
        ]);
        for (name, fraction) in
            [("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99), ("p999_us", 0.999)]
        {
            values.push((name, Value::Number(tally.latencies.quantile(fraction) as f64 / 1e3)));
        }
        values.extend([
            ("max_us", Value::Number(tally.latencies.max() as f64 / 1e3)),
            ("failed_records", Value::Count(tally.failed_records)),
            ("faults", Value::Count(tally.faults)),
            ("first_fault", tally.first_fault.clone().map_or(Value::Unknown, Value::Text)),
            ("reconnects", Value::Count(self.reconnects)),
            ("server_ns_per_record", per_record(self.server_time)),
            ("generator_ns_per_record", per_record(self.own_time)),
            ("server_processors", share(self.server_time, self.window)),
            ("generator_processors", share(self.own_time, self.window)),
            ("server_peak_mib", self.server_peak_bytes.map_or(Value::Unknown, mib)),
        ]);
        if let Some(found) = &self.comparison {
            values.extend(comparison(found));
        }
        values
    }

    /// One JSON object on one line.
    pub fn json(&self) -> String {
        let mut text = String::from("{");
        for (index, (name, value)) in self.values().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = match value {
                Value::Count(count) => count.to_string(),
                Value::Number(number) => format!("{number:.3}"),
                Value::Text(text) => quoted(text),
                Value::Truth(truth) => truth.to_string(),
                Value::Unknown => "null".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}\"{name}\":{value}");
        }
        text.push('}');
        text
    }

    /// A line per number.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.values() {
            let value = match value {
                Value::Count(count) => count.to_string(),
                Value::Number(number) if number >= 1000.0 => format!("{number:.0}"),
                Value::Number(number) => format!("{number:.2}"),
                Value::Text(text) => text,
                Value::Truth(truth) => if truth { "yes" } else { "no" }.to_owned(),
                Value::Unknown => continue,
            };
            let _ = writeln!(text, "{:<26}{value}", name.replace('_', " "));
        }
        text
    }
}

fn comparison(found: &Comparison) -> Vec<(&'static str, Value)> {
    vec![
        ("read_back_agrees", Value::Truth(found.agrees())),
        ("read_back_seconds", Value::Number(found.took.as_secs_f64())),
        ("acknowledged", Value::Count(found.acknowledged)),
        ("read_back", Value::Count(found.read)),
        ("missing", Value::Count(found.missing)),
        ("surplus", Value::Count(found.surplus)),
        ("foreign", Value::Count(found.foreign)),
        ("out_of_order", Value::Count(found.out_of_order)),
        ("numbers_checked", Value::Count(found.samples)),
        ("numbers_missing", Value::Count(found.samples_missing)),
        ("numbers_wrong", Value::Count(found.samples_wrong)),
        ("turned", Value::Count(found.turned)),
        ("shard_records_min", Value::Count(found.per_shard.0)),
        ("shard_records_max", Value::Count(found.per_shard.1)),
    ]
}

fn share(time: Option<Duration>, window: Duration) -> Value {
    time.map_or(Value::Unknown, |time| {
        Value::Number(time.as_secs_f64() / window.as_secs_f64().max(1e-9))
    })
}

fn mib(bytes: u64) -> Value {
    Value::Number(bytes as f64 / f64::from(1 << 20))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Json, Malformed};

    fn report() -> Report {
        let mut tally =
            Tally { requests: 2, records: 1_000, payload_bytes: 1_024_000, ..Tally::default() };
        tally.latencies.record(1_000_000);
        tally.latencies.record(2_000_000);
        tally.first_fault = Some("a \"quoted\"\n\\fault".to_owned());
        Report {
            setting: vec![("operation", Value::Text("put-records".to_owned()))],
            window: Duration::from_secs(2),
            tally,
            reconnects: 0,
            server_time: Some(Duration::from_millis(10)),
            own_time: None,
            server_peak_bytes: Some(256 << 20),
            comparison: Some(Comparison { missing: 1, ..Comparison::default() }),
        }
    }

    #[test]
    fn json_holds_every_number_under_its_name() {
        let text = report().json();
        let mut found = Vec::new();
        Json::new(text.as_bytes())
            .object::<Malformed>(|name, json| {
                found.push(String::from_utf8_lossy(name).into_owned());
                json.skip()
            })
            .unwrap();
        assert_eq!(found.len(), report().values().len());
        for part in [
            r#""records_per_second":500.000"#,
            r#""payload_mb_per_second":0.512"#,
            r#""server_ns_per_record":10000.000"#,
            r#""generator_ns_per_record":null"#,
            r#""server_peak_mib":256.000"#,
            r#""first_fault":"a \"quoted\" \\fault""#,
            r#""read_back_agrees":false"#,
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn text_leaves_out_what_is_not_known() {
        let text = report().text();
        assert!(text.contains("records per second        500.00\n"), "{text}");
        assert!(!text.contains("generator ns"));
    }
}
