//! What a model is called in C.

use std::fmt;
use std::path::Path;

/// A name of letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier(String);

impl Identifier {
    /// From the name of the file that is written: `kws-small.o` and `libkws-small.a` make `kws_small`.
    pub fn of_file(path: &Path) -> Identifier {
        Identifier::of(&stem(path))
    }

    /// From any text: what C does not allow in names becomes an underscore. It is only the end of a name, so that it may
    /// begin with a digit.
    pub fn of(text: &str) -> Identifier {
        let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = text.chars().map(allowed).collect();
        Identifier(if name.is_empty() { "model".to_string() } else { name })
    }

    /// As it stands in macros.
    pub fn upper(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

/// What a file and its header are both called: `kws` for `kws.o` and for `libkws.a`.
pub fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_library = path.extension().is_some_and(|extension| extension == "a");
    let own = stem.strip_prefix("lib").filter(|rest| is_library && !rest.is_empty());
    own.unwrap_or(&stem).to_string()
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_models() {
        let of = |path: &str| Identifier::of_file(Path::new(path)).to_string();
        let cases = [
            ("out/kws-small.o", "kws_small"),
            ("libkws.a", "kws"),
            ("libkws.o", "libkws"),
            ("lib.a", "lib"),
            ("7.o", "7"),
            ("größe 2.o", "gr__e_2"),
        ];
        for (path, name) in cases {
            assert_eq!(of(path), name);
        }
        assert_eq!(Identifier::of("").to_string(), "model");
    }
}
