//! Why a context cannot be started.

use crate::cleanup::SignalsError;
use crate::intent::IntentError;
use crate::stt::SttError;

/// Why a context cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// Speech-to-text cannot be started.
    #[error("cannot start speech-to-text: {0}")]
    Stt(#[from] SttError),
    /// The intent dictionary cannot be used.
    #[error("cannot start the intent engine: {0}")]
    Intent(#[from] IntentError),
    /// Neither speech-to-text nor intents are enabled.
    #[error(
        "nothing to start: both enable_stt(false) and enable_intent(false) were said; leave one of them out"
    )]
    NothingEnabled,
    /// Signals cannot be handled.
    #[error(transparent)]
    Signals(#[from] SignalsError),
}
