//! Declarations: what is read, and what is refused.

use super::{Intrinsic, IntrinsicError};

const SDOT: &str = include_str!("neon_sdot.txt");

#[test]
fn reads_the_dot_product() {
    let sdot = Intrinsic::parse(SDOT).unwrap();
    assert_eq!((sdot.name.as_str(), sdot.features.join(" ").as_str()), ("neon_sdot", "dotprod"));
    let strides: Vec<&[i64]> = sdot.access.iter().map(|(_, s)| s.as_slice()).collect();
    assert_eq!(strides, [[1, 0], [4, 1], [0, 1]]);
    let call: Vec<(usize, u32)> = sdot.arguments.iter().map(|a| (a.operand, a.repeat)).collect();
    assert_eq!((sdot.llvm.as_str(), call), ("llvm.aarch64.neon.sdot.v4i32.v16i8", vec![(0, 1), (1, 1), (2, 4)]));
    assert_eq!(Intrinsic::builtin().len(), 2);
}

#[test]
fn says_what_is_wrong() {
    let broken = |from: &str, to: &str| {
        assert!(SDOT.contains(from));
        Intrinsic::parse(&SDOT.replace(from, to)).unwrap_err()
    };
    assert!(matches!(broken("features dotprod", "feature dotprod"), IntrinsicError::Line(_)));
    assert!(matches!(broken("emit ", "# "), IntrinsicError::Lacks("emit")));
    assert!(matches!(broken("(lane * 4)", "(lane * lane)"), IntrinsicError::Pattern(_)));
    assert!(matches!(broken("i8[16]", "i8[8]"), IntrinsicError::Pattern(_)), "an index out of range");
    assert!(matches!(broken("b*4", "c*4"), IntrinsicError::Emit { .. }));
    assert!(matches!(broken("a, b*4", "a*2, b*4"), IntrinsicError::Emit { .. }));
}
