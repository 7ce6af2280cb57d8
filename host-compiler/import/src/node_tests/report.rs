//! Outcomes of the node tests, counted per operator.

use std::collections::BTreeMap;
use std::fmt;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All outputs are right.
    Passed,
    /// An output is wrong, or the backend failed.
    Wrong(String),
    /// The importer or the backend does not support it, and said so.
    Unsupported(String),
    /// The importer or the backend panicked.
    Panicked(String),
}

/// One test's outcome.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The folder's name.
    pub name: String,
    /// The operator tested; an expanded function body counts as the operator it stands for.
    pub operator: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// All outcomes.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One for each test, sorted by name.
    pub results: Vec<TestResult>,
}

/// Tests passed, wrong, unsupported, panicked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// passed
    pub passed: usize,
    /// wrong
    pub wrong: usize,
    /// unsupported
    pub unsupported: usize,
    /// panicked
    pub panicked: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Wrong(_) => &mut self.wrong,
            Outcome::Unsupported(_) => &mut self.unsupported,
            Outcome::Panicked(_) => &mut self.panicked,
        } += 1;
    }
}

impl Report {
    /// Counts over all tests.
    pub fn totals(&self) -> Counts {
        let mut counts = Counts::default();
        self.results.iter().for_each(|r| counts.add(&r.outcome));
        counts
    }

    /// Counts for each operator.
    pub fn by_operator(&self) -> BTreeMap<&str, Counts> {
        let mut table: BTreeMap<&str, Counts> = BTreeMap::new();
        for result in &self.results {
            table.entry(&result.operator).or_default().add(&result.outcome);
        }
        table
    }

    /// Whether nothing is wrong and nothing panicked.
    pub fn is_clean(&self) -> bool {
        let totals = self.totals();
        totals.wrong == 0 && totals.panicked == 0
    }

    /// The report as a JSON document with a `schema` number.
    pub fn to_json(&self) -> serde_json::Value {
        let counts = |c: Counts| serde_json::json!({"passed": c.passed, "wrong": c.wrong, "unsupported": c.unsupported, "panicked": c.panicked});
        let operators: serde_json::Map<_, _> =
            self.by_operator().into_iter().map(|(name, c)| (name.to_owned(), counts(c))).collect();
        let tests: Vec<_> = self.results.iter().map(test_json).collect();
        serde_json::json!({"schema": 1, "totals": counts(self.totals()), "operators": operators, "tests": tests})
    }
}

fn test_json(result: &TestResult) -> serde_json::Value {
    let (outcome, detail) = match &result.outcome {
        Outcome::Passed => ("passed", ""),
        Outcome::Wrong(why) => ("wrong", why.as_str()),
        Outcome::Unsupported(why) => ("unsupported", why.as_str()),
        Outcome::Panicked(why) => ("panicked", why.as_str()),
    };
    serde_json::json!({"name": result.name, "operator": result.operator, "outcome": outcome, "detail": detail})
}

impl fmt::Display for Report {
    /// A table by operator, then every test that is wrong or panicked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:36} {:>7} {:>7} {:>12} {:>9}", "operator", "passed", "wrong", "unsupported", "panicked")?;
        let mut row = |name: &str, c: Counts| {
            writeln!(f, "{name:36} {:>7} {:>7} {:>12} {:>9}", c.passed, c.wrong, c.unsupported, c.panicked)
        };
        for (operator, counts) in self.by_operator() {
            row(operator, counts)?;
        }
        row("total", self.totals())?;
        for result in &self.results {
            match &result.outcome {
                Outcome::Wrong(why) => writeln!(f, "WRONG     {}: {why}", result.name)?,
                Outcome::Panicked(why) => writeln!(f, "PANICKED  {}: {why}", result.name)?,
                _ => {}
            }
        }
        Ok(())
    }
}
