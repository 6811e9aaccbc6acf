//! One connection's side of signing in, as Kafka's `SaslServerAuthenticator` does it (KIP-43, KIP-152, KIP-368).

use std::{borrow::Cow, sync::Arc, time::Duration};

use base::Error;
use bytes::Bytes;
use gate::Peer;
use kafka_wire::{
    ErrorCode,
    frame::{Request, SIZE_BYTES, respond},
    messages::{
        ApiKey,
        sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse},
        sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse},
    },
};
use replica::runtime;

use super::{
    exchange::{Exchange, Step, invalid},
    identity::Identity,
    mechanism::Mechanism,
    vault::Known,
};
use crate::{
    authorization::Authority,
    door::Shared,
    limits::{REAUTHENTICATION_EVERY, REQUEST_BYTES_MAX, SIGN_IN_BYTES_MAX, SIGN_IN_DELAY, SIGN_IN_MAX},
    transport::Answer,
};

/// From this version of the handshake on, messages of the exchange are requests; before, they are bare frames.
const FRAMED_FROM: i16 = 1;
/// From this version on a client is told how long it is signed in.
const LIFETIME_FROM: i16 = 1;

/// What a connection is allowed to say.
pub(crate) struct Session {
    door: Arc<Shared>,
    state: State,
    /// Who signed in, and by which mechanism.
    signed_in: Option<(Known, Mechanism)>,
    authority: Arc<Authority>,
    /// Until when somebody has to have signed in; by [`runtime::now`].
    sign_in_until: Option<Duration>,
    /// When who signed in has to do it again.
    expires: Option<Duration>,
    /// When it was done again last.
    repeated: Option<Duration>,
}

enum State {
    /// Requests are served.
    Open,
    /// The client has to say by what mechanism it signs in. It may ask for versions once before.
    Greeting { is_told_versions: bool },
    /// The client proves who it is.
    Proving { exchange: Box<Exchange>, is_framed: bool },
    /// The client wants to sign in again by another mechanism, and is told so with its next message.
    OtherMechanism,
}

/// What becomes of a request.
pub(crate) enum Received {
    /// Its handler answers.
    Passes(Arc<Authority>),
    /// This is the answer.
    Answered(Answer),
}

impl Session {
    /// Of a new connection.
    ///
    /// # Errors
    /// Why it has to end at once.
    pub(crate) fn new(door: Arc<Shared>, peer: &Peer) -> Result<Session, String> {
        let security = &door.options.security;
        let identity = Arc::new(Identity::of(peer, &security.principal_rules)?);
        let (state, sign_in_until) = match security.sasl {
            Some(_) => (State::Greeting { is_told_versions: false }, Some(runtime::now() + SIGN_IN_MAX)),
            None => (State::Open, None),
        };
        let authority = Arc::new(Authority::new(identity, None));
        let mut session = Session { door, state, signed_in: None, authority, sign_in_until, expires: None, repeated: None };
        session.renew();
        if !session.is_welcome() {
            return Err(format!("{} is disabled", session.authority.identity().principal));
        }
        Ok(session)
    }

    /// The greatest request that is taken now.
    pub(crate) fn bytes_max(&self) -> u32 {
        if matches!(self.state, State::Open) { REQUEST_BYTES_MAX } else { SIGN_IN_BYTES_MAX }
    }

    /// Until when somebody has to have signed in, by [`runtime::now`].
    pub(crate) fn sign_in_until(&self) -> Option<Duration> {
        self.sign_in_until
    }

    /// Whether who was looked up is still the same user, and enabled.
    fn is_still_there(&self, known: &Known) -> bool {
        let look = |machine: &cluster::Machine| {
            let user = machine.principals().user(&known.name);
            user.is_some_and(|user| user.enabled && user.created_ms == known.created_ms)
        };
        self.door.topics.node().look_at_cluster(look).unwrap_or(false)
    }

    /// Whether whoever is here still may be, now that users have changed.
    pub(crate) fn is_welcome(&self) -> bool {
        let principal = &self.authority.identity().principal;
        let look = |machine: &cluster::Machine| {
            let user = machine.principals().user(principal).map(|user| (user.enabled, user.created_ms));
            match (&self.signed_in, user) {
                (Some((known, _)), Some((is_enabled, created_ms))) => is_enabled && created_ms == known.created_ms,
                (Some(_), None) => false,
                // Names of certificates need not be users.
                (None, user) => user.is_none_or(|(is_enabled, _)| is_enabled),
            }
        };
        self.door.topics.node().look_at_cluster(look).unwrap_or(true)
    }

    /// Looks at the next request, before anything else does.
    ///
    /// # Errors
    /// Why the connection has to end.
    pub(crate) async fn receive(&mut self, frame: &Bytes) -> Result<Received, String> {
        if let State::Proving { is_framed: false, .. } = self.state {
            return self.prove(frame, None).await.map(Received::Answered);
        }
        let request = Request::parse(frame).map_err(|error| format!("the request's header cannot be read: {error}"))?;
        match (&mut self.state, request.api.key) {
            (State::Open, ApiKey::SaslHandshake | ApiKey::SaslAuthenticate) => self.again(&request).map(Received::Answered),
            (State::Open, _) => self.passes(),
            (State::Greeting { is_told_versions }, ApiKey::ApiVersions) if !*is_told_versions => {
                // Who asked in a version that is not known asks again.
                *is_told_versions = request.api.has(request.version);
                Ok(Received::Passes(self.authority.clone()))
            }
            (State::Greeting { .. }, ApiKey::SaslHandshake) => self.greeted(&request).await.map(Received::Answered),
            (State::Proving { .. } | State::OtherMechanism, ApiKey::SaslAuthenticate) => {
                if !request.api.has(request.version) {
                    return Err(format!("{} version {} is not served", request.api.name, request.version));
                }
                let message: SaslAuthenticateRequest<'_> = request.decode().map_err(|error| error.to_string())?;
                self.prove(&message.auth_bytes, Some(&request)).await.map(Received::Answered)
            }
            (State::Proving { .. } | State::OtherMechanism, ApiKey::SaslHandshake) => {
                let pieces = illegal(&request)?;
                Ok(Received::Answered(Answer::Last(pieces, "a second handshake came before the first one was done".to_owned())))
            }
            (_, _) => Err(format!("{} came before somebody signed in", request.api.name)),
        }
    }

    fn passes(&mut self) -> Result<Received, String> {
        if self.expires.is_some_and(|expires| runtime::now() >= expires) {
            return Err("the session has expired, and the client did not sign in again".to_owned());
        }
        self.renew();
        Ok(Received::Passes(self.authority.clone()))
    }

    /// Takes the grants as they are now.
    fn renew(&mut self) {
        if !self.door.options.security.authorization {
            return;
        }
        let known = self.authority.version();
        let newer = self.door.topics.node().look_at_cluster(|machine| {
            let access = machine.principals().access();
            (known != Some(access.version())).then(|| access.clone())
        });
        match newer {
            Some(Some(access)) => self.authority = Arc::new(Authority::new(self.authority.identity().clone(), Some(access))),
            Some(None) => {}
            // A node that knows no grants yet allows nothing.
            None if known.is_none() => {
                self.authority = Arc::new(Authority::new(self.authority.identity().clone(), Some(Arc::default())));
            }
            None => {}
        }
    }

    /// Somebody who was let in wants to sign in. They may if their session has an end, and at most once a second.
    fn again(&mut self, request: &Request<'_>) -> Result<Answer, String> {
        let now = runtime::now();
        let is_soon = self.repeated.is_some_and(|repeated| now < repeated + REAUTHENTICATION_EVERY);
        if request.api.key == ApiKey::SaslHandshake && self.expires.is_some() && !is_soon {
            self.repeated = Some(now);
            return self.offer(request);
        }
        if !request.api.has(request.version) {
            return Err(format!("{} version {} is not served", request.api.name, request.version));
        }
        Ok(Answer::Pieces(illegal(request)?))
    }

    async fn greeted(&mut self, request: &Request<'_>) -> Result<Answer, String> {
        let answer = self.offer(request)?;
        if matches!(answer, Answer::Last(..)) {
            runtime::sleep(SIGN_IN_DELAY).await;
        }
        Ok(answer)
    }

    /// The client's choice of a mechanism.
    fn offer(&mut self, request: &Request<'_>) -> Result<Answer, String> {
        if !request.api.has(request.version) {
            return Err(format!("{} version {} is not served", request.api.name, request.version));
        }
        let handshake: SaslHandshakeRequest<'_> = request.decode().map_err(|error| error.to_string())?;
        let offered = self.door.options.security.sasl.as_ref().map(|sasl| sasl.mechanisms.as_slice()).unwrap_or_default();
        let chosen = Mechanism::from_name(&handshake.mechanism).filter(|chosen| offered.contains(chosen));
        let error = if chosen.is_some() { ErrorCode::None } else { ErrorCode::UnsupportedSaslMechanism };
        let mechanisms = offered.iter().map(|mechanism| Cow::Borrowed(mechanism.name())).collect();
        let pieces = written(request, &SaslHandshakeResponse { error_code: error as i16, mechanisms })?;
        let Some(chosen) = chosen else {
            return Ok(Answer::Last(pieces, "a mechanism was chosen that is not offered".to_owned()));
        };
        self.state = match &self.signed_in {
            Some((_, before)) if *before != chosen => State::OtherMechanism,
            _ => State::Proving { exchange: Box::new(Exchange::new(chosen)), is_framed: request.version >= FRAMED_FROM },
        };
        Ok(Answer::Pieces(pieces))
    }

    /// The client's next message of the exchange, in a request or bare.
    async fn prove(&mut self, message: &[u8], request: Option<&Request<'_>>) -> Result<Answer, String> {
        let State::Proving { exchange, .. } = &mut self.state else {
            let text = "the SASL mechanism cannot be another one when a session is renewed";
            return self.failed(text.to_owned(), request).await;
        };
        let mechanism = exchange.mechanism();
        let step = match exchange.next(&self.door.vault, &self.door.topics, message).await {
            Ok(step) => step,
            Err(error) => return Err(self.closed(&error).await),
        };
        match step {
            Step::Goes(bytes) => said(bytes, 0, request),
            Step::Failed(text) => self.failed(text, request).await,
            Step::Done(bytes, known) => {
                if self.signed_in.as_ref().is_some_and(|(before, _)| *before != known) {
                    return self.failed("Cannot change principals during re-authentication".to_owned(), request).await;
                }
                if !self.is_still_there(&known) {
                    // Between the first message and the last one.
                    return self.failed(invalid(mechanism), request).await;
                }
                let lifetime_ms = self.let_in(known, mechanism);
                said(bytes, lifetime_ms, request)
            }
        }
    }

    /// The fault is the server's. A client that were told so would give its password up; one whose connection ends comes again, but
    /// not at once.
    async fn closed(&self, error: &Error) -> String {
        let why = format!("nobody can sign in: {error}");
        self.door.vault.refuse(self.authority.identity().host, &why);
        runtime::sleep(SIGN_IN_DELAY).await;
        why
    }

    /// Tells a client that it is turned away, later than it would like (KIP-306). Where messages are bare it is told nothing.
    async fn failed(&self, text: String, request: Option<&Request<'_>>) -> Result<Answer, String> {
        self.door.vault.refuse(self.authority.identity().host, &text);
        runtime::sleep(SIGN_IN_DELAY).await;
        let Some(request) = request else { return Err(text) };
        let response = SaslAuthenticateResponse {
            error_code: ErrorCode::SaslAuthenticationFailed as i16,
            error_message: Some(Cow::Borrowed(&text)),
            ..SaslAuthenticateResponse::default()
        };
        let pieces = written(request, &response)?;
        Ok(Answer::Last(pieces, text))
    }

    /// Somebody is who they say. For how many milliseconds; 0: without an end.
    fn let_in(&mut self, known: Known, mechanism: Mechanism) -> i64 {
        self.door.vault.let_in();
        let host = self.authority.identity().host;
        let identity = Arc::new(Identity { principal: known.name.as_str().into(), is_known: true, host });
        self.authority = Arc::new(Authority::new(identity, None));
        self.state = State::Open;
        self.signed_in = Some((known, mechanism));
        self.sign_in_until = None;
        self.renew();
        let lifetime = self.door.options.security.sasl.as_ref().and_then(|sasl| sasl.session);
        self.expires = lifetime.map(|lifetime| runtime::now() + lifetime);
        lifetime.map_or(0, |lifetime| i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX))
    }
}

fn written<'m, M: kafka_wire::message::Message<'m>>(request: &Request<'_>, message: &M) -> Result<Vec<Bytes>, String> {
    let mut out = Vec::new();
    respond(request.correlation_id, request.version, message, &mut out)
        .map_err(|error| format!("an answer cannot be written: {error}"))?;
    Ok(vec![out.into()])
}

/// That a request which signs in came at the wrong time.
fn illegal(request: &Request<'_>) -> Result<Vec<Bytes>, String> {
    let error_code = ErrorCode::IllegalSaslState as i16;
    if request.api.key == ApiKey::SaslHandshake {
        return written(request, &SaslHandshakeResponse { error_code, mechanisms: Vec::new() });
    }
    let text = "SaslAuthenticate request received after successful authentication";
    let error_message = Some(Cow::Borrowed(text));
    written(request, &SaslAuthenticateResponse { error_code, error_message, ..SaslAuthenticateResponse::default() })
}

/// The server's message, in an answer or bare.
fn said(bytes: Vec<u8>, lifetime_ms: i64, request: Option<&Request<'_>>) -> Result<Answer, String> {
    let Some(request) = request else { return Ok(Answer::Pieces(bare(&bytes))) };
    let session_lifetime_ms = if request.version >= LIFETIME_FROM { lifetime_ms } else { 0 };
    let response =
        SaslAuthenticateResponse { auth_bytes: Cow::Owned(bytes), session_lifetime_ms, ..SaslAuthenticateResponse::default() };
    Ok(Answer::Pieces(written(request, &response)?))
}

fn bare(bytes: &[u8]) -> Vec<Bytes> {
    let size = u32::try_from(bytes.len()).expect("messages of the exchange are small");
    let mut out = Vec::with_capacity(SIZE_BYTES + bytes.len());
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(bytes);
    vec![out.into()]
}
