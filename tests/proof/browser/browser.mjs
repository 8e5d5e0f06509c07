// The pages in Debian's Chromium, driven by playwright-core: what people do there, on every page what keeps people out
// (axe-core) and what a browser complains of. Started by ../browser.py, which reads one JSON object a check from stdout.
//
//   node browser.mjs PART ADDRESS     BROWSER_MODULES: where node_modules are; SCREENSHOTS: where pictures go
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [, , part, at] = process.argv;
const require = createRequire(join(process.env.BROWSER_MODULES, "/"));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const pictures = join(process.env.SCREENSHOTS, part);
mkdirSync(pictures, { recursive: true });

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const PAGES = [
  "/", "/calendar", "/calendar?view=list", "/calendar?view=list&show=all&within=400", "/incidents", "/incidents?open=true", "/maintenance",
  "/billing", "/events", "/events?kind=deprecation", "/alerts", "/alerts?state=open", "/owners", "/sources", "/providers", "/providers/openai",
  "/providers/gemini", "/deliveries", "/notifications", "/notifications?state=dead", "/audit", "/settings", "/scorecard", "/now", "/now/openai",
  "/now/support-bot", "/now/nobody-knows-it", "/between?from=40d", "/rehearse", "/rehearse?from=40d&to=now", "/nothing-here",
];
// Of these a page each is followed from the lists.
const KINDS = ["/deprecations/", "/incidents/", "/maintenance/", "/billing/", "/events/", "/alerts/", "/sources/", "/matters/"];
const MISSING = ["/now/nobody-knows-it", "/nothing-here"];

const say = (name, ok, detail = "") => console.log(JSON.stringify({ name, ok: Boolean(ok), detail: String(detail).slice(0, 1500) }));
const profile = mkdtempSync(join(tmpdir(), "forewarn-browser-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", `--disk-cache-dir=${profile}`,
    ...(process.env.AROUND ? [`--host-resolver-rules=${process.env.AROUND}`] : []),
  ],
});

/** A page of a new profile; everything a browser complains of, and every other host it asks, is kept. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: DESK, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && !/status of 4\d\d/.test(m.text()) && wrong.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`error: ${e}`));
  page.on("dialog", (d) => (wrong.push(`dialog: ${d.message()}`), d.dismiss()));
  page.on("request", (r) => r.url().startsWith(at) || wrong.push(`asks ${r.url()}`));
  return { context, page, wrong };
}

const soon = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);
const local = (path) => path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 60) || "now-and-next";

async function links(page) {
  const all = await page.locator("a[href^='/']").evaluateAll((found) => found.map((a) => a.getAttribute("href")));
  return [...new Set(all.map((href) => href.split("#")[0]))].filter(Boolean);
}

/** The pages, and some of each kind that lists lead to. */
async function all(page, each) {
  const found = new Map(KINDS.map((k) => [k, new Set()]));
  for (const list of ["/", "/calendar?view=list", "/incidents", "/maintenance", "/billing", "/events", "/alerts", "/sources"]) {
    await page.goto(at + list);
    for (const href of await links(page)) {
      const kind = KINDS.find((k) => href.startsWith(k) && href.length > k.length);
      if (kind && found.get(kind).size < each) found.get(kind).add(href);
    }
  }
  return [...PAGES, ...[...found.values()].flatMap((s) => [...s])];
}

const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function visit(view, path) {
  view.wrong.length = 0;
  const answer = await view.page.goto(at + path);
  const csp = answer.headers()["content-security-policy"] ?? "";
  const wrong = [...view.wrong];
  if (answer.status() !== (MISSING.includes(path) ? 404 : 200)) wrong.push(`status ${answer.status()}`);
  if (!csp.includes("default-src 'none'") || /unsafe|\*|https?:/.test(csp)) wrong.push(`policy ${csp}`);
  const over = await wide(view.page);
  if (over > 0) wrong.push(`${over} pixels too wide`);
  return wrong;
}

async function keepsOut(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`);
}

const parts = {
  /** Every page, light and dark, desk and phone. */
  async pages() {
    const views = {
      "desk-light": await open({ colorScheme: "light" }),
      "desk-dark": await open({ colorScheme: "dark" }),
      phone: await open({ viewport: PHONE, hasTouch: true, isMobile: true }),
    };
    const paths = await all(views["desk-light"].page, 2);
    say("there are pages of every kind", KINDS.every((k) => paths.some((p) => p.startsWith(k))), paths.join(" "));
    for (const path of paths) {
      const wrong = [];
      const look = async ([name, view]) => {
        const said = await visit(view, path);
        if (name !== "phone") said.push(...(await keepsOut(view.page)));
        await view.page.screenshot({ path: join(pictures, `${local(path)}.${name}.png`), fullPage: true });
        wrong.push(...said.map((w) => `${name}: ${w}`));
      };
      await Promise.all(Object.entries(views).map(look));
      say(`page ${path}`, wrong.length === 0, wrong.join("\n"));
    }
    // Every link of the front page and of the menu leads somewhere.
    const { page } = views["desk-light"];
    await page.goto(at);
    const dead = [];
    for (const href of await links(page)) {
      const status = (await page.request.get(at + href)).status();
      if (status !== 200) dead.push(`${href} ${status}`);
    }
    say("every link of the first page leads somewhere", dead.length === 0, dead.join(" "));
  },

  /** Finds the next shutdown and deals with it, with a mouse, with a keyboard alone, and without JavaScript. */
  async people() {
    const { page, wrong } = await open();
    await page.goto(at);
    // What has ended stands first; what is next is the first that has not.
    const next = page.locator("#ending tbody tr").filter({ hasNotText: "ago" }).first();
    const name = (await next.locator("th a").first().textContent()).trim();
    say("the next shutdown is found", name === "gpt-demo-audio-2024-12-17", name);
    await next.locator("th a").first().click();
    const text = await page.locator("main").innerText();
    say("its page proves it", text.includes(name) && /4 days/.test(text) && /read (Mon|Tue|Wed|Thu|Fri|Sat|Sun) /.test(text) && text.includes("openai/deprecations"), text);

    await page.getByRole("link", { name: /^Answer alert/ }).first().click();
    await page.locator("form[action$='/ack'] [name=by]").fill("mei");
    await page.locator("form[action$='/ack'] [name=plan_on]").fill(soon(2));
    await page.locator("form[action$='/ack'] [name=note]").fill("the new one is in staging <b>");
    await page.getByRole("button", { name: "Acknowledge" }).click();
    const said = await page.locator("main").innerText();
    say("an acknowledgement with a plan stands there", /mei plans to be done/.test(said) && said.includes("staging <b>") && said.includes("answered"), said);
    await page.goto(at);
    const row = await page.locator("#ending tbody tr", { hasText: name }).innerText();
    say("and on the first page", /mei: done by/.test(row), row);

    // Snooze, with a date that is refused first.
    const waiting = page.locator("#ending tbody tr", { hasText: "gpt-demo-vision-preview" }).getByRole("link", { name: /no answer/ });
    await waiting.click();
    const alert = new URL(page.url()).pathname;
    const snooze = async (until) => {
      await page.locator("form[action$='/snooze'] [name=until]").fill(until);
      await page.getByRole("button", { name: "Snooze" }).click();
    };
    await snooze(soon(-3));
    say("a snooze into the past is refused, with the reason", await page.getByRole("alert").isVisible(), await page.locator("main").innerText());
    await snooze(soon(9));
    say("a snooze stands there", /quiet until/.test(await page.locator("main").innerText()), await page.locator("main").innerText());
    await page.locator("form[action$='/resolve'] select[name=reason]").selectOption("migrated");
    await page.getByRole("button", { name: "Resolve" }).click();
    say("a resolution stands there", /resolved: migrated/.test(await page.locator("main").innerText()));
    await page.getByRole("button", { name: "Reopen" }).click();
    say("what was resolved is opened again", await page.getByRole("button", { name: "Acknowledge" }).isVisible());
    await page.locator("form[action$='/reassign'] select[name=to]").selectOption("platform");
    await page.getByRole("button", { name: "Reassign" }).click();
    say("an alert goes to another owner", /of platform/.test(await page.locator(".lede").innerText()), alert);

    // Dead letters, and what was not understood.
    await page.goto(`${at}/notifications?state=dead`);
    const before = await page.getByRole("button", { name: /Send again/ }).count();
    await page.getByRole("button", { name: /Send again/ }).first().click();
    say("a dead letter is sent again", before > 0 && page.url().endsWith("/notifications"), `${before} ${page.url()}`);
    await page.goto(`${at}/deliveries`);
    const refused = await page.locator("main").innerText();
    say("a refused delivery has its reason", /missing/.test(refused) && /unreadable/.test(refused), refused);
    await page.getByRole("button", { name: "Read them again" }).click();
    say("what was not understood is read again", /looked at again/.test(await page.locator("main").innerText()));
    await page.goto(at);
    await page.getByRole("searchbox").fill("support-bot");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/now\//).catch(() => {});
    say("is it them? is asked from anywhere", page.url().endsWith("/now/support-bot"), page.url());
    await page.goto(`${at}/providers/openai`);
    say("the address to copy follows public_url", (await page.locator("input.copy").first().inputValue()) === "https://hooks.example.com/hooks/openai");
    const settings = await (await page.goto(`${at}/settings`), page.locator("main").innerText());
    say("settings hold no secret", !/whsec_|sk-scene|xoxb-|proof-32/.test(settings) && /1 webhook secret/.test(settings), settings);
    say("the browser complained of nothing", wrong.length === 0, wrong.join("\n"));

    await this.keyboard(soon(1));
    await this.scriptless(soon(1));
  },

  async keyboard(plan) {
    const { page } = await open();
    await page.goto(at);
    await page.keyboard.press("Tab");
    say("the first Tab offers to skip the menu", (await page.evaluate(() => document.activeElement.textContent)) === "Skip to the content");
    await page.keyboard.press("Enter");
    const unseen = [];
    const focused = () =>
      page.evaluate(() => {
        const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
        return { tag: e.tagName, name: e.name, text: e.textContent.trim().slice(0, 80), href: e.getAttribute("href"), seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0 };
      });
    const until = async (what) => {
      for (let n = 0; n < 200; n++) {
        await page.keyboard.press("Tab");
        const f = await focused();
        // BODY: nothing has the focus, as before a new page is drawn; what has it is shown or not.
        if (f.tag !== "BODY" && !f.seen) unseen.push(`${f.tag} ${f.text}`);
        if (what(f)) return f;
      }
      return null;
    };
    const link = await until((f) => /no answer of mobile/.test(f.text));
    say("Tab reaches what nobody has answered", link);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/alerts\/\d+/);
    await until((f) => f.name === "by");
    await page.keyboard.type("kai");
    await until((f) => f.name === "plan_on");
    const [y, m, d] = plan.split("-");
    await page.keyboard.type(`${m}${d}${y}`);
    await until((f) => f.tag === "BUTTON" && f.text === "Acknowledge");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    const said = await page.locator("main").innerText();
    say("a keyboard alone acknowledges with a plan", /kai plans to be done/.test(said), said);
    say("where the focus is can be seen all the way", unseen.length === 0, unseen.join("; "));
  },

  async scriptless(plan) {
    const { page } = await open({ javaScriptEnabled: false, viewport: PHONE });
    await page.goto(at);
    await page.locator(".more > summary").click();
    await page.locator(".more").getByRole("link", { name: "Alerts" }).click();
    await page.locator("#state").selectOption("open");
    await page.locator("#owner").selectOption("voice");
    await page.getByRole("button", { name: "Show" }).click();
    await page.locator("tbody tr", { hasText: "realtime" }).getByRole("link").first().click();
    await page.locator("form[action$='/ack'] [name=by]").fill("jonas");
    await page.locator("form[action$='/ack'] [name=plan_on]").fill(plan);
    await page.getByRole("button", { name: "Acknowledge" }).click();
    const said = await page.locator("main").innerText();
    say("without JavaScript, on a phone, the same", /jonas plans to be done/.test(said), said);
  },

  /** Signing in. */
  async door() {
    const { page, wrong, context } = await open();
    await page.goto(`${at}/alerts?state=open`);
    say("who is not known comes to the sign-in", new URL(page.url()).pathname === "/sign-in", page.url());
    say("the sign-in keeps nobody out", (await keepsOut(page)).length === 0, (await keepsOut(page)).join("\n"));
    await page.screenshot({ path: join(pictures, "sign-in.png") });
    const enter = async (token) => {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Sign in" }).click();
    };
    await enter("fw_not_a_token_of_ours");
    say("a wrong token is told, and opens nothing", (await page.getByRole("alert").innerText()).includes("opens nothing"));
    await page.screenshot({ path: join(pictures, "wrong-token.png") });
    await enter(process.env.TOKEN);
    say("a right one leads to what was asked", page.url() === `${at}/alerts?state=open`, page.url());
    const cookie = (await context.cookies())[0];
    say("the cookie is read by no script", cookie.httpOnly && cookie.sameSite === "Lax", JSON.stringify(cookie));
    await page.locator("tbody tr th a").first().click();
    say("who signed in acts under their own name", (await page.locator("[name=by]").count()) === 0);
    await page.locator("form[action$='/ack'] [name=csrf]").evaluate((e) => (e.value = "0".repeat(32)));
    const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === "POST"), page.getByRole("button", { name: "Acknowledge" }).click()]);
    say("a form without our mark changes nothing", answer.status() === 403, answer.status());
    await page.goto(at);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(at);
    say("who signed out is out", new URL(page.url()).pathname === "/sign-in", page.url());
    say("the browser complained of nothing", wrong.length === 0, wrong.join("\n"));

    const reader = await open();
    await reader.page.goto(at);
    await reader.page.getByLabel("Token").fill(process.env.READER);
    await reader.page.getByRole("button", { name: "Sign in" }).click();
    await reader.page.goto(`${at}/alerts/1`);
    say("who may only look is told so", /You may look, not act/.test(await reader.page.locator("main").innerText()));
  },

  /** Signed in by a proxy. */
  async proxied() {
    const through = async (person, headers = {}) => {
      const view = await open({ ignoreHTTPSErrors: true, extraHTTPHeaders: headers });
      if (person) await view.context.addCookies([{ name: "person", value: person, url: at }]);
      return view;
    };
    const stranger = await through(null, { "x-forwarded-user": "mallory@example.com", "x-forwarded-groups": "sre" });
    await stranger.page.goto(`${at}/alerts`);
    say("who is not signed in at the proxy sees its sign-in, whatever he calls himself", (await stranger.page.title()) === "Sign in", await stranger.page.title());

    const kai = await through("kai", { "x-forwarded-user": "mallory@example.com", "x-forwarded-groups": "sre" });
    await kai.page.goto(`${at}/alerts?state=open`);
    await kai.page.locator("tbody tr th a").first().click();
    const alert = kai.page.url();
    say("who is signed in at the proxy is known here", (await kai.page.locator("main").innerText()).length > 0 && (await kai.page.locator("[name=by]").count()) === 0);
    await kai.page.screenshot({ path: join(pictures, "alert.png") });
    await kai.page.locator("form[action$='/ack'] [name=note]").fill("seen from home");
    await kai.page.getByRole("button", { name: "Acknowledge" }).click();
    const said = await kai.page.locator("main").innerText();
    say("and acts under the name the proxy gives, whatever he sends himself", /kai@example\.com/.test(said) && !/mallory/.test(said), said.slice(0, 600));
    const snoozed = async (page, mark) => {
      await page.locator("form[action$='/snooze'] [name=until]").fill(soon(1));
      await page.locator("form[action$='/snooze'] [name=csrf]").evaluate((e, v) => (e.value = v), mark);
      const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === "POST"), page.getByRole("button", { name: "Snooze" }).click()]);
      return answer.status();
    };
    const mark = await kai.page.locator("form[action$='/snooze'] [name=csrf]").inputValue();
    const without = await snoozed(kai.page, "0".repeat(mark.length));
    say("a form without our mark changes nothing here either", without === 403, without);
    say("all is asked under the address of the proxy", kai.wrong.length === 0, kai.wrong.join("\n"));
    const ana = await through("ana");
    await ana.page.goto(alert);
    const stolen = await snoozed(ana.page, mark);
    say("the mark of another person opens nothing", stolen === 403, stolen);

    const around = await open({ extraHTTPHeaders: { "x-forwarded-user": "mallory@example.com", "x-forewarn-proxy": "guessed" } });
    await around.page.goto(`${process.env.BEHIND}/alerts`);
    say("who goes around the proxy is asked to sign in", new URL(around.page.url()).pathname === "/sign-in", around.page.url());
  },

  /** Every field tries to be something else. */
  async hostile() {
    const desk = await open();
    const phone = await open({ viewport: PHONE, hasTouch: true, isMobile: true });
    const paths = await all(desk.page, 6);
    let shown = 0;
    for (const path of paths) {
      const [onDesk, onPhone] = await Promise.all([visit(desk, path), visit(phone, path)]);
      const wrong = [...onDesk, ...onPhone.map((w) => `phone: ${w}`)];
      const found = await desk.page.evaluate(() => {
        const bad = [...document.querySelectorAll("script,iframe,object,embed,base,svg image,svg foreignObject,svg script,style,[style],[srcdoc],meta[http-equiv]")].map((e) => e.outerHTML.slice(0, 200));
        for (const e of document.querySelectorAll("*")) {
          for (const a of e.attributes) {
            if (a.name.startsWith("on")) bad.push(`${e.tagName} ${a.name}`);
            if (["href", "src", "action", "formaction", "xlink:href"].includes(a.name) && !/^(\/(?!\/)|#|https?:\/\/)/.test(a.value)) bad.push(`${e.tagName} ${a.name}=${a.value.slice(0, 200)}`);
          }
        }
        if (document.title === "owned") bad.push(document.title);
        return { bad, words: document.body.innerText.includes("<script>document.title") };
      });
      shown += found.words ? 1 : 0;
      await desk.page.screenshot({ path: join(pictures, `${local(path)}.png`), fullPage: true });
      say(`hostile page ${path.slice(0, 80)}`, wrong.length + found.bad.length === 0, [...wrong, ...found.bad].join("\n"));
    }
    say("the hostile words were there to be seen", shown >= 12, `on ${shown} of ${paths.length} pages`);
  },

  /** The picture of README.md. */
  async picture() {
    const { page } = await open({ viewport: { width: 1200, height: 1400 }, deviceScaleFactor: 1.5, colorScheme: "light" });
    await page.goto(at);
    const end = await page.locator("#ending tbody tr").nth(4).boundingBox();
    await page.screenshot({ path: join(pictures, "now-and-next.png"), clip: { x: 0, y: 0, width: 1200, height: Math.round(end.y) } });
    say("the picture is taken", true);
  },
};

try {
  await parts[part]();
} catch (e) {
  say(`${part} falls over`, false, e.stack);
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
