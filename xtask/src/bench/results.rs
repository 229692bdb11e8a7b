//! What was measured: a line of JSON for each cell and round, and medians over them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Outcome;
use crate::bench::options::Options;

/// All figures of a run.
pub struct Results {
    file: Option<PathBuf>,
    all: Vec<(String, Value)>,
}

/// Median, least and greatest of a figure over the rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// How many there are.
    pub count: usize,
}

impl Results {
    /// A new run, kept in `file`, that begins with what describes it.
    pub fn begin(file: &Path, options: &Options) -> Result<Self, String> {
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        }
        std::fs::write(file, "").map_err(|e| format!("{}: {e}", file.display()))?;
        let mut results = Results { file: Some(file.to_path_buf()), all: Vec::new() };
        let run = json!({
            "rounds": options.rounds,
            "seconds": options.seconds,
            "startup_mib": options.startup_mib,
            "smoke": options.smoke,
            "only": options.only,
        });
        results.add("run", run)?;
        Ok(results)
    }

    /// The run that `file` keeps.
    pub fn load(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let mut all = Vec::new();
        for line in text.lines() {
            let mut line: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
            let name = line["cell"].as_str().unwrap_or_default().to_owned();
            all.push((name, line["figures"].take()));
        }
        Ok(Results { file: None, all })
    }

    /// Keeps one more measurement.
    pub fn add(&mut self, cell: &str, figures: Value) -> Outcome {
        if let Some(file) = &self.file {
            let line = json!({ "cell": cell, "figures": figures });
            let opened = OpenOptions::new().append(true).open(file);
            let written = opened.and_then(|mut file| writeln!(file, "{line}"));
            written.map_err(|e| format!("{}: {e}", file.display()))?;
        }
        self.all.push((cell.to_owned(), figures));
        Ok(())
    }

    /// All measurements of a cell.
    pub fn of<'a>(&'a self, cell: &'a str) -> impl Iterator<Item = &'a Value> {
        self.all.iter().filter(move |(name, _)| name == cell).map(|(_, figures)| figures)
    }

    /// Names of all cells, in the order of their first measurement.
    pub fn cells(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in &self.all {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// A figure over the rounds; nothing when the cell or the figure was not measured.
    pub fn spread(&self, cell: &str, figure: &str) -> Option<Spread> {
        let values = self.of(cell).filter_map(|figures| figures[figure].as_f64()).collect();
        spread(values)
    }

    /// The median of a figure.
    pub fn median(&self, cell: &str, figure: &str) -> Option<f64> {
        self.spread(cell, figure).map(|spread| spread.median)
    }
}

impl Spread {
    /// The median without decimals, and in brackets the ends, or that there is nothing to have a median of.
    pub fn text(&self) -> String {
        let Spread { median, min, max, count } = self;
        match count {
            1 => format!("{median:.0} (once)"),
            _ => format!("{median:.0} ({min:.0} to {max:.0})"),
        }
    }
}

/// What [`Spread::text`] shows, said above a table.
pub const SPREADS: &str = "Medians over the rounds, and in brackets the least and the greatest; *once* where \
                           only one round\nmeasured it, as with slow peers.";

/// Median and ends; nothing of nothing.
pub fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median = match values.len() % 2 {
        1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    };
    Some(Spread { median, min, max, count: values.len() })
}

#[cfg(test)]
impl Results {
    /// Results that no file keeps.
    pub fn of_test(all: &[(&str, Value)]) -> Self {
        let all = all.iter().map(|(name, figures)| ((*name).to_owned(), figures.clone())).collect();
        Results { file: None, all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(spread(vec![]), None);
        let three = spread(vec![3.0, 1.0, 2.0]);
        assert_eq!(three, Some(Spread { median: 2.0, min: 1.0, max: 3.0, count: 3 }));
        assert_eq!(spread(vec![4.0, 1.0]).map(|s| s.median), Some(2.5));
        assert_eq!(three.map(|s| s.text()).as_deref(), Some("2 (1 to 3)"));
    }

    #[test]
    fn what_was_measured_once_says_so_and_names_no_range() {
        assert_eq!(spread(vec![5.0]).map(|s| s.text()).as_deref(), Some("5 (once)"));
    }

    #[test]
    fn figures_are_taken_over_the_rounds_of_one_cell() {
        let results = Results::of_test(&[
            ("a", json!({ "x": 1.0 })),
            ("b", json!({ "x": 9 })),
            ("a", json!({ "x": 3.0, "y": null })),
        ]);
        assert_eq!(results.median("a", "x"), Some(2.0));
        assert_eq!(results.median("a", "y"), None);
        assert_eq!(results.median("c", "x"), None);
        assert_eq!(results.cells(), ["a", "b"]);
    }
}
