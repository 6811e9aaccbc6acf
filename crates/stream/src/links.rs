//! Order of things in a slab, kept in the things themselves.

use crate::slab::{Slab, Slot};

/// No slot.
const NONE: Slot = Slot::MAX;

/// A thing's neighbours in one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    before: Slot,
    after: Slot,
}

impl Default for Link {
    fn default() -> Link {
        Link { before: NONE, after: NONE }
    }
}

/// Which of a thing's links a list uses.
pub(crate) type LinkOf<T> = fn(&mut T) -> &mut Link;

/// The ends of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    first: Slot,
    last: Slot,
}

impl Default for List {
    fn default() -> List {
        List { first: NONE, last: NONE }
    }
}

impl List {
    pub(crate) fn first(&self) -> Option<Slot> {
        (self.first != NONE).then_some(self.first)
    }

    pub(crate) fn push<T>(&mut self, things: &mut Slab<T>, slot: Slot, link: LinkOf<T>) {
        *link(things.at_mut(slot)) = Link { before: self.last, after: NONE };
        match self.last {
            NONE => self.first = slot,
            last => link(things.at_mut(last)).after = slot,
        }
        self.last = slot;
    }

    /// Takes a thing out that is in this list.
    pub(crate) fn remove<T>(&mut self, things: &mut Slab<T>, slot: Slot, link: LinkOf<T>) {
        let Link { before, after } = std::mem::take(link(things.at_mut(slot)));
        match before {
            NONE => self.first = after,
            before => link(things.at_mut(before)).after = after,
        }
        match after {
            NONE => self.last = before,
            after => link(things.at_mut(after)).before = before,
        }
    }

    /// The things from first to last.
    pub(crate) fn iter<'a, T>(&self, things: &'a Slab<T>, link: impl Fn(&T) -> Link + 'a) -> impl Iterator<Item = &'a T> {
        let mut next = self.first;
        std::iter::from_fn(move || {
            let thing = things.get(next)?;
            next = link(thing).after;
            Some(thing)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing {
        name: char,
        link: Link,
    }

    #[test]
    fn things_leave_from_everywhere() {
        let mut things = Slab::default();
        let mut list = List::default();
        for name in "abcde".chars() {
            let slot = things.insert(Thing { name, link: Link::default() });
            list.push(&mut things, slot, |thing| &mut thing.link);
        }
        let show =
            |list: &List, things: &Slab<Thing>| list.iter(things, |thing| thing.link).map(|thing| thing.name).collect::<String>();
        for (slot, left) in [(2, "abde"), (0, "bde"), (4, "bd")] {
            list.remove(&mut things, slot, |thing| &mut thing.link);
            assert_eq!(show(&list, &things), left);
        }
        list.push(&mut things, 0, |thing| &mut thing.link);
        assert_eq!((show(&list, &things), list.first()), ("bda".to_owned(), Some(1)));
        for slot in [1, 3, 0] {
            list.remove(&mut things, slot, |thing| &mut thing.link);
        }
        assert_eq!((show(&list, &things), list.first()), (String::new(), None));
    }
}
