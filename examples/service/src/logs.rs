//! Logs: a JSON object a line, on stdout.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub fn install(targets: Targets) -> Result<(), String> {
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(true).with_span_list(false);
    let logs = tracing_subscriber::registry().with(lines.with_filter(targets));
    logs.try_init().map_err(|error| error.to_string())
}
