//! The program itself: its configuration, its logs and figures, and its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::browser::{ACCESS, Browser, CSRF, REFRESH};
use crate::serving::{Folder, PASSWORD, users_file};

const ORIGIN: &str = "http://localhost:8080";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon-service"));
    command
        .env_clear()
        .env("SERVICE_LISTEN", "127.0.0.1:0")
        .env("SERVICE_METRICS_LISTEN", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What it says, and with what status, where it ends by itself.
fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let mut child = command.spawn().unwrap();
    let status = in_time(&mut child);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.and_then(|status| status.code()), text(output.stdout), text(output.stderr))
}

/// None where it had to be ended.
fn in_time(child: &mut Child) -> Option<ExitStatus> {
    let late = Instant::now() + Duration::from_secs(20);
    while Instant::now() < late {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    None
}

struct Running {
    child: Child,
    address: SocketAddr,
    figures: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let listening: Value =
            serde_json::from_str(&first).unwrap_or_else(|error| panic!("{error}: {first}"));
        let address = |name: &str| listening["fields"][name].as_str().unwrap().parse().unwrap();
        let log = Arc::new(Mutex::new(first));
        let written = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.lines() {
                *written.lock().unwrap() += &(line.unwrap() + "\n");
            }
        });
        Self {
            address: address("address"),
            figures: address("figures"),
            child,
            log,
            reader: Some(reader),
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.address, ORIGIN)
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// How it ends, and all that it logged.
    fn end(mut self) -> (ExitStatus, String) {
        let status = in_time(&mut self.child).unwrap();
        self.reader.take().unwrap().join().unwrap();
        let log = self.log.lock().unwrap().clone();
        (status, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_names_each_setting() {
    let (status, text, _) = ended(program().arg("--help"));
    assert_eq!(status, Some(0));
    for name in ["SERVICE_LISTEN", "SERVICE_USERS*", "SERVICE_KEYS", "SERVICE_REDIS", "SERVICE_LOG"] {
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(ended(program().arg("--halp")).0, Some(2));
}

/// Variables, and what is to be said of them.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str]);

#[test]
fn a_configuration_that_is_wrong_is_refused_with_all_that_is() {
    let missing = "/no/such/folder";
    let cases: &[Case] = &[
        (
            &[
                ("SERVICE_LISTEN", "8080"),
                ("SERVICE_ACCESS_LIFETIME", "15"),
                ("SERVICE_PROXIES", "-1"),
                ("SERVICE_KEYS", missing),
            ],
            &[
                "error: SERVICE_LISTEN: \"8080\" is not an address and a port, such as 0.0.0.0:8080",
                "error: SERVICE_ACCESS_LIFETIME: \"15\" is not a time from 60s to 3650d, such as 15m",
                "error: SERVICE_PROXIES: \"-1\" is not a number from 0 to 10",
                "error: SERVICE_KEYS: there is no such folder",
            ],
        ),
        (&[("SERVICE_REDDIS", "x")], &["error: SERVICE_REDDIS: there is no such setting; see --help"]),
        (
            &[("SERVICE_ORIGIN", "http://shop.example")],
            &["is not https: its cookies and passwords could be read on the way"],
        ),
        (
            &[("SERVICE_ORIGIN", "https://shop.example/")],
            &["SERVICE_ORIGIN: \"https://shop.example/\" is not"],
        ),
        (
            &[("SERVICE_ORIGIN", "https://shop.example:443")],
            &["with the usual port, which browsers leave out"],
        ),
        (&[("SERVICE_LISTEN", "0.0.0.0:0")], &["SERVICE_USERS: needed where others than this machine"]),
        (
            &[("SERVICE_USERS", "alice hunter22")],
            &["SERVICE_USERS: line 1: the second word is no argon2id hash"],
        ),
        (&[("SERVICE_USERS_FILE", missing)], &["SERVICE_USERS: a secret is missing"]),
        (&[("SERVICE_MASTER_KEY", "c2hvcnQ=")], &["SERVICE_MASTER_KEY: the key is too weak"]),
        (&[("SERVICE_MASTER_KEY", "no base64!")], &["SERVICE_MASTER_KEY: a secret cannot be read"]),
        (&[("SERVICE_REDIS", "redis://127.0.0.1")], &["SERVICE_REDIS: not host:port"]),
        (&[("SERVICE_REDIS_PASSWORD", "hunter22")], &["nothing to log in to without SERVICE_REDIS"]),
        (
            &[("SERVICE_ACCESS_LIFETIME", "30d")],
            &["SERVICE_ACCESS_LIFETIME: at most SERVICE_REFRESH_LIFETIME"],
        ),
        (&[("SERVICE_ROTATE_EVERY", "60s")], &["the policy keeps more than 100 keys"]),
        (&[("SERVICE_LOG", "loud")], &["SERVICE_LOG: \"loud\" is not a level"]),
    ];
    for (variables, due) in cases {
        let (status, out, problems) = ended(program().envs(variables.iter().copied()));
        assert_eq!((status, &*out), (Some(2), ""), "{variables:?}: {problems}");
        for due in *due {
            assert!(problems.contains(due), "{variables:?}: {problems}");
        }
        assert_eq!(
            problems.lines().filter(|line| line.starts_with("error")).count(),
            due.len(),
            "{problems}"
        );
        assert!(!problems.contains("hunter22") && !problems.contains("c2hvcnQ"), "{problems}");
    }
}

#[test]
fn a_hash_is_made_of_what_is_typed() {
    let hash = |typed: &str| {
        let mut child = program().arg("hash").stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, made) = hash("a good password\n");
    assert_eq!(status, Some(0));
    assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
    assert_eq!(hash("short\n").0, Some(2));

    let users = format!("carol {} note:read", made.trim_end());
    let running = Running::start(program().env("SERVICE_USERS", users));
    assert_eq!(running.browser().log_in("carol", "a good password").status, 200);
    assert_eq!(running.browser().log_in("carol", "a good password\n").status, 401);
}

#[test]
fn it_runs_without_any_setting_for_who_tries_it_out() {
    let mut running = Running::start(&mut program());
    let mut said = String::new();
    BufReader::new(running.child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let password = said.trim_end().rsplit(' ').next().unwrap();
    let mut demo = running.browser();
    assert_eq!(demo.log_in("demo", password).status, 200);
    assert_eq!(demo.put("/note", "it runs").status, 204);
    assert_eq!(demo.get("/note").text, "it runs");
}

#[test]
fn logs_and_figures_tell_what_happens_and_no_secret() {
    let running = Running::start(
        program().env("SERVICE_USERS", users_file()).env("SERVICE_LOG", "debug,symbolon=trace"),
    );
    let mut alice = running.browser();
    assert_eq!(alice.log_in("alice", "a wrong password").status, 401);
    assert_eq!(alice.log_in("alice", PASSWORD).status, 200);
    assert_eq!((alice.get("/me").status, alice.get("/nowhere/alice").status), (200, 404));
    let old = alice.clone();
    assert_eq!(alice.post("/refresh").status, 200);
    assert_eq!(old.clone().post("/refresh").status, 401);

    let mut figures = Browser::new(running.figures, ORIGIN).get("/metrics").text;
    figures.retain(|letter| letter != '\r');
    for due in [
        "service_logins_total{outcome=\"right\"} 1",
        "service_logins_total{outcome=\"wrong\"} 1",
        "service_refreshes_total{outcome=\"refused\"} 1",
        "http_requests_total{method=\"GET\",route=\"/me\",status=\"200\"} 1",
        "http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1",
        "symbolon_issued_total{format=\"JWS\"} 2",
        "symbolon_verify_seconds_bucket",
    ] {
        assert!(figures.contains(due), "{due}: {figures}");
    }
    running.terminate();
    let (_, log) = running.end();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string());
    }
    for due in ["log-in refused", "logged in", "a refresh token came back", r#""route":"/me""#] {
        assert!(log.contains(due), "{due}: {log}");
    }
    let mut secrets: Vec<&str> =
        [&old, &alice].iter().flat_map(|browser| browser.cookies.values()).map(String::as_str).collect();
    secrets.extend([PASSWORD, "a wrong password", "/nowhere/alice"]);
    for secret in secrets {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn what_was_begun_is_answered_before_it_ends() {
    let folder = Folder::new("graceful");
    let start = || {
        let mut command = program();
        command.env("SERVICE_USERS", users_file()).env("SERVICE_KEYS", &folder.0);
        Running::start(&mut command)
    };
    let running = start();
    let mut alice = running.browser();
    assert_eq!(alice.log_in("alice", PASSWORD).status, 200);

    // A request of which the service has read a half when it is told to stop.
    let mut half = TcpStream::connect(running.address).unwrap();
    let body = "written in two halves";
    write!(
        half,
        "PUT /note HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\
         cookie: {ACCESS}={}\r\nx-csrf-token: {}\r\n\r\n{}",
        body.len(),
        alice.cookies[ACCESS],
        alice.cookies[CSRF],
        &body[..8]
    )
    .unwrap();
    // Until it has surely been taken up: a request behind it was answered.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(running.browser().get("/healthz").status, 200);
    running.terminate();
    let late = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(running.address).is_ok() {
        assert!(Instant::now() < late, "it goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
    half.write_all(&body.as_bytes()[8..]).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let (status, log) = running.end();
    assert!(status.success() && log.contains(r#""message":"stopped""#), "{status}: {log}");

    // Started again, it knows its keys, and so its sessions.
    let running = start();
    let mut again = running.browser();
    again.cookies.clone_from(&alice.cookies);
    assert!(again.cookies.contains_key(REFRESH));
    assert_eq!((again.get("/me").status, again.post("/refresh").status), (200, 200));
}
