//! The task of a stream of HTTP/2, which can be ended from outside.
//!
//! A reply whose client grants no window is not polled, so it cannot end itself; what it has handed over waits in the
//! connection. Ending its task resets the stream and gives all of that back.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use hyper::rt::Executor;

/// Runs the streams of connections.
#[derive(Clone, Copy, Default)]
pub struct StreamTasks;

impl<F> Executor<F> for StreamTasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let task = StreamTask::default();
        tokio::spawn(CURRENT.scope(task.clone(), run(task, future)));
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
}

impl StreamTask {
    /// The task that asks, if it is a stream's.
    pub fn current() -> Option<Self> {
        let task = CURRENT.try_with(StreamTask::clone).ok()?;
        task.0.watched.store(true, Ordering::Relaxed);
        Some(task)
    }

    /// Ends it: its stream is reset unless it has come to its end.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        let waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn keep(&self, waker: &Waker) {
        let mut kept = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
    }
}

/// Runs a future to its end or the task's.
async fn run<F: Future>(task: StreamTask, future: F) {
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
        StreamTasks.execute(async move {
            let _held = held;
            let _ = told.send(StreamTask::current());
            std::future::pending::<()>().await;
        });
        task.await.unwrap().unwrap().end();
        assert!(dropped.await.is_err());
        assert!(StreamTask::current().is_none());
    }
}
