//! Where the daemon will keep jobs, segments and events. Empty for now: `transcode` keeps its journal in the job's own directory.
#![forbid(unsafe_code)]
