//! Marks in Redis, for a service of many instances: its protocol (RESP2) over TCP, as far as needed.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{RevocationKey, RevocationStore, unknown};
use crate::error::{Error, ErrorKind, Result};

/// How many connections are kept for the next time.
const MAX_IDLE: usize = 8;

/// The most bytes that one line of an answer may have.
const MAX_LINE: usize = 512;

/// Keeps the larger mark and the later end: `KEYS[1]`, mark, end (Unix seconds, 0 for none).
const MARK: &str = "\
local there, mark, ends = redis.call('GET', KEYS[1]), ARGV[1], tonumber(ARGV[2]) \
if there then \
  if tonumber(there) > tonumber(mark) then mark = there end \
  local left = redis.call('TTL', KEYS[1]) \
  if left < 0 or ends == 0 then ends = 0 \
  else ends = math.max(ends, tonumber(redis.call('TIME')[1]) + left) end \
end \
redis.call('SET', KEYS[1], mark) \
if ends > 0 then redis.call('EXPIREAT', KEYS[1], ends) end \
return 1";

/// 1 where nothing stood there: `KEYS[1]`, end.
const MARK_ONCE: &str = "\
if not redis.call('SET', KEYS[1], '0', 'NX') then return 0 end \
if ARGV[1] ~= '0' then redis.call('EXPIREAT', KEYS[1], ARGV[1]) end \
return 1";

/// Remembers in a Redis server (5 or newer, or one that speaks as it does), which forgets by itself
/// what is over.
///
/// Configure the server so that it evicts nothing (`maxmemory-policy noeviction`) and writes what it
/// takes to disk: a mark that is lost revives a token. A replica that lags behind answers late.
///
/// It blocks its thread for a round trip, keeps up to 8 idle connections, and fails rather than
/// waits longer than its time limit. It speaks TCP without TLS, to one server: for another set-up
/// implement [`RevocationStore`] with a client of that.
///
/// ```
/// use symbolon::{RedisRevocations, Revocations};
///
/// let store = RedisRevocations::new("127.0.0.1:6379").prefix("shop:");
/// let revoked = Revocations::new(store); // connects when first asked
/// ```
pub struct RedisRevocations {
    address: String,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
    database: u32,
    prefix: String,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl RedisRevocations {
    /// At `address`, as `host:port`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            user: None,
            password: None,
            database: 0,
            prefix: "symbolon:".to_owned(),
            timeout: Duration::from_millis(500),
            idle: Mutex::default(),
        }
    }

    /// Logs in with `password`, which crosses the network as it is.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Zeroizing::new(password.into()));
        self
    }

    /// Logs in as `user`, with the password.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Uses the database of this number instead of 0.
    #[must_use]
    pub const fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// What keys begin with; `symbolon:` unless said otherwise.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long connecting may take, and how long a question; half a second each unless said
    /// otherwise, and a millisecond at least.
    #[must_use]
    pub fn timeout(mut self, timeout: time::Duration) -> Self {
        self.timeout = timeout.max(time::Duration::MILLISECOND).unsigned_abs();
        self
    }

    fn key(&self, key: &RevocationKey) -> String {
        format!("{}{}", self.prefix, key.to_base64url())
    }

    fn ask(&self, words: &[&str]) -> Result<Answer> {
        let mut connection = match self.reuse() {
            Some(idle) => idle,
            None => self.connect()?,
        };
        let answer = connection.ask(words, self.timeout)?;
        // One that failed is dropped: whatever it still says would be taken for the next answer.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        drop(idle);
        answer.checked()
    }

    /// An idle connection that the server has not closed since.
    fn reuse(&self) -> Option<Connection> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if idle.is_quiet() {
                return Some(idle);
            }
        }
    }

    fn connect(&self) -> Result<Connection> {
        let addresses = self.address.to_socket_addrs().map_err(|_| unknown("Redis: no such host"))?;
        let mut streams =
            addresses.filter_map(|address| TcpStream::connect_timeout(&address, self.timeout).ok());
        let stream = streams.next().ok_or_else(|| unknown("Redis: no connection"))?;
        let _ = stream.set_nodelay(true);
        let mut connection = Connection { stream: BufReader::new(stream) };
        if let Some(password) = &self.password {
            let words: Vec<&str> =
                ["AUTH"].into_iter().chain(self.user.as_deref()).chain([password.as_str()]).collect();
            connection.ask(&words, self.timeout)?.checked()?;
        }
        if self.database != 0 {
            connection.ask(&["SELECT", &self.database.to_string()], self.timeout)?.checked()?;
        }
        Ok(connection)
    }
}

impl RevocationStore for RedisRevocations {
    fn mark(&self, key: &RevocationKey, mark: i64, until: Option<OffsetDateTime>) -> Result<()> {
        let answer = self.ask(&["EVAL", MARK, "1", &self.key(key), &mark.to_string(), &end(until)])?;
        if answer == Answer::Integer(1) { Ok(()) } else { Err(confused()) }
    }

    fn mark_once(&self, key: &RevocationKey, until: Option<OffsetDateTime>) -> Result<bool> {
        match self.ask(&["EVAL", MARK_ONCE, "1", &self.key(key), &end(until)])? {
            Answer::Integer(1) => Ok(true),
            Answer::Integer(0) => Ok(false),
            _ => Err(confused()),
        }
    }

    fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>> {
        let keys: Vec<String> = keys.iter().map(|key| self.key(key)).collect();
        let words: Vec<&str> = ["MGET"].into_iter().chain(keys.iter().map(String::as_str)).collect();
        let Answer::Array(marks) = self.ask(&words)? else { return Err(confused()) };
        if marks.len() != keys.len() {
            return Err(confused());
        }
        let mark = |answer: Answer| match answer {
            Answer::Nothing => Ok(None),
            Answer::Text(text) => text.parse().map(Some).map_err(|_| confused()),
            _ => Err(confused()),
        };
        marks.into_iter().map(mark).collect()
    }
}

/// The end in Unix seconds. What ended long ago is as good as ended at second 1; 0 stands for never.
fn end(until: Option<OffsetDateTime>) -> String {
    until.map_or(0, |until| until.unix_timestamp().max(1)).to_string()
}

fn confused() -> Error {
    unknown("Redis: an answer that makes no sense")
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Text(String),
    Integer(i64),
    Nothing,
    Array(Vec<Self>),
    /// The first word of an error.
    Refusal(String),
}

impl Answer {
    fn checked(self) -> Result<Self> {
        match self {
            Self::Refusal(word) => {
                Err(Error::new(ErrorKind::RevocationUnknown, format!("Redis answers {word}")))
            }
            other => Ok(other),
        }
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Whether nothing came that nobody asked for, such as its end.
    fn is_quiet(&self) -> bool {
        let stream = self.stream.get_ref();
        let nothing = |result: std::io::Result<usize>| {
            result.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
        };
        self.stream.buffer().is_empty()
            && stream.set_nonblocking(true).is_ok()
            && nothing(stream.peek(&mut [0]))
            && stream.set_nonblocking(false).is_ok()
    }

    fn ask(&mut self, words: &[&str], timeout: Duration) -> Result<Answer> {
        let mut text = Zeroizing::new(Vec::with_capacity(1024));
        // Writing to memory cannot fail.
        let _ = write!(text, "*{}\r\n", words.len());
        for word in words {
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        let deadline = Instant::now().checked_add(timeout);
        let failed = |_| unknown("Redis: no answer in time");
        self.stream.get_ref().set_write_timeout(Some(timeout)).map_err(failed)?;
        self.stream.get_mut().write_all(&text).map_err(failed)?;
        self.read(deadline, true)
    }

    fn read(&mut self, deadline: Option<Instant>, outermost: bool) -> Result<Answer> {
        const MOST: i64 = 64;

        let line = self.line(deadline)?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(confused)?;
        let number = || rest.parse::<i64>().map_err(|_| confused());
        match kind {
            "+" => Ok(Answer::Text(rest.to_owned())),
            "-" => {
                let word = rest.split(' ').next().unwrap_or_default();
                let plain = word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_uppercase());
                Ok(Answer::Refusal(if plain { word } else { "an error" }.to_owned()))
            }
            ":" => number().map(Answer::Integer),
            "$" | "*" if number()? == -1 => Ok(Answer::Nothing),
            // Marks are short: the line that follows is all of one.
            "$" => {
                let text = self.line(deadline)?;
                let whole =
                    i64::try_from(text.len()).is_ok_and(|len| number().is_ok_and(|due| due == len));
                if whole { Ok(Answer::Text(text)) } else { Err(confused()) }
            }
            "*" if outermost && (0..=MOST).contains(&number()?) => {
                let elements = (0..number()?).map(|_| self.read(deadline, false));
                elements.collect::<Result<_>>().map(Answer::Array)
            }
            _ => Err(confused()),
        }
    }

    fn line(&mut self, deadline: Option<Instant>) -> Result<String> {
        let late = || unknown("Redis: no answer in time");
        let mut line = Vec::new();
        loop {
            let left = deadline.and_then(|deadline| deadline.checked_duration_since(Instant::now()));
            let left = left.filter(|left| !left.is_zero()).ok_or_else(late)?;
            self.stream.get_ref().set_read_timeout(Some(left)).map_err(|_| late())?;
            let piece = self.stream.fill_buf().map_err(|_| late())?;
            if piece.is_empty() {
                return Err(unknown("Redis: the connection was closed"));
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let len = end.map_or(piece.len(), |end| end.saturating_add(1));
            line.extend_from_slice(piece.get(..len).unwrap_or_default());
            self.stream.consume(len);
            if line.len() > MAX_LINE {
                return Err(confused());
            }
            if end.is_some() {
                let text = String::from_utf8(line).map_err(|_| confused())?;
                return text.strip_suffix("\r\n").map(Into::into).ok_or_else(confused);
            }
        }
    }
}

impl fmt::Debug for RedisRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRevocations")
            .field("address", &self.address)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
