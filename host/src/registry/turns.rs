//! How many components are compiled at once. One that takes long makes room for the next: it must not hold up those that are
//! quick, and there must not be any number of compilers either.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

/// How many begin at once.
const QUICK: usize = 2;
/// How many of those that take long go on beside them.
const SLOW: usize = 6;
/// What takes longer is slow.
const A_WHILE: Duration = Duration::from_secs(2);

pub(super) struct Turns {
    quick: Semaphore,
    slow: Semaphore,
    a_while: Duration,
}

impl Turns {
    pub(super) fn new() -> Self {
        Turns { quick: Semaphore::new(QUICK), slow: Semaphore::new(SLOW), a_while: A_WHILE }
    }

    /// Does the work when it is its turn.
    pub(super) async fn take<T>(&self, work: impl Future<Output = T>) -> T {
        let turn = self.quick.acquire().await.expect("the semaphore is never closed");
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = sleep(self.a_while) => {}
        }
        tokio::select! {
            biased;
            done = &mut work => done,
            slow = self.slow.acquire() => {
                drop(turn);
                let _slow = slow.expect("the semaphore is never closed");
                work.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn those_that_never_end_make_room_and_there_are_only_so_many() {
        let turns = Arc::new(Turns { a_while: Duration::from_millis(1), ..Turns::new() });
        let never = |turns: &Arc<Turns>| {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take(pending::<()>()).await })
        };
        let mut slow: Vec<_> = (0..SLOW).map(|_| never(&turns)).collect();
        assert_eq!(turns.take(ready(1)).await, 1);
        while turns.slow.available_permits() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        slow.extend((0..QUICK).map(|_| never(&turns)));
        while turns.quick.available_permits() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let more = tokio::time::timeout(Duration::from_millis(50), turns.take(ready(2))).await;
        assert!(more.is_err(), "there are as many as there may be");
        // One that is cut off makes room.
        slow[0].abort();
        assert_eq!(turns.take(ready(3)).await, 3);
    }
}
