//! The settings of webhooks: who is told, where that may be, and how long it is tried.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Telling receivers what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Seconds a receiver may take to answer, 1–120.
    pub timeout_s: u32,
    /// Hours for which a delivery is tried, 1–720.
    pub give_up_h: u32,
    /// The most deliveries under way at a time, 1–1,024.
    pub max_in_flight: usize,
    /// Networks of this site that a job's own receivers may be in, as `10.1.0.0/16`.
    pub allowed_networks: Vec<String>,
    /// Receivers by name, 1–64 characters of a–z, 0–9, `-` and `_`.
    pub endpoints: BTreeMap<String, Endpoint>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            timeout_s: 10,
            give_up_h: 72,
            max_in_flight: 64,
            allowed_networks: Vec::new(),
            endpoints: BTreeMap::new(),
        }
    }
}

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `http://` or `https://`.
    pub url: String,
    /// What deliveries are signed with: `whsec_` and 24–64 bytes in base64.
    pub secret: Secret,
    /// Which kinds of events it is told; all when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Of which tenants' jobs; of all when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if self.0.is_empty() { "" } else { "(hidden)" })
    }
}

/// A network such as `10.1.0.0/16` or `fd00::/8`; an address alone is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(32 - bits)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(128 - bits)
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no network, expected one such as 10.1.0.0/16 or fd00::/8");
        let (address, bits) = text.split_once('/').unzip();
        let address: IpAddr = address.unwrap_or(text).parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        for (network, address) in [
            ("10.1.0.0/16", "10.1.255.255"),
            ("0.0.0.0/0", "203.0.113.7"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.0/8", "::ffff:127.0.0.1"),
            ("fd00::/8", "fd12::1"),
            ("::/0", "fd12::1"),
        ] {
            assert!(contains(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("10.1.0.0/16", "10.2.0.0"),
            ("127.0.0.1", "127.0.0.2"),
            ("fd00::/8", "fe80::1"),
            ("::/0", "10.0.0.1"),
        ] {
            assert!(!contains(network, address), "{network} {address}");
        }
        for text in ["", "10.1.0.0/33", "10.1/16", "10.1.0.0/", "cms.example"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret: Secret = serde::Deserialize::deserialize(serde::de::value::StrDeserializer::<
            serde::de::value::Error,
        >::new("whsec_x"))
        .unwrap();
        assert_eq!(secret.reveal(), "whsec_x");
        assert!(!format!("{secret:?}").contains("whsec"));
    }
}
