//! Where GPU engines will live, beside `newsreel-cpu` and behind the same `Engine` seam. Empty for now: no device is looked for.
