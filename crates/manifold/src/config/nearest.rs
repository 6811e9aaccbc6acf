//! Which known word was probably meant.

/// The known word nearest to `word` by edits (insert, delete, change, swap neighbours), unless even that one is far off.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.replace('_', "-").to_lowercase();
    let allowed = (word.chars().count() / 2).clamp(1, 4);
    known
        .map(|candidate| (distance(&word, candidate), candidate))
        .min()
        .filter(|(edits, _)| *edits <= allowed)
        .map(|(_, near)| near)
}

/// The optimal string alignment distance.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let change = rows[i][j] + usize::from(letter != other);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_understood() {
        let known = ["data-dir", "etcd", "http", "log-level"];
        let cases =
            [("data_dir", "data-dir"), ("datadir", "data-dir"), ("ectd", "etcd"), ("log-levle", "log-level"), ("HTTP", "http")];
        for (typed, meant) in cases {
            assert_eq!(nearest(typed, known.into_iter()), Some(meant), "{typed}");
        }
        assert_eq!(nearest("replication", known.into_iter()), None);
    }
}
