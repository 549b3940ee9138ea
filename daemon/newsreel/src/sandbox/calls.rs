//! The system calls a worker gives up, by seccomp. They fail with `EPERM`, so that a library that tries one goes on.

use std::collections::BTreeMap;

use seccompiler::{SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// What no codec needs: connections, other programs, other processes, and the kernel's back doors.
const CLOSED: [libc::c_long; 38] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_open_by_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
];

/// Closes them for this thread and all it will start.
///
/// # Errors
/// The kernel has no seccomp, or this machine is of a kind there is no filter for.
pub fn close() -> Result<(), String> {
    let target: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(|e| format!("{e}"))?;
    // `c_long` is 64 bits on every machine seccompiler knows.
    let rules: BTreeMap<i64, Vec<_>> = CLOSED.into_iter().map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, target)
        .map_err(|e| e.to_string())?;
    let program: seccompiler::BpfProgram = filter.try_into().map_err(|e| format!("{e}"))?;
    apply_filter(&program).map_err(|e| e.to_string())
}
