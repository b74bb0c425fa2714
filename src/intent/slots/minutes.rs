//! A length of time in whole minutes: `trente minutes`, `1h30`, `une heure et demie`, `un quart d'heure`.

use super::{follows, word};
use crate::text::numbers::{digits, leading_number};

const HOUR: u64 = 60;

/// The length that `words` begin with, at least a minute, and how many words it takes.
///
/// A number without a unit is minutes. Seconds count only where they make whole minutes.
pub(crate) fn read(words: &[&str]) -> Option<(i64, usize)> {
    let (value, used) = part_of_hour(words).or_else(|| written(words)).or_else(|| spoken(words))?;
    i64::try_from(value).ok().filter(|value| *value >= 1).map(|value| (value, used))
}

/// `une demi-heure`, `un quart d'heure`, `trois quarts d'heure`.
fn part_of_hour(words: &[&str]) -> Option<(u64, usize)> {
    let used = usize::from(matches!(word(words, 0), "un" | "une" | "1"));
    if matches!(word(words, used), "demi" | "demie") && word(words, used + 1) == "heure" {
        return Some((HOUR / 2, used + 2));
    }
    if follows(words, used, &["quart", "d'", "heure"]) {
        return Some((HOUR / 4, used + 3));
    }
    let quarters = matches!(word(words, 0), "trois" | "3") && matches!(word(words, 1), "quarts" | "quart");
    (quarters && follows(words, 2, &["d'", "heure"])).then_some((HOUR * 3 / 4, 4))
}

/// `1h30`, `2h`, `30min`, `30mn`.
fn written(words: &[&str]) -> Option<(u64, usize)> {
    let first = word(words, 0);
    if let Some((hours, minutes)) = first.split_once('h')
        && first.starts_with(|c: char| c.is_ascii_digit())
    {
        let hours = digits(hours)? * HOUR;
        return match minutes {
            "" => Some(with_rest(words, hours, 1)),
            minutes => digits(minutes).filter(|minutes| *minutes < HOUR).map(|minutes| (hours + minutes, 1)),
        };
    }
    let minutes = ["min", "mn"].iter().find_map(|unit| first.strip_suffix(unit))?;
    digits(minutes).map(|minutes| (minutes, 1))
}

fn spoken(words: &[&str]) -> Option<(u64, usize)> {
    let (value, used) = leading_number(words)?;
    match word(words, used) {
        "minute" | "minutes" | "min" | "mn" => Some((value, used + 1)),
        "heure" | "heures" | "h" => Some(with_rest(words, value * HOUR, used + 1)),
        "seconde" | "secondes" => value.is_multiple_of(60).then_some((value / 60, used + 1)),
        _ => Some((value, used)),
    }
}

/// What follows the hours: `et demie`, `et quart`, `trente`, `et dix minutes`.
fn with_rest(words: &[&str], hours: u64, used: usize) -> (u64, usize) {
    let after = used + usize::from(word(words, used) == "et");
    if after > used {
        match word(words, after) {
            "demi" | "demie" => return (hours + HOUR / 2, after + 1),
            "quart" => return (hours + HOUR / 4, after + 1),
            _ => {}
        }
    }
    match words.get(after..).and_then(leading_number) {
        Some((minutes, more)) if minutes < HOUR => {
            let end = after + more;
            (hours + minutes, end + usize::from(matches!(word(words, end), "minute" | "minutes")))
        }
        _ => (hours, used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::split;

    fn value(text: &str) -> Option<i64> {
        let tokens = split(text);
        let words: Vec<&str> = tokens.iter().map(|token| token.bare.as_str()).collect();
        read(&words).filter(|(_, used)| *used == words.len()).map(|(value, _)| value)
    }

    #[test]
    fn lengths_are_read() {
        for (text, minutes) in [
            ("trente minutes", 30),
            ("huit minutes", 8),
            ("30 min", 30),
            ("30min", 30),
            ("une minute", 1),
            ("quinze", 15),
            ("une heure", 60),
            ("deux heures", 120),
            ("1h30", 90),
            ("1 h 30", 90),
            ("2h", 120),
            ("une heure et demie", 90),
            ("une heure et quart", 75),
            ("une heure trente", 90),
            ("une heure et dix minutes", 70),
            ("une demi-heure", 30),
            ("demi-heure", 30),
            ("un quart d'heure", 15),
            ("trois quarts d'heure", 45),
            ("cent vingt secondes", 2),
        ] {
            assert_eq!(value(text), Some(minutes), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in
            ["", "zéro minute", "0h", "1h75", "minutes", "h", "dix secondes", "un instant", "999h9999999999"]
        {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
