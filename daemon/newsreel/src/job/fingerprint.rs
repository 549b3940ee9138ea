//! Whether an interrupted job may go on: the same input, the same profile, the same libraries.

use newsreel_media::ffi::{self, Source};
use newsreel_model::plan::Fingerprint;
use newsreel_model::profile::Profile;
use newsreel_model::{Code, Error, Result, UploadId};

const SAMPLE_BYTES: u64 = 1 << 20;

/// The fingerprint of an input with a profile under this build. The plan's timeline digest covers the rest of the input.
///
/// # Errors
/// The input cannot be read.
pub fn of(source: &dyn Source, profile: &Profile) -> Result<Fingerprint> {
    let mut reader = source.reader();
    let len = reader.len();
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    for start in [
        0,
        (len / 2).saturating_sub(SAMPLE_BYTES / 2),
        len.saturating_sub(SAMPLE_BYTES),
    ] {
        reader.seek(start);
        let mut left = SAMPLE_BYTES;
        while left > 0 {
            let room = usize::try_from(left)
                .unwrap_or(buffer.len())
                .min(buffer.len());
            let got = reader.read(&mut buffer[..room]).map_err(|e| {
                Error::new(Code::InputUnreadable, format!("cannot read the input: {e}"))
            })?;
            if got == 0 {
                break;
            }
            hasher.update(&buffer[..got]);
            left -= got as u64;
        }
    }
    with_sample(len, &hasher, profile)
}

/// The same for an upload, which nothing but what it was announced with ever becomes: it may still arrive.
///
/// # Errors
/// As for [`of`], without the input.
pub fn of_upload(id: UploadId, source: &dyn Source, profile: &Profile) -> Result<Fingerprint> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("upload {id}").as_bytes());
    with_sample(source.reader().len(), &hasher, profile)
}

fn with_sample(len: u64, sample: &blake3::Hasher, profile: &Profile) -> Result<Fingerprint> {
    let profile = serde_json::to_vec(profile).map_err(|e| Error::bug(e.to_string()))?;
    Ok(Fingerprint {
        input_bytes: len,
        input_sample: sample.finalize().to_hex().to_string(),
        profile: blake3::hash(&profile).to_hex().to_string(),
        libraries: format!(
            "newsreel {}, {}",
            env!("CARGO_PKG_VERSION"),
            ffi::versions()
        ),
    })
}

/// What differs between two fingerprints, in words; `None` when nothing does.
pub fn difference(old: &Fingerprint, new: &Fingerprint) -> Option<&'static str> {
    if (old.input_bytes, &old.input_sample) != (new.input_bytes, &new.input_sample) {
        Some("the input")
    } else if old.profile != new.profile {
        Some("the profile")
    } else if old.libraries != new.libraries {
        Some("newsreel or its libraries")
    } else {
        None
    }
}
