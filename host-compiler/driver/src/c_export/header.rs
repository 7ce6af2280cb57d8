//! The C header of one model: where it is, the memory it takes, its inputs and outputs.

use std::fmt::Write;

use lathe_artifact::{Artifact, Tensor};

use super::Identifier;

/// Stack bytes that loading takes at most, whatever the model: an example measures it.
const LOAD_STACK: u32 = 2048;

/// The text of the header.
pub fn header(artifact: &Artifact<'_>, name: &Identifier) -> String {
    let head = artifact.header();
    let arena = head.arena_bytes_for(1).unwrap_or(usize::MAX);
    let (upper, in_firmware) = (name.upper(), head.target.contains("-none-"));
    let mut text = format!(
        "/* A model for {} {}, compiled by host-compiler {}: link with the object or library of the same name.\n \
         * Compile again instead of editing this. */\n\
         #ifndef LATHE_MODEL_{upper}_H\n#define LATHE_MODEL_{upper}_H\n\n#include \"lathe.h\"\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* The artifact, {} bytes from a multiple of {}: the first byte, and the one after the last. */\n\
         extern const unsigned char lathe_model_{name}[];\nextern const unsigned char lathe_model_{name}_end[];\n\n\
         #ifdef __cplusplus\n}}\n#endif\n\n",
        head.target,
        head.cpu,
        env!("CARGO_PKG_VERSION"),
        head.total_bytes,
        artifact.in_place_align(),
    );
    let mut define = |what: &str, value: String, about: &str| {
        let about = if about.is_empty() { String::new() } else { format!(" /* {about} */") };
        text += &format!("#define LATHE_MODEL_{upper}_{what} {value}{about}\n");
    };
    define("BYTES", head.total_bytes.to_string(), "of the artifact");
    define("ARENA_BYTES", arena.to_string(), "tensors and workspace");
    define("WORKSPACE_BYTES", head.workspace_bytes.to_string(), "of these");
    define(
        "STACK_BYTES",
        head.stack_bytes.max(LOAD_STACK).to_string(),
        "that loading and running need below their caller",
    );
    if in_firmware {
        define("MEMORY_BYTES", memory(artifact, arena), "what lathe_load takes");
        define("MEMORY_ALIGN", head.arena_align().max(8).to_string(), "and at a multiple of what");
        define("SERVER_BYTES", server(artifact, arena), "what lathe_server_start takes, at a multiple of 8");
    }
    for (role, tensors) in [("INPUT", tensors(artifact, false)), ("OUTPUT", tensors(artifact, true))] {
        define(&format!("{role}S"), tensors.len().to_string(), "");
        for (index, tensor) in tensors.iter().enumerate() {
            for (what, value) in description(tensor) {
                define(&format!("{role}_{index}_{what}"), value, "");
            }
        }
    }
    text += "\n#endif\n";
    text
}

fn tensors<'a>(artifact: &Artifact<'a>, outputs: bool) -> Vec<Tensor<'a>> {
    if outputs { artifact.outputs().collect() } else { artifact.inputs().collect() }
}

/// The sum that the runtime makes too: the arena, what it keeps about the model, then descriptions, dimensions and names
/// of inputs and outputs.
fn memory(artifact: &Artifact<'_>, arena: usize) -> String {
    let tensors: Vec<Tensor<'_>> = artifact.inputs().chain(artifact.outputs()).collect();
    let described: usize = tensors.iter().map(|tensor| 4 * tensor.shape.rank() + tensor.name.len() + 1).sum();
    let arena = arena.next_multiple_of(8);
    format!("({arena} + LATHE_MODEL_BYTES + {} * sizeof(lathe_tensor) + {described})", tensors.len())
}

/// Samples that the server has room for, whatever the model.
const SAMPLES: usize = 64;

/// The sum that the runtime makes too: what a server takes, a sample for each step beyond those it has room for, the arena
/// and the way to its alignment, and the inputs' values.
fn server(artifact: &Artifact<'_>, arena: usize) -> String {
    let samples = 8 * artifact.step_count().saturating_sub(SAMPLES);
    let inputs: usize = artifact.inputs().map(|input| input.bytes as usize).sum();
    format!("(LATHE_SERVER_BYTES + {})", samples + arena + artifact.header().arena_align() + inputs)
}

/// Name and value of each macro on one input or output.
fn description(tensor: &Tensor<'_>) -> Vec<(&'static str, String)> {
    let dims: Vec<String> = tensor.shape.dims().map(|dim| dim.to_string()).collect();
    let mut macros = vec![
        ("NAME", literal(tensor.name)),
        ("DTYPE", format!("LATHE_{}", tensor.dtype.name().to_uppercase())),
        ("RANK", dims.len().to_string()),
        ("DIMS", dims.join(", ")),
        ("ELEMENTS", tensor.shape.elements().unwrap_or(0).to_string()),
        ("BYTES", tensor.bytes.to_string()),
    ];
    if let Some(quantization) = tensor.quantization {
        macros.push(("SCALE", format!("{:e}f", quantization.scale)));
        macros.push(("ZERO_POINT", quantization.zero_point.to_string()));
    }
    macros
}

/// `text` as a C string literal in ASCII.
fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        let plain = (byte.is_ascii_graphic() || byte == b' ') && !b"\"\\?".contains(&byte);
        // Three octal digits end by themselves, whatever follows.
        let written = if plain { write!(literal, "{}", byte as char) } else { write!(literal, "\\{byte:03o}") };
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
    }
    literal + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        assert_eq!(literal("x:0"), "\"x:0\"");
        assert_eq!(literal("a\"b\\*/??/é\n"), r#""a\042b\134*/\077\077/\303\251\012""#);
    }
}
