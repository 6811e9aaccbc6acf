//! Who may come in and what they may do.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        alter_user_scram_credentials::{
            AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, ScramCredentialDeletion,
            ScramCredentialUpsertion,
        },
        create_acls::{AclCreation, CreateAclsRequest, CreateAclsResponse},
        delete_acls::{DeleteAclsFilter, DeleteAclsRequest, DeleteAclsResponse},
        describe_acls::{DescribeAclsRequest, DescribeAclsResponse},
        describe_user_scram_credentials::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, UserName},
        sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse},
        sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse},
    },
};

use crate::{
    broker::{PASSWORD, SASL_PORT, USER},
    stage::{Stage, expect, until, versions},
    talker::Talker,
};

/// As numbers on the wire: `ResourceType.TOPIC`, `PatternType.LITERAL` and `PREFIXED`, `AclOperation.ANY` and `READ`,
/// `AclPermissionType.ANY` and `ALLOW`.
const ON_TOPIC: i8 = 2;
const LITERAL: i8 = 3;
const PREFIXED: i8 = 4;
const ANY: i8 = 1;
const READ: i8 = 3;
const ALLOW: i8 = 3;

pub(crate) fn record(stage: &mut Stage<'_>) {
    sign_in(stage);
    grants(stage);
    scram_users(stage);
}

fn sign_in(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::SaslHandshake) {
        for (mechanism, code) in [("PLAIN", ErrorCode::None), ("STRANGE", ErrorCode::UnsupportedSaslMechanism)] {
            let mut talker = Talker::connect(SASL_PORT, stage.golden).expect("the broker listens");
            let answer = talker.ask(version, &SaslHandshakeRequest { mechanism: mechanism.into() });
            expect(answer.read::<SaslHandshakeResponse<'_>>().error_code, code);
        }
    }
    let good = format!("\0{USER}\0{PASSWORD}");
    let bad = format!("\0{USER}\0other");
    let scram = format!("n,,n={USER},r=golden");
    for version in versions(ApiKey::SaslAuthenticate) {
        for (mechanism, bytes, code) in [
            ("PLAIN", &good, ErrorCode::None),
            ("PLAIN", &bad, ErrorCode::SaslAuthenticationFailed),
            ("SCRAM-SHA-256", &scram, ErrorCode::None),
        ] {
            let mut talker = Talker::connect(SASL_PORT, stage.golden).expect("the broker listens");
            talker.prepare(1, &SaslHandshakeRequest { mechanism: mechanism.into() });
            let answer = talker.ask(version, &SaslAuthenticateRequest { auth_bytes: bytes.as_bytes().into() });
            expect(answer.read::<SaslAuthenticateResponse<'_>>().error_code, code);
        }
    }
}

/// Each version makes grants, finds them and takes them away.
fn grants(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::CreateAcls) {
        let creation = |resource_pattern_type, host: &'static str| AclCreation {
            resource_type: ON_TOPIC,
            resource_name: "granted".into(),
            resource_pattern_type,
            principal: "User:bob".into(),
            host: host.into(),
            operation: READ,
            permission_type: ALLOW,
        };
        let mut wrong = creation(LITERAL, "*");
        wrong.principal = "bob".into();
        let creations = vec![creation(LITERAL, "*"), creation(PREFIXED, "127.0.0.1"), wrong];
        let answer = stage.open.ask(version, &CreateAclsRequest { creations });
        let response = answer.read::<CreateAclsResponse<'_>>();
        let codes: Vec<_> = response.results.iter().map(|result| result.error_code).collect();
        assert_eq!(codes, [0, 0, ErrorCode::InvalidRequest.code()]);

        let describe = DescribeAclsRequest {
            resource_type_filter: ON_TOPIC,
            resource_name_filter: Some("granted".into()),
            pattern_type_filter: ANY,
            principal_filter: Some("User:bob".into()),
            host_filter: None,
            operation: ANY,
            permission_type: ANY,
        };
        until("both grants are known", || {
            stage.open.prepare(version, &describe).read::<DescribeAclsResponse<'_>>().resources.len() == 2
        });
        let answer = stage.open.ask(version, &describe);
        expect(answer.read::<DescribeAclsResponse<'_>>().error_code, ErrorCode::None);

        let filter = DeleteAclsFilter {
            resource_type_filter: ON_TOPIC,
            resource_name_filter: None,
            pattern_type_filter: ANY,
            principal_filter: None,
            host_filter: None,
            operation: READ,
            permission_type: ALLOW,
        };
        let answer = stage.open.ask(version, &DeleteAclsRequest { filters: vec![filter] });
        assert_eq!(answer.read::<DeleteAclsResponse<'_>>().filter_results[0].matching_acls.len(), 2);
        until("no grant is left", || {
            stage.open.prepare(version, &describe).read::<DescribeAclsResponse<'_>>().resources.is_empty()
        });
    }
}

fn scram_users(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::AlterUserScramCredentials) {
        let upsertion = ScramCredentialUpsertion {
            name: "bob".into(),
            mechanism: 1,
            iterations: 4_096,
            salt: b"some salt".into(),
            salted_password: (&[7_u8; 32]).into(),
        };
        let deletions = vec![ScramCredentialDeletion { name: "absent".into(), mechanism: 2 }];
        let request = AlterUserScramCredentialsRequest { deletions, upsertions: vec![upsertion] };
        let answer = stage.open.ask(version, &request);
        for result in &answer.read::<AlterUserScramCredentialsResponse<'_>>().results {
            expect(result.error_code, if result.user == "bob" { ErrorCode::None } else { ErrorCode::ResourceNotFound });
        }
    }
    for version in versions(ApiKey::DescribeUserScramCredentials) {
        let user = |name: &'static str| UserName { name: name.into() };
        let named = DescribeUserScramCredentialsRequest { users: Some(vec![user("bob"), user("absent")]) };
        let known = |response: &DescribeUserScramCredentialsResponse<'_>| {
            response.results.iter().any(|result| result.user == "bob" && result.credential_infos.len() == 1)
        };
        until("the user is known", || known(&stage.open.prepare(version, &named).read()));
        for request in [named, DescribeUserScramCredentialsRequest { users: None }] {
            let answer = stage.open.ask(version, &request);
            assert!(known(&answer.read()));
        }
    }
}
