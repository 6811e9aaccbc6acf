//! What namespaces, keys and texts may look like.

use base::Result;

use crate::{
    error::invalid,
    limits::{KEY_BYTES_MAX, NAMESPACE_BYTES_MAX, NAMESPACE_PARTS_MAX},
};

/// Whether `path` can name a namespace: up to 16 parts of letters, digits, `.`, `_`, `-` with single slashes between, 256 bytes
/// in all; no part is `.` or `..`.
///
/// # Errors
/// `Invalid`.
pub fn check_namespace(path: &str) -> Result<()> {
    let is_part = |part: &str| {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        !matches!(part, "" | "." | "..") && part.bytes().all(is_usual)
    };
    let is_path =
        path.len() <= NAMESPACE_BYTES_MAX && path.split('/').count() <= NAMESPACE_PARTS_MAX && path.split('/').all(is_part);
    if is_path {
        return Ok(());
    }
    Err(invalid(format!(
        "a namespace is a path such as teams/payments: at most {NAMESPACE_PARTS_MAX} parts of letters, digits, '.', '_' and '-', \
         and {NAMESPACE_BYTES_MAX} bytes in all"
    )))
}

/// Whether `key` can name a key: 1 to 512 bytes of UTF-8 without control characters.
///
/// # Errors
/// `Invalid`.
pub fn check_key(key: &str) -> Result<()> {
    if !key.is_empty() && key.len() <= KEY_BYTES_MAX && !key.chars().any(char::is_control) {
        return Ok(());
    }
    Err(invalid(format!("a key has 1 to {KEY_BYTES_MAX} bytes of UTF-8 without control characters")))
}

/// Whether a text that goes along is short enough, and cannot be taken for two in a key of the table.
pub(crate) fn check_text(what: &str, text: &str, bytes_max: usize) -> Result<()> {
    if text.len() <= bytes_max && !text.contains('\0') {
        return Ok(());
    }
    Err(invalid(format!("{what} has at most {bytes_max} bytes and no zero byte")))
}
