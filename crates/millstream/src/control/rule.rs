//! Fault rules as JSON.

use std::str::FromStr;
use std::time::Duration;

use millstream_api::ErrorCode;
use millstream_faults::{Action, CallFault, Cut, Listed, RecordFault, Rule, When};
use serde_json::{Value, json};

use super::fields::Fields;

/// How cuts are called.
const CUTS: [(&str, Cut); 3] =
    [("before", Cut::Before), ("after", Cut::After), ("during", Cut::During)];
/// How record errors are called.
const RECORD_FAULTS: [(&str, RecordFault); 2] =
    [("throttle", RecordFault::Throttle), ("internal", RecordFault::Internal)];

/// Reads a rule and checks it.
pub fn read(mut fields: Fields) -> Result<Rule, String> {
    let rule = Rule {
        operation: fields.text("operation")?,
        stream: parsed(&mut fields, "stream", "no stream's name")?,
        shard: parsed(&mut fields, "shard", "no shard's id, such as shardId-000000000000")?,
        when: when(&mut fields)?,
        times: fields.number("times")?,
        action: action(&mut fields)?,
    };
    fields.finish()?;
    rule.check().map_err(|error| error.to_string())?;
    Ok(rule)
}

fn parsed<T: FromStr>(fields: &mut Fields, key: &str, wrong: &str) -> Result<Option<T>, String> {
    let Some(text) = fields.text(key)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("{key}: {text:?} is {wrong}"))
}

fn when(fields: &mut Fields) -> Result<When, String> {
    let (every, rate) = (fields.number("every")?, fields.float("rate")?);
    match (every, rate, fields.number("seed")?) {
        (every, None, None) => Ok(When::Every(every.unwrap_or(1))),
        (None, Some(probability), Some(seed)) => Ok(When::Rate { probability, seed }),
        (None, Some(_), None) => Err("a rate needs a seed, so that it can be repeated".into()),
        (Some(_), Some(_), _) => Err("give every or rate, not both".into()),
        (_, None, Some(_)) => Err("a seed is for a rate".into()),
    }
}

/// The one thing that is to happen.
fn action(fields: &mut Fields) -> Result<Action, String> {
    let mut found = Vec::new();
    match fields.value("throttle") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) => found.push(Action::Call(CallFault::Throttle)),
        Some(_) => return Err("throttle must be true or false".into()),
    }
    if let Some(error) = fields.value("error") {
        found.push(Action::Call(CallFault::Error(error_code(&error)?)));
    }
    if let Some(latency) = fields.number("latency_ms")? {
        found.push(Action::Call(CallFault::Latency(Duration::from_millis(latency))));
    }
    if let Some(cut) = fields.text("cut")? {
        found.push(Action::Call(CallFault::Cut(named(&CUTS, "cut", &cut)?)));
    }
    if let Some(fault) = fields.text("record_error")? {
        found.push(Action::Record(named(&RECORD_FAULTS, "record_error", &fault)?));
    }
    match found[..] {
        [action] => Ok(action),
        _ => {
            Err("exactly one of throttle, error, latency_ms, cut and record_error is needed".into())
        }
    }
}

/// 500, 503, or an error's name.
fn error_code(value: &Value) -> Result<ErrorCode, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        _ => value.to_string(),
    };
    match text.as_str() {
        "500" => Ok(ErrorCode::InternalFailureException),
        "503" => Ok(ErrorCode::ServiceUnavailable),
        name => {
            let code = ErrorCode::ALL.iter().find(|code| code.as_str() == name);
            let wrong = || format!("error: {name} is not 500, 503 or the name of an error");
            code.copied().ok_or_else(wrong)
        }
    }
}

fn named<T: Copy>(names: &[(&str, T)], key: &str, name: &str) -> Result<T, String> {
    let known = names.iter().find(|(known, _)| *known == name);
    known.map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<_> = names.iter().map(|(known, _)| *known).collect();
        format!("{key} must be one of {}", all.join(", "))
    })
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

/// The rules with what they counted.
pub fn list(rules: &[Listed]) -> Value {
    json!({ "faults": rules.iter().map(listed).collect::<Vec<_>>() })
}

fn listed(listed: &Listed) -> Value {
    let Listed { id, rule, seen, hits } = listed;
    let mut value = json!({ "id": id, "seen": seen, "hits": hits });
    if let Some(operation) = &rule.operation {
        value["operation"] = json!(operation);
    }
    if let Some(stream) = &rule.stream {
        value["stream"] = json!(stream.as_str());
    }
    if let Some(shard) = rule.shard {
        value["shard"] = json!(shard.to_string());
    }
    match rule.when {
        When::Every(every) => value["every"] = json!(every),
        When::Rate { probability, seed } => {
            (value["rate"], value["seed"]) = (json!(probability), json!(seed));
        }
    }
    if let Some(times) = rule.times {
        value["times"] = json!(times);
    }
    match rule.action {
        Action::Call(CallFault::Throttle) => value["throttle"] = json!(true),
        Action::Call(CallFault::Error(code)) => value["error"] = json!(code.as_str()),
        Action::Call(CallFault::Latency(by)) => value["latency_ms"] = json!(by.as_millis() as u64),
        Action::Call(CallFault::Cut(cut)) => value["cut"] = json!(name_of(&CUTS, &cut)),
        Action::Record(fault) => value["record_error"] = json!(name_of(&RECORD_FAULTS, &fault)),
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<Rule, String> {
        read(Fields::read(text.as_bytes())?)
    }

    #[test]
    fn a_rule_is_listed_as_it_was_given() {
        for text in [
            r#"{"operation":"PutRecords","stream":"s","every":3,"times":2,"throttle":true}"#,
            r#"{"rate":0.5,"seed":7,"error":"InternalFailureException"}"#,
            r#"{"every":1,"latency_ms":200}"#,
            r#"{"every":1,"cut":"during"}"#,
            r#"{"every":1,"shard":"shardId-000000000003","record_error":"internal"}"#,
        ] {
            let rule = rule(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut value = listed(&Listed { id: 5, rule, seen: 0, hits: 0 });
            for counted in ["id", "seen", "hits"] {
                assert!(value.as_object_mut().unwrap().remove(counted).is_some());
            }
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn statuses_stand_for_their_errors() {
        for (text, code) in [
            (r#"{"error":500}"#, ErrorCode::InternalFailureException),
            (r#"{"error":"503"}"#, ErrorCode::ServiceUnavailable),
        ] {
            assert_eq!(
                rule(text).map(|rule| rule.action),
                Ok(Action::Call(CallFault::Error(code)))
            );
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_by_name() {
        for (text, part) in [
            ("[]", "object"),
            ("{", "JSON"),
            ("{}", "exactly one"),
            (r#"{"throttle":true,"error":500}"#, "exactly one"),
            (r#"{"throttle":1}"#, "throttle"),
            (r#"{"throttle":true,"seed":1}"#, "seed"),
            (r#"{"throttle":true,"rate":0.5}"#, "seed"),
            (r#"{"throttle":true,"rate":0.5,"seed":1,"every":2}"#, "every or rate"),
            (r#"{"throttle":true,"every":0}"#, "every"),
            (r#"{"throttle":true,"stream":"a b"}"#, "stream"),
            (r#"{"throttle":true,"shard":"0"}"#, "shard"),
            (r#"{"throttle":true,"operation":"Put"}"#, "Put"),
            (r#"{"throttle":true,"often":1}"#, "often"),
            (r#"{"error":404}"#, "404"),
            (r#"{"cut":"x"}"#, "before, after, during"),
            (r#"{"record_error":"x"}"#, "throttle, internal"),
            (r#"{"latency_ms":-1}"#, "latency_ms"),
        ] {
            let error = rule(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
