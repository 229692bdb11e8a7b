//! Which operation a request is, and what it may say: whatever else it says is refused by name.

use hyper::Method;
use hyper::header::HeaderMap;

use super::error::{S3Error, S3Result};
use super::target::{Query, Target};

/// The operations that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListBuckets,
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    GetBucketVersioning,
    GetBucketEncryption,
    PutBucketEncryption,
    DeleteBucketEncryption,
    ListObjects,
    ListObjectsV2,
    ListMultipartUploads,
    DeleteObjects,
    GetObject,
    HeadObject,
    GetObjectTagging,
    PutObject,
    CopyObject,
    DeleteObject,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
}

/// Headers that any request may have: of the signature, and of what is the same here whatever they say.
const HEADERS: [&str; 9] = [
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-security-token",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-trailer",
    "x-amz-user-agent",
    // Nobody else pays here.
    "x-amz-request-payer",
];
const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];
/// How an object that is written is encrypted. What else there is of it (keys of clients, contexts) is not done.
const ENCRYPTION: [&str; 3] = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
];
/// Parameters that make another operation of a request (S3, API reference).
const SUB_RESOURCES: [&str; 32] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploads",
    "versioning",
    "versions",
    "website",
];
/// What begins the names of user metadata.
pub(crate) const METADATA: &str = "x-amz-meta-";
impl Operation {
    /// Finds the operation, and refuses what it does not know.
    pub fn of(
        method: &Method,
        target: &Target,
        query: &Query,
        headers: &HeaderMap,
    ) -> S3Result<Operation> {
        let found = Operation::find(method, target, query, headers);
        let Some(operation) = found else {
            // A sub-resource selects an operation that is not there.
            if let Some(name) = query.names().find(|name| !of_any_request(name)) {
                let name: String = name.chars().take(100).collect();
                return Err(S3Error::not_implemented(&format!("{method} with ?{name}")));
            }
            let text = "The specified method is not allowed against this resource.";
            let status = hyper::StatusCode::METHOD_NOT_ALLOWED;
            return Err(S3Error::new("MethodNotAllowed", status, text));
        };
        operation.check_sub_resource(method, query)?;
        operation.check_query(query)?;
        operation.check_headers(headers)?;
        Ok(operation)
    }

    fn find(
        method: &Method,
        target: &Target,
        query: &Query,
        headers: &HeaderMap,
    ) -> Option<Operation> {
        use Operation::*;
        let copies = headers.contains_key("x-amz-copy-source");
        let upload = query.has("uploadId");
        Some(match (target, method.as_str()) {
            (Target::Service, "GET") => ListBuckets,
            (Target::Bucket(_), "GET") if query.has("location") => GetBucketLocation,
            (Target::Bucket(_), "GET") if query.has("versioning") => GetBucketVersioning,
            (Target::Bucket(_), "GET") if query.has("encryption") => GetBucketEncryption,
            (Target::Bucket(_), "PUT") if query.has("encryption") => PutBucketEncryption,
            (Target::Bucket(_), "DELETE") if query.has("encryption") => DeleteBucketEncryption,
            (Target::Bucket(_), "GET") if query.has("uploads") => ListMultipartUploads,
            (Target::Bucket(_), "GET") if query.text("list-type") == Some("2") => ListObjectsV2,
            (Target::Bucket(_), "GET") => ListObjects,
            (Target::Bucket(_), "HEAD") => HeadBucket,
            (Target::Bucket(_), "PUT") => CreateBucket,
            (Target::Bucket(_), "DELETE") => DeleteBucket,
            (Target::Bucket(_), "POST") if query.has("delete") => DeleteObjects,
            (Target::Object(..), "GET") if query.has("tagging") => GetObjectTagging,
            (Target::Object(..), "GET") if upload => ListParts,
            (Target::Object(..), "GET") => GetObject,
            (Target::Object(..), "HEAD") => HeadObject,
            (Target::Object(..), "PUT") if upload && copies => UploadPartCopy,
            (Target::Object(..), "PUT") if upload => UploadPart,
            (Target::Object(..), "PUT") if copies => CopyObject,
            (Target::Object(..), "PUT") => PutObject,
            (Target::Object(..), "DELETE") if upload => AbortMultipartUpload,
            (Target::Object(..), "DELETE") => DeleteObject,
            (Target::Object(..), "POST") if query.has("uploads") => CreateMultipartUpload,
            (Target::Object(..), "POST") if upload => CompleteMultipartUpload,
            (Target::Service | Target::Bucket(_) | Target::Object(..), _) => return None,
        })
    }

    /// Parameters beside those of a signature.
    fn parameters(self) -> &'static [&'static str] {
        use Operation::*;
        match self {
            CreateBucket | HeadBucket | DeleteBucket | PutObject | CopyObject | DeleteObject => &[],
            // No bucket is in another region or has another kind of name.
            ListBuckets => &["max-buckets", "continuation-token", "prefix", "bucket-region"],
            GetBucketLocation => &["location"],
            GetBucketVersioning => &["versioning"],
            GetBucketEncryption | PutBucketEncryption | DeleteBucketEncryption => &["encryption"],
            GetObjectTagging => &["tagging"],
            ListObjects => {
                &["delimiter", "encoding-type", "marker", "max-keys", "prefix", "list-type"]
            }
            ListObjectsV2 => &[
                "list-type",
                "delimiter",
                "encoding-type",
                "max-keys",
                "prefix",
                "continuation-token",
                "fetch-owner",
                "start-after",
            ],
            ListMultipartUploads => &[
                "uploads",
                "delimiter",
                "encoding-type",
                "key-marker",
                "max-uploads",
                "prefix",
                "upload-id-marker",
            ],
            DeleteObjects => &["delete"],
            GetObject | HeadObject => &[
                "response-cache-control",
                "response-content-disposition",
                "response-content-encoding",
                "response-content-language",
                "response-content-type",
                "response-expires",
            ],
            CreateMultipartUpload => &["uploads"],
            UploadPart | UploadPartCopy => &["partNumber", "uploadId"],
            CompleteMultipartUpload | AbortMultipartUpload => &["uploadId"],
            ListParts => &["uploadId", "max-parts", "part-number-marker", "encoding-type"],
        }
    }

    /// Headers of AWS's beside those that any request may have.
    fn headers(self) -> &'static [&'static str] {
        use Operation::*;
        match self {
            ListBuckets
            | HeadBucket
            | DeleteBucket
            | GetBucketLocation
            | GetBucketVersioning
            | GetBucketEncryption
            | DeleteBucketEncryption
            | ListMultipartUploads
            | GetObjectTagging
            | DeleteObject
            | AbortMultipartUpload
            | ListParts => &[],
            CreateBucket => {
                &["x-amz-acl", "x-amz-object-ownership", "x-amz-bucket-object-lock-enabled"]
            }
            // Nothing is ever restored.
            ListObjects | ListObjectsV2 => &["x-amz-optional-object-attributes"],
            DeleteObjects | UploadPart | PutBucketEncryption => &CHECKSUMS,
            GetObject | HeadObject => &["x-amz-checksum-mode"],
            PutObject => &[
                "x-amz-acl",
                "x-amz-storage-class",
                "x-amz-checksum-crc32",
                "x-amz-checksum-crc32c",
                "x-amz-checksum-crc64nvme",
                "x-amz-checksum-sha1",
                "x-amz-checksum-sha256",
            ],
            CopyObject => &[
                "x-amz-acl",
                "x-amz-storage-class",
                "x-amz-copy-source",
                "x-amz-copy-source-if-match",
                "x-amz-copy-source-if-modified-since",
                "x-amz-copy-source-if-none-match",
                "x-amz-copy-source-if-unmodified-since",
                "x-amz-metadata-directive",
                "x-amz-source-expected-bucket-owner",
                // There are no tags, so that both ways of copying them are the same.
                "x-amz-tagging-directive",
            ],
            UploadPartCopy => &[
                "x-amz-copy-source",
                "x-amz-copy-source-if-match",
                "x-amz-copy-source-if-modified-since",
                "x-amz-copy-source-if-none-match",
                "x-amz-copy-source-if-unmodified-since",
                "x-amz-copy-source-range",
                "x-amz-source-expected-bucket-owner",
            ],
            CreateMultipartUpload => &[
                "x-amz-acl",
                "x-amz-storage-class",
                "x-amz-checksum-algorithm",
                "x-amz-checksum-type",
            ],
            CompleteMultipartUpload => &[
                "x-amz-checksum-type",
                "x-amz-mp-object-size",
                "x-amz-checksum-crc32",
                "x-amz-checksum-crc32c",
                "x-amz-checksum-crc64nvme",
                "x-amz-checksum-sha1",
                "x-amz-checksum-sha256",
            ],
        }
    }

    /// Whether it makes an object, of which it sets user metadata and encryption.
    fn makes_object(self) -> bool {
        use Operation::*;
        matches!(self, PutObject | CopyObject | CreateMultipartUpload)
    }

    /// A sub-resource selects another operation, one that is not there.
    fn check_sub_resource(self, method: &Method, query: &Query) -> S3Result<()> {
        let is_other =
            |name: &str| SUB_RESOURCES.contains(&name) && !self.parameters().contains(&name);
        match query.names().find(|name| is_other(name)) {
            Some(name) => Err(S3Error::not_implemented(&format!("{method} with ?{name}"))),
            None => Ok(()),
        }
    }

    fn check_query(self, query: &Query) -> S3Result<()> {
        let known = |name: &str| of_any_request(name) || self.parameters().contains(&name);
        match query.names().find(|name| !known(name)) {
            Some(name) => {
                let name: String = name.chars().take(100).collect();
                Err(S3Error::not_implemented(&format!("the parameter {name} of {self:?}")))
            }
            None => Ok(()),
        }
    }

    fn check_headers(self, headers: &HeaderMap) -> S3Result<()> {
        for (name, value) in headers {
            let name = name.as_str();
            if !name.starts_with("x-amz-") {
                continue;
            }
            let known = HEADERS.contains(&name)
                || self.headers().contains(&name)
                || (self.makes_object()
                    && (name.starts_with(METADATA) || ENCRYPTION.contains(&name)));
            if !known {
                return Err(S3Error::not_implemented(&format!("the header {name} of {self:?}")));
            }
            let allowed: &[&str] = match name {
                // What every object and bucket is here.
                "x-amz-acl" => &["private", "bucket-owner-full-control"],
                "x-amz-object-ownership" => &["BucketOwnerEnforced"],
                "x-amz-bucket-object-lock-enabled" => &["false", "False"],
                "x-amz-metadata-directive" | "x-amz-tagging-directive" => &["COPY", "REPLACE"],
                "x-amz-checksum-type" => &["COMPOSITE", "FULL_OBJECT"],
                _ => continue,
            };
            let value = value.to_str().unwrap_or_default();
            if !allowed.contains(&value) {
                let value: String = value.chars().take(100).collect();
                return Err(S3Error::not_implemented(&format!("{name}: {value}")));
            }
        }
        Ok(())
    }
}

/// SDKs name the operation in the query, and a presigned request is signed there, by version 4 or 2.
fn of_any_request(parameter: &str) -> bool {
    parameter.starts_with("X-Amz-")
        || ["x-id", "AWSAccessKeyId", "Signature", "Expires"].contains(&parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, path: &str, headers: &[(&'static str, &str)]) -> S3Result<Operation> {
        let mut request = hyper::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let target = super::super::target::target(None, head.uri.path())?;
        Operation::of(&head.method, &target, &Query::of(&head)?, &head.headers)
    }

    #[test]
    fn requests_are_told_apart() {
        use Operation::*;
        for (method, path, operation) in [
            ("GET", "/", ListBuckets),
            ("GET", "/bucket?list-type=2&prefix=a%20b", ListObjectsV2),
            ("GET", "/bucket/", ListObjects),
            ("GET", "/bucket?location", GetBucketLocation),
            ("POST", "/bucket?delete", DeleteObjects),
            ("GET", "/bucket?encryption", GetBucketEncryption),
            ("PUT", "/bucket?encryption", PutBucketEncryption),
            ("DELETE", "/bucket?encryption", DeleteBucketEncryption),
            ("GET", "/bucket/k?x-id=GetObject&X-Amz-Expires=5", GetObject),
            ("PUT", "/bucket/k", PutObject),
            ("PUT", "/bucket/k?partNumber=1&uploadId=x", UploadPart),
            ("POST", "/bucket/k?uploads", CreateMultipartUpload),
            ("POST", "/bucket/k?uploadId=x", CompleteMultipartUpload),
            ("DELETE", "/bucket/k?uploadId=x", AbortMultipartUpload),
            ("GET", "/bucket/k?uploadId=x", ListParts),
        ] {
            assert_eq!(of(method, path, &[]), Ok(operation), "{method} {path}");
        }
        assert_eq!(of("PUT", "/bucket/k", &[("x-amz-copy-source", "a/b")]), Ok(CopyObject));
    }

    const CUSTOMER: &str = "x-amz-server-side-encryption-customer-algorithm";
    const CONTEXT: &str = "x-amz-server-side-encryption-context";

    #[test]
    fn what_is_not_done_is_refused_by_name() {
        for (method, path, headers, part) in [
            ("GET", "/bucket?acl", &[][..], "GET with ?acl"),
            ("GET", "/bucket?policy", &[], "GET with ?policy"),
            ("GET", "/bucket?versions&prefix=a", &[], "GET with ?versions"),
            ("PUT", "/bucket?versioning", &[], "PUT with ?versioning"),
            ("PUT", "/bucket/k?tagging", &[], "PUT with ?tagging"),
            ("GET", "/bucket/k?versionId=1", &[], "versionId"),
            ("POST", "/bucket/k?restore", &[], "restore"),
            ("GET", "/bucket/k", &[(ENCRYPTION[0], "AES256")], ENCRYPTION[0]),
            ("PUT", "/bucket/k", &[(CUSTOMER, "AES256")], CUSTOMER),
            ("PUT", "/bucket/k", &[(CONTEXT, "e30=")], CONTEXT),
            ("PUT", "/bucket/k", &[("x-amz-acl", "public-read")], "x-amz-acl: public-read"),
            ("PUT", "/bucket/k", &[("x-amz-tagging", "a=b")], "x-amz-tagging"),
            ("GET", "/bucket/k", &[("x-amz-meta-a", "b")], "x-amz-meta-a"),
        ] {
            let error = of(method, path, headers).unwrap_err();
            assert_eq!(error.code, "NotImplemented", "{path}");
            assert!(error.message.contains(part), "{error:?}");
        }
        assert_eq!(of("POST", "/bucket/k", &[]).unwrap_err().code, "MethodNotAllowed");
    }
}
