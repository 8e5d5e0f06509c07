//! Reads fetched bodies over and over, for `benches/poll.py` and `benches/read.py`.
//!
//! In: `KIND DIALECT COUNT FILE`, as in a provider file (`status statuspage 100 summary.json`, `changelog feed 100 rss.xml`, `table html 20 page.html`).
//! Out: one JSON object: CPU microseconds a body for the hash that tells "unchanged", and for hash and reading, and what
//! was read. Every body differs (its bytes end in another comment or space), so nothing is measured twice from a cache of
//! ours. Refuses a body that cannot be read: a fast failure is no figure.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a benchmark stops where it cannot go on

use forewarn::crypto::short_hash;
use forewarn::model::{ProviderId, ReadOutcome, SourceId};
use forewarn::provider::file;
use forewarn::provider::read::{ReadContext, polled};
use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread in microseconds.
fn cpu_us() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 * 1e6 + t.tv_nsec as f64 / 1e3
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, dialect, count, path] = args.as_slice() else { panic!("usage: read_bodies KIND DIALECT COUNT FILE") };
    let count: usize = count.parse().unwrap();
    let body = std::fs::read(path).unwrap();
    let (key, guards) = match kind.as_str() {
        "status" => ("dialect", ""),
        "table" => ("form", "prose = true\nslash = \"mdy\"\n"),
        _ => ("form", "guards = { min_rows = 1 }\n"),
    };
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://example.com\"\n[sources.x]\nkind = \"{kind}\"\nevidence = \"V\"\n{key} = \"{dialect}\"\nurl = \"https://status.example.com/x\"\n{guards}"
    );
    let file = file::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let provider = ProviderId::new("acme").unwrap();
    let cx = ReadContext {
        provider_name: "Acme".to_owned(),
        source: SourceId::of(&provider, "x").unwrap(),
        provider,
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    };
    let bodies: Vec<Vec<u8>> = (0..count)
        .map(|i| {
            let mut b = body.clone();
            b.extend(std::iter::repeat_n(b'\n', i + 1));
            b
        })
        .collect();

    let begun = cpu_us();
    let mut sum = 0u64;
    for b in &bodies {
        sum += u64::from(short_hash(&[b])[0]);
    }
    let hashed = cpu_us() - begun;

    let begun = cpu_us();
    let (mut rows, mut seen) = (0, 0);
    for b in &bodies {
        sum += u64::from(short_hash(&[b])[0]);
        let reading = polled(&file.sources["x"], &cx, b).unwrap();
        let ReadOutcome::Ok(all) = reading.outcome else { panic!("{:?}", reading.outcome) };
        rows += reading.rows;
        seen += all.len();
    }
    let read = cpu_us() - begun;
    let each = count as f64;
    println!(
        "{{\"bytes\": {}, \"hash_us\": {:.1}, \"hash_and_read_us\": {:.1}, \"rows\": {}, \"observations\": {}, \"sum\": {sum}}}",
        body.len(),
        hashed / each,
        read / each,
        rows / count,
        seen / count
    );
}
