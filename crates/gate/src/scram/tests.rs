use proptest::prelude::*;
use ring::{digest, hmac, pbkdf2};

use super::*;

const SECRET: &[u8] = b"the server's own secret, as long";

/// What a client computes, written anew from RFC 5802, section 3.
struct Client {
    hash: Hash,
    password: &'static [u8],
}

impl Client {
    fn mac(&self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = if self.hash == Hash::Sha256 { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA512 };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }

    /// The final message and the server's final message that it expects.
    fn answer(&self, gs2_header: &str, bare: &str, server_first: &str, extension: &str) -> (String, String) {
        let attributes: Vec<&str> = server_first.split(',').collect();
        let (nonce, salt, iterations) = (&attributes[0][2..], &attributes[1][2..], &attributes[2][2..]);
        let algorithm = if self.hash == Hash::Sha256 { pbkdf2::PBKDF2_HMAC_SHA256 } else { pbkdf2::PBKDF2_HMAC_SHA512 };
        let mut salted = vec![0; self.hash.bytes()];
        let salt = STANDARD.decode(salt).unwrap();
        pbkdf2::derive(algorithm, iterations.parse().unwrap(), &salt, self.password, &mut salted);
        let client_key = self.mac(&salted, b"Client Key");
        let algorithm = if self.hash == Hash::Sha256 { &digest::SHA256 } else { &digest::SHA512 };
        let stored_key = digest::digest(algorithm, &client_key);
        let without_proof = format!("c={},r={nonce}{extension}", STANDARD.encode(gs2_header));
        let said = format!("{bare},{server_first},{without_proof}");
        let signature = self.mac(stored_key.as_ref(), said.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        let server_signature = self.mac(&self.mac(&salted, b"Server Key"), said.as_bytes());
        (format!("{without_proof},p={}", STANDARD.encode(proof)), format!("v={}", STANDARD.encode(server_signature)))
    }
}

fn keys(hash: Hash, password: &[u8]) -> Keys {
    Keys::derive(hash, password, b"some salt or oth", 4_096).unwrap()
}

fn unknown(hash: Hash) -> Keys {
    Keys::unknown(shape(hash, 4_096), SECRET, "user").unwrap()
}

fn shape(hash: Hash, iterations: u32) -> Shape {
    Shape { hash, iterations, salt_bytes: 16, is_text: false }
}

fn challenge(first: &str, keys: Option<Keys>) -> (String, Challenge) {
    ClientFirst::parse(first.as_bytes()).unwrap().challenge(keys, unknown(Hash::Sha256), "server").unwrap()
}

/// The example of RFC 7677, section 3.
#[test]
fn the_rfcs_example() {
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let keys = Keys::derive(Hash::Sha256, b"pencil", &salt, 4_096).unwrap();
    let first = ClientFirst::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
    assert_eq!(first.user(), "user");
    let (server_first, challenge) =
        first.challenge(Some(keys.clone()), unknown(Hash::Sha256), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").unwrap();
    assert_eq!(server_first, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let client_final =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    let done = challenge.finish(client_final.as_bytes()).unwrap();
    assert_eq!(done, ("user".to_owned(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_owned()));
    assert!(keys.verify_password(b"pencil"));
}

#[test]
fn both_hashes_let_in_who_has_the_password_and_nobody_else() {
    for hash in [Hash::Sha256, Hash::Sha512] {
        for (header, bare, extension) in [
            ("n,,", "n=user,r=abc", ""),
            ("y,,", "n=user,r=abc,tokenauth=false", ",x=1"),
            ("n,a=us=2Cer=3D,", "n=us=2Cer=3D,r=abc", ""),
        ] {
            for (password, is_right) in [(&b"right"[..], true), (b"wrong", false), (b"", false)] {
                let first = ClientFirst::parse(format!("{header}{bare}").as_bytes()).unwrap();
                let (server_first, challenge) = first.challenge(Some(keys(hash, b"right")), unknown(hash), "server").unwrap();
                let (client_final, expected) = Client { hash, password }.answer(header, bare, &server_first, extension);
                let outcome = challenge.finish(client_final.as_bytes());
                match is_right {
                    true => assert_eq!(outcome.unwrap().1, expected),
                    false => assert_eq!(outcome, Err(Failure::Proof)),
                }
                assert_eq!(keys(hash, b"right").verify_password(password), is_right);
            }
        }
    }
}

/// Who is not known cannot be told from who is, and does not get in with keys that happen to be right either.
#[test]
fn who_is_not_known_is_asked_like_everybody() {
    let (one, _) = challenge("n,,n=user,r=abc", None);
    let (again, _) = challenge("n,,n=user,r=abc", None);
    assert_eq!(one, again, "the salt is always the same");
    let (known, _) = challenge("n,,n=user,r=abc", Some(keys(Hash::Sha256, b"x")));
    assert_eq!(one.len(), known.len());
    let salt = |secret: &[u8], user| Keys::unknown(shape(Hash::Sha256, 4_096), secret, user).unwrap().salt().to_vec();
    assert_ne!(salt(SECRET, "user"), salt(SECRET, "other"));
    assert_ne!(salt(SECRET, "user"), salt(b"another secret", "user"), "who does not know the secret cannot compute it");

    let first = ClientFirst::parse(b"n,,n=user,r=abc").unwrap();
    let (server_first, challenge) = first.challenge(None, keys(Hash::Sha256, b"right"), "server").unwrap();
    let client = Client { hash: Hash::Sha256, password: b"right" };
    let (client_final, _) = client.answer("n,,", "n=user,r=abc", &server_first, "");
    assert_eq!(challenge.finish(client_final.as_bytes()), Err(Failure::Proof));
    assert_eq!(Failure::Proof.message(), "e=invalid-proof");
}

/// Made-up salts were 16 random bytes with one number of rounds, while Kafka's clients draw 26 digits and letters and fewer rounds:
/// whoever was asked for anything else was a user.
#[test]
fn who_is_not_known_has_keys_like_those_who_are() {
    let ours = Shape { hash: Hash::Sha512, iterations: 8_192, salt_bytes: 16, is_text: false };
    let kafkas = Shape { hash: Hash::Sha256, iterations: 4_096, salt_bytes: 26, is_text: true };
    let longest = Shape { hash: Hash::Sha256, iterations: 4_096, salt_bytes: 255, is_text: false };
    for shape in [ours, kafkas, longest] {
        let made_up = Keys::unknown(shape, SECRET, "nobody").unwrap();
        assert_eq!(Shape::of(&made_up), shape, "what is made up looks as it is to");
        assert_eq!(Keys::unknown(shape, SECRET, "nobody").unwrap(), made_up, "each time");
    }
    assert!(Shape::new(Hash::Sha256, 4_096, b"1fovgi7ofhqqbktiu2nqq14q7m").is_text);
    assert!(!Shape::new(Hash::Sha256, 4_096, b"1fovgi7OfhqqbktiU2nqq14q7m").is_text);

    let mut shapes = Shapes::default();
    assert_eq!(shapes.pick(SECRET, "nobody"), None);
    shapes.add(Shape { iterations: 1, ..ours });
    shapes.add(Shape { salt_bytes: 0, ..ours });
    assert_eq!(shapes.pick(SECRET, "nobody"), None, "no keys look so");
    (0..75).for_each(|_| shapes.add(ours));
    (0..25).for_each(|_| shapes.add(kafkas));
    let names: Vec<String> = (0..2_000).map(|nth| format!("name-{nth}")).collect();
    let picked: Vec<Shape> = names.iter().map(|name| shapes.pick(SECRET, name).unwrap()).collect();
    let of_kafka = picked.iter().filter(|shape| **shape == kafkas).count();
    assert!((400..600).contains(&of_kafka), "a quarter of 2000: {of_kafka}");
    shapes.add(kafkas);
    let moved = names.iter().zip(&picked).filter(|(name, before)| shapes.pick(SECRET, name) != Some(**before)).count();
    assert!(moved < 40, "{moved} names look otherwise since one user came");
    let other = names.iter().zip(&picked).filter(|(name, before)| shapes.pick(b"another", name) != Some(**before)).count();
    assert!(other > 400, "who does not know the secret cannot compute it: {other}");
}

#[test]
fn first_messages_are_read_strictly() {
    for (message, failure) in [
        ("", Failure::Malformed),
        ("n", Failure::Malformed),
        ("n,", Failure::Malformed),
        ("n,,", Failure::Malformed),
        ("x,,n=user,r=abc", Failure::Malformed),
        ("p=tls-unique,,n=user,r=abc", Failure::ChannelBinding),
        ("p=,,n=user,r=abc", Failure::ChannelBinding),
        ("n,b=user,n=user,r=abc", Failure::Malformed),
        ("n,a=other,n=user,r=abc", Failure::Authorization),
        ("n,a=,n=user,r=abc", Failure::UserName),
        ("n,,m=must,n=user,r=abc", Failure::Extension),
        ("n,,n=,r=abc", Failure::UserName),
        ("n,,n=a=b,r=abc", Failure::UserName),
        ("n,,n=a=2c,r=abc", Failure::UserName),
        ("n,,n=a=3d,r=abc", Failure::UserName),
        ("n,,n=a=,r=abc", Failure::UserName),
        ("n,,n=user", Failure::Malformed),
        ("n,,n=user,r=", Failure::Malformed),
        ("n,,n=user,r=a b", Failure::Malformed),
        ("n,,n=user,r=ä", Failure::Malformed),
        ("n,,r=abc,n=user", Failure::Malformed),
        ("n,,n=user,r=abc,", Failure::Malformed),
        ("n,,n=user,r=abc,x", Failure::Malformed),
        ("n,,n=us\0er,r=abc", Failure::Malformed),
    ] {
        assert_eq!(ClientFirst::parse(message.as_bytes()), Err(failure), "{message}");
    }
    assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=abc"), Err(Failure::Malformed));
    let long = format!("n,,n=user,r={}", "x".repeat(4_084));
    assert!(ClientFirst::parse(long.as_bytes()).is_ok());
    assert_eq!(ClientFirst::parse(format!("{long}x").as_bytes()), Err(Failure::Malformed));
    let user = |message: &str| ClientFirst::parse(message.as_bytes()).unwrap().user().to_owned();
    assert_eq!(user("n,,n=a=2C=3Db=3D2C,r=abc"), "a,=b=2C");
    assert_eq!(user("n,,n=J\u{fc}rgen,r=abc"), "J\u{fc}rgen");
    assert_eq!(user("n,a=user,n=user,r=abc"), "user");
}

#[test]
fn final_messages_belong_to_their_exchange() {
    let client = Client { hash: Hash::Sha256, password: b"right" };
    let finish = |change: &dyn Fn(String) -> String| {
        let (server_first, challenge) = challenge("n,,n=user,r=abc", Some(keys(Hash::Sha256, b"right")));
        let (client_final, _) = client.answer("n,,", "n=user,r=abc", &server_first, "");
        challenge.finish(change(client_final).as_bytes()).map(|(user, _)| user)
    };
    let replaced = |from: &'static str, to: &'static str| finish(&move |message| message.replacen(from, to, 1));
    assert_eq!(finish(&|message| message), Ok("user".to_owned()));
    assert_eq!(replaced("r=abcserver", "r=abcserve"), Err(Failure::Nonce));
    assert_eq!(replaced("r=abcserver", "r=abc"), Err(Failure::Nonce));
    assert_eq!(replaced("r=abcserver", "r=abcserver1"), Err(Failure::Nonce));
    assert_eq!(replaced("r=abcserver", "r=abcabcserver"), Err(Failure::Proof), "librdkafka's, which is proved as it is sent");
    assert_eq!(replaced("c=biws", "c=eSws"), Err(Failure::ChannelBindingDiffers), "y,, where n,, was said");
    assert_eq!(replaced("c=biws", "c="), Err(Failure::ChannelBindingDiffers));
    assert_eq!(replaced("c=biws", "c=biw"), Err(Failure::Malformed));
    assert_eq!(replaced(",r=", ",x=1,r="), Err(Failure::Malformed), "the nonce comes second");
    assert_eq!(replaced(",p=", ",x=1,p="), Err(Failure::Proof), "what was said is proved, too");
    assert_eq!(replaced(",p=", ",x,p="), Err(Failure::Malformed));
    assert_eq!(replaced(",p=", ",q="), Err(Failure::Malformed));
    assert_eq!(replaced(",p=", ",p=!"), Err(Failure::Malformed));
    assert_eq!(finish(&|message| format!("{},p=", message.split(",p=").next().unwrap())), Err(Failure::Proof));
    let longer = |message: String| {
        let (rest, proof) = message.rsplit_once(",p=").unwrap();
        let proof = [STANDARD.decode(proof).unwrap(), vec![0]].concat();
        format!("{rest},p={}", STANDARD.encode(proof))
    };
    assert_eq!(finish(&longer), Err(Failure::Proof));
    assert_eq!(finish(&|_| String::new()), Err(Failure::Malformed));
}

/// A proof of one exchange is none in another.
#[test]
fn an_answer_is_not_used_twice() {
    let client = Client { hash: Hash::Sha256, password: b"right" };
    let ask = |nonce: &str| {
        let first = ClientFirst::parse(b"n,,n=user,r=abc").unwrap();
        first.challenge(Some(keys(Hash::Sha256, b"right")), unknown(Hash::Sha256), nonce).unwrap()
    };
    let (server_first, first) = ask("one");
    let (client_final, _) = client.answer("n,,", "n=user,r=abc", &server_first, "");
    assert!(first.finish(client_final.as_bytes()).is_ok());
    let (_, second) = ask("two");
    assert_eq!(second.finish(client_final.as_bytes()), Err(Failure::Nonce));
    let (_, third) = ask("two");
    assert_eq!(third.finish(client_final.replace("abcone", "abctwo").as_bytes()), Err(Failure::Proof));
    for nonce in ["", "a,b", "a b", "\u{e4}"] {
        let first = ClientFirst::parse(b"n,,n=user,r=abc").unwrap();
        assert_eq!(first.challenge(None, unknown(Hash::Sha256), nonce).unwrap_err().kind, Kind::Invalid);
    }
}

#[test]
fn keys_have_bounds_and_are_not_printed() {
    for iterations in [0, 1, 4_095, 16_385, 1_000_000_000] {
        assert_eq!(Keys::derive(Hash::Sha256, b"x", b"salt", iterations).unwrap_err().kind, Kind::Invalid);
        assert_eq!(Keys::unknown(shape(Hash::Sha256, iterations), SECRET, "x").unwrap_err().kind, Kind::Invalid);
    }
    for iterations in [4_096, 16_384] {
        assert!(Keys::derive(Hash::Sha512, b"x", b"salt", iterations).unwrap().verify_password(b"x"));
    }
    let new = |salt: usize, stored: usize, server: usize| {
        Keys::new(Hash::Sha256, 4_096, vec![1; salt], vec![2; stored], vec![3; server]).map_err(|why| why.kind)
    };
    assert!(new(1, 32, 32).is_ok());
    for (salt, stored, server) in [(0, 32, 32), (1, 31, 32), (1, 32, 64)] {
        assert_eq!(new(salt, stored, server), Err(Kind::Invalid));
    }
    let made = keys(Hash::Sha512, b"x");
    let again = Keys::new(made.hash(), made.iterations(), made.salt().into(), made.stored_key().into(), made.server_key().into());
    assert_eq!(again.as_ref(), Ok(&made));
    assert_eq!(format!("{made:?}"), "Keys { hash: Sha512, iterations: 4096, .. }");
    let (_, challenge) = challenge("n,,n=user,r=abc", Some(keys(Hash::Sha256, b"x")));
    let printed = "Challenge { user: \"user\", keys: Keys { hash: Sha256, iterations: 4096, .. }, .. }";
    assert_eq!(format!("{challenge:?}"), printed);
    assert_eq!((Hash::Sha256.mechanism(), Hash::Sha512.mechanism()), ("SCRAM-SHA-256", "SCRAM-SHA-512"));
}

#[test]
fn failures_say_what_was_wrong() {
    let unread = Error::from(Failure::Malformed);
    assert_eq!((unread.kind, Failure::Malformed.message()), (Kind::Unauthenticated, "e=invalid-encoding"));
    let all = [
        Failure::Malformed,
        Failure::UserName,
        Failure::Extension,
        Failure::ChannelBinding,
        Failure::ChannelBindingDiffers,
        Failure::Nonce,
        Failure::Authorization,
        Failure::Proof,
    ];
    let texts: std::collections::BTreeSet<_> = all.into_iter().map(|failure| Error::from(failure).message).collect();
    assert_eq!(texts.len(), all.len());
    assert!(all.into_iter().all(|failure| failure.message().starts_with("e=")));
}

proptest! {
    /// Whatever comes is read or refused, and a name that was escaped is read as it was.
    #[test]
    fn any_message_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[nyp=,armc2CD3 b]{0,40}", name in "[a,=ä]{1,9}") {
        let _ = ClientFirst::parse(&bytes);
        let _ = ClientFirst::parse(text.as_bytes());
        let (_, first) = challenge("n,,n=user,r=abc", Some(unknown(Hash::Sha256)));
        prop_assert!(first.finish(&bytes).is_err());
        let (_, second) = challenge("n,,n=user,r=abc", Some(unknown(Hash::Sha256)));
        prop_assert!(second.finish(text.as_bytes()).is_err());
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        let first = ClientFirst::parse(format!("n,,n={escaped},r=abc").as_bytes()).unwrap();
        prop_assert_eq!(first.user(), name);
    }
}
