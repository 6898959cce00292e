//! The suite that every place for ProwJobs passes, here on custom resources.

use apiserver::ADMIN;

use crate::{harness, prowjobs_suite};

macro_rules! with_two_handles {
    ($($name:ident)+) => {
        $(#[tokio::test]
        async fn $name() {
            let Some(server) = harness::server(concat!("prowjobs::", stringify!($name))).await else { return };
            let (kubeconfig, namespace) = (server.kubeconfig(ADMIN), harness::namespace());
            // As two processes have it: each with connections of its own.
            let one = harness::prowjobs(&kubeconfig, &namespace).await;
            let two = harness::prowjobs(&kubeconfig, &namespace).await;
            prowjobs_suite::$name(&one, &two).await;
        })+
    };
}

prowjobs_suite::each_test!(with_two_handles);
