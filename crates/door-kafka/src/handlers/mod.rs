//! What is answered, by request.

pub(crate) mod api_versions;
pub(crate) mod configs;
pub(crate) mod describe_producers;
pub(crate) mod fetch;
pub(crate) mod groups;
pub(crate) mod init_producer_id;
pub(crate) mod list_offsets;
pub(crate) mod log_dirs;
pub(crate) mod metadata;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod offsets;
pub(crate) mod placement;
pub(crate) mod produce;
pub(crate) mod quotas;
pub(crate) mod records;
pub(crate) mod topic_partitions;
pub(crate) mod topics;
