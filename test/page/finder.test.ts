import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { Relay } from "../e2e/relay.ts";
import { pageTest } from "./browser.ts";
import type { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const PHONE = { width: 390, height: 844, isPhone: true };

async function picture({ page }: Visit, name: string): Promise<void> {
  const folder = process.env["FINDER_PICTURES"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

function finder({ page }: Visit): Locator {
  return page.getByRole("dialog", { name: "Find anything" });
}

function field(visit: Visit): Locator {
  return finder(visit).getByRole("combobox", { name: "Find anything" });
}

function group(visit: Visit, name: string): Locator {
  return finder(visit).getByRole("rowgroup", { name });
}

function row(visit: Visit, name: string, text: string | RegExp): Locator {
  return group(visit, name).locator(".finder-row").filter({ hasText: text });
}

async function open(visit: Visit, text = ""): Promise<void> {
  await visit.page.keyboard.press("Control+k");
  await field(visit).waitFor();
  if (text !== "") await field(visit).fill(text);
}

async function close(visit: Visit): Promise<void> {
  while ((await finder(visit).count()) > 0) {
    await visit.page.keyboard.press("Escape");
    await visit.page.waitForTimeout(100);
  }
}

let made: Promise<HeadlessUser> | undefined;

function budis(): Promise<HeadlessUser> {
  made ??= server.headlessUser("budi");
  return made;
}

/** Ana, Budi and a room with messages, a file and a topic. */
async function filled(): Promise<Visit> {
  const ana = await server.window("ana");
  if (await ana.room("volcano").isVisible()) return ana;
  const budi = await budis();
  await budi.tab.ask("join", { room: "volcano-budget", create: true });
  await ana.createRoom("volcano");
  await budi.tab.ask("join", { room: "volcano" });
  await budi.post("the volcano needs a second coat of red, I have two tins", "volcano");
  await budi.postMany(17, (n) => `paint ${n + 1} for the volcano`, "volcano");
  const folder = server.sandbox.path("files");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "budget-volcano.txt"), "tins\n");
  await ana.sendFiles(join(folder, "budget-volcano.txt"));
  await ana.waitUntilSent();
  return ana;
}

pageTest("finds people, rooms, messages, files, actions, settings and help", async () => {
  const ana = await filled();
  await open(ana);
  await finder(ana).getByRole("heading", { name: "Here now" }).waitFor();
  await picture(ana, "laptop-before");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await field(ana).fill("bud vol");
  await row(ana, "Rooms", "volcano-budget").getByRole("button", { name: "Join" }).waitFor();
  await row(ana, "Files", "budget-volcano.txt").waitFor();
  await picture(ana, "laptop-results");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await field(ana).fill("mute");
  await row(ana, "Actions", "Mute volcano")
    .getByText("Until I turn it on")
    .or(finder(ana).getByRole("button", { name: "Until I turn it on" }))
    .first()
    .waitFor();
  await picture(ana, "laptop-actions");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await field(ana).fill("appearance");
  await row(ana, "Settings", "Appearance").first().waitFor();
  await field(ana).fill("raise my hand");
  await row(ana, "Help", "How do I raise my hand?").waitFor();
  await close(ana);
});

pageTest("chooses by the keys, narrows by Tab, and closes in steps", async () => {
  const ana = await filled();
  const { keyboard } = ana.page;
  await open(ana, "mute");
  const at = finder(ana).locator(".finder-row.is-at");
  await at.getByText("Mute volcano").waitFor();
  await keyboard.press("ArrowDown");
  await at.getByText("Mute lobby").waitFor();
  expect(await field(ana).getAttribute("aria-activedescendant")).toBe(await at.getAttribute("id"));
  await keyboard.press("End");
  await at.getByText(/^How do I|^Why/).waitFor();
  await keyboard.press("Home");
  await at.getByText("Mute volcano").waitFor();
  await keyboard.press("ArrowRight");
  const chosen = finder(ana).locator(".finder-more [aria-pressed=true]");
  await chosen.getByText(/^Until tomorrow/).waitFor();
  await keyboard.press("Tab");
  await finder(ana)
    .getByRole("button", { name: /^Actions/, pressed: true })
    .waitFor();
  await group(ana, "Help").waitFor({ state: "detached" });
  await keyboard.press("Shift+Tab");
  await group(ana, "Help").waitFor();
  await keyboard.press("Tab");
  await keyboard.press("Escape");
  await finder(ana).getByRole("button", { name: "All", pressed: true }).waitFor();
  expect(await field(ana).inputValue()).toBe("mute");
  await keyboard.press("Escape");
  expect(await field(ana).inputValue()).toBe("");
  await keyboard.press("Escape");
  await finder(ana).waitFor({ state: "detached" });
  await ana.page.locator(".composer textarea:focus").waitFor();
  for (const [sign, name] of [
    ["@", "People"],
    ["#", "Rooms"],
    ["/", "Actions"],
    ["?", "Help"],
  ] as const) {
    await open(ana, sign);
    await finder(ana)
      .getByRole("button", { name: new RegExp(`^${name}`), pressed: true })
      .waitFor();
    await keyboard.press("Control+k");
    await finder(ana).waitFor({ state: "detached" });
  }
});

pageTest("does an action with its choice, and undoes it", async () => {
  const ana = await filled();
  await open(ana, "mute vol");
  await finder(ana).getByRole("button", { name: "Until I turn it on" }).click();
  await finder(ana).waitFor({ state: "detached" });
  const undo = ana.page.getByRole("region", { name: "volcano is muted" });
  await ana.room("volcano").getByText("muted", { exact: true }).waitFor({ state: "attached" });
  await picture(ana, "laptop-undo");
  await undo.getByRole("button", { name: "Undo" }).click();
  await ana.room("volcano").getByText("muted", { exact: true }).waitFor({ state: "detached" });
  await undo.waitFor({ state: "detached" });
  await open(ana, "typing indicators");
  const typing = row(ana, "Settings", "Typing indicators").getByRole("switch");
  expect(await typing.getAttribute("aria-checked")).toBe("true");
  await ana.page.keyboard.press("Enter");
  await finder(ana).locator("[role=switch][aria-checked=false]").waitFor();
  await ana.page.keyboard.press("Enter");
  await finder(ana).locator("[role=switch][aria-checked=true]").waitFor();
  await field(ana).fill("quiet");
  await row(ana, "Help", "How do I make a room quiet?").click();
  const help = ana.page.getByRole("main", { name: "Help" });
  await help.getByRole("heading", { name: "How do I make a room quiet?" }).waitFor();
  await finder(ana).waitFor({ state: "detached" });
  await help.getByRole("button", { name: "Close", exact: true }).click();
});

pageTest("marks everything as read, and undoes it, also in front of another place", async () => {
  const ana = await filled();
  const budi = await budis();
  await ana.room("lobby").click();
  await ana.heading("#lobby").waitFor();
  await budi.post("the last tin is empty", "volcano");
  const unread = ana.room("volcano").getByText("1 unread");
  await unread.waitFor({ state: "attached" });
  const undo = ana.page.getByRole("region", { name: "1 message read" });
  for (const isCovered of [false, true]) {
    if (isCovered) await ana.button("Activity").click();
    await open(ana, "mark all as read");
    await finder(ana).locator(".finder-row.is-at").getByText("Mark all as read").waitFor();
    await ana.page.keyboard.press("Enter");
    await unread.waitFor({ state: "detached" });
    if (isCovered) await picture(ana, "laptop-undo-activity");
    await undo.getByRole("button", { name: "Undo" }).click();
    await unread.waitFor({ state: "attached" });
    await undo.waitFor({ state: "detached" });
  }
  await ana.room("volcano").click();
  await ana.heading("#volcano").waitFor();
});

pageTest("previews a message, a file and an answer, and opens cards and settings", async () => {
  const ana = await filled();
  const { keyboard } = ana.page;
  const preview = finder(ana).locator(".finder-more");
  await open(ana, "second coat");
  await finder(ana).locator(".finder-row.is-at[data-kind=messages]").waitFor();
  await keyboard.press("Control+Enter");
  await preview.getByText("the volcano needs a second coat of red, I have two tins").waitFor();
  await preview.getByText("paint 1 for the volcano").waitFor();
  await picture(ana, "laptop-preview");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await keyboard.press("Control+Enter");
  await preview.waitFor({ state: "detached" });
  await field(ana).fill("budget-volcano.txt");
  await finder(ana).locator(".finder-row.is-at[data-kind=files]").waitFor();
  await keyboard.press("Control+Enter");
  await preview.locator("pre").getByText("tins").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await field(ana).fill("raise my hand");
  await finder(ana).locator(".finder-row.is-at[data-kind=help]").waitFor();
  await keyboard.press("Control+Enter");
  await preview.getByText("Touch Raise hand in the strip").waitFor();
  await field(ana).fill("@budi");
  await finder(ana).locator(".finder-row.is-at[data-kind=people]").waitFor();
  await keyboard.press("Control+Enter");
  await ana.dialog("budi").waitFor();
  await keyboard.press("Escape");
  await open(ana, "#volcano");
  await finder(ana).locator(".finder-row.is-at[data-kind=rooms]").waitFor();
  await keyboard.press("Control+Enter");
  await ana.dialog("Room details").waitFor();
  await keyboard.press("Escape");
});

pageTest("loads further pages of the server's results while the user scrolls", async () => {
  const ana = await filled();
  const budi = await budis();
  await budi.tab.ask("join", { room: "long", create: true });
  await open(ana, "#long");
  await row(ana, "Rooms", "long").getByRole("button", { name: "Join" }).click();
  await ana.heading("#long").waitFor();
  await budi.postMany(260, (n) => `brick ${n + 1}`, "long");
  await ana.page.reload();
  await ana.heading("#long").waitFor();
  await open(ana, "brick");
  await group(ana, "Messages")
    .getByRole("button", { name: /^All \d+\+: Messages$/ })
    .click();
  const rows = finder(ana).locator(".finder-row");
  const list = finder(ana).locator(".finder-list");
  for (let known = 0; known < 260; ) {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await rows.nth(known).waitFor({ state: "attached" });
    known = Math.max(known + 1, await rows.count());
  }
  await rows.filter({ hasText: /brick 1(?!\d)/ }).waitFor();
  expect(await rows.count()).toBe(260);
  await close(ana);
});

pageTest("walks through the results, and returns to them as they were", async () => {
  const ana = await filled();
  const { page } = ana;
  await open(ana, "paint volcano");
  await group(ana, "Messages").getByRole("button", { name: "All 17: Messages" }).click();
  await group(ana, "Messages").locator(".finder-row").nth(16).waitFor();
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
  await picture(ana, "laptop-messages");
  await page.keyboard.press("Enter");
  const walk = page.getByRole("navigation", { name: "Walk through the results of paint volcano" });
  await walk.getByText("3 of 17", { exact: true }).waitFor();
  await page.locator(".message.is-shown", { hasText: "paint 15" }).waitFor();
  await picture(ana, "laptop-found");
  expect(await page.evaluate<number>("CSS.highlights.get('found').size")).toBeGreaterThan(2);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await walk.getByRole("button", { name: "Earlier result" }).click();
  await walk.getByText("4 of 17", { exact: true }).waitFor();
  await page.keyboard.press("Shift+F3");
  await page.keyboard.press("Shift+F3");
  await walk.getByText("2 of 17", { exact: true }).waitFor();
  await page.locator(".message.is-shown", { hasText: "paint 16" }).waitFor();
  await walk.getByRole("button", { name: "Results" }).click();
  expect(await field(ana).inputValue()).toBe("paint volcano");
  await finder(ana)
    .getByRole("button", { name: /^Messages/, pressed: true })
    .waitFor();
  await finder(ana).locator(".finder-row.is-at").getByText("paint 15").waitFor();
  await page.keyboard.press("Enter");
  await walk.getByText("3 of 17", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await walk.waitFor({ state: "detached" });
});

pageTest("offers what would find something", async () => {
  const ana = await filled();
  await open(ana, "budki volcano");
  const head = finder(ana).getByRole("heading", { name: "Nothing has all two words" });
  await head.waitFor();
  await picture(ana, "laptop-none");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await finder(ana).getByText("Without “budki”").waitFor();
  await finder(ana).getByText("Did you mean budi?").click();
  expect(await field(ana).inputValue()).toBe("budi volcano");
  await head.waitFor({ state: "detached" });
  await field(ana).fill("quetzalcoatl sandwich");
  await finder(ana).getByText("Ask in volcano").click();
  await finder(ana).waitFor({ state: "detached" });
  expect(await ana.composer.inputValue()).toBe("quetzalcoatl sandwich");
  await ana.composer.fill("");
});

pageTest("adds what the server finds below, without moving a row", async () => {
  const ana = await filled();
  const budi = await budis();
  await budi.tab.ask("join", { room: "late", create: true });
  await budi.postMany(200, (n) => `filler ${n}`, "late");
  await open(ana, "#late");
  await row(ana, "Rooms", "late").getByRole("button", { name: "Join" }).click();
  await ana.heading("#late").waitFor();
  await open(ana, "filler 1");
  const tops = () =>
    ana.page.evaluate<string>(
      `JSON.stringify([...document.querySelectorAll(".finder-row")].slice(0, 3).map((row) =>
        [row.textContent, row.getBoundingClientRect().top]))`,
    );
  const before = await tops();
  await group(ana, "Messages")
    .getByRole("button", { name: /^All 1\d\d/ })
    .waitFor();
  expect(await tops()).toBe(before);
  await close(ana);
});

pageTest("finds without a connection what this computer knows", async () => {
  await filled();
  await using relay = await Relay.open(server.served.port);
  await using dodi = await server.logIn("dodi", { via: relay });
  await dodi.send("/join volcano");
  await dodi.heading("volcano").waitFor();
  await open(dodi);
  await close(dodi);
  relay.cut();
  await open(dodi, "coat of red");
  await finder(dodi).getByText("Searched on this computer only").waitFor();
  await row(dodi, "Messages", "second coat of red").waitFor();
  await finder(dodi).getByRole("heading", { name: "Here now" }).waitFor({ state: "detached" });
  await picture(dodi, "laptop-offline");
  await close(dodi);
});

pageTest("is the whole screen of a phone", async () => {
  await filled();
  const cita = await server.window("cita", PHONE);
  await cita.send("/join volcano");
  await cita.heading("volcano").waitFor();
  await cita.button("Search").click();
  await field(cita).waitFor();
  await finder(cita)
    .getByRole("button", { name: /^In volcano/ })
    .waitFor();
  await picture(cita, "phone-room");
  await finder(cita).getByRole("button", { name: "Back" }).click();
  await finder(cita).waitFor({ state: "detached" });
  await cita.button(/^Open the list of rooms/).click();
  await cita.button("Find anything").click();
  await cita.page.locator(".finder input:focus").waitFor();
  await finder(cita).getByRole("heading", { name: "Here now" }).waitFor();
  await picture(cita, "phone-before");
  expect(await cita.accessibilityViolations()).toEqual([]);
  await field(cita).fill("mute volcano");
  await finder(cita).getByRole("button", { name: "For an hour" }).tap();
  // In front of the list of rooms, from which the field was opened.
  const undo = cita.page.getByRole("region", { name: "volcano is muted" });
  await picture(cita, "phone-undo");
  await undo.getByRole("button", { name: "Undo" }).tap();
  await undo.waitFor({ state: "detached" });
  await cita.button("Find anything").click();
  await field(cita).fill("bud vol");
  await row(cita, "Rooms", "volcano-budget").waitFor();
  await picture(cita, "phone-results");
  expect(await cita.accessibilityViolations()).toEqual([]);
  expect(await cita.overflow()).toBe(0);
  await field(cita).fill("budki volcano");
  await finder(cita).getByText("Without “budki”").waitFor();
  await picture(cita, "phone-none");
  await field(cita).fill("second coat");
  await row(cita, "Messages", "second coat").tap();
  await cita.page
    .getByRole("navigation", { name: /^Walk/ })
    .getByText("1 of 1", { exact: true })
    .waitFor();
  await picture(cita, "phone-found");
  expect(await cita.accessibilityViolations()).toEqual([]);
  await cita.page.goBack();
  await cita.page.getByRole("navigation", { name: /^Walk/ }).waitFor({ state: "detached" });
});
