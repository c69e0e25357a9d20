import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Locator } from "playwright-core";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({ args: ["--public", "school.example:4433"] });
const MESSAGES = 700;

function hashOf({ page }: Visit): string {
  return new URL(page.url()).hash;
}

async function expectRoute(visit: Visit, hash: string, heading: string): Promise<void> {
  await visit.page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  await until(`the address ends in ${hash}`, async () => hashOf(visit) === hash);
}

async function shownText({ page }: Visit): Promise<string> {
  const shown = page.locator("article.is-shown .words");
  await shown.waitFor();
  await until("it is in sight", () =>
    page.evaluate<boolean>(`(() => {
      const { top, bottom } = document.querySelector("article.is-shown").getBoundingClientRect();
      const list = document.querySelector(".timeline .list").getBoundingClientRect();
      return top >= list.top && bottom <= list.bottom;
    })()`),
  );
  return (await shown.textContent()) ?? "";
}

pageTest("switches rooms by Back and Forward, and keeps the room across a reload", async () => {
  const ben = await server.headlessUser("ben");
  await using ana = await server.logIn("ana", { password: "correct horse" });
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.createRoom("garden");
  await expectRoute(ana, "#/garden", "#garden");
  await ben.post("hello", "@ana");
  await ana.room("@ben").click();
  await expectRoute(ana, "#/@ben", "@ben");
  await ana.page.goBack();
  await expectRoute(ana, "#/garden", "#garden");
  await ana.page.goBack();
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.page.goForward();
  await expectRoute(ana, "#/garden", "#garden");
  // The page may still be showing the first room when the second is chosen.
  await ana.page.evaluate(`(async () => {
    for (let i = 0; i < 40; i++) {
      const moved = new Promise((resolve) => addEventListener("popstate", resolve, { once: true }));
      if (i % 2 === 0) history.back();
      else history.forward();
      await moved;
    }
  })()`);
  await expectRoute(ana, "#/garden", "#garden");
  await ana.page.goForward();
  await expectRoute(ana, "#/@ben", "@ben");
  await ana.page.goBack();
  await expectRoute(ana, "#/garden", "#garden");
  await ana.reload();
  await expectRoute(ana, "#/garden", "#garden");
  await ana.page.locator(".skip").focus();
  await ana.page.keyboard.press("Enter");
  expect(hashOf(ana)).toBe("#/garden");
  expect(await ana.page.evaluate<string>("document.activeElement.id")).toBe("messages");
  await ana.send("/leave");
  await until("it is left", async () => (await ana.room("garden").count()) === 0);
  await ana.room("lobby").click();
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.page.evaluate(`location.hash = "#/garden"`);
  const question = ana.dialog("Join #garden");
  await question.waitFor();
  await expectRoute(ana, "#/lobby", "#lobby");
  await question.getByRole("button", { name: "Cancel" }).click();
  await ana.logOut();
  expect(hashOf(ana)).toBe("");
});

pageTest("opens a linked message, also after log-in", async () => {
  const cid = await server.headlessUser("cid");
  await cid.postMany(MESSAGES, (n) => `message ${n}.`);
  const ana = await server.window("dora");
  const { origin } = new URL(ana.page.url());
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await ana.send("/search 39");
  await ana.results.getByText("message 39.", { exact: true }).click();
  expect(await shownText(ana)).toBe("message 39.");
  const link = hashOf(ana);
  expect(link).toMatch(/^#\/lobby\/\d+$/);
  await ana.page.goBack();
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.waitForMessage(`message ${MESSAGES - 1}.`);
  await ana.page.goForward();
  expect(await shownText(ana)).toBe("message 39.");
  // The place outlasts a reload.
  await ana.reload();
  await ana.waitForMessage("message 39.");
  await ana.chooseFromMenu("message 39.", "Copy link");
  const copied = await ana.page.evaluate<string>("navigator.clipboard.readText()");
  // The page's own address is a loopback address.
  expect(copied).toMatch(/^https:\/\/school\.example:4433\/#\/lobby\/\d+\/[\w-]{10}$/);
  expect(copied).toContain(`/${link}/`);
  await ana.send(`see ${copied} there`);
  await ana.waitUntilSent();
  await ana
    .message(/^dora.*see /s)
    .getByRole("link", { name: "message in #lobby" })
    .click();
  expect(await shownText(ana)).toBe("message 39.");
  expect(ana.context.pages()).toHaveLength(1);
  await ana.send(`elsewhere ${origin}/${link}/AAAAAAAAAA`);
  const foreignLink = ana.message(/elsewhere/).getByRole("link");
  expect(await foreignLink.getAttribute("target")).toBe("_blank");
  await ana.page.evaluate(`location.hash = "${link}/AAAAAAAAAA"`);
  await ana.page.getByText("This link belongs to another server.").waitFor();
  await using cleo = await server.visit();
  await cleo.field("Name").waitFor();
  await cleo.page.evaluate(`location.hash = "${link}"`);
  await cleo.submitLogin("cleo");
  await cleo.confirmNewAccount();
  expect(await shownText(cleo)).toBe("message 39.");
});

pageTest("removes a secret from the address, also in an open page", async () => {
  const operator = String(server.served.listening["operatorLink"]);
  await using ana = await server.visit();
  expect(hashOf(ana)).toBe("");
  await ana.logIn("emil");
  await expectRoute(ana, "#/lobby", "#lobby");
  expect(await ana.button("Server administration").count()).toBe(0);
  await ana.createRoom("annex");
  await expectRoute(ana, "#/annex", "#annex");
  await ana.page.evaluate(`location.hash = ${JSON.stringify(new URL(operator).hash)}`);
  await ana.button("Make emil operator").click();
  await ana.button("Server administration").waitFor();
  await expectRoute(ana, "#/annex", "#annex");
  const entries = await ana.page.evaluate<number>("history.length");
  for (let i = 0; i < entries; i++) {
    expect(hashOf(ana)).not.toContain("operator");
    const [gone] = await Promise.all([ana.page.goBack(), undefined]);
    if (gone === null && hashOf(ana) === "") break;
  }
});

pageTest("closes one layer with each Back or Escape, and nothing else", async () => {
  await using fay = await server.logIn("fay", { width: 390, height: 844, isPhone: true });
  await fay.createRoom("attic");
  await expectRoute(fay, "#/attic", "#attic");
  const picture = server.sandbox.path("one.png");
  writeFileSync(picture, photo(64, 48));
  await fay.sendFiles(picture);
  // A phone sends the smaller copy.
  await fay.file("one.webp").getByRole("img", { name: "Image one.webp" }).waitFor();
  const { page } = fay;
  const panel = (name: string) => page.getByRole("complementary", { name });
  // The page adds a layer's entry to the history after it has drawn the layer.
  const depthIs = (depth: number) =>
    until("the history has the layer", () => page.evaluate<boolean>(`history.state === ${depth}`));
  const open = async (name: string | RegExp, layer: Locator, depth = 2) => {
    await fay.button(name).first().click();
    await layer.waitFor();
    await depthIs(depth);
  };
  const goBack = async (layer: Locator) => {
    await page.goBack();
    await layer.waitFor({ state: "hidden" });
    expect(hashOf(fay)).toBe("#/attic");
  };
  const [home, settings] = [panel("Rooms"), fay.dialog("Account and settings")];
  const goHome = async () => {
    await fay
      .button(/^Open the list of rooms/)
      .first()
      .click();
    await home.waitFor();
    await depthIs(0);
  };
  await depthIs(1);
  await goHome();
  await fay.openSettings();
  await settings.waitFor();
  await depthIs(1);
  await goBack(settings);
  expect(await home.isVisible()).toBe(true);
  await fay.button("Chats").click();
  await fay.leaveHome();
  await depthIs(1);
  await page.goBack();
  await home.waitFor();
  await fay.leaveHome();
  const layers = {
    "Show people": panel("People"),
    "Actions for attic": page.getByRole("menu"),
    "Enlarge one.webp": fay.dialog("one.webp"),
  };
  for (const [name, layer] of Object.entries(layers)) {
    await open(name, layer);
    await goBack(layer);
  }
  // The first step back ends the filter of the finder, the second one closes it.
  await open("Search", fay.finder, 3);
  await page.goBack();
  await fay.button("In attic, remove the filter").waitFor({ state: "detached" });
  await goBack(fay.finder);
  const focused = () =>
    page.evaluate<string>("document.activeElement.ariaLabel ?? document.activeElement.className");
  const pressEscape = async (layer: Locator, focus: RegExp) => {
    await page.keyboard.press("Escape");
    await layer.waitFor({ state: "hidden" });
    expect([hashOf(fay), await focused()]).toEqual(["#/attic", expect.stringMatching(focus)]);
  };
  for (const [name, layer] of Object.entries(layers)) {
    await open(name, layer);
    await pressEscape(layer, new RegExp(name));
    await depthIs(1);
  }
  await open("Search", fay.finder, 3);
  await page.keyboard.press("Escape");
  await depthIs(2);
  await pressEscape(fay.finder, /Search/);
  await depthIs(1);
  await goHome();
  expect(await focused()).toMatch(/room-line/);
  await fay.openSettings();
  await fay.button("IRC passwords").click();
  const opacities = `[...document.querySelectorAll("dialog")].map(
    (dialog) => getComputedStyle(dialog).opacity)`;
  expect(await page.evaluate<string[]>(opacities)).toEqual(["0", "1"]);
  await pressEscape(fay.dialog("IRC passwords"), /^button/);
  await pressEscape(settings, /me-button/);
  await page.keyboard.press("Escape");
  expect(await home.isVisible()).toBe(true);
  await fay.button("Chats").click();
  await fay.room("lobby").click();
  await expectRoute(fay, "#/lobby", "#lobby");
  await home.waitFor({ state: "hidden" });
  await open("Search", fay.finder, 3);
  await fay.button("Back").click();
  await fay.finder.waitFor({ state: "hidden" });
  await depthIs(1);
  // Back leads to the list from each room, and not to the room before.
  await page.goBack();
  await home.waitFor();
  await depthIs(0);
});

const HOSTILE = [
  "#/nobody-is-here/999999",
  "#/<img src=x onerror=alert(1)>",
  "#/@__proto__/5",
  "#/%00%ff",
  "#messages",
];

pageTest("ignores invalid and hostile addresses", async () => {
  const ana = await server.window("dora");
  await ana.send("still here");
  await ana.waitForMessage("still here");
  const { origin } = new URL(ana.page.url());
  const head = ana.page.locator(".room-head h1");
  for (const hash of HOSTILE) {
    await ana.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await head.waitFor();
    await ana.page.keyboard.press("Escape");
  }
  await ana.page.goto("about:blank");
  await ana.page.goto(`${origin}/#/<img src=x onerror=alert(1)>`);
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.page.goto("about:blank");
  await ana.page.goto(`${origin}/#/lobby/9007199254740991`);
  await ana.page.getByText("Message not found.").waitFor();
  await expectRoute(ana, "#/lobby", "#lobby");
  await ana.waitForMessage("still here");
  await ana.send("and here");
  await ana.waitForMessage("and here");
});
