//! Figures for Prometheus: our own, and those that symbolon counts.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// In seconds: from a signature to a password.
const BUCKETS: [f64; 9] = [0.000_05, 0.000_2, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];

/// Collects from now on, for the whole process.
///
/// # Errors
/// Where it does already.
pub fn install() -> Result<PrometheusHandle, String> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(|error| error.to_string())?;
    builder.install_recorder().map_err(|error| error.to_string())
}
