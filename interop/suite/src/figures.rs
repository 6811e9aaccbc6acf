//! Tables in a document that are made from files of figures, so that what is claimed is what was measured.
//!
//! A table stands between `<!-- figures: NAME -->` and `<!-- end of figures -->`, and is made from `NAME.json`.

use crate::table::Table;
use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- figures: ";
const END: &str = "<!-- end of figures -->";

/// The document of this project whose tables are made so, and the folder of the files they are made from.
pub fn places() -> (PathBuf, PathBuf) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    (docs.join("benchmarks.md"), docs.join("benchmarks"))
}

/// The document with each table as its file in `folder` wants it.
///
/// # Errors
/// A file or an end that is missing, or figures that cannot be read.
pub fn filled(document: &str, folder: &Path) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), document);
    while let Some(at) = rest.find(BEGIN) {
        let named = &rest[at + BEGIN.len()..];
        let (name, after) = named.split_once(" -->").ok_or("a begin of figures has no end of its own")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("the figures {name:?} have no end ({END})"))?;
        let file = folder.join(format!("{name}.json"));
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
        let text = fs::read_to_string(&file).map_err(|e| failed(&e))?;
        let value = serde_json::from_str(&text).map_err(|e| failed(&e))?;
        let table = Table::from_json(&value).map_err(|e| failed(&e))?;
        out.push_str(&format!("{}{BEGIN}{name} -->\n{}\n{END}", &rest[..at], table.markdown()));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_made_and_what_is_around_them_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = Table::beside("etcd", "etcd");
        table.add("puts", true, 5.0);
        table.keep(&folder.path().join("etcd.json")).unwrap();
        let filled = |document: &str| filled(document, folder.path());
        let once = filled("a\n<!-- figures: etcd --> old\n<!-- end of figures -->\nb\n").unwrap();
        assert!(once.starts_with("a\n<!-- figures: etcd -->\n\n| what"), "{once}");
        assert!(once.contains("| puts |      | 5.00 |") && once.ends_with("|\n\n<!-- end of figures -->\nb\n"), "{once}");
        assert_eq!(filled(&once).unwrap(), once, "a second time changes nothing");
        for wrong in ["<!-- figures: etcd -->", "<!-- figures: kafka --><!-- end of figures -->", "<!-- figures: etcd"] {
            assert!(filled(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_documents_tables_are_those_of_the_figures() {
        let (document, folder) = places();
        let document = fs::read_to_string(document).unwrap();
        assert!(document.contains(BEGIN));
        assert_eq!(filled(&document, &folder).unwrap(), document, "run `cargo run -p interop --bin figures`");
    }
}
