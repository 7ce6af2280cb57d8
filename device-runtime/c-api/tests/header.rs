//! The header and the library agree: the same functions with the same types, the same numbers.

use std::collections::BTreeMap;

use lathe_runtime_std::DType;

const HEADER: &str = include_str!("../include/lathe.h");
const SOURCES: [&str; 7] = [
    include_str!("../src/calls.rs"),
    include_str!("../src/hosted/open.rs"),
    include_str!("../src/hosted/failure.rs"),
    include_str!("../src/firmware/load.rs"),
    include_str!("../src/firmware/failure.rs"),
    include_str!("../src/firmware/server/start.rs"),
    include_str!("../src/firmware/server/poll.rs"),
];
const STATUSES: &str = include_str!("../src/status.rs");

/// Name of each function, its result and the types of its parameters, in C.
type Functions = BTreeMap<String, (String, Vec<String>)>;

/// `text` with single spaces, without comments.
fn tidy(text: &str) -> String {
    let mut without = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        without.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    without.push_str(rest);
    without.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn header_functions() -> Functions {
    // Without what the preprocessor sees: all functions there are, whatever the system.
    let code: Vec<&str> = HEADER.lines().filter(|line| !line.starts_with('#')).collect();
    let tidy = tidy(&code.join("\n"));
    let calls = tidy.split(';').filter_map(|piece| piece.strip_suffix(')')?.split_once('('));
    let named = calls.filter_map(|(front, parameters)| {
        let at = front.rfind("lathe_")?;
        let result = front[..at].trim();
        // The first prototype follows `extern "C" {`, so its result is the last word or so.
        let result = result.rsplit(['}', '{']).next()?;
        let types = parameters.split(',').filter(|parameter| *parameter != "void").map(|parameter| {
            let parameter = parameter.trim();
            let name_at = parameter.rfind([' ', '*']).map_or(0, |at| at + 1);
            parameter[..name_at].replace(' ', "")
        });
        Some((front[at..].to_owned(), (result.replace(' ', ""), types.collect())))
    });
    named.collect()
}

fn c_type(rust: &str) -> String {
    if let Some(pointee) = rust.strip_prefix("*const ") {
        return format!("const{}*", c_type(pointee));
    }
    if let Some(pointee) = rust.strip_prefix("*mut ") {
        return format!("{}*", c_type(pointee));
    }
    let known = [
        ("usize", "size_t"),
        ("c_char", "char"),
        ("c_void", "void"),
        ("LatheModel", "lathe_model"),
        ("LathePort", "lathe_port"),
        ("LatheServer", "lathe_server"),
        ("LatheTensor", "lathe_tensor"),
        ("LatheStatus", "lathe_status"),
        ("LatheDtype", "lathe_dtype"),
    ];
    let found = known.into_iter().find(|(name, _)| *name == rust);
    found.unwrap_or_else(|| panic!("the test does not know the type {rust:?}")).1.to_owned()
}

fn rust_functions() -> Functions {
    let mut functions = Functions::new();
    for piece in SOURCES.iter().flat_map(|source| source.split("extern \"C\" fn ").skip(1)) {
        let (name, rest) = piece.split_once('(').expect("a parameter list");
        let (parameters, rest) = rest.split_once(')').expect("its end");
        let (result, _) = rest.split_once('{').expect("a body");
        let result = result.trim().strip_prefix("-> ").map_or("void".to_owned(), |result| c_type(result.trim()));
        let types = parameters.split(',').map(str::trim).filter(|parameter| !parameter.is_empty());
        let types = types.map(|parameter| c_type(parameter.split_once(": ").expect("a type").1));
        functions.insert(name.to_owned(), (result, types.collect()));
    }
    functions
}

#[test]
fn prototypes_are_those_of_the_library() {
    let library = rust_functions();
    assert_eq!(library.len(), 17);
    assert_eq!(header_functions(), library);
}

#[test]
fn element_types_have_the_numbers_of_the_format() {
    for dtype in DType::ALL {
        let line = format!("#define LATHE_{} {}\n", dtype.name().to_uppercase(), dtype as u8);
        assert!(HEADER.contains(&line), "{line}");
    }
}

#[test]
fn statuses_have_the_numbers_of_the_library() {
    let statuses = STATUSES.lines().filter_map(|line| {
        let (name, value) =
            line.trim_start_matches("pub(crate) ").strip_prefix("const ")?.split_once(": LatheStatus = ")?;
        Some((name, value.trim_end_matches(';')))
    });
    let mut seen = 0;
    for (name, value) in statuses {
        let define = if name == "OK" { "LATHE_OK 0".to_owned() } else { format!("LATHE_ERROR_{name} {value}") };
        assert!(HEADER.contains(&format!("#define {define}")), "{define}");
        seen += 1;
    }
    assert_eq!(seen, HEADER.matches("#define LATHE_ERROR_").count() + 1);
}
