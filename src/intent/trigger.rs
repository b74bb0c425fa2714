//! The language in which a dictionary writes what people say.
//!
//! | written | means |
//! | --- | --- |
//! | `baisse le son` | these words, whatever their accents, case and hyphens |
//! | `(joue\|mets)` | one of them; each may be several words |
//! | `[moi\|nous]` | one of them, or nothing |
//! | `<play>` | one of the phrases of the list `play` |
//! | `{query}` | the value of the slot `query` |
//! | `{_time}` | a value as for the slot `time`, which is not kept |

use crate::text::tokens::split;

/// How deep brackets may lie in brackets.
const DEEPEST: usize = 16;

/// A piece of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A word as [`Token::bare`](crate::text::tokens::Token::bare) has it.
    Word(String),
    /// A word list, by name.
    List(String),
    /// A slot, by name, and whether its value is kept.
    Slot { name: String, kept: bool },
    /// One of several.
    Either(Vec<Vec<Part>>),
    /// One of several, or nothing.
    Optional(Vec<Vec<Part>>),
}

/// The words of a phrase, as they are compared.
pub(super) fn words(phrase: &str) -> Vec<String> {
    split(phrase).into_iter().map(|token| token.bare).collect()
}

/// Reads a trigger.
///
/// # Errors
/// What cannot be read, as a sentence.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parser = Parser { rest: text };
    let parts = parser.sequence(0)?;
    match parser.rest.chars().next() {
        None if parts.is_empty() => Err("an empty trigger: write the words that people say".to_owned()),
        None => Ok(parts),
        Some('|') => Err("| outside of brackets: write (one|other)".to_owned()),
        Some(c) => Err(format!("{c} closes nothing: each {c} needs its opening bracket")),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// Reads until the end, or a `|` or closing bracket, which stays.
    fn sequence(&mut self, depth: usize) -> Result<Vec<Part>, String> {
        if depth > DEEPEST {
            return Err(format!("brackets lie more than {DEEPEST} deep: use a list"));
        }
        let mut parts = Vec::new();
        loop {
            let end =
                self.rest.find(['(', '[', '<', '{', '|', ')', ']', '>', '}']).unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at(end);
            parts.extend(words(plain).into_iter().map(Part::Word));
            self.rest = rest;
            let Some(open) = rest.chars().next() else { return Ok(parts) };
            parts.push(match open {
                '(' => Part::Either(self.alternatives(')', depth)?),
                '[' => Part::Optional(self.alternatives(']', depth)?),
                '<' => Part::List(self.name('>')?),
                '{' => {
                    let name = self.name('}')?;
                    let kept = !name.starts_with('_');
                    Part::Slot { name: name.trim_start_matches('_').to_owned(), kept }
                }
                _ => return Ok(parts),
            });
        }
    }

    fn alternatives(&mut self, close: char, depth: usize) -> Result<Vec<Vec<Part>>, String> {
        let mut all = Vec::new();
        loop {
            self.rest = &self.rest[1..];
            let one = self.sequence(depth + 1)?;
            if one.is_empty() && !self.rest.is_empty() {
                return Err(format!("nothing between brackets before {:?}", head(self.rest)));
            }
            all.push(one);
            match self.rest.chars().next() {
                Some('|') => {}
                Some(c) if c == close => break,
                Some(c) => return Err(format!("{c} where {close} should close the brackets")),
                None => return Err(format!("brackets that are never closed: {close} is missing")),
            }
        }
        self.rest = &self.rest[1..];
        Ok(all)
    }

    fn name(&mut self, close: char) -> Result<String, String> {
        let inside = &self.rest[1..];
        let Some((name, rest)) = inside.split_once(close) else {
            return Err(format!("brackets that are never closed: {close} is missing"));
        };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.trim_start_matches('_').is_empty() || !name.chars().all(allowed) {
            return Err(format!("{name:?} is no name: use lower-case ASCII letters, digits and _"));
        }
        self.rest = rest;
        Ok(name.to_owned())
    }
}

fn head(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Part {
        Part::Word(text.to_owned())
    }

    #[test]
    fn every_form_is_read() {
        let parts = parse("Réveille-moi [dès|vers] (à l'|<at>) {time}").unwrap();
        assert_eq!(
            parts,
            [
                word("reveille"),
                word("moi"),
                Part::Optional(vec![vec![word("des")], vec![word("vers")]]),
                Part::Either(vec![vec![word("a"), word("l'")], vec![Part::List("at".to_owned())]]),
                Part::Slot { name: "time".to_owned(), kept: true },
            ]
        );
        assert_eq!(parse("{_time}").unwrap(), [Part::Slot { name: "time".to_owned(), kept: false }]);
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, cause) in [
            ("", "an empty trigger"),
            (" … ", "an empty trigger"),
            ("a|b", "| outside"),
            ("a)", "closes nothing"),
            ("(a", ") is missing"),
            ("[a|b", "] is missing"),
            ("(a]", "] where )"),
            ("(a|)", "nothing between"),
            ("[]", "nothing between"),
            ("<play", "> is missing"),
            ("{query", "} is missing"),
            ("{Query}", "is no name"),
            ("<>", "is no name"),
            ("{_}", "is no name"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(cause), "{text:?}: {error}");
        }
        assert!(parse(&"(".repeat(10_000)).unwrap_err().contains("deep"));
    }
}
