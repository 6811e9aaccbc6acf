//! One value that many watch. Whoever waits is woken in the order of arrival, so that a simulated run follows from its seed.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
};

use openraft::rt::{OptionalSend, OptionalSync, RecvError, Watch, WatchReceiver, WatchSender, watch::SendError};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

/// Watches that wake in the order of arrival.
pub struct OrderedWatch;

struct Shared<T> {
    value: RwLock<T>,
    /// Counts the values that were sent.
    version: AtomicU64,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// By number of arrival.
    wakers: BTreeMap<u64, Waker>,
    arrivals: u64,
}

impl<T> Sender<T> {
    #[cfg(test)]
    pub(super) fn waiting_now(&self) -> usize {
        self.0.waiting.lock().wakers.len()
    }
}

impl<T> Shared<T> {
    fn wake_all(&self) {
        let wakers = std::mem::take(&mut self.waiting.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }
}

/// Changes the value.
pub struct Sender<T>(Arc<Shared<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, SeqCst);
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, SeqCst) == 1 {
            self.0.wake_all();
        }
    }
}

/// Sees the value and waits for another.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.receivers.fetch_add(1, SeqCst);
        Self { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receivers.fetch_sub(1, SeqCst);
    }
}

/// The value, held still while it is looked at.
pub struct Ref<'a, T>(RwLockReadGuard<'a, T>);

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Watch for OrderedWatch {
    type Sender<T: OptionalSend + OptionalSync> = Sender<T>;
    type Receiver<T: OptionalSend + OptionalSync> = Receiver<T>;
    type Ref<'a, T: OptionalSend + 'a> = Ref<'a, T>;

    fn channel<T: OptionalSend + OptionalSync>(init: T) -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new(Shared {
            value: RwLock::new(init),
            version: AtomicU64::new(0),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            waiting: Mutex::default(),
        });
        (Sender(shared.clone()), Receiver { shared, seen: 0 })
    }
}

impl<T: OptionalSend + OptionalSync> WatchSender<OrderedWatch, T> for Sender<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.0.receivers.load(SeqCst) == 0 {
            return Err(SendError(value));
        }
        self.send_if_modified(|current| {
            *current = value;
            true
        });
        Ok(())
    }

    fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        let mut value = self.0.value.write();
        let modified = modify(&mut value);
        if modified {
            self.0.version.fetch_add(1, SeqCst);
        }
        drop(value);
        if modified {
            self.0.wake_all();
        }
        modified
    }

    fn borrow_watched(&self) -> Ref<'_, T> {
        Ref(self.0.value.read())
    }

    fn subscribe(&self) -> Receiver<T> {
        self.0.receivers.fetch_add(1, SeqCst);
        Receiver { shared: self.0.clone(), seen: self.0.version.load(SeqCst) }
    }
}

impl<T: OptionalSend + OptionalSync> WatchReceiver<OrderedWatch, T> for Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        let mut place = Place { shared: &self.shared, arrival: None };
        let outcome = poll_fn(|context| {
            let mut waiting = place.shared.waiting.lock();
            let version = place.shared.version.load(SeqCst);
            if version != self.seen {
                return Poll::Ready(Ok(version));
            }
            if place.shared.senders.load(SeqCst) == 0 {
                return Poll::Ready(Err(RecvError(())));
            }
            let arrival = *place.arrival.get_or_insert_with(|| {
                waiting.arrivals += 1;
                waiting.arrivals
            });
            waiting.wakers.insert(arrival, context.waker().clone());
            Poll::Pending
        })
        .await;
        drop(place);
        self.seen = outcome?;
        Ok(())
    }

    fn borrow_watched(&self) -> Ref<'_, T> {
        Ref(self.shared.value.read())
    }

    fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.value.read();
        // Under the lock, so that the version is the one of the value that is returned.
        self.seen = self.shared.version.load(SeqCst);
        Ref(value)
    }
}

/// A place in the queue of those who wait; left when the waiting ends, however it ends.
struct Place<'a, T> {
    shared: &'a Shared<T>,
    arrival: Option<u64>,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        if let Some(arrival) = self.arrival {
            self.shared.waiting.lock().wakers.remove(&arrival);
        }
    }
}
