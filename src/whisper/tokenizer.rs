//! From token ids to text: the byte-level vocabulary of a `tokenizer.json`.
//!
//! Only this direction is needed: the prompt is made of special tokens, which are found by name.

use std::collections::HashMap;

use serde::Deserialize;

/// What is wrong with a `tokenizer.json`.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// It is not the JSON that is expected.
    #[error("the tokenizer is not usable: {0}; run `hailo-harness models verify`")]
    Malformed(String),
    /// A special token is missing.
    #[error("the tokenizer has no token {0}: it is not one of multilingual Whisper")]
    NoSuchToken(String),
}

#[derive(Deserialize)]
struct File {
    model: Model,
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, u32>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

/// Token ids to text, and the ids of special tokens.
#[derive(Debug)]
pub struct Tokenizer {
    /// The bytes of each ordinary token, by id; special tokens have none.
    bytes: Vec<Vec<u8>>,
    special: HashMap<String, u32>,
    end_of_text: u32,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is malformed, an id is out of all proportion, or the end-of-text token is missing.
    pub fn from_json(json: &[u8]) -> Result<Self, TokenizerError> {
        let file: File =
            serde_json::from_slice(json).map_err(|e| TokenizerError::Malformed(e.to_string()))?;
        let special: HashMap<String, u32> =
            file.added_tokens.into_iter().map(|t| (t.content, t.id)).collect();
        let end_of_text = *special
            .get("<|endoftext|>")
            .ok_or_else(|| TokenizerError::NoSuchToken("<|endoftext|>".into()))?;
        let decode = byte_alphabet();
        let mut bytes = vec![Vec::new(); file.model.vocab.len() + special.len()];
        for (token, id) in file.model.vocab {
            let slot = bytes
                .get_mut(id as usize)
                .ok_or_else(|| TokenizerError::Malformed(format!("token {token:?} has the id {id}")))?;
            if special.contains_key(&token) {
                continue;
            }
            *slot = token
                .chars()
                .map(|c| decode.get(&c).copied())
                .collect::<Option<_>>()
                .ok_or_else(|| TokenizerError::Malformed(format!("token {token:?} is not byte-level")))?;
        }
        Ok(Self { bytes, special, end_of_text })
    }

    /// The id of a special token such as `<|fr|>`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn special(&self, name: &str) -> Result<u32, TokenizerError> {
        self.special.get(name).copied().ok_or_else(|| TokenizerError::NoSuchToken(name.into()))
    }

    /// The token that ends a text. All ids from here on are special, all below are text.
    pub fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    /// The text of the tokens. Special tokens give nothing; bytes that are no UTF-8 give U+FFFD.
    pub fn text(&self, ids: impl IntoIterator<Item = u32>) -> String {
        let bytes: Vec<u8> = ids
            .into_iter()
            .filter(|id| *id < self.end_of_text)
            .flat_map(|id| self.bytes.get(id as usize).into_iter().flatten().copied())
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The characters that GPT-2's byte-level alphabet uses for bytes: printable ones stand for themselves, the others
/// for U+0100 and up, in order.
fn byte_alphabet() -> HashMap<char, u8> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100u32;
    (0..=u8::MAX)
        .map(|b| {
            let c = if printable(b) {
                char::from(b)
            } else {
                next += 1;
                char::from_u32(next - 1).unwrap_or_default()
            };
            (c, b)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Tokenizer {
        let json = r#"{"model": {"vocab": {"J": 0, "oue": 1, "Ġla": 2, "Ã": 3, "©": 4, "!": 5}},
                       "added_tokens": [{"id": 6, "content": "<|endoftext|>"}, {"id": 7, "content": "<|fr|>"}]}"#;
        Tokenizer::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn joins_bytes_across_tokens_and_leaves_special_ones_out() {
        let t = small();
        assert_eq!(t.text([7, 0, 1, 2, 3, 4, 5, 6]), "Joue laé!");
        assert_eq!(t.text([3]), "\u{fffd}");
        assert_eq!(t.text([999]), "");
        assert_eq!(t.special("<|fr|>").unwrap(), 7);
        assert!(t.special("<|xx|>").unwrap_err().to_string().contains("<|xx|>"));
    }

    #[test]
    fn malformed_files_are_refused() {
        for json in ["", "{}", r#"{"model": {"vocab": {"J": 4000000000}}, "added_tokens": []}"#] {
            assert!(Tokenizer::from_json(json.as_bytes()).is_err(), "{json}");
        }
        let far =
            r#"{"model": {"vocab": {"J": 99}}, "added_tokens": [{"id": 1, "content": "<|endoftext|>"}]}"#;
        assert!(Tokenizer::from_json(far.as_bytes()).is_err());
    }
}
