//! Who runs what, where and when: a pure state machine. No clock, no I/O, no threads: events with their time in, decisions out.
#![forbid(unsafe_code)]
