//! A share from 0 to 100: `cinquante pour cent`, `50 %`, `50`, `la moitié`, `fond`.

use super::{follows, word};
use crate::text::numbers::leading_number;

/// The share that `words` begin with, and how many words it takes.
pub(crate) fn read(words: &[&str]) -> Option<(i64, usize)> {
    let named = match word(words, 0) {
        "moitie" => Some(50),
        "fond" | "maximum" | "max" => Some(100),
        "minimum" | "min" => Some(0),
        _ => None,
    };
    if let Some(value) = named {
        return Some((value, 1));
    }
    let (value, mut used) = leading_number(words)?;
    let value = i64::try_from(value).ok().filter(|value| (0..=100).contains(value))?;
    if follows(words, used, &["pour", "cent"]) || follows(words, used, &["pour", "cents"]) {
        used += 2;
    } else if matches!(word(words, used), "%" | "pourcent" | "pourcents") {
        used += 1;
    }
    Some((value, used))
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
    fn shares_are_read() {
        for (text, share) in [
            ("cinquante pour cent", 50),
            ("50 %", 50),
            ("50%", 50),
            ("vingt", 20),
            ("soixante-quinze pourcent", 75),
            ("cent", 100),
            ("cent pour cent", 100),
            ("zéro", 0),
            ("quatre-vingt-dix-neuf", 99),
            ("moitié", 50),
            ("fond", 100),
        ] {
            assert_eq!(value(text), Some(share), "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "cent un", "200 %", "fort", "3,5", "pour cent", "-"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
