//! The house is as it is drawn: a room leans only on rooms of lower floors, never on its neighbours.
//!
//! The drawing is the one in `docs/architecture.md`; what is built is what `cargo metadata` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The floor of each room in the drawing, from the ground up, with floor names as given.
fn drawn() -> BTreeMap<String, usize> {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let drawing = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the page has a drawing");
    let floors = ["stone", "ground", "machines", "hall", "porch", "doors", "attic", "roof"];
    let mut rooms = BTreeMap::new();
    for line in drawing.lines() {
        let mut words = line.split_whitespace();
        let Some(floor) = words.next().and_then(|word| floors.iter().position(|floor| *floor == word)) else { continue };
        // Rooms stand at the head of columns; the description of the only room of a floor follows it after two spaces.
        let columns = line.trim_start().split("  ").map(str::trim).filter(|column| !column.is_empty());
        for room in columns.skip(1).take_while(|column| !column.contains(' ')) {
            rooms.insert(room.to_owned(), floor);
        }
    }
    rooms
}

/// Every package of the workspace that lies in `crates/`, with those that it leans on (not for tests only).
fn built() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut rooms = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if !manifest.contains("/crates/") {
            continue;
        }
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let inside = dependencies.filter(|dependency| dependency["path"].is_string() && dependency["kind"] != "dev");
        let names = inside.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
        rooms.insert(package["name"].as_str().unwrap().to_owned(), names);
    }
    rooms
}

/// What is wrong with `built` by `drawn`, in words.
fn violations(drawn: &BTreeMap<String, usize>, built: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, leans_on) in built {
        let Some(floor) = drawn.get(room) else {
            wrong.push(format!("{room} is not in the drawing"));
            continue;
        };
        for other in leans_on {
            match drawn.get(other) {
                Some(lower) if lower < floor => {}
                Some(same) if same == floor => wrong.push(format!("{room} leans on its neighbour {other}")),
                Some(_) => wrong.push(format!("{room} leans on {other}, which is above it")),
                None => wrong.push(format!("{room} leans on {other}, which is not in the drawing")),
            }
        }
    }
    wrong
}

#[test]
fn rooms_lean_only_on_lower_floors() {
    let (drawn, built) = (drawn(), built());
    let rooms = [
        ("base", 0),
        ("journal", 1),
        ("http2", 1),
        ("kv", 2),
        ("replica", 3),
        ("gate", 4),
        ("door-etcd", 5),
        ("bench", 6),
        ("manifold", 7),
    ];
    for (room, floor) in rooms {
        assert_eq!(drawn.get(room), Some(&floor), "{room} in the drawing");
        assert!(built.contains_key(room), "{room} is built");
    }
    assert_eq!(violations(&drawn, &built), Vec::<String>::new());
}

#[test]
fn a_house_with_a_crooked_wall_is_noticed() {
    let drawn = drawn();
    let crooked = [("kv", "cluster"), ("table", "kv"), ("kv", "types"), ("common", "base")];
    let built = crooked.into_iter().fold(BTreeMap::<_, BTreeSet<_>>::new(), |mut built, (room, other)| {
        built.entry(room.to_owned()).or_default().insert(other.to_owned());
        built
    });
    let expected = [
        "common is not in the drawing",
        "kv leans on its neighbour cluster",
        "kv leans on types, which is not in the drawing",
        "table leans on kv, which is above it",
    ];
    assert_eq!(violations(&drawn, &built), expected);
}

/// The machine floors and what they stand on read no clock, disk or chance of their own: `clippy.toml` in each of them says so.
#[test]
fn pure_floors_forbid_clocks_disks_and_chance() {
    let lists: Vec<String> = ["journal", "table", "http2", "segments", "cluster", "kv", "stream", "replica"]
        .iter()
        .map(|room| std::fs::read_to_string(root().join("crates").join(room).join("clippy.toml")).unwrap())
        .collect();
    for list in &lists {
        assert_eq!(list, &lists[0], "the lists are the same");
        for method in [
            "std::time::Instant::now",
            "std::time::SystemTime::now",
            "std::thread::sleep",
            "std::fs::read",
            "std::fs::File::open",
        ] {
            assert!(list.contains(&format!("\"{method}\"")), "{method} is not forbidden");
        }
    }
}
