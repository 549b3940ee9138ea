//! Mail over TLS: to a server whose certificate this machine trusts, and to nobody else.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;

use crate::daemon::Daemon;
use crate::people::{FAST, bad, endpoint};
use crate::processes::until;
use crate::sink::{Security, Sink};
use crate::support::turn;

/// An authority in a file, as an administrator has it, and a server's settings with a certificate for localhost by it.
fn certified() -> (NamedTempFile, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let mut file = NamedTempFile::new().unwrap();
    let authority = params.self_signed(&key).unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        );
    (file, Arc::new(config.unwrap()))
}

fn mail(sink: &Sink, security: &str) -> String {
    format!(
        "[mail]\nserver = \"localhost\"\nport = {}\nsecurity = {security:?}\nfrom = \"newsreel@news.example\"\n\
         [mail.to.desk]\naddresses = [\"desk@news.example\"]\nevents = [\"job.failed\"]\n",
        sink.address.port()
    )
}

/// A daemon to which the authority in `trusted` is one of the machine's.
fn daemon(settings: &str, trusted: &NamedTempFile) -> Daemon {
    let file = trusted.path().to_str().unwrap();
    Daemon::start_with(settings, &[FAST[0], ("SSL_CERT_FILE", file)])
}

#[test]
fn mail_goes_over_tls_from_the_first_byte_or_once_asked_for() {
    let _turn = turn();
    let (authority, config) = certified();
    for (name, security) in [
        ("tls", Security::Tls(Arc::clone(&config))),
        ("starttls", Security::Starttls(config)),
    ] {
        let sink = Sink::secured(&security, |_| "250 taken");
        let daemon = daemon(&mail(&sink, name), &authority);
        let job = bad(&daemon, "Flood");
        until("the mail is taken", || sink.taken().len() == 1);
        assert!(sink.taken()[0].text.contains(&job.to_string()), "{name}");
    }
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted_or_does_not_encrypt() {
    let _turn = turn();
    let (_, config) = certified();
    let (another, _) = certified();
    for (name, security, why) in [
        ("tls", Security::Tls(Arc::clone(&config)), "certificate"),
        ("starttls", Security::Starttls(config), "certificate"),
        ("starttls", Security::None, "STARTTLS"),
    ] {
        let sink = Sink::secured(&security, |_| "250 taken");
        let daemon = daemon(&mail(&sink, name), &another);
        bad(&daemon, "Flood");
        let said = || endpoint(&daemon, "mail:desk").map(|e| e["last_error"].to_string());
        until("it is said why", || {
            said().is_some_and(|words| words.contains(why))
        });
        assert!(sink.came().is_empty(), "{name}");
    }
}
