//! A folder that somebody filled by hand.

use std::fs::File;
use std::path::Path;

use super::Source;
use crate::models::fetch::Delivery;
use crate::models::store::ReceiveError;

/// A folder that holds the files under their names.
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Source for Folder<'_> {
    fn name(&self) -> String {
        self.0.display().to_string()
    }

    fn deliver(&self, to: &mut Delivery<'_>) -> Result<(), ReceiveError> {
        for pin in to.wanted() {
            let file = File::open(self.0.join(&pin.name))
                .map_err(|e| ReceiveError::Source(format!("{}: {e}", pin.name)))?;
            to.hand_over(pin, file)?;
        }
        Ok(())
    }
}
