//! A bucket as it can be asked: where it is, with which credentials. Not here: what is asked, or what errors mean (`fault`).

use std::sync::Arc;

use newsreel_config::S3Store;
use newsreel_model::{Code, Error, Result};
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::{ObjectStore, RetryConfig};
use url::Url;

use super::wire::Wire;
use crate::outgoing;

/// The longest credential in a file, in bytes.
const MAX_CREDENTIAL_BYTES: u64 = 4096;

/// A bucket of a configured store.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The client.
    pub store: Arc<dyn ObjectStore>,
    /// The store's name in the configuration.
    pub section: String,
}

impl Bucket {
    /// Reads the credentials; nothing is asked yet.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`]: the credentials are not where the configuration says.
    pub fn open(section: &str, config: &S3Store, bucket: &str) -> Result<Self> {
        let own = |what: &str, plain: &str, variable: &str, file: &str| {
            credential(
                &format!("storage.s3.{section}.{what}"),
                plain,
                variable,
                file,
            )
        };
        let key = own("key", &config.key, &config.key_env, &config.key_file)?;
        let (variable, file) = (&config.secret_env, &config.secret_file);
        let secret = own("secret", config.secret.reveal(), variable, file)?;
        let allowed = outgoing::networks(&config.allowed_networks)?;
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Wire::new(allowed))
            .with_allow_http(true)
            .with_bucket_name(bucket)
            .with_region(&config.region)
            .with_access_key_id(key)
            .with_secret_access_key(secret)
            .with_virtual_hosted_style_request(!config.path_style)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_disable_tagging(true)
            // Whoever asks knows better when to ask again.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            });
        if !config.endpoint.is_empty() {
            builder = builder.with_endpoint(endpoint(config, bucket)?);
        }
        let store = builder.build().map_err(|e| {
            let words = format!("storage.s3.{section} cannot be used");
            Error::new(Code::ConfigInvalid, words).with_detail(e.to_string())
        })?;
        Ok(Self {
            store: Arc::new(store),
            section: section.to_owned(),
        })
    }
}

/// The address to ask, which has the bucket in its host unless it stands in the path.
fn endpoint(config: &S3Store, bucket: &str) -> Result<String> {
    let given = config.endpoint.trim_end_matches('/');
    if config.path_style {
        return Ok(given.to_owned());
    }
    let wrong = |e: String| Error::bug(format!("an endpoint that was checked: {e}"));
    let mut url = Url::parse(given).map_err(|e| wrong(e.to_string()))?;
    let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
    url.set_host(Some(&host))
        .map_err(|e| wrong(e.to_string()))?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A credential from the one of three places that has it.
fn credential(name: &str, plain: &str, variable: &str, file: &str) -> Result<String> {
    use std::io::Read as _;
    let wrong = |words: String| Error::new(Code::ConfigInvalid, words);
    let text = if !variable.is_empty() {
        std::env::var(variable).map_err(|_| {
            wrong(format!(
                "{name}_env: the daemon has no environment variable {variable}; set it and start the daemon again"
            ))
        })?
    } else if !file.is_empty() {
        let mut text = String::new();
        let opened = std::fs::File::open(file);
        opened
            .and_then(|from| from.take(MAX_CREDENTIAL_BYTES).read_to_string(&mut text))
            .map_err(|e| wrong(format!("{name}_file: {file} cannot be read: {e}")))?;
        text
    } else {
        plain.to_owned()
    };
    let text = text.trim();
    match text.is_empty() || text.chars().any(char::is_control) {
        true => Err(wrong(format!("{name} is empty or has more than one line"))),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_where_the_configuration_says_and_its_absence_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        let path = file.display().to_string();
        let missing = credential("storage.s3.a.secret", "", "", &path).unwrap_err();
        assert!(
            missing.message().contains("storage.s3.a.secret_file"),
            "{missing}"
        );
        std::fs::write(&file, "hunter2\n").unwrap();
        assert_eq!(credential("s", "", "", &path).unwrap(), "hunter2");
        assert_eq!(credential("s", "plain", "", "").unwrap(), "plain");
        assert!(
            !credential("s", "", "CARGO_MANIFEST_DIR", "")
                .unwrap()
                .is_empty()
        );
        let unset = credential("s", "", "NEWSREEL_NOT_SET", "").unwrap_err();
        assert!(unset.message().contains("NEWSREEL_NOT_SET"), "{unset}");
        std::fs::write(&file, "a\nb").unwrap();
        assert!(credential("s", "", "", &path).is_err());
    }

    #[test]
    fn the_bucket_stands_in_the_host_where_the_path_does_not_have_it() {
        let mut config: S3Store = serde_json::from_value(serde_json::json!({
            "buckets": ["b"], "endpoint": "https://s3.example:9000/"
        }))
        .unwrap();
        assert_eq!(endpoint(&config, "b").unwrap(), "https://s3.example:9000");
        config.path_style = false;
        assert_eq!(endpoint(&config, "b").unwrap(), "https://b.s3.example:9000");
    }
}
