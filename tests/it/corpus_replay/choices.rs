//! Decisions read off an input, for targets that build what they judge.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Reads an input from its front; all bytes behind its end are zero.
pub struct Choices<'d>(&'d [u8]);

impl<'d> Choices<'d> {
    pub fn of(data: &'d [u8]) -> Self {
        Self(data)
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn number(&mut self) -> u32 {
        u32::from_be_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A place in what has `len` places, one or more.
    pub fn place(&mut self, len: usize) -> usize {
        let number = if len > 256 { self.number() as usize } else { usize::from(self.byte()) };
        number % len
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.place(from.len())]
    }

    /// Up to 255 bytes, as many as the first of them says.
    pub fn bytes(&mut self) -> &'d [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    pub fn rest(self) -> &'d [u8] {
        self.0
    }
}

/// Changes `bytes` somewhere; by chance they may stay as they were.
fn damage(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let how = choices.byte();
    let (at, byte) = (choices.place(bytes.len() + 1), choices.byte());
    match how % 6 {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, byte),
        2 => bytes.extend_from_within(at..),
        3 if at < bytes.len() => drop(bytes.remove(at)),
        4 => bytes.rotate_left(at),
        _ if at < bytes.len() => bytes[at] ^= byte,
        _ => {}
    }
}

/// `text` with one change, in its letters or in what they encode; none where it stayed as it was.
pub fn damaged(text: &str, choices: &mut Choices<'_>) -> Option<String> {
    /// Letters that mean something to one parser or another.
    const LETTERS: [char; 16] =
        ['A', 'B', 'z', '9', '-', '_', '+', '/', '=', '.', ' ', '\n', '"', '{', '\0', '\u{e9}'];

    let decoded = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| choices.flag());
    let changed = if let Some(mut bytes) = decoded {
        damage(&mut bytes, choices);
        URL_SAFE_NO_PAD.encode(bytes)
    } else {
        let mut letters: Vec<char> = text.chars().collect();
        let how = choices.byte();
        let (at, letter) = (choices.place(letters.len() + 1), *choices.pick(&LETTERS));
        match how % 5 {
            0 => letters.truncate(at),
            1 if at < letters.len() => drop(letters.remove(at)),
            2 | 3 if at < letters.len() => letters[at] = letter,
            _ => letters.insert(at, letter),
        }
        letters.into_iter().collect()
    };
    (changed != text).then_some(changed)
}

/// Changes one text or number in `json`, or takes it out; says where (a pointer of RFC 6901), if it
/// changed anything.
pub fn damage_json(json: &mut Value, choices: &mut Choices<'_>) -> Option<String> {
    let mut leaves = Vec::new();
    find_leaves(json, "", &mut leaves);
    let place = choices.pick(&leaves).clone();
    let other = json.pointer(choices.pick::<String>(&leaves)).cloned()?;
    let (parent, name) = place.rsplit_once('/')?;
    let leaf = json.pointer_mut(&place)?;
    let before = leaf.clone();
    match (choices.byte() % 8, &mut *leaf) {
        (0, _) => {
            json.pointer_mut(parent)?.as_object_mut()?.remove(name)?;
            return Some(place);
        }
        (1, leaf) => *leaf = Value::Null,
        (2, leaf) => *leaf = other,
        (3, leaf) => *leaf = Value::Array(vec![leaf.clone()]),
        (_, Value::String(text)) => *text = damaged(text, choices)?,
        (_, leaf) => *leaf = (u64::from(choices.number())).into(),
    }
    (*leaf != before).then_some(place)
}

fn find_leaves(json: &Value, place: &str, leaves: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, value)| find_leaves(value, &format!("{place}/{name}"), leaves));
        }
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            elements.for_each(|(index, value)| find_leaves(value, &format!("{place}/{index}"), leaves));
        }
        _ => leaves.push(place.to_owned()),
    }
}
