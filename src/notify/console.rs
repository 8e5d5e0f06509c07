//! The console as a channel: the catch-all of a fresh install.
//!
//! In: messages. Out: a block of text on a writer. Invariant: every line holds clean text only, so nothing a provider
//! wrote can move the cursor. A closed pipe counts as delivered: nobody is left to tell. Refuses colours.

use super::render::{Rendered, render};
use super::{Message, Outcome};
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes each message as a block.
#[derive(Clone)]
pub struct Console {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Console {
    /// Writes to anything.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Arc::new(Mutex::new(out)) }
    }

    /// Writes to standard output.
    pub fn stdout() -> Self {
        Self::new(Box::new(std::io::stdout()))
    }

    /// Writes the block and flushes it, off the async threads: a terminal can be held.
    pub async fn send(&self, message: &Message) -> Outcome {
        let block = text(&render(message));
        let out = Arc::clone(&self.out);
        let written = tokio::task::spawn_blocking(move || {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(block.as_bytes()).and_then(|()| out.flush())
        })
        .await;
        match written {
            Ok(Ok(())) => Outcome::Delivered { thread: None, place: None },
            Ok(Err(e)) if e.kind() == ErrorKind::BrokenPipe => Outcome::Delivered { thread: None, place: None },
            Ok(Err(e)) => Outcome::Retry { after: None, reason: format!("could not write to the console: {e}") },
            Err(_) => Outcome::Retry { after: None, reason: "writing to the console failed".into() },
        }
    }
}

/// The block: headline, indented lines, footer, an empty line.
pub fn text(r: &Rendered) -> String {
    let mut out = format!("{}\n", r.first_line());
    for line in &r.lines {
        let bullet = if line.part.is_bullet() { "• " } else { "" };
        out.push_str(&format!("   {bullet}{}\n", line.text));
        if let Some(link) = &line.link {
            out.push_str(&format!("   {link}\n"));
        }
    }
    out.push_str(&format!("   {}\n", r.footer));
    if let Some(act) = &r.act {
        out.push_str(&format!("   Answer: {act}\n"));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::testing::{HOSTILE, ending, hostile_messages, message};
    use std::io;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);
    impl Write for Paper {
        fn write(&mut self, b: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(b)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken(ErrorKind);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[tokio::test]
    async fn a_message_is_a_block_that_begins_with_the_headline() {
        let paper = Paper::default();
        let console = Console::new(Box::new(paper.clone()));
        assert_eq!(console.send(&message(vec![ending()])).await, Outcome::Delivered { thread: None, place: None });
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("🟠 gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days): support-bot"), "{text}");
        assert!(text.ends_with("#17\n\n"), "{text}");
        assert!(text.contains("\n   • support-bot, production\n"), "{text}");
    }

    #[tokio::test]
    async fn a_closed_pipe_is_delivered_and_a_full_disk_is_tried_again() {
        let m = message(vec![ending()]);
        let closed = Console::new(Box::new(Broken(ErrorKind::BrokenPipe)));
        assert_eq!(closed.send(&m).await, Outcome::Delivered { thread: None, place: None });
        let full = Console::new(Box::new(Broken(ErrorKind::StorageFull)));
        assert!(matches!(full.send(&m).await, Outcome::Retry { .. }));
    }

    #[test]
    fn nothing_a_stranger_wrote_reaches_the_terminal_as_a_command() {
        for hostile in HOSTILE {
            for m in hostile_messages(hostile) {
                let r = render(&m);
                let t = text(&r);
                assert!(!t.chars().any(|c| c.is_control() && c != '\n'), "{t:?}");
                let links = r.lines.iter().filter(|l| l.link.is_some()).count();
                assert_eq!(t.lines().count(), r.lines.len() + links + 3, "a text made a line of its own: {t}");
            }
        }
    }
}
