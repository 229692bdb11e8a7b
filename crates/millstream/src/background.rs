//! The threads on which deliveries work: compressing and writing give way to serving, so that what is put is taken at
//! full speed while what was put before waits in the log.

use std::time::Duration;

use millstream_firehose::computing_threads;
use tokio::runtime::{Builder, Handle, Runtime};

/// How much nicer they are than those that serve. Under load they get about a tenth of a processor, or what is free.
const NICENESS: i32 = 10;
/// How long a thread that computes stays without work: as good as for ever.
const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);

/// The threads of deliveries.
pub struct Background {
    work: Runtime,
    /// Runs nothing but blocking calls.
    computing: Runtime,
}

/// How to reach them.
pub struct Handles {
    /// Where deliveries wait for others.
    pub work: Handle,
    /// Where they compute, on blocking threads. These are few and stay: what an allocator keeps for each thread that
    /// ever needed much is then kept a few times only.
    pub computing: Handle,
}

impl Background {
    /// Starts the threads.
    pub fn start() -> Result<Self, String> {
        let failed = |error| format!("the runtime of deliveries did not start: {error}");
        let work = Builder::new_multi_thread()
            .thread_name("delivery")
            .on_thread_start(give_way)
            .enable_all()
            .build()
            .map_err(failed)?;
        let computing = Builder::new_current_thread()
            .thread_name("delivery-compute")
            .on_thread_start(give_way)
            .max_blocking_threads(computing_threads())
            .thread_keep_alive(KEPT)
            .build()
            .map_err(failed)?;
        Ok(Background { work, computing })
    }

    /// How to reach the threads.
    pub fn handles(&self) -> Handles {
        Handles { work: self.work.handle().clone(), computing: self.computing.handle().clone() }
    }

    /// Ends the threads. What is under way is not waited for.
    pub fn stop(self) {
        self.work.shutdown_background();
        self.computing.shutdown_background();
    }
}

/// Lowers the priority of the thread that calls it: on Linux it is a thread's own.
fn give_way() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "deliveries have the priority of what serves");
    }
}
