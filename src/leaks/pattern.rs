//! Names with `*` and `?`.

/// Whether a pattern is the whole text; `*` stands for any characters, `?` for one.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows a star does not fit: one character later.
    let mut again = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                again = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((star, at)) = again else { return false };
                again = Some((star, at + 1));
                (p, t) = (star + 1, at + 1);
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("*", "", true),
            ("hailort-*", "hailort-log", true),
            ("hailort-*", "x hailort-log", false),
            ("*log", "a.log.log", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("h?ilo", "hailo", true),
            ("h?ilo", "hilo", false),
            ("é*", "éteins", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
        // In a time that does not explode.
        assert!(!matches(&"a*".repeat(30), &"a".repeat(29)));
    }
}
