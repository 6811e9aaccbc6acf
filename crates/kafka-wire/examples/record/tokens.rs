//! Delegation tokens (KIP-48), for which one has to have signed in.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        create_delegation_token::{CreatableRenewers, CreateDelegationTokenRequest, CreateDelegationTokenResponse},
        describe_delegation_token::{
            DescribeDelegationTokenOwner, DescribeDelegationTokenRequest, DescribeDelegationTokenResponse,
        },
        expire_delegation_token::{ExpireDelegationTokenRequest, ExpireDelegationTokenResponse},
        renew_delegation_token::{RenewDelegationTokenRequest, RenewDelegationTokenResponse},
        sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse},
        sasl_handshake::SaslHandshakeRequest,
    },
};

use crate::{
    broker::{PASSWORD, SASL_PORT, USER},
    stage::{Stage, expect, until, versions},
    talker::Talker,
};

/// Each version makes a token and finds it; those that all calls have renew and expire it too.
pub(crate) fn record(stage: &mut Stage<'_>) {
    let mut talker = Talker::connect(SASL_PORT, stage.golden).expect("the broker listens");
    talker.prepare(1, &SaslHandshakeRequest { mechanism: "PLAIN".into() });
    let secret = format!("\0{USER}\0{PASSWORD}").into_bytes();
    let answer = talker.prepare(2, &SaslAuthenticateRequest { auth_bytes: secret.into() });
    expect(answer.read::<SaslAuthenticateResponse<'_>>().error_code, ErrorCode::None);

    for version in versions(ApiKey::CreateDelegationToken) {
        let renewer = CreatableRenewers { principal_type: "User".into(), principal_name: USER.into() };
        let request = CreateDelegationTokenRequest {
            owner_principal_type: Some(if version >= 3 { "User" } else { "" }.into()),
            owner_principal_name: Some(if version >= 3 { USER } else { "" }.into()),
            renewers: vec![renewer],
            max_lifetime_ms: 86_400_000,
        };
        let answer = talker.ask(version, &request);
        let response = answer.read::<CreateDelegationTokenResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        let hmac = response.hmac;
        let owner = DescribeDelegationTokenOwner { principal_type: "User".into(), principal_name: USER.into() };
        let describe = DescribeDelegationTokenRequest { owners: Some(vec![owner]) };
        let knows = |response: &DescribeDelegationTokenResponse<'_>| response.tokens.iter().any(|token| token.hmac == hmac);
        until("the token is known", || knows(&talker.prepare(version, &describe).read()));
        let answer = talker.ask(version, &describe);
        expect(answer.read::<DescribeDelegationTokenResponse<'_>>().error_code, ErrorCode::None);
        if ApiKey::RenewDelegationToken.api().has(version) {
            let answer = talker.ask(version, &RenewDelegationTokenRequest { hmac: hmac.clone(), renew_period_ms: 3_600_000 });
            expect(answer.read::<RenewDelegationTokenResponse>().error_code, ErrorCode::None);
            let request = ExpireDelegationTokenRequest { hmac: hmac.clone(), expiry_time_period_ms: -1 };
            let answer = talker.ask(version, &request);
            expect(answer.read::<ExpireDelegationTokenResponse>().error_code, ErrorCode::None);
        }
    }
}
