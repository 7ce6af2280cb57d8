//! What a board says of its memory and counts in a run, held against what the artifact promised before.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What was counted.
pub struct Counted {
    /// Instructions of one run, emulated.
    pub instructions: u64,
    /// Stack bytes of a run.
    pub stack: u64,
}

/// Checks what `time --profile` told of one run (`measured`) against what `inspect --board` told before (`predicted`):
/// the arena is as large as predicted, nothing was written behind it, the stack stayed within its bound.
pub fn check(measured: &Value, predicted: &Value) -> Result<Counted> {
    let number = |value: &Value, what: &str| value.as_u64().with_context(|| format!("the compiler told no {what}"));
    let (memory, ram) = (&measured["memory"], &predicted["board"]["ram"]);
    let arena = number(&memory["arena"], "arena in use")?;
    let expected = number(&ram["arena"], "arena")? + number(&ram["workspace"], "workspace")?;
    ensure!(arena == expected, "the arena in use has {arena} bytes, predicted were {expected}");
    let beyond = number(&memory["beyond_arena"], "bytes beyond the arena")?;
    ensure!(beyond == 0, "{beyond} bytes behind the arena were written");
    let stack = number(&memory["run_stack"], "stack of a run")?;
    let promised = number(&ram["stack"], "stack")?;
    ensure!(stack <= promised, "a run took {stack} bytes of stack, the artifact promised {promised}");
    let steps = measured["steps"].as_array().context("the compiler told no steps")?;
    let instructions = steps.iter().map(|step| number(&step["instructions"], "instructions")).sum::<Result<u64>>()?;
    Ok(Counted { instructions, stack })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measured(arena: u64, beyond: u64, stack: u64) -> Value {
        let memory = json!({ "arena": arena, "beyond_arena": beyond, "run_stack": stack });
        json!({ "memory": memory, "steps": [{ "instructions": 5 }, { "instructions": 7 }] })
    }

    #[test]
    fn promises_are_held() {
        let predicted = json!({ "board": { "ram": { "arena": 100, "workspace": 28, "stack": 64 } } });
        assert_eq!(check(&measured(128, 0, 64), &predicted).unwrap().instructions, 12);
        for (broken, words) in
            [(measured(120, 0, 64), "predicted"), (measured(128, 4, 64), "behind"), (measured(128, 0, 65), "promised")]
        {
            let message = check(&broken, &predicted).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(words), "{message}");
        }
    }
}
