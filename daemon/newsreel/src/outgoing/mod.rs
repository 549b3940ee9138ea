//! How the daemon calls other machines whose addresses its clients name: through no proxy, with the system's certificates, and
//! only where that is allowed. Not here: what is sent or fetched.

mod address;

use newsreel_config::Network;
use newsreel_model::{Error, Result};
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

pub use address::{Guard, REFUSED};

/// What holds for every such call; who calls adds limits of time and redirects.
pub fn settings() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("newsreel/", env!("CARGO_PKG_VERSION")))
        // What environment variables name as a proxy would be asked to connect where we do not.
        .proxy(None)
        // The system's certificates: a newsroom's own authority is among them.
        .tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
}

/// The networks that are allowed beside all that is public.
///
/// # Errors
/// One that the configuration's checks should have found.
pub fn networks(allowed: &[String]) -> Result<Vec<Network>> {
    let unexpected = |e| Error::bug(format!("a network that was checked: {e}"));
    let parse = |text: &String| text.parse().map_err(unexpected);
    allowed.iter().map(parse).collect()
}
