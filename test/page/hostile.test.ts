import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { rejection } from "../rejection.ts";
import { type Browser, pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { still } from "./still.ts";
import type { Visit } from "./visit.ts";

/** What somebody says to take over the windows of others. Each would call `alert` if it could. */

const browser = sharedBrowser();

const MARKUP = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "<svg onload=alert(3)><animate onbegin=alert(3) attributeName=x dur=1s>",
  `"><body onpageshow=alert(4)>`,
  `' onfocus='alert(5)' autofocus='`,
  "<iframe srcdoc='<script>parent.alert(6)</script>'></iframe>",
  "<a href=javascript:alert(7)>click</a>",
  "<math><mtext><table><mglyph><style><img src=x onerror=alert(8)>",
  "<noscript><p title='</noscript><img src=x onerror=alert(9)>'>",
  "<details open ontoggle=alert(10)>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(11)'>",
  "<base href=//evil.example/>",
  "<link rel=stylesheet href=//evil.example/a.css>",
  "<form action=//evil.example><input name=q autofocus onfocus=alert(12)>",
  "{{constructor.constructor('alert(13)')()}}",
  "$" + "{alert(14)}",
  "&lt;script&gt;alert(15)&lt;/script&gt;",
  "]]><script>alert(16)</script>",
  "<!--><script>alert(17)</script>-->",
  "<template><script>alert(18)</script></template>",
];
const LINKS = [
  "javascript:alert(20)",
  "JaVaScRiPt:alert(21)",
  "data:text/html,<script>alert(22)</script>",
  "vbscript:msgbox(23)",
  "file:///etc/passwd",
  "http://good.example@evil.example/ looks like another",
  `https://evil.example/"onmouseover="alert(24)`,
  "blob:https://evil.example/25",
];
const STRANGE = [
  "right to left \u202eexe.gpj and \u2066inside\u2069",
  "zero\u200bwidth\u200d and \ufeff marks",
  `huge ${"Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324".repeat(200)}`,
  "lone \ud800 half",
  "a\u0000b\u001b[31mred\u0007",
  `wide ${"\ufdfd".repeat(300)}`,
  `${"unbroken".repeat(800)}`,
  "\u2028line\u2029separators",
];
const ALL = [...MARKUP, ...LINKS, ...STRANGE];
/** Controls, and what changes the direction or the place of its neighbours. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u;

/** Tells at the next breath whether anything ran or got in. */
async function expectHarmless(visit: Visit): Promise<void> {
  const found = await visit.page.evaluate<string[]>(`[...document.querySelectorAll(
    "script:not([src^='/assets/']), iframe, object, embed, base, meta[http-equiv], " +
    "form[action], link"
  )].filter((element) => {
    // What parts of the page share is fetched ahead of them, by its whole address.
    const { href } = element;
    const files = ["/assets/", "/manifest.webmanifest"].map((path) => location.origin + path);
    const own = [...files, "data:image/png;base64,"]; // The icon that counts.
    return element.tagName !== "LINK" || !own.some((one) => href.startsWith(one));
  }).map((element) => element.outerHTML.slice(0, 200))`);
  const handlers = await visit.page.evaluate<string[]>(`[...document.querySelectorAll("*")]
    .flatMap((element) => [...element.attributes])
    .filter(({ name, value }) => /^on/.test(name) || /^\\s*(?:javascript|vbscript):/i.test(value))
    .map(({ name, value }) => name + "=" + value)`);
  const hrefs = await visit.page.evaluate<string[]>(
    `[...document.querySelectorAll("article a")].map(({ protocol }) => protocol)`,
  );
  expect([found, handlers, hrefs.filter((one) => !/^https?:$/.test(one))]).toEqual([[], [], []]);
  expect(
    await visit.page.evaluate<boolean>(`/${CONTROLS.source}/u.test(document.body.innerText)`),
  ).toBe(false);
  expect(visit.wrongs).toEqual([]);
}

/** Pixels that one would have to scroll sideways. */
async function widerBy(visit: Visit): Promise<number> {
  const root = "document.documentElement";
  return visit.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
}

async function arrive(sandbox: Sandbox, own: Browser) {
  const served = await sandbox.serve({ args: ["--welcome", MARKUP.slice(0, 3).join(" ")] });
  const eve = await sandbox
    .home("eve")
    .with({ CHAT_INVITE: served.invite, CHAT_USER: "eve" })
    .join([]);
  const ana = await own.visit(pageAddress(served), { width: 390, height: 844 });
  await ana.page.getByText(MARKUP[0] ?? "").waitFor();
  await expectHarmless(ana);
  await ana.enter("ana");
  return { served, eve, ana };
}

pageTest("messages, topics and what is found are texts, whatever they say", async () => {
  await using sandbox = new Sandbox();
  const { eve, ana: opened } = await arrive(sandbox, browser);
  await using ana = opened;
  for (const [i, text] of ALL.entries()) {
    eve.type(`hostile ${i} ${text}`.replaceAll(/[\n\r]/g, " "));
    // What is no markup to the page stands there as it was typed.
    await ana.sees(STRANGE.includes(text) ? `hostile ${i} ` : `hostile ${i} ${text}`);
    await expectHarmless(ana);
  }
  await expectHarmless(ana);
  expect(await widerBy(ana)).toBe(0);
  for (const text of [...MARKUP.slice(0, 4), ...STRANGE.slice(0, 4)]) {
    eve.type(`/topic ${text.replaceAll("\u0000", "")}`);
  }
  eve.type(`/topic last ${MARKUP[1]}`);
  await ana.page.locator(".topic").getByText(`last ${MARKUP[1]}`).waitFor();
  await expectHarmless(ana);
  await ana.button("Search").click();
  await ana.field("Search for").fill("hostile");
  await ana.field("Search for").press("Enter");
  await ana.page.locator(".search-state").getByText(/found/).waitFor();
  await ana.page
    .locator(".search-list")
    .getByText(MARKUP[5] ?? "")
    .waitFor();
  await expectHarmless(ana);
  expect(await widerBy(ana)).toBe(0);
});

pageTest("names of files are texts, and harmless ones where they are saved", async () => {
  await using sandbox = new Sandbox();
  const { eve, ana: opened, served } = await arrive(sandbox, browser);
  await using ana = opened;
  const names = [
    "<img src=x onerror=alert(1)>.png",
    "\u202egnp.exe",
    `"><script>alert(2)<.html`,
    "javascript:alert(3)",
    ".bashrc",
    `${"n".repeat(240)}.svg`,
  ];
  const home = sandbox.home("eve").with({ CHAT_INVITE: served.invite, CHAT_USER: "eve" });
  mkdirSync(sandbox.path("bad"));
  for (const [i, name] of names.entries()) {
    const path = sandbox.path("bad", name);
    writeFileSync(path, `<script>alert(${i})</script>`);
    // Texts of the corpus, and one without an end.
    const said = [...STRANGE, ...LINKS][i] ?? "";
    const caption = `words ${i} ${MARKUP[i]} ${said.replaceAll("\u0000", "").slice(0, 1_000)}`;
    await home.json(["send-file", path, "--to", "lobby", "--caption", caption]);
    await ana.page.locator(".file").nth(i).waitFor();
    await ana.sees(`words ${i} ${MARKUP[i]}`);
  }
  // What it is changed to is no more than a text, either; one line of it belongs to one file.
  const [first] = await home.json(["files"]);
  eve.type(`/caption ${String(first?.["id"])} changed ${MARKUP[8]} ${STRANGE[0]}`);
  await ana.sees(`changed ${MARKUP[8]}`);
  await expectHarmless(ana);
  expect(await widerBy(ana)).toBe(0);
  for (const [i, name] of names.entries()) {
    const card = ana.page.locator(".file").nth(i);
    await still(card);
    const download = ana.page.waitForEvent("download");
    await card.getByRole("button", { name: /^Actions for/ }).click();
    await ana.entry("Save with the browser, unchecked").click();
    const saved = (await download).suggestedFilename();
    expect([name, saved, CONTROLS.test(saved)]).toEqual([name, saved, false]);
    expect(saved).not.toMatch(/[<>:"/\\|?*]/);
  }
  // Menus were open and closed over several messages: only one shows what can be done with it.
  expect(await ana.page.locator(".tools").count()).toBeLessThanOrEqual(1);
  // Its name says picture, its bytes do not: nothing is drawn, nothing runs.
  const card = ana.page.locator(".file").first();
  await still(card);
  await card.getByText("What it holds is no picture that can be shown here.").waitFor();
  await card.getByRole("button", { name: /^Open/ }).click();
  const shown = ana.page.locator("dialog.viewer");
  await shown.getByText("What it holds is no picture that can be shown here.").waitFor();
  expect(await shown.locator("img").count()).toBe(0);
  await expectHarmless(ana);
  expect(eve.isRunning).toBe(true);
});

pageTest("what passes by is text in the server's window, too", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await olga.enter("olga");
  await olga.button("Server window").click();
  await olga.page.getByRole("region", { name: "Live log" }).waitFor();
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "eve" };
  const eve = await sandbox.home("eve").with(env).join([]);
  for (const [i, text] of ALL.entries()) {
    eve.type(`hostile ${i} ${text}`.replaceAll(/[\n\r]/g, " "));
    await olga.page
      .locator(".log-line")
      .filter({ hasText: `hostile ${i} ` })
      .waitFor();
  }
  await expectHarmless(olga);
  expect(await widerBy(olga)).toBe(0);
});

pageTest("these tests would notice", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = await browser.visit(pageAddress(served));
  await ana.field("Name").waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.page.evaluate(`{
    document.querySelector("main").append(document.createElement("input"));
    alert("ran");
    fetch("https://elsewhere.example/").catch(() => undefined);
    new Image().src = "https://elsewhere.example/a.png";
  }`);
  expect((await ana.barriers()).join()).toContain("label");
  await until("the policy has spoken", () => ana.wrongs.length >= 3);
  expect(ana.wrongs.join("\n")).toMatch(/a dialog: ran/);
  expect(ana.wrongs.join("\n")).toMatch(/connect-src/);
  expect((await rejection(ana[Symbol.asyncDispose]())).message).toContain("the page did wrong");
});
