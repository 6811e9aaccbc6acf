//! As much of `protoc`'s command line as `prost-build` uses, over protox.
//!
//! The `etcd-client` crate compiles its .proto files with `protoc` when it is built. Nothing here may need that program
//! to be installed, so this one stands in for it: it takes `-I`, `-o`, `--include_imports` and `--include_source_info`,
//! and writes the set of descriptors.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), String> {
    let (mut folders, mut files, mut out) = (Vec::new(), Vec::new(), None);
    let (mut imports, mut source) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = |prefix: &str| match &argument[prefix.len()..] {
            "" => arguments.next().ok_or_else(|| format!("{prefix} needs a value")),
            rest => Ok(rest.trim_start_matches('=').to_owned()),
        };
        match argument.as_str() {
            "--version" => {
                println!("libprotoc 31.0");
                return Ok(());
            }
            "--include_imports" => imports = true,
            "--include_source_info" => source = true,
            a if a.starts_with("--descriptor_set_out") => out = Some(value("--descriptor_set_out")?),
            a if a.starts_with("--proto_path") => folders.push(PathBuf::from(value("--proto_path")?)),
            a if a.starts_with("-I") => folders.push(PathBuf::from(value("-I")?)),
            a if a.starts_with("-o") => out = Some(value("-o")?),
            a if a.starts_with('-') => return Err(format!("{a} is not known here")),
            file => files.push(PathBuf::from(file)),
        }
    }
    let out = out.ok_or("-o is missing")?;
    let mut compiler = protox::Compiler::new(folders).map_err(|e| e.to_string())?;
    compiler.include_imports(imports).include_source_info(source).open_files(files).map_err(|e| e.to_string())?;
    std::fs::write(&out, compiler.encode_file_descriptor_set()).map_err(|e| format!("{out}: {e}"))
}
