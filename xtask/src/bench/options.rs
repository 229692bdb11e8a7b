//! The command line of `cargo xtask bench`.

use std::path::PathBuf;

const USAGE: &str = "\
usage: cargo xtask bench [OPTIONS]

  --rounds N       interleaved rounds of every cell; figures are medians (default 5)
  --seconds N      measured seconds of each cell (default 5)
  --gib N          GiB of data for the start-up times (default 5)
  --backlog-gb N   GB of backlog for many partitions, less where the disk has no room for four times that
                   (default 10)
  --only TEXT      only cells whose name contains TEXT (may be given again)
  --peers-only     peers and the machine's ceilings, without Millstream
  --without-peers  Millstream and the machine's ceilings
  --fakecloud      fakecloud as well (builds for half an hour)
  --smoke          one short round with little data, to see that everything runs; publishes nothing
  --server FILE    this millstream as the server that is measured, instead of a fresh build
  --data DIR       where servers keep their data (default: bench/data in the build cache)
  --page           measures nothing, writes the page of the last run again

What a run with one --only measured goes to docs/benchmarks-TEXT.md, with several nowhere but into the build cache.
";

/// What to measure, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Rounds over all cells.
    pub rounds: usize,
    /// Measured seconds of a cell.
    pub seconds: f64,
    /// MiB that are there when start-up is timed.
    pub startup_mib: u64,
    /// GB that are put before 500 partitions are delivered.
    pub backlog_gb: f64,
    /// Parts of names of the cells that are wanted; all when empty.
    pub only: Vec<String>,
    /// Whether Millstream is measured.
    pub millstream: bool,
    /// Whether the peers are.
    pub peers: bool,
    /// Whether fakecloud is among them.
    pub fakecloud: bool,
    /// Whether this is a smoke test, whose figures mean nothing.
    pub smoke: bool,
    /// The server that is measured, when not this checkout's.
    pub server: Option<PathBuf>,
    /// Where data goes, when not into the build cache.
    pub data: Option<PathBuf>,
    /// Only writes the page.
    pub page: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rounds: 5,
            seconds: 5.0,
            startup_mib: 5 << 10,
            backlog_gb: 10.0,
            only: Vec::new(),
            millstream: true,
            peers: true,
            fakecloud: false,
            smoke: false,
            server: None,
            data: None,
            page: false,
        }
    }
}

impl Options {
    /// The options; nothing when help was asked for and given.
    pub fn parse(arguments: &[String]) -> Result<Option<Self>, String> {
        let mut options = Options::default();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value = || {
                rest.next().map(String::as_str).ok_or_else(|| format!("{name}: a value is missing"))
            };
            match name.as_str() {
                "--rounds" => options.rounds = number(name, value()?)?,
                "--seconds" => options.seconds = number(name, value()?)?,
                "--gib" => options.startup_mib = number::<u64>(name, value()?)? << 10,
                "--backlog-gb" => options.backlog_gb = number(name, value()?)?,
                "--only" => options.only.push(value()?.to_owned()),
                "--server" => options.server = Some(PathBuf::from(value()?)),
                "--data" => options.data = Some(PathBuf::from(value()?)),
                "--peers-only" => options.millstream = false,
                "--without-peers" => options.peers = false,
                "--fakecloud" => options.fakecloud = true,
                "--page" => options.page = true,
                "--smoke" => {
                    options.smoke = true;
                    (options.rounds, options.seconds, options.startup_mib) = (1, 1.0, 256);
                }
                "--help" | "-h" => {
                    print!("{USAGE}");
                    return Ok(None);
                }
                _ => return Err(format!("{name}: unknown option\n\n{USAGE}")),
            }
        }
        Ok(Some(options))
    }

    /// Whether a cell of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part))
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} {value}: not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<Options>, String> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn options_are_read_in_any_order() {
        let options = parsed("--smoke --only put --only get --seconds 2.5").unwrap().unwrap();
        assert_eq!((options.rounds, options.seconds, options.startup_mib), (1, 2.5, 256));
        assert!(options.wants("get-records/x") && !options.wants("disk"));
        assert!(parsed("").unwrap().unwrap().wants("anything"));
    }

    #[test]
    fn what_is_no_option_is_named() {
        assert!(parsed("--nonsense").unwrap_err().starts_with("--nonsense"));
        assert_eq!(parsed("--rounds").unwrap_err(), "--rounds: a value is missing");
        assert_eq!(parsed("--rounds x").unwrap_err(), "--rounds x: not a number");
        assert_eq!(parsed("--help"), Ok(None));
    }
}
