//! Why devices refuse requests: numbers for the wire, and the sentences that only the host has.
//!
//! Errors of an artifact and of loading it have numbers below 200 and their sentences in `lathe_artifact::reason`. A number
//! keeps its meaning for ever; one that a host does not know is shown as it came.

#[cfg(feature = "std")]
use lathe_artifact::Reason;

macro_rules! reasons {
    ($( $(#[$meta:meta])* $name:ident = $number:literal, $sentence:literal; )*) => {
        $( $(#[$meta])* pub const $name: u16 = $number; )*

        /// The sentence of a number of this table.
        #[cfg(feature = "std")]
        fn sentence(number: u16) -> Option<&'static str> {
            match number {
                $( $number => Some($sentence), )*
                _ => None,
            }
        }
    };
}

reasons! {
    /// a piece of an artifact before any was announced
    NO_UPLOAD = 201, "no upload was begun";
    /// length, first byte, bytes announced, bytes held
    GAP = 202, "{0} bytes at {1} of {2} do not follow on the {3} held";
    /// bytes held, bytes announced
    INCOMPLETE = 203, "{0} of {1} bytes were uploaded";
    /// checksum found, checksum announced
    DAMAGED = 204, "the uploaded bytes have the checksum {0:8x}, announced was {1:8x}";
    /// bytes and checksum in flash, bytes and checksum announced
    OTHER_IN_FLASH = 205,
        "flash holds an artifact of {0} bytes, checksum {1:8x}, not this one of {2}, {3:8x}: flash it";
    /// bytes and checksum announced
    NONE_IN_FLASH = 206, "flash holds no artifact, and not this one of {0} bytes, checksum {1:8x}: flash it";
    /// bytes announced, bytes of memory
    TOO_LARGE = 207, "the artifact has {0} bytes and there are {1} to hold it and its arena";
    /// nothing to load
    NO_ARTIFACT = 208, "there is no artifact: flash one or upload one";
    /// inputs, most inputs
    TOO_MANY_INPUTS = 209, "the model has {0} inputs and this board takes at most {1}";
    /// workers asked for, workers there are
    TOO_MANY_THREADS = 210, "{0} threads were asked for and there are {1}";
    /// nothing is loaded
    NO_MODEL = 211, "no model is loaded";
    /// `input` or `output`; number, how many
    NO_TENSOR = 212, "there is no {a} number {0}: the model has {1}";
    /// `input` or `output`; length, first byte, its bytes
    BEYOND_TENSOR = 213, "{0} bytes at {1} go beyond the {a}'s {2}";
    /// its name
    MISSING_INPUT = 214, "input \"{a}\" was not given";
    /// samples, room
    TOO_MANY_SAMPLES = 215, "{0} samples were asked for and there is room for {1}";
    /// no golden section
    NO_SELF_TEST = 216, "the artifact carries no self-test: compile the model with one";
    /// nothing to evict
    NO_CACHE = 217, "this device cannot evict caches: time it without --flush-cache";
    /// no painted stack
    UNWATCHED = 218, "this device does not watch its stack and arena";
    /// no trials
    NO_SANDBOX = 219, "this device cannot keep a candidate from doing harm: it makes no trials";
    /// no trials now
    NO_BUNDLE = 220, "no bundle of candidates is loaded";
    /// number, how many
    NO_CANDIDATE = 221, "there is no candidate number {0}: the bundle has {1}";
    /// no clock to hold
    FIXED_CLOCK = 223, "the clock of this device is set by its firmware";
    /// bytes announced
    NO_MEMORY = 222, "there is no memory for {0} bytes";
    /// bytes and checksum announced
    UPLOADS_FORBIDDEN = 224,
        "uploads are not allowed here, and this device-server has no artifact of {0} bytes, checksum {1:8x}: start it \
         with --model FILE, or with --allow-upload";

    /// session id
    NO_SESSION = 301, "session {0:16x}: is not open here: the device restarted, or another host said hello";
    /// session id
    WRONG_KEY = 302, "session {0:16x}: the proof is of another key";
    /// session id
    KEY_REQUIRED = 303, "session {0:16x}: prove the key first, on the challenge of a new hello";
    /// a hello in its own session
    OPEN_ALREADY = 304, "the session is open";
    /// no challenges
    NO_RANDOM = 305, "the device has no random numbers to make a challenge of";
    /// number of the frame's error, longest body
    FRAME = 306, "{a}; bodies of up to {1} bytes are taken";
    /// instruction, caller, status, address
    FAULT = 307, "fault at 0x{0:8x}, called from 0x{1:8x}, status 0x{2:8x}, address 0x{3:8x}";
    /// instruction, caller; zeros where it does not tell
    WATCHDOG = 308,
        "the watchdog restarted the board, which hung at 0x{0:8x}, called from 0x{1:8x}: does the model or kernel return?";
}

/// `reason` as a sentence for the person at the host.
#[cfg(feature = "std")]
pub fn told(reason: &Reason<'_>) -> String {
    let frame = reason.figures.first().and_then(|number| crate::FrameError::from_number(*number));
    let frame = frame.filter(|_| reason.number == FRAME).map(|error| error.to_string());
    let words = [frame.as_deref().unwrap_or(reason.words[0]), reason.words[1]];
    let reason = Reason { words, ..*reason };
    let known = match reason.number {
        0 => Some("{a}"),
        number => sentence(number).or(lathe_artifact::reason::sentence(number)),
    };
    let mut text = String::new();
    let unknown = "a reason this program does not know, number {0}: {1}, {2}, {3} {a} {b}";
    let shown = match known {
        Some(sentence) => reason.write(sentence, &mut text),
        None => {
            let [first, second, third, _] = reason.figures;
            Reason { figures: [u64::from(reason.number), first, second, third], ..reason }.write(unknown, &mut text)
        }
    };
    // Writing to a string does not fail.
    shown.map_or_else(|_| String::new(), |()| text)
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found_in_both_tables() {
        let gap = told(&Reason::of(GAP, [2, 7, 10, 6]));
        assert_eq!(gap, "2 bytes at 7 of 10 do not follow on the 6 held");
        assert!(told(&Reason::of(3, [48, 7, 0, 0])).contains("7 bytes of 48"));
        assert_eq!(told(&Reason::text("as it is")), "as it is");
        assert!(told(&Reason::of(999, [5, 0, 0, 0])).contains("number 999: 5"));
        assert_eq!(
            told(&Reason::of(FRAME, [crate::FrameError::Checksum as u64, 1024, 0, 0])),
            "frame with a wrong checksum; bodies of up to 1024 bytes are taken"
        );
        let name = Reason { words: ["x", ""], ..Reason::of(MISSING_INPUT, [0; 4]) };
        assert_eq!(told(&name), "input \"x\" was not given");
    }
}
