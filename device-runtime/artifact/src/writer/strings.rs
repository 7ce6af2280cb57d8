//! The strings section while it is being written: each text stands once.

use std::collections::HashMap;
use std::string::{String, ToString};

use super::WriteError;
use super::limits::count;

/// All texts of an artifact.
#[derive(Default)]
pub(super) struct Strings {
    pub text: String,
    known: HashMap<String, (u32, u32)>,
}

impl Strings {
    /// Offset and length of `text`, which is added when it is new.
    pub fn add(&mut self, text: &str) -> Result<(u32, u32), WriteError> {
        if let Some(place) = self.known.get(text) {
            return Ok(*place);
        }
        let place = (count("strings", self.text.len())?, count("strings", text.len())?);
        self.text.push_str(text);
        self.known.insert(text.to_string(), place);
        Ok(place)
    }
}
