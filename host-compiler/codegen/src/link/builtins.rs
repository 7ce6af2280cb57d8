//! The functions LLVM calls by itself, as far as they are our own IR; the linker drops what no kernel calls.
//!
//! On 64-bit targets these are `memcpy`, `memmove` and `memset`. On microcontrollers most come from an archive
//! ([`super::archives`]), but its comparisons of floats and its square roots look values up in tables by absolute
//! address, which a blob cannot have: ours go before them.

use lathe_tensor::Target;

use crate::error::CodegenError;
use crate::llvm;

const MEMORY: &str = include_str!("builtins/memory.ll");
const COMPARISON: &str = include_str!("builtins/comparison.ll");
const UNORDERED: &str = include_str!("builtins/unordered.ll");
const SQUARE_ROOT: &str = include_str!("builtins/square_root.ll");
const ATTRIBUTES: &str = "\nattributes #0 = { nounwind \"no-builtins\" }\n";

/// Comparisons by their names in the Arm run-time ABI, with LLVM's.
const COMPARISONS: [(&str, &str); 5] = [("eq", "eq"), ("lt", "slt"), ("le", "sle"), ("ge", "sge"), ("gt", "sgt")];

/// The words of the templates for a float of `bits` bits with `digits` after its leading one.
fn words(bits: u32, digits: u32) -> Vec<(&'static str, String)> {
    let wide = bits == 64;
    let pick = |narrow: &str, other: &str| if wide { other.to_string() } else { narrow.to_string() };
    let bias = (1u64 << (bits - digits - 2)) - 1;
    vec![
        ("LETTER", pick("f", "d")),
        ("INT", format!("i{bits}")),
        ("FLOAT", pick("float", "double")),
        ("SQRT", pick("sqrtf", "sqrt")),
        ("MAGNITUDE", (u64::MAX >> (65 - bits)).to_string()),
        ("INFINITY", ((2 * bias + 1) << digits).to_string()),
        ("QUIET_NAN", "0x7FF8000000000000".to_string()),
        ("SIGN_AND_EXPONENT", (bits - digits - 1).to_string()),
        ("DIGITS", digits.to_string()),
        ("FRACTION", ((1u64 << digits) - 1).to_string()),
        ("TWO_UNITS", (2u64 << digits).to_string()),
        ("UNIT", (1u64 << digits).to_string()),
        ("BIAS_LESS_ONE", (bias - 1).to_string()),
        ("BIAS", bias.to_string()),
    ]
}

/// `template` with each word of capitals replaced.
fn filled(template: &str, words: &[(&str, String)]) -> String {
    words.iter().fold(template.to_string(), |text, (word, by)| text.replace(word, by))
}

fn source(target: &Target) -> String {
    let mut text = String::new();
    if target.is_microcontroller() {
        for words in [words(32, 23), words(64, 52)] {
            for (name, predicate) in COMPARISONS {
                text += &filled(COMPARISON, &words).replace("NAME", name).replace("PREDICATE", predicate);
            }
            text += &filled(UNORDERED, &words);
            text += &filled(SQUARE_ROOT, &words);
        }
    } else {
        text += MEMORY;
    }
    text + ATTRIBUTES
}

/// The object file for `target`.
pub fn object(target: &Target) -> Result<Vec<u8>, CodegenError> {
    llvm::object_from_ir("builtins", &source(target), target).map(|object| object.bytes)
}
