import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { cleanText } from "../../src/base/text.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { scrollIntoView } from "./scroll-into-view.ts";
import type { Visit } from "./visit.ts";

/** Texts that attack other users' windows. Each would call `alert` if it could. */

const MARKUP = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "<svg onload=alert(3)><animate onbegin=alert(3) attributeName=x dur=1s>",
  `"><body onpageshow=alert(4)>`,
  `' onfocus='alert(5)' autofocus='`,
  "<iframe srcdoc='<script>parent.alert(6)</script>'></iframe>",
  "<a href=javascript:alert(7)>click</a>",
  "<noscript><p title='</noscript><img src=x onerror=alert(9)>'>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(11)'>",
  "<base href=//evil.example/>",
  "<form action=//evil.example><input name=q autofocus onfocus=alert(12)>",
  "$" + "{alert(14)}",
  "]]><script>alert(16)</script>",
  "<template><script>alert(18)</script></template>",
];
const LINKS = [
  "javascript:alert(20)",
  "JaVaScRiPt:alert(21)",
  "data:text/html,<script>alert(22)</script>",
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
const server = new PageServer({ args: ["--welcome", MARKUP.slice(0, 3).join(" ")] });
const NARROW = { width: 390, height: 844 };
const ALL = [...MARKUP, ...LINKS, ...STRANGE];
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u;

async function expectHarmless(visit: Visit): Promise<void> {
  const found = await visit.page.evaluate<string[]>(`[...document.querySelectorAll(
    "script:not([src^='/assets/']), iframe, object, embed, base, meta[http-equiv], " +
    "form[action], link"
  )].filter((element) => {
    // Shared modules are preloaded by their full address.
    const { href } = element;
    const files = ["/assets/", "/manifest.webmanifest"].map((path) => location.origin + path);
    const own = [...files, "data:image/png;base64,"]; // Icon with the unread count.
    return element.tagName !== "LINK" || !own.some((one) => href.startsWith(one));
  }).map((element) => element.outerHTML.slice(0, 200))`);
  const handlers = await visit.page.evaluate<string[]>(`[...document.querySelectorAll("*")]
    .flatMap((element) => [...element.attributes])
    .filter(({ name }) => name !== "title") // A tooltip is text.
    .filter(({ name, value }) => /^on/.test(name) || /^\\s*(?:javascript|vbscript):/i.test(value))
    .map(({ name, value }) => name + "=" + value)`);
  const hrefs = await visit.page.evaluate<string[]>(
    `[...document.querySelectorAll("article a")].map(({ protocol }) => protocol)`,
  );
  expect([found, handlers, hrefs.filter((one) => !/^https?:$/.test(one))]).toEqual([[], [], []]);
  expect(
    await visit.page.evaluate<boolean>(`/${CONTROLS.source}/u.test(document.body.innerText)`),
  ).toBe(false);
  expect(visit.violations).toEqual([]);
}

pageTest("shows hostile messages, topics and search results as text", async () => {
  await using ana = await server.visit(NARROW);
  await ana.page.getByText(MARKUP[0] ?? "").waitFor();
  await expectHarmless(ana);
  await ana.logIn("ana");
  const olga = await server.operator();
  await olga.button("Server administration").click();
  await olga.page.getByRole("tab", { name: "Log" }).click();
  await olga.page.getByRole("region", { name: "Live log" }).waitFor();
  const eve = await server.home("eve").join([]);
  for (const [i, text] of ALL.entries()) {
    eve.type(`hostile ${i} ${text}`.replaceAll(/[\0\n\r]/g, " "));
    await ana.waitForMessage(STRANGE.includes(text) ? `hostile ${i} ` : `hostile ${i} ${text}`);
    await olga.page
      .locator(".log-line")
      .filter({ hasText: `hostile ${i} ` })
      .waitFor();
    if (i % 4 === 3) for (const visit of [ana, olga]) await expectHarmless(visit);
  }
  for (const visit of [ana, olga]) {
    await expectHarmless(visit);
    expect(await visit.overflow()).toBe(0);
  }
  for (const text of [...MARKUP.slice(0, 4), ...STRANGE.slice(0, 4)]) {
    eve.type(`/topic ${text.replaceAll("\u0000", "")}`);
  }
  eve.type(`/topic last ${MARKUP[1]}`);
  await ana.page.locator(".room-title .topic").click();
  await ana.dialog("Room details").getByText(`last ${MARKUP[1]}`).waitFor();
  await expectHarmless(ana);
  await ana.page.keyboard.press("Escape");
  await ana.search("hostile");
  await ana.results.getByText(MARKUP[5] ?? "").waitFor();
  await expectHarmless(ana);
  expect(await ana.overflow()).toBe(0);
});

pageTest("shows hostile names of files as text, and saves under harmless ones", async () => {
  const { sandbox } = server;
  await using ana = await server.logIn("ben", NARROW);
  const home = server.home("eva");
  const eva = await home.join([]);
  const names = [
    "<img src=x onerror=alert(1)>.png",
    "\u202egnp.exe",
    `"><script>alert(2)<.html`,
    "javascript:alert(3)",
    ".bashrc",
    `${"n".repeat(240)}.svg`,
  ];
  mkdirSync(sandbox.path("bad"));
  for (const [i, name] of names.entries()) {
    const path = sandbox.path("bad", name);
    writeFileSync(path, `<script>alert(${i})</script>`);
    const said = [...STRANGE, ...LINKS][i] ?? "";
    const caption = `words ${i} ${MARKUP[i]} ${said.replaceAll("\u0000", "").slice(0, 1_000)}`;
    await home.json(["send-file", path, "--to", "lobby", "--caption", caption]);
    await ana.page.locator(".file, .picture-cell").nth(i).waitFor();
    await ana.waitForMessage(`words ${i} ${MARKUP[i]}`);
  }
  const [first] = await home.json(["files"]);
  eva.type(`/caption ${String(first?.["id"])} changed ${MARKUP[8]} ${STRANGE[0]}`);
  await ana.waitForMessage(`changed ${MARKUP[8]}`);
  // Start at the newest file, because only rows near the visible range are mounted.
  for (const name of names.toReversed()) {
    const card = ana.file(cleanText(name));
    await scrollIntoView(card);
    const isScript = /\.(html|svg)$/.test(name);
    if (isScript) expect(await card.getByRole("button", { name: /^Open/ }).count()).toBe(0);
    const download = ana.page.waitForEvent("download");
    await ana.saveByBrowser(cleanText(name));
    const saved = (await download).suggestedFilename();
    expect([name, saved, CONTROLS.test(saved)]).toEqual([name, saved, false]);
    expect(saved).not.toMatch(/[<>:"/\\|?*]/);
  }
  expect(await ana.page.locator(".tools").count()).toBeLessThanOrEqual(1);
  // The file is named like an image but is not one, so nothing is drawn or runs.
  const card = ana.file(names[0] ?? "");
  await scrollIntoView(card);
  await card.getByText("This image can't be displayed.").waitFor();
  await card.getByRole("button", { name: /^Open/ }).click();
  const shown = ana.page.locator("dialog.viewer");
  await shown.getByText("This image can't be displayed.").waitFor();
  expect(await shown.locator("img").count()).toBe(0);
  await expectHarmless(ana);
  expect(eva.isRunning).toBe(true);
});
