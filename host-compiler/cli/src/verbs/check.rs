//! `check`: what of a model is supported, before anything is built.

use lathe_driver::CompileError;
use lathe_import::{ImportError, MissingShape, OperatorReport, Report, Support};
use serde_json::json;

use super::bytes_text;
use super::compile::{input_shapes, pictures};
use crate::arguments::CheckArgs;
use crate::console;
use crate::failure::{Exit, Failure, Outcome};

pub fn run(args: &CheckArgs) -> Outcome {
    if let Some(target) = &args.target {
        lathe_codegen::targets::find(target, None).map_err(CompileError::from)?;
    }
    // How pictures are prepared asks for no operator that is not there: it only has to be said soundly.
    pictures(&args.graph.pictures)?;
    let bytes = std::fs::read(&args.model).map_err(|e| Failure::file("read", &args.model, &e))?;
    let options = lathe_import::Options {
        input_shapes: input_shapes(&args.graph.input_shapes)?,
        base_dir: args.model.parent().map(std::path::Path::to_path_buf),
        ..lathe_import::Options::default()
    };
    let report = lathe_import::check(&bytes, &options);
    console::report(document(&report), || text(&report))?;
    verdict(report)
}

fn document(report: &Report) -> serde_json::Value {
    let operator = |o: &OperatorReport| {
        let reason = match &o.support {
            Support::Supported => None,
            Support::Unsupported(reason) => Some(reason),
        };
        json!({
            "name": o.name, "domain": o.domain, "opset": o.opset, "count": o.count, "nodes": o.nodes,
            "supported": reason.is_none(), "reason": reason,
        })
    };
    let open = |input: &MissingShape| json!({ "name": input.input, "shape": input.declared });
    json!({
        "supported": report.is_supported(),
        "weight_bytes": report.weight_bytes,
        "operators": report.operators.iter().map(operator).collect::<Vec<_>>(),
        "open_inputs": report.open_inputs.iter().map(open).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for o in &report.operators {
        let name = if o.domain.is_empty() { o.name.clone() } else { format!("{}::{}", o.domain, o.name) };
        text += &match &o.support {
            Support::Supported => format!("supported    {name:24} opset {:2}  {} node(s)\n", o.opset, o.count),
            Support::Unsupported(reason) => {
                let first = o.nodes.first().map(String::as_str).unwrap_or_default();
                format!("UNSUPPORTED  {name:24} opset {:2}  {} node(s), first {first:?}: {reason}\n", o.opset, o.count)
            }
        };
    }
    text += &format!("{} of weights\n", bytes_text(report.weight_bytes));
    let open = !report.open_inputs.is_empty();
    if open {
        text += &format!("{}\n", ImportError::MissingShapes { inputs: report.open_inputs.clone() });
    }
    text + match (report.is_supported(), open) {
        (true, false) => "The model is supported.\n",
        (true, true) => "Every operator is supported; with these dimensions shapes are checked too.\n",
        (false, _) => "",
    }
}

/// The exit code: what is unsupported makes it that, a damaged model is a failure, a shape that does not fit wrong usage.
/// A dimension left open is none of these: it has to be given when compiling.
fn verdict(mut report: Report) -> Outcome {
    if report.is_supported() {
        return Ok(());
    }
    let unsupported = report.operators.iter().filter(|o| o.support != Support::Supported).count();
    let messages: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    if unsupported > 0 || report.problems.is_empty() {
        let summary = format!("{unsupported} kind(s) of operator are not supported, see above");
        return Err(Failure::new(Exit::Unsupported, [vec![summary], messages].concat().join("\n")));
    }
    let failure = Failure::from(CompileError::Import(report.problems.swap_remove(0)));
    Err(Failure { message: messages.join("\n"), ..failure })
}
