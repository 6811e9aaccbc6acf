//! DescribeAcls, CreateAcls and DeleteAcls: grants, as Kafka's tools manage them (KIP-140, KIP-290).
//!
//! Grants for resources that are not Kafka's are neither told nor removed here.

use std::borrow::Cow;

use base::Error;
use cluster::{
    Command,
    limits::GRANTS_PER_COMMAND_MAX,
    principals::{self, Grant, Grantee, Operation, Pattern, Permission, Resource},
};
use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        create_acls::{AclCreation, AclCreationResult, CreateAclsRequest, CreateAclsResponse},
        delete_acls::{DeleteAclsFilterResult, DeleteAclsMatchingAcl, DeleteAclsRequest, DeleteAclsResponse},
        describe_acls::{AclDescription, DescribeAclsRequest, DescribeAclsResource, DescribeAclsResponse},
    },
};

use super::acl_filter::Filter;
use crate::{
    errors,
    transport::{Answer, Call, Context, malformed},
};

/// The one name that the cluster has among resources.
const CLUSTER: &str = "kafka-cluster";

/// A code and what to say.
type Refused = (ErrorCode, Cow<'static, str>);

/// Whether grants are enforced here, and may be managed by who asks.
pub(super) fn check(context: &Context, api: ApiKey) -> Result<(), Refused> {
    if !context.door.options.security.authorization {
        return Err((ErrorCode::SecurityDisabled, Cow::Borrowed("No Authorizer is configured.")));
    }
    context.authority.cluster(api).map_err(|code| (code, Cow::Borrowed("Cluster authorization failed.")))
}

fn matching(context: &Context, filter: &Filter) -> Vec<Grant> {
    let found = context
        .door
        .topics
        .node()
        .look_at_cluster(|machine| machine.principals().grants().filter(|grant| filter.takes(grant)).cloned().collect());
    found.unwrap_or_default()
}

fn code(code: u8) -> i8 {
    i8::try_from(code).expect("Kafka's numbers are below 64")
}

fn kind(code: i8) -> u8 {
    u8::try_from(code).unwrap_or(0)
}

fn text(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

pub(super) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeAclsRequest<'_>>() else { return malformed() };
    let filter = Filter::new(
        (request.resource_type_filter, request.pattern_type_filter, request.resource_name_filter.as_deref()),
        (request.principal_filter.as_deref(), request.host_filter.as_deref()),
        (request.operation, request.permission_type),
    );
    let filter = check(&context, ApiKey::DescribeAcls)
        .and_then(|()| filter.ok_or((ErrorCode::InvalidRequest, Cow::Borrowed("the filter has kinds that are not known"))));
    let filter = match filter {
        Ok(filter) => filter,
        Err((error, message)) => {
            let response = DescribeAclsResponse { error_code: error as i16, error_message: Some(message), ..Default::default() };
            return call.answer(&response);
        }
    };
    let mut resources: Vec<DescribeAclsResource<'static>> = Vec::new();
    // Grants come in the order of their resources.
    for grant in matching(&context, &filter) {
        let (resource_type, pattern_type) = (code(grant.resource.code()), code(grant.pattern.code()));
        let acl = AclDescription {
            principal: Cow::Owned(grant.grantee.to_string()),
            host: Cow::Owned(grant.host),
            operation: code(grant.operation.code()),
            permission_type: code(grant.permission.code()),
        };
        match resources.last_mut() {
            Some(last)
                if (last.resource_type, last.pattern_type, &*last.resource_name)
                    == (resource_type, pattern_type, grant.name.as_str()) =>
            {
                last.acls.push(acl);
            }
            _ => resources.push(DescribeAclsResource {
                resource_type,
                resource_name: Cow::Owned(grant.name),
                pattern_type,
                acls: vec![acl],
            }),
        }
    }
    call.answer(&DescribeAclsResponse { resources, ..DescribeAclsResponse::default() })
}

fn granted(asked: &AclCreation<'_>) -> Result<Grant, Refused> {
    let invalid = |what: &str, code: i8| (ErrorCode::InvalidRequest, Cow::Owned(format!("Invalid {what}: {code}")));
    let of_error = |error: Error| (errors::of_error(&error), Cow::Owned(error.message.to_string()));
    let resource = Resource::from_code(kind(asked.resource_type)).filter(|resource| !is_ours(*resource));
    let grant = Grant {
        resource: resource.ok_or_else(|| invalid("resourceType", asked.resource_type))?,
        pattern: Pattern::from_code(kind(asked.resource_pattern_type))
            .ok_or_else(|| invalid("patternType", asked.resource_pattern_type))?,
        name: asked.resource_name.to_string(),
        grantee: Grantee::parse(&asked.principal).map_err(of_error)?,
        host: asked.host.to_string(),
        operation: Operation::from_code(kind(asked.operation)).ok_or_else(|| invalid("operation", asked.operation))?,
        permission: Permission::from_code(kind(asked.permission_type))
            .ok_or_else(|| invalid("permissionType", asked.permission_type))?,
    };
    if grant.resource == Resource::Cluster && grant.name != CLUSTER {
        let text = format!("The only valid name for the CLUSTER resource is {CLUSTER}");
        return Err((ErrorCode::InvalidRequest, Cow::Owned(text)));
    }
    grant.proposed().map_err(of_error)
}

/// Whether a kind of resource is not Kafka's.
pub(super) fn is_ours(resource: Resource) -> bool {
    matches!(resource, Resource::Keys | Resource::Namespace)
}

pub(super) async fn create(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<CreateAclsRequest<'_>>() else { return malformed() };
    let allowed = check(&context, ApiKey::CreateAcls);
    let asked = request.creations.iter().map(|asked| allowed.clone().and_then(|()| granted(asked)));
    let asked: Vec<Result<Grant, Refused>> = asked.collect();
    let good: Vec<Grant> = asked.iter().flatten().cloned().collect();
    let done = change(&context, &good, |grants| principals::Command::AddGrants { grants }).await;
    let result = |outcome: Result<Grant, Refused>| match outcome.and(done.clone()) {
        Ok(()) => AclCreationResult::default(),
        Err((error, message)) => AclCreationResult { error_code: error as i16, error_message: Some(message) },
    };
    let results = asked.into_iter().map(result).collect();
    call.answer(&CreateAclsResponse { results, ..CreateAclsResponse::default() })
}

/// Does what is to be done with all these grants, in as many commands as it takes.
async fn change(context: &Context, grants: &[Grant], command: impl Fn(Vec<Grant>) -> principals::Command) -> Result<(), Refused> {
    for some in grants.chunks(GRANTS_PER_COMMAND_MAX) {
        let command = Command::Principals(command(some.to_vec()));
        let changed = context.door.topics.node().change_cluster(&command).await;
        changed.map_err(|error| (errors::of_error(&error), Cow::Owned(error.message.to_string())))?;
    }
    Ok(())
}

pub(super) async fn delete(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DeleteAclsRequest<'_>>() else { return malformed() };
    let mut filter_results = Vec::with_capacity(request.filters.len());
    for asked in &request.filters {
        let filter = Filter::new(
            (asked.resource_type_filter, asked.pattern_type_filter, asked.resource_name_filter.as_deref()),
            (asked.principal_filter.as_deref(), asked.host_filter.as_deref()),
            (asked.operation, asked.permission_type),
        );
        filter_results.push(match delete_matching(&context, filter).await {
            Ok(gone) => DeleteAclsFilterResult { matching_acls: gone.iter().map(told).collect(), ..Default::default() },
            Err((error, message)) => {
                DeleteAclsFilterResult { error_code: error as i16, error_message: Some(message), ..Default::default() }
            }
        });
    }
    call.answer(&DeleteAclsResponse { filter_results, ..DeleteAclsResponse::default() })
}

async fn delete_matching(context: &Context, filter: Option<Filter>) -> Result<Vec<Grant>, Refused> {
    check(context, ApiKey::DeleteAcls)?;
    let filter = filter.ok_or((ErrorCode::InvalidRequest, Cow::Borrowed("the filter has kinds that are not known")))?;
    let found = matching(context, &filter);
    change(context, &found, |grants| principals::Command::RemoveGrants { grants }).await?;
    Ok(found)
}

fn told(grant: &Grant) -> DeleteAclsMatchingAcl<'static> {
    DeleteAclsMatchingAcl {
        error_code: 0,
        error_message: None,
        resource_type: code(grant.resource.code()),
        resource_name: text(&grant.name),
        pattern_type: code(grant.pattern.code()),
        principal: Cow::Owned(grant.grantee.to_string()),
        host: text(&grant.host),
        operation: code(grant.operation.code()),
        permission_type: code(grant.permission.code()),
    }
}
