//! Layers, refusals, and the documentation's table.

use std::io::Write;

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
        format!("| `--{} {}` | `{}` | `{}` | {} |", setting.key, setting.value, setting.variable(), setting.default, setting.help)
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
