//! Bugs that tests plant, to prove that their alarms ring.

/// Declares how a room's bugs are planted: `plant(Option<Bug>)`, for those who test, and `planted(Bug) -> bool`, for the places
/// where one is. A bug is there for the thread that planted it. Without the room's feature `planted-bugs` none exists, and the
/// questions are answered at compile time.
#[macro_export]
macro_rules! plantable {
    ($bug:ident) => {
        #[cfg(feature = "planted-bugs")]
        mod planting {
            use super::$bug;

            ::std::thread_local! {
                static PLANTED: ::std::cell::Cell<Option<$bug>> = const { ::std::cell::Cell::new(None) };
            }

            /// Plants a bug into whatever runs on this thread from now on; `None` heals.
            pub fn plant(bug: Option<$bug>) {
                PLANTED.set(bug);
            }

            pub(crate) fn planted(bug: $bug) -> bool {
                PLANTED.get() == Some(bug)
            }
        }

        #[cfg(feature = "planted-bugs")]
        pub use planting::plant;
        #[cfg(feature = "planted-bugs")]
        pub(crate) use planting::planted;

        #[cfg(not(feature = "planted-bugs"))]
        pub(crate) const fn planted(_bug: $bug) -> bool {
            false
        }
    };
}
