//! Under which leader epochs a partition was written.

use crate::limits::EPOCHS_MAX;

/// No epoch and no offset, in Kafka's answers.
pub(crate) const UNDEFINED: i32 = -1;

/// `(epoch, first offset written under it)`, both ascending; what lies before the log start is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epochs {
    starts: Vec<(i32, i64)>,
}

impl Epochs {
    /// `None` if they do not ascend.
    pub(crate) fn from_starts(starts: Vec<(i32, i64)>) -> Option<Epochs> {
        let ascends = starts.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        (ascends && starts.len() <= EPOCHS_MAX).then_some(Epochs { starts })
    }

    pub(crate) fn starts(&self) -> &[(i32, i64)] {
        &self.starts
    }

    pub(crate) fn last(&self) -> Option<(i32, i64)> {
        self.starts.last().copied()
    }

    /// A batch at `offset` is written under `epoch`. Answers the epoch that it gets, which is never lower than the last one's.
    pub(crate) fn write(&mut self, epoch: i32, offset: i64) -> i32 {
        match self.last() {
            Some((last, _)) if epoch <= last => last,
            last => {
                // All that was written under the last one is trimmed.
                if last.is_some_and(|(_, start)| start == offset) {
                    self.starts.pop();
                }
                if self.starts.len() == EPOCHS_MAX {
                    self.starts.remove(0);
                }
                self.starts.push((epoch, offset));
                epoch
            }
        }
    }

    /// Forgets what ended at or before `log_start`; the epoch that holds it begins there from now on.
    pub(crate) fn trim(&mut self, log_start: i64) {
        let before = self.starts.partition_point(|(_, start)| *start <= log_start);
        if let Some(holding) = before.checked_sub(1) {
            self.starts.drain(..holding);
            self.starts[0].1 = log_start;
        }
    }

    /// The epoch that the record at `offset` was written under, if it is known.
    pub(crate) fn at(&self, offset: i64) -> Option<i32> {
        let after = self.starts.partition_point(|(_, start)| *start <= offset);
        self.starts.get(after.checked_sub(1)?).map(|(epoch, _)| *epoch)
    }

    /// The greatest epoch up to `epoch`, and where it ended (KIP-101, KIP-279): what Kafka's `LeaderEpochFileCache` answers.
    pub(crate) fn end_of(&self, epoch: i32, log_end: i64) -> (i32, i64) {
        let undefined = (UNDEFINED, i64::from(UNDEFINED));
        let above = self.starts.partition_point(|(known, _)| *known <= epoch);
        let up_to = above.checked_sub(1).map(|place| self.starts[place].0);
        match (up_to, self.starts.get(above)) {
            _ if epoch == UNDEFINED => undefined,
            (Some(last), None) if last == epoch => (epoch, log_end),
            (_, None) => undefined,
            (None, Some((_, start))) => (epoch, *start),
            (Some(known), Some((_, start))) => (known, *start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs() -> Epochs {
        let mut epochs = Epochs::default();
        for (epoch, offset) in [(2, 0), (2, 5), (4, 11), (3, 12), (7, 20)] {
            epochs.write(epoch, offset);
        }
        epochs
    }

    #[test]
    fn the_end_of_an_epoch_is_the_start_of_the_next_known_one() {
        let epochs = epochs();
        assert_eq!(epochs.starts(), [(2, 0), (4, 11), (7, 20)]);
        let ends =
            [(-1, (-1, -1)), (0, (0, 0)), (2, (2, 11)), (3, (2, 11)), (4, (4, 20)), (5, (4, 20)), (7, (7, 30)), (8, (-1, -1))];
        for (epoch, end) in ends {
            assert_eq!(epochs.end_of(epoch, 30), end, "epoch {epoch}");
        }
        assert_eq!(Epochs::default().end_of(0, 0), (-1, -1));
    }

    #[test]
    fn an_epoch_never_falls() {
        let mut epochs = epochs();
        assert_eq!((epochs.write(5, 25), epochs.write(7, 26), epochs.last()), (7, 7, Some((7, 20))));
        let at = [(0, Some(2)), (10, Some(2)), (11, Some(4)), (19, Some(4)), (20, Some(7))];
        for (offset, epoch) in at {
            assert_eq!(epochs.at(offset), epoch);
        }
        assert_eq!(Epochs::default().at(0), None);
    }

    #[test]
    fn what_lies_before_the_log_start_is_forgotten() {
        let mut epochs = epochs();
        epochs.trim(0);
        assert_eq!(epochs.starts(), [(2, 0), (4, 11), (7, 20)]);
        epochs.trim(10);
        assert_eq!(epochs.starts(), [(2, 10), (4, 11), (7, 20)]);
        epochs.trim(11);
        assert_eq!(epochs.starts(), [(4, 11), (7, 20)]);
        epochs.trim(30);
        assert_eq!((epochs.starts(), epochs.at(29)), (&[(7, 30)][..], None));
        epochs.write(8, 30);
        assert_eq!((epochs.starts(), epochs.end_of(7, 31)), (&[(8, 30)][..], (7, 30)));
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut epochs = Epochs::default();
        for number in 0..i32::try_from(EPOCHS_MAX).expect("small") + 2 {
            epochs.write(number, i64::from(number));
        }
        assert_eq!((epochs.starts().len(), epochs.starts()[0]), (EPOCHS_MAX, (2, 2)));
    }
}
