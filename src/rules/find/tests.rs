//! What is an id in a text, and what only looks like one.

use super::*;
use proptest::prelude::*;

fn finder() -> Finder {
    let ids = [
        "openai:gpt-demo-4",
        "openai:gpt-demo-4.1",
        "openai:gpt-demo-4-8",
        "azure:gpt-demo-4",
        "bedrock:maker.demo-v2:0",
        "bedrock:maker.demo-v2",
        "cohere:command",
        "cohere:api/v1/summarize",
        "openai:o9",
        "bedrock:maker.demo-v2~us-east-1",
    ];
    Finder::new(ids.iter().map(|i| Subject::parse(i).unwrap())).unwrap()
}

fn ids(text: &str) -> Vec<String> {
    let f = finder();
    f.find(text.as_bytes()).iter().map(|x| x.subject.matter_id().unwrap().to_string()).collect()
}

#[test]
fn an_id_is_found_where_it_stands_alone_and_nowhere_else() {
    for text in [
        "model = \"gpt-demo-4\"",
        "gpt-demo-4",
        "[gpt-demo-4]",
        "x: gpt-demo-4\n",
        "use gpt-demo-4.",
        "gpt-demo-4: 12",
        "openai/gpt-demo-4",
        "openai:gpt-demo-4",
        "/models/gpt-demo-4/generate",
        "(gpt-demo-4)",
        "\"a\\ngpt-demo-4\"",
        "gpt-demo-4->x",
    ] {
        assert_eq!(ids(text), ["openai:gpt-demo-4"], "{text}");
    }
    for text in [
        "gpt-demo-4-turbo",
        "gpt-demo-42",
        "gpt-demo-4_x",
        "my-gpt-demo-4",
        "xgpt-demo-4",
        "ft:gpt-demo-4:org::1",
        "ft:gpt-demo-4",
        "gpt-demo-4@2024",
        "a.gpt-demo-4",
        "gpt-demo-4é",
        "gpt-demo-4-*",
        "GPT-DEMO-4",
    ] {
        assert_eq!(ids(text), [""; 0], "{text}");
    }
    assert_eq!(
        ids("gpt-demo-4.1 gpt-demo-4-8 gpt-demo-4"),
        ["openai:gpt-demo-4.1", "openai:gpt-demo-4-8", "openai:gpt-demo-4"]
    );
    assert_eq!(
        ids("maker.demo-v2:0 maker.demo-v2 us.maker.demo-v2:0"),
        ["bedrock:maker.demo-v2:0", "bedrock:maker.demo-v2", "bedrock:maker.demo-v2:0"]
    );
}

#[test]
fn the_platform_beside_an_id_counts_before_its_maker() {
    assert_eq!(ids("azure/gpt-demo-4"), ["azure:gpt-demo-4"]);
    assert_eq!(ids("azure_ai/gpt-demo-4"), ["azure:gpt-demo-4"]);
    let f = finder();
    let found = f.find(b"x\n  'gpt-demo-4'");
    assert_eq!((found[0].line, found[0].column, found[0].len), (2, 4, 10));
    assert_eq!(found[0].also.iter().map(|s| s.platform.as_str()).collect::<Vec<_>>(), ["azure"]);
}

#[test]
fn a_plain_word_is_an_id_only_where_a_model_is_spoken_of() {
    assert_eq!(ids("model=\"command\""), ["cohere:command"]);
    assert_eq!(ids("{\"model\": \"o9\"}"), ["openai:o9"]);
    for text in ["run the command", "cmd = \"command\"", "model = command", "\"o9\""] {
        assert_eq!(ids(text), [""; 0], "{text}");
    }
    assert_eq!(ids("https://api.cohere.com/v1/summarize"), ["cohere:api/v1/summarize"]);
    assert_eq!(ids("https://ours.example/v1/summarize"), [""; 0]);
}

#[test]
fn tests_and_documents_only_mention() {
    for (path, role) in [
        ("src/bot.py", Role::Code),
        ("deploy/values.yaml", Role::Config),
        (".env", Role::Config),
        (".env.production", Role::Config),
        ("tests/bot.py", Role::Test),
        ("src/bot_test.go", Role::Test),
        ("src/test_bot.py", Role::Test),
        ("web/a.spec.ts", Role::Test),
        ("README.md", Role::Docs),
        ("docs/x.py", Role::Docs),
        ("latest/contest.py", Role::Code),
        ("requirements.txt", Role::Code),
    ] {
        assert_eq!(Role::of(path), role, "{path}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_is_found_stands_there(text in "[a-z0-9.:/@\\n\"'\\\\é-]{0,80}", at in 0..5_usize) {
        let known = ["gpt-demo-4", "gpt-demo-4-8", "maker.demo-v2:0", "o9", "command"];
        let text = format!("{text}{}{text}", known[at]);
        let f = finder();
        for x in f.find(text.as_bytes()) {
            let line = text.split('\n').nth(x.line - 1).unwrap();
            let there: String = line.chars().skip(x.column - 1).take(x.len).collect();
            prop_assert_eq!(there, x.subject.id.clone());
        }
    }
}
