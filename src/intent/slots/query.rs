//! Which words of a sentence are a title, and how they are written.

use super::super::trigger;
use crate::text::tokens::Token;

/// The most words a title has. Longer ones are sentences that went on.
const LONGEST: usize = 16;

/// What a dictionary says of a query's words. Words are lower case, without accents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// Words that belong to no title, unless it is written with a capital.
    pub never: Vec<String>,
    /// Words that a title does not begin with, unless it is written with a capital.
    pub never_first: Vec<String>,
    /// Phrases before a title that do not belong to it, unless written with a capital.
    pub articles: Vec<Vec<String>>,
}

impl Rules {
    pub fn new(never: &[String], never_first: &[String], articles: &[String]) -> Self {
        let one = |words: &[String]| words.iter().flat_map(|word| trigger::words(word)).collect();
        let mut articles: Vec<Vec<String>> = articles.iter().map(|phrase| trigger::words(phrase)).collect();
        // The longest first: "un peu de" before "un".
        articles.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        Self { never: one(never), never_first: one(never_first), articles }
    }

    /// Whether a word may belong to a query, be its `first` word or a later one. A query is `titled` when it begins
    /// with a capital that tells something: somebody knew it as a title.
    pub fn allow(&self, token: &Token, first: bool, titled: bool) -> bool {
        titled || !(self.never.contains(&token.bare) || first && self.never_first.contains(&token.bare))
    }

    /// The query in these words, or `None` when they name nothing. Capitals only tell something in a sentence that
    /// is not all capitals.
    pub fn text(&self, tokens: &[Token], capitals_tell: bool) -> Option<String> {
        if tokens.len() > LONGEST {
            return None;
        }
        let titled = capitals_tell && tokens.first().is_some_and(|token| token.capital);
        let named = if titled { tokens } else { self.without_article(tokens) };
        let mut text = String::new();
        for (index, token) in named.iter().enumerate() {
            // "Racine carrée de Stromae": the small word between a title and a name.
            let next_is_name = named.get(index + 1).is_some_and(|next| next.capital);
            let links = matches!(token.bare.as_str(), "de" | "d'") && !token.capital;
            if titled && links && next_is_name && index > 0 {
                continue;
            }
            if !text.is_empty() && !text.ends_with('\'') {
                text.push(if token.hyphen { '-' } else { ' ' });
            }
            // As the normaliser reads it: "Jour 1" is said "jour un".
            text.push_str(if token.text == "1" { "un" } else { &token.text });
        }
        (!text.is_empty()).then_some(text)
    }

    fn without_article<'a>(&self, tokens: &'a [Token]) -> &'a [Token] {
        let begins = |phrase: &&Vec<String>| {
            phrase.len() <= tokens.len() && phrase.iter().zip(tokens).all(|(word, token)| *word == token.bare)
        };
        match self.articles.iter().find(begins) {
            Some(phrase) => &tokens[phrase.len()..],
            None => tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::split;

    fn rules() -> Rules {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Rules::new(
            &owned(&["table"]),
            &owned(&["avec"]),
            &owned(&["une", "du", "de la", "de l'", "un peu de", "un"]),
        )
    }

    fn text(sentence: &str) -> Option<String> {
        rules().text(&split(sentence), true)
    }

    #[test]
    fn articles_do_not_belong_to_a_title() {
        assert_eq!(text("une berceuse").as_deref(), Some("berceuse"));
        assert_eq!(text("de la musique").as_deref(), Some("musique"));
        assert_eq!(text("un peu de Louane").as_deref(), Some("louane"));
        assert_eq!(text("la reine des neiges").as_deref(), Some("la reine des neiges"));
        assert_eq!(text("un peu de"), None);
    }

    #[test]
    fn a_capital_makes_the_article_part_of_the_title() {
        assert_eq!(text("Une souris verte").as_deref(), Some("une souris verte"));
        let shouted = rules().text(&split("UNE BERCEUSE"), false);
        assert_eq!(shouted.as_deref(), Some("berceuse"));
    }

    #[test]
    fn a_title_and_its_artist_are_written_side_by_side() {
        assert_eq!(text("Racine carrée de Stromae").as_deref(), Some("racine carrée stromae"));
        assert_eq!(text("Brol d'Angèle").as_deref(), Some("brol angèle"));
        assert_eq!(text("quelque chose de Vianney").as_deref(), Some("quelque chose de vianney"));
        assert_eq!(text("quelque chose de calme").as_deref(), Some("quelque chose de calme"));
        assert_eq!(text("Les Champs-Élysées").as_deref(), Some("les champs-élysées"));
        assert_eq!(text("L'été indien").as_deref(), Some("l'été indien"));
        assert_eq!(text("Jour 1").as_deref(), Some("jour un"));
    }

    #[test]
    fn some_words_name_no_music() {
        let allowed = |word: &str, first, titled| rules().allow(&split(word)[0], first, titled);
        assert!(!allowed("table", false, false) && allowed("table", false, true));
        assert!(!allowed("avec", true, false) && allowed("avec", false, false));
        assert!(allowed("Avec", true, true));
    }

    #[test]
    fn a_sentence_that_goes_on_is_no_title() {
        assert_eq!(text(&"la ".repeat(17)), None);
    }
}
