//! Mail and the lead: who is written to, when, and what a mail server that cannot be reached changes.

use crate::harness::*;
use forewarn::store::NotificationFilter;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinSet;

/// A mail server of this machine that takes everything.
struct Server {
    port: u16,
    /// To whom, and the mail's head and text.
    mails: Arc<Mutex<Vec<(String, String)>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::<Mutex<Vec<_>>>::default();
        let (mut tasks, kept) = (JoinSet::new(), mails.clone());
        tasks.spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                // A dialogue the client ends early is not the server's failure.
                let _ = dialogue(tcp, &kept).await;
            }
        });
        Self { port, mails, _tasks: tasks }
    }

    fn arrived(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.mails.lock().unwrap())
    }
}

async fn dialogue(tcp: tokio::net::TcpStream, mails: &Mutex<Vec<(String, String)>>) -> std::io::Result<()> {
    let mut io = BufReader::new(tcp);
    io.write_all(b"220 mail.example\r\n").await?;
    let (mut to, mut mail, mut in_data) = (String::new(), String::new(), false);
    loop {
        let mut line = String::new();
        if io.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if in_data {
            in_data = line != ".\r\n";
            if in_data {
                mail += &line;
                continue;
            }
            mails.lock().unwrap().push((to.clone(), std::mem::take(&mut mail)));
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                in_data = true;
                "354 go"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        io.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// Search has a lead, who is written to; search itself is told in Slack. `gpt-x` ends in 60 days.
async fn told(smtp: &str) -> World {
    let mut w = World::new().await;
    let config = w.config.replace("slack = \"#search\"", "slack = \"#search\"\nlead = \"ravi@example.com\"");
    let mail = format!("{config}[email]\nsmtp = \"{smtp}\"\nfrom = \"forewarn@example.com\"\n");
    w.restart_with(&mail);
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    w
}

fn subject(mail: &str) -> String {
    let from = mail.find("Subject: ").expect("a subject") + 9;
    let rest = &mail[from..];
    let end = rest.match_indices("\r\n").find(|(n, _)| !rest[n + 2..].starts_with([' ', '\t'])).unwrap().0;
    rest[..end].replace("\r\n", "")
}

#[tokio::test]
async fn the_lead_is_written_to_from_seven_days_on_and_is_told_that_nobody_has_a_plan() {
    let server = Server::new().await;
    let mut w = told(&format!("smtp+plain://127.0.0.1:{}", server.port)).await;
    w.live(days(52), minutes(360)).await;
    assert_eq!(server.arrived(), [], "the rungs at 30 and 14 days are for the owner");
    w.arrived();
    for (pause, lead) in [(1, "7 days"), (4, "3 days"), (2, "tomorrow"), (1, "today")] {
        w.live(days(pause), minutes(180)).await;
        let mails = server.arrived();
        let [(to, mail)] = mails.as_slice() else { panic!("{lead}: {mails:#?}") };
        assert_eq!(to, "ravi@example.com");
        let subject = subject(mail);
        assert!(subject.starts_with(&format!("[forewarn #1] {lead}: gpt-x shuts down Fri 22 Jan 2027")), "{subject}");
        w.expect("search/slack", &[if lead == "tomorrow" { "tomorrow" } else { lead }]);
    }
}

#[tokio::test]
async fn an_answer_with_a_plan_spares_the_lead_all_but_the_last_rungs() {
    let server = Server::new().await;
    let mut w = told(&format!("smtp+plain://127.0.0.1:{}", server.port)).await;
    let alert = w.alerts().await[0].0.id;
    w.ack(alert, Some(day(59))).await;
    w.live(days(61), minutes(180)).await;
    let subjects: Vec<_> = server.arrived().iter().map(|(_, mail)| subject(mail)).collect();
    assert_eq!(subjects.len(), 2, "{subjects:#?}");
    assert!(subjects[0].contains("tomorrow") && subjects[1].contains("today"), "{subjects:#?}");
}

/// What is critical is told above earlier, and at the end to those who run forewarn too.
#[tokio::test]
async fn for_a_critical_service_the_lead_hears_at_thirty_days_and_the_operators_on_the_last_two() {
    let server = Server::new().await;
    let mut w = told(&format!("smtp+plain://127.0.0.1:{}", server.port)).await;
    let critical = w.config.replace("[services.rerank-batch]", "[services.rerank-batch]\ntier = \"critical\"");
    w.restart_with(&critical);
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(60)), ("gpt-far", day(700))]);
    let another = w.config.replace("uses = [\"openai:gpt-x\"]", "uses = [\"openai:gpt-x\", \"openai:gpt-z\"]");
    w.restart_with(&another);
    w.page(&[("gpt-z", day(60)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.arrived();
    let mut operators = Vec::new();
    let mut lead = Vec::new();
    for n in 2..=60 {
        w.live(days(1), minutes(180)).await;
        operators.extend(w.arrived().into_iter().filter(|m| m.contact == "operators/webhook").map(|m| (n, m)));
        lead.extend(server.arrived().into_iter().map(|(_, mail)| (n, subject(&mail))));
    }
    let about = |m: &Arrived| m.text.contains("gpt-z");
    let days_of: Vec<_> = operators.iter().filter(|(_, m)| about(m)).map(|(n, _)| *n).collect();
    assert_eq!(days_of, [59, 60], "{operators:#?}");
    let first = lead.iter().find(|(_, s)| s.contains("gpt-z")).unwrap();
    assert_eq!(first.0, 30, "{lead:#?}");
}

/// D16: the name of the mail server cannot be resolved for an hour.
#[tokio::test]
async fn d16_a_mail_server_whose_name_is_not_found_is_tried_again_and_then_written_to_once() {
    let server = Server::new().await;
    let mut w = told("smtps://nowhere.invalid").await;
    w.live(days(53), minutes(360)).await;
    w.arrived();
    w.live(minutes(60), minutes(1)).await;
    let filter = NotificationFilter { limit: 50, ..NotificationFilter::default() };
    let to_lead = || async {
        let all = w.cx.store.notifications(filter.clone()).await.unwrap();
        all.into_iter().filter(|n| n.contact.0 == "search/lead").collect::<Vec<_>>()
    };
    let waiting = to_lead().await;
    assert_eq!(waiting.len(), 1, "{waiting:#?}");
    assert!(waiting[0].attempts >= 3 && waiting[0].state == "pending", "{waiting:#?}");
    // The name is found again.
    let config = w.config.replace("smtps://nowhere.invalid", &format!("smtp+plain://127.0.0.1:{}", server.port));
    w.restart_with(&config);
    w.live(minutes(67), minutes(1)).await;
    assert_eq!(server.arrived().len(), 1);
    w.live(minutes(120), minutes(10)).await;
    assert_eq!(server.arrived(), []);
}
