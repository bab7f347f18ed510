//! The service on a socket of loopback, with a clock that tests move.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use metrics_exporter_prometheus::PrometheusBuilder;
use symbolon::Clock;
use symbolon_service::app::App;
use symbolon_service::config::{Config, Lifetimes};
use symbolon_service::origin::Origin;
use symbolon_service::users::Users;
use symbolon_service::{password, server};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::browser::Browser;

pub(crate) const ORIGIN: &str = "https://shop.example";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn forward(&self, time: Duration) {
        self.0.fetch_add(time.whole_seconds(), Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    pub(crate) clock: Hand,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn config() -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        metrics_listen: ([127, 0, 0, 1], 0).into(),
        origin: Origin::parse(ORIGIN).unwrap(),
        proxies: 0,
        users: None,
        keys: None,
        master_key: None,
        redis: None,
        redis_password: None,
        lifetimes: Lifetimes {
            access: Duration::minutes(15),
            refresh: Duration::days(14),
            session: Duration::days(90),
            key: Duration::days(30),
        },
        log: "off".parse().unwrap(),
    }
}

/// Alice and bob, who write notes; and an admin, who has none.
pub(crate) fn users_file() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| {
        let hash = password::hash(PASSWORD).unwrap();
        format!(
            "# name, hash, scopes\n\nalice {hash} note:read note:write\nbob {hash} note:read\n\
             admin {hash} users:revoke\n"
        )
    })
}

impl Service {
    pub(crate) fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        let clock = Hand(Arc::new(OffsetDateTime::now_utc().unix_timestamp().into()));
        let users = Users::parse(users_file()).unwrap();
        let app = App::new(&config, users, Arc::new(clock.clone())).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let served = Arc::clone(&app);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let public = TcpListener::bind(config.listen).await.unwrap();
                let internal = TcpListener::bind(config.metrics_listen).await.unwrap();
                tell.send(public.local_addr().unwrap()).unwrap();
                let figures = PrometheusBuilder::new().build_recorder().handle();
                let stop = async { drop(stopped.await) };
                server::run(served, public, internal, figures, stop).await.unwrap();
            });
        });
        let address = told.recv().unwrap();
        Self { address, app, clock, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, ORIGIN)
    }

    /// A browser with a session.
    pub(crate) fn logged_in(&self, user: &str) -> Browser {
        let mut browser = self.browser();
        let seen = browser.log_in(user, PASSWORD);
        assert_eq!(seen.status, 200, "{}", seen.text);
        browser
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.forward(time);
        self.app.keys.tick();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        let served = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            served.unwrap().unwrap();
        }
    }
}

/// A folder of its own, which goes with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("symbolon-service-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
