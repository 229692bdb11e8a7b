//! How many tests passed and failed, read from what each test runner prints.

/// The count so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Totals {
    /// A line like `test result: ok. 12 passed; 0 failed; …`.
    pub fn add_cargo_line(&mut self, line: &str) {
        if line.starts_with("test result:") {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed");
        }
    }

    /// A closing line of pytest like `3 failed, 12 passed, 1 error in 0.12s`.
    pub fn add_pytest_line(&mut self, line: &str) {
        let line = line.trim_matches(|c| c == '=' || c == ' ');
        let counts = ["passed", "failed", "error"].iter().any(|word| line.contains(word));
        if counts && line.contains(" in ") && line.starts_with(|c: char| c.is_ascii_digit()) {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed") + number_before(line, " error");
        }
    }

    /// The closing line of our own runners: `12 passed, 0 failed`.
    pub fn add_plain_line(&mut self, line: &str) {
        if let Some((passed, failed)) = line.split_once(" passed, ")
            && let Some(failed) = failed.strip_suffix(" failed")
            && let (Ok(passed), Ok(failed)) = (passed.parse::<u64>(), failed.parse::<u64>())
        {
            self.passed += passed;
            self.failed += failed;
        }
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some(at) = line.find(word) else { return 0 };
    let digits = line[..at].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |n| n + 1);
    line[digits..at].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runner_is_understood() {
        let mut totals = Totals::default();
        totals.add_cargo_line("test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured");
        totals.add_cargo_line("running 14 tests");
        totals.add_pytest_line("=== 3 failed, 20 passed, 1 error in 4.20s ===");
        totals.add_pytest_line("20 passed in 61.1s (0:01:01)");
        totals.add_plain_line("5 passed, 1 failed");
        totals.add_plain_line("many passed, few failed");
        assert_eq!(totals, Totals { passed: 57, failed: 7 });
    }
}
