//! Settings of topics, over DescribeConfigs and IncrementalAlterConfigs (KIP-339).

use std::borrow::Cow;

use kafka_wire::messages::{
    describe_configs::{DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse},
    incremental_alter_configs::{
        AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    },
};
use serde::Serialize;

use super::{
    client::{Client, patiently},
    fault::Fault,
    topics::{Changed, silent},
};
use crate::exit::Outcome;

const DESCRIBE_NEWEST: i16 = 4;
const ALTER_NEWEST: i16 = 1;
/// A resource that is a topic.
const TOPIC: i8 = 2;
/// A value that was set on the topic itself.
const SET_ON_TOPIC: i8 = 1;
/// What to do with a setting.
const SET: i8 = 0;
const DELETE: i8 = 1;

/// One setting of a topic.
#[derive(Serialize)]
pub(super) struct Setting {
    name: String,
    /// None: the server keeps it to itself.
    value: Option<String>,
    /// Whether it was set on the topic, and is not a default.
    set: bool,
}

impl Setting {
    pub(super) fn to_text(&self) -> String {
        let value = self.value.as_deref().unwrap_or("(secret)");
        format!("{}={value}{}", self.name, if self.set { "" } else { "  (default)" })
    }

    #[cfg(test)]
    pub(super) fn example(name: &str, value: &str) -> Setting {
        Setting { name: name.to_owned(), value: Some(value.to_owned()), set: true }
    }
}

/// The settings of a topic; without `all` those that were set on it.
pub(super) fn of_topic(client: &mut Client, topic: &str, all: bool) -> Outcome<Vec<Setting>> {
    let resource =
        DescribeConfigsResource { resource_type: TOPIC, resource_name: Cow::Borrowed(topic), configuration_keys: None };
    let question = DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    patiently(|| {
        let answer = client.ask(&question, DESCRIBE_NEWEST)?;
        let told: DescribeConfigsResponse<'_> = answer.read()?;
        let result = told.results.first().ok_or_else(silent)?;
        Fault::check(result.error_code, result.error_message.as_ref(), format_args!("the settings of {topic}"))?;
        let setting = |told: &DescribeConfigsResourceResult<'_>| Setting {
            name: told.name.to_string(),
            value: told.value.as_deref().map(str::to_owned).filter(|_| !told.is_sensitive),
            set: told.config_source == SET_ON_TOPIC,
        };
        let mut settings: Vec<Setting> = result.configs.iter().map(setting).filter(|setting| all || setting.set).collect();
        settings.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Ok(settings)
    })
}

/// Sets some settings of a topic, and takes others back to their defaults; the rest stays as it is.
pub(super) fn alter(client: &mut Client, topic: &str, set: &[(String, String)], delete: &[String]) -> Outcome<Changed> {
    let setting = |name: &str, config_operation: i8, value: Option<&str>| AlterableConfig {
        name: Cow::Owned(name.to_owned()),
        config_operation,
        value: value.map(|value| Cow::Owned(value.to_owned())),
    };
    let sets = set.iter().map(|(name, value)| setting(name, SET, Some(value)));
    let configs = sets.chain(delete.iter().map(|name| setting(name, DELETE, None))).collect();
    let resource = AlterConfigsResource { resource_type: TOPIC, resource_name: Cow::Borrowed(topic), configs };
    let question = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    patiently(|| {
        // Doing it twice is doing it once.
        let answer = client.ask(&question, ALTER_NEWEST)?;
        let told: IncrementalAlterConfigsResponse<'_> = answer.read()?;
        let result = told.responses.first().ok_or_else(silent)?;
        Fault::check(result.error_code, result.error_message.as_ref(), format_args!("topic {topic} cannot be altered"))
    })?;
    Ok(Changed::new(topic, "altered", "has its new settings".to_owned()))
}
