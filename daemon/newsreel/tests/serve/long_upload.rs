//! A long upload in random pieces over connections that are cut: byte for byte, in little memory.

use std::fs::File;
use std::io::{BufReader, Read, Write};

use crate::daemon::Daemon;
use crate::processes::until;
use crate::support::{Random, by_tier, turn};
use crate::tus::{Tus, answer, id};

const PIECES: u64 = 64;
const CUTS: u64 = 30;
const BLOCK: usize = 64 << 10;

/// The file that is sent: any stretch of it can be made anew.
fn stretch(from: u64, bytes: usize) -> Vec<u8> {
    let word = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let mut all = Vec::with_capacity(bytes + 16);
    let mut at = from / 8;
    while all.len() < bytes + 8 {
        all.extend(word(at).to_le_bytes());
        at += 1;
    }
    let skip = usize::try_from(from % 8).unwrap();
    all[skip..skip + bytes].to_vec()
}

/// Memory that a process has resident, in MiB.
fn resident_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap() >> 10
}

#[test]
fn a_long_file_comes_in_random_pieces_over_connections_that_are_cut() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let tus = Tus::new(&daemon);
    let length: u64 = by_tier(200_000_000, 5_000_000_000, 5_000_000_000);
    let mut random = Random::new("pieces of a long upload");
    let mut below = |most: u64| random.next() % most.max(1);
    let idle = resident_mib(daemon.pid());
    let mut most = idle;
    let at = tus.begin(length);
    let (mut offset, mut cuts) = (0, 0);
    for number in 0..PIECES + CUTS {
        let left = length - offset;
        let last = number + 1 == PIECES + CUTS;
        let piece = match last {
            true => left,
            false => (below(2 * length / PIECES) + 1).min(left),
        };
        // Cut ones are spread among the others; where one is cut is a matter of chance.
        let cut = number % 2 == 1 && cuts < CUTS && piece > 1;
        let sent = if cut { below(piece - 1) + 1 } else { piece };
        let mut connection = tus.piece(&at, offset, piece);
        let mut done = 0;
        while done < sent {
            let bytes = usize::try_from((sent - done).min(BLOCK as u64)).unwrap();
            connection
                .write_all(&stretch(offset + done, bytes))
                .unwrap();
            done += bytes as u64;
            most = most.max(resident_mib(daemon.pid()));
        }
        offset += sent;
        if cut {
            cuts += 1;
            drop(connection);
            until("everything that was sent is kept", || {
                tus.offset(&at) == offset
            });
        } else {
            assert_eq!(answer(connection).status, 204);
        }
        if offset == length {
            break;
        }
    }
    assert_eq!((tus.offset(&at), cuts), (length, CUTS));
    println!("{cuts} connections cut, {most} MiB at most, {idle} MiB idle");
    assert!(most < idle + 100, "{most} MiB at most, {idle} MiB idle");
    let mut kept =
        BufReader::new(File::open(daemon.path("data/uploads").join(id(&at).to_string())).unwrap());
    let mut at = 0;
    while at < length {
        let bytes = usize::try_from((length - at).min(1 << 20)).unwrap();
        let mut found = vec![0; bytes];
        kept.read_exact(&mut found).unwrap();
        assert!(found == stretch(at, bytes), "the bytes from {at} on differ");
        at += bytes as u64;
    }
}
