//! The lines of a file that may hold anything, and the records in them.
//!
//! A writer that was killed, or a full disk, can leave a torn line without an end; the next record follows in the same
//! line. So a line that is no record is searched for the begin of one, which nothing else can hold.

use std::io::{self, Read};

use super::record::{BEGIN, Record};

/// The longest line that is looked at. What is longer is passed over.
pub const LONGEST: usize = 1024 * 1024;
/// The most that is read of a file. What follows is not read.
pub const MOST: u64 = 256 * 1024 * 1024;
/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// What was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Skipped {
    /// Lines that are torn, or are something else altogether.
    pub torn: u64,
    /// Lines that are too long.
    pub long: u64,
    /// Records of a later version: of a kind that is not known, or with a value that is not.
    pub unknown: u64,
    /// Bytes that were not read, since the file is too long.
    pub unread: u64,
}

impl Skipped {
    /// Whether nothing was.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Gives each record to the caller, and says what was passed over.
///
/// # Errors
/// When the file cannot be read.
pub fn records(file: impl Read, each: impl FnMut(Record)) -> io::Result<Skipped> {
    records_within(file, MOST, each)
}

fn records_within(mut file: impl Read, most: u64, mut each: impl FnMut(Record)) -> io::Result<Skipped> {
    let mut skipped = Skipped::default();
    let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK);
    let mut is_long = false;
    let mut left = most;
    loop {
        let before = buffer.len();
        let n = (&mut file).take(left.min(CHUNK as u64)).read_to_end(&mut buffer)?;
        if n == 0 {
            break;
        }
        left -= n as u64;
        let mut begin = 0;
        // What was there before holds no line end.
        while let Some(length) = buffer[begin.max(before)..].iter().position(|b| *b == b'\n') {
            let end = begin.max(before) + length;
            finish(&buffer[begin..end], &mut is_long, &mut skipped, &mut each);
            begin = end + 1;
        }
        buffer.drain(..begin);
        if buffer.len() > LONGEST {
            is_long = true;
            buffer.clear();
        }
    }
    if !buffer.is_empty() || is_long {
        finish(&buffer, &mut is_long, &mut skipped, &mut each);
    }
    Ok(skipped)
}

fn finish(line: &[u8], is_long: &mut bool, skipped: &mut Skipped, each: &mut impl FnMut(Record)) {
    if std::mem::take(is_long) || line.len() > LONGEST {
        skipped.long += 1;
    } else if !line.is_empty() {
        parse(line, skipped, each);
    }
}

/// The records in a line: one, or those behind a torn one.
fn parse(line: &[u8], skipped: &mut Skipped, each: &mut impl FnMut(Record)) {
    if let Ok(record) = Record::parse(line) {
        return each(record);
    }
    let begins = begins(line);
    let ends = begins.iter().skip(1).copied().chain([line.len()]);
    let mut is_torn = begins.first() != Some(&0) && !is_object(line);
    let mut unknown = u64::from(begins.is_empty() && !is_torn);
    for (begin, end) in begins.iter().copied().zip(ends) {
        match Record::parse(&line[begin..end]) {
            Ok(record) => each(record),
            Err(error) if error.is_data() => unknown += 1,
            Err(_) => is_torn = true,
        }
    }
    skipped.torn += u64::from(is_torn);
    skipped.unknown += unknown;
}

/// Where records begin.
fn begins(line: &[u8]) -> Vec<usize> {
    let begin = BEGIN.as_bytes();
    let is_begin = |at: &usize| line[*at..].starts_with(begin);
    (0..line.len()).filter(is_begin).collect()
}

/// Whether this is an object of another version.
fn is_object(line: &[u8]) -> bool {
    line.starts_with(br#"{"v":"#) && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::record::Note;
    use super::*;

    fn note(text: &str) -> Vec<u8> {
        Record::Note(Note { text: text.into() }).line()
    }

    fn read(bytes: &[u8]) -> (Vec<String>, Skipped) {
        let mut texts = Vec::new();
        let skipped = records(bytes, |record| match record {
            Record::Note(note) => texts.push(note.text),
            other => panic!("{other:?}"),
        });
        (texts, skipped.unwrap())
    }

    #[test]
    fn a_torn_line_does_not_spoil_the_others() {
        let (one, two, three) = (note("one"), note("two"), note("three"));
        for length in 1..one.len() - 1 {
            let torn = &one[..length];
            // At the end of the file, followed by another record, and followed by an end of its own.
            let (texts, skipped) = read(&[&*two, torn].concat());
            assert_eq!((&*texts, skipped.torn), (&["two".to_owned()][..], 1), "{length}");
            for end in [&b""[..], b"\n"] {
                let (texts, skipped) = read(&[torn, end, &two, &three].concat());
                assert_eq!((texts.join(" "), skipped.torn), ("two three".into(), 1), "{length}");
            }
            let (texts, skipped) = read(&[torn, torn, &two, &three].concat());
            assert_eq!((texts.join(" "), skipped.torn), ("two three".into(), 1), "{length}");
        }
        // Whole but for its end.
        let (texts, skipped) = read(&[&one[..one.len() - 1], &two].concat());
        assert_eq!((texts.join(" "), skipped.is_none()), ("one two".into(), true));
        assert_eq!(read(&one[..one.len() - 1]).0, ["one"]);
    }

    #[test]
    fn any_bytes_are_read() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&note("one"));
        bytes.extend_from_slice(b"\n\n\0\0\0\0");
        bytes.extend_from_slice(&note("two"));
        bytes.extend((0..=255u8).filter(|b| *b != b'\n').cycle().take(50_000));
        bytes.push(b'\n');
        bytes.extend_from_slice(b"{\"v\":1,\"kind\":\"note\",\"text\":\"\xff\"}\n");
        bytes.extend_from_slice(&note(r#"a text with {"v":1,"kind":"note","text":"x"} in it"#));
        let (texts, skipped) = read(&bytes);
        assert_eq!(texts, ["one", "two", r#"a text with {"v":1,"kind":"note","text":"x"} in it"#]);
        assert_eq!(skipped, Skipped { torn: 3, ..Skipped::default() });
        let deep = r#"{"v":1,"kind":"note","text":"x","later":"#.to_owned() + &"[".repeat(100_000);
        assert_eq!(read(deep.as_bytes()).1.torn, 1);
        let nested = BEGIN.repeat(20_000);
        assert_eq!(read(nested.as_bytes()).1.torn, 1);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let mut bytes = note("one");
        bytes.extend(std::iter::repeat_n(b'x', 5 * LONGEST));
        bytes.push(b'\n');
        bytes.extend_from_slice(&note("two"));
        bytes.extend(std::iter::repeat_n(b'{', LONGEST + 1));
        let (texts, skipped) = read(&bytes);
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(skipped, Skipped { long: 2, ..Skipped::default() });
    }

    #[test]
    fn later_versions_are_counted_as_such() {
        let lines = "{\"v\":2,\"kind\":\"note\",\"text\":\"x\"}\n\
                     {\"v\":1,\"kind\":\"later\",\"x\":{}}\n\
                     {\"v\":1,\"kind\":\"end\",\"test\":\"a\",\"pid\":1,\"start_ticks\":1,\"outcome\":\"later\",\"seconds\":1}\n";
        let (texts, skipped) = read(lines.as_bytes());
        assert_eq!((texts.len(), skipped), (0, Skipped { unknown: 3, ..Skipped::default() }));
    }

    #[test]
    fn an_endless_file_ends() {
        let most = 3 * LONGEST as u64 + 5;
        for (byte, long) in [(b'\n', 0), (b'x', 1)] {
            let skipped = records_within(io::repeat(byte), most, |record| panic!("{record:?}")).unwrap();
            assert_eq!(skipped, Skipped { long, ..Skipped::default() });
        }
        // The last record is torn then.
        let (line, mut count) = (note("x"), 0);
        let skipped = records_within(&*line.repeat(10), line.len() as u64 * 3 + 10, |_| count += 1).unwrap();
        assert_eq!((count, skipped.torn), (3, 1));
    }
}
