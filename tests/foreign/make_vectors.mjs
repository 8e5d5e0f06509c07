// Signs messages with GitHub's own library (and with the JavaScript ones of Standard Webhooks and Svix, second
// implementations) and writes fixtures/foreign/{github,standardwebhooks-js,svix-js}.json.
//
//     cp tests/foreign/package.json /some/folder && (cd /some/folder && npm install)
//     node tests/foreign/make_vectors.mjs /some/folder
//
// Deterministic: the same versions write the same bytes. `cargo test` reads only the files.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const modules = join(process.argv[2] ?? dirname(fileURLToPath(import.meta.url)), "node_modules");
const out = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "fixtures", "foreign");
const manifest = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
const octokit = manifest("@octokit/webhooks-methods");
const { sign, verify } = await import(pathToFileURL(join(modules, octokit.name, octokit.exports["."].node.import)).href);
const { Webhook } = createRequire(join(modules, "x.js"))("standardwebhooks");
const { Webhook: SvixWebhook } = createRequire(join(modules, "x.js"))("svix");

const NOW = 1795420800; // 2026-11-23T08:00:00Z
const base64 = (text) => Buffer.from(text, "utf8").toString("base64");
// Invented for these files; they open nothing.
const SECRET = "demo-github-secret-of-32-letters";
const WHSEC = "whsec_" + Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 29 + 3) % 256)).toString("base64");

const github = [];
for (const [note, event, body] of [
  ["a ping", "ping", JSON.stringify({ zen: "Demo zen.", hook_id: 4001 })],
  ["text beyond ASCII", "issues", JSON.stringify({ action: "opened", issue: { title: "Grüße – 日本 🛎" } })],
  ["line ends are signed as they are", "push", '{\r\n  "ref": "refs/heads/main"\r\n}\r\n'],
  ["a large body", "push", JSON.stringify({ commits: Array.from({ length: 400 }, (_, i) => ({ id: String(i).padStart(40, "0") })) })],
]) {
  const signature = await sign(SECRET, body);
  if (!(await verify(SECRET, body, signature))) throw new Error(`${note}: the vendor does not take its own signature`);
  const headers = [["x-github-event", event], ["x-github-delivery", "00000000-0000-4000-8000-000000000001"], ["x-hub-signature-256", signature]];
  github.push({ provider: "github", note, headers, body_base64: base64(body), secret: SECRET, now: NOW, expect: "ok", signer: `npm ${octokit.name} ${octokit.version}` });
}
const foreign = await sign("another-secret-of-some-length-00", "{}");
github.push({ provider: "github", note: "signed with another secret", headers: [["x-github-event", "ping"], ["x-hub-signature-256", foreign]], body_base64: base64("{}"), secret: SECRET, now: NOW, expect: "mismatch", signer: `npm ${octokit.name} ${octokit.version}` });

const js = [];
for (const provider of ["openai", "anthropic", "generic-standard-webhooks"]) {
  const body = JSON.stringify({ id: "evt_demo_js", type: "batch.completed", data: { id: "batch_demo", note: "Grüße" } });
  const signature = new Webhook(WHSEC).sign("wh_demo_js", new Date(NOW * 1000), body);
  const headers = [["webhook-id", "wh_demo_js"], ["webhook-timestamp", String(NOW)], ["webhook-signature", signature]];
  js.push({ provider, note: "a second implementation", headers, body_base64: base64(body), secret: WHSEC, now: NOW, expect: "ok", signer: `npm standardwebhooks ${manifest("standardwebhooks").version}` });
}

const svix = [];
for (const prefix of ["svix", "webhook"]) {
  const body = JSON.stringify({ type: "incident.opened", data: { id: "db-1", note: "Grüße" } });
  const signature = new SvixWebhook(WHSEC).sign("msg_demo_js", new Date(NOW * 1000), body);
  const headers = [[`${prefix}-id`, "msg_demo_js"], [`${prefix}-timestamp`, String(NOW)], [`${prefix}-signature`, signature]];
  svix.push({ provider: "generic-svix", note: `a second implementation, ${prefix}-*`, headers, body_base64: base64(body), secret: WHSEC, now: NOW, expect: "ok", signer: `npm svix ${manifest("svix").version}` });
}

for (const [name, vectors] of [["github", github], ["standardwebhooks-js", js], ["svix-js", svix]]) {
  writeFileSync(join(out, `${name}.json`), JSON.stringify(vectors, null, 2) + "\n");
  console.log(name, vectors.length);
}
