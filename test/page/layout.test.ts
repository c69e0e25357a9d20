import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { loadTexts } from "../../src/web/text/en.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** What stands where, and stays there. */

const browser = sharedBrowser();
const ROOMS = 40;
/** Conversations that were spoken in later, and read. */
const READ = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];
const ROUTER = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844, isPhone: true };

/** Words in buttons that stand on more than one line, though they fit on one. */
function brokenWords({ page }: Visit): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll("button, [role=tab], a.button")]
    .filter((button) => button.checkVisibility())
    .flatMap((button) => {
      const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
      const broken = [];
      for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
        for (const { index, 0: word } of text.data.matchAll(/\\S+/g)) {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
          if (new Set(tops).size > 1) broken.push(word + " of " + button.textContent);
        }
      }
      return broken;
    })`);
}

/** Somebody with a password who is in many rooms already. */
async function memberOfMany(served: Served, name: string): Promise<void> {
  const { tab } = await Talker.open(served, name);
  await tab.ask("passwd", { password: "correct horse" });
  for (let i = 0; i < ROOMS; i++) {
    await tab.ask("join", { room: `${name}-${String(i).padStart(2, "0")}`, create: true });
  }
  tab.close();
}

/** Whether people who look at the window see it: nothing lies over it, none of it is cut off. */
function isInSight({ page }: Visit, selector: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const node = document.querySelector('${selector}');
    const { left, right, top, bottom } = node.getBoundingClientRect();
    const at = (y) => node.contains(document.elementFromPoint((left + right) / 2, y));
    return at(top + 3) && at(bottom - 3);
  })()`);
}

pageTest("an unread conversation is in sight below forty rooms", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  const others = await Promise.all(READ.map((name) => Talker.open(served, name)));
  for (const [name, look] of [
    ["dora", ROUTER],
    ["pia", PHONE],
  ] as const) {
    await memberOfMany(served, name);
    await ben.says("not read", `@${name}`);
    for (const other of others) await other.says("later", `@${name}`);
    await using visit = await browser.visit(pageAddress(served), look);
    await visit.enter(name, { password: "correct horse" });
    const isPhone = look === PHONE;
    for (const other of READ) {
      if (isPhone) await visit.button(/^Open the list of rooms/).click();
      await visit.room(`@${other}`).click();
      await visit.sees("later");
      await visit.room(`@${other}`).locator(".count").waitFor({ state: "detached" });
    }
    if (isPhone) await visit.button(/^Open the list of rooms/).click();
    const line = visit.room("@ben");
    await line.getByText("1 unread").waitFor();
    expect([name, await isInSight(visit, '.room-line[data-target="@ben"]')]).toEqual([name, true]);
    await visit.keepPicture(`unread-person-${name}`);
    // It keeps its place while it is open, and read.
    await line.click();
    await visit.sees("not read");
    await line.locator(".count").waitFor({ state: "detached" });
    if (isPhone) await visit.button(/^Open the list of rooms/).click();
    expect([name, await isInSight(visit, '.room-line[data-target="@ben"]')]).toEqual([name, true]);
  }
});

function scrollTop({ page }: Visit): Promise<number> {
  return page.evaluate<number>(`document.querySelector(".timeline .list").scrollTop`);
}

pageTest("the wheel over the button to the newest scrolls what lies below it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  await ben.fills(80, (n) => `message ${n}.`);
  await using ana = await browser.visit(pageAddress(served), ROUTER);
  await ana.enter("ana");
  await ana.sees("message 79.");
  const list = ana.page.locator(".timeline .list");
  const newest = ana.button(/^Jump to newest/);
  // The list may still go to its end.
  await until("it is scrolled up", async () => {
    await list.hover();
    await ana.page.mouse.wheel(0, -400);
    return (await scrollTop(ana)) < 10;
  });
  await newest.hover();
  const before = await scrollTop(ana);
  await ana.page.mouse.wheel(0, 200);
  await until("it scrolled", async () => {
    const now = await scrollTop(ana);
    return now > before + 150;
  });
});

pageTest("all that is loaded is printed, without what stands beside it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  await ben.fills(120, (n) => `message ${n}.`);
  await using ana = await browser.visit(pageAddress(served), { isDark: true });
  await ana.enter("ana");
  await ana.sees("message 119.");
  await ana.page.emulateMedia({ media: "print" });
  const printed = ana.page.locator(".printed");
  const prints = async () => {
    await ana.page.evaluate("dispatchEvent(new Event('afterprint'))");
    await ana.page.evaluate("dispatchEvent(new Event('beforeprint'))");
    return (await printed.locator("article").count()) > 80;
  };
  // The older half is loaded a moment after the newest messages are shown.
  await until("all that is loaded is printed", prints);
  await printed.getByText("message 119.").waitFor();
  for (const hidden of [".side-rooms", ".composer", ".side-right", ".list"]) {
    expect(await ana.page.locator(hidden).isVisible()).toBe(false);
  }
  const colour = "getComputedStyle(document.body).backgroundColor";
  expect(await ana.page.evaluate<string>(colour)).toBe("rgb(255, 255, 255)");
  await ana.keepPicture("printed");
  await ana.page.evaluate("dispatchEvent(new Event('afterprint'))");
  await ana.page.emulateMedia({ media: null });
  // The browser's own way: each sheet is a page of the document.
  const pdf = Buffer.from(await ana.page.pdf()).toString("latin1");
  expect(pdf.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0).toBeGreaterThan(2);
  ben.tab.close();
});

/** As if a file, or an address, was let go over it. @returns whether the page takes it */
function drops({ page }: Visit, selector: string, kind: "file" | "address"): Promise<boolean> {
  const put =
    kind === "file"
      ? `data.items.add(new File(["words"], "a.txt"))`
      : `data.setData("text/uri-list", "https://elsewhere.example/")`;
  // Cancelled: the browser does not open it in the place of the page.
  return page.evaluate<boolean>(`(() => {
    const data = new DataTransfer();
    ${put};
    const more = { dataTransfer: data, bubbles: true, cancelable: true };
    const element = document.querySelector("${selector}");
    element.dispatchEvent(new DragEvent("dragenter", more));
    element.dispatchEvent(new DragEvent("dragover", more));
    return !element.dispatchEvent(new DragEvent("drop", more));
  })()`);
}

pageTest("what is dropped beside the conversation is neither lost nor opened", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served), ROUTER);
  await ana.field("Name").waitFor();
  expect(await drops(ana, ".card", "file")).toBe(true);
  await ana.enter("ana");
  for (const place of [".side-rooms", ".room-head", ".side-right", ".composer"]) {
    expect([place, await drops(ana, place, "file")]).toEqual([place, true]);
    await ana.attachments.getByText("a.txt").waitFor();
    await ana.button("Remove a.txt").click();
    await ana.attachments.first().waitFor({ state: "detached" });
    expect([place, await drops(ana, place, "address")]).toEqual([place, true]);
  }
  // Into the field it goes as ever.
  expect(await drops(ana, ".composer textarea", "address")).toBe(false);
  expect(await ana.page.locator(".drop-over").count()).toBe(0);
});

const WIDTHS = [320, 390, 820, 1440];

/** The screens of somebody who is in, one after the other. */
async function walksThrough(
  visit: Visit,
  dashboard: string,
  look: (screen: string) => Promise<void>,
) {
  const { keyboard } = visit.page;
  const press = (selector: string) => () =>
    visit.page.locator(selector).first().dispatchEvent("click");
  const over: Readonly<Record<string, () => Promise<unknown>>> = {
    search: () => keyboard.press("Control+Shift+F"),
    account: press(".me-button"),
    invite: press(".side-foot .icon-button"),
    rooms: press(".side-title .icon-button"),
  };
  await look("room");
  for (const [screen, open] of Object.entries(over)) {
    await open();
    const opened = visit.page.locator(".search-form, dialog[open]").first();
    await opened.waitFor();
    if (screen === "account") await visit.page.locator(".device button").waitFor();
    await look(screen);
    await keyboard.press("Escape");
    await opened.waitFor({ state: "detached" });
  }
  await press(`[aria-label="${dashboard}"]`)();
  await visit.page.getByRole("tab").first().waitFor();
  for (const tab of await visit.page.getByRole("tab").all()) {
    await tab.click();
    await look(`dashboard, ${await tab.textContent()}`);
  }
}

pageTest("no word breaks inside its button, on any screen, in any language", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const wrong: unknown[] = [];
  await using olga = await browser.visit(String(served.listening["operatorLink"]));
  await using nobody = await browser.visit(pageAddress(served));
  // With another device, which may be signed out.
  const { tab } = await Talker.open(served, "olga");
  await tab.ask("passwd", { password: "correct horse" });
  await olga.enter("olga", { password: "correct horse" });
  for (const language of ["en", "id"]) {
    const { dashboard, name } = await loadTexts(language);
    const settings = JSON.stringify(JSON.stringify({ language }));
    for (const visit of [olga, nobody]) {
      await visit.page.evaluate(`localStorage.setItem("chat.settings", ${settings})`);
    }
    for (const width of WIDTHS) {
      for (const visit of [olga, nobody]) {
        await visit.page.setViewportSize({ width, height: 900 });
        await visit.page.reload();
      }
      const look = (visit: Visit) => async (screen: string) => {
        for (const word of await brokenWords(visit)) wrong.push([language, width, screen, word]);
      };
      await nobody.field(name).waitFor();
      await look(nobody)("entering");
      await olga.page.locator(".composer textarea").waitFor();
      await walksThrough(olga, dashboard, look(olga));
    }
  }
  expect(wrong).toEqual([]);
});

pageTest(
  "that it was edited stands behind the words; a group tells its times when asked",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using ana = await browser.visit(pageAddress(served), ROUTER);
    await ana.enter("ana");
    await ana.says("a first word");
    await ana.says("a second word");
    await ana.sees("a second word");
    await ana.settled();
    await ana.box.press("ArrowUp");
    await ana.box.fill("another second word");
    await ana.box.press("Enter");
    const second = ana.message("another second word");
    const mark = second.getByText("(edited)");
    await mark.waitFor();
    const tops = (locator: Locator) =>
      locator.evaluate(
        (element) => [...element.getClientRects()].map(({ bottom }) => bottom)[0] ?? 0,
      );
    const lineOf = await tops(second.locator(".words"));
    expect(Math.abs((await tops(mark)) - lineOf)).toBeLessThan(6);
    // Only the first of a group shows its time.
    await ana.page.mouse.move(5, 5);
    await second.locator("time").waitFor({ state: "detached" });
    await second.hover();
    expect(await second.locator("time").textContent()).toMatch(/^\d\d:\d\d$/);
  },
);

pageTest("a search that has more says so", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  await ben.fills(150, (n) => `pears ${n}`);
  await ben.says("one apple");
  await using ana = await browser.visit(pageAddress(served), ROUTER);
  await ana.enter("ana");
  await ana.says("/search pears");
  await ana.page.getByText(/^\d+\+ found$/).waitFor();
  await ana.field("Search for").fill("apple");
  await ana.field("Search for").press("Enter");
  await ana.page.getByText("1 found", { exact: true }).waitFor();
});
