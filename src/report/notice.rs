//! The stable lines on standard error for a hang and a leak, for people and for `grep`.
//!
//! ```text
//! hailo-harness: hang in test <test>, phase <phase>, call <call>: <summary>
//! hailo-harness: leak <kind> "<what>" in <worker|test> of test <test>, <place>, <verdict>: <reason>
//! ```
//!
//! The call, the place and the reason are left out together with the word or the comma before where there is none. The
//! verdict is `fails the test`, `warning` or `ignored`. Each is one line without control characters, of at most
//! [`LONGEST`] characters; what is cut ends in `…`, and quotes in a name become `'`. The order and the words do not
//! change within version 1 of the ledger; more can follow at the end.

use super::cut::{shown, shown_within};
use super::record::{Leak, Side, Verdict};

/// The longest line, in characters.
pub const LONGEST: usize = 1000;
/// The longest name in it, so that one does not crowd the others out.
const LONGEST_NAME: usize = 200;

/// The line for a hang.
///
/// ```text
/// hailo-harness: hang in test corpus::long, phase infer, call hailo_vstream_read_raw_buffer: no answer in 30 s
/// ```
pub fn hang_line(test: &str, phase: &str, call: Option<&str>, summary: &str) -> String {
    let call = call.map_or_else(String::new, |call| format!(", call {}", name(call)));
    let line = format!(
        "hailo-harness: hang in test {}, phase {}{call}: {}",
        name(test),
        name(phase),
        shown_within(summary, LONGEST)
    );
    shown_within(&line, LONGEST)
}

/// The line for a leak.
///
/// ```text
/// hailo-harness: leak thread "hailort-leaked" in worker of test a::b, sits in hang_forever, fails the test
/// ```
pub fn leak_line(leak: &Leak) -> String {
    let place = leak.place.as_deref().map_or_else(String::new, |place| format!(", {}", name(place)));
    let reason =
        leak.reason.as_deref().map_or_else(String::new, |r| format!(": {}", shown_within(r, LONGEST)));
    let line = format!(
        "hailo-harness: leak {} \"{}\" in {} of test {}{place}, {}{reason}",
        name(&leak.leak_kind),
        name(&leak.what).replace('"', "'"),
        side(leak.side),
        name(&leak.test),
        verdict(leak.verdict),
    );
    shown_within(&line, LONGEST)
}

pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Worker => "worker",
        Side::Test => "test",
    }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "fails the test",
        Verdict::Warn => "warning",
        Verdict::Ignored => "ignored",
    }
}

fn name(text: &str) -> String {
    shown(&shown_within(text, LONGEST_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leak(text: &str) -> Leak {
        Leak {
            test: text.into(),
            pid: 1,
            side: Side::Worker,
            leak_kind: text.into(),
            what: text.into(),
            place: Some(text.into()),
            verdict: Verdict::Ignored,
            reason: Some(text.into()),
        }
    }

    #[test]
    fn the_text_is_stable() {
        assert_eq!(
            hang_line(
                "corpus::long",
                "infer",
                Some("hailo_vstream_read_raw_buffer"),
                "no answer in 30 s, killed"
            ),
            "hailo-harness: hang in test corpus::long, phase infer, call hailo_vstream_read_raw_buffer: \
             no answer in 30 s, killed"
        );
        assert_eq!(
            hang_line("a", "open", None, "no answer"),
            "hailo-harness: hang in test a, phase open: no answer"
        );
        let mut leak = Leak {
            test: "a::b".into(),
            leak_kind: "thread".into(),
            what: "hailort-leaked".into(),
            place: Some("sits in hang_forever".into()),
            verdict: Verdict::Fail,
            reason: None,
            ..leak("")
        };
        assert_eq!(
            leak_line(&leak),
            "hailo-harness: leak thread \"hailort-leaked\" in worker of test a::b, sits in hang_forever, fails the test"
        );
        (leak.side, leak.place, leak.verdict) = (Side::Test, None, Verdict::Warn);
        leak.what = "a \"name\"".into();
        assert_eq!(leak_line(&leak), "hailo-harness: leak thread \"a 'name'\" in test of test a::b, warning");
        (leak.verdict, leak.reason) = (Verdict::Ignored, Some("it was there before".into()));
        assert_eq!(
            leak_line(&leak),
            "hailo-harness: leak thread \"a 'name'\" in test of test a::b, ignored: it was there before"
        );
    }

    #[test]
    fn hostile_texts_make_one_short_line_with_all_of_its_parts() {
        for text in ["\n".repeat(5000), "\u{1b}[2J\r\n".repeat(5000), "\u{202e}\u{2028}é".repeat(5000)] {
            let hang = hang_line(&text, &text, Some(&text), &text);
            let leak = leak_line(&leak(&text));
            assert!(
                hang.starts_with("hailo-harness: hang ")
                    && hang.contains(", phase ")
                    && hang.contains(", call ")
            );
            assert!(leak.starts_with("hailo-harness: leak ") && leak.contains(" in worker of test "));
            for line in [hang, leak] {
                assert!(line.chars().count() <= LONGEST, "{}", line.chars().count());
                assert!(
                    !line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}')),
                    "{line}"
                );
                assert!(line.ends_with('…'));
            }
        }
    }
}
