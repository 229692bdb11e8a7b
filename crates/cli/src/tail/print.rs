//! How records are printed, by a thread of its own: output may block.

use std::io::{self, IsTerminal, Write};

use base64_simd::STANDARD;
use millstream_aggregate::Aggregate;
use millstream_client::{ReadRecord, timestamp};
use tokio::sync::{mpsc, oneshot};

use super::reader::Batch;
use crate::json::Json;

/// What a record looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    kind: Kind,
    deaggregate: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A line of text; on a terminal, without what could command it.
    Text {
        terminal: bool,
    },
    Json,
    Raw,
}

impl Form {
    pub fn new(json: bool, raw: bool, deaggregate: bool) -> Self {
        let kind = match (json, raw) {
            (true, _) => Kind::Json,
            (false, true) => Kind::Raw,
            (false, false) => Kind::Text { terminal: io::stdout().is_terminal() },
        };
        Form { kind, deaggregate }
    }
}

/// One thing to print: a record, or one within an aggregate.
struct Item<'a> {
    shard: &'a str,
    record: &'a ReadRecord,
    /// Its place within the aggregate.
    sub_sequence: Option<usize>,
    key: &'a str,
    explicit_hash_key: Option<&'a str>,
    data: &'a [u8],
}

/// Prints batches.
pub(crate) struct Printer<W> {
    form: Form,
    left: Option<u64>,
    out: W,
}

impl Printer<io::BufWriter<io::Stdout>> {
    /// Starts printing to standard output; ends when the batches do, at the limit, or when nobody reads.
    pub fn start(
        form: Form,
        limit: Option<u64>,
        mut batches: mpsc::Receiver<Batch>,
    ) -> oneshot::Receiver<io::Result<()>> {
        let (done, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let mut printer = Printer { form, left: limit, out: io::BufWriter::new(io::stdout()) };
            let mut result = Ok(());
            while let Some(batch) = batches.blocking_recv() {
                result = printer.print(&batch);
                if result.is_err() || printer.left == Some(0) {
                    break;
                }
            }
            // The result first: whoever sees that the batches are refused asks for it.
            let _ = done.send(result);
            drop(batches);
        });
        ended
    }
}

impl<W: Write> Printer<W> {
    fn print(&mut self, batch: &Batch) -> io::Result<()> {
        for record in &batch.records {
            let aggregate =
                if self.form.deaggregate { Aggregate::decode(&record.data) } else { None };
            let Some(aggregate) = aggregate else {
                let (key, data) = (&*record.partition_key, &*record.data);
                let shard = &batch.shard;
                let item =
                    Item { shard, record, sub_sequence: None, key, explicit_hash_key: None, data };
                self.item(&item)?;
                continue;
            };
            for (index, user) in aggregate.records().enumerate() {
                self.item(&Item {
                    shard: &batch.shard,
                    record,
                    sub_sequence: Some(index),
                    key: user.partition_key,
                    explicit_hash_key: user.explicit_hash_key,
                    data: user.data,
                })?;
            }
        }
        self.out.flush()
    }

    fn item(&mut self, item: &Item<'_>) -> io::Result<()> {
        match &mut self.left {
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
            None => {}
        }
        match self.form.kind {
            Kind::Raw => self.out.write_all(item.data),
            Kind::Json => writeln!(self.out, "{}", json(item)),
            Kind::Text { terminal } => {
                let text = String::from_utf8_lossy(item.data);
                if terminal {
                    writeln!(self.out, "{}", harmless(&text))
                } else {
                    writeln!(self.out, "{text}")
                }
            }
        }
    }
}

/// Text with control characters spelt out, so that data cannot command a terminal.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\t' && character != '\n' {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// An object in the order that the help promises.
fn json(item: &Item<'_>) -> Json {
    let mut members: Vec<(&str, Json)> = vec![
        ("shard", item.shard.into()),
        ("sequence", item.record.sequence_number.as_str().into()),
    ];
    if let Some(index) = item.sub_sequence {
        members.push(("sub_sequence", index.into()));
    }
    members.push(("key", item.key.into()));
    if let Some(key) = item.explicit_hash_key {
        members.push(("explicit_hash_key", key.into()));
    }
    if let Some(arrival) = item.record.arrival {
        members.push(("arrival", timestamp::format(arrival).into()));
    }
    members.push(match std::str::from_utf8(item.data) {
        Ok(text) => ("data", text.into()),
        Err(_) => ("data_base64", STANDARD.encode_to_string(item.data).into()),
    });
    Json::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_aggregate::{Builder, UserRecord};
    use millstream_types::Millis;
    use serde_json::Value;

    fn printed(kind: Kind, deaggregate: bool, limit: Option<u64>) -> String {
        let mut builder = Builder::new();
        for (key, hash, data) in [("a", None, &b"one"[..]), ("b", Some("7"), b"\x1b[2J\xff")] {
            builder.add(&UserRecord { partition_key: key, explicit_hash_key: hash, data });
        }
        let record = |key: &str, data: Vec<u8>| ReadRecord {
            sequence_number: "49".into(),
            arrival: Some(Millis(1500)),
            partition_key: key.into(),
            data,
        };
        let records = vec![record("p", b"plain".to_vec()), record("a", builder.finish())];
        let batch = Batch { shard: "s".into(), records };
        let form = Form { kind, deaggregate };
        let mut printer = Printer { form, left: limit, out: Vec::new() };
        printer.print(&batch).unwrap();
        String::from_utf8_lossy(&printer.out).into_owned()
    }

    #[test]
    fn text_is_lossy_and_harmless_on_a_terminal() {
        let pipe = printed(Kind::Text { terminal: false }, true, None);
        assert_eq!(pipe, "plain\none\n\u{1b}[2J\u{fffd}\n");
        let terminal = printed(Kind::Text { terminal: true }, true, Some(3));
        assert_eq!(terminal, "plain\none\n\\u{1b}[2J\u{fffd}\n");
        assert_eq!(printed(Kind::Text { terminal: false }, true, Some(2)), "plain\none\n");
        assert_eq!(printed(Kind::Raw, true, Some(2)), "plainone");
    }

    #[test]
    fn json_names_the_place_and_keeps_bytes() {
        let text = printed(Kind::Json, true, None);
        let first = r#"{"shard":"s","sequence":"49","key":"p","arrival":"1970-01-01T00:00:01.500Z","data":"plain"}"#;
        assert_eq!(text.lines().next(), Some(first));
        assert!(text.contains(r#""sequence":"49","sub_sequence":1,"key":"b","#), "{text}");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[1]["sub_sequence"], &lines[1]["data"]), (&0.into(), &"one".into()));
        assert_eq!(lines[2]["explicit_hash_key"], "7");
        assert_eq!(lines[2]["data_base64"], "G1sySv8=");
        assert_eq!(printed(Kind::Json, false, None).lines().count(), 2);
    }
}
