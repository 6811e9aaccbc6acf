//! What changed between two values: a unified difference of texts, and RFC 6902's JSON Patch.
//!
//! Both are bounded: texts that differ in more than a thousand places are shown as replaced from the first difference to the
//! last.

use std::{fmt::Write as _, ops::Range};

use base::Result;
use serde_json::{Map, Value, json};

use crate::{
    error::invalid,
    limits::{DIFF_CONTEXT_LINES, DIFF_EDITS_MAX, DIFF_LOOKS_MAX},
};

/// A unified difference (as `diff -u` writes it, without times) from `old` to `new`; empty if they are equal.
pub fn unified(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(old), lines(new));
    let mut out = format!("--- {old_name}\n+++ {new_name}\n");
    for hunk in hunks(&edits(&old, &new)) {
        write_hunk(&hunk, &old, &new, &mut out);
    }
    out
}

/// Lines with their ends, so that a missing last one shows.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Lines that were replaced: these of the old text by those of the new one.
type Edit = (Range<usize>, Range<usize>);

/// All edits, in order, with unchanged lines between each two.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    match matches(&old[head..old_end], &new[head..new_end]) {
        Some(matches) => between(&matches, head, old_end, new_end),
        None => vec![(head..old_end, head..new_end)],
    }
}

/// What lies between pairs of equal lines.
fn between(matches: &[(usize, usize)], head: usize, old_end: usize, new_end: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (mut old_at, mut new_at) = (head, head);
    let ends = matches.iter().map(|(a, b)| (a + head, b + head)).chain([(old_end, new_end)]);
    for (a, b) in ends {
        if old_at < a || new_at < b {
            edits.push((old_at..a, new_at..b));
        }
        (old_at, new_at) = (a + 1, b + 1);
    }
    edits
}

/// Pairs of equal lines that a shortest difference keeps (Myers, "An O(ND) Difference Algorithm", 1986); `None` past the limit.
fn matches(old: &[&str], new: &[&str]) -> Option<Vec<(usize, usize)>> {
    let most = (old.len() + new.len()).min(DIFF_EDITS_MAX);
    // Of each number of edits: how far each diagonal reaches in the old text. Diagonal k lies at index k + number.
    let mut reached: Vec<Vec<usize>> = Vec::new();
    let mut looks = DIFF_LOOKS_MAX;
    for number in 0..=most {
        let mut row = vec![0; 2 * number + 1];
        for step in (0..=2 * number).step_by(2) {
            let mut at = start_of(&reached, number, step);
            let mut beside = at + number - step;
            while at < old.len() && beside < new.len() && old[at] == new[beside] {
                (at, beside) = (at + 1, beside + 1);
                looks = looks.checked_sub(1)?;
            }
            row[step] = at;
            if at >= old.len() && beside >= new.len() {
                reached.push(row);
                return Some(walk_back(&reached, old.len(), new.len()));
            }
        }
        reached.push(row);
    }
    None
}

/// Where the diagonal at `step` (the diagonal `step - number`) begins: one edit beyond the farther one of its neighbours, of the
/// row before. The place in the new text is `at + number - step`.
fn start_of(reached: &[Vec<usize>], number: usize, step: usize) -> usize {
    let Some(before) = reached.last() else { return 0 };
    debug_assert_eq!(reached.len(), number);
    // The neighbour below (diagonal + 1) has index `step` in the row before, the one above (diagonal - 1) index `step - 2`.
    let insert = before.get(step).copied();
    let delete = step.checked_sub(2).and_then(|step| before.get(step)).map(|at| at + 1);
    insert.max(delete).unwrap_or(0)
}

fn walk_back(reached: &[Vec<usize>], old_len: usize, new_len: usize) -> Vec<(usize, usize)> {
    let mut matches = Vec::new();
    let (mut at, mut beside) = (old_len, new_len);
    for number in (0..reached.len()).rev() {
        let step = at + number - beside;
        let start = start_of(&reached[..number], number, step);
        let start_beside = start + number - step;
        while at > start {
            (at, beside) = (at - 1, beside - 1);
            matches.push((at, beside));
        }
        debug_assert_eq!(beside, start_beside);
        if number > 0 {
            let before = &reached[number - 1];
            let inserted = before.get(step).copied() == Some(start)
                && step.checked_sub(2).and_then(|step| before.get(step)).is_none_or(|deleted| *deleted < start);
            if inserted && beside > 0 { beside -= 1 } else { at -= 1 }
        }
    }
    matches.reverse();
    matches
}

/// Edits that are so near to each other that they share their surroundings.
fn hunks(edits: &[Edit]) -> Vec<Vec<Edit>> {
    let mut hunks: Vec<Vec<Edit>> = Vec::new();
    for edit in edits {
        match hunks.last_mut() {
            Some(hunk) if hunk.last().is_some_and(|last| edit.0.start - last.0.end <= 2 * DIFF_CONTEXT_LINES) => {
                hunk.push(edit.clone());
            }
            _ => hunks.push(vec![edit.clone()]),
        }
    }
    hunks
}

fn write_hunk(hunk: &[Edit], old: &[&str], new: &[&str], out: &mut String) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let before = first.0.start.min(DIFF_CONTEXT_LINES);
    let after = (old.len() - last.0.end).min(DIFF_CONTEXT_LINES);
    let old_lines = first.0.start - before..last.0.end + after;
    let new_lines = first.1.start - before..last.1.end + after;
    let _ = writeln!(out, "@@ -{} +{} @@", span(&old_lines), span(&new_lines));
    let mut at = old_lines.start;
    for (removed, added) in hunk {
        (at..removed.start).for_each(|line| write_line(' ', old[line], out));
        removed.clone().for_each(|line| write_line('-', old[line], out));
        added.clone().for_each(|line| write_line('+', new[line], out));
        at = removed.end;
    }
    (at..old_lines.end).for_each(|line| write_line(' ', old[line], out));
}

/// First line and count, as unified differences write them: the count goes without saying if it is 1, and nothing lies after the
/// line before it.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

fn write_line(mark: char, line: &str, out: &mut String) {
    out.push(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

/// A JSON Patch (RFC 6902) that makes `new` of `old`. Numbers are compared by value, as far as 64 bits tell them apart.
///
/// # Errors
/// `Invalid` if one of them is not JSON.
pub fn json_patch(old: &[u8], new: &[u8]) -> Result<Value> {
    let parse = |bytes| serde_json::from_slice(bytes).map_err(|_| invalid("both values must be JSON for a JSON Patch"));
    let mut operations = Vec::new();
    compare(&parse(old)?, &parse(new)?, &mut String::new(), &mut operations);
    Ok(Value::Array(operations))
}

fn compare(old: &Value, new: &Value, path: &mut String, operations: &mut Vec<Value>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(old), Value::Object(new)) => compare_objects(old, new, path, operations),
        (Value::Array(old), Value::Array(new)) => compare_arrays(old, new, path, operations),
        _ => operations.push(json!({ "op": "replace", "path": path, "value": new })),
    }
}

/// Runs `what` with the path of a member.
fn under(path: &mut String, name: &str, what: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    // RFC 6901, section 3.
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    what(path);
    path.truncate(length);
}

fn compare_objects(old: &Map<String, Value>, new: &Map<String, Value>, path: &mut String, operations: &mut Vec<Value>) {
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        under(path, name, |path| operations.push(json!({ "op": "remove", "path": path })));
    }
    for (name, value) in new {
        under(path, name, |path| match old.get(name) {
            Some(before) => compare(before, value, path, operations),
            None => operations.push(json!({ "op": "add", "path": path, "value": value })),
        });
    }
}

fn compare_arrays(old: &[Value], new: &[Value], path: &mut String, operations: &mut Vec<Value>) {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    for (place, (before, value)) in old.iter().zip(new).enumerate() {
        under(path, &(head + place).to_string(), |path| compare(before, value, path, operations));
    }
    let both = old.len().min(new.len());
    // The last ones first, so that places before them stay what they are.
    for place in (both..old.len()).rev() {
        under(path, &(head + place).to_string(), |path| operations.push(json!({ "op": "remove", "path": path })));
    }
    for (place, value) in new.iter().enumerate().skip(both) {
        under(path, &(head + place).to_string(), |path| {
            operations.push(json!({ "op": "add", "path": path, "value": value }));
        });
    }
}

#[cfg(test)]
mod tests;
