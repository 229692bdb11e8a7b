//! Counters as Prometheus reads them (text exposition format 0.0.4).

use std::fmt::Write;

use millstream_counters::{Collect, Collector, Sample, bucket_limit};

/// All samples of these sets as text.
pub fn render<'a>(sets: impl IntoIterator<Item = &'a dyn Collect>) -> String {
    let mut page = Page::default();
    sets.into_iter().for_each(|set| set.collect(&mut page));
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    last: &'static str,
}

impl Collector for Page {
    fn sample(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        value: Sample<'_>,
    ) {
        let kind = match value {
            Sample::Counter(_) => "counter",
            Sample::Gauge(_) => "gauge",
            Sample::Histogram(_) => "histogram",
        };
        if self.last != name {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            self.last = name;
        }
        match value {
            Sample::Counter(n) | Sample::Gauge(n) => self.line(name, "", labels, None, n),
            Sample::Histogram(histogram) => {
                let mut seen = 0;
                for (index, count) in
                    histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0)
                {
                    seen += count;
                    if bucket_limit(index) != u64::MAX {
                        self.line(
                            name,
                            "_bucket",
                            labels,
                            Some(&bucket_limit(index).to_string()),
                            seen,
                        );
                    }
                }
                self.line(name, "_bucket", labels, Some("+Inf"), histogram.count());
                self.line(name, "_sum", labels, None, histogram.sum);
                self.line(name, "_count", labels, None, histogram.count());
            }
        }
    }
}

impl Page {
    fn line(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[(&'static str, &str)],
        limit: Option<&str>,
        value: u64,
    ) {
        let _ = write!(self.text, "{name}{suffix}");
        let all = labels.iter().copied().chain(limit.map(|limit| ("le", limit)));
        let mut opening = '{';
        for (label, text) in all {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.text, "{opening}{label}=\"{text}\"");
            opening = ',';
        }
        if opening == ',' {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_counters::Histogram;

    struct Three;

    impl Collect for Three {
        fn collect(&self, to: &mut dyn Collector) {
            to.sample("a_total", "As.", &[("stream", "x\"y")], Sample::Counter(1));
            to.sample("a_total", "As.", &[("stream", "z")], Sample::Counter(2));
            let histogram = Histogram::default();
            histogram.record(3);
            histogram.record(5);
            to.sample("b_us", "Bs.", &[], Sample::Histogram(&histogram.snapshot()));
        }
    }

    #[test]
    fn samples_read_as_prometheus_expects() {
        let expected = "# HELP a_total As.\n# TYPE a_total counter\na_total{stream=\"x\\\"y\"} \
            1\na_total{stream=\"z\"} 2\n\
            # HELP b_us Bs.\n# TYPE b_us histogram\nb_us_bucket{le=\"3\"} 1\nb_us_bucket{le=\"5\"} 2\n\
            b_us_bucket{le=\"+Inf\"} 2\nb_us_sum 8\nb_us_count 2\n";
        assert_eq!(render([&Three as &dyn Collect]), expected);
    }
}
