//! Progress of long work, for a person who watches.
//!
//! In: how far it is. Out: one line on stderr that is written over, and gone at the end. Invariant: nothing at all where
//! stderr is no terminal, so logs and pipes stay clean. Refuses to guess how long it still takes.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A line of progress.
pub(super) struct Bar {
    what: &'static str,
    shown: bool,
    /// The percentage that stands there, plus one; 0 for none.
    last: AtomicUsize,
}

/// A line that counts these.
pub(super) fn bar(what: &'static str) -> Bar {
    Bar { what, shown: std::io::stderr().is_terminal(), last: AtomicUsize::new(0) }
}

impl Bar {
    /// So many of so many are done. Written only when the percentage changed.
    pub(super) fn at(&self, done: usize, all: usize) {
        let percent = done * 100 / all.max(1);
        if self.shown && self.last.swap(percent + 1, Ordering::Relaxed) != percent + 1 {
            self.write(&format!("\r{}", text(self.what, done, all)));
        }
    }

    /// What is worked on now.
    pub(super) fn on(&self, done: usize, all: usize, name: &str) {
        if self.shown {
            self.write(&format!("\r\u{1b}[K{} {}", text(self.what, done, all), crate::model::text::one_line(name, 40)));
        }
    }

    /// Takes the line away.
    pub(super) fn done(&self) {
        if self.shown {
            self.write("\r\u{1b}[K");
        }
    }

    fn write(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        // Nobody watches a closed terminal.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// `[#####---------------]  25 % of 4000 events`
fn text(what: &str, done: usize, all: usize) -> String {
    let percent = (done * 100 / all.max(1)).min(100);
    let full = percent / 5;
    format!("[{}{}] {percent:3} % of {all} {what}", "#".repeat(full), "-".repeat(20 - full))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_line_says_how_far_it_is() {
        assert_eq!(text("events", 1_000, 4_000), "[#####---------------]  25 % of 4000 events");
        assert_eq!(text("events", 0, 0), "[--------------------]   0 % of 0 events");
        assert_eq!(text("events", 9, 3), "[####################] 100 % of 3 events");
    }
}
