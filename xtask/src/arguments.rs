//! The words after a verb: flags, options with a value, and the rest.

use anyhow::{Result, bail};

/// The words not yet taken.
pub struct Arguments {
    words: Vec<String>,
}

impl Arguments {
    /// Starts from the words after the verb.
    pub fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    /// Takes `--name` out of the words; true if it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// Takes every `--name VALUE` or `--name=VALUE` out of the words, in order.
    pub fn values(&mut self, name: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut rest = Vec::new();
        let mut words = std::mem::take(&mut self.words).into_iter();
        while let Some(word) = words.next() {
            if word == name {
                match words.next() {
                    Some(value) => found.push(value),
                    None => bail!("{name} needs a value after it"),
                }
            } else if let Some(value) = word.strip_prefix(name).and_then(|tail| tail.strip_prefix('=')) {
                found.push(value.to_owned());
            } else {
                rest.push(word);
            }
        }
        self.words = rest;
        Ok(found)
    }

    /// Takes the last `--name VALUE`, if there is one.
    pub fn value(&mut self, name: &str) -> Result<Option<String>> {
        Ok(self.values(name)?.pop())
    }

    /// Takes `--name N` as a positive number, or gives `default`.
    pub fn count(&mut self, name: &str, default: usize) -> Result<usize> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => bail!("{name} {text}: expected a whole number of at least 1"),
            },
        }
    }

    /// What is left, none of which may look like a flag.
    pub fn rest(self) -> Result<Vec<String>> {
        match self.words.iter().find(|word| word.starts_with('-')) {
            Some(word) => bail!("`{word}` is not an option of this verb; --help lists them"),
            None => Ok(self.words),
        }
    }

    /// Refuses anything that is left.
    pub fn nothing_more(self) -> Result<()> {
        match self.rest()?.first() {
            Some(word) => bail!("`{word}` is one argument too many; --help lists what this verb takes"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Arguments {
        Arguments::new(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_are_taken_in_both_spellings() {
        let mut arguments = of("--only a x --only=b --check");
        assert_eq!(arguments.values("--only").unwrap(), ["a", "b"]);
        assert!(arguments.flag("--check"));
        assert!(!arguments.flag("--check"));
        assert_eq!(arguments.rest().unwrap(), ["x"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(of("--only").value("--only").is_err());
        assert!(of("--number x").count("--number", 1).is_err());
        assert!(of("--number 0").count("--number", 1).is_err());
        assert!(of("--strange").rest().is_err());
        assert!(of("word").nothing_more().is_err());
    }
}
