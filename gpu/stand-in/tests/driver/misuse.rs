//! What a client does wrong is found: this test is its own client, run again as a process that loads the driver and misuses it.

use std::ffi::{CString, c_void};
use std::process::Command;

use newsreel_stand_in_kit::Config;

use crate::support::rig;

/// Tells the process that is run again what to do.
const CASE: &str = "NEWSREEL_STAND_IN_MISUSE";

/// A function of the driver that takes up to four words and returns a code.
fn call(name: &str, arguments: [u64; 4]) -> i32 {
    type Function = extern "C" fn(u64, u64, u64, u64) -> i32;
    let name = CString::new(name).unwrap();
    // SAFETY: the functions called here take no more than four arguments, all words or smaller, and return an `int`.
    unsafe {
        let library = libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_NOW);
        let function = libc::dlsym(library, name.as_ptr());
        assert!(!function.is_null(), "{name:?}");
        let function: Function = std::mem::transmute::<*mut c_void, Function>(function);
        function(arguments[0], arguments[1], arguments[2], arguments[3])
    }
}

/// The address of a variable, as an argument.
fn to<T>(variable: &mut T) -> u64 {
    u64::try_from(std::ptr::from_mut(variable).expose_provenance()).unwrap()
}

/// A context, current in this thread.
fn context() -> u64 {
    let mut context = 0u64;
    assert_eq!(call("cuInit", [0; 4]), 0);
    assert_eq!(call("cuCtxCreate_v2", [to(&mut context), 0, 0, 0]), 0);
    context
}

fn allocate(bytes: u64) -> u64 {
    let mut address = 0u64;
    assert_eq!(call("cuMemAlloc_v2", [to(&mut address), bytes, 0, 0]), 0);
    address
}

/// What is done wrong, and what is said of it.
const CASES: [(&str, fn(), &str); 9] = [
    (
        "leak",
        || {
            context();
            allocate(100);
        },
        "left at exit: 1 × context",
    ),
    (
        "left",
        || {
            let context = context();
            allocate(100);
            call("cuCtxDestroy_v2", [context, 0, 0, 0]);
        },
        "a context ends with 1 allocations of 100 bytes",
    ),
    (
        "twice",
        || {
            let context = context();
            let address = allocate(64);
            assert_eq!(call("cuMemFree_v2", [address, 0, 0, 0]), 0);
            assert_ne!(call("cuMemFree_v2", [address, 0, 0, 0]), 0);
            call("cuCtxDestroy_v2", [context, 0, 0, 0]);
        },
        "that was freed before",
    ),
    (
        "after",
        || {
            let context = context();
            let address = allocate(64);
            call("cuMemFree_v2", [address, 0, 0, 0]);
            let mut bytes = [0u8; 64];
            assert_eq!(
                call("cuMemcpyDtoH_v2", [to(&mut bytes), address, 64, 0]),
                700
            );
            call("cuCtxDestroy_v2", [context, 0, 0, 0]);
        },
        "freed, or were never allocated",
    ),
    (
        "over",
        || {
            let context = context();
            let address = allocate(64);
            assert_eq!(call("cuMemsetD8_v2", [address, 1, 65, 0]), 700);
            call("cuMemFree_v2", [address, 0, 0, 0]);
            call("cuCtxDestroy_v2", [context, 0, 0, 0]);
        },
        "run over the end",
    ),
    (
        "none",
        || {
            assert_eq!(call("cuInit", [0; 4]), 0);
            let mut address = 0u64;
            assert_eq!(call("cuMemAlloc_v2", [to(&mut address), 64, 0, 0]), 201);
        },
        "no context is current",
    ),
    (
        "other",
        || {
            let first = context();
            let mut stream = 0u64;
            call("cuStreamCreate", [to(&mut stream), 0, 0, 0]);
            let second = context();
            assert_eq!(call("cuStreamQuery", [stream, 0, 0, 0]), 201);
            call("cuCtxDestroy_v2", [second, 0, 0, 0]);
            call("cuStreamDestroy_v2", [stream, 0, 0, 0]);
            call("cuCtxDestroy_v2", [first, 0, 0, 0]);
        },
        "the stream belongs to another context",
    ),
    (
        "stream",
        || {
            let context = context();
            let mut stream = 0u64;
            call("cuStreamCreate", [to(&mut stream), 0, 0, 0]);
            assert_eq!(call("cuStreamDestroy_v2", [stream, 0, 0, 0]), 0);
            assert_eq!(call("cuStreamDestroy_v2", [stream, 0, 0, 0]), 400);
            call("cuCtxDestroy_v2", [context, 0, 0, 0]);
        },
        "a stream is destroyed that is destroyed",
    ),
    (
        "version",
        || {
            let mut list = [0u64; 320];
            list[0] = 0x1234;
            assert_eq!(
                call("NvEncodeAPICreateInstance", [to(&mut list), 0, 0, 0]),
                15
            );
        },
        "the unknown version 0x1234",
    ),
];

/// The process that misuses the driver; on its own, it does nothing.
#[test]
fn client() {
    let Ok(wanted) = std::env::var(CASE) else {
        return;
    };
    for (case, misuse, _) in CASES {
        if case == wanted {
            misuse();
        }
    }
}

#[test]
fn misuse_is_found() {
    for (case, _, wanted) in CASES {
        let rig = rig(&Config::default());
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "misuse::client"]).env(CASE, case);
        let output = child.envs(rig.driver.environment()).output().unwrap();
        assert!(output.status.success(), "{case}: {output:?}");
        let violations = rig.driver.report().unwrap().violations();
        assert!(
            violations.iter().any(|v| v.contains(wanted)),
            "{case}: {violations:#?}"
        );
        assert_eq!(violations.len(), 1, "{case}: {violations:#?}");
    }
}
