//! Intermediate forms for looking at.

use lathe_codegen::Emit;

use crate::error::CompileError;
use crate::lowering::Lowering;

/// What can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// the graph after all passes
    Graph,
    /// tensor programs
    Program,
    /// schedule traces
    Schedule,
    /// loop nests
    Loops,
    /// LLVM's intermediate representation, optimised
    LlvmIr,
    /// assembly
    Asm,
    /// object files
    Obj,
}

/// One piece of an intermediate form.
#[derive(Clone, Debug)]
pub struct Piece {
    /// the kernel or group it belongs to; the model for the graph
    pub name: String,
    /// the text, or an object file
    pub bytes: Vec<u8>,
}

/// The pieces of `form`, of groups and kernels whose name or nodes match the glob `filter`.
pub fn emit(lowering: &Lowering, form: Form, filter: Option<&str>) -> Result<Vec<Piece>, CompileError> {
    let wanted = |name: &str| filter.is_none_or(|f| glob(f, name));
    let piece = |name: &str, text: String| Piece { name: name.to_string(), bytes: text.into_bytes() };
    let groups = || lowering.groups.iter().filter(|g| wanted(&g.program.name) || wanted(&g.label));
    let headed =
        |g: &crate::groups::ScheduledGroup, text: String| piece(&g.program.name, format!("# {}\n{text}", g.label));
    let kernels = || lowering.kernels.kernels().iter().filter(|k| wanted(&k.name));
    let machine = |form: Emit| {
        let one = |k: &lathe_tensor::Kernel| {
            let bytes = lathe_codegen::emit(k, &lowering.options.target, form)?;
            Ok(Piece { name: k.name.clone(), bytes })
        };
        kernels().map(one).collect()
    };
    Ok(match form {
        Form::Graph => vec![piece(&lowering.graph.name, lowering.graph.to_string())],
        Form::Program => groups().map(|g| headed(g, g.program.to_string())).collect(),
        Form::Schedule => groups().map(|g| headed(g, g.schedule.trace().to_string())).collect(),
        Form::Loops => kernels().map(|k| piece(&k.name, k.to_string())).collect(),
        Form::LlvmIr => return machine(Emit::LlvmIr),
        Form::Asm => return machine(Emit::Asm),
        Form::Obj => return machine(Emit::Obj),
    })
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs() {
        for (pattern, text) in
            [("*", ""), ("conv*", "conv_f32"), ("*relu*", "a + relu1"), ("c?nv", "conv"), ("a*b*c", "axxbyc")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "x"), ("conv", "conv1"), ("?", ""), ("a*b", "acd")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
