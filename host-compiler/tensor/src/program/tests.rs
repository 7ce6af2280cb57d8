//! The verifier's rules, one broken program each, and texts that are no programs.

use super::Program;
use super::verify::VerifyError;

/// A program that verifies, to break.
const GOOD: &str = "program p
buffer x: input f32[4,3]
buffer t: temp f32[4]
buffer y: output f32[4,3]
stage sum[i:4] sum[r:3] -> t = x[i, r]
stage out[i:4, j:3] -> y = (let %0 = t[i] in ((%0 * %0) + select((0 < i), x[(i - 1), j], f32:0.5)))
";

const RECURRENCE: &str = "program p
buffer x: input f32[4]
buffer s: output f32[4]
stage s[t:4] -> s = (x[t] + select((0 < t), s[(t - 1)], f32:0.0))
scan s s
";

const UPDATE: &str = "program p
buffer x: input i64[4]
buffer y: output f32[6]
stage zero[i:6] -> y = f32:0.0
stage hit[i:4] -> y[cast<index>(x[i])] add f32:1.0
";

const IN_PLACE: &str = "program p
buffer x: input f32[4,3]
buffer w: input f32[3]
buffer y: output f32[4,3]
buffer z: output f32[4,3]
stage add[i:4, j:3] -> y = (x[i, j] + w[j])
stage neg[i:4, j:3] -> z = neg(w[j])
in_place y x
";

fn parsed(text: &str) -> Program {
    Program::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// What the verifier says of `text` with `from` replaced by `to`.
fn broken(text: &str, from: &str, to: &str) -> VerifyError {
    assert!(text.contains(from), "`{from}` is part of the program");
    let program = parsed(&text.replace(from, to));
    program.verify().expect_err("the rule is broken")
}

#[test]
fn good_programs_verify_and_print_as_they_were_read() {
    for text in [GOOD, RECURRENCE, UPDATE, IN_PLACE] {
        let program = parsed(text);
        program.verify().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(program.to_string(), text);
    }
}

#[test]
fn names_are_unique() {
    assert!(matches!(
        broken(GOOD, "buffer t:", "buffer x: temp f32[4]\nbuffer t:"),
        VerifyError::Name { what: "buffer", .. }
    ));
    assert!(matches!(broken(GOOD, "stage out", "stage sum"), VerifyError::Name { what: "stage", .. }));
    assert!(matches!(
        broken(GOOD, "sum[r:3] -> t = x[i, r]", "sum[i:3] -> t = x[i, i]"),
        VerifyError::Name { what: "axis", .. }
    ));
    assert!(matches!(broken(GOOD, "t: temp f32[4]", "t: temp f32[-4]"), VerifyError::Extent(_)));
}

#[test]
fn expressions_are_typed() {
    assert!(matches!(broken(GOOD, "f32:0.5", "f64:0.5"), VerifyError::Type { .. }));
    assert!(matches!(broken(GOOD, "(0 < i)", "i"), VerifyError::Type { .. }));
    assert!(matches!(broken(GOOD, "(%0 * %0)", "(%0 * %1)"), VerifyError::Type { .. }));
    assert!(matches!(broken(GOOD, "-> t = x[i, r]", "-> t = cast<f64>(x[i, r])"), VerifyError::ValueType { .. }));
    assert!(matches!(broken(GOOD, "x[i, r]", "x[i]"), VerifyError::Arity { rank: 2, found: 1, .. }));
    assert!(matches!(broken(UPDATE, "cast<index>(x[i])", "x[i]"), VerifyError::ValueType { .. }));
    assert!(matches!(broken(UPDATE, "y[cast<index>(x[i])]", "y[i, i]"), VerifyError::Arity { .. }));
}

#[test]
fn locals_are_bound_once() {
    let twice = "(let %0 = t[i] in (let %0 = t[i] in %0))";
    let value = "(let %0 = t[i] in ((%0 * %0) + select((0 < i), x[(i - 1), j], f32:0.5)))";
    assert!(matches!(broken(GOOD, value, twice), VerifyError::Rebound { id: 0, .. }));
}

#[test]
fn axes_are_the_output() {
    assert!(matches!(broken(GOOD, "t: temp f32[4]", "t: temp f32[5]"), VerifyError::Shape { .. }));
    assert!(matches!(broken(GOOD, "sum[r:3] -> t = x[i, r]", "sum[] -> t = x[i, 0]"), VerifyError::Shape { .. }));
}

#[test]
fn buffers_are_filled_once_and_operands_never() {
    assert!(matches!(broken(GOOD, "y: output", "y: input"), VerifyError::Write { .. }));
    assert!(matches!(broken(GOOD, "buffer t:", "buffer u: temp f32[1]\nbuffer t:"), VerifyError::Unfilled(_)));
    let again = "stage sum[i:4] sum[r:3] -> t = x[i, r]\nstage again[i:4] -> t = f32:1.0";
    assert!(matches!(broken(GOOD, "stage sum[i:4] sum[r:3] -> t = x[i, r]", again), VerifyError::Write { .. }));
    let text = format!("{GOOD}stage late[i:4] -> t[i] set f32:1.0\n");
    assert!(matches!(parsed(&text).verify(), Err(VerifyError::Write { .. })));
    assert!(matches!(broken(UPDATE, "stage zero[i:6] -> y = f32:0.0\n", ""), VerifyError::Write { .. }));
}

#[test]
fn stages_read_what_is_filled() {
    assert!(matches!(broken(GOOD, "= x[i, r]", "= y[i, r]"), VerifyError::Order { .. }));
    assert!(matches!(broken(GOOD, "x[(i - 1), j]", "y[(i - 1), j]"), VerifyError::Order { .. }));
    // a recurrence reads earlier points only
    assert!(matches!(broken(RECURRENCE, "s[(t - 1)]", "s[t]"), VerifyError::Order { .. }));
    assert!(matches!(broken(RECURRENCE, "s[(t - 1)]", "s[(t - 0)]"), VerifyError::Order { .. }));
    assert!(matches!(broken(RECURRENCE, "scan s s\n", ""), VerifyError::Order { .. }));
}

#[test]
fn scans_are_over_one_axis() {
    let two = RECURRENCE.replace("scan s s", "buffer z: output f32[5]\nstage z[t:5] -> z = f32:0.0\nscan s z");
    assert!(matches!(parsed(&two).verify(), Err(VerifyError::Scan { .. })));
    assert!(matches!(broken(RECURRENCE, "scan s s", "scan s s\nscan s s"), VerifyError::Scan { .. }));
}

#[test]
fn indices_stay_inside() {
    assert!(matches!(broken(GOOD, "x[i, r]", "x[i, (r + 1)]"), VerifyError::Range { dim: 1, high: 3, .. }));
    assert!(matches!(broken(GOOD, "x[i, r]", "x[(i * 2), r]"), VerifyError::Range { dim: 0, high: 6, .. }));
}

#[test]
fn faulty_texts_name_the_place() {
    let at = |text: &str| {
        let e = Program::parse(text).expect_err("not a program");
        (e.line, e.column)
    };
    assert_eq!(at(""), (1, 1));
    assert_eq!(at("program p\nbuffer x: output f32[2]\nstage s[i:2] -> x = q[i]"), (3, 21));
    assert_eq!(at("program p\nbuffer x: output f99[2]"), (2, 18));
    assert_eq!(at("program p\nbuffer x: output f32[2]\nstage s[i:2] -> x = f32:1.0 extra"), (3, 29));
    let deep = format!("program p\nbuffer x: output f32[2]\nstage s[i:2] -> x = {}", "neg(".repeat(100_000));
    assert_eq!(Program::parse(&deep).expect_err("too deep").line, 3);
}

#[test]
fn results_are_written_over_operands_read_point_by_point() {
    let refused = |from: &str, to: &str| match broken(IN_PLACE, from, to) {
        VerifyError::InPlace { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(refused("in_place y x", "in_place y w"), "it has another type or shape");
    assert_eq!(refused("in_place y x", "in_place y x\nin_place z x"), "one of them is named twice");
    assert_eq!(refused("in_place y x", "in_place x y"), "a result takes an operand's memory");
    assert_eq!(refused("neg(w[j])", "x[(3 - i), j]"), "an element is read for other elements");
}
