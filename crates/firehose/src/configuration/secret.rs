//! The secret of a configuration: it is kept beside the document, sealed.

use millstream_api::firehose::SecretsManagerConfiguration;

use super::Configuration;

impl Configuration {
    /// Where the secret is in the configuration itself.
    fn secret_mut(&mut self) -> Option<&mut Option<String>> {
        match self {
            Configuration::S3(_)
            | Configuration::Elasticsearch(_)
            | Configuration::OpenSearch(_) => None,
            Configuration::Redshift(c) => Some(&mut c.password),
            Configuration::Splunk(c) => Some(&mut c.hec_token),
            Configuration::HttpEndpoint(c) => Some(&mut c.endpoint_configuration.access_key),
        }
    }

    /// Takes the secret out.
    pub fn take_secret(&mut self) -> Option<String> {
        self.secret_mut().and_then(Option::take).filter(|secret| !secret.is_empty())
    }

    /// Puts the secret in, unless there is another one.
    pub fn restore_secret(&mut self, secret: Option<String>) {
        if let Some(place) = self.secret_mut()
            && place.is_none()
        {
            *place = secret;
        }
    }

    /// Whether the secret is described: the token of Splunk is, as the model has it in the description.
    pub fn shows_secret(&self) -> bool {
        match self {
            Configuration::Splunk(_) => true,
            Configuration::S3(_)
            | Configuration::Redshift(_)
            | Configuration::Elasticsearch(_)
            | Configuration::OpenSearch(_)
            | Configuration::HttpEndpoint(_) => false,
        }
    }

    /// The secret in Secrets Manager that is used instead, if there is one.
    pub fn secrets_manager(&self) -> Option<&SecretsManagerConfiguration> {
        let configuration = match self {
            Configuration::S3(_)
            | Configuration::Elasticsearch(_)
            | Configuration::OpenSearch(_) => None,
            Configuration::Redshift(c) => c.secrets_manager_configuration.as_ref(),
            Configuration::Splunk(c) => c.secrets_manager_configuration.as_ref(),
            Configuration::HttpEndpoint(c) => c.secrets_manager_configuration.as_ref(),
        };
        configuration.filter(|configuration| configuration.enabled)
    }
}
