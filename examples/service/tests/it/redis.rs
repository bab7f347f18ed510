//! Two instances that share their keys and a real Redis server.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::serving::{Folder, Service};

struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// None, said on stdout, where Redis is not installed.
    fn start() -> Option<Self> {
        // Taken and let go, so that the server finds it free.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let spawned = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--requirepass", "of Redis", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = spawned else {
            println!("skipped: what needs Redis: redis-server is not installed");
            return None;
        };
        let server = Self { child, address: format!("127.0.0.1:{port}") };
        for _ in 0..1_000 {
            if TcpStream::connect(&server.address).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not come up");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_revoked_at_one_instance_is_refused_at_the_other() {
    let Some(server) = Server::start() else { return };
    let folder = Folder::new("redis");
    let start = || {
        Service::start(|config| {
            config.keys = Some(folder.0.clone());
            config.redis = Some(server.address.clone());
            let password = symbolon::Secret::decode("of Redis", symbolon::SecretEncoding::Text, 1);
            config.redis_password = Some(password.unwrap());
        })
    };
    let (one, other) = (start(), start());
    let mut alice = one.logged_in("alice");
    let mut there = other.browser();
    let at_other = |browser: &crate::browser::Browser, there: &mut crate::browser::Browser| {
        there.cookies.clone_from(&browser.cookies);
        (there.get("/me").status, there.post("/refresh").status)
    };
    // A session goes on at the other one, whose refresh is known at the first.
    let first = alice.clone();
    assert_eq!(at_other(&alice, &mut there), (200, 200));
    alice.cookies.clone_from(&there.cookies);
    assert_eq!(alice.get("/me").status, 200);

    // So is a log-out.
    let copy = alice.clone();
    assert_eq!(alice.post("/logout").status, 204);
    assert_eq!(at_other(&copy, &mut there), (401, 401));

    // And one that comes back, at whichever.
    let mut thief = one.logged_in("alice");
    let mut victim = other.browser();
    victim.cookies.clone_from(&thief.cookies);
    assert_eq!(victim.post("/refresh").status, 200);
    one.pass(time::Duration::SECOND);
    assert_eq!(thief.post("/refresh").refusal(), (401, "invalid_token".into()));
    assert_eq!((victim.get("/me").status, victim.post("/refresh").status), (401, 401));
    assert_eq!(at_other(&first, &mut there).1, 401);

    // Without its answer nobody is let in, and nobody is to blame.
    one.pass(time::Duration::SECOND);
    let mut alice = one.logged_in("alice");
    assert_eq!(alice.get("/me").status, 200);
    drop(server);
    let unavailable = (503, "temporarily_unavailable".to_owned());
    assert_eq!(alice.get("/me").refusal(), unavailable);
    assert_eq!(alice.post("/refresh").refusal(), unavailable);
    assert_eq!(alice.post("/logout").refusal(), unavailable);
    assert_eq!(alice.get("/.well-known/jwks.json").status, 200);
}
