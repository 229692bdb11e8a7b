//! How wide a line, how long a function and how long a file may be.

use super::exceptions::Exceptions;
use super::files::File;
use super::rust;

/// Characters in a line of Rust or Markdown.
const LINE_WIDTH_MAX: usize = 120;
/// Lines in a file of Rust.
const FILE_LINES_MAX: usize = 500;
/// Lines in a function, from its name to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Adds a fault for each thing that is too wide or too long.
pub fn check(file: &File, exceptions: &mut Exceptions, faults: &mut Vec<String>) {
    if file.is_rust() || file.is_markdown() {
        faults.extend(wide_lines(file));
    }
    if !file.is_rust() {
        return;
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX && !exceptions.allow("file-lines", &file.path, lines) {
        faults.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", file.path));
    }
    for function in rust::functions(&rust::code_only(&file.text)) {
        let name = format!("{}:{}", file.path, function.name);
        if function.lines > FUNCTION_LINES_MAX
            && !exceptions.allow("function-lines", &name, function.lines)
        {
            faults.push(format!("{name}: {} lines, at most {FUNCTION_LINES_MAX}", function.lines));
        }
    }
}

fn wide_lines(file: &File) -> impl Iterator<Item = String> {
    let wide = |(_, line): &(usize, &str)| line.chars().count() > LINE_WIDTH_MAX;
    // A table's row and an address cannot be broken.
    let breakable = |(_, line): &(usize, &str)| {
        !(file.is_markdown() && (line.starts_with('|') || line.contains("://")))
    };
    let fault = |(index, _)| format!("{}:{}: over {LINE_WIDTH_MAX} wide", file.path, index + 1);
    file.text.lines().enumerate().filter(wide).filter(breakable).map(fault)
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(&file(path, text), &mut Exceptions::default(), &mut faults);
        faults
    }

    #[test]
    fn a_wide_line_a_long_function_and_a_long_file_are_faults() {
        assert_eq!(faults_of("a.rs", &"x".repeat(121)), ["a.rs:1: over 120 wide"]);
        assert_eq!(faults_of("a.md", &format!("|{}", "x".repeat(121))), [""; 0]);
        let long = format!("fn f() {{\n{}}}\n", "a();\n".repeat(70));
        assert_eq!(faults_of("a.rs", &long), ["a.rs:f: 72 lines, at most 70"]);
        assert_eq!(faults_of("a.rs", &"a\n".repeat(501)), ["a.rs: 501 lines, at most 500"]);
    }
}
