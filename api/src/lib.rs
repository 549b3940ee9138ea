//! Where the HTTP interface will live, seeing only the model's ports. Empty for now: nothing listens.
#![forbid(unsafe_code)]
