//! Text normalisation shared by scoring and intents.
