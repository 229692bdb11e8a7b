//! The task of a stream of HTTP/2, which can be ended from outside, and ends with the request's body.
//!
//! A reply whose client grants no window is not polled, so it cannot end itself; what it has handed over waits in the
//! connection. Ending its task resets the stream and gives all of that back.
//!
//! An answer that did not need the whole body may be there before that body: the task then reads on for a while, so
//! that a client that still sends it sees its answer, not a reset stream.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use hyper::rt::Executor;

use crate::arriving::Rest;

/// Runs the streams of connections.
#[derive(Clone, Copy)]
pub struct StreamTasks {
    /// How long the rest of a body that nobody wants may take.
    pub discard: Duration,
}

impl<F> Executor<F> for StreamTasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let task = StreamTask::default();
        tokio::spawn(CURRENT.scope(task.clone(), run(task, future, self.discard)));
    }
}

tokio::task_local! {
    static CURRENT: StreamTask;
}

/// A stream's task.
#[derive(Clone, Default)]
pub struct StreamTask(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Somebody may end it.
    watched: AtomicBool,
    ended: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// What is left of the request's body once nobody wants it.
    rest: Mutex<Option<Rest>>,
}

impl StreamTask {
    /// The task that asks, if it is a stream's.
    pub fn current() -> Option<Self> {
        let task = CURRENT.try_with(StreamTask::clone).ok()?;
        task.0.watched.store(true, Ordering::Relaxed);
        Some(task)
    }

    /// Leaves the rest of a body to the task that runs, if it is a stream's: it is read once the request is answered.
    pub fn leave(rest: Rest) {
        let leave = |task: &StreamTask| *task.rest() = Some(rest);
        // Whoever runs outside of streams has no client that waits.
        let _ = CURRENT.try_with(leave);
    }

    /// Ends it: its stream is reset unless it has come to its end.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        let waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn rest(&self) -> MutexGuard<'_, Option<Rest>> {
        self.0.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, waker: &Waker) {
        let mut kept = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
    }
}

/// Runs a future to its end, and reads what is left of its request's body, or runs to the task's end.
async fn run<F: Future>(task: StreamTask, future: F, discard: Duration) {
    answer(&task, future).await;
    let rest = task.rest().take();
    if let Some(rest) = rest
        && !task.0.ended.load(Ordering::Acquire)
    {
        rest.discard(discard).await;
    }
}

async fn answer<F: Future>(task: &StreamTask, future: F) {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let done = future.as_mut().poll(cx).is_ready();
        // Kept before it is looked at: who ends the task meanwhile wakes it again.
        if !done && task.0.watched.load(Ordering::Relaxed) {
            task.keep(cx.waker());
        }
        match done || task.0.ended.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_waits_for_ever_can_be_ended() {
        let (told, task) = tokio::sync::oneshot::channel();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        StreamTasks { discard: Duration::ZERO }.execute(async move {
            let _held = held;
            let _ = told.send(StreamTask::current());
            std::future::pending::<()>().await;
        });
        task.await.unwrap().unwrap().end();
        assert!(dropped.await.is_err());
        assert!(StreamTask::current().is_none());
    }
}
