//! Every `unsafe` block and impl stands under a comment that says why it is sound.

use super::{Breach, source::Source};

/// Lines above an `unsafe` in which its comment may start: a statement of some length stands between at most.
const REACH: usize = 8;

/// Finds `unsafe {` and `unsafe impl` without `SAFETY:` near above, and `unsafe fn` without a `# Safety` section.
pub fn check(source: &Source) -> Vec<Breach> {
    let text: Vec<&str> = source.text.lines().collect();
    let mut breaches = Vec::new();
    for (index, line) in source.code.lines().enumerate() {
        if Source::has_word(line, "unsafe {") || line.trim_end().ends_with("unsafe") || line.contains("unsafe impl") {
            let near = &text[index.saturating_sub(REACH)..=index];
            if !near.iter().any(|line| line.contains("SAFETY:")) {
                breaches.push(Breach::new(&source.path, index + 1, "`unsafe` without a `SAFETY:` comment above it"));
            }
        } else if line.contains("pub unsafe fn") || line.contains("pub unsafe extern") {
            let above = text[..index].iter().rev().take_while(|line| is_attached(line));
            if !above.clone().any(|line| line.contains("# Safety")) {
                breaches.push(Breach::new(&source.path, index + 1, "`pub unsafe fn` without a `# Safety` section"));
            }
        }
    }
    breaches
}

fn is_attached(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("#[") || line.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(text: &str) -> usize {
        check(&Source::new("src/a.rs", text)).len()
    }

    #[test]
    fn blocks_need_their_comment() {
        assert_eq!(breaches("// SAFETY: p is valid.\nlet x = unsafe { *p };\n"), 0);
        assert_eq!(breaches("let x = unsafe { *p };\n"), 1);
        assert_eq!(breaches("unsafe impl Send for A {}\n"), 1);
        assert_eq!(breaches("// unsafe { in a comment }\nlet a = \"unsafe {\";\n"), 0);
        assert_eq!(breaches("#![deny(unsafe_op_in_unsafe_fn)]\n"), 0);
        let far = format!("// SAFETY: too far.\n{}let x = unsafe {{ *p }};\n", "let a = 1;\n".repeat(REACH + 1));
        assert_eq!(breaches(&far), 1);
    }

    #[test]
    fn public_unsafe_functions_need_their_section() {
        assert_eq!(
            breaches("/// Reads.\n///\n/// # Safety\n/// `p` is valid.\n#[inline]\npub unsafe fn read() {}\n"),
            0
        );
        assert_eq!(breaches("/// Reads.\npub unsafe fn read() {}\n"), 1);
    }
}
