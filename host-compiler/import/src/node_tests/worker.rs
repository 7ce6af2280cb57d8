//! Tests run in processes of their own, so that machine code that brings its process down costs one test, not the run.
//!
//! A worker reads the folder of a test from each line of its input and answers each with one line of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Backend, Outcome, Report, TestResult, case, run_one, selected};

/// How long one test may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Answers the tests named on `input`, one on each line, until it ends: what a worker process does.
pub fn serve(backend: &dyn Backend, input: impl BufRead, mut output: impl Write) -> std::io::Result<()> {
    for folder in input.lines() {
        let result = run_one(Path::new(&folder?), backend);
        let (outcome, detail) = result.outcome.parts();
        writeln!(output, "{}", json!({"operator": result.operator, "outcome": outcome, "detail": detail}))?;
        output.flush()?;
    }
    Ok(())
}

/// Runs every test below `dir` whose folder's name contains `filter` in `workers` processes at a time that `command`
/// describes; each must call [`serve`]. One that dies counts for the test it was at, and another takes its place.
pub fn run_in_workers(
    dir: &Path,
    filter: &str,
    workers: usize,
    command: &(dyn Fn() -> Command + Sync),
) -> std::io::Result<Report> {
    let mut folders = selected(dir, filter)?;
    folders.reverse();
    let (queue, results) = (Mutex::new(folders), Mutex::new(Vec::new()));
    let one = || {
        let mut worker = None;
        loop {
            let Some(folder) = locked(&queue).pop() else { break };
            let mut current = worker.take().map_or_else(|| Worker::start(command()), Ok);
            let answer = current.as_mut().map_err(|why| why.clone()).and_then(|w| w.ask(&folder));
            let result = match answer {
                Ok(result) => {
                    worker = current.ok();
                    result
                }
                // The worker ends here: whatever it answered later would be about this test.
                Err(why) => TestResult::new(&folder, case::operator(&folder), Outcome::Crashed(why)),
            };
            locked(&results).push(result);
        }
    };
    std::thread::scope(|scope| (0..workers.max(1)).for_each(|_| drop(scope.spawn(one))));
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by(|a: &TestResult, b| a.name.cmp(&b.name));
    Ok(Report { results })
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A process that runs tests.
struct Worker {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Worker {
    fn start(mut command: Command) -> Result<Worker, String> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|e| format!("cannot start a worker: {e}"))?;
        let (Some(questions), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the worker has no input or output".into());
        };
        let (tell, answers) = channel();
        // Ends with the worker, whose output then does.
        std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|l| tell.send(l)));
        Ok(Worker { child, questions, answers })
    }

    /// The worker's answer; an error when it died or takes too long.
    fn ask(&mut self, folder: &Path) -> Result<TestResult, String> {
        // A worker that is gone already is noticed when no answer comes.
        let _ = writeln!(self.questions, "{}", folder.display());
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => result(folder, &answer).ok_or_else(|| format!("the worker answered {answer:?}")),
            Err(RecvTimeoutError::Timeout) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            Err(RecvTimeoutError::Disconnected) => {
                Err(self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string()))
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn result(folder: &Path, answer: &str) -> Option<TestResult> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let outcome = Outcome::from_parts(answer["outcome"].as_str()?, answer["detail"].as_str()?)?;
    Some(TestResult::new(folder, answer["operator"].as_str()?.to_owned(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with tests `a`, `b` and `c`, none of which has a model that can be read.
    fn three_tests() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("model.onnx"), []).unwrap();
        }
        dir
    }

    fn outcomes(script: &str, workers: usize) -> Vec<(String, Outcome)> {
        let command = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let report = run_in_workers(three_tests().path(), "", workers, &command).unwrap();
        report.results.into_iter().map(|r| (r.name, r.outcome)).collect()
    }

    #[test]
    fn a_worker_that_dies_costs_one_test() {
        let script = r#"while read -r folder; do
            case "$folder" in */b) kill -SEGV $$;; esac
            echo '{"operator": "Op", "outcome": "passed", "detail": ""}'
        done"#;
        for workers in [1, 2] {
            let outcomes = outcomes(script, workers);
            assert_eq!(outcomes[0], ("a".into(), Outcome::Passed));
            assert!(matches!(&outcomes[1], (n, Outcome::Crashed(why)) if n == "b" && why.contains("signal: 11")));
            assert_eq!(outcomes[2], ("c".into(), Outcome::Passed));
        }
    }

    #[test]
    fn nonsense_is_no_pass() {
        assert!(
            outcomes("while read -r f; do echo fine; done", 1).iter().all(|(_, o)| matches!(o, Outcome::Crashed(_)))
        );
    }

    #[test]
    fn a_worker_answers_each_line() {
        let dir = three_tests();
        let asked = ["a", "c"].map(|n| dir.path().join(n).display().to_string()).join("\n");
        let mut answers = Vec::new();
        serve(&crate::node_tests::Interpreter, asked.as_bytes(), &mut answers).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let outcomes: Vec<_> = answers.lines().map(|line| result(Path::new("a"), line).unwrap().outcome).collect();
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(|o| matches!(o, Outcome::Unsupported(_))));
    }
}
