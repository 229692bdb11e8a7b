use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use millstream_buckets::{
    BucketName, DefaultEncryption, Encryption as AtRest, Keys, Options, Place, Store,
};
use millstream_types::{AccountId, ManualClock, Millis, SeededRandom};
use millstream_vault::{DataKey, KeyUse, LocalKey, LocalKeys};

use super::*;
use crate::outbound::Allowed;
use crate::outbound::stand_in::{StandIn, answer};

/// A store that is gone with the test.
fn store() -> Arc<Store> {
    store_with(Vec::new())
}

/// A store that knows these keys.
fn store_with(keys: Vec<LocalKey>) -> Arc<Store> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let seed = u64::from(std::process::id()) << 32 | NEXT.fetch_add(1, Ordering::Relaxed);
    let place = Place::Temporary { parent: std::env::temp_dir(), bytes_max: 1 << 20 };
    let clock = Arc::new(ManualClock::new(Millis(1_700_000_000_000)));
    let random = Arc::new(SeededRandom::new(seed));
    let masters = LocalKeys::new(DataKey::new([5; 32]), keys, random.clone());
    let keys = Some(Keys::new(Arc::new(masters)));
    Store::open(Options { place, bytes_reserved: 0, keys }, clock, random).unwrap()
}

fn objects(settings: ObjectSettings, store: &Arc<Store>) -> Objects {
    let outbound = Outbound::new(Allowed::new(true, false, &[]).unwrap(), None).unwrap();
    let clock = Arc::new(ManualClock::new(Millis(1_700_000_000_000)));
    Objects::new(settings, store.clone(), Arc::new(outbound), clock).unwrap()
}

/// Objects that are at an endpoint if their bucket is `remote-…`.
fn remote(stand_in: &StandIn) -> Objects {
    let identity = Identity {
        access_key_id: "AKID".into(),
        secret_access_key: "canary".into(),
        session_token: None,
        region: Some("eu-west-1".parse().unwrap()),
        service: None,
    };
    let endpoint = EndpointSettings {
        buckets: vec!["remote-*".into()],
        url: stand_in.url("/base").parse().unwrap(),
        identity: Some(identity),
        path_style: true,
    };
    objects(ObjectSettings { endpoints: vec![endpoint], ..ObjectSettings::default() }, &store())
}

fn remote_object(key: &str) -> Object {
    Object { bucket: "remote-a".into(), ..object(key) }
}

fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn sender() -> Sender {
    Sender {
        account: account("123456789012"),
        region: "eu-west-1".parse().unwrap(),
        name: "n".into(),
        arn: "arn".into(),
        role_arn: "role".into(),
    }
}

fn object(key: &str) -> Object {
    Object {
        bucket: "bucket".into(),
        key: key.into(),
        body: Bytes::from_static(b"data"),
        content_type: "application/octet-stream",
        content_encoding: Some("gzip"),
        encryption: Encryption::BucketDefault,
        bucket_owner: None,
        storage_class: None,
    }
}

fn made(store: &Store, owner: Option<AccountId>) -> BucketName {
    let bucket: BucketName = "bucket".parse().unwrap();
    store.create_bucket(&bucket, owner, &"eu-west-1".parse().unwrap()).unwrap();
    bucket
}

async fn code(objects: &Objects, object: &Object) -> String {
    let error = objects.put(&sender(), object).await.unwrap_err();
    assert_eq!(error.then, Then::Retry, "{error:?}");
    error.code
}

#[tokio::test]
async fn an_object_is_written_once_with_its_headers() {
    let store = store();
    let bucket = made(&store, None);
    let objects = self::objects(ObjectSettings::default(), &store);
    let object = object("a/b.gz");
    assert_eq!(objects.put(&sender(), &object).await, Ok(Put::Written));
    let again = Object { body: Bytes::from_static(b"other"), ..object };
    assert_eq!(objects.put(&sender(), &again).await, Ok(Put::Existed));
    let info = store.head(&bucket, &"a/b.gz".parse().unwrap()).unwrap();
    assert_eq!((info.size, info.attributes.content_encoding.as_deref()), (4, Some("gzip")));
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_made_only_where_that_is_set() {
    let store = store();
    let settings = ObjectSettings::default();
    let strict = objects(settings.clone(), &store);
    assert_eq!(strict.accepts("bucket", &Encryption::BucketDefault), Ok(()));
    assert_eq!(code(&strict, &object("k")).await, "S3.NoSuchBucket");
    let making = ObjectSettings { create_buckets: true, ..settings };
    let making = objects(making, &store);
    assert_eq!(making.put(&sender(), &object("k")).await, Ok(Put::Written));
    assert_eq!(strict.put(&sender(), &object("k")).await, Ok(Put::Existed));
}

#[tokio::test]
async fn a_bucket_of_another_account_is_denied_where_accounts_are_known() {
    let store = store();
    made(&store, Some(account("000000000007")));
    let open = ObjectSettings::default();
    let signed = ObjectSettings { owners_only: true, ..open.clone() };
    let signed = objects(signed, &store);
    assert_eq!(code(&signed, &object("k")).await, "S3.AccessDenied");
    let open = objects(open, &store);
    assert_eq!(open.put(&sender(), &object("k")).await, Ok(Put::Written));
    let expecting = Object { bucket_owner: Some("123456789012".into()), ..object("k2") };
    assert_eq!(code(&open, &expecting).await, "S3.AccessDenied");
}

fn kms(key: &str) -> Encryption {
    Encryption::Kms(format!("arn:aws:kms:eu-west-1:123456789012:key/{key}").as_str().into())
}

#[tokio::test]
async fn encryption_by_a_key_is_done_and_never_left_out() {
    let key = |id: &str, usable| LocalKey {
        id: id.into(),
        aliases: Vec::new(),
        account: account("123456789012"),
        usable,
    };
    let store = store_with(vec![
        key("k", KeyUse::Enabled),
        key("disabled", KeyUse::Disabled),
        key("pending", KeyUse::PendingDeletion),
        key("denied", KeyUse::Denied),
    ]);
    let bucket = made(&store, None);
    let objects = self::objects(ObjectSettings::default(), &store);
    assert_eq!(objects.accepts("bucket", &kms("k")), Ok(()));
    let no_key = Encryption::Kms("arn:aws:s3:::k".into());
    assert!(objects.accepts("bucket", &no_key).unwrap_err().contains("arn:aws:s3:::k is not"));
    let sealed = Object { encryption: kms("k"), ..object("k") };
    assert_eq!(objects.put(&sender(), &sealed).await, Ok(Put::Written));
    assert_eq!(objects.put(&sender(), &sealed).await, Ok(Put::Existed));
    let info = store.head(&bucket, &"k".parse().unwrap()).unwrap();
    let arn = info.sealed.and_then(|sealed| sealed.key_arn);
    assert_eq!(arn.as_deref(), Some("arn:aws:kms:eu-west-1:123456789012:key/k"));
    for (key, expected) in [
        ("disabled", "S3.KMS.DisabledException"),
        ("pending", "S3.KMS.KMSInvalidStateException"),
        ("denied", "S3.AccessDenied"),
        ("absent", "S3.KMS.NotFoundException"),
    ] {
        let object = Object { encryption: kms(key), ..object("other") };
        assert_eq!(code(&objects, &object).await, expected);
        assert!(store.head(&bucket, &"other".parse().unwrap()).is_err(), "{key}");
    }
}

#[tokio::test]
async fn what_asks_for_nothing_is_encrypted_as_the_bucket_has_it() {
    let store = store_with(Vec::new());
    let bucket = made(&store, None);
    let objects = self::objects(ObjectSettings::default(), &store);
    assert_eq!(objects.put(&sender(), &object("before")).await, Ok(Put::Written));
    let default = DefaultEncryption { encryption: AtRest::Managed, bucket_key: false };
    store.set_default_encryption(&bucket, Some(default)).unwrap();
    assert_eq!(objects.put(&sender(), &object("after")).await, Ok(Put::Written));
    let is_sealed =
        |key: &str| store.head(&bucket, &key.parse().unwrap()).unwrap().sealed.is_some();
    assert!(!is_sealed("before") && is_sealed("after"));
}

#[tokio::test]
async fn an_endpoint_gets_a_signed_put_with_all_that_was_asked_for() {
    let stand_in = StandIn::start(|_| answer(200, &[], "")).await;
    let objects = remote(&stand_in);
    assert!(objects.is_outward("remote-a") && !objects.is_outward("bucket"));
    let kms = Encryption::Kms("arn:key".into());
    assert_eq!(objects.accepts("remote-a", &kms), Ok(()));
    let object = Object {
        encryption: kms,
        bucket_owner: Some("123456789012".into()),
        storage_class: Some("STANDARD_IA"),
        ..remote_object("a b/ü.gz")
    };
    assert_eq!(objects.put(&sender(), &object).await, Ok(Put::Written));
    let request = &stand_in.requests()[0];
    assert_eq!(request.uri().path(), "/base/remote-a/a%20b/%C3%BC.gz");
    for (name, value) in [
        ("if-none-match", "*"),
        ("content-encoding", "gzip"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", "arn:key"),
        ("x-amz-expected-bucket-owner", "123456789012"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ] {
        assert_eq!(request.headers()[name], value, "{name}");
    }
    assert_eq!(&request.body()[..], b"data");
    // Verified as a server would.
    let headers: Vec<(&str, &[u8])> =
        request.headers().iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    let shape = millstream_auth::Request {
        method: "PUT",
        path: request.uri().path(),
        query: "",
        headers: &headers,
    };
    struct Keys;
    impl millstream_auth::KeyStore for Keys {
        fn lookup(&self, _: &str) -> Option<(millstream_auth::Secret, AccountId)> {
            Some((millstream_auth::Secret::new("canary"), AccountId::ZERO))
        }
    }
    let keys = millstream_auth::SigningKeys::new();
    let now = Millis(1_700_000_000_000);
    let verified = millstream_auth::authenticate_s3(&shape, now, &Keys, &keys);
    let hash = millstream_auth::payload_sha256(b"data");
    let payload = verified.map(|identity| identity.payload).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(payload, millstream_auth::Payload::Hash(hash));
}

#[tokio::test]
async fn answers_of_an_endpoint_are_told_by_s3s_names() {
    let error = |code: &str| format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
    for (status, body, expected) in [
        (403, error("AccessDenied"), "S3.AccessDenied"),
        (403, error("SignatureDoesNotMatch"), "S3.SignatureDoesNotMatch"),
        (404, error("NoSuchBucket"), "S3.NoSuchBucket"),
        (404, String::new(), "S3.NoSuchBucket"),
        (503, error("SlowDown"), "S3.SlowDown"),
        (503, "<html>".to_owned(), "S3.ServiceUnavailable"),
        (500, error("<x>"), "S3.InternalError"),
        (307, String::new(), "S3.PermanentRedirect"),
    ] {
        let stand_in = StandIn::start(move |_| answer(status, &[], body.clone())).await;
        let objects = remote(&stand_in);
        let error = objects.put(&sender(), &remote_object("k")).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.then), (expected, Then::Retry));
        assert!(!error.message.contains("canary"));
        assert_eq!(stand_in.count(), 1);
    }
    let stand_in = StandIn::start(|_| answer(412, &[], "")).await;
    let existed = remote(&stand_in).put(&sender(), &remote_object("k")).await;
    assert_eq!(existed, Ok(Put::Existed));
}

#[tokio::test]
async fn an_endpoint_without_conditions_is_written_to_without() {
    let stand_in = StandIn::start(|request| {
        let conditional = request.headers().contains_key("if-none-match");
        answer(if conditional { 501 } else { 200 }, &[], "")
    })
    .await;
    let objects = remote(&stand_in);
    assert_eq!(objects.put(&sender(), &remote_object("k")).await, Ok(Put::Written));
    assert_eq!(stand_in.count(), 2);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_tried_again_and_one_that_is_forbidden_is_told() {
    let stand_in = StandIn::start(|_| answer(200, &[], "")).await;
    let mut endpoint = EndpointSettings {
        buckets: vec!["*".into()],
        url: "http://127.0.0.1:1".parse().unwrap(),
        identity: None,
        path_style: true,
    };
    let settings = |endpoint: &EndpointSettings| ObjectSettings {
        endpoints: vec![endpoint.clone()],
        ..ObjectSettings::default()
    };
    let gone = objects(settings(&endpoint), &store());
    assert_eq!(code(&gone, &object("k")).await, "S3.ServiceUnavailable");
    endpoint.url = "http://169.254.169.254/".parse().unwrap();
    let outbound = Outbound::new(Allowed::new(true, true, &[]).unwrap(), None).unwrap();
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let forbidden = Objects::new(settings(&endpoint), store(), Arc::new(outbound), clock);
    assert!(forbidden.err().unwrap().contains("169.254.169.254"));
    assert_eq!(stand_in.count(), 0);
}
