//! A list of named steps that are all run, a table of how they ended, and the closing line.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How a step ended well.
pub enum Done {
    /// It ran and all was right; a figure worth showing, or nothing.
    Passed(String),
    /// It could not run here, and why.
    Skipped(String),
}

impl Done {
    /// Passed, with nothing to add.
    pub fn passed() -> Result<Self> {
        Ok(Self::Passed(String::new()))
    }
}

/// One thing to check.
pub struct Step {
    /// A word to choose it by.
    pub name: &'static str,
    /// What it checks.
    pub about: &'static str,
    /// The check.
    pub run: fn() -> Result<Done>,
}

/// Runs every step, goes on after failures, prints the table, and ends with `N passed, N failed`.
///
/// A skipped step counts as neither, and is shown with its reason in the table and above the closing line.
pub fn run_all(steps: &[&Step]) -> Result<()> {
    let mut rows = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        eprintln!("\n==== [{}/{}] {}: {}", index + 1, steps.len(), step.name, step.about);
        let start = Instant::now();
        let result = (step.run)();
        if let Err(error) = &result {
            eprintln!("==== {} FAILED: {error:#}", step.name);
        }
        rows.push((step.name, result, start.elapsed()));
    }
    println!("\n{:<10} {:<8} {:>8}", "step", "result", "time");
    for (name, result, time) in &rows {
        println!("{}", row(name, result, *time));
    }
    for (name, result, _) in &rows {
        if let Ok(Done::Skipped(why)) = result {
            println!("SKIPPED {name}: {why}");
        }
    }
    let failed = rows.iter().filter(|(_, result, _)| result.is_err()).count();
    let passed = rows.iter().filter(|(_, result, _)| matches!(result, Ok(Done::Passed(_)))).count();
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("{failed} of {} steps failed", rows.len());
    }
    Ok(())
}

fn row(name: &str, result: &Result<Done>, time: Duration) -> String {
    let (word, note) = match result {
        Ok(Done::Passed(figure)) => ("ok", figure.clone()),
        Ok(Done::Skipped(why)) => ("SKIPPED", why.clone()),
        Err(error) => ("FAILED", first_line(&format!("{error:#}"))),
    };
    format!("{name:<10} {word:<8} {:>6.1} s  {note}", time.as_secs_f64()).trim_end().to_owned()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    const GOOD: Step = Step { name: "good", about: "passes", run: Done::passed };
    const BAD: Step = Step { name: "bad", about: "fails", run: || Err(anyhow!("it is broken\nin detail")) };
    const AWAY: Step = Step { name: "away", about: "skips", run: || Ok(Done::Skipped("no such board".into())) };

    #[test]
    fn one_failure_fails_the_whole() {
        assert!(run_all(&[&GOOD, &AWAY]).is_ok());
        assert!(run_all(&[&BAD, &GOOD]).is_err());
    }

    #[test]
    fn rows_tell_what_happened() {
        let second = Duration::from_millis(1500);
        assert_eq!(row("bad", &(BAD.run)(), second), "bad        FAILED      1.5 s  it is broken");
        assert_eq!(row("away", &(AWAY.run)(), second), "away       SKIPPED     1.5 s  no such board");
        assert_eq!(row("good", &(GOOD.run)(), second), "good       ok          1.5 s");
    }
}
