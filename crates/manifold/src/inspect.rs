//! `manifold inspect`: what is stored, as it is, without a node and without changing anything.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use base::{EntryId, disk::RealDisk};
use journal::inspect::{Inspection, Outcome as Verdict, Role, SegmentRow, ShardRow, Summary, WriteRow, WriteVerdict};
use serde_json::{Value, json};

use crate::{
    arguments::Inspect,
    config::readable,
    exit::{Code, Failure, Outcome},
    table::table,
};

/// The journal's folder in a data directory.
const JOURNAL: &str = "journal";

/// Runs one command.
pub(crate) fn run(command: &Inspect) -> Outcome {
    let Inspect::Journal { dir, writes, json } = command;
    let folder = journal_folder(dir)?;
    let disk = RealDisk::open(&folder).map_err(|error| cannot_read(&folder, &error))?;
    let room = |error: base::Error| Failure::from_room(&error);
    let inspection = Inspection::open(&disk).map_err(room)?;
    let segments = inspection.segments().map_err(room)?;
    let summary = inspection.summary();
    let mut out = Output(io::BufWriter::new(io::stdout().lock()));
    if *json {
        out.line(&to_json(&segments, &summary).to_string())?;
    } else {
        out.line(&to_text(&folder, &segments, &summary))?;
    }
    if *writes {
        for segment in &segments {
            for row in inspection.writes(segment.number).map_err(room)? {
                let row = row.map_err(room)?;
                out.line(&if *json { write_json(&row).to_string() } else { write_text(&row) })?;
            }
        }
    }
    out.finish()?;
    match summary.outcome {
        Verdict::Refused(error) => Err(Failure::new(Code::Damaged, error)),
        _ => Ok(()),
    }
}

/// A data directory has the journal in a folder of its own; either may be named. Nothing is created by looking.
fn journal_folder(dir: &Path) -> Outcome<PathBuf> {
    let inside = dir.join(JOURNAL);
    let folder = if inside.is_dir() { inside } else { dir.to_owned() };
    let entries = std::fs::read_dir(&folder).map_err(|error| cannot_read(&folder, &error))?;
    let mut names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    if names.any(|name| journal::segment_number(&name).is_some()) {
        return Ok(folder);
    }
    Err(Failure::new(Code::Failed, format!("{} holds no journal: no file in it has a segment's name", folder.display())))
}

fn cannot_read(folder: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{} cannot be read: {error}", folder.display()))
}

fn to_text(folder: &Path, segments: &[SegmentRow], summary: &Summary) -> String {
    let rows: Vec<_> = segments.iter().map(segment_cells).collect();
    let files = table(["SEGMENT", "FILE", "ROLE", "SIZE", "USED", "WRITES", "NUMBERS"], &rows);
    let rows: Vec<_> = summary.shards.iter().map(shard_cells).collect();
    let shards = table(["SHARD", "ENTRIES", "PURGED", "COMMITTED", "LAST"], &rows);
    let shards = if rows.is_empty() { String::new() } else { format!("\n{shards}") };
    format!(
        "{}: journal of node {:x}\n\n{files}{shards}\n{} writes with {} records, {}\n{}",
        folder.display(),
        summary.owner,
        summary.writes,
        summary.records,
        readable(summary.bytes),
        verdict(&summary.outcome)
    )
}

fn segment_cells(row: &SegmentRow) -> [String; 7] {
    let numbers = row.numbers.map_or_else(|| "-".to_owned(), |(first, last)| format!("{first} to {last}"));
    [
        row.number.to_string(),
        row.file.clone(),
        role(row.role).to_owned(),
        readable(row.bytes),
        readable(row.used_bytes),
        row.writes.to_string(),
        numbers,
    ]
}

fn shard_cells(row: &ShardRow) -> [String; 5] {
    let state = &row.state;
    [row.shard.0.to_string(), row.entries.to_string(), id(state.purged), id(state.committed), id(state.last)]
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Needed => "needed",
        Role::Empty => "empty",
        Role::Spare => "spare",
    }
}

/// An entry as term and index.
fn id(id: Option<EntryId>) -> String {
    id.map_or_else(|| "-".to_owned(), |id| id.to_string())
}

fn verdict(outcome: &Verdict) -> String {
    match outcome {
        Verdict::Empty => "Whole: nothing was ever written.".to_owned(),
        Verdict::Closed => "Whole: the last write is a closing record.".to_owned(),
        Verdict::Open => "Whole: the last write is complete; the journal was not idle when it ended.".to_owned(),
        Verdict::Torn { segment, offset, why } => {
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!(
                "Torn at its end, in segment {segment} at offset {offset}{why}: what was begun there was never acknowledged, \
                 and the next start cuts it off."
            )
        }
        Verdict::Refused(error) => format!("Damaged: {error}"),
    }
}

fn write_text(row: &WriteRow) -> String {
    let mut text = format!("segment {} offset {}: ", row.segment, row.offset);
    text += &match (&row.header, &row.verdict) {
        (_, WriteVerdict::Version(version)) => format!("format version {version}, which this build does not read"),
        (_, WriteVerdict::Leftover { segment, offset }) => format!("left over from segment {segment} offset {offset}"),
        (Some(header), WriteVerdict::Broken(why)) => format!("write {} is DAMAGED: {why}", header.number),
        (Some(header), WriteVerdict::Whole) => format!("write {}, {} bytes of records", header.number, header.length),
        (None, _) => "no header".to_owned(),
    };
    for record in &row.records {
        let kind = format!("{:?}", record.kind).to_lowercase();
        text += &format!(
            "\n  {:>10}  {kind:<10} {:<10} {:<12} {} bytes",
            record.offset,
            record.shard.to_string(),
            id(record.id),
            record.length
        );
    }
    text
}

fn to_json(segments: &[SegmentRow], summary: &Summary) -> Value {
    let segment = |row: &SegmentRow| {
        json!({
            "segment": row.number, "file": row.file, "role": role(row.role), "bytes": row.bytes,
            "used_bytes": row.used_bytes, "writes": row.writes, "numbers": row.numbers,
        })
    };
    let shard = |row: &ShardRow| {
        let state = &row.state;
        let id = |id: Option<EntryId>| id.map(|id| json!({ "term": id.term, "index": id.index }));
        json!({
            "shard": row.shard.0, "entries": row.entries, "purged": id(state.purged),
            "committed": id(state.committed), "last": id(state.last),
        })
    };
    let (word, message) = match &summary.outcome {
        Verdict::Empty => ("empty", None),
        Verdict::Closed => ("closed", None),
        Verdict::Open => ("open", None),
        torn @ Verdict::Torn { .. } => ("torn", Some(verdict(torn))),
        Verdict::Refused(error) => ("damaged", Some(error.to_string())),
    };
    json!({
        "node_id": format!("{:x}", summary.owner), "outcome": word, "message": message, "writes": summary.writes,
        "records": summary.records, "bytes": summary.bytes,
        "segments": segments.iter().map(segment).collect::<Vec<_>>(), "shards": summary.shards.iter().map(shard).collect::<Vec<_>>(),
    })
}

fn write_json(row: &WriteRow) -> Value {
    let (word, message) = match &row.verdict {
        WriteVerdict::Whole => ("whole", None),
        WriteVerdict::Broken(why) => ("damaged", Some(why.clone())),
        WriteVerdict::Leftover { segment, offset } => ("leftover", Some(format!("of segment {segment} offset {offset}"))),
        WriteVerdict::Version(version) => ("unknown", Some(format!("format version {version}"))),
    };
    let records = row.records.iter().map(|record| {
        json!({
            "kind": format!("{:?}", record.kind).to_lowercase(), "shard": record.shard.0, "offset": record.offset,
            "term": record.id.map(|id| id.term), "index": record.id.map(|id| id.index), "bytes": record.length,
        })
    });
    json!({
        "segment": row.segment, "offset": row.offset, "number": row.header.as_ref().map(|header| header.number),
        "verdict": word, "message": message, "records": records.collect::<Vec<_>>(),
    })
}

/// Stdout, whose reader may leave when they have seen enough.
struct Output<W: Write>(io::BufWriter<W>);

impl<W: Write> Output<W> {
    fn line(&mut self, text: &str) -> Outcome {
        writeln!(self.0, "{text}").or_else(gone)
    }

    fn finish(mut self) -> Outcome {
        self.0.flush().or_else(gone)
    }
}

fn gone(error: io::Error) -> Outcome {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("stdout cannot be written: {error}")))
}
