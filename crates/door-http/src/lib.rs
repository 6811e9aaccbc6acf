//! Health, metrics, version and administration over HTTP.
