use hyper::{Request, Response};
use serde_json::json;

use super::*;
use crate::outbound::stand_in::{StandIn, answer};
use crate::samples::{clock, outbound, sender};

const ARN: &str = "arn:aws:lambda:eu-central-1:000000000042:function:clean:live";

/// A stand-in for Lambda's API: checks what Invoke asks for; the payload says what happens.
fn lambda(request: &Request<Bytes>) -> Response<Bytes> {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap());
    let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000042%3Afunction%3Aclean%3Alive\
                /invocations";
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", path));
    assert_eq!(header("x-amz-invocation-type"), Some("RequestResponse"));
    let authorization = header("authorization").unwrap_or_default();
    if !authorization.contains("Credential=AKID/20231114/eu-central-1/lambda/aws4_request") {
        return answer(403, &[("x-amzn-errortype", "AccessDeniedException")], "{}");
    }
    match &request.body()[..] {
        b"fail" => answer(
            200,
            &[("x-amz-function-error", "Unhandled")],
            json!({"errorMessage": "division by zero", "errorType": "ZeroDivisionError"})
                .to_string(),
        ),
        b"busy" => answer(429, &[("retry-after", "2")], "{}"),
        b"gone" => {
            answer(404, &[("x-amzn-errortype", "ResourceNotFoundException:http://x/")], "{}")
        }
        b"large" => answer(200, &[], vec![b'x'; PAYLOAD_BYTES_MAX + 1]),
        b"subnet" => answer(502, &[("x-amzn-errortype", "InvalidSubnetIDException")], "{}"),
        body => answer(200, &[], body.to_vec()),
    }
}

fn calls(endpoint: &str, signed: bool) -> FunctionCalls {
    let identity = Identity {
        access_key_id: "AKID".into(),
        secret_access_key: "s3cret".into(),
        session_token: None,
        region: None,
        service: None,
    };
    let settings = FunctionSettings {
        lambda: Some((endpoint.parse().unwrap(), signed.then_some(identity))),
        urls: BTreeMap::new(),
    };
    FunctionCalls::new(settings, outbound(), clock())
}

#[tokio::test]
async fn a_function_is_invoked_as_lambda_asks() {
    let server = StandIn::start(lambda).await;
    let calls = calls(&server.url(""), true);
    let sender = sender();
    assert!(calls.accepts(ARN).is_ok());
    let payload = Bytes::from_static(b"{\"records\":[]}");
    assert_eq!(calls.invoke(&sender, ARN, payload.clone()).await, Ok(payload));
    for (payload, code, then) in [
        ("fail", "Lambda.FunctionError", Then::Retry),
        ("busy", "Lambda.InvokeLimitExceeded", Then::RetryAfter(Duration::from_secs(2))),
        ("gone", "Lambda.ResourceNotFound", Then::Retry),
        ("large", "Lambda.FunctionError", Then::Retry),
        ("subnet", "Lambda.InvalidSubnetIDException", Then::Retry),
    ] {
        let error = calls.invoke(&sender, ARN, payload.into()).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.then), (code, then), "{}", error.message);
        assert!(
            payload != "fail" || error.message.ends_with("division by zero"),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn without_keys_a_call_is_not_signed() {
    let server = StandIn::start(lambda).await;
    let error =
        calls(&server.url("/"), false).invoke(&sender(), ARN, "x".into()).await.unwrap_err();
    assert_eq!(error.code, "Lambda.InvokeAccessDenied");
}

#[tokio::test]
async fn a_plain_url_is_found_by_name_or_arn() {
    let server = StandIn::start(|request| answer(200, &[], request.body().clone())).await;
    for name in ["clean", ARN, ARN.strip_suffix(":live").unwrap()] {
        let settings = FunctionSettings {
            lambda: None,
            urls: [(name.to_owned(), server.url("/f?x=y").parse().unwrap())].into(),
        };
        let calls = FunctionCalls::new(settings, outbound(), clock());
        assert!(calls.accepts(ARN).is_ok());
        assert_eq!(calls.invoke(&sender(), ARN, "data".into()).await, Ok("data".into()));
        let refused = calls.accepts("arn:aws:lambda:eu-central-1:000000000042:function:other");
        assert!(refused.is_err_and(|text| text.contains("[destinations.functions]")));
    }
    assert_eq!(server.requests()[0].uri(), "/f?x=y");
}

#[tokio::test]
async fn a_payload_that_lambda_would_not_take_is_not_sent() {
    let server = StandIn::start(lambda).await;
    let payload = Bytes::from(vec![b'x'; PAYLOAD_BYTES_MAX + 1]);
    let error = calls(&server.url(""), true).invoke(&sender(), ARN, payload).await.unwrap_err();
    assert_eq!((error.then, server.count()), (Then::GiveUp, 0));
}

#[tokio::test(start_paused = true)]
async fn five_minutes_are_waited_and_no_longer() {
    let server = StandIn::start_silent().await;
    let begun = tokio::time::Instant::now();
    let error = calls(&server.url(""), true).invoke(&sender(), ARN, "x".into()).await.unwrap_err();
    assert_eq!(error.code, "Lambda.FunctionTimedOut");
    assert!((300..=306).contains(&begun.elapsed().as_secs()));
}
