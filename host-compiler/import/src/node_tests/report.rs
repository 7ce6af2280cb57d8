//! Outcomes of the node tests, counted per operator.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

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
    /// The process that ran it died, or gave no answer in time.
    Crashed(String),
}

impl Outcome {
    /// Its name, and why.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Outcome::Passed => ("passed", ""),
            Outcome::Wrong(why) => ("wrong", why),
            Outcome::Unsupported(why) => ("unsupported", why),
            Outcome::Panicked(why) => ("panicked", why),
            Outcome::Crashed(why) => ("crashed", why),
        }
    }

    /// The outcome that has these [`parts`](Outcome::parts).
    pub(super) fn from_parts(name: &str, why: &str) -> Option<Outcome> {
        let why = why.to_owned();
        Some(match name {
            "passed" => Outcome::Passed,
            "wrong" => Outcome::Wrong(why),
            "unsupported" => Outcome::Unsupported(why),
            "panicked" => Outcome::Panicked(why),
            "crashed" => Outcome::Crashed(why),
            _ => return None,
        })
    }
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

impl TestResult {
    pub(super) fn new(folder: &Path, operator: String, outcome: Outcome) -> TestResult {
        TestResult { name: super::name(folder), operator, outcome }
    }
}

/// All outcomes.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One for each test, sorted by name.
    pub results: Vec<TestResult>,
}

/// Tests passed, wrong, unsupported, panicked, crashed.
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
    /// crashed
    pub crashed: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Wrong(_) => &mut self.wrong,
            Outcome::Unsupported(_) => &mut self.unsupported,
            Outcome::Panicked(_) => &mut self.panicked,
            Outcome::Crashed(_) => &mut self.crashed,
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

    /// Whether nothing is wrong, panicked or crashed.
    pub fn is_clean(&self) -> bool {
        let totals = self.totals();
        totals.wrong + totals.panicked + totals.crashed == 0
    }

    /// The report as a JSON document with a `schema` number.
    pub fn to_json(&self) -> serde_json::Value {
        let counts = |c: Counts| {
            let Counts { passed, wrong, unsupported, panicked, crashed } = c;
            serde_json::json!({"passed": passed, "wrong": wrong, "unsupported": unsupported, "panicked": panicked, "crashed": crashed})
        };
        let operators: serde_json::Map<_, _> =
            self.by_operator().into_iter().map(|(name, c)| (name.to_owned(), counts(c))).collect();
        let tests: Vec<_> = self.results.iter().map(test_json).collect();
        serde_json::json!({"schema": 1, "totals": counts(self.totals()), "operators": operators, "tests": tests})
    }
}

fn test_json(result: &TestResult) -> serde_json::Value {
    let (outcome, detail) = result.outcome.parts();
    serde_json::json!({"name": result.name, "operator": result.operator, "outcome": outcome, "detail": detail})
}

impl fmt::Display for Report {
    /// A table by operator, then every test that is wrong, panicked or crashed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passed, wrong, unsupported, panicked, crashed] = ["passed", "wrong", "unsupported", "panicked", "crashed"];
        writeln!(f, "{:36} {passed:>7} {wrong:>7} {unsupported:>12} {panicked:>9} {crashed:>8}", "operator")?;
        let mut row = |name: &str, c: Counts| {
            let Counts { passed, wrong, unsupported, panicked, crashed } = c;
            writeln!(f, "{name:36} {passed:>7} {wrong:>7} {unsupported:>12} {panicked:>9} {crashed:>8}")
        };
        for (operator, counts) in self.by_operator() {
            row(operator, counts)?;
        }
        row("total", self.totals())?;
        for result in &self.results {
            if !matches!(result.outcome, Outcome::Passed | Outcome::Unsupported(_)) {
                let (outcome, why) = result.outcome.parts();
                writeln!(f, "{:9} {}: {why}", outcome.to_uppercase(), result.name)?;
            }
        }
        Ok(())
    }
}
