//! From JSON to a policy.

use std::collections::HashSet;

use super::json::{self, Json};
use super::{
    Condition, Effect, POLICY_BYTES_MAX, Policy, PolicyError, PolicyVersion, Principal, Scope,
    SetOperator, Statement,
};

/// The operators of conditions (IAM user guide, "Condition operators").
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Reads a resource's policy: each statement says whom it is about.
pub fn parse_policy(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(PolicyError::TooLarge(text.len()));
    }
    let mut members = Members::of("the document", json::parse(text)?)?;
    let version = match members.take("Version").map(|v| text_of("Version", v)).transpose()? {
        None => PolicyVersion::V2008,
        Some(version) => match version.as_str() {
            "2008-10-17" => PolicyVersion::V2008,
            "2012-10-17" => PolicyVersion::V2012,
            _ => return Err(wrong("Version", "neither 2008-10-17 nor 2012-10-17")),
        },
    };
    let id = members.take("Id").map(|id| text_of("Id", id)).transpose()?;
    let statements = match members.take("Statement") {
        Some(Json::List(statements)) => statements,
        Some(one @ Json::Map(_)) => vec![one],
        Some(_) => return Err(wrong("Statement", "neither an object nor a list of objects")),
        None => return Err(wrong("Statement", "missing")),
    };
    members.finish()?;
    if statements.is_empty() {
        return Err(wrong("Statement", "empty"));
    }
    let statements = statements.into_iter().enumerate();
    let statements: Vec<Statement> = statements
        .map(|(index, value)| statement(&format!("Statement {}", index + 1), value))
        .collect::<Result<_, _>>()?;
    let mut sids = HashSet::new();
    if !statements.iter().flat_map(|statement| &statement.sid).all(|sid| sids.insert(sid)) {
        return Err(wrong("Sid", "two statements have the same"));
    }
    Ok(Policy { version, id, statements })
}

fn statement(place: &str, value: Json) -> Result<Statement, PolicyError> {
    let mut members = Members::of(place, value)?;
    let at = |name: &str| format!("{place}, {name}");
    let sid = members.take("Sid").map(|sid| text_of(&at("Sid"), sid)).transpose()?;
    let effect = match members.take("Effect").map(|e| text_of(&at("Effect"), e)).transpose()? {
        Some(effect) if effect == "Allow" => Effect::Allow,
        Some(effect) if effect == "Deny" => Effect::Deny,
        Some(_) => return Err(wrong(&at("Effect"), "neither Allow nor Deny")),
        None => return Err(wrong(&at("Effect"), "missing")),
    };
    let principals = members.scope("Principal", "NotPrincipal", principals)?;
    let principals = principals.ok_or_else(|| wrong(&at("Principal"), "missing"))?;
    // IAM user guide, "NotPrincipal": only with Deny. With Allow it would allow everyone else, anonymous callers too.
    if effect == Effect::Allow && matches!(principals, Scope::AllBut(_)) {
        return Err(wrong(&at("NotPrincipal"), "only possible with the effect Deny"));
    }
    let actions = members.scope("Action", "NotAction", actions)?;
    let actions = actions.ok_or_else(|| wrong(&at("Action"), "missing"))?;
    let resources = members.scope("Resource", "NotResource", texts)?;
    let conditions = match members.take("Condition") {
        Some(value) => conditions(&at("Condition"), value)?,
        None => Vec::new(),
    };
    members.finish()?;
    Ok(Statement { sid, effect, principals: Some(principals), actions, resources, conditions })
}

fn principals(place: &str, value: Json) -> Result<Vec<Principal>, PolicyError> {
    if let Json::Text(text) = &value {
        return match text.as_str() {
            "*" => Ok(vec![Principal::Everyone]),
            _ => Err(wrong(place, "neither * nor an object")),
        };
    }
    let Members { entries, .. } = Members::of(place, value)?;
    let mut principals = Vec::new();
    for (kind, value) in entries {
        let place = format!("{place}, {kind}");
        let of_kind: fn(String) -> Principal = match kind.as_str() {
            "AWS" => Principal::Aws,
            "Service" => Principal::Service,
            "Federated" => Principal::Federated,
            "CanonicalUser" => Principal::CanonicalUser,
            _ => return Err(wrong(&place, "no such kind of principal")),
        };
        for text in texts(&place, value)? {
            let everyone = kind == "AWS" && text == "*";
            // A pattern would look like a principal that it is not (IAM user guide, "Principal": no wildcards in part).
            if !everyone && text.contains(['*', '?']) {
                return Err(wrong(&place, "a principal cannot have wildcards"));
            }
            principals.push(if everyone { Principal::Everyone } else { of_kind(text) });
        }
    }
    if principals.is_empty() {
        return Err(wrong(place, "empty"));
    }
    Ok(principals)
}

fn actions(place: &str, value: Json) -> Result<Vec<String>, PolicyError> {
    let actions = texts(place, value)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-');
    let is_action = |action: &String| {
        action == "*"
            || action.split_once(':').is_some_and(|(service, name)| {
                let named = !service.is_empty() && !name.is_empty();
                let plain = service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                named && plain && name.chars().all(allowed)
            })
    };
    if !actions.iter().all(is_action) {
        return Err(wrong(place, "an action is * or of the form service:Name"));
    }
    Ok(actions)
}

fn conditions(place: &str, value: Json) -> Result<Vec<Condition>, PolicyError> {
    let Members { entries, .. } = Members::of(place, value)?;
    let mut conditions = Vec::new();
    for (name, keys) in entries {
        let place = format!("{place}, {name}");
        let (operator, set, if_exists) =
            operator_of(&name).ok_or_else(|| wrong(&place, "no such operator"))?;
        let Members { entries, .. } = Members::of(&place, keys)?;
        for (key, value) in entries {
            let values = scalars(&format!("{place}, {key}"), value)?;
            conditions.push(Condition { operator, set, if_exists, key, values });
        }
    }
    Ok(conditions)
}

/// `ForAnyValue:StringLikeIfExists` in its three parts.
fn operator_of(name: &str) -> Option<(&'static str, Option<SetOperator>, bool)> {
    let (set, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Some(SetOperator::ForAllValues), rest),
        Some(("ForAnyValue", rest)) => (Some(SetOperator::ForAnyValue), rest),
        Some(_) => return None,
        None => (None, name),
    };
    let stem = rest.strip_suffix("IfExists");
    let operator = OPERATORS.iter().find(|known| **known == stem.unwrap_or(rest))?;
    // Whether a key is there cannot depend on whether it is there.
    let possible = !(*operator == "Null" && stem.is_some());
    possible.then_some((*operator, set, stem.is_some()))
}

/// One text, or a list of texts: one at least.
fn texts(place: &str, value: Json) -> Result<Vec<String>, PolicyError> {
    let values = match value {
        Json::List(values) => values,
        one => vec![one],
    };
    if values.is_empty() {
        return Err(wrong(place, "empty"));
    }
    values.into_iter().map(|value| text_of(place, value)).collect()
}

/// Like [`texts`], but numbers and booleans are taken as they are written.
fn scalars(place: &str, value: Json) -> Result<Vec<String>, PolicyError> {
    let values = match value {
        Json::List(values) => values,
        one => vec![one],
    };
    let scalar = |value| match value {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(yes) => Ok(yes.to_string()),
        Json::Null | Json::List(_) | Json::Map(_) => {
            Err(wrong(place, "neither a text, a number nor a boolean"))
        }
    };
    values.into_iter().map(scalar).collect()
}

fn text_of(place: &str, value: Json) -> Result<String, PolicyError> {
    match value {
        Json::Text(text) if !text.is_empty() => Ok(text),
        Json::Text(_) => Err(wrong(place, "empty")),
        _ => Err(wrong(place, "not a text")),
    }
}

fn wrong(place: &str, why: &'static str) -> PolicyError {
    // What a caller wrote comes back in an error, but not all of it.
    PolicyError::Grammar(place.chars().take(200).collect(), why)
}

/// The members of an object, taken one by one; what is left over is not of the grammar.
struct Members {
    place: String,
    entries: Vec<(String, Json)>,
}

impl Members {
    fn of(place: &str, value: Json) -> Result<Self, PolicyError> {
        match value {
            Json::Map(entries) => Ok(Members { place: place.to_owned(), entries }),
            _ => Err(wrong(place, "not an object")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.entries.iter().position(|(key, _)| key == name)?;
        Some(self.entries.swap_remove(at).1)
    }

    /// A member or its opposite, never both.
    fn scope<T>(
        &mut self,
        name: &str,
        not_name: &str,
        read: impl Fn(&str, Json) -> Result<T, PolicyError>,
    ) -> Result<Option<Scope<T>>, PolicyError> {
        let at = |name: &str| format!("{}, {name}", self.place);
        let (place, not_place) = (at(name), at(not_name));
        match (self.take(name), self.take(not_name)) {
            (Some(_), Some(_)) => {
                Err(wrong(&not_place, "cannot be there together with its opposite"))
            }
            (Some(value), None) => Ok(Some(Scope::Only(read(&place, value)?))),
            (None, Some(value)) => Ok(Some(Scope::AllBut(read(&not_place, value)?))),
            (None, None) => Ok(None),
        }
    }

    fn finish(self) -> Result<(), PolicyError> {
        match self.entries.first() {
            None => Ok(()),
            Some((key, _)) => Err(wrong(&format!("{}, {key}", self.place), "no such element")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

    fn with(members: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Sid":"a","Effect":"Deny","Principal":"*","Action":"kinesis:*","Resource":"{ARN}"{members}}}]}}"#
        )
    }

    #[test]
    fn a_document_comes_to_what_it_says() {
        let text = r#"{"Version": "2012-10-17", "Id": "p", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": ["111122223333", "*"], "Service": "firehose.amazonaws.com"},
            "Action": ["kinesis:Get*", "kinesis:ListShards"], "Resource": "arn:aws:kinesis:*:*:stream/s",
            "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:SourceArn": ["a", 1, true]}}}}"#;
        let policy = parse_policy(text).unwrap();
        assert_eq!((policy.version, policy.id.as_deref()), (PolicyVersion::V2012, Some("p")));
        let statement = &policy.statements[0];
        let principals = vec![
            Principal::Aws("111122223333".into()),
            Principal::Everyone,
            Principal::Service("firehose.amazonaws.com".into()),
        ];
        assert_eq!(statement.principals, Some(Scope::Only(principals)));
        let condition = Condition {
            operator: "StringLike",
            set: Some(SetOperator::ForAnyValue),
            if_exists: true,
            key: "aws:SourceArn".into(),
            values: vec!["a".into(), "1".into(), "true".into()],
        };
        assert_eq!(statement.conditions, [condition]);
        assert!(policy.is_about(ARN) && policy.actions_are_of("kinesis"));
        assert!(!policy.is_about("arn:aws:kinesis:us-east-1:000000000000:stream/t"));
        assert!(!policy.actions_are_of("s3"));
    }

    #[test]
    fn opposites_are_kept_apart_and_allow_no_strangers() {
        let text = with("").replace("\"Action\"", "\"NotAction\"");
        let policy = parse_policy(&text).unwrap();
        assert_eq!(policy.statements[0].actions, Scope::AllBut(vec!["kinesis:*".into()]));
        let not_principal =
            with("").replace("\"Principal\":\"*\"", r#""NotPrincipal":{"AWS":"111122223333"}"#);
        assert!(parse_policy(&not_principal).is_ok());
        let allows = not_principal.replace("Deny", "Allow");
        assert_eq!(
            parse_policy(&allows).unwrap_err().to_string(),
            "Statement 1, NotPrincipal: only possible with the effect Deny"
        );
        for both in
            [r#","NotAction":"kinesis:*""#, r#","NotPrincipal":"*""#, r#","NotResource":"*""#]
        {
            assert!(parse_policy(&with(both)).is_err(), "{both}");
        }
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused_with_its_place() {
        for (bad, error) in [
            ("[]".to_owned(), "the document: not an object"),
            ("{}".to_owned(), "Statement: missing"),
            (r#"{"Statement":[]}"#.to_owned(), "Statement: empty"),
            (r#"{"Statement":[1]}"#.to_owned(), "Statement 1: not an object"),
            (with("").replace("2012", "2013"), "Version: neither 2008-10-17 nor 2012-10-17"),
            (with("").replace("Deny", "deny"), "Statement 1, Effect: neither Allow nor Deny"),
            (with("").replace("\"Principal\":\"*\",", ""), "Statement 1, Principal: missing"),
            (
                with("").replace("\"*\"", "\"me\""),
                "Statement 1, Principal: neither * nor an object",
            ),
            (
                with("").replace("\"*\"", r#"{"aws":"1"}"#),
                "Statement 1, Principal, aws: no such kind of principal",
            ),
            (
                with("").replace("\"*\"", r#"{"AWS":"arn:aws:iam::*:root"}"#),
                "Statement 1, Principal, AWS: a principal cannot have wildcards",
            ),
            (
                with("").replace("kinesis:*", "kinesis"),
                "Statement 1, Action: an action is * or of the form service:Name",
            ),
            (with("").replace("\"kinesis:*\"", "[]"), "Statement 1, Action: empty"),
            (with(r#","Effekt":"x""#), "Statement 1, Effekt: no such element"),
            (
                with(r#","Condition":{"Equals":{"a":"b"}}"#),
                "Statement 1, Condition, Equals: no such operator",
            ),
            (
                with(r#","Condition":{"NullIfExists":{"a":"b"}}"#),
                "Statement 1, Condition, NullIfExists: no such operator",
            ),
            (
                with(r#","Condition":{"Bool":{"a":null}}"#),
                "Statement 1, Condition, Bool, a: neither a text, a number nor a boolean",
            ),
            (
                with("").replace(
                    "]}",
                    ",{\"Sid\":\"a\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\"}]}",
                ),
                "Sid: two statements have the same",
            ),
        ] {
            assert_eq!(parse_policy(&bad).unwrap_err().to_string(), error, "{bad}");
        }
    }

    #[test]
    fn documents_are_bounded_in_size_and_depth() {
        let room = POLICY_BYTES_MAX - with("").len();
        assert!(parse_policy(&(with("") + &" ".repeat(room))).is_ok());
        assert_eq!(
            parse_policy(&(with("") + &" ".repeat(room + 1))),
            Err(PolicyError::TooLarge(POLICY_BYTES_MAX + 1))
        );
        let deep = with(&format!(r#","Condition":{}"#, "{\"a\":".repeat(3000)));
        assert!(matches!(parse_policy(&deep), Err(PolicyError::Json(_, "nested too deeply"))));
    }
}
