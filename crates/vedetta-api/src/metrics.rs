//! Figures of the machine doors, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use vedetta_model::Instant;
use vedetta_timeliness::Pace;

use crate::access::Route;

/// Upper bounds of the buckets of response times, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0];

/// What was served since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    routes: Mutex<BTreeMap<(&'static str, &'static str), Served>>,
    paces: Mutex<Option<(Instant, Arc<[Pace]>)>>,
}

/// How long what was measured of the ledger is shown again.
const FRESH: Duration = Duration::from_secs(60);

/// What one route served.
#[derive(Debug, Default, Clone)]
struct Served {
    by_status: BTreeMap<u16, u64>,
    by_time: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    pub(crate) fn served(&self, route: &Route, status: StatusCode, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let served = routes.entry((route.verb.as_str(), route.path)).or_default();
        *served.by_status.entry(status.as_u16()).or_default() += 1;
        let seconds = took.as_secs_f64();
        for (count, bound) in served.by_time.iter_mut().zip(BUCKETS) {
            *count += u64::from(seconds <= bound);
        }
        served.count += 1;
        served.seconds += seconds;
    }

    /// The paces of agreements, if they were measured lately.
    pub(crate) fn paces(&self, now: Instant) -> Option<Arc<[Pace]>> {
        let kept = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |(at, _): &&(Instant, _)| now >= *at && now.since(*at) < FRESH;
        kept.as_ref().filter(fresh).map(|(_, paces)| Arc::clone(paces))
    }

    pub(crate) fn keep_paces(&self, now: Instant, paces: &Arc<[Pace]>) {
        *self.paces.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(paces)));
    }

    /// In the text format, version 0.0.4.
    pub(crate) fn write(&self, text: &mut String) {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        text.push_str("# HELP vedetta_http_requests_total Requests served.\n");
        text.push_str("# TYPE vedetta_http_requests_total counter\n");
        for ((method, route), served) in &routes {
            for (status, count) in &served.by_status {
                let _ = writeln!(
                    text,
                    "vedetta_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
                );
            }
        }
        text.push_str("# HELP vedetta_http_seconds Time until the head of the answer.\n");
        text.push_str("# TYPE vedetta_http_seconds histogram\n");
        for ((method, route), served) in &routes {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            let bounds = BUCKETS.iter().map(f64::to_string).chain(["+Inf".into()]);
            for (bound, count) in bounds.zip(served.by_time.iter().chain([&served.count])) {
                let _ = writeln!(
                    text,
                    "vedetta_http_seconds_bucket{{{labels},le=\"{bound}\"}} {count}"
                );
            }
            let _ = writeln!(text, "vedetta_http_seconds_sum{{{labels}}} {}", served.seconds);
            let _ = writeln!(text, "vedetta_http_seconds_count{{{labels}}} {}", served.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{TABLE, Verb};

    #[test]
    fn what_was_served_is_counted_by_route() {
        let metrics = Metrics::default();
        let route = Route::find(Verb::Get, "/taxii2/").unwrap_or(&TABLE[0]);
        metrics.served(route, StatusCode::OK, Duration::from_millis(3));
        metrics.served(route, StatusCode::NOT_ACCEPTABLE, Duration::from_secs(2));
        let mut text = String::new();
        metrics.write(&mut text);
        assert!(text.contains(
            r#"vedetta_http_requests_total{method="GET",route="/taxii2/",status="406"} 1"#
        ));
        assert!(text.contains(r#"route="/taxii2/",le="0.005"} 1"#));
        assert!(text.contains(r#"route="/taxii2/",le="+Inf"} 2"#));
    }
}
