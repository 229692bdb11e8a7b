//! What the system says of a process: processor time and peak memory. Linux only; nothing elsewhere.

use std::fs::read_to_string;
use std::time::Duration;

/// Length of the kernel's clock tick as `/proc` reports it: 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time in user and system mode so far, all threads; of the generator itself without a pid.
pub fn processor_time(pid: Option<u32>) -> Option<Duration> {
    ticks(&read_to_string(format!("{}/stat", directory(pid))).ok()?).map(|ticks| TICK * ticks)
}

/// The most resident memory that the process ever had, bytes (VmHWM).
pub fn peak_memory_bytes(pid: u32) -> Option<u64> {
    peak(&read_to_string(format!("{}/status", directory(Some(pid)))).ok()?)
}

fn directory(pid: Option<u32>) -> String {
    pid.map_or_else(|| "/proc/self".to_owned(), |pid| format!("/proc/{pid}"))
}

/// Fields 14 and 15; they are counted after the name, which may hold blanks and parentheses.
fn ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_blanks() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 500 0 0 0 130 21 0 0 20 0 4 0 100 1 2";
        assert_eq!(ticks(stat), Some(151));
        assert_eq!(ticks("7 (a) S"), None);
    }

    #[test]
    fn peak_memory_is_read_in_kib() {
        assert_eq!(peak("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(peak("Name:\tx\n"), None);
    }
}
