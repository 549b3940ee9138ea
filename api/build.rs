//! Has the crate compiled anew when the console was built anew. Not here: building the console (`scripts/console`).

fn main() {
    println!("cargo::rerun-if-changed=ui/dist");
}
