//! A Rust file as the rules see it: its text, and its code with comments and literals blanked out.
//!
//! The scanner knows comments (nested), strings (raw, byte), characters and lifetimes: enough to tell code from
//! the rest. Blanked characters become spaces, so that lines and columns stay where they were.

use std::ops::Range;

/// One file.
pub struct Source {
    /// Path inside the project.
    pub path: String,
    /// The text as it stands.
    pub text: String,
    /// The text with comments and the insides of literals replaced by spaces.
    pub code: String,
    /// Byte ranges of `#[cfg(test)]` items.
    test_parts: Vec<Range<usize>>,
}

impl Source {
    /// Scans a file.
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank(text);
        let test_parts = test_parts(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, test_parts }
    }

    /// True for files that hold tests, benchmarks or examples alone.
    pub fn is_test_file(&self) -> bool {
        let mut parts = self.path.split('/');
        let name = self.path.rsplit('/').next().unwrap_or_default();
        parts.any(|part| ["tests", "benches", "examples", "fuzz"].contains(&part))
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
    }

    /// Lines of code outside tests: number from 1, and the line of [`Source::code`].
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut start = 0;
        let lines = self.code.split_inclusive('\n').enumerate().map(move |(index, line)| {
            let at = start;
            start += line.len();
            (at, index + 1, line)
        });
        lines.filter(|(at, _, _)| !self.test_parts.iter().any(|part| part.contains(at))).map(|(_, n, line)| (n, line))
    }

    /// True if `word` stands in `line` with no letter, digit or underscore around it.
    pub fn has_word(line: &str, word: &str) -> bool {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back().is_some_and(joins) && word.starts_with(joins);
            let after = line[at + word.len()..].chars().next().is_some_and(joins) && word.ends_with(joins);
            !before && !after
        })
    }
}

/// Replaces comments and the insides of literals by spaces, byte for byte.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !in_word(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'b' if !in_word(bytes, at) && bytes.get(at + 1) == Some(&b'r') => {
                raw_string_end(bytes, at + 1).unwrap_or(at)
            }
            b'\'' => character_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// True if the byte before `at` belongs to the same word, as the last letter of `bar` in `bar"…"` would.
fn in_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|index| bytes.get(index));
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// From the `r` of `r#"…"#`; nothing if this `r` opens no string.
fn raw_string_end(bytes: &[u8], r: usize) -> Option<usize> {
    let hashes = bytes[r + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = r + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let found = bytes[open + 1..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(bytes.len(), |length| open + 1 + length + close.len()))
}

/// From the quote of `'x'` or `'\n'`; nothing if it opens a lifetime.
fn character_end(bytes: &[u8], quote: usize) -> Option<usize> {
    if bytes.get(quote + 1) == Some(&b'\\') {
        let close = bytes[quote + 3..].iter().position(|byte| *byte == b'\'')?;
        return Some(quote + 3 + close + 1);
    }
    // One character of one to four bytes, then the closing quote.
    let width = match bytes.get(quote + 1)? {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (bytes.get(quote + 1 + width) == Some(&b'\'')).then_some(quote + width + 2)
}

/// Byte ranges of the items that `#[cfg(test)]` stands before, from the attribute to the closing brace.
fn test_parts(code: &str) -> Vec<Range<usize>> {
    let attributes = code.match_indices("#[cfg(test)]").chain(code.match_indices("#[cfg(all(test"));
    attributes.map(|(at, _)| at..item_end(code, at)).collect()
}

fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0usize;
    for (offset, byte) in code.as_bytes()[start..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return start + offset + 1;
                }
            }
            b';' if depth == 0 => return start + offset + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let cases = [
            ("let a = \"// no\"; // yes", "let a = "),
            ("a /* b /* c */ d */ e", "a "),
            ("r#\"x \" y\"# z", "z"),
            ("br\"x\" z", "z"),
            ("let c = '\"'; unsafe", "unsafe"),
            ("let c = '\\''; unsafe", "unsafe"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("b\"bytes\" bar\"x\" z", "bar"),
        ];
        for (text, kept) in cases {
            let code = blank(text);
            assert_eq!(code.len(), text.len(), "{text}");
            assert!(code.contains(kept), "{text} -> {code}");
        }
        assert!(!blank("let a = \"// no\"; // yes").contains("no"));
        assert!(!blank("a /* b /* c */ d */ e").contains('d'));
        assert!(!blank("r#\"x \" y\"# z").contains('y'));
    }

    #[test]
    fn test_modules_are_left_out() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c() }\n}\nfn d() {}\n";
        let source = Source::new("src/x.rs", text);
        let lines: Vec<_> = source.product_lines().map(|(number, _)| number).collect();
        assert_eq!(lines, [1, 6]);
        let declared = Source::new("src/x.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(declared.product_lines().map(|(number, _)| number).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn words_are_whole() {
        assert!(Source::has_word("x.unwrap()", ".unwrap()"));
        assert!(!Source::has_word("x.unwrap_or(1)", ".unwrap()"));
        assert!(Source::has_word("unsafe {", "unsafe"));
        assert!(!Source::has_word("unsafe_code", "unsafe"));
        assert!(!Source::has_word("debug_assert!(x)", "assert!"));
    }
}
