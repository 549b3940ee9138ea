//! Each broken installation is told from the others, and says what to do.

use newsreel_model::Class;

use super::*;

fn init(status: u32) -> Missing {
    Missing::Refused(Failed {
        call: "cuInit",
        status,
    })
}

#[test]
fn each_broken_installation_has_its_own_advice() {
    let none = Surroundings::default();
    let card = Surroundings {
        card: true,
        ..none.clone()
    };
    let loaded = Surroundings {
        kernel: Some("550.54.14".to_owned()),
        nodes: 3,
        ..card.clone()
    };
    let forbidden = Surroundings {
        forbidden: Some("/dev/nvidiactl".to_owned()),
        ..loaded.clone()
    };
    let hidden = Surroundings {
        visible: Some(String::new()),
        ..loaded.clone()
    };
    let library = Missing::Library("not found".to_owned());
    for (missing, here, advice) in [
        (&library, &none, "no NVIDIA GPU in this machine"),
        (&library, &card, "install NVIDIA's driver"),
        (&library, &loaded, "550.54.14 is loaded but its library"),
        (
            &Missing::Function("cuInit"),
            &loaded,
            "install a current NVIDIA driver",
        ),
        (&init(100), &forbidden, "may not open /dev/nvidiactl"),
        (&init(100), &hidden, "unset it"),
        (&init(100), &card, "nvidia-modprobe"),
        (&init(100), &loaded, "finds no GPU"),
        (&init(34), &loaded, "LD_LIBRARY_PATH"),
        (&init(802), &loaded, "nvidia-fabricmanager"),
        (
            &init(803),
            &loaded,
            "kernel's driver 550.54.14 are of different versions",
        ),
        (&init(304), &loaded, "device rules"),
        (&init(999), &loaded, "returned 999"),
        (&init(4242), &loaded, "returned 4242"),
    ] {
        let reason = driver(missing, here);
        assert!(reason.contains(advice), "{missing:?}: {reason}");
        assert!(!reason.contains('\n') && !reason.ends_with('.'), "{reason}");
    }
}

#[test]
fn the_kernels_version_is_read_from_either_module() {
    let proprietary = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version:  gcc version 12.2.0\n";
    let open =
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n";
    assert_eq!(kernel_version(proprietary).as_deref(), Some("550.54.14"));
    assert_eq!(kernel_version(open).as_deref(), Some("570.86.15"));
    assert_eq!(kernel_version("something else"), None);
}

#[test]
fn a_refused_call_means_what_the_same_refusal_means_to_libav_and_never_a_failed_job() {
    for (call, status, code) in [
        (
            "nvEncOpenEncodeSessionEx",
            10,
            Code::EncoderSessionsExhausted,
        ),
        ("nvEncOpenEncodeSessionEx", 2, Code::EncodeUnsupported),
        ("cuMemAlloc", 2, Code::DeviceOutOfMemory),
        ("cuLaunchKernel", 700, Code::DeviceLost),
        ("cuLaunchKernel", 4242, Code::EngineFailed),
    ] {
        let error = explain(&Failed { call, status });
        assert_eq!(error.code(), code, "{call} {status}");
        assert!(matches!(error.class(), Class::FallBack | Class::Retry));
        assert!(error.detail().is_some_and(|d| d.contains(call)));
    }
}
