import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { DARK_PHONE, expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const TABS = [
  "log",
  "server",
  "accounts",
  "rooms",
  "files",
  "clients",
  "transfers",
  "bans",
  "invites",
];

type Screen = readonly [name: string, open: (visit: Visit) => Promise<unknown>];

const press = (key: string) => (visit: Visit) => visit.page.keyboard.press(key);
const click = (selector: string) => (visit: Visit) => visit.page.locator(selector).click();

/** On a phone, what is the user's own is behind the third tab. */
function own(selector: string, onPhone = selector) {
  return async ({ page }: Visit) => {
    const tab = page.locator(".place-tab").nth(2);
    const isPhone = (await tab.count()) > 0;
    if (isPhone) await tab.click();
    await page.locator(isPhone ? onPhone : selector).click();
  };
}

async function saved({ page }: Visit): Promise<void> {
  await page.locator(".place-tab").nth(1).click();
  const button = page.locator(".activity-bar > button").nth(1);
  // On a wide window, they are beside Activity.
  if ((await button.count()) > 0) await button.click();
  else await page.locator(".side-right .panel-title").waitFor();
}

function fromNew(at: number) {
  return async ({ page }: Visit) => {
    await page.locator(".new-button").click();
    await page.locator(".menu-item").nth(at).click();
  };
}

async function invite(visit: Visit): Promise<void> {
  const isPhone = (await visit.page.locator(".place-tab").count()) > 2;
  await (isPhone ? own(".place-row >> nth=1") : fromNew(4))(visit);
}

const OVER: readonly Screen[] = [
  ["search", press("Control+Shift+F")],
  ["finding anything", press("Control+k")],
  ["the account", own(".me-button")],
  ["saved messages", saved],
  ["an invite", invite],
  ["the list of rooms", fromNew(0)],
  ["joining a room", fromNew(1)],
  ["the menu of the room", click(".room-head [aria-haspopup=menu]")],
  ["a picture, large", click("button.picture")],
];

async function fillRoom(visit: Visit): Promise<void> {
  const ben = await server.headlessUser("ben");
  await ben.post("hello, @olga: https://chat.example/ is near");
  await ben.post("between us", "@olga");
  await ben.tab.ask("topic", { room: "lobby", topic: "what a room may hold" });
  await visit.waitForMessage("is near");
  await visit.send("one's own words");
  await visit.waitForMessage("one's own words");
  const path = server.sandbox.path("photo.png");
  writeFileSync(path, photo(320, 200));
  await server.home("tom").json(["send-file", path, "--to", "lobby"]);
  await visit.page.locator("button.picture").waitFor();
}

async function openDrawer(visit: Visit): Promise<void> {
  const button = visit.page.locator(".room-head .only-narrow").first();
  const isOpen = (await visit.page.locator(".has-drawer").count()) > 0;
  if (!isOpen && (await button.isVisible())) await button.click();
}

async function closeAll({ page }: Visit): Promise<void> {
  const over = page.locator("dialog[open], .menu");
  await until("nothing stands over the room", async () => {
    if ((await over.count()) === 0) return true;
    await page.keyboard.press("Escape");
    return false;
  });
  const chats = page.locator(".place-tab").first();
  if (await chats.isVisible()) await chats.click();
  if ((await page.locator(".has-drawer").count()) === 0) return;
  await page.locator(".room-line[aria-current]").click();
}

async function checkScreens(olga: Visit, look: string): Promise<void> {
  await expectAccessible(olga, look, "a room");
  await olga.openMenu("is near");
  await expectAccessible(olga, look, "the menu of a message");
  // Save the message, so that the list of saved messages is not empty.
  const save = olga.page.getByRole("menuitem");
  await save.filter({ has: olga.page.locator('path[d^="M6 4h12"]') }).click();
  for (const [name, open] of OVER) {
    if (/account|saved|invite|rooms|joining/.test(name)) await openDrawer(olga);
    await open(olga);
    await olga.page.locator("dialog[open], .menu, .panel-title").first().waitFor();
    await expectAccessible(olga, look, name);
    await closeAll(olga);
  }
  await openDrawer(olga);
  await olga.room("lobby").click({ button: "right" });
  await expectAccessible(olga, look, "the menu of a room");
  await closeAll(olga);
  await openDrawer(olga);
  await expectAccessible(olga, look, "the rooms");
  for (const tab of await olga.page.locator(".place-tab").all()) {
    await tab.click();
    await expectAccessible(olga, look, "a place");
  }
  await olga.page.locator(".place-tab").first().click();
  await olga.page.locator(".side-head .icon-button").first().click();
  for (const tab of TABS) {
    await olga.page.locator(`#tab-${tab}`).click();
    await olga.page.locator(`#tab-${tab}[aria-selected=true]`).waitFor();
    await expectAccessible(olga, look, tab);
  }
}

pageTest(
  "has no accessibility problem on any screen in either theme or forced colours",
  async () => {
    const link = String(server.served.listening["operatorLink"]);
    const olga = await server.browser.visit(link);
    await olga.page.locator("#enter-name").waitFor();
    await expectAccessible(olga, "light", "the login form");
    await olga.page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(olga, "dark", "the login form");
    await olga.page.emulateMedia({ colorScheme: "light" });
    await olga.logIn("olga");
    await fillRoom(olga);
    await checkScreens(olga, "light");
    await olga.page.emulateMedia({ forcedColors: "active" });
    await olga.reload();
    await olga.waitForMessage("is near");
    await checkScreens(olga, "forced colours");
    await olga.page.emulateMedia({ forcedColors: "none" });
    const [look, { width = 0, height = 0 }] = DARK_PHONE;
    await olga.page.setViewportSize({ width, height });
    await olga.page.emulateMedia({ colorScheme: "dark" });
    await olga.page.evaluate(`localStorage.setItem("chat.settings", '{"language":"id"}')`);
    await olga.reload();
    await olga.waitForMessage("is near");
    await checkScreens(olga, look);
    await olga[Symbol.asyncDispose]();
  },
);

/** Each state, and the same element without it. */
const STATES = [
  [".room-line[aria-current]", ".room-line:not([aria-current])"],
  [".option.is-at", ".option:not(.is-at)"],
  [".room-head [aria-pressed=true]", ".room-head button:not([aria-pressed])"],
  [".composer-box:focus-within", ".composer-box:not(:focus-within)"],
  [".message.is-calling", ".message:not(.is-calling, .is-shown)"],
  [".message.is-shown", ".message:not(.is-calling, .is-shown)"],
] as const;

pageTest("shows each state by more than its colour in forced colours", async () => {
  const fred = await server.headlessUser("fred");
  await server.headlessUser("frida");
  await using ana = await server.logIn("fora");
  await ana.page.emulateMedia({ forcedColors: "active" });
  await ana.createRoom("second");
  await ana.room("lobby").click();
  await fred.post("an ordinary message");
  await fred.post("a message for @fora");
  await ana.waitForMessage("a message for");
  const shapes = new Map<string, string>();
  const note = async (selector: string) => {
    const shape = await ana.page.evaluate<string | null>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      if (element === null) return null;
      const style = getComputedStyle(element);
      return ["outlineStyle", "outlineWidth", "borderInlineStartWidth", "fontWeight"]
        .map((name) => style[name]).join();
    })()`);
    if (shape !== null) shapes.set(selector, shape);
  };
  const noteAll = async () => {
    for (const selector of STATES.flat()) await note(selector);
  };
  await ana.composer.blur();
  await noteAll();
  await ana.composer.pressSequentially("@fr");
  await ana.page.locator(".option").nth(1).waitFor();
  await ana.page.keyboard.press("ArrowDown");
  await ana.page.locator(".option.is-at").waitFor();
  await noteAll();
  await ana.composer.fill("");
  await ana.search("ordinary");
  await ana.results.first().click();
  await ana.page.locator(".message.is-shown").waitFor();
  await ana.composer.focus(); // The outline of a focused message is another one.
  await noteAll();
  for (const [state, without] of STATES) {
    expect([state, shapes.has(state), shapes.has(without)]).toEqual([state, true, true]);
    expect(`${state}: ${shapes.get(state)}`).not.toBe(`${state}: ${shapes.get(without)}`);
  }
});

pageTest("marks a password by a key, and encryption by a lock", async () => {
  await using ana = await server.logIn("cody");
  await (await server.headlessUser("keeper")).tab.ask("join", {
    room: "vault",
    create: true,
    password: "open sesame",
  });
  await ana.startNew("Browse rooms");
  const entry = ana.results.filter({ hasText: "vault" });
  await entry.locator('path[d^="M8 8a4"]').waitFor({ state: "attached" });
  expect(await entry.locator('path[d^="M6 11h12"]').count()).toBe(0);
});

pageTest("has no accessibility problem in faults and while offline", async () => {
  await using ana = await server.logIn("ana");
  await ana.send("/nothing of that kind");
  await ana.button("Send as text").waitFor();
  await expectAccessible(ana, "light", "an unknown command");
  await ana.send("/kick stranger");
  await ana.page.locator(".toast").first().waitFor();
  await expectAccessible(ana, "light", "a fault");
  await ana.composer.fill("");
  await server.served.program.signal("SIGKILL"); // Must be in the last test of this server.
  await ana.page.getByText(/^Can't reach the server/).waitFor();
  await ana.send("/me waits");
  await ana.send("waits as well");
  await expectAccessible(ana, "light", "offline");
});
