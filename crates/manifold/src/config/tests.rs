//! Layers, refusals, and the documentation's table.

use std::{io::Write, os::unix::fs::PermissionsExt};

use gate::tls::{ClientAuth, TlsFiles};
use replica::{ClusterSecret, Security, Start};

use super::*;

fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<Vec<_>>().into_iter()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn flags(file: Option<&tempfile::NamedTempFile>, settings: &[(&'static str, &str)]) -> Flags {
    let file = file.map(|file| file.path().to_str().unwrap().to_owned());
    Flags { file, settings: settings.iter().map(|(key, text)| (*key, (*text).to_owned())).collect() }
}

fn refused(flags: &Flags, given: &[(&str, &str)]) -> String {
    let failure = load(flags, variables(given)).expect_err("must be refused");
    assert_eq!(failure.code, Code::Configuration);
    match &flags.file {
        Some(path) => failure.message.replace(path.as_str(), "FILE"),
        None => failure.message,
    }
}

#[test]
fn a_flag_wins_over_a_variable_that_over_the_file_that_over_the_default() {
    let file = file("name = \"file\"\netcd = \"off\"\nshards = 3\nsettle = \"8MiB\"\n");
    let given = [("MANIFOLD_NAME", "variable"), ("MANIFOLD_SHARDS", "4"), ("PATH", "/bin")];
    let loaded = load(&flags(Some(&file), &[("name", "flag")]), variables(&given)).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let expected = Config { name: "flag".to_owned(), shards: 4, etcd: None, settle_bytes: 8 << 20, ..Config::default() };
    assert_eq!(loaded.config, expected);
}

#[test]
fn the_file_can_be_named_by_a_variable() {
    let file = file("name = \"file\"");
    let path = file.path().to_str().unwrap();
    let loaded = load(&Flags::default(), variables(&[("MANIFOLD_CONFIG", path)])).unwrap();
    assert_eq!(loaded.config.name, "file");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place_and_a_way_out() {
    let cases = [
        ("data_dir = \"x\"", "FILE: unknown key \"data_dir\"; did you mean \"data-dir\"?"),
        ("replicas = 3", "FILE: unknown key \"replicas\""),
        ("[etcd]\nport = 1", "FILE: etcd: a table where one value is expected"),
        ("settle = \"64MB\"", "FILE: settle: \"64MB\" is not a size; write it like 64MiB (B, KiB, MiB, GiB, TiB)"),
        ("settle = 7", "FILE: settle: \"7\" is less than 1.0 MiB"),
        ("shutdown-timeout = 10", "FILE: shutdown-timeout: \"10\" is not a duration; write it like 10s (ms, s, m, h)"),
        ("etcd = \"localhost\"", "FILE: etcd: \"localhost\" is no address; write it like 127.0.0.1:2379, [::1]:2379 or off"),
        ("shards = -1", "FILE: shards: \"-1\" is not a number from 0 to 64"),
        ("connections-max = 0", "FILE: connections-max: \"0\" is not a number above 0"),
        ("rack = \"a\\tb\"", "FILE: rack: \"a\tb\" is not a text of 1 to 255 bytes without control characters"),
        ("log-format = \"xml\"", "FILE: log-format: \"xml\" is neither text nor json"),
        ("journal-segment = \"1MiB\"", "FILE: journal-segment: \"1MiB\" is not a multiple of 4KiB from 16MiB to 1GiB"),
        ("http = \"127.0.0.1:2379\"", "etcd and http both want 127.0.0.1:2379; give each its own address"),
        (
            "nmae = \"x\"\nshards = true",
            "the configuration cannot be used:\n  FILE: unknown key \"nmae\"; did you mean \"name\"?\n  \
             FILE: shards: \"true\" is not a number from 0 to 64",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&flags(Some(&file(text)), &[]), &[]), expected);
    }
    let not_toml = refused(&flags(Some(&file("name = ")), &[]), &[]);
    assert!(not_toml.starts_with("FILE: not TOML: TOML parse error at line 1"), "{not_toml}");
}

#[test]
fn a_missing_file_is_refused() {
    let flags = Flags { file: Some("/nowhere/manifold.toml".to_owned()), settings: Vec::new() };
    let message = load(&flags, variables(&[])).unwrap_err().message;
    assert_eq!(message, "/nowhere/manifold.toml: the configuration file cannot be read: No such file or directory (os error 2)");
}

#[test]
fn a_mistake_names_the_layer_it_came_from() {
    assert_eq!(
        refused(&Flags::default(), &[("MANIFOLD_SHARDS", "many")]),
        "MANIFOLD_SHARDS: \"many\" is not a number from 0 to 64"
    );
    assert_eq!(refused(&flags(None, &[("shards", "x")]), &[]), "--shards: \"x\" is not a number from 0 to 64");
}

#[test]
fn an_unknown_variable_earns_a_warning() {
    let given = [("MANIFOLD_DATADIR", "x"), ("MANIFOLD_SERVICE_HOST", "10.0.0.1")];
    let loaded = load(&Flags::default(), variables(&given)).unwrap();
    let expected = [
        "unknown variable MANIFOLD_DATADIR is ignored; did you mean MANIFOLD_DATA_DIR?",
        "unknown variable MANIFOLD_SERVICE_HOST is ignored",
    ];
    assert_eq!(loaded.warnings, expected);
}

/// Three members on this machine.
const LOCAL: &str = "n1=127.0.0.1:1,n2=127.0.0.1:2,n3=127.0.0.1:3";

const TICKET: &str = "manifold-join-1:00000000000000c1:00000000000000a2:a1=127.0.0.1:1";

/// A file with a new secret that its owner alone may read.
fn secret_file() -> (tempfile::NamedTempFile, ClusterSecret) {
    let secret = ClusterSecret::generate();
    (file(&secret.reveal()), secret)
}

#[test]
fn a_node_alone_is_what_the_defaults_say() {
    let peers = Config::default().peer_options();
    assert_eq!((peers.advertise.as_str(), peers.start, peers.client_urls), ("", Start::Alone, Vec::new()));
    assert!(matches!(peers.security, Security::Plain));
}

#[test]
fn a_founder_a_joiner_and_what_they_are_told() {
    let given = [("name", "n2"), ("cluster", LOCAL), ("cluster-token", "t"), ("etcd-advertise", "http://a:1,http://b:2")];
    let peers = load(&flags(None, &given), variables(&[])).unwrap().config.peer_options();
    assert_eq!(peers.advertise, "127.0.0.1:2", "its own entry");
    assert_eq!(peers.client_urls, ["http://a:1", "http://b:2"]);
    let Start::Found { members, token } = peers.start else { panic!("{:?}", peers.start) };
    assert_eq!((members.len(), members["n3"].as_str(), token.as_str()), (3, "127.0.0.1:3", "t"));

    let given = [("join", TICKET), ("peer-advertise", "localhost:9")];
    let peers = load(&flags(None, &given), variables(&[])).unwrap().config.peer_options();
    assert_eq!((peers.advertise.as_str(), peers.start), ("localhost:9", Start::Join(TICKET.parse().unwrap())));
}

#[test]
fn the_secret_comes_from_a_file_or_from_the_variable_itself() {
    let (secret_file, secret) = secret_file();
    let path = secret_file.path().to_str().unwrap();
    let is = |loaded: Loaded, expected: &ClusterSecret| match loaded.config.peer_options().security {
        Security::Secret(found) => assert_eq!(&found, expected),
        other => panic!("{other:?}"),
    };
    is(load(&flags(None, &[("cluster-secret", path)]), variables(&[])).unwrap(), &secret);
    let toml = file(&format!("cluster-secret = \"{path}\""));
    is(load(&flags(Some(&toml), &[]), variables(&[])).unwrap(), &secret);
    let other = ClusterSecret::generate();
    let text = other.reveal();
    is(load(&flags(Some(&toml), &[]), variables(&[("MANIFOLD_CLUSTER_SECRET", &text)])).unwrap(), &other);
    let given = [("MANIFOLD_CLUSTER_SECRET", text.as_str())];
    is(load(&flags(None, &[("cluster-secret", path)]), variables(&given)).unwrap(), &secret);

    // Neither way round is the secret repeated.
    let shown = refused(&flags(None, &[("cluster-secret", &text)]), &[]);
    assert!(shown.starts_with("--cluster-secret is to name a file, and this is the secret itself") && !shown.contains(&text));
    let file_named = refused(&Flags::default(), &[("MANIFOLD_CLUSTER_SECRET", path)]);
    assert!(file_named.starts_with("MANIFOLD_CLUSTER_SECRET holds no secret: "), "{file_named}");
    let config = load(&Flags::default(), variables(&[("MANIFOLD_CLUSTER_SECRET", &text)])).unwrap().config;
    assert!(!format!("{config:?}").contains(&text));
}

#[test]
fn nodes_on_several_machines_are_protected() {
    let outside = "n1=10.0.0.1:7480,n2=10.0.0.2:7480,n3=10.0.0.3:7480";
    let ticket = TICKET.replace("127.0.0.1", "10.0.0.1");
    for (given, key) in [
        (vec![("peer", "10.0.0.1:7480")], "peer: 10.0.0.1:7480"),
        (vec![("peer-advertise", "example.org:7480")], "peer-advertise: example.org:7480"),
        (vec![("name", "n1"), ("cluster", outside)], "cluster: 10.0.0.1:7480"),
        (vec![("join", ticket.as_str())], "join: 10.0.0.1:1"),
    ] {
        let message = refused(&flags(None, &given), &[]);
        assert!(message.starts_with(key) && message.contains("manifold ctl secret new"), "{message}");
        let secret = ClusterSecret::generate().reveal();
        assert!(load(&flags(None, &given), variables(&[("MANIFOLD_CLUSTER_SECRET", &secret)])).is_ok(), "{key}");
    }
}

#[test]
fn peers_that_cannot_be_are_refused() {
    let secret = ClusterSecret::generate().reveal();
    let missing = "/nowhere/ca.pem";
    let empty = file("");
    let empty = empty.path().to_str().unwrap();
    let no_pem = format!("peer-ca, peer-cert and peer-key cannot be used: {empty}: ");
    let cases = [
        (vec![("peer", "localhost:1")], "--peer: \"localhost:1\" is no address"),
        (vec![("peer-advertise", "n1")], "--peer-advertise: \"n1\" is not HOST:PORT"),
        (vec![("cluster", "n1")], "--cluster: \"n1\" is no list of members"),
        (vec![("cluster", LOCAL)], "cluster: there is no default among n1, n2, n3; "),
        (vec![("cluster-token", "")], "--cluster-token: \"\" is not a text of 1 to 255 bytes"),
        (vec![("join", "manifold-join-1:c1")], "--join: \"manifold-join-1:c1\" is no ticket; "),
        (vec![("cluster", LOCAL), ("name", "n1"), ("join", TICKET)], "join and cluster exclude each other"),
        (vec![("peer", "off"), ("join", TICKET)], "peer: off is for a node alone"),
        (vec![("peer", "127.0.0.1:2379")], "etcd and peer both want 127.0.0.1:2379"),
        (vec![("etcd-advertise", "10.0.0.1:2379")], "--etcd-advertise: \"10.0.0.1:2379\" has \"10.0.0.1:2379\", which is no URL"),
        (vec![("peer-ca", missing)], "--peer-ca: \"/nowhere/ca.pem\" cannot be read: No such file"),
        (vec![("peer-ca", empty)], "peer-ca, peer-cert and peer-key belong together; missing: peer-cert, peer-key"),
        (vec![("peer-ca", empty), ("peer-cert", empty), ("peer-key", empty)], no_pem.as_str()),
    ];
    for (given, expected) in cases {
        let message = refused(&flags(None, &given), &[]);
        assert!(message.starts_with(expected), "{message}\nis not\n{expected}");
    }
    let with_secret = |given: &[(&'static str, &str)]| refused(&flags(None, given), &[("MANIFOLD_CLUSTER_SECRET", &secret)]);
    assert!(with_secret(&[("peer", "0.0.0.0:7480")]).starts_with("peer: nobody is reached at 0.0.0.0:7480; "));
    let both = with_secret(&[("peer-ca", empty), ("peer-cert", empty), ("peer-key", empty)]);
    assert!(both.starts_with("cluster-secret and peer-ca, peer-cert, peer-key exclude each other"), "{both}");
}

#[test]
fn clients_that_would_be_told_no_address_earn_a_warning() {
    let given = [("name", "n1"), ("cluster", LOCAL), ("etcd", "0.0.0.0:2379")];
    let loaded = load(&flags(None, &given), variables(&[])).unwrap();
    let expected = "clients that ask who the members are will be told http://0.0.0.0:2379; \
                    say where clients reach it with --etcd-advertise http://HOST:PORT";
    assert_eq!(loaded.warnings[0], expected);
}

/// A certificate that signs itself, and its key.
fn certificate() -> (tempfile::NamedTempFile, tempfile::NamedTempFile) {
    (file(include_str!("tests/cert.pem")), file(include_str!("tests/key.pem")))
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

#[test]
fn doors_do_the_strictest_that_there_are_files_for() {
    let (cert, key) = certificate();
    let (cert, key) = (path(&cert), path(&key));
    let modes = |given: &[(&'static str, &str)]| {
        let config = load(&flags(None, given), variables(&[])).unwrap().config;
        let auth = |door| config.tls_options(door).map(|options| options.client_auth);
        assert_eq!(config.scheme(Door::Etcd), if auth(Door::Etcd).is_some() { "https" } else { "http" });
        (auth(Door::Etcd), auth(Door::Http))
    };
    let (none, request, require) = (Some(ClientAuth::None), Some(ClientAuth::Request), Some(ClientAuth::Require));
    let pair = [("tls-cert", cert), ("tls-key", key)];
    let with = |more: &[(&'static str, &'static str)]| modes(&[&pair[..], &[("tls-client-ca", cert)], more].concat());
    assert_eq!(modes(&[]), (None, None));
    assert_eq!(modes(&pair), (none, none));
    assert_eq!(modes(&[&pair[..], &[("http-tls", "off")]].concat()), (none, None));
    assert_eq!(with(&[]), (require, require));
    assert_eq!(with(&[("http-tls", "on"), ("etcd-tls", "request")]), (request, none));
    assert_eq!(with(&[("http-tls", "require"), ("etcd-tls", "off")]), (None, require));

    let given = [&pair[..], &[("tls-client-ca", cert)], &[("http-tls", "on")]].concat();
    let config = load(&flags(None, &given), variables(&[])).unwrap().config;
    let files = TlsFiles { cert: cert.into(), key: key.into(), client_ca: Some(cert.into()), crl: None };
    let etcd = config.tls_options(Door::Etcd).unwrap();
    assert_eq!((&etcd.files, etcd.door, etcd.protocols), (&files, "etcd", &[&b"h2"[..], b"http/1.1"][..]));
    let http = config.tls_options(Door::Http).unwrap();
    assert_eq!((http.files.client_ca, http.door, http.protocols), (None, "http", &[&b"http/1.1"[..]][..]));
    let closed = load(&flags(None, &[&given[..], &[("etcd", "off")]].concat()), variables(&[])).unwrap().config;
    assert_eq!(closed.tls_options(Door::Etcd), None);
}

#[test]
fn doors_whose_tls_cannot_be_are_refused() {
    let (cert, key) = certificate();
    let (open_key, empty) = (file(include_str!("tests/key.pem")), file(""));
    std::fs::set_permissions(open_key.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (cert, key, open_key, empty) = (path(&cert), path(&key), path(&open_key), path(&empty));
    let readable = format!(
        "the etcd door cannot speak TLS: {open_key} can be read by others (mode 0644); take that away with: chmod 600 {open_key}"
    );
    let no_list = format!("the etcd door cannot speak TLS: {empty}: it holds no revocation list in PEM");
    let no_authority = format!("the http door cannot speak TLS: {empty}: it holds no certificate in PEM");
    let pair = [("tls-cert", cert), ("tls-key", key)];
    let with = |more: &[(&'static str, &'static str)]| [&pair[..], more].concat();
    let and = |key, file| [&pair[..], &[(key, file)]].concat();
    let cases: Vec<(Vec<(&'static str, &str)>, &str)> = vec![
        (vec![("tls-cert", cert)], "tls-cert and tls-key belong together; missing: tls-key"),
        (vec![("tls-key", key)], "tls-cert and tls-key belong together; missing: tls-cert"),
        (vec![("tls-client-ca", cert)], "tls-client-ca is for doors with TLS; give tls-cert and tls-key, too"),
        (and("tls-crl", empty), "tls-crl is about clients of tls-client-ca; give that, too"),
        (vec![("etcd-tls", "on")], "etcd-tls: TLS needs tls-cert and tls-key; give them, or say off"),
        (with(&[("http-tls", "request")]), "http-tls: client certificates need tls-client-ca; give it, or say on"),
        (with(&[("etcd-tls", "yes")]), "--etcd-tls: \"yes\" is none of off, on, request and require"),
        (vec![("tls-cert", "/nowhere")], "--tls-cert: \"/nowhere\" cannot be read: No such file or directory (os error 2)"),
        (vec![("tls-cert", cert), ("tls-key", open_key)], &readable),
        ([and("tls-client-ca", cert), vec![("tls-crl", empty)]].concat(), &no_list),
        ([and("tls-client-ca", empty), vec![("etcd-tls", "on")]].concat(), &no_authority),
        (with(&[("kafka-tls", "require")]), "kafka-tls: client certificates need tls-client-ca; give it, or say on"),
    ];
    for (given, expected) in cases {
        assert_eq!(refused(&flags(None, &given), &[]), expected);
    }
}

#[test]
fn whoever_comes_in_at_the_kafka_door_can_say_who_they_are() {
    let (cert, key) = certificate();
    let pair = [("tls-cert", path(&cert)), ("tls-key", path(&key))];
    let refused = |given: &[(&'static str, &str)]| refused(&flags(None, given), &[]);
    let far = ("kafka", "10.0.0.1:9092");
    assert!(
        refused(&[far, ("kafka-sasl", "required"), ("kafka-sasl-mechanisms", "PLAIN")]).starts_with("kafka-sasl-mechanisms: ")
    );
    assert!(refused(&[("kafka-authorization", "on")]).starts_with("kafka-authorization: nobody could say who they are"));
    assert!(refused(&[("kafka-sasl-session", "1h")]).contains("are for kafka-sasl = required"));
    assert!(refused(&[("kafka-principal-rules", "DEFAULT")]).starts_with("kafka-principal-rules are about"));
    for (key, value) in [
        ("kafka-sasl", "on"),
        ("kafka-authorization", "yes"),
        ("kafka-sasl-mechanisms", "PLAIN,PLAIN"),
        ("kafka-sasl-mechanisms", "GSSAPI"),
        ("kafka-principal-rules", "RULE:a"),
    ] {
        assert!(refused(&[(key, value)]).starts_with(&format!("--{key}: ")));
    }

    let names = |given: &[(&'static str, &str)]| {
        let config = load(&flags(None, given), variables(&[])).unwrap().config;
        let sasl = config.kafka_security_options().sasl.unwrap();
        sasl.mechanisms.iter().map(|mechanism| mechanism.name()).collect::<Vec<_>>()
    };
    let sasl = ("kafka-sasl", "required");
    assert_eq!(names(&[sasl]), ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]);
    assert_eq!(names(&[far, sasl]), ["SCRAM-SHA-512", "SCRAM-SHA-256"], "no password goes over the wire as it is");
    assert_eq!(names(&[&pair[..], &[far, sasl]].concat()).len(), 3);
    assert_eq!(names(&[sasl, ("kafka-sasl-mechanisms", "PLAIN, SCRAM-SHA-256")]), ["PLAIN", "SCRAM-SHA-256"]);

    let warnings = |given: &[(&'static str, &str)]| load(&flags(None, given), variables(&[])).unwrap().warnings;
    assert!(warnings(&[far])[0].starts_with("kafka: whoever reaches 10.0.0.1:9092"));
    assert!(warnings(&[far, sasl])[0].starts_with("kafka: whoever signs in at 10.0.0.1:9092"));
    assert_eq!(warnings(&[far, sasl, ("kafka-authorization", "on")]), Vec::<String>::new());
}

#[test]
fn what_is_open_to_others_or_used_by_nobody_earns_a_warning() {
    let (cert, key) = certificate();
    let pair = [("tls-cert", path(&cert)), ("tls-key", path(&key))];
    let warnings = |given: &[(&'static str, &str)]| load(&flags(None, given), variables(&[])).unwrap().warnings;
    let plain = warnings(&[("etcd", "10.0.0.1:2379")]);
    assert!(
        plain.len() == 1 && plain[0].starts_with("etcd: whoever reaches 10.0.0.1:2379 may read and change everything"),
        "{plain:?}"
    );
    assert_eq!(warnings(&[&pair[..], &[("etcd", "10.0.0.1:2379")]].concat()), Vec::<String>::new());
    for at_home in ["127.0.0.1:2379", "[::1]:2379", "off"] {
        assert_eq!(warnings(&[("etcd", at_home)]), Vec::<String>::new());
    }
    let unused = warnings(&[&pair[..], &[("etcd-tls", "off"), ("http", "off"), ("kafka", "off")]].concat());
    assert_eq!(unused, ["tls-cert is given and no door uses it"]);
    let around = warnings(&[("kafka-sasl", "required"), ("http-records", "on")]);
    assert!(around.len() == 1 && around[0].starts_with("http-records: whoever reaches 127.0.0.1:8480"), "{around:?}");
    assert_eq!(warnings(&[("kafka-sasl", "required")]), Vec::<String>::new());
    let told = warnings(&[&pair[..], &[("etcd-advertise", "https://b:1,http://a:1")]].concat());
    let expected = "clients are told http://a:1 and speak plain text there, where the door speaks TLS; say https://a:1";
    assert_eq!(told, [expected]);
    // Something in front of the door may speak TLS for it.
    assert_eq!(warnings(&[("etcd-advertise", "https://a:1")]), Vec::<String>::new());
    let everywhere = warnings(&[&pair[..], &[("name", "n1"), ("cluster", LOCAL), ("etcd", "0.0.0.0:2379")]].concat());
    assert!(everywhere.len() == 1 && everywhere[0].contains("told https://0.0.0.0:2379"), "{everywhere:?}");
}

#[test]
fn every_default_is_a_valid_value() {
    for setting in SETTINGS {
        assert_eq!((setting.set)(&mut Config::default(), setting.default), Ok(()), "{}", setting.key);
    }
}

#[test]
fn the_manual_lists_exactly_these_settings() {
    let manual = include_str!("../../../../docs/operating.md");
    let rows: Vec<&str> = manual.lines().filter(|line| line.starts_with("| `--")).collect();
    let row = |setting: &Setting| {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}` ", setting.default) };
        format!("| `--{} {}` | `{}` | {default}| {} |", setting.key, setting.value, setting.variable(), setting.help)
    };
    let expected: Vec<String> = SETTINGS.iter().map(row).collect();
    assert_eq!(rows, expected, "the table in docs/operating.md and the settings differ");
}

#[test]
fn the_manual_lists_exactly_these_exit_codes() {
    let manual = include_str!("../../../../docs/operating.md");
    let (_, section) = manual.split_once("## Exit codes").expect("the manual has a section on exit codes");
    let section = section.split("\n## ").next().unwrap_or_default();
    let numbers = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u8>().ok());
    let known = Code::ALL.iter().map(|code| *code as u8);
    // 0 is success, 2 is a mistake on the command line, 130 and 143 are a second signal.
    let mut expected: Vec<u8> = known.chain([0, 2, 130, 143]).collect();
    expected.sort_unstable();
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
}

/// The example of `packaging/`, as it is and with everything in it that is offered behind a `#`.
#[test]
fn the_example_is_a_configuration_and_names_every_setting() {
    let example = include_str!("../../../../packaging/manifold.toml");
    let shipped = load(&flags(Some(&file(example)), &[]), variables(&[])).unwrap();
    assert!(shipped.warnings.is_empty(), "{:?}", shipped.warnings);
    let expected = Config { name: "n1".to_owned(), data_dir: "/var/lib/manifold".into(), ..Config::default() };
    assert_eq!(shipped.config, expected, "nothing but the name and the place differs from the defaults");

    let is_setting = |line: &str| {
        let key = line.strip_prefix("# ").unwrap_or(line).split_once(" = ").map(|(key, _)| key);
        key.and_then(|key| SETTINGS.iter().find(|setting| setting.key == key))
    };
    let offered: Vec<&str> = example.lines().filter_map(is_setting).map(|setting| setting.key).collect();
    for setting in SETTINGS {
        assert_eq!(offered.iter().filter(|key| **key == setting.key).count(), 1, "{} is there once", setting.key);
    }
    for line in example.lines().filter(|line| line.starts_with("# ") && !line.contains("\"1")) {
        let Some(setting) = is_setting(line).filter(|setting| !setting.default.is_empty()) else { continue };
        let (_, value) = line.split_once(" = ").unwrap();
        assert_eq!(value.trim_matches('"'), setting.default, "{} is shown with its default", setting.key);
    }

    // A cluster has a secret or certificates, founds or joins: everything that is offered, but for what excludes it.
    let (secret_file, _) = secret_file();
    let everything: String = example
        .lines()
        .map(|line| if is_setting(line).is_some() { line.strip_prefix("# ").unwrap_or(line) } else { line })
        .filter(|line| !["join", "peer-ca", "peer-cert", "peer-key"].iter().any(|key| line.starts_with(&format!("{key} = "))))
        // Files that are not here, and what needs them.
        .filter(|line| !line.starts_with("tls-") && !line.starts_with("etcd-tls = ") && !line.starts_with("http-tls = "))
        .filter(|line| !line.starts_with("import-keys = ") && !line.starts_with("audit-key = "))
        .filter(|line| !line.starts_with("kafka-tls = ") && !line.starts_with("kafka-principal-rules = "))
        .map(|line| line.replace("/etc/manifold/cluster-secret", secret_file.path().to_str().unwrap()) + "\n")
        .collect();
    let cluster = load(&flags(Some(&file(&everything)), &[]), variables(&[])).unwrap();
    assert!(cluster.warnings.is_empty(), "{:?}", cluster.warnings);
    assert_eq!(cluster.config.cluster.len(), 3);
    let join = example.lines().find_map(|line| line.strip_prefix("# join = ")).unwrap().trim_matches('"');
    let secret = ClusterSecret::generate().reveal();
    assert!(load(&flags(None, &[("join", join)]), variables(&[("MANIFOLD_CLUSTER_SECRET", &secret)])).is_ok());
}
