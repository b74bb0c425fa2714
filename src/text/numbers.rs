//! French number words to integers.
//!
//! Source of the grammar: the usual rules of French numerals, in the traditional and the 1990 spelling, with the
//! Belgian and Swiss tens (septante, huitante, octante, nonante). From zero to 999 999.

/// The number at the beginning of `words`, and how many words it takes.
///
/// Words are lower case and without accents ([`bare`](super::fold::bare)), hyphenated numbers already split. Digits
/// are read too, up to nine of them. `None` when the first word begins no number.
///
/// ```
/// use hailo_harness::text::numbers::leading_number;
///
/// assert_eq!(leading_number(&["vingt", "et", "une", "heures"]), Some((21, 3)));
/// assert_eq!(leading_number(&["quatre", "vingt", "dix", "sept"]), Some((97, 4)));
/// assert_eq!(leading_number(&["50", "pour", "cent"]), Some((50, 1)));
/// assert_eq!(leading_number(&["heures"]), None);
/// ```
pub fn leading_number<S: AsRef<str>>(words: &[S]) -> Option<(u64, usize)> {
    let word = |index: usize| words.get(index).map_or("", AsRef::as_ref);
    if let Some(value) = digits(word(0)) {
        return Some((value, 1));
    }
    if word(0) == "zero" {
        return Some((0, 1));
    }
    let (mut value, mut used) = match below_thousand(&word) {
        Some(found) => found,
        None if word(0) == "mille" => (1, 0),
        None => return None,
    };
    if matches!(word(used), "mille" | "milles") && value > 0 {
        used += 1;
        value *= 1000;
        if let Some((rest, more)) = below_thousand(&|index| word(used + index)) {
            value += rest;
            used += more;
        }
    }
    Some((value, used))
}

/// The value of one to nine ASCII digits.
pub fn digits(word: &str) -> Option<u64> {
    let all_digits = !word.is_empty() && word.len() <= 9 && word.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| word.parse().ok()).flatten()
}

fn below_thousand<'a>(word: &dyn Fn(usize) -> &'a str) -> Option<(u64, usize)> {
    let is_hundred = |index: usize| matches!(word(index), "cent" | "cents");
    let (hundreds, used) = if is_hundred(0) {
        (1, 1)
    } else {
        let (value, used) = below_hundred(word)?;
        // "dix-neuf cents" is a year's way of saying 1900.
        if !(is_hundred(used) && matches!(value, 2..=9 | 11..=19)) {
            return Some((value, used));
        }
        (value, used + 1)
    };
    match below_hundred(&|index| word(used + index)) {
        Some((rest, more)) => Some((hundreds * 100 + rest, used + more)),
        None => Some((hundreds * 100, used)),
    }
}

fn below_hundred<'a>(word: &dyn Fn(usize) -> &'a str) -> Option<(u64, usize)> {
    if word(0) == "quatre" && matches!(word(1), "vingt" | "vingts") {
        return Some(match below_twenty(&|index| word(2 + index)) {
            Some((rest, more)) => (80 + rest, 2 + more),
            None => (80, 2),
        });
    }
    let Some(ten) = tens(word(0)) else { return below_twenty(word) };
    if word(1) == "et" {
        return Some(match word(2) {
            "un" | "une" => (ten + 1, 3),
            "onze" if ten == 60 => (71, 3),
            _ => (ten, 1),
        });
    }
    match below_twenty(&|index| word(1 + index)) {
        Some((rest @ 2..=9, more)) => Some((ten + rest, 1 + more)),
        Some((rest @ 10..=19, more)) if ten == 60 => Some((ten + rest, 1 + more)),
        _ => Some((ten, 1)),
    }
}

fn tens(word: &str) -> Option<u64> {
    Some(match word {
        "vingt" | "vingts" => 20,
        "trente" => 30,
        "quarante" => 40,
        "cinquante" => 50,
        "soixante" => 60,
        "septante" => 70,
        "huitante" | "octante" => 80,
        "nonante" => 90,
        _ => return None,
    })
}

fn below_twenty<'a>(word: &dyn Fn(usize) -> &'a str) -> Option<(u64, usize)> {
    let small = |word: &str| {
        Some(match word {
            "un" | "une" => 1,
            "deux" => 2,
            "trois" => 3,
            "quatre" => 4,
            "cinq" => 5,
            "six" => 6,
            "sept" => 7,
            "huit" => 8,
            "neuf" => 9,
            "dix" => 10,
            "onze" => 11,
            "douze" => 12,
            "treize" => 13,
            "quatorze" => 14,
            "quinze" => 15,
            "seize" => 16,
            _ => return None,
        })
    };
    let first = small(word(0))?;
    match (first, small(word(1))) {
        (10, Some(unit @ 7..=9)) => Some((10 + unit, 2)),
        _ => Some((first, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u64, usize)> {
        let words: Vec<&str> = text.split([' ', '-']).collect();
        leading_number(&words)
    }

    #[test]
    fn reads_every_kind_of_numeral() {
        for (text, value) in [
            ("zero", 0),
            ("une", 1),
            ("seize", 16),
            ("dix-sept", 17),
            ("vingt et un", 21),
            ("vingt-et-une", 21),
            ("trente-deux", 32),
            ("soixante-dix", 70),
            ("soixante et onze", 71),
            ("soixante-dix-neuf", 79),
            ("quatre-vingts", 80),
            ("quatre-vingt-un", 81),
            ("quatre-vingt-onze", 91),
            ("nonante-neuf", 99),
            ("cent", 100),
            ("cent un", 101),
            ("deux cents", 200),
            ("deux cent cinquante", 250),
            ("mille", 1000),
            ("dix-neuf cent quatre-vingt-quatre", 1984),
            ("deux mille vingt-six", 2026),
            ("trois cent mille", 300_000),
        ] {
            let words = text.split([' ', '-']).count();
            assert_eq!(read(text), Some((value, words)), "{text}");
        }
    }

    #[test]
    fn two_numbers_side_by_side_stay_two() {
        assert_eq!(read("vingt trente"), Some((20, 1)));
        assert_eq!(read("six trente"), Some((6, 1)));
        assert_eq!(read("vingt et quart"), Some((20, 1)));
        assert_eq!(read("trente onze"), Some((30, 1)));
    }

    #[test]
    fn other_words_are_no_numbers() {
        for text in ["", "et", "heures", "0x12", "1234567890", "²"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
