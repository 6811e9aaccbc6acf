use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::*;

/// Applies a unified difference, believing nothing that the old text does not bear out.
fn patched(old: &str, difference: &str) -> String {
    let old = lines(old);
    let (mut out, mut at) = (String::new(), 0);
    let body: Vec<&str> = difference.split_inclusive('\n').skip(2).collect();
    let mut place = 0;
    while place < body.len() {
        let header = body[place].strip_prefix("@@ -").expect("a hunk begins");
        let first = header.split([',', ' ']).next().expect("a number").parse::<usize>().expect("a number");
        let is_empty = header.split(' ').next().expect("a span").ends_with(",0");
        let start = if is_empty { first } else { first - 1 };
        out.extend(old[at..start].iter().copied());
        at = start;
        place += 1;
        while place < body.len() && !body[place].starts_with("@@") {
            let (mark, mut line) = body[place].split_at(1);
            if body.get(place + 1).is_some_and(|next| next.starts_with('\\')) {
                line = line.strip_suffix('\n').expect("ended");
                place += 1;
            }
            if mark != "+" {
                assert_eq!(old[at], line, "the old text is as it says");
                at += 1;
            }
            if mark != "-" {
                out.push_str(line);
            }
            place += 1;
        }
    }
    out.extend(old[at..].iter().copied());
    out
}

/// RFC 6902, as far as it is written here.
fn applied(mut document: Value, patch: &Value) -> Value {
    for operation in patch.as_array().expect("an array") {
        let path = operation["path"].as_str().expect("a path");
        let Some((parent, name)) = path.rsplit_once('/') else {
            document = operation["value"].clone();
            continue;
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        let parent = document.pointer_mut(parent).expect("the parent is there");
        let value = operation["value"].clone();
        match (parent, operation["op"].as_str().expect("an operation")) {
            (Value::Object(members), "remove") => drop(members.remove(&name).expect("was there")),
            (Value::Object(members), op) => assert_eq!(members.insert(name, value).is_some(), op == "replace"),
            (Value::Array(items), "remove") => drop(items.remove(name.parse().expect("a place"))),
            (Value::Array(items), "add") => items.insert(name.parse().expect("a place"), value),
            (Value::Array(items), _) => items[name.parse::<usize>().expect("a place")] = value,
            _ => panic!("{operation} has no parent"),
        }
    }
    document
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[a~/]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[ab~/]{0,2}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_difference_leads_from_one_text_to_the_other(
        old in vec(0..4_u8, 0..40), new in vec(0..4_u8, 0..40), ends in any::<(bool, bool)>()
    ) {
        let text = |lines: &[u8], is_ended: bool| {
            let text: String = lines.iter().map(|line| format!("line {line}\n")).collect();
            if is_ended { text } else { text.trim_end_matches('\n').to_owned() }
        };
        let (old, new) = (text(&old, ends.0), text(&new, ends.1));
        prop_assert_eq!(patched(&old, &unified("a", "b", &old, &new)), new);
    }

    #[test]
    fn a_patch_leads_from_one_document_to_the_other(old in document(), new in document()) {
        let patch = json_patch(old.to_string().as_bytes(), new.to_string().as_bytes()).expect("both are JSON");
        prop_assert_eq!(patch == json!([]), old == new);
        prop_assert_eq!(applied(old, &patch), new);
    }
}

#[test]
fn a_difference_is_what_diff_writes() {
    let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
    let new = "a\nb\nc\nD\ne\nf\ng\nh\ni";
    let wanted = "--- v1\n+++ v2\n@@ -1,8 +1,9 @@\n a\n b\n c\n-d\n+D\n e\n f\n g\n h\n+i\n\\ No newline at end of file\n";
    assert_eq!(unified("v1", "v2", old, new), wanted);
    assert_eq!(unified("v1", "v2", old, old), "");
    assert_eq!(unified("v1", "v2", "", "x\n"), "--- v1\n+++ v2\n@@ -0,0 +1 @@\n+x\n");
}

#[test]
fn a_shortest_difference_is_found_and_a_long_search_is_given_up() {
    let old: String = (0..40).map(|n| format!("{n}\n")).collect();
    let new: String = (0..40).filter(|n| n % 7 != 3).map(|n| format!("{n}\n")).collect();
    let changed = unified("a", "b", &old, &new).lines().skip(2).filter(|line| line.starts_with(['-', '+'])).count();
    assert_eq!(changed, 6, "six lines are gone, and no other shows as changed");
    let many = |start: usize| (0..3_000).map(|n| format!("{}\n", n * 2 + start)).collect::<String>();
    let (old, new) = (many(0), many(1));
    assert_eq!(patched(&old, &unified("a", "b", &old, &new)), new);
}

#[test]
fn a_patch_names_what_changed() {
    let patch = json_patch(br#"{"a":1,"b":[1,2,3],"c/d":0}"#, br#"{"a":2,"b":[1,3],"e~":null}"#).expect("both are JSON");
    let wanted = json!([
        { "op": "remove", "path": "/c~1d" },
        { "op": "replace", "path": "/a", "value": 2 },
        { "op": "remove", "path": "/b/1" },
        { "op": "add", "path": "/e~0", "value": null },
    ]);
    assert_eq!(patch, wanted);
    assert!(json_patch(b"{", b"1").is_err());
}
