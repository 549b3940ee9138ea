//! Spans for an OpenTelemetry collector: a trace for each job, with its sessions and the deliveries of its events.
//!
//! What is over is told with its beginning and end: nothing is kept open meanwhile. A job's id is its trace's id, so that
//! whatever belongs to it finds there by itself, over restarts too.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use newsreel_model::{Error, JobId, Result};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(5);

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What sends spans; what waits is sent when it is dropped.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to trace, to the collector at `endpoint`. Once in a process.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn install(endpoint: &str) -> Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|e| Error::bug("traces cannot be sent").with_detail(e.to_string()))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name("newsreel")
            .with_attribute(version)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        let _ = TRACER.set(provider.tracer("newsreel"));
        Ok(Self(provider))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(TIMEOUT) {
            tracing::debug!("the last spans were not sent: {error}");
        }
    }
}

/// Something that took from `began` until now.
pub struct Took<'a> {
    pub job: JobId,
    pub name: &'static str,
    pub began: SystemTime,
    pub attributes: Vec<KeyValue>,
    /// What went wrong.
    pub error: Option<&'a str>,
}

impl Took<'_> {
    /// Tells of the job itself.
    pub fn tell_of_job(self) {
        let (trace, root) = ids(self.job);
        let builder = SpanBuilder::from_name(self.name)
            .with_trace_id(trace)
            .with_span_id(root);
        self.tell(builder, &Context::new());
    }

    /// Tells of a part of the job.
    pub fn tell_of_part(self) {
        let (trace, root) = ids(self.job);
        let state = TraceState::default();
        let job = SpanContext::new(trace, root, TraceFlags::SAMPLED, true, state);
        let context = Context::new().with_remote_span_context(job);
        let builder = SpanBuilder::from_name(self.name);
        self.tell(builder, &context);
    }

    fn tell(self, builder: SpanBuilder, context: &Context) {
        let Some(tracer) = TRACER.get() else {
            return;
        };
        let mut attributes = self.attributes;
        attributes.push(KeyValue::new("newsreel.job", self.job.to_string()));
        let builder = builder
            .with_kind(SpanKind::Internal)
            .with_start_time(self.began)
            .with_attributes(attributes);
        let mut span = tracer.build_with_context(builder, context);
        if let Some(error) = self.error {
            span.set_status(Status::error(error.to_owned()));
        }
        span.end();
    }
}

/// Trace and first span of a job: its id, and the half of it that is random.
fn ids(job: JobId) -> (TraceId, SpanId) {
    let bytes = *job.as_bytes();
    let [.., a, b, c, d, e, f, g, h] = bytes;
    let span = SpanId::from_bytes([a, b, c, d, e, f, g, h]);
    (TraceId::from_bytes(bytes), span)
}

/// The HTTP client that is here anyway.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None);
        Self(config.build().into())
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Blocks: spans are sent from a thread of their own.
    async fn send_bytes(
        &self,
        request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        let answer = self.0.run(request.map(|body| body.to_vec()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
