//! A pool of buffers for response bodies. Each request needs one, and allocating a new one would
//! zero 64 KiB each time.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::verdict::HEAD;

/// The free buffers: at most as many as were ever in use at the same time.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// A buffer of [`HEAD`] bytes with arbitrary content.
    pub(super) fn take(&self) -> Buffer<'_> {
        let used = self.free().pop();
        Buffer {
            bytes: used.unwrap_or_else(|| vec![0; HEAD]),
            home: self,
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer that returns to the pool when it is dropped.
#[derive(Debug)]
pub(super) struct Buffer<'a> {
    bytes: Vec<u8>,
    home: &'a Buffers,
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        self.home.free().push(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again() {
        let buffers = Buffers::default();
        let (mut one, other) = (buffers.take(), buffers.take());
        one[0] = 1;
        assert_eq!(other[0], 0, "another one");
        drop(one);
        assert_eq!(buffers.take()[0], 1, "the same one");
        drop(other);
        assert_eq!(buffers.free().len(), 2);
    }
}
