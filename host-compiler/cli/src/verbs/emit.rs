//! `compile --emit FORM`: an intermediate form for looking at.

use lathe_driver::Options;
use lathe_driver::emit::{self, Form, Piece};
use serde_json::json;

use super::steps::Steps;
use crate::arguments::CompileArgs;
use crate::console;
use crate::failure::{Failure, Outcome};
use crate::output_file;

/// Writes or prints the form that `request` names, as `FORM` or `FORM=GLOB`.
pub fn run(args: &CompileArgs, options: &Options, request: &str) -> Outcome {
    let (name, filter) = match request.split_once('=') {
        Some((name, glob)) => (name, Some(glob)),
        None => (request, None),
    };
    let form = form(name)?;
    if form == Form::Obj && args.common.json && args.output.is_none() {
        return Err(Failure::usage("an object is no text for a document: give -o OUT.o"));
    }
    let steps = Steps::default();
    let lowering = lathe_driver::lower(&args.model, options, &steps);
    steps.clear();
    let pieces = emit::emit(&lowering?, form, filter)?;
    if pieces.is_empty() {
        let pattern = filter.unwrap_or("*");
        return Err(Failure::usage(format!("no kernel or node matches {pattern:?}; --emit program shows them all")));
    }
    let bytes = if form == Form::Obj { one_object(&pieces)? } else { joined(&pieces) };
    match &args.output {
        Some(path) => output_file::write(path, &bytes)?,
        None if args.common.json => {}
        None => return console::print_bytes(&bytes),
    }
    console::report(document(args, name, &pieces), String::new)
}

fn form(name: &str) -> Outcome<Form> {
    Ok(match name {
        "graph" => Form::Graph,
        "program" => Form::Program,
        "schedule" => Form::Schedule,
        "loops" => Form::Loops,
        "llvm-ir" => Form::LlvmIr,
        "asm" => Form::Asm,
        "obj" => Form::Obj,
        _ => {
            let known = "graph, program, schedule, loops, llvm-ir, asm, obj, c-object, staticlib";
            return Err(Failure::usage(format!("--emit {name:?} is not known; forms are {known}")));
        }
    })
}

/// What was made, with its text unless that went to a file.
fn document(args: &CompileArgs, form: &str, pieces: &[Piece]) -> serde_json::Value {
    let text = |piece: &Piece| args.output.is_none().then(|| String::from_utf8_lossy(&piece.bytes).into_owned());
    let piece = |piece: &Piece| json!({ "name": piece.name, "bytes": piece.bytes.len(), "text": text(piece) });
    json!({ "form": form, "output": args.output, "pieces": pieces.iter().map(piece).collect::<Vec<_>>() })
}

fn joined(pieces: &[Piece]) -> Vec<u8> {
    let with_newline = |p: &Piece| {
        let newline = if p.bytes.ends_with(b"\n") { &b""[..] } else { b"\n" };
        [&p.bytes, newline].concat()
    };
    pieces.iter().map(with_newline).collect::<Vec<_>>().join(&b'\n')
}

fn one_object(pieces: &[Piece]) -> Outcome<Vec<u8>> {
    match pieces {
        [piece] => Ok(piece.bytes.clone()),
        _ => Err(Failure::usage(
            "each kernel is an object of its own: choose one with --emit obj=NAME (--emit loops shows names)",
        )),
    }
}
