//! Clips, their expected text and intents, and how a transcript is scored.
