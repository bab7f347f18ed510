//! Keys in a file: who may read it, what is left when a process dies, and several processes that share
//! it. Processes are this binary itself, told by its environment to run just one of these tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration as Real, Instant, SystemTime, UNIX_EPOCH};

use symbolon::rotation::{FileStore, KeySchedule, KeyStore, Replaced, RotationPolicy, Rotator};
use symbolon::{Clock, Error, ErrorKind, Fault, JwsAlg};
use time::{Duration, OffsetDateTime};

use crate::rotation::TestClock;
use crate::support::{NOW, at, kind};

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("symbolon-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in a temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn policy() -> RotationPolicy {
    RotationPolicy::every(Duration::DAY).publish_ahead(Duration::ZERO).keep_newest(3)
}

fn open(path: &Path) -> Result<Rotator, Error> {
    Rotator::builder(JwsAlg::EDDSA, policy()).clock(TestClock::new(NOW)).open(FileStore::new(path))
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn keys_outlive_the_process() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let store = FileStore::new(&path);
    assert!(store.load().unwrap().is_none());
    assert_eq!(store.path(), path);

    let rotator = open(&path).unwrap();
    rotator.rotate().unwrap();
    assert_eq!(open(&path).unwrap().schedule(), rotator.schedule());
    assert_eq!(KeySchedule::from_json(fs::read(&path).unwrap()).unwrap(), *rotator.schedule());
    assert_eq!(folder.names(), ["keys.json", "keys.json.lock"].map(String::from).into());
}

#[test]
fn just_what_was_seen_is_replaced() {
    let folder = Folder::new();
    let store = FileStore::new(folder.join("keys"));
    let Replaced::Done(one) = store.replace("one", None).unwrap() else { panic!() };
    assert_eq!(store.replace("other", None).unwrap(), Replaced::Conflict);
    let Replaced::Done(two) = store.replace("two", Some(&one)).unwrap() else { panic!() };
    assert_eq!(store.replace("other", Some(&one)).unwrap(), Replaced::Conflict);
    let found = store.load().unwrap().unwrap();
    assert_eq!((found.text(), found.version()), ("two", &two));
    fs::remove_file(store.path()).unwrap();
    assert_eq!(store.replace("other", Some(&two)).unwrap(), Replaced::Conflict);
    assert!(store.load().unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let rotator = open(&path).unwrap();
    for name in folder.names() {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
    for wrong in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777] {
        set_mode(&path, wrong);
        let before = fs::read(&path).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::ExposedKeyStore, Fault::Caller));
        assert!(error.to_string().contains(&format!("{wrong:o}")), "{error}");
        assert_eq!(kind(rotator.refresh()), Some(ErrorKind::ExposedKeyStore));
        assert_eq!(kind(rotator.rotate()), Some(ErrorKind::ExposedKeyStore));
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(rotator.keys().load().len(), 1);
    }
    for fine in [0o600, 0o400, 0o700] {
        set_mode(&path, fine);
        assert!(rotator.refresh().is_ok(), "{fine:o}");
    }
    rotator.rotate().unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[cfg(unix)]
#[test]
fn what_a_dead_writer_left_behind_does_no_harm() {
    let folder = Folder::new();
    let (path, leftover) = (folder.join("keys.json"), folder.join("keys.json.tmp"));
    // Before there are keys, and after; cut short, whole, of someone else's making, read by all.
    for round in 0..3 {
        for text in ["", r#"{"format":"symb"#, "garbage"] {
            fs::write(&leftover, text).unwrap();
            set_mode(&leftover, 0o644);
            let rotator = open(&path).unwrap();
            let before = rotator.schedule();
            rotator.rotate().unwrap();
            assert_ne!(rotator.schedule(), before);
            assert_eq!(mode(&path), 0o600);
            assert!(!leftover.exists(), "round {round}");
        }
    }
    // A whole one that was not yet renamed: it never was.
    let rotator = open(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    rotator.rotate().unwrap();
    fs::write(&leftover, whole).unwrap();
    assert_eq!(open(&path).unwrap().schedule(), rotator.schedule());
    // One that cannot be taken away stops the writer, who says so; readers go on.
    fs::remove_file(&leftover).unwrap();
    fs::create_dir(&leftover).unwrap();
    let error = rotator.rotate().unwrap_err();
    assert_eq!((error.kind(), error.fault()), (ErrorKind::KeyStore, Fault::Environment));
    assert!(open(&path).is_ok());
}

#[test]
fn a_file_that_is_damaged_or_none_is_an_error_and_stays() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let rotator = open(&path).unwrap();
    let good = fs::read(&path).unwrap();
    // Written in place, so that the mode stays.
    let write =
        |bytes: &[u8]| File::options().write(true).truncate(true).open(&path).unwrap().write_all(bytes);
    let huge = vec![b' '; 3 * 1024 * 1024];
    let cuts = (0..good.len()).map(|end| good[..end].to_vec());
    let others = [b"garbage".to_vec(), vec![0xff; 100], huge, [&good[..], b"x"].concat()];
    let mut run = 0;
    for wrong in cuts.chain(others) {
        write(&wrong).unwrap();
        let error = open(&path).unwrap_err();
        assert_eq!((error.kind(), error.fault()), (ErrorKind::DamagedKeyStore, Fault::Environment));
        assert_eq!(kind(rotator.rotate()), Some(ErrorKind::DamagedKeyStore));
        assert_eq!(fs::read(&path).unwrap(), wrong, "it is left for whoever mends it");
        assert_eq!(rotator.keys().load().len(), 1);
        run += 1;
    }
    println!("damaged files: {run} run");
    write(&good).unwrap();
    rotator.rotate().unwrap();

    fs::remove_file(&path).unwrap();
    assert_eq!(kind(rotator.refresh()), Some(ErrorKind::KeyStore), "gone is not empty");
    fs::create_dir(&path).unwrap();
    assert_eq!(kind(open(&path)), Some(ErrorKind::KeyStore));
    let nowhere = open(&folder.join("no/such/folder/keys.json")).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::KeyStore);
    assert!(std::error::Error::source(&nowhere).is_some());
    assert!(nowhere.to_string().contains("keys.json"), "{nowhere}");
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_rather_than_replaced() {
    let folder = Folder::new();
    let (path, link) = (folder.join("keys.json"), folder.join("link.json"));
    open(&path).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(kind(open(&link)), Some(ErrorKind::KeyStore));
    assert!(link.is_symlink());
}

#[test]
fn a_writer_waits_for_another_and_a_reader_does_not() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let rotator = open(&path).unwrap();
    let lock = File::options().write(true).open(folder.join("keys.json.lock")).unwrap();
    lock.lock().unwrap();
    let held = Real::from_millis(300);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| rotator.rotate().map(|_| began.elapsed()));
        open(&path).unwrap();
        std::thread::sleep(held.saturating_sub(began.elapsed()));
        lock.unlock().unwrap();
        assert!(writer.join().unwrap().unwrap() >= held);
    });
}

/// This binary once more, to run one test that is ignored otherwise.
fn process(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", &format!("key_file::{test}")]);
    command.env("SYMBOLON_TEST_KEY_FILE", path);
    command
}

fn own_path() -> PathBuf {
    std::env::var_os("SYMBOLON_TEST_KEY_FILE").expect("other tests run this one").into()
}

#[test]
#[ignore = "a process of processes_that_share_a_file_agree_on_one_key_a_period"]
fn process_that_ticks() {
    /// A second in a millisecond.
    struct Fast(u128);
    impl Fast {
        fn millis() -> u128 {
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
        }
    }
    impl Clock for Fast {
        fn now(&self) -> OffsetDateTime {
            at(NOW + (Self::millis() - self.0) as i64)
        }
    }

    let begin = std::env::var("SYMBOLON_TEST_BEGIN").unwrap().parse().unwrap();
    let policy = RotationPolicy::every(Duration::seconds(PERIOD))
        .publish_ahead(Duration::seconds(PERIOD / 2))
        .keep_for(Duration::seconds(2 * PERIOD));
    let rotator = Rotator::builder(JwsAlg::EDDSA, policy)
        .clock(Fast(begin))
        .open(FileStore::new(own_path()))
        .unwrap();
    let mut out = std::io::stdout().lock();
    while Fast::millis() - begin < 2500 {
        rotator.refresh().unwrap();
        for record in rotator.schedule().records() {
            let begin = record.not_before().unix_timestamp();
            writeln!(out, "key {} {begin}", record.kid()).unwrap();
        }
    }
    writeln!(out, "done").unwrap();
}

const PERIOD: i64 = 100;

#[test]
fn processes_that_share_a_file_agree_on_one_key_a_period() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let children: Vec<Child> = (0..4)
        .map(|_| {
            let mut command = process("process_that_ticks", &path);
            command.env("SYMBOLON_TEST_BEGIN", begin.to_string()).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    // Drained side by side, so that none of them waits for room to write.
    let readers: Vec<_> = children
        .into_iter()
        .map(|mut child| {
            std::thread::spawn(move || {
                let mut text = String::new();
                child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
                assert!(child.wait().unwrap().success(), "{text}");
                text
            })
        })
        .collect();
    let mut begins = BTreeMap::new();
    let mut seen = Vec::new();
    for reader in readers {
        let text = reader.join().unwrap();
        assert!(text.contains("done"), "{text}");
        let mut own = BTreeSet::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("key ")) {
            let (kid, begin) = line.split_once(' ').unwrap();
            let begin: i64 = begin.parse().unwrap();
            let known = begins.insert(kid.to_owned(), begin);
            assert!(known.is_none_or(|known| known == begin), "{kid} begins at two times");
            own.insert(kid.to_owned());
        }
        seen.push(own.len());
    }
    let mut sorted: Vec<_> = begins.values().copied().collect();
    sorted.sort_unstable();
    println!("{} keys in {} s of theirs; each process saw {seen:?}", sorted.len(), 2500);
    assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= PERIOD), "{sorted:?}");
    assert!(sorted.len() >= 5 && sorted.len() <= 27, "{sorted:?}");
    assert!(
        seen.iter().filter(|own| **own >= 3).count() >= 2,
        "they did not run side by side: {seen:?}"
    );
    KeySchedule::from_json(fs::read(&path).unwrap()).unwrap();
}

#[test]
#[ignore = "a process of a_process_that_is_killed_at_any_point_damages_nothing"]
fn process_that_writes_until_it_is_killed() {
    let rotator = open(&own_path()).unwrap();
    // Its parent kills it; without one it ends by itself.
    for _ in 0..100_000 {
        rotator.rotate().unwrap();
        println!("written");
    }
}

#[test]
fn a_process_that_is_killed_at_any_point_damages_nothing() {
    let folder = Folder::new();
    let path = folder.join("keys.json");
    let (mut leftovers, mut before) = (0, None);
    for round in 0..25_u64 {
        let mut child = process("process_that_writes_until_it_is_killed", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut written = lines.filter(|line| line.as_ref().unwrap().contains("written"));
        for _ in 0..=round % 3 {
            written.next().unwrap().unwrap();
        }
        // Somewhere in what it writes next.
        std::thread::sleep(Real::from_micros(round * 977 % 6_000));
        child.kill().unwrap();
        child.wait().unwrap();

        leftovers += usize::from(folder.join("keys.json.tmp").exists());
        let schedule = KeySchedule::from_json(fs::read(&path).unwrap()).unwrap();
        assert_ne!(before, Some(schedule.clone()), "it had written");
        // The lock has died with its owner.
        let began = Instant::now();
        let rotator = open(&path).unwrap();
        assert_eq!(*rotator.schedule(), schedule);
        rotator.rotate().unwrap();
        assert!(began.elapsed() < Real::from_secs(5), "it waited for a dead process");
        before = Some(KeySchedule::clone(&rotator.schedule()));
    }
    println!("25 processes killed, {leftovers} of them in the midst of writing");
}
