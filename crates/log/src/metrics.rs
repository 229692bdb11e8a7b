//! What the engine counts.

use millstream_counters::{Collect, Collector, Counter, Gauge, Histogram, Sample};

/// The engine's counters. All sizes are bytes, all times nanoseconds.
#[derive(Default)]
pub struct LogCounters {
    /// Commits that were acknowledged.
    pub commits: Counter,
    /// Blocks in them.
    pub blocks: Counter,
    /// Bytes written by commits, headers and padding included.
    pub written_bytes: Counter,
    /// Time of each sync of a commit.
    pub sync_ns: Histogram,
    /// Time of each write of a commit.
    pub write_ns: Histogram,
    /// Bytes of each commit.
    pub commit_bytes: Histogram,
    /// Appends that were refused because the queue was full.
    pub busy: Counter,
    /// Commits that found the disk full.
    pub full: Counter,
    /// Writes and syncs that failed.
    pub failures: Counter,
    /// Damaged places that were found, each once, 4096 at most.
    pub damage: Counter,
    /// Requests that wait for the committer.
    pub queue_depth: Gauge,
    /// Bytes of frames that wait for the committer or are being written.
    pub queue_bytes: Gauge,
    /// Bytes of payload handed to readers.
    pub read_bytes: Counter,
    /// Reads that the page cache answered.
    pub reads_cached: Counter,
    /// Reads that went to a read thread.
    pub reads_cold: Counter,
    /// Trims of logs.
    pub trims: Counter,
    /// Segments that were freed because nothing in them was alive.
    pub segments_freed: Counter,
    /// Segments that the rewriter replaced.
    pub segments_rewritten: Counter,
    /// Bytes that the rewriter wrote.
    pub rewritten_bytes: Counter,
    /// Segments that hold data.
    pub segments_live: Gauge,
    /// Segments without a footer, the one being written included.
    pub segments_open: Gauge,
    /// Segments that wait in the pool.
    pub segments_free: Gauge,
    /// Segments that had to be made while a commit waited.
    pub segments_made_late: Counter,
    /// Bytes of blocks in segments that hold data.
    pub data_bytes: Gauge,
    /// Bytes of all segment files.
    pub disk_bytes: Gauge,
    /// Bytes of the index of segments without a footer.
    pub index_memory_bytes: Gauge,
    /// Bytes of cached footers.
    pub footer_memory_bytes: Gauge,
    /// 1 while appends are refused.
    pub refusing: Gauge,
}

impl Collect for LogCounters {
    fn collect(&self, to: &mut dyn Collector) {
        for (name, help, counter) in self.counters() {
            to.sample(name, help, &[], Sample::Counter(counter.get()));
        }
        for (name, help, gauge) in self.gauges() {
            to.sample(name, help, &[], Sample::Gauge(gauge.get()));
        }
        for (name, help, histogram) in [
            ("millstream_log_sync_ns", "Time of each sync of a commit.", &self.sync_ns),
            ("millstream_log_write_ns", "Time of each write of a commit.", &self.write_ns),
            ("millstream_log_commit_bytes", "Size of each commit.", &self.commit_bytes),
        ] {
            to.sample(name, help, &[], Sample::Histogram(&histogram.snapshot()));
        }
    }
}

const DAMAGE_HELP: &str =
    "Damaged places found, each once however often it is read; beyond 4096 no more are counted.";

type Named<'a, T> = (&'static str, &'static str, &'a T);

impl LogCounters {
    fn counters(&self) -> [Named<'_, Counter>; 15] {
        [
            ("millstream_log_commits_total", "Commits acknowledged.", &self.commits),
            ("millstream_log_blocks_total", "Blocks written.", &self.blocks),
            (
                "millstream_log_written_bytes_total",
                "Bytes written by commits.",
                &self.written_bytes,
            ),
            (
                "millstream_log_busy_total",
                "Appends refused because the queue was full.",
                &self.busy,
            ),
            ("millstream_log_full_total", "Commits that found the disk full.", &self.full),
            ("millstream_log_failures_total", "Writes and syncs that failed.", &self.failures),
            ("millstream_log_damage_total", DAMAGE_HELP, &self.damage),
            ("millstream_log_read_bytes_total", "Payload handed to readers.", &self.read_bytes),
            (
                "millstream_log_reads_cached_total",
                "Reads answered from memory.",
                &self.reads_cached,
            ),
            ("millstream_log_reads_cold_total", "Reads that asked the disk.", &self.reads_cold),
            ("millstream_log_trims_total", "Trims of logs.", &self.trims),
            ("millstream_log_segments_freed_total", "Segments freed.", &self.segments_freed),
            (
                "millstream_log_segments_rewritten_total",
                "Segments rewritten.",
                &self.segments_rewritten,
            ),
            (
                "millstream_log_rewritten_bytes_total",
                "Bytes that were rewritten.",
                &self.rewritten_bytes,
            ),
            (
                "millstream_log_segments_late_total",
                "Segments made on the way.",
                &self.segments_made_late,
            ),
        ]
    }

    fn gauges(&self) -> [Named<'_, Gauge>; 10] {
        [
            (
                "millstream_log_queue_depth",
                "Requests waiting for the committer.",
                &self.queue_depth,
            ),
            ("millstream_log_queue_bytes", "Bytes waiting for the committer.", &self.queue_bytes),
            ("millstream_log_segments_live", "Segments with data.", &self.segments_live),
            ("millstream_log_segments_open", "Segments without a footer.", &self.segments_open),
            ("millstream_log_segments_free", "Segments in the pool.", &self.segments_free),
            ("millstream_log_data_bytes", "Bytes of blocks in segments.", &self.data_bytes),
            ("millstream_log_disk_bytes", "Bytes of all segment files.", &self.disk_bytes),
            (
                "millstream_log_index_memory_bytes",
                "Memory of the open index.",
                &self.index_memory_bytes,
            ),
            (
                "millstream_log_footer_memory_bytes",
                "Memory of cached footers.",
                &self.footer_memory_bytes,
            ),
            ("millstream_log_refusing", "1 while appends are refused.", &self.refusing),
        ]
    }
}
