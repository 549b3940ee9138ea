//! `newsreel key`: keys made, listed and revoked in the daemon's store. Not here: who is asked for one (`crate::access`).

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsreel_model::access::{Grant, Scope};
use newsreel_model::keys::{Key, check};
use newsreel_model::{Code, Error, Result};
use newsreel_store::KeyRing;

use super::place::Place;
use crate::access::token;
use crate::printing;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a key and print it. It is shown this once: only a hash of it is kept.
    New {
        /// Who it is for.
        #[arg(long)]
        name: String,
        /// What it allows: read, submit (which does not contain read) or admin (all of it); may be given several times.
        #[arg(long, required = true, value_name = "SCOPE", value_delimiter = ',')]
        scope: Vec<Scope>,
        /// Only jobs of this tenant are seen and handed in with it; all, without.
        #[arg(long)]
        tenant: Option<String>,
        /// A directory that inputs and destinations have to lie in, beside the daemon's own roots; may be given several times.
        #[arg(long, value_name = "DIR")]
        root: Vec<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// List all keys, without what is secret of them.
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key from now on, and everything it was swapped for.
    Revoke {
        /// As `list` shows it.
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

pub fn run(command: &Command, config: Option<&Path>) -> Result<()> {
    match command {
        Command::New {
            name,
            scope,
            tenant,
            root,
            place,
        } => {
            let mut scopes = scope.clone();
            scopes.sort_unstable();
            scopes.dedup();
            let grant = Grant {
                scopes,
                tenant: tenant.clone(),
                roots: root
                    .iter()
                    .map(|root| resolved(root))
                    .collect::<Result<_>>()?,
            };
            check(name, &grant)?;
            printing::line(new(&mut open(place, config)?, name, grant)?);
            Ok(())
        }
        Command::List { place, json } => list(&open(place, config)?.all()?, *json),
        Command::Revoke { id, place } => {
            if !open(place, config)?.revoke(id, Timestamp::now())? {
                let words = format!(
                    "there is no key `{id}` that is not revoked; `newsreel key list` shows them"
                );
                return Err(Error::new(Code::Usage, words));
            }
            printing::note(format!("{id} is refused from now on"));
            Ok(())
        }
    }
}

fn open(place: &Place, config: Option<&Path>) -> Result<KeyRing> {
    KeyRing::open(&place.made(config)?)
}

fn resolved(root: &Path) -> Result<String> {
    let path = std::fs::canonicalize(root)
        .map_err(|e| Error::new(Code::Usage, format!("--root {}: {e}", root.display())))?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::new(Code::Usage, "--root: only paths in UTF-8 can be kept"))
}

fn new(ring: &mut KeyRing, name: &str, grant: Grant) -> Result<String> {
    let (id, whole) = token::key()?;
    ring.add(&Key {
        id,
        name: name.to_owned(),
        hash: token::hash(&whole),
        grant,
        created_at: Timestamp::now(),
        revoked_at: None,
        last_used_at: None,
    })?;
    Ok(whole)
}

fn list(keys: &[Key], json: bool) -> Result<()> {
    if json {
        let shown: Vec<_> = keys.iter().map(shown).collect();
        return super::client::print_json(&shown);
    }
    for key in keys {
        let scopes: Vec<_> = key.grant.scopes.iter().map(|scope| scope.name()).collect();
        let tenant = key.grant.tenant.as_deref().unwrap_or("(all tenants)");
        let state = match (key.revoked_at, key.last_used_at) {
            (Some(at), _) => format!("revoked {at:.0}"),
            (None, Some(at)) => format!("used {at:.0}"),
            (None, None) => "never used".to_owned(),
        };
        let (scopes, roots) = (scopes.join(","), key.grant.roots.join(" "));
        printing::line(format!(
            "{}  {scopes:<11}  {tenant:<13}  {state:<28}  {}  {roots}",
            key.id, key.name
        ));
    }
    Ok(())
}

fn shown(key: &Key) -> serde_json::Value {
    serde_json::json!({
        "id": key.id, "name": key.name, "scopes": key.grant.scopes, "tenant": key.grant.tenant,
        "roots": key.grant.roots, "created_at": key.created_at, "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    })
}
