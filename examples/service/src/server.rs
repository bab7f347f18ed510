//! Serves until it is told to stop, and then for as long as the last requests need.

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::routes;

/// How long the last requests may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often keys and figures are looked after.
const TICK: Duration = Duration::from_secs(5);

/// # Errors
/// Where a socket fails.
pub async fn run(
    app: Arc<App>,
    public: TcpListener,
    internal: TcpListener,
    metrics: PrometheusHandle,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let told = || {
        let mut stopped = stopped.clone();
        async move {
            // An error means that whoever tells is gone: that is the end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let service = routes::public(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
    let public = axum::serve(public, service).with_graceful_shutdown(told());
    let internal =
        axum::serve(internal, routes::internal(metrics.clone())).with_graceful_shutdown(told());
    let serving = async { tokio::try_join!(public.into_future(), internal.into_future()) };
    let out_of_patience = async {
        told().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::spawn(async move {
        stop.await;
        tracing::info!("stopping");
        stopping.send_replace(true);
    });
    tokio::select! {
        served = serving => served.map(drop),
        () = out_of_patience => {
            tracing::warn!("stopped with requests that were not answered");
            Ok(())
        }
        never = look_after(app, metrics) => match never {},
    }
}

/// Keys rotate by a policy, not by a thread of their own.
async fn look_after(app: Arc<App>, metrics: PrometheusHandle) -> std::convert::Infallible {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let (app, metrics) = (Arc::clone(&app), metrics.clone());
        // A store on disk may take its time.
        let done = tokio::task::spawn_blocking(move || {
            app.keys.tick();
            metrics.run_upkeep();
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "looking after keys and figures failed");
        }
    }
}

/// Until SIGTERM, or ctrl-c.
///
/// # Errors
/// Where the system lets nobody listen to them.
pub fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
