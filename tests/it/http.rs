//! A real HTTP server on loopback that misbehaves on demand, and a client of a few lines.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use symbolon::{Error, ErrorKind, Fetch, FetchRequest, Fetched};

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// 200 with this type, these further header lines and this body.
    Ok { content_type: &'static str, headers: String, body: String },
    /// This status, whose body is a good set's all the same.
    Status(u16, String),
    /// Less than was announced, by its length or in chunks.
    Cut { chunked: bool, body: String },
    /// A byte now and then, for ever.
    Drip,
    /// Nothing at all for so long, then another answer.
    After(Duration, Box<Self>),
    /// More and more, without an announced end.
    Flood,
    /// The connection is closed before anything is said.
    Close,
    /// No HTTP.
    Noise,
}

impl Answer {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::Ok { content_type: "application/json", headers: String::new(), body: body.into() }
    }

    pub(crate) fn with_header(self, line: &str) -> Self {
        match self {
            Self::Ok { content_type, headers, body } => {
                Self::Ok { content_type, headers: format!("{headers}{line}\r\n"), body }
            }
            other => other,
        }
    }
}

/// What stands where, and how often it was asked for.
#[derive(Default)]
struct Site {
    answers: HashMap<String, Answer>,
    asked: HashMap<String, usize>,
}

pub(crate) struct Server {
    address: SocketAddr,
    site: Arc<Mutex<Site>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (site, stop) = (Arc::new(Mutex::new(Site::default())), Arc::new(AtomicBool::new(false)));
        let (its_site, its_stop) = (Arc::clone(&site), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if its_stop.load(Ordering::Relaxed) {
                    break;
                }
                let (site, stop) = (Arc::clone(&its_site), Arc::clone(&its_stop));
                // A client that goes away is no failure of the server's.
                std::thread::spawn(move || drop(serve(&stream.unwrap(), &site, &stop)));
            }
        });
        Self { address, site, stop }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn put(&self, path: &str, answer: Answer) {
        self.site.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// How often `path` was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.site.lock().unwrap().asked.get(path).copied().unwrap_or(0)
    }

    /// Waits until `path` was asked for so often.
    pub(crate) fn wait_for(&self, path: &str, times: usize) {
        for _ in 0..2_000 {
            if self.asked(path) >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{path} was asked for {} times, not {times}", self.asked(path));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // So that it looks.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, site: &Mutex<Site>, stop: &AtomicBool) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let answer = {
        let mut site = site.lock().unwrap();
        *site.asked.entry(path.clone()).or_default() += 1;
        site.answers.get(&path).cloned()
    };
    reply(stream, answer.unwrap_or_else(|| Answer::Status(404, String::new())), stop)
}

fn reply(mut stream: &TcpStream, answer: Answer, stop: &AtomicBool) -> std::io::Result<()> {
    const HEAD: &str = "Connection: close\r\nContent-Type: application/json\r\n";
    match answer {
        Answer::Ok { content_type, headers, body } => {
            let content_type = match content_type {
                "" => String::new(),
                some => format!("Content-Type: {some}\r\n"),
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n{content_type}{headers}Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
        }
        Answer::Status(status, body) => write!(
            stream,
            "HTTP/1.1 {status} X\r\n{HEAD}Location: /moved\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        Answer::Cut { chunked: false, body } => {
            write!(stream, "HTTP/1.1 200 OK\r\n{HEAD}Content-Length: {}\r\n\r\n{body}", body.len() + 1)
        }
        Answer::Cut { chunked: true, body } => write!(
            stream,
            "HTTP/1.1 200 OK\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
            body.len()
        ),
        Answer::Drip => {
            write!(stream, "HTTP/1.1 200 OK\r\n{HEAD}\r\n{{")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Answer::After(wait, then) => {
            std::thread::sleep(wait);
            reply(stream, *then, stop)
        }
        Answer::Flood => {
            write!(stream, "HTTP/1.1 200 OK\r\n{HEAD}\r\n{{\"keys\":[")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(&[b' '; 65_536])?;
            }
            Ok(())
        }
        Answer::Close => Ok(()),
        Answer::Noise => stream.write_all(b"\x00\x01 this is no HTTP \xff\r\n\r\n"),
    }
}

/// Enough of HTTP/1.1 to read what the server above writes, within the bounds of the request.
pub(crate) struct PlainFetch;

impl Fetch for PlainFetch {
    fn fetch(&self, request: &FetchRequest) -> Result<Fetched, Error> {
        let failed = |why: &'static str| Error::new(ErrorKind::KeysUnavailable, why);
        let end = std::time::Instant::now() + request.timeout();
        let rest = request.url().strip_prefix("http://").ok_or_else(|| failed("not http"))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut stream = TcpStream::connect(host).map_err(|_| failed("no connection"))?;
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAccept: {}\r\n\r\n",
            FetchRequest::ACCEPT
        )
        .map_err(|_| failed("not sent"))?;
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let left = end.checked_duration_since(std::time::Instant::now());
            let left = left.filter(|left| !left.is_zero()).ok_or_else(|| failed("no answer in time"))?;
            stream.set_read_timeout(Some(left)).unwrap();
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(len) => text.extend_from_slice(&piece[..len]),
                Err(_) => return Err(failed("no answer in time")),
            }
            if text.len() > request.max_len() + 8192 {
                return Err(failed("the answer is too long"));
            }
        }
        read(&text).ok_or_else(|| failed("the answer broke off, or is no HTTP"))
    }
}

fn read(text: &[u8]) -> Option<Fetched> {
    let end = text.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&text[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let header = |name: &str| {
        head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let mut body = &text[end + 4..];
    let whole;
    if let Some(len) = header("content-length") {
        body = body.get(..len.parse().ok()?)?;
    } else if header("transfer-encoding").is_some() {
        let mut joined = Vec::new();
        loop {
            let line = body.windows(2).position(|two| two == b"\r\n")?;
            let len = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?, 16).ok()?;
            joined.extend_from_slice(body.get(line + 2..line + 2 + len)?);
            body = body.get(line + 4 + len..)?;
            if len == 0 {
                break;
            }
        }
        whole = joined;
        body = &whole;
    }
    Some(
        Fetched::new(status, body)
            .with_content_type(header("content-type").as_deref())
            .with_cache_control(header("cache-control").as_deref())
            .with_age(header("age").as_deref()),
    )
}
