//! Errors as sentences: a device tells a number, figures and words, and whoever shows them to a person has the sentence.
//!
//! So firmware holds no sentences and nothing that writes numbers as text.

use core::fmt::{self, Write};

use crate::part::Part;

/// An error that only a faulty writer or a forger can cause: the checksum was right.
macro_rules! malformed {
    ($what:literal) => {
        concat!("malformed artifact: ", $what, "; compile the model again, and report it if that does not help")
    };
}

/// What an error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Which error it is: [`ArtifactError::number`](crate::ArtifactError::number) and its like. 0 is none of a table: the
    /// first word is all it says.
    pub number: u16,
    /// Its figures; what it has no more of is 0.
    pub figures: [u64; 4],
    /// Its words; what it has no more of is empty.
    pub words: [&'a str; 2],
}

impl<'a> Reason<'a> {
    /// Error `number` with figures alone.
    pub const fn of(number: u16, figures: [u64; 4]) -> Reason<'a> {
        Reason { number, figures, words: [""; 2] }
    }

    /// A sentence as it is.
    pub const fn text(text: &'a str) -> Reason<'a> {
        Reason { number: 0, figures: [0; 4], words: [text, ""] }
    }

    /// Writes `sentence` with `{0}` to `{3}` replaced by the figures (`{0:x}` has one written in hexadecimal, `{0:16x}` in
    /// so many digits), `{a}` and `{b}` by the words, and `{p}` by the name of the [`Part`] whose number the last figure is.
    pub fn write(&self, sentence: &str, to: &mut impl Write) -> fmt::Result {
        let mut rest = sentence;
        while let Some((text, after)) = cut(rest, b'{') {
            let (place, tail) = cut(after, b'}').unwrap_or((after, ""));
            to.write_str(text)?;
            match place {
                "a" => to.write_str(self.words[0])?,
                "b" => to.write_str(self.words[1])?,
                "p" => to.write_str(Part::from_number(self.figures[3]).map_or("a part", Part::as_str))?,
                _ => self.write_figure(place, to)?,
            }
            rest = tail;
        }
        to.write_str(rest)
    }

    fn write_figure(&self, place: &str, to: &mut impl Write) -> fmt::Result {
        let (number, digits) = cut(place, b':').unwrap_or((place, ""));
        let figure = number.parse().ok().and_then(|at: usize| self.figures.get(at).copied()).unwrap_or(0);
        let hexadecimal = cut(digits, b'x').map(|(digits, _)| digits);
        let least = hexadecimal.and_then(|digits| digits.parse().ok()).unwrap_or(1);
        write_digits(figure, hexadecimal.is_some(), least, to)
    }
}

/// What stands before the first `at` and what after it. What the core library has for it can panic, as far as a compiler
/// can tell.
fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..place)?, text.get(place.checked_add(1)?..)?))
}

/// Writes a figure with at least so many digits. What the core library has for it can panic.
fn write_digits(mut figure: u64, hexadecimal: bool, least: usize, to: &mut impl Write) -> fmt::Result {
    let (mut digits, mut count) = (['0'; 20], 0usize);
    for slot in &mut digits {
        let (digit, rest) = if hexadecimal { (figure & 15, figure >> 4) } else { (figure % 10, figure / 10) };
        *slot = char::from_digit(digit as u32, 16).unwrap_or('?');
        (figure, count) = (rest, count.wrapping_add(1));
        if figure == 0 && count >= least {
            break;
        }
    }
    digits.iter().take(count).rev().try_for_each(|digit| to.write_char(*digit))
}

/// Shows `reason` by the sentence of its number here, as errors of an artifact and of loading it do.
pub fn show(reason: &Reason<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    reason.write(sentence(reason.number).unwrap_or("{a}"), f)
}

/// The sentence of an error: [`ArtifactError`](crate::ArtifactError) to 99, those of loading a model from 101.
pub const fn sentence(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "this is not a Lathe artifact: compile the model first (host-compiler MODEL.onnx -o OUT.lathe)",
        2 => {
            "artifact format {0}, this runtime reads format {1}: compile the model again with the matching host-compiler"
        }
        3 => "the artifact ends inside its header ({1} bytes of {0}): copy it again",
        4 => "the artifact is for {a}, this device is {b}: compile the model with --target {b}",
        5 => {
            "the artifact is for the CPU {a} and needs its feature {b}, which this CPU lacks: compile the model with an \
             --mcpu this CPU implements"
        }
        6 => "the artifact should have {0} bytes and has {1}: copy it again",
        7 => "the artifact's checksum is {1:8x} and should be {0:8x}: it was damaged, copy it again",
        8 => malformed!("unknown section kind 0x{0:4x}"),
        9 => malformed!("section kind 0x{0:4x} stands {1} times instead of once"),
        10 => malformed!("section kind 0x{0:4x} cannot lie at {1} with {2} bytes"),
        11 => malformed!("{p} {0} ends at {1}, beyond {2}"),
        12 => malformed!("{p} of entry {0} cannot be {1}"),
        13 => malformed!("{p} {0} is not a valid text"),
        14 => malformed!("{p} {0} at {1} cannot have alignment 2^{2}"),
        101 => {
            "the model needs an arena of {0} bytes with {2} worker(s) and was given {1}: give it a larger arena or fewer \
             workers"
        }
        102 => "the arena starts at 0x{1:x} and must at a multiple of {0} bytes: align its buffer",
        103 => {
            "the artifact's code starts at 0x{1:x} and must at a multiple of {0} bytes: align the artifact in memory"
        }
        104 => {
            "the artifact's constants start at 0x{1:x} and must at a multiple of {0} bytes: align the artifact in memory"
        }
        105 => {
            "step {0} runs on processor {1} of the artifact, which this runtime does not drive: compile the model for \
             the CPU alone"
        }
        106 => "this is a bundle of candidates, not a model: only trials can be made",
        107 => "this is a model, not a bundle of candidates: no trials can be made",
        108 => "the candidates read {0} bytes of noise and there are {1}: give an aligned region of so many",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    extern crate std;
    use std::string::String;

    #[test]
    fn figures_and_words_take_their_places() {
        let reason = Reason { number: 9, figures: [7, 0xBEEF, 3, u64::MAX], words: ["x", "yz"] };
        let mut text = String::new();
        reason.write("{b}{a} {0} {1:x} {1:8x} {3}.", &mut text).unwrap();
        assert_eq!(text, "yzx 7 beef 0000beef 18446744073709551615.");
    }
}
