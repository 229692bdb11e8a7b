//! Firehose's patterns. Its ARNs are of any partition: `arn:.*:`.

use super::Pattern;
use super::matching::*;

/// Of texts that are one line.
pub static ONE_LINE: Pattern = Pattern { text: ".*", matches: is_one_line };
/// Of texts that are one line and not only spaces.
pub static NOT_BLANK: Pattern = Pattern { text: r"^(?!\s*$).+", matches: is_not_blank };
/// Of texts without spaces.
pub static WITHOUT_SPACE: Pattern = Pattern { text: r"^\S+$", matches: is_last_part };
/// Of numbers.
pub static DIGITS: Pattern =
    Pattern { text: "[0-9]+", matches: |text| is_of(text, |b| b.is_ascii_digit()) };
/// Of names in databases.
pub static BASIC_PLANE: Pattern = Pattern {
    text: r"[\u0001-\uFFFF]*",
    matches: |text| text.chars().all(|c| ('\u{1}'..='\u{ffff}').contains(&c)),
};
/// Of standard base64.
pub static BASE64: Pattern = Pattern {
    text: r"^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=)?$",
    matches: is_base64,
};
/// Of keys of tags. Letters are those of Unicode, marks of some scripts with them, which AWS's own refuses.
pub static TAG_KEY: Pattern = Pattern {
    text: r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$",
    matches: |text| !text.starts_with("aws:") && is_tag_text(text),
};
/// Of values of tags.
pub static TAG_VALUE: Pattern =
    Pattern { text: r"^[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$", matches: is_tag_text };
/// Of delivery streams' ARNs.
pub static DELIVERY_STREAM_ARN: Pattern = Pattern {
    text: r"arn:.*:firehose:[a-zA-Z0-9\-]+:\d{12}:deliverystream/[a-zA-Z0-9._-]+",
    matches: |text| is_arn(text, "firehose", &["deliverystream/"], is_name),
};
/// Of Kinesis streams' ARNs, as Firehose writes it.
pub static KINESIS_STREAM_ARN: Pattern = Pattern {
    text: r"arn:.*:kinesis:[a-zA-Z0-9\-]+:\d{12}:stream/[a-zA-Z0-9_.-]+",
    matches: |text| is_arn(text, "kinesis", &["stream/"], is_name),
};
/// Of keys' ARNs.
pub static KMS_KEY_ARN: Pattern = Pattern {
    text: r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:key/[a-zA-Z_0-9+=,.@\-_/]+",
    matches: |text| is_arn(text, "kms", &["key/"], is_path),
};
/// Of keys' ARNs and of those of their aliases.
pub static KMS_KEY_OR_ALIAS_ARN: Pattern = Pattern {
    text: r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\-_/]+",
    matches: |text| is_arn(text, "kms", &["key/", "alias/"], is_path),
};
/// Of domains' ARNs.
pub static DOMAIN_ARN: Pattern = Pattern {
    text: r"arn:.*:es:[a-zA-Z0-9\-]+:\d{12}:domain/[a-z][-0-9a-z]{2,27}",
    matches: |text| is_arn(text, "es", &["domain/"], is_domain),
};
/// Of roles' ARNs, in any partition.
pub static ANY_ROLE_ARN: Pattern = Pattern {
    text: r"arn:.*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+",
    matches: |text| {
        global_arn(text, "iam").is_some_and(|[account, resource]| {
            is_account(account) && resource.strip_prefix("role/").is_some_and(is_path)
        })
    },
};
/// Of buckets' ARNs, in any partition and with any name.
pub static ANY_BUCKET_ARN: Pattern = Pattern {
    text: r"arn:.*:s3:::[\w\.\-]{1,255}",
    matches: |text| {
        global_arn(text, "s3")
            .is_some_and(|[account, name]| account.is_empty() && name.len() <= 255 && is_name(name))
    },
};
/// Of secrets' ARNs.
pub static SECRET_ARN: Pattern = Pattern {
    text: r"arn:.*:secretsmanager:[a-zA-Z0-9\-]+:\d{12}:secret:[a-zA-Z0-9\-/_+=.@!]+",
    matches: is_secret_arn,
};
/// Of data catalogs' ARNs.
pub static CATALOG_ARN: Pattern = Pattern {
    text: r"arn:.*:glue:.*:\d{12}:catalog(?:(/[a-z0-9_-]+){1,2})?",
    matches: is_catalog_arn,
};
/// Of any ARN.
pub static ANY_ARN: Pattern =
    Pattern { text: "arn:.*", matches: |text| text.starts_with("arn:") && is_one_line(text) };
/// Of endpoints. `http:` matches too: whether a connection may be plain is for the server's configuration to say.
pub static HTTPS: Pattern = Pattern {
    text: "https:.*",
    matches: |text| ["https:", "http:"].iter().any(|p| text.starts_with(p)) && is_one_line(text),
};
/// Of URLs of endpoints. `http:` matches too, as in [`HTTPS`].
pub static HTTPS_URL: Pattern = Pattern {
    text: "https://.*",
    matches: |text| {
        ["https://", "http://"].iter().any(|p| text.starts_with(p)) && is_one_line(text)
    },
};
/// Of places of Redshift's databases. Any host matches, so that PostgreSQL may stand in for it.
pub static JDBC_URL: Pattern = Pattern {
    text: concat!(
        r"jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+",
        r"(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+"
    ),
    matches: is_jdbc_url,
};
/// Of names of time zones.
pub static TIME_ZONE: Pattern = Pattern {
    text: "^$|[a-zA-Z/_]+",
    matches: |text| text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'/' || b == b'_'),
};
/// Of ids of destinations.
pub static DESTINATION_ID: Pattern = Pattern { text: "[a-zA-Z0-9-]+", matches: is_label };
/// Of what keys of objects end with.
pub static FILE_EXTENSION: Pattern = Pattern {
    text: r"^$|\.[0-9a-z!\-_.*'()]+",
    matches: |text| {
        let letter =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!-_.*'()".contains(&b);
        text.is_empty() || text.strip_prefix('.').is_some_and(|rest| is_of(rest, letter))
    },
};
/// Of names of groups of logs, or none.
pub static DELIVERY_LOG_GROUP_NAME: Pattern = Pattern {
    text: r"[\.\-_/#A-Za-z0-9]*",
    matches: |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_/#".contains(&b)),
};
/// Of names of Kafka topics.
pub static TOPIC_NAME: Pattern = Pattern {
    text: r"[a-zA-Z0-9\\._\\-]+",
    matches: |text| is_of(text, |b| b.is_ascii_alphanumeric() || b"\\._-".contains(&b)),
};
/// Of Snowflake's accounts.
pub static SNOWFLAKE_URL: Pattern = Pattern {
    text: r".+?\.snowflakecomputing\.com",
    matches: |text| {
        let account = text.strip_suffix(".snowflakecomputing.com");
        account.is_some_and(|account| !account.is_empty() && is_one_line(account))
    },
};
/// Of endpoints of private networks.
pub static VPC_ENDPOINT: Pattern = Pattern {
    text: r"([a-zA-Z0-9\-\_]+\.){2,3}vpce\.[a-zA-Z0-9\-]*\.vpce-svc\-[a-zA-Z0-9\-]{17}$",
    matches: is_vpc_endpoint,
};
/// Of places in S3.
pub static S3_LOCATION: Pattern =
    Pattern { text: r"s3:\/\/.*", matches: |text| text.starts_with("s3://") && is_one_line(text) };

/// What follows the service in an ARN whose last three parts hold no colon, with the account and before it the region.
fn regional_arn<'a>(text: &'a str, service: &str) -> Option<[&'a str; 3]> {
    let (rest, resource) = text.rsplit_once(':')?;
    let (rest, account) = rest.rsplit_once(':')?;
    let (rest, region) = rest.rsplit_once(':')?;
    let head = rest.strip_suffix(service)?.strip_suffix(':')?;
    let fits = head.starts_with("arn:") && is_one_line(head);
    fits.then_some([region, account, resource])
}

/// Account and resource of an ARN without a region.
fn global_arn<'a>(text: &'a str, service: &str) -> Option<[&'a str; 2]> {
    let [region, account, resource] = regional_arn(text, service)?;
    region.is_empty().then_some([account, resource])
}

/// An ARN with region and account, whose resource begins with one of `kinds`.
fn is_arn(text: &str, service: &str, kinds: &[&str], name: fn(&str) -> bool) -> bool {
    regional_arn(text, service).is_some_and(|[region, account, resource]| {
        let of_kind = |kind: &&str| resource.strip_prefix(kind).is_some_and(name);
        is_label(region) && is_account(account) && kinds.iter().any(of_kind)
    })
}

/// `[a-zA-Z0-9\-]+`.
fn is_label(text: &str) -> bool {
    is_of(text, |b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `[a-zA-Z_0-9+=,.@\-_/]+`.
fn is_path(text: &str) -> bool {
    is_of(text, |b| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b))
}

/// `[a-z][-0-9a-z]{2,27}`.
fn is_domain(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (3..=28).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && is_of(text, letter)
}

fn is_secret_arn(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&b);
    text.rsplit_once(':').is_some_and(|(arn, name)| {
        is_of(name, letter) && is_arn(arn, "secretsmanager", &["secret"], str::is_empty)
    })
}

fn is_catalog_arn(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
    let is_catalog = |resource: &str| {
        let Some(path) = resource.strip_prefix("catalog") else { return false };
        let parts = path.strip_prefix('/').map(|path| path.split('/').collect::<Vec<_>>());
        parts.map_or(path.is_empty(), |parts| {
            parts.len() <= 2 && parts.iter().all(|part| is_of(part, letter))
        })
    };
    let Some((rest, resource)) = text.rsplit_once(':') else { return false };
    let Some((head, account)) = rest.rsplit_once(':') else { return false };
    let named = head.strip_prefix("arn:").is_some_and(|rest| rest.contains(":glue:"));
    named && is_one_line(head) && is_account(account) && is_catalog(resource)
}

fn is_not_blank(text: &str) -> bool {
    let space = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];
    is_one_line(text) && !text.trim_matches(space).is_empty()
}

fn is_base64(text: &str) -> bool {
    let padding = text.len() - text.trim_end_matches('=').len();
    let letters = &text.as_bytes()[..text.len() - padding];
    text.len().is_multiple_of(4)
        && padding <= 2
        && letters.iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b))
}

/// `[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*`.
fn is_tag_text(text: &str) -> bool {
    let separator = |c: char| c.is_whitespace() && !c.is_control();
    text.chars()
        .all(|c| c.is_alphabetic() || c.is_numeric() || separator(c) || "_.:/=+-@%".contains(c))
}

/// A host of labels, a port of up to five digits and a database.
fn is_jdbc_url(text: &str) -> bool {
    let kinds = ["jdbc:redshift://", "jdbc:postgresql://"];
    let Some(rest) = kinds.iter().find_map(|kind| text.strip_prefix(kind)) else { return false };
    let Some((place, database)) = rest.split_once('/') else { return false };
    let Some((host, port)) = place.split_once(':') else { return false };
    let label = |label: &str| {
        label.len() <= 63 && is_label(label) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.split('.').all(label)
        && port.len() <= 5
        && is_of(port, |b| b.is_ascii_digit())
        && is_of(database, |b| b.is_ascii_alphanumeric() || b"_$-".contains(&b))
}

fn is_vpc_endpoint(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let [names @ .., vpce, zone, service] = labels.as_slice() else { return false };
    let name = |name: &&str| is_of(name, |b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let id = service.strip_prefix("vpce-svc-");
    (2..=3).contains(&names.len())
        && names.iter().all(name)
        && *vpce == "vpce"
        && (zone.is_empty() || is_label(zone))
        && id.is_some_and(|id| id.len() == 17 && is_label(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "000000000000";

    /// The pattern, what matches it, and what does not.
    fn check(pattern: &Pattern, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!((pattern.matches)(text), "{pattern:?} {text}");
        }
        for text in bad {
            assert!(!(pattern.matches)(text), "{pattern:?} {text}");
        }
    }

    #[test]
    fn arns_match_in_any_partition() {
        let arn = |rest: &str| rest.replace("ACCOUNT", ACCOUNT);
        let cases: [(&Pattern, &[&str], &[&str]); 9] = [
            (
                &DELIVERY_STREAM_ARN,
                &[
                    "arn:aws:firehose:us-east-1:ACCOUNT:deliverystream/a.B-_9",
                    "arn::firehose:r:ACCOUNT:deliverystream/a",
                ],
                &[
                    "arn:aws:firehose::ACCOUNT:deliverystream/a",
                    "arn:firehose:r:ACCOUNT:deliverystream/a",
                ],
            ),
            (
                &KINESIS_STREAM_ARN,
                &["arn:aws-cn:kinesis:cn-north-1:ACCOUNT:stream/a"],
                &["arn:aws:kinesis:r:ACCOUNT:stream/a/b", "arn:aws:kinesis:r:0:stream/a"],
            ),
            (&KMS_KEY_ARN, &["arn:aws:kms:r:ACCOUNT:key/a-b"], &["arn:aws:kms:r:ACCOUNT:alias/a"]),
            (
                &KMS_KEY_OR_ALIAS_ARN,
                &["arn:aws:kms:r:ACCOUNT:alias/a/b"],
                &["arn:aws:kms:r:ACCOUNT:a"],
            ),
            (
                &DOMAIN_ARN,
                &["arn:aws:es:r:ACCOUNT:domain/abc"],
                &["arn:aws:es:r:ACCOUNT:domain/ab", "arn:aws:es:r:ACCOUNT:domain/1bc"],
            ),
            (
                &ANY_ROLE_ARN,
                &["arn:aws:iam::ACCOUNT:role/a/b+c", "arn:a:b:iam::ACCOUNT:role/a"],
                &[
                    "arn:aws:iam:r:ACCOUNT:role/a",
                    "arn:aws:iam::ACCOUNT:user/a",
                    "arn:aws:iam::ACCOUNT:role/",
                ],
            ),
            (
                &ANY_BUCKET_ARN,
                &["arn:aws:s3:::a", "arn:aws:s3:::A_b.c-1"],
                &["arn:aws:s3:::", "arn:aws:s3:::a/b"],
            ),
            (
                &SECRET_ARN,
                &["arn:aws:secretsmanager:r:ACCOUNT:secret:a/b-AbCdEf"],
                &[
                    "arn:aws:secretsmanager:r:ACCOUNT:secret:",
                    "arn:aws:secretsmanager:r:ACCOUNT:secrets:a",
                ],
            ),
            (
                &CATALOG_ARN,
                &["arn:aws:glue:r:ACCOUNT:catalog", "arn:aws:glue::ACCOUNT:catalog/a/b"],
                &[
                    "arn:aws:glue:r:ACCOUNT:catalog/a/b/c",
                    "arn:aws:glue:r:ACCOUNT:catalogs",
                    "arn:glue:r:ACCOUNT:catalog",
                ],
            ),
        ];
        for (pattern, good, bad) in cases {
            let [good, bad] =
                [good, bad].map(|texts| texts.iter().map(|t| arn(t)).collect::<Vec<_>>());
            let [good, bad] =
                [&good, &bad].map(|texts| texts.iter().map(String::as_str).collect::<Vec<_>>());
            check(pattern, &good, &bad);
        }
    }

    #[test]
    fn places_of_destinations_match_what_the_model_says_and_their_stand_ins() {
        check(&HTTPS, &["https:", "https://a", "http://127.0.0.1:1"], &["ftp://a", "https:\n"]);
        check(&HTTPS_URL, &["https://a/b", "http://localhost"], &["https:a", "s3://a"]);
        check(
            &JDBC_URL,
            &[
                "jdbc:redshift://a.b.us-east-1.redshift.amazonaws.com:5439/dev",
                "jdbc:postgresql://w.0.us-east-1.redshift-serverless.amazonaws.com:5439/d_$-1",
                "jdbc:postgresql://127.0.0.1:5432/dev",
            ],
            &[
                "jdbc:mysql://a:1/b",
                "jdbc:redshift://a/b",
                "jdbc:redshift://-a:1/b",
                "jdbc:redshift://a:123456/b",
            ],
        );
        check(
            &SNOWFLAKE_URL,
            &["https://a.snowflakecomputing.com"],
            &[".snowflakecomputing.com", "https://a.snowflakecomputing.org"],
        );
        let service = "vpce-svc-0123456789abcdef0";
        check(
            &VPC_ENDPOINT,
            &[
                &format!("com.amazonaws.vpce.us-east-1.{service}"),
                &format!("a.b.c.vpce..{service}"),
            ],
            &[&format!("com.vpce.us-east-1.{service}"), "com.amazonaws.vpce.us-east-1.vpce-svc-0"],
        );
        check(&S3_LOCATION, &["s3://a"], &["s3:/a"]);
    }

    #[test]
    fn texts_match_what_the_model_says() {
        check(&ONE_LINE, &["", "a b"], &["a\nb", "a\u{2028}b"]);
        check(&NOT_BLANK, &["a", " a "], &["", " \t", "a\nb"]);
        check(&WITHOUT_SPACE, &["a", "ä"], &["", "a b"]);
        check(&DIGITS, &["0", "12"], &["", "1a"]);
        check(&BASIC_PLANE, &["", "ä€"], &["\u{0}", "😀"]);
        check(&BASE64, &["", "AAAA", "AA==", "AAA="], &["A", "AA=", "A===", "AA_="]);
        check(&TAG_KEY, &["a b", "äß9", "a:aws:"], &["aws:a", "a\tb", "a&b"]);
        check(&TAG_VALUE, &["", "aws:a", "_.:/=+-@%"], &["a\nb", "a#b"]);
        check(&TIME_ZONE, &["", "America/New_York"], &["UTC+1"]);
        check(&DESTINATION_ID, &["destinationId-000000000001"], &["", "a_b"]);
        check(&FILE_EXTENSION, &["", ".json.gz", ".a'(b)*"], &["json", ".", ".JSON"]);
        check(&DELIVERY_LOG_GROUP_NAME, &["", "/aws/a#1"], &["a b"]);
        check(&TOPIC_NAME, &["a.b_C-\\"], &["", "a/b"]);
        check(&ANY_ARN, &["arn:"], &["arn"]);
    }
}
