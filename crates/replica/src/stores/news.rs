//! Who waits for a store to move, and how they hear of it.

use base::Result;
use openraft::rt::{Watch as _, WatchReceiver as _, WatchSender as _};

use super::{Store, words::stopping};
use crate::{
    lanes::Lanes,
    runtime::{
        self,
        watch::{OrderedWatch, Receiver},
    },
};

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    /// The last position that can be read.
    pub(super) position: u64,
    /// The import that is being made visible.
    pub(super) publishing: Option<u64>,
}

impl News {
    fn of(store: &Store) -> News {
        News { position: store.machine.position(), publishing: store.machine.publishing() }
    }
}

/// Begins to tell the news of a store, until its shard takes no more commands.
pub(super) fn start(store: Store, lanes: Lanes) -> Receiver<News> {
    let (sender, receiver) = OrderedWatch::channel(News::of(&store));
    runtime::spawn(async move {
        while !lanes.is_closed() {
            store.moved().await;
            let news = News::of(&store);
            sender.send_if_modified(|known| {
                let is_new = *known != news;
                *known = news;
                is_new
            });
        }
    });
    receiver
}

/// The last position of a store that can be read, and its changes. It counts those since it was made or last asked; what comes
/// closely after one another is told as one. Cheap to clone.
#[derive(Clone)]
pub struct Positions {
    news: Receiver<News>,
    seen: u64,
}

impl Positions {
    pub(super) fn new(mut news: Receiver<News>) -> Positions {
        let seen = news.borrow_and_update().position;
        Positions { news, seen }
    }

    /// The last position that was told.
    pub fn now(&self) -> u64 {
        self.news.borrow_watched().position
    }

    /// Completes with the last position when there is one beyond those that this has given.
    ///
    /// # Errors
    /// `Unavailable` when this node stops.
    pub async fn changed(&mut self) -> Result<u64> {
        self.beyond(self.seen).await
    }

    /// Completes with the last position when that is greater than `position`, at once if it is.
    ///
    /// # Errors
    /// `Unavailable` when this node stops.
    pub async fn beyond(&mut self, position: u64) -> Result<u64> {
        loop {
            let last = self.news.borrow_and_update().position;
            if last > position {
                self.seen = last;
                return Ok(last);
            }
            self.news.changed().await.map_err(|_| stopping())?;
        }
    }
}
