//! Looking at a journal without changing it.
