//! Where words go: documents to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use log::{LevelFilter, Log, Metadata, Record};

use crate::failure::{Exit, Failure, Outcome};

static JSON: OnceLock<bool> = OnceLock::new();
static REPORTED: AtomicBool = AtomicBool::new(false);
static FILTER: OnceLock<Filter> = OnceLock::new();

/// Number of the layout of every `--json` document; it changes when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// Sets up what `--json` asks for, and logging by `RUST_LOG` (a level, or `module=level` pairs separated by commas;
/// warnings without it).
pub fn start(json: bool) {
    let _ = JSON.set(json);
    let filter = Filter::parse(&std::env::var("RUST_LOG").unwrap_or_default());
    log::set_max_level(filter.most());
    // A second logger cannot be there: this is the program's only call.
    let _ = log::set_logger(FILTER.get_or_init(|| filter));
}

/// Prints text to standard output. A reader that went away ends the program quietly, a full disk with an error.
pub fn print(text: &str) -> Outcome {
    print_bytes(text.as_bytes())
}

/// As [`print`], for bytes.
pub fn print_bytes(bytes: &[u8]) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Failure::new(Exit::Failure, format!("cannot write to standard output: {e}"))),
    }
}

/// Prints `document`, with the schema's number, when `--json` was given, else `text`.
pub fn report(document: serde_json::Value, text: impl FnOnce() -> String) -> Outcome {
    if !JSON.get().copied().unwrap_or(false) {
        return print(&text());
    }
    let mut document = document;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("schema".into(), SCHEMA.into());
    }
    REPORTED.store(true, Ordering::Relaxed);
    print(&format!("{document:#}\n"))
}

/// Says a failure, as words and with `--json` as a document too.
pub fn fail(failure: &Failure) {
    error(&failure.message);
    // One document: a verb that fails after its report has said in it what is wrong.
    if JSON.get().copied().unwrap_or(false) && !REPORTED.load(Ordering::Relaxed) {
        let document = serde_json::json!({ "error": { "exit_code": failure.exit as u8, "message": failure.message } });
        // What could be done about a standard output that is gone? The exit code says the rest.
        let _ = report(document, String::new);
    }
}

/// Writes a line to standard error.
pub fn error(message: &str) {
    let red = if colours() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    say(&format!("{}error:{} {message}", red.0, red.1));
}

/// Replaces Rust's panic message: a panic is our bug, and the person should know where to go.
pub fn replace_panic_message() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let what = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        error(&format!("internal error, please report it with the command you ran: {what} ({place})"));
    }));
}

/// Writes a line to standard error; a closed standard error is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// A spinner, or with `total` a bar, on standard error; hidden when that is no terminal.
pub fn progress(total: Option<u64>) -> ProgressBar {
    let bar = match total {
        Some(bytes) => ProgressBar::new(bytes),
        None => ProgressBar::new_spinner(),
    };
    let template = match (total, colours()) {
        (Some(_), true) => "{msg} [{bar:30.cyan}] {bytes}/{total_bytes} {eta}",
        (Some(_), false) => "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}",
        (None, true) => "{spinner:.cyan} {msg} {elapsed}",
        (None, false) => "{spinner} {msg} {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Which log records are printed.
struct Filter {
    default: LevelFilter,
    modules: Vec<(String, LevelFilter)>,
}

impl Filter {
    fn parse(text: &str) -> Filter {
        let mut filter = Filter { default: LevelFilter::Warn, modules: Vec::new() };
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            match word.split_once('=') {
                Some((module, level)) => {
                    filter.modules.extend(level.parse().ok().map(|level| (module.to_string(), level)));
                }
                None => filter.default = word.parse().unwrap_or(filter.default),
            }
        }
        filter
    }

    fn most(&self) -> LevelFilter {
        self.modules.iter().map(|(_, level)| *level).chain([self.default]).max().unwrap_or(self.default)
    }

    fn level(&self, target: &str) -> LevelFilter {
        let named = self.modules.iter().filter(|(module, _)| target.starts_with(module.as_str()));
        named.max_by_key(|(module, _)| module.len()).map_or(self.default, |(_, level)| *level)
    }
}

impl Log for Filter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            say(&format!("{:5} {}: {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_module_wins() {
        let filter = Filter::parse("info,lathe_driver=debug,lathe_driver::order=off,nonsense=loud");
        assert_eq!(filter.level("host_compiler"), LevelFilter::Info);
        assert_eq!(filter.level("lathe_driver::plan"), LevelFilter::Debug);
        assert_eq!(filter.level("lathe_driver::order"), LevelFilter::Off);
        assert_eq!(filter.most(), LevelFilter::Debug);
        assert_eq!(Filter::parse("").level("x"), LevelFilter::Warn);
    }
}
