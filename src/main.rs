//! The `filing-etl` command.

fn main() {}
