import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** Rooms and messages have addresses. */

const browser = sharedBrowser();
/** More than the page loads at first. */
const MESSAGES = 700;

function hashOf({ page }: Visit): string {
  return new URL(page.url()).hash;
}

async function isAt(visit: Visit, hash: string, heading: string): Promise<void> {
  await visit.page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  await until(`the address ends in ${hash}`, async () => hashOf(visit) === hash);
}

/** The message that is marked as the one that was gone to, once it is in the window. */
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

async function makesRoom(visit: Visit, room: string): Promise<void> {
  await visit.says(`/join ${room}`);
  await visit.button("Create").click();
  await visit.page.getByRole("heading", { name: `#${room}`, level: 1 }).waitFor();
}

pageTest("Back and forward go through the rooms, a reload stays, leaving forgets", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ben = await Talker.open(served, "ben");
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana", { password: "correct horse" });
  await isAt(ana, "#/lobby", "#lobby");
  await makesRoom(ana, "garden");
  await isAt(ana, "#/garden", "#garden");
  await ben.says("hello", "@ana");
  await ana.room("@ben").click();
  await isAt(ana, "#/@ben", "@ben");
  await ana.page.goBack();
  await isAt(ana, "#/garden", "#garden");
  await ana.page.goBack();
  await isAt(ana, "#/lobby", "#lobby");
  await ana.page.goForward();
  await isAt(ana, "#/garden", "#garden");
  await ana.page.reload();
  await isAt(ana, "#/garden", "#garden");
  // What is written there is there, too; the way to the messages is no place.
  await ana.page.locator(".skip").focus();
  await ana.page.keyboard.press("Enter");
  expect(hashOf(ana)).toBe("#/garden");
  expect(await ana.page.evaluate<string>("document.activeElement.id")).toBe("messages");
  // A room that was left is asked about, not entered.
  await ana.says("/leave");
  await until("it is left", async () => (await ana.room("garden").count()) === 0);
  await ana.room("lobby").click();
  await isAt(ana, "#/lobby", "#lobby");
  await ana.page.evaluate(`location.hash = "#/garden"`);
  const question = ana.dialog("Join garden");
  await question.waitFor();
  await isAt(ana, "#/lobby", "#lobby");
  await question.getByRole("button", { name: "Cancel" }).click();
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").click();
  await ana.dialog("Log out of this browser?").getByRole("button", { name: "Log out" }).click();
  await ana.button("Enter as ana").waitFor();
  expect(hashOf(ana)).toBe("");
});

pageTest("a link to a message opens at it, for whoever comes in by it, too", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
  const ben = await Talker.open(served, "ben");
  await ben.fills(MESSAGES, (n) => `message ${n}.`);
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const { origin } = new URL(ana.page.url());
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  await ana.says("/search 9.");
  // Somewhere above what is loaded.
  await ana.page.locator(".search-list").getByText("message 39.", { exact: true }).waitFor();
  await ana.page.locator(".search-list").getByText("message 39.", { exact: true }).click();
  expect(await shownText(ana)).toBe("message 39.");
  const link = hashOf(ana);
  expect(link).toMatch(/^#\/lobby\/\d+$/);
  await ana.page.goBack();
  await isAt(ana, "#/lobby", "#lobby");
  await ana.sees(`message ${MESSAGES - 1}.`);
  await ana.page.goForward();
  expect(await shownText(ana)).toBe("message 39.");
  await ana.page.reload();
  expect(await shownText(ana)).toBe("message 39.");
  // Its menu has the same address.
  await ana.page.locator("article.is-shown").hover();
  await ana.page.locator("article.is-shown .tools-more").click();
  await ana.entry("Copy link").click();
  const copied = await ana.page.evaluate<string>("navigator.clipboard.readText()");
  expect(copied).toBe(`${origin}/${link}`);
  await ana.button("Jump to newest").click();
  await ana.sees(`message ${MESSAGES - 1}.`);
  await until("the message is left", async () => hashOf(ana) === "#/lobby");
  // Sent to somebody, it is followed without another window.
  await ana.says(`see ${copied} there`);
  await ana.settled();
  await ana
    .message(/^ana.*see /s)
    .getByRole("link")
    .click();
  expect(await shownText(ana)).toBe("message 39.");
  expect(ana.context.pages()).toHaveLength(1);
  // Somebody else, who is not in yet.
  await using cleo = await browser.visit(pageAddress(served));
  await cleo.field("Name").waitFor();
  await cleo.page.evaluate(`location.hash = "${link}"`);
  await cleo.fillEntry("cleo");
  expect(await shownText(cleo)).toBe("message 39.");
});

pageTest("a secret is taken out of the address at once, also out of an open page's", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const operator = String(served.listening["operatorLink"]);
  await using ana = await browser.visit(pageAddress(served));
  expect(hashOf(ana)).toBe("");
  await ana.enter("ana");
  await isAt(ana, "#/lobby", "#lobby");
  expect(await ana.button("Server window").count()).toBe(0);
  await ana.page.evaluate(`location.hash = ${JSON.stringify(new URL(operator).hash)}`);
  await ana.button("Server window").waitFor();
  await isAt(ana, "#/lobby", "#lobby");
  const entries = await ana.page.evaluate<number>("history.length");
  for (let i = 0; i < entries; i++) {
    expect(hashOf(ana)).not.toContain("operator");
    const [gone] = await Promise.all([ana.page.goBack(), undefined]);
    if (gone === null && hashOf(ana) === "") break;
  }
});

const HOSTILE = [
  "#/",
  "#/184",
  "#/nobody-is-here/999999",
  "#/lobby/9007199254740991",
  "#/lobby/1",
  "#/@ana",
  "#/@nobody/5",
  "#/<img src=x onerror=alert(1)>",
  "#/javascript:alert(1)",
  "#/__proto__",
  "#/constructor/5",
  "#/@__proto__/5",
  "#/%00%ff",
  `#/${"x".repeat(9000)}`,
  "#messages",
  "#<script>",
  "##",
];

pageTest("whatever somebody writes behind the #, the page goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("still here");
  await ana.sees("still here");
  const { origin } = new URL(ana.page.url());
  for (const hash of HOSTILE) {
    const set = `location.hash = ${JSON.stringify(hash)}`;
    await ana.page.evaluate(set);
    await ana.page.locator(".room-head h1").waitFor();
    // The same as the address of a page that is opened by it.
    await ana.page.goto("about:blank");
    await ana.page.goto(`${origin}/${hash}`);
    await ana.page.locator(".room-head h1").waitFor();
    const named = hashOf(ana);
    expect([hash, /^#\/@?[\w-]{1,32}(\/\d+)?$/.test(named) || named === ""]).toEqual([hash, true]);
    await ana.page.keyboard.press("Escape");
  }
  // A message that is not there is said not to be, and the newest are shown.
  await ana.page.goto("about:blank");
  await ana.page.goto(`${origin}/#/lobby/9007199254740991`);
  await ana.page.getByText("That message is not here.").waitFor();
  await isAt(ana, "#/lobby", "#lobby");
  await ana.sees("still here");
  await ana.says("and here");
  await ana.sees("and here");
});
