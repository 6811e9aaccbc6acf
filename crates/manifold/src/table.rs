//! Columns for people.

/// The rows under their headings, each column as wide as its widest cell; columns of numbers are flush right.
pub(crate) fn table<const COLUMNS: usize>(headings: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let numeric = |column: usize| rows.iter().all(|row| is_number(&row[column]));
    let layout: [(usize, bool); COLUMNS] = std::array::from_fn(|column| (width(column), numeric(column)));
    let line = |cells: [&str; COLUMNS]| {
        let mut line = String::new();
        for (cell, (width, right)) in cells.into_iter().zip(layout) {
            let cell = if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str(&cell);
            line.push_str("  ");
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let body = rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(line(headings)).chain(body).collect()
}

/// A count, a size with its unit, or the lack of one. An id in hexadecimal is a name.
fn is_number(cell: &str) -> bool {
    let number = cell.split(' ').next().unwrap_or_default();
    cell == "-" || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned() {
        let rows = [["a".to_owned(), "7".to_owned()], ["longer".to_owned(), "1024".to_owned()]];
        let text = super::table(["NAME", "SIZE"], &rows);
        assert_eq!(text, "NAME    SIZE\na          7\nlonger  1024\n");
    }
}
