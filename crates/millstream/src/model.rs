//! What is supported of the service model, as JSON for the model check.

use std::fmt::Write;

use millstream_api::shape::{Range, Shape, Structure, Text};
use millstream_api::{ErrorCode, Operation, Service};

/// Every operation of every service with its shapes, constraints and errors.
pub fn json() -> String {
    let services = Service::ALL.iter().filter(|service| service.is_of_aws()).map(|service| {
        let operations: Vec<_> = service.operations().iter().map(|one| operation(one)).collect();
        let name = quoted(service.signing_name());
        format!("{{\"name\":{name},\"operations\":[{}]}}", operations.join(","))
    });
    format!("{{\"services\":[{}]}}", services.collect::<Vec<_>>().join(","))
}

fn operation(operation: &Operation) -> String {
    let errors: Vec<_> =
        operation.errors.iter().map(|code: &ErrorCode| quoted(code.as_str())).collect();
    format!(
        "{{\"name\":{},\"status\":\"done\",\"errors\":[{}],\"input\":{},\"output\":{}}}",
        quoted(operation.name),
        errors.join(","),
        structure(operation.input),
        operation.output.map_or_else(|| "null".into(), structure)
    )
}

fn structure(structure: &Structure) -> String {
    let members = structure.members.iter().map(|member| {
        let refused =
            member.refused.map_or(String::new(), |why| format!("\"refused\":{},", quoted(why)));
        format!(
            "{{\"name\":{},\"required\":{},{refused}\"shape\":{}}}",
            quoted(member.name),
            member.required,
            shape(member.shape)
        )
    });
    let members = members.collect::<Vec<_>>().join(",");
    format!(
        "{{\"type\":\"structure\",\"name\":{},\"members\":[{members}]}}",
        quoted(structure.name)
    )
}

fn shape(shape: Shape) -> String {
    match shape {
        Shape::Text(of) => text(of),
        Shape::Integer(range) => format!("{{\"type\":\"integer\"{}}}", bounds(range)),
        Shape::Long(range) => format!("{{\"type\":\"long\"{}}}", bounds(range)),
        Shape::Double(range) => format!("{{\"type\":\"double\"{}}}", bounds(range)),
        Shape::Boolean => "{\"type\":\"boolean\"}".into(),
        Shape::Timestamp => "{\"type\":\"timestamp\"}".into(),
        Shape::Blob(range) => format!("{{\"type\":\"blob\"{}}}", bounds(range)),
        Shape::List(list) => {
            format!(
                "{{\"type\":\"list\",\"member\":{}{}}}",
                self::shape(list.element),
                bounds(list.length)
            )
        }
        Shape::Map(map) => format!(
            "{{\"type\":\"map\",\"key\":{},\"value\":{}{}}}",
            text(map.key),
            self::shape(map.value),
            bounds(map.length)
        ),
        Shape::Structure(of) => structure(of),
    }
}

fn text(text: &Text) -> String {
    let mut json = format!("{{\"type\":\"string\"{}", bounds(text.length));
    // Writing to a String cannot fail.
    if let Some(pattern) = text.pattern {
        let _ = write!(json, ",\"pattern\":{}", quoted(pattern.text));
    }
    if !text.values.is_empty() {
        let values: Vec<_> = text.values.iter().map(|value| quoted(value)).collect();
        let _ = write!(json, ",\"enum\":[{}]", values.join(","));
    }
    if text.sensitive {
        json.push_str(",\"sensitive\":true");
    }
    json.push('}');
    json
}

fn bounds(range: Range) -> String {
    let bound = |name: &str, value: Option<i64>| {
        value.map_or(String::new(), |value| format!(",\"{name}\":{value}"))
    };
    bound("min", range.min) + &bound("max", range.max)
}

/// Names and reasons of our own: printable ASCII.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
