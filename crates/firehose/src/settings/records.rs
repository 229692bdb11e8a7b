//! Destinations that take records, with their secrets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use millstream_api::firehose::*;

use super::{
    HttpDestination, IndexRotation, RecordDestination, RedshiftDestination, SearchDestination,
    SecretText, SplunkDestination,
};
use crate::errors::Refusal;

/// The members of a secret in Secrets Manager.
type Managed<'a> = Option<&'a BTreeMap<String, String>>;

/// Names of members (developer guide, "Authenticate with AWS Secrets Manager").
const USER_NAME: &str = "username";
const PASSWORD: &str = "password";
const HEC_TOKEN: &str = "hec_token";
const API_KEY: &str = "api_key";

fn member(managed: Managed<'_>, name: &str) -> Result<Option<Arc<str>>, Refusal> {
    let Some(managed) = managed else { return Ok(None) };
    let text = managed.get(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        Refusal::invalid(format!(
            "SecretsManagerConfiguration: the secret has no member \"{name}\"."
        ))
    })?;
    Ok(Some(text.as_str().into()))
}

impl RecordDestination {
    /// Its address, as it was given.
    pub fn address(&self) -> &str {
        match self {
            RecordDestination::Http(http) => &http.url,
            RecordDestination::Splunk(splunk) => &splunk.endpoint,
            RecordDestination::Search(search) => &search.endpoint,
            RecordDestination::Redshift(redshift) => &redshift.jdbc_url,
        }
    }

    /// The destination with another version of its secret in Secrets Manager.
    pub fn with_secret(&self, members: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let managed = Some(members);
        let mut changed = self.clone();
        match &mut changed {
            RecordDestination::Http(http) => {
                http.access_key = member(managed, API_KEY)?.map(SecretText);
            }
            RecordDestination::Splunk(splunk) => {
                splunk.token = member(managed, HEC_TOKEN)?.map_or(splunk.token.clone(), SecretText);
            }
            RecordDestination::Redshift(redshift) => {
                let user = member(managed, USER_NAME)?;
                let password = member(managed, PASSWORD)?.map(SecretText);
                redshift.user = user.unwrap_or_else(|| redshift.user.clone());
                redshift.password = password.unwrap_or_else(|| redshift.password.clone());
            }
            // Clusters are reached with what the server's configuration says.
            RecordDestination::Search(_) => {}
        }
        Ok(changed)
    }
}

fn required(name: &str) -> Refusal {
    Refusal::invalid(format!(
        "{name} must be specified unless SecretsManagerConfiguration is enabled."
    ))
}

/// Redshift. The secret's members are `username` and `password` (developer guide, "Use AWS Secrets Manager").
pub fn redshift(
    c: &RedshiftDestinationConfiguration,
    managed: Managed<'_>,
) -> Result<RedshiftDestination, Refusal> {
    let user = member(managed, USER_NAME)?.or_else(|| c.username.as_deref().map(Arc::from));
    let password = member(managed, PASSWORD)?.or_else(|| c.password.as_deref().map(Arc::from));
    Ok(RedshiftDestination {
        jdbc_url: c.cluster_jdbc_url.as_str().into(),
        user: user.ok_or_else(|| required("Username"))?,
        password: SecretText(password.ok_or_else(|| required("Password"))?),
        table: c.copy_command.data_table_name.as_str().into(),
        columns: some(&c.copy_command.data_table_columns),
        copy_options: some(&c.copy_command.copy_options),
        role_arn: c.role_arn.as_str().into(),
    })
}

/// Splunk. The secret's member is `hec_token`.
pub fn splunk(
    c: &SplunkDestinationConfiguration,
    managed: Managed<'_>,
) -> Result<SplunkDestination, Refusal> {
    let token = member(managed, HEC_TOKEN)?.or_else(|| some(&c.hec_token));
    let seconds = c.hec_acknowledgment_timeout_in_seconds.unwrap_or(0);
    Ok(SplunkDestination {
        endpoint: c.hec_endpoint.as_str().into(),
        event: c.hec_endpoint_type == HECEndpointType::Event,
        token: SecretText(token.ok_or_else(|| required("HECToken"))?),
        acknowledgement_timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
    })
}

/// An HTTP endpoint. The secret's member is `api_key`; without one it has no key.
pub fn http_endpoint(
    c: &HttpEndpointDestinationConfiguration,
    managed: Managed<'_>,
) -> Result<HttpDestination, Refusal> {
    let key = member(managed, API_KEY)?.or_else(|| some(&c.endpoint_configuration.access_key));
    let request = c.request_configuration.as_ref();
    let attributes = request.and_then(|request| request.common_attributes.as_ref());
    let mut common_attributes: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for attribute in attributes.into_iter().flatten() {
        let (name, value) = (&attribute.attribute_name, &attribute.attribute_value);
        if common_attributes.iter().any(|(known, _)| **known == **name) {
            return Err(Refusal::invalid(
                "RequestConfiguration.CommonAttributes: an AttributeName is given twice.",
            ));
        }
        common_attributes.push((name.as_str().into(), value.as_str().into()));
    }
    Ok(HttpDestination {
        url: c.endpoint_configuration.url.as_str().into(),
        name: some(&c.endpoint_configuration.name),
        access_key: key.map(SecretText),
        gzip: request.and_then(|request| request.content_encoding) == Some(ContentEncoding::Gzip),
        common_attributes,
    })
}

/// OpenSearch or Elasticsearch: by its endpoint or by its domain's ARN, whose endpoint the destination looks up.
pub fn search(
    c: &SearchDestinationConfiguration,
    elasticsearch: bool,
) -> Result<SearchDestination, Refusal> {
    let endpoint = match (&c.domain_arn, &c.cluster_endpoint) {
        (Some(one), None) | (None, Some(one)) => one.as_str(),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Refusal::invalid(
                "Exactly one of DomainARN and ClusterEndpoint must be specified.",
            ));
        }
    };
    let document_ids = c.document_id_options.as_ref().is_none_or(|options| {
        options.default_document_id_format == DefaultDocumentIdFormat::FirehoseDefault
    });
    Ok(SearchDestination {
        elasticsearch,
        endpoint: endpoint.into(),
        index: c.index_name.as_str().into(),
        type_name: some(&c.type_name),
        rotation: rotation(c.index_rotation_period),
        document_ids,
    })
}

fn rotation(period: Option<SearchIndexRotationPeriod>) -> IndexRotation {
    match period {
        Some(SearchIndexRotationPeriod::NoRotation) => IndexRotation::None,
        Some(SearchIndexRotationPeriod::OneHour) => IndexRotation::Hour,
        Some(SearchIndexRotationPeriod::OneDay) | None => IndexRotation::Day,
        Some(SearchIndexRotationPeriod::OneWeek) => IndexRotation::Week,
        Some(SearchIndexRotationPeriod::OneMonth) => IndexRotation::Month,
    }
}

fn some(text: &Option<String>) -> Option<Arc<str>> {
    text.as_deref().filter(|text| !text.is_empty()).map(Arc::from)
}
