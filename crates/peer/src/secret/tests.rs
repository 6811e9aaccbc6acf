use super::*;

#[test]
fn a_secret_is_written_read_and_never_printed() {
    let secret = ClusterSecret::generate();
    let text = secret.reveal();
    assert_eq!(text.len(), PREFIX.len() + 43);
    assert_eq!(ClusterSecret::parse(&format!("  {text}\n")), Ok(secret.clone()));
    assert_ne!(secret, ClusterSecret::generate());
    assert_eq!(format!("{secret:?}"), "ClusterSecret(hidden)");
}

#[test]
fn what_is_no_secret_is_refused_with_a_reason() {
    assert_eq!(ClusterSecret::parse("swordfish"), Err(SecretError::Prefix));
    assert_eq!(ClusterSecret::parse(""), Err(SecretError::Prefix));
    assert_eq!(ClusterSecret::parse(&format!("{PREFIX}{}", "!".repeat(43))), Err(SecretError::Letters));
    assert_eq!(ClusterSecret::parse(PREFIX), Err(SecretError::Length(0)));
    assert!(SecretError::Length(31).to_string().contains("copy it whole"));
}

#[test]
fn what_is_derived_depends_on_secret_and_purpose_alone() {
    let secret = ClusterSecret([7; BYTES]);
    assert_eq!(secret.derive(b"a"), ClusterSecret([7; BYTES]).derive(b"a"));
    assert_ne!(secret.derive(b"a"), secret.derive(b"b"));
    assert_ne!(secret.derive(b"a"), ClusterSecret([8; BYTES]).derive(b"a"));
}
