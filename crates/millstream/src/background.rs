//! The threads on which deliveries work: compressing and writing give way to serving, so that what is put is taken at
//! full speed while what was put before waits in the log.

use tokio::runtime::{Builder, Runtime};

/// How much nicer they are than those that serve. Under load they get about a tenth of a processor, or what is free.
const NICENESS: i32 = 10;

/// Starts the threads.
pub fn start() -> Result<Runtime, String> {
    let runtime = Builder::new_multi_thread()
        .thread_name("delivery")
        .on_thread_start(give_way)
        .enable_all()
        .build();
    runtime.map_err(|error| format!("the runtime of deliveries did not start: {error}"))
}

/// Lowers the priority of the thread that calls it: on Linux it is a thread's own.
fn give_way() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "deliveries have the priority of what serves");
    }
}
