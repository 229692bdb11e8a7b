//! The entry point for fuzzing.

use millstream_types::Millis;

use super::{ChannelTemplate, Kind, Pattern, Prefix, Prefixes, Values, Zone};

/// Reads any text as a prefix, as a pattern, as a channel's template and as a zone. What is taken is evaluated within
/// its limits, the same each time.
pub fn fuzz_prefix(input: &[u8]) {
    let (at, text) = input.split_at(input.len().min(8));
    let mut bytes = [0; 8];
    bytes[..at.len()].copy_from_slice(at);
    let at = Millis(u64::from_le_bytes(bytes));
    let Ok(text) = std::str::from_utf8(text) else { return };
    let zone = Zone::parse(text).or_else(|_| Zone::parse("America/St_Johns")).unwrap_or_default();
    if let Ok(pattern) = Pattern::parse(text) {
        assert_eq!(pattern.format(at, &zone), pattern.format(at, &zone));
    }
    let _ = ChannelTemplate::parse(text);
    let _ = super::check_prefix(Some(text), Some(text), true, super::Keys::default());
    let Ok(prefixes) = Prefixes::new(Some(text), None) else { return };
    for prefix in [prefixes.data, prefixes.errors] {
        if let Ok(evaluated) = evaluate(&prefix, at, &zone) {
            assert!(evaluated.chars().count() <= super::PREFIX_CHARACTERS_MAX);
            assert_eq!(evaluate(&prefix, at, &zone), Ok(evaluated));
        }
    }
}

fn evaluate(prefix: &Prefix, at: Millis, zone: &Zone) -> Result<String, super::NamingError> {
    let partition = |kind: Kind, _: &str| (kind == Kind::Query).then_some("value");
    prefix.evaluate(Values {
        at,
        zone,
        error_type: Some("processing-failed"),
        partition: &partition,
        random: &mut |bytes| bytes.fill(7),
    })
}
