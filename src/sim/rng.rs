//! A seeded random number generator whose numbers never change: `SplitMix64`.
//!
//! The universe is a pure function of its seed, so that a test, a bench and a bug report see the same bytes.
//! A general-purpose generator may change its numbers with any release, and none has random access: here the
//! numbers for a company, year or document follow from their key alone, without those before it.

/// A sequence of numbers that follows from its key.
#[derive(Debug, Clone)]
pub(crate) struct SimRng(u64);

impl SimRng {
    /// The sequence for `key`, such as seed, company and year.
    pub(crate) fn of(key: &[u64]) -> Self {
        let mut rng = Self(0x5EC0_0001);
        for part in key {
            rng.0 ^= *part;
            rng.0 = rng.number();
        }
        rng
    }

    /// The next 64 bits.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..end`; 0 if the range is empty.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        u64::try_from((u128::from(self.number()) * u128::from(end)) >> 64)
            .expect("the upper half of a product of two u64 fits")
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `times` out of `of` times.
    pub(crate) fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).expect("an index fits")]
    }

    /// One of `choices`, by their weights.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut at = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for &(weight, choice) in choices {
            if at < weight {
                return choice;
            }
            at -= weight;
        }
        choices[0].1
    }
}

/// A hash of the text, for keys.
pub(crate) fn key_of(text: &str) -> u64 {
    // FNV-1a.
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_key_never_changes() {
        let mut rng = SimRng::of(&[1, 2, 3]);
        let first: Vec<u64> = (0..3).map(|_| rng.below(1000)).collect();
        let mut again = SimRng::of(&[1, 2, 3]);
        assert_eq!(first, (0..3).map(|_| again.below(1000)).collect::<Vec<_>>());
        let mut other = SimRng::of(&[1, 3, 2]);
        assert_ne!(first, (0..3).map(|_| other.below(1000)).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut rng = SimRng::of(&[7]);
        assert_eq!(rng.below(0), 0);
        assert!((0..1000).all(|_| (3..=9).contains(&rng.between(3, 9))));
        assert!((0..1000).all(|_| rng.weighted(&[(0, 'a'), (2, 'b')]) == 'b'));
    }
}
