//! DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554): what users sign in with, as Kafka's tools manage it.
//!
//! The client salts the password; the keys that are kept are derived from that. Neither is ever logged.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use cluster::{
    Command,
    principals::{self, Credential, Mechanism, User, check_user_name},
};
use gate::scram::{Hash, Keys};
use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        alter_user_scram_credentials::{
            AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, AlterUserScramCredentialsResult,
            ScramCredentialDeletion, ScramCredentialUpsertion,
        },
        describe_user_scram_credentials::{
            CredentialInfo, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
            DescribeUserScramCredentialsResult,
        },
    },
};
use replica::runtime;

use super::acls::check;
use crate::{
    errors,
    repeated::{distinct, repeated},
    transport::{Answer, Call, Context, malformed},
};

type Refused = (ErrorCode, Cow<'static, str>);

pub(super) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeUserScramCredentialsRequest<'_>>() else { return malformed() };
    if let Err((error, message)) = check(&context, ApiKey::DescribeUserScramCredentials) {
        let response =
            DescribeUserScramCredentialsResponse { error_code: error as i16, error_message: Some(message), ..Default::default() };
        return call.answer(&response);
    }
    let named = request.users.iter().flatten().map(|user| user.name.to_string()).collect::<Vec<_>>();
    let twice = repeated(named.iter().map(String::as_str));
    let look = |machine: &cluster::Machine| {
        let principals = machine.principals();
        if named.is_empty() {
            return principals.users(None).filter(|user| !user.credentials.is_empty()).map(told).collect();
        }
        let result = |name: &String| describe_one(principals.user(name), name, twice.contains(name.as_str()));
        distinct(&named, |name| name.as_str()).map(result).collect::<Vec<_>>()
    };
    let results = context.door.topics.node().look_at_cluster(look).unwrap_or_default();
    call.answer(&DescribeUserScramCredentialsResponse { results, ..DescribeUserScramCredentialsResponse::default() })
}

fn describe_one(user: Option<&User>, name: &str, is_named_twice: bool) -> DescribeUserScramCredentialsResult<'static> {
    let refused = |code: ErrorCode, text: String| DescribeUserScramCredentialsResult {
        user: Cow::Owned(name.to_owned()),
        error_code: code as i16,
        error_message: Some(Cow::Owned(text)),
        ..DescribeUserScramCredentialsResult::default()
    };
    match user.filter(|user| !user.credentials.is_empty()) {
        _ if is_named_twice => refused(
            ErrorCode::DuplicateResource,
            format!("Cannot describe SCRAM credentials for the same user twice in a single request: {name}"),
        ),
        Some(user) => told(user),
        None => {
            refused(ErrorCode::ResourceNotFound, format!("Attempt to describe a user credential that does not exist: {name}"))
        }
    }
}

fn told(user: &User) -> DescribeUserScramCredentialsResult<'static> {
    let info = |credential: &Credential| CredentialInfo {
        mechanism: i8::try_from(credential.mechanism.code()).unwrap_or(0),
        iterations: i32::try_from(credential.iterations).unwrap_or(i32::MAX),
    };
    DescribeUserScramCredentialsResult {
        user: Cow::Owned(user.name.clone()),
        credential_infos: user.credentials.values().map(info).collect(),
        ..DescribeUserScramCredentialsResult::default()
    }
}

pub(super) async fn alter(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<AlterUserScramCredentialsRequest<'_>>() else { return malformed() };
    let allowed = check(&context, ApiKey::AlterUserScramCredentials);
    let mut wanted: Vec<(String, i8, Result<principals::Command, Refused>)> = Vec::new();
    for deletion in &request.deletions {
        let command = allowed.clone().and_then(|()| removal(&context, deletion));
        wanted.push((deletion.name.to_string(), deletion.mechanism, command));
    }
    for upsertion in &request.upsertions {
        let command = allowed.clone().and_then(|()| insertion(upsertion));
        wanted.push((upsertion.name.to_string(), upsertion.mechanism, command));
    }
    // One answer for each user, in one order; the first thing that went wrong is told.
    let twice = repeated(wanted.iter().map(|(name, mechanism, _)| (name.as_str(), *mechanism)));
    let mut results: BTreeMap<&str, Option<Refused>> = BTreeMap::new();
    for (name, mechanism, command) in &wanted {
        let outcome = match command {
            Ok(_) if twice.contains(&(name.as_str(), *mechanism)) => {
                let text = "A user credential cannot be altered twice in the same request";
                Err((ErrorCode::DuplicateResource, Cow::Borrowed(text)))
            }
            Ok(command) => change(&context, command.clone()).await,
            Err(refused) => Err(refused.clone()),
        };
        let told = results.entry(name).or_default();
        *told = told.take().or(outcome.err());
    }
    let result = |(name, refused): (&str, Option<Refused>)| AlterUserScramCredentialsResult {
        user: Cow::Owned(name.to_owned()),
        error_code: refused.as_ref().map_or(0, |(code, _)| *code as i16),
        error_message: refused.map(|(_, text)| text),
    };
    let results = results.into_iter().map(result).collect();
    call.answer(&AlterUserScramCredentialsResponse { results, ..AlterUserScramCredentialsResponse::default() })
}

async fn change(context: &Context, command: principals::Command) -> Result<(), Refused> {
    let changed = context.door.topics.node().change_cluster(&Command::Principals(command)).await;
    changed.map_err(|error| (errors::of_error(&error), Cow::Owned(error.message.to_string())))
}

fn mechanism(code: i8) -> Result<Mechanism, Refused> {
    let found = u8::try_from(code).ok().and_then(Mechanism::from_code);
    found.ok_or((ErrorCode::UnsupportedSaslMechanism, Cow::Borrowed("Unknown SCRAM mechanism")))
}

fn unacceptable(text: impl Into<Cow<'static, str>>) -> Refused {
    (ErrorCode::UnacceptableCredential, text.into())
}

fn name(name: &str) -> Result<String, Refused> {
    check_user_name(name).map_err(|error| unacceptable(error.message.to_string()))?;
    Ok(name.to_owned())
}

fn removal(context: &Context, asked: &ScramCredentialDeletion<'_>) -> Result<principals::Command, Refused> {
    let (name, mechanism) = (name(&asked.name)?, mechanism(asked.mechanism)?);
    let has_it = context.door.topics.node().look_at_cluster(|machine| {
        machine.principals().user(&name).is_some_and(|user| user.credentials.contains_key(&mechanism))
    });
    if has_it != Some(true) {
        let text = "Attempt to delete a user credential that does not exist";
        return Err((ErrorCode::ResourceNotFound, Cow::Borrowed(text)));
    }
    Ok(principals::Command::RemoveCredential { name, mechanism, time_ms: runtime::wall_ms() })
}

fn insertion(asked: &ScramCredentialUpsertion<'_>) -> Result<principals::Command, Refused> {
    let (name, mechanism) = (name(&asked.name)?, mechanism(asked.mechanism)?);
    let hash = match mechanism {
        Mechanism::ScramSha256 => Hash::Sha256,
        Mechanism::ScramSha512 => Hash::Sha512,
    };
    let iterations = u32::try_from(asked.iterations).unwrap_or(0);
    let keys = Keys::from_salted(hash, &asked.salted_password, &asked.salt, iterations);
    let keys = keys.map_err(|error| unacceptable(error.message.to_string()))?;
    let credential = Credential {
        mechanism,
        iterations,
        salt: Bytes::copy_from_slice(&asked.salt),
        stored_key: Bytes::copy_from_slice(keys.stored_key()),
        server_key: Bytes::copy_from_slice(keys.server_key()),
    };
    credential.check().map_err(|error| unacceptable(error.message.to_string()))?;
    Ok(principals::Command::SetCredential { name, credential, time_ms: runtime::wall_ms() })
}
