//! `sim`: serves a synthetic EDGAR until it is interrupted.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cancel::Cancel;
use crate::cli::{SimArgs, today};
use crate::exit::{Exit, UsageError};
use crate::print::print;
use crate::signals::Interrupt;
use crate::sim::Simulator;

/// Prints the address once the simulator accepts connections.
pub(super) fn run(args: &SimArgs) -> Result<Exit> {
    if !args.listen.ip().is_loopback() && !args.any_address {
        return Err(UsageError(format!(
            "--listen {}: others on the network could take the simulator for EDGAR: listen on \
             127.0.0.1, or add --any-address if that is meant",
            args.listen
        ))
        .into());
    }
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let options = args.options(today());
    let address = options.address;
    let simulator = Simulator::start(options).with_context(|| {
        format!("failed to listen on {address}: choose another address with --listen")
    })?;
    print(&format!("{}\n", simulator.url()))?;
    while !cancel.sleep(Duration::from_hours(1)) {}
    drop(simulator);
    Ok(interrupt.exit().unwrap_or(Exit::Complete))
}
