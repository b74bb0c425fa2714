//! A repository of Hugging Face, over HTTPS.

use std::time::Duration;

use ureq::Agent;

use super::Source;
use crate::models::catalogue::HuggingFace;
use crate::models::fetch::{Delivery, FetchOptions};
use crate::models::store::ReceiveError;

/// Least speed that a download of a given size is waited for, in bytes a second.
const SLOWEST: u64 = 50_000;

/// A repository at a revision.
pub(super) struct Repository<'a> {
    pub(super) repository: &'a HuggingFace,
    pub(super) options: &'a FetchOptions,
}

impl Source for Repository<'_> {
    fn name(&self) -> String {
        format!("Hugging Face ({})", self.repository.repository)
    }

    fn deliver(&self, to: &mut Delivery<'_>) -> Result<(), ReceiveError> {
        let patience = Some(self.options.patience);
        let agent: Agent = Agent::config_builder()
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .user_agent(concat!("hailo-harness/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        // The small files first: whether the place serves at all is known before the large one starts.
        let mut wanted = to.wanted();
        wanted.sort_by_key(|p| p.bytes);
        for pin in wanted {
            let HuggingFace { repository, revision } = self.repository;
            let endpoint = self.options.hugging_face.trim_end_matches('/');
            let url = format!("{endpoint}/{repository}/resolve/{revision}/{}", pin.name);
            let whole = Duration::from_secs(30 + pin.bytes / SLOWEST);
            let response = agent
                .get(&url)
                .config()
                .timeout_recv_body(Some(whole))
                .build()
                .call()
                .map_err(|e| ReceiveError::Source(format!("{url}: {e}")))?;
            // A limit of one byte more, so that a file which is too long is seen as that.
            let body = response.into_body().into_with_config().limit(pin.bytes + 1).reader();
            to.hand_over(pin, body)?;
        }
        Ok(())
    }
}
