//! Turns to compute, of all pipelines: as many as there are threads for it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How many may compute at once: one for each processor, and never one alone.
pub fn computing_threads() -> usize {
    std::thread::available_parallelism().map_or(2, |processors| processors.get().max(2))
}

/// Runs what computes for long off the threads that wait for others.
#[derive(Clone)]
pub(crate) struct Computing {
    threads: Handle,
    turns: Arc<Semaphore>,
}

impl Computing {
    /// On the blocking threads of this runtime.
    pub fn new(threads: Handle) -> Self {
        Computing { threads, turns: Arc::new(Semaphore::new(computing_threads())) }
    }

    /// Runs this when it is its turn. The text says that it died.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        // The turns are never taken away.
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| error.to_string())?;
        let done = self.threads.spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|error| format!("computing: {error}"))
    }
}
