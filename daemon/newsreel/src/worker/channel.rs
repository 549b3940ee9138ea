//! The socket between the daemon and a worker: whole messages with descriptors. Not what the messages mean.
//!
//! `SOCK_SEQPACKET` keeps messages apart; whatever is large travels as the descriptor of an anonymous file in memory.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use newsreel_model::{Code, Error, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest message without its descriptors, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// The most descriptors of one message.
const MAX_FDS: usize = 4;
/// The largest payload taken from a descriptor, in bytes: a segment of the largest rung at 30 s is well below.
const MAX_PAYLOAD: u64 = 1 << 30;

/// One end of the connection. Several threads may send; one receives.
pub struct Channel(OwnedFd);

/// Both ends.
///
/// # Errors
/// The system has no descriptor left.
pub fn pair() -> Result<(Channel, OwnedFd)> {
    let (a, b) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(|e| failed("a socket pair", e.into()))?;
    Ok((Channel(a), b))
}

impl Channel {
    /// The end that was handed over when the process was started.
    #[must_use]
    pub fn over(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Sends a message; blocks while the other side is far behind.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn send(&self, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> Result<()> {
        let bytes = serde_json::to_vec(message).map_err(|e| Error::bug(e.to_string()))?;
        if bytes.len() > MAX_MESSAGE || fds.len() > MAX_FDS {
            return Err(Error::bug("a message to or from a worker is too large"));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(Error::bug("descriptors do not fit into a message"));
        }
        loop {
            let io = [IoSlice::new(&bytes)];
            // A closed socket is an error to handle, not a signal to die by.
            match sendmsg(&self.0, &io, &mut ancillary, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(failed("the worker's socket", e.into())),
            }
        }
    }

    /// Waits for the next message; `None` when the other side is gone.
    ///
    /// # Errors
    /// What came is no message of ours.
    pub fn receive<M: DeserializeOwned>(&self) -> Result<Option<(M, Vec<OwnedFd>)>> {
        let mut bytes = vec![0u8; MAX_MESSAGE];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = loop {
            let mut io = [IoSliceMut::new(&mut bytes)];
            match recvmsg(&self.0, &mut io, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Ok(got) => break got,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::CONNRESET) => return Ok(None),
                Err(e) => return Err(failed("the worker's socket", e.into())),
            }
        };
        if got.bytes == 0 {
            return Ok(None);
        }
        if got.flags.contains(ReturnFlags::TRUNC) || got.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Error::bug("a message of a worker is too large"));
        }
        let fds = ancillary
            .drain()
            .filter_map(|m| match m {
                RecvAncillaryMessage::ScmRights(fds) => Some(fds),
                _ => None,
            })
            .flatten()
            .collect();
        let message = serde_json::from_slice(&bytes[..got.bytes]).map_err(|e| {
            Error::bug("a message of a worker cannot be read").with_detail(e.to_string())
        })?;
        Ok(Some((message, fds)))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// An anonymous file in memory that holds `bytes`.
///
/// # Errors
/// Out of memory or descriptors.
pub fn in_memory(bytes: &[u8]) -> Result<OwnedFd> {
    let fd = memfd_create("newsreel", MemfdFlags::CLOEXEC)
        .map_err(|e| failed("a file in memory", e.into()))?;
    let mut file = File::from(fd);
    file.write_all(bytes)
        .map_err(|e| failed("a file in memory", e))?;
    Ok(file.into())
}

/// Everything in a file from [`in_memory`]. The sender may go on changing it; what counts is what is read here.
///
/// # Errors
/// It is larger than any payload, or cannot be read.
pub fn payload(fd: OwnedFd) -> Result<Vec<u8>> {
    let file = File::from(fd);
    let len = file.metadata().map_err(|e| failed("a payload", e))?.len();
    if len > MAX_PAYLOAD {
        return Err(Error::bug("a payload of a worker is too large"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    At(&file, 0)
        .take(len)
        .read_to_end(&mut bytes)
        .map_err(|e| failed("a payload", e))?;
    Ok(bytes)
}

/// Reads by position: sender and receiver share the descriptor's own.
struct At<'a>(&'a File, u64);

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read_at(buffer, self.1)?;
        self.1 += got as u64;
        Ok(got)
    }
}

fn failed(what: &str, e: io::Error) -> Error {
    Error::new(Code::WorkerLost, format!("{what} failed: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_with_their_payloads() {
        let (daemon, worker) = pair().unwrap();
        let worker = Channel::over(worker);
        let fd = in_memory(&[7; 100_000]).unwrap();
        daemon.send(&"first", &[fd.as_fd()]).unwrap();
        daemon.send(&"second", &[]).unwrap();
        let (message, mut fds) = worker.receive::<String>().unwrap().unwrap();
        assert_eq!(message, "first");
        assert_eq!(payload(fds.remove(0)).unwrap(), vec![7; 100_000]);
        assert_eq!(worker.receive::<String>().unwrap().unwrap().0, "second");
        drop(daemon);
        assert!(worker.receive::<String>().unwrap().is_none());
    }
}
