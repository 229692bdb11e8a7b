//! What tags may look like.

use std::collections::BTreeMap;

use millstream_api::Error;

/// Checks tags that are to be set: their characters, the reserved prefix, their number.
pub fn check_tags(tags: &BTreeMap<String, String>, tags_max: u64) -> Result<(), Error> {
    if tags.len() as u64 > tags_max {
        return Err(Error::invalid_argument(format!(
            "One request cannot set more than {tags_max} tags; this one has {}.",
            tags.len()
        )));
    }
    for (key, value) in tags {
        check_key(key)?;
        if !value.chars().all(is_tag_char) {
            return Err(invalid("value", value));
        }
    }
    Ok(())
}

/// Checks a tag's key. The prefix `aws:` is AWS's own (developer guide, "Tag restrictions").
pub fn check_key(key: &str) -> Result<(), Error> {
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(Error::invalid_argument(format!(
            "The tag key {key} begins with aws:, which is reserved."
        )));
    }
    if !key.chars().all(is_tag_char) {
        return Err(invalid("key", key));
    }
    Ok(())
}

/// Letters and digits of any script, white space, and `_ . : / = + - @ %`: the union of what the model's `Tag` and the
/// developer guide allow.
fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@%".contains(c)
}

fn invalid(what: &str, text: &str) -> Error {
    Error::invalid_argument(format!(
        "The tag {what} {text:?} contains invalid characters. Valid characters: letters, digits, spaces, _ . : \
            / = + - @ %"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_take_what_aws_takes() {
        let tags = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        for (key, value) in [("a", ""), ("Größe 1", "x y_.:/=+-@%"), ("awsome", "aws:x")] {
            assert_eq!(check_tags(&tags(key, value), 50), Ok(()), "{key}");
        }
        for (key, value) in
            [("aws:x", ""), ("AWS:x", ""), ("a\n", ""), ("a", "x\0"), ("a<b", ""), ("a", "#")]
        {
            assert!(check_tags(&tags(key, value), 50).is_err(), "{key}");
        }
    }

    #[test]
    fn one_request_sets_at_most_as_many_as_a_stream_may_have() {
        let tags = |count| (0..count).map(|i| (format!("k{i}"), String::new())).collect();
        assert!(check_tags(&tags(50), 50).is_ok());
        assert!(check_tags(&tags(51), 50).is_err());
    }
}
