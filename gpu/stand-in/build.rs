//! Links the stand-in as a driver is linked: under the name of libcuda, and for the life of the process.

fn main() {
    // FFmpeg closes the driver when a device goes and opens it for the next; what is counted must outlive that.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libcuda.so.1");
    println!("cargo:rerun-if-changed=build.rs");
}
