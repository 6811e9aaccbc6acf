//! The stone under the house: ids, the error kinds every door maps, and the traits through which
//! time, randomness and disks are handed in, so that the same code runs on a machine and in the simulator.

mod bugs;
pub mod clock;
pub mod disk;
pub mod error;
pub mod fields;
pub mod ids;
pub mod rng;

pub use clock::Clock;
pub use disk::{Disk, DiskFile};
pub use error::{Error, Kind, Result};
pub use ids::{ClusterId, EntryId, KeyspaceId, NodeId, ShardId};
pub use rng::Rng;
