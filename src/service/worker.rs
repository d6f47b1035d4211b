//! A thread with a queue of work: whoever drops the queue waits until the thread has ended.
//!
//! So what the thread owns (the anchor's place, connections) is free again when its owner is gone.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tracing::error;

/// The queue to a thread of its own.
pub(super) struct Worker<T> {
    /// `None` only while this is dropped: the thread ends when nothing can come any more.
    queue: Option<SyncSender<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread; `run` ends when nothing is left waiting and nothing can come any more.
    pub(super) fn start(
        name: &str,
        waiting_max: usize,
        run: impl FnOnce(Receiver<T>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, waiting) = sync_channel(waiting_max);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || run(waiting))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// The queue; `None` once the owner is going.
    pub(super) fn queue(&self) -> Option<&SyncSender<T>> {
        self.queue.as_ref()
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        drop(self.queue.take());
        let Some(thread) = self.thread.take() else { return };
        // A thread that drops its own queue, with the last piece of work it was given, ends right after.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            error!("A thread of the ledger ended in a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    struct Held(Arc<AtomicUsize>);

    impl Drop for Held {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(20));
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_the_thread_holds_is_free_when_the_queue_is_gone() {
        let holders = Arc::new(AtomicUsize::new(1));
        let held = Held(holders.clone());
        let worker = Worker::start("test", 4, move |waiting: Receiver<u8>| {
            let _held = held;
            waiting.into_iter().for_each(drop);
        })
        .unwrap();
        worker.queue().unwrap().send(1).unwrap();
        drop(worker);
        assert_eq!(holders.load(Ordering::SeqCst), 0);
    }

    /// The last owner may go on the thread itself: nobody waits for himself.
    #[test]
    fn a_thread_may_be_the_one_that_drops_its_queue() {
        let (done, ended) = sync_channel(1);
        let worker = Worker::start("test", 1, move |waiting: Receiver<Box<dyn FnOnce() + Send>>| {
            waiting.into_iter().for_each(|work| work());
            done.send(()).unwrap();
        })
        .unwrap();
        let shared = Arc::new(worker);
        let last = shared.clone();
        let (go, gone) = sync_channel::<()>(1);
        let work = Box::new(move || {
            gone.recv().unwrap();
            drop(last);
        });
        shared.queue().unwrap().send(work).unwrap();
        drop(shared);
        go.send(()).unwrap();
        ended.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
