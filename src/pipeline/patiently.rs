//! One request after the other, each with its retries: for the few lists that everything else
//! waits for. Waiting holds nothing up here.

use crate::cancel::Cancel;
use crate::net::{Client, FetchError, retry};

/// Tries until it works, or until another try would not help.
///
/// # Errors
///
/// The last try's error; [`FetchError::Stopped`] when the run is to stop.
pub fn patiently<T>(
    client: &Client,
    cancel: &Cancel,
    max_attempts: u32,
    mut attempt: impl FnMut() -> Result<T, FetchError>,
) -> Result<T, FetchError> {
    let mut tries = 0;
    loop {
        let error = match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        tries += u32::from(retry::counts_as_try(&error));
        let (next, error) = client.next_step(error, tries, max_attempts);
        match next {
            retry::Next::After(wait) => {
                client.traffic().count_retry();
                if cancel.sleep(wait) {
                    return Err(FetchError::Stopped);
                }
            }
            _ => return Err(error),
        }
    }
}
