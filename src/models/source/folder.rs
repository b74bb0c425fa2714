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
            let path = self.0.join(&pin.name);
            let fail =
                |why: &dyn std::fmt::Display| ReceiveError::Source(format!("{}: {why}", path.display()));
            // Opening a pipe that nobody writes to would wait for ever.
            if !std::fs::metadata(&path).map_err(|e| fail(&e))?.is_file() {
                return Err(fail(&"not a file"));
            }
            let file = File::open(&path).map_err(|e| fail(&e))?;
            to.hand_over(pin, file)?;
        }
        Ok(())
    }
}
