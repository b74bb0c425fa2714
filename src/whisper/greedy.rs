//! Greedy search with a repetition penalty, over a decoder of a fixed number of positions.

/// How tokens are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct GreedyOptions {
    /// The tokens that the search starts from: start of transcript, language, and so on.
    pub prompt: Vec<u32>,
    /// The token that ends a text. It and all tokens below it may be chosen, special tokens above it never.
    pub end_of_text: u32,
    /// Positions of the decoder, prompt included.
    pub positions: usize,
    /// What the score of a recent token is divided by (multiplied by, where it is negative), after Keskar et al.,
    /// "CTRL" (2019), section 4.1.
    pub repetition_penalty: f32,
    /// How many of the last chosen tokens count as recent.
    pub penalty_window: usize,
    /// Tokens that may be repeated freely: punctuation.
    pub penalty_exempt: Vec<u32>,
}

impl GreedyOptions {
    /// What users of Whisper on a Hailo-8L run: penalty 1.5 over the last 8 tokens, comma (11) and full stop (13) exempt.
    pub fn new(prompt: Vec<u32>, end_of_text: u32, positions: usize) -> Self {
        Self {
            prompt,
            end_of_text,
            positions,
            repetition_penalty: 1.5,
            penalty_window: 8,
            penalty_exempt: vec![11, 13],
        }
    }
}

/// One chosen token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its id.
    pub id: u32,
    /// Natural logarithm of its probability among all tokens, before the penalty.
    pub log_prob: f32,
    /// How far its score lies above that of the next best candidate (text or end of text), after the penalty.
    pub margin: f32,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The chosen text tokens, without the end of text.
    pub tokens: Vec<Choice>,
    /// The choice that ended the text; `None` where the positions ran out first, so that words may be missing.
    pub end: Option<Choice>,
}

impl Found {
    /// Where a search that found no end has caught itself in a loop: the number of tokens up to the end of the first
    /// time round. A loop is at least two whole rounds of the same tokens at the end.
    ///
    /// The penalty's window is short, so that a sentence longer than it can repeat for ever.
    pub fn first_round(&self) -> Option<usize> {
        if self.end.is_some() {
            return None;
        }
        let ids: Vec<u32> = self.tokens.iter().map(|t| t.id).collect();
        (1..=ids.len() / 2).find_map(|period| {
            let alike =
                ids.iter().rev().zip(ids.iter().rev().skip(period)).take_while(|(a, b)| a == b).count();
            // The tokens alike, and one period before them, repeat.
            (alike >= period).then(|| ids.len() - alike)
        })
    }
}

/// Chooses tokens until the end of the text or of the positions.
///
/// `logits` is given all tokens so far and answers the scores of the whole vocabulary for the next one.
///
/// # Errors
/// What `logits` answers.
///
/// # Panics
/// When the scores are fewer than `end_of_text + 1`.
pub fn search<E>(
    options: &GreedyOptions,
    mut logits: impl FnMut(&[u32]) -> Result<Vec<f32>, E>,
) -> Result<Found, E> {
    let mut ids = options.prompt.clone();
    let mut tokens: Vec<Choice> = Vec::new();
    while ids.len() < options.positions {
        let mut scores = logits(&ids)?;
        let norm = log_sum_exp(&scores);
        let raw: Vec<(u32, f32)> = tokens
            .iter()
            .rev()
            .take(options.penalty_window)
            .filter(|t| !options.penalty_exempt.contains(&t.id))
            .map(|t| (t.id, scores[t.id as usize]))
            .collect();
        for (id, score) in &raw {
            // Written, not multiplied in place: a token that occurs twice in the window is penalised once.
            scores[*id as usize] = if *score > 0.0 {
                score / options.repetition_penalty
            } else {
                score * options.repetition_penalty
            };
        }
        let (best, second) = best_two(&scores[..=options.end_of_text as usize]);
        let unpenalised =
            raw.iter().find(|(id, _)| *id as usize == best).map_or(scores[best], |(_, score)| *score);
        let choice = Choice { id: best as u32, log_prob: unpenalised - norm, margin: scores[best] - second };
        if choice.id == options.end_of_text {
            return Ok(Found { tokens, end: Some(choice) });
        }
        ids.push(choice.id);
        tokens.push(choice);
    }
    Ok(Found { tokens, end: None })
}

/// Index of the largest value (the first of equals), and the second largest value. NaN is never larger.
fn best_two(scores: &[f32]) -> (usize, f32) {
    let (mut best, mut top, mut second) = (0, f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (i, score) in scores.iter().enumerate() {
        if *score > top {
            (best, second, top) = (i, top, *score);
        } else if *score > second {
            second = *score;
        }
    }
    (best, second)
}

fn log_sum_exp(scores: &[f32]) -> f32 {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    top + scores.iter().map(|x| (x - top).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn options() -> GreedyOptions {
        let mut o = GreedyOptions::new(vec![21, 22], 20, 8);
        o.penalty_window = 2;
        o
    }

    fn run(options: &GreedyOptions, table: impl Fn(usize) -> Vec<(usize, f32)>) -> Found {
        search::<Infallible>(options, |ids| {
            let mut scores = vec![0.0; 30];
            for (id, score) in table(ids.len()) {
                scores[id] = score;
            }
            Ok(scores)
        })
        .unwrap()
    }

    fn ids(found: &Found) -> Vec<u32> {
        found.tokens.iter().map(|t| t.id).collect()
    }

    #[test]
    fn stops_at_the_end_of_text_and_never_chooses_special_tokens() {
        let found = run(&options(), |n| match n {
            2 => vec![(25, 99.0), (3, 5.0), (4, 4.0)],
            _ => vec![(20, 7.0), (4, 1.0)],
        });
        assert_eq!(ids(&found), [3]);
        assert_eq!(found.tokens[0].margin, 1.0);
        assert_eq!(found.end.unwrap().margin, 6.0);
        let expected = 7.0 - (7f32.exp() + 1f32.exp() + 28.0).ln();
        assert!((found.end.unwrap().log_prob - expected).abs() < 1e-5);
    }

    #[test]
    fn a_loop_is_cut_after_its_first_round() {
        let found = |ids: &[u32], end| Found {
            tokens: ids.iter().map(|&id| Choice { id, log_prob: 0.0, margin: 1.0 }).collect(),
            end,
        };
        let round = [1, 2, 3, 4, 1, 2, 3, 4, 1, 2];
        assert_eq!(found(&round, None).first_round(), Some(4));
        assert_eq!(found(&[9, 8, 1, 2, 3, 1, 2, 3], None).first_round(), Some(5));
        assert_eq!(found(&[1, 2, 3, 4, 1, 2, 3], None).first_round(), None, "not yet round");
        assert_eq!(found(&[1, 2, 3, 4, 5, 6, 7], None).first_round(), None);
        assert_eq!(found(&[], None).first_round(), None);
        let end = Choice { id: 20, log_prob: 0.0, margin: 1.0 };
        assert_eq!(found(&round, Some(end)).first_round(), None, "whoever says it twice and stops means it");
    }

    #[test]
    fn a_recent_token_is_penalised_within_the_window_only() {
        let found = run(&options(), |_| vec![(3, 6.0), (4, 5.0), (5, 4.5)]);
        // 6 / 1.5 = 4 loses against 5, 5 / 1.5 against 4.5; then 3 has left the window of two.
        assert_eq!(ids(&found), [3, 4, 5, 3, 4, 5]);
        assert!(found.end.is_none(), "the positions ran out");
    }

    #[test]
    fn negative_scores_are_made_smaller_and_exempt_tokens_left_alone() {
        let negative = |_| {
            let mut all: Vec<(usize, f32)> = (0..30).map(|i| (i, -50.0)).collect();
            all[3].1 = -2.0;
            all[4].1 = -2.5;
            all
        };
        assert_eq!(ids(&run(&options(), negative))[..3], [3, 4, 3]);
        assert_eq!(ids(&run(&options(), |_| vec![(11, 6.0), (4, 5.0)]))[..3], [11, 11, 11]);
    }

    #[test]
    fn not_a_number_is_never_chosen() {
        assert_eq!(best_two(&[f32::NAN, 1.0, f32::NAN, 3.0, 2.0]), (3, 2.0));
    }
}
