//! The services, and how a request names one.

use super::{KINESIS, Operation, firehose, firehose_own};

/// A service of AWS. Names of operations are unique within one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Data Streams.
    Kinesis,
    /// Data Firehose.
    Firehose,
    /// What Millstream adds to Firehose: AWS has nothing like it.
    FirehoseOwn,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 3] = [Service::Kinesis, Service::Firehose, Service::FirehoseOwn];

    /// Whether AWS has it, so that there is a model of it.
    pub const fn is_of_aws(self) -> bool {
        match self {
            Service::Kinesis | Service::Firehose => true,
            Service::FirehoseOwn => false,
        }
    }

    /// Its name in a signature's scope, and in ARNs.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Service::Kinesis => "kinesis",
            Service::Firehose | Service::FirehoseOwn => "firehose",
        }
    }

    /// What comes before the operation's name in `X-Amz-Target`.
    pub const fn target_prefix(self) -> &'static str {
        match self {
            Service::Kinesis => "Kinesis_20131202.",
            Service::Firehose => "Firehose_20150804.",
            Service::FirehoseOwn => "MillstreamFirehose_20261126.",
        }
    }

    /// Its operations, in the order of their names.
    pub fn operations(self) -> &'static [&'static Operation] {
        match self {
            Service::Kinesis => KINESIS,
            Service::Firehose => firehose::OPERATIONS,
            Service::FirehoseOwn => firehose_own::OPERATIONS,
        }
    }

    /// The operation of a name. Asked for every request.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        let operations = self.operations();
        let place = operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
        Some(operations[place])
    }

    /// The service that `X-Amz-Target` is of, and the name of an operation that it may or may not have.
    pub fn of_target(target: &str) -> Option<(Service, &str)> {
        Service::ALL.into_iter().find_map(|service| {
            target.strip_prefix(service.target_prefix()).map(|name| (service, name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name_and_nothing_else_is() {
        for service in Service::ALL {
            let operations = service.operations();
            assert!(operations.is_sorted_by(|one, next| one.name < next.name));
            for one in operations {
                assert_eq!(one.service, service, "{}", one.name);
                assert!(std::ptr::eq(service.operation(one.name).unwrap(), *one), "{}", one.name);
            }
            for name in ["", "A", "CreateStreams", "createStream", "Zz"] {
                assert!(service.operation(name).is_none(), "{name}");
            }
        }
    }

    #[test]
    fn a_target_names_a_service_and_an_operation_of_it() {
        for (target, found) in [
            ("Kinesis_20131202.PutRecord", Some((Service::Kinesis, "PutRecord"))),
            ("Firehose_20150804.PutRecord", Some((Service::Firehose, "PutRecord"))),
            ("Firehose_20150804.", Some((Service::Firehose, ""))),
            ("Kinesis_20131202", None),
            ("", None),
        ] {
            assert_eq!(Service::of_target(target), found, "{target}");
        }
        let of = |service: Service| service.operation("PutRecord").unwrap().input;
        assert!(!std::ptr::eq(of(Service::Kinesis), of(Service::Firehose)));
        assert!(Service::Kinesis.operation("PutRecordBatch").is_none());
    }
}
