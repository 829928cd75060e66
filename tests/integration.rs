//! Drives the real binary against the simulator, as a user would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod harness;

mod cases {
    mod artifacts;
    mod backfill;
    mod budgets;
    mod bulk;
    mod clock;
    mod company_network;
    mod crashes;
    mod dataset;
    mod dataset_faults;
    mod dataset_sequences;
    mod dataset_text;
    mod dataset_text_at_work;
    mod diagnose;
    mod disk;
    mod facts;
    mod fair_access;
    mod faults;
    mod filers;
    mod find;
    mod forms;
    mod gateways;
    mod hostile;
    mod identity;
    mod indexes;
    mod model;
    mod monitor;
    mod names;
    mod old_texts;
    mod operating;
    mod output;
    mod queue;
    mod readers;
    mod refusals;
    mod report;
    mod reporting;
    mod resume;
    mod samples;
    mod selections;
    mod sequences;
    mod simulator;
    mod source;
    mod tables;
    mod text;
    mod universe;
    mod universe_sync;
    mod unreachable;
    mod update;
    mod usage;
    mod verify;
}
