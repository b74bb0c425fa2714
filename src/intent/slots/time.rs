//! A time of day: `sept heures`, `7h15`, `21:30`, `huit heures moins le quart`, `midi`, `huit heures du soir`.

use std::fmt;

use super::{follows, word};
use crate::text::numbers::{digits, leading_number};

const DAY: u64 = 24 * 60;
const NOON: u64 = 12 * 60;

/// A time of day, printed as `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    minutes: u64,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// The time that `words` begin with, and how many words it takes.
///
/// A number without `heures` is an hour. Twelve-hour times are taken as they are said: only `du soir` and
/// `de l'après-midi` make them later.
pub(crate) fn read(words: &[&str]) -> Option<(Clock, usize)> {
    let (hour, used) = hour(words)?;
    let (mut minutes, used) = match hour {
        Hour::Whole(hour) => past(words, hour * 60, used)?,
        Hour::Exact(minutes) => (minutes, used),
    };
    let (half, used) = half_of_day(words, used + usize::from(word(words, used) == "pile"));
    if half == Half::Evening && minutes < NOON {
        minutes += NOON;
    }
    Some((Clock { minutes: minutes % DAY }, used))
}

enum Hour {
    /// An hour that minutes may follow.
    Whole(u64),
    /// Minutes since midnight.
    Exact(u64),
}

fn hour(words: &[&str]) -> Option<(Hour, usize)> {
    let first = word(words, 0);
    match first {
        "midi" => return Some((Hour::Whole(12), 1)),
        "minuit" => return Some((Hour::Whole(0), 1)),
        _ => {}
    }
    if let Some((hour, minute)) = first.split_once(['h', ':'])
        && first.starts_with(|c: char| c.is_ascii_digit())
    {
        let hour = digits(hour).filter(|hour| *hour <= 24)?;
        if minute.is_empty() {
            return Some((Hour::Whole(hour), 1));
        }
        let minute = digits(minute).filter(|minute| *minute < 60)?;
        return Some((Hour::Exact(hour * 60 + minute), 1));
    }
    let (hour, used) = leading_number(words)?;
    let unit = usize::from(matches!(word(words, used), "heure" | "heures" | "h"));
    (hour <= 24).then_some((Hour::Whole(hour), used + unit))
}

/// The minutes that follow an hour: `trente`, `et quart`, `et demie`, `moins le quart`, `moins dix`.
fn past(words: &[&str], hour: u64, used: usize) -> Option<(u64, usize)> {
    match word(words, used) {
        "et" => match word(words, used + 1) {
            "quart" => return Some((hour + 15, used + 2)),
            "demi" | "demie" => return Some((hour + 30, used + 2)),
            _ => {}
        },
        "moins" => {
            if follows(words, used + 1, &["le", "quart"]) || follows(words, used + 1, &["un", "quart"]) {
                return Some((before(hour, 15), used + 3));
            }
            if word(words, used + 1) == "quart" {
                return Some((before(hour, 15), used + 2));
            }
            let (minutes, more) = words.get(used + 1..).and_then(leading_number)?;
            return (minutes < 60).then_some((before(hour, minutes), used + 1 + more));
        }
        _ => {}
    }
    match words.get(used..).and_then(leading_number) {
        Some((minutes, more)) if minutes < 60 => {
            let used = used + more;
            Some((hour + minutes, used + usize::from(matches!(word(words, used), "minute" | "minutes"))))
        }
        _ => Some((hour, used)),
    }
}

fn before(hour: u64, minutes: u64) -> u64 {
    (hour + DAY - minutes) % DAY
}

#[derive(PartialEq)]
enum Half {
    Unsaid,
    Morning,
    Evening,
}

fn half_of_day(words: &[&str], used: usize) -> (Half, usize) {
    if follows(words, used, &["du", "matin"]) {
        (Half::Morning, used + 2)
    } else if follows(words, used, &["du", "soir"]) {
        (Half::Evening, used + 2)
    } else if follows(words, used, &["de", "l'", "apres", "midi"]) {
        (Half::Evening, used + 4)
    } else {
        (Half::Unsaid, used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::split;

    fn value(text: &str) -> Option<String> {
        let tokens = split(text);
        let words: Vec<&str> = tokens.iter().map(|token| token.bare.as_str()).collect();
        read(&words).filter(|(_, used)| *used == words.len()).map(|(value, _)| value.to_string())
    }

    #[test]
    fn times_are_read() {
        for (text, time) in [
            ("sept heures", "07:00"),
            ("7h", "07:00"),
            ("7 h 15", "07:15"),
            ("20h30", "20:30"),
            ("21:30", "21:30"),
            ("6h05", "06:05"),
            ("six heures trente", "06:30"),
            ("six heures cinq minutes", "06:05"),
            ("six trente", "06:30"),
            ("sept", "07:00"),
            ("huit heures et quart", "08:15"),
            ("sept heures et demie", "07:30"),
            ("huit heures moins le quart", "07:45"),
            ("huit heures moins dix", "07:50"),
            ("vingt et une heures", "21:00"),
            ("vingt-et-une heures quinze", "21:15"),
            ("midi", "12:00"),
            ("midi et demi", "12:30"),
            ("midi moins le quart", "11:45"),
            ("minuit", "00:00"),
            ("minuit moins le quart", "23:45"),
            ("une heure", "01:00"),
            ("zéro heure trente", "00:30"),
            ("24h", "00:00"),
            ("six heures du matin", "06:00"),
            ("huit heures et demie du soir", "20:30"),
            ("vingt heures du soir", "20:00"),
            ("trois heures de l'après-midi", "15:00"),
            ("sept heures pile", "07:00"),
        ] {
            assert_eq!(value(text).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "25 heures", "7h75", "7h5x", "heures", "h", ":", "demain", "cent", "huit heures moins"]
        {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
