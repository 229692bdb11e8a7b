#!/bin/sh
# Delivers to a real OpenSearch or Elasticsearch cluster and looks whether every document is there once.
# Nothing in the checks of this project runs it: it wants a cluster, and a server that is configured to reach it.
#
#   ENDPOINT   the cluster, such as http://127.0.0.1:9200; its user in CURL_AUTH ("user:password") if it wants one
#   SERVER     the endpoint of a Millstream server whose configuration has
#                [destinations] allow_plain_http = true and, if there is a user, [[destinations.opensearch]]
#   COUNT      how many documents; 1000 if absent
#
# AWS takes clusters by https only. Millstream takes one in the clear where its configuration allows plain HTTP, as
# above; DOMAIN_ARN, mapped to the cluster by [[destinations.opensearch]] domain_arn, stands in for its address.
set -eu
: "${ENDPOINT:?the cluster}" "${SERVER:?the server}"
count="${COUNT:-1000}"
stream="opensearch-check-$$"
index="check-$$"
scratch="$(mktemp -d)"
trap 'rm -r "$scratch"' EXIT
aws() { command aws --endpoint-url "$SERVER" "$@"; }
cluster() { curl --silent --show-error --fail ${CURL_AUTH:+--user "$CURL_AUTH"} "$@"; }

if [ -n "${DOMAIN_ARN:-}" ]; then
    where="\"DomainARN\": \"$DOMAIN_ARN\""
else
    where="\"ClusterEndpoint\": \"$ENDPOINT\""
fi
cat > "$scratch/destination.json" <<END
{
  "RoleARN": "arn:aws:iam::000000000000:role/firehose", $where,
  "IndexName": "$index", "IndexRotationPeriod": "NoRotation",
  "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
  "RetryOptions": {"DurationInSeconds": 60},
  "S3Configuration": {"RoleARN": "arn:aws:iam::000000000000:role/firehose", "BucketARN": "arn:aws:s3:::$index"}
}
END
aws firehose create-delivery-stream --delivery-stream-name "$stream" \
    --amazonopensearchservice-destination-configuration "file://$scratch/destination.json"
until [ "$(aws firehose describe-delivery-stream --delivery-stream-name "$stream" \
    --query DeliveryStreamDescription.DeliveryStreamStatus --output text)" = ACTIVE ]; do sleep 1; done

sent=0
while [ "$sent" -lt "$count" ]; do
    until=$((sent + 100)) records=""
    while [ "$sent" -lt "$until" ] && [ "$sent" -lt "$count" ]; do
        data="$(printf '{"number":%d}' "$sent" | base64)"
        records="$records${records:+,}{\"Data\":\"$data\"}"
        sent=$((sent + 1))
    done
    printf '[%s]' "$records" > "$scratch/records.json"
    aws firehose put-record-batch --delivery-stream-name "$stream" --records "file://$scratch/records.json" \
        > "$scratch/reply.json"
done

tries=0
while :; do
    cluster "$ENDPOINT/$index/_refresh" --request POST > /dev/null || true
    found="$(cluster "$ENDPOINT/$index/_count" | sed 's/.*"count":\([0-9]*\).*/\1/' || echo 0)"
    [ "$found" = "$count" ] && break
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { echo "found $found of $count documents"; exit 1; }
    sleep 1
done
aws firehose delete-delivery-stream --delivery-stream-name "$stream"
cluster "$ENDPOINT/$index" --request DELETE > /dev/null
echo "$count documents, each once"
