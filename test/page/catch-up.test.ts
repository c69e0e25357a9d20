import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const CALLS = [5, 20, 35];
const POLL = { text: "Which day?\n1. Monday\n2. Friday", poll: { options: 2 } };

/** Ana is in the lobby, while Ben posts 40 messages to the room, of which three call her. */
async function filled(room: string): Promise<Visit> {
  const ana = await server.window("ana");
  const ben = await server.headlessUser(`ben-${room}`);
  await ana.createRoom(room);
  await ana.send("before");
  await ana.waitUntilSent();
  await ana.room("lobby").click();
  await ben.tab.ask("join", { room });
  const text = (n: number) => (CALLS.includes(n) ? `@ana call ${n}` : `message ${n}`);
  await ben.postMany(29, (n) => text(n + 1), room);
  await ben.post("", room, POLL);
  await ben.postMany(10, (n) => text(n + 31), room);
  await ana.page.locator(".room-line", { hasText: room }).getByText("message 40").waitFor();
  await ana.room(room).click();
  return ana;
}

async function picture(ana: Visit, name: string): Promise<void> {
  const folder = process.env["CATCH_UP_PICTURES"];
  if (folder !== undefined) await ana.page.screenshot({ path: `${folder}/${name}.png` });
}

pageTest("sums up many new messages, and walks through those that call the user", async () => {
  const ana = await filled("walked");
  const { page } = ana;
  const card = page.getByRole("region", { name: "New messages in short" });
  await card.getByText("40 messages from 1 person").waitFor();
  await picture(ana, "card");
  await card.getByRole("button", { name: "For you 3" }).waitFor();
  await card.getByRole("button", { name: "Poll 1" }).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await card.getByRole("button", { name: "For you 3" }).click();
  const walk = page.getByRole("navigation", { name: "Walk through: For you" });
  await walk.getByText("1 of 3", { exact: true }).waitFor();
  const next = walk.getByRole("button", { name: "Next: For you" });
  await walk.locator(":focus").and(next).waitFor();
  await page.keyboard.press("n");
  await walk.getByText("2 of 3", { exact: true }).waitFor();
  await page.locator(".message.is-shown", { hasText: "call 20" }).waitFor();
  await next.click();
  await walk.getByText("3 of 3", { exact: true }).waitFor();
  await picture(ana, "walk");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await page.keyboard.press("p");
  await walk.getByText("2 of 3", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await walk.waitFor({ state: "detached" });
  await card.waitFor();
});

pageTest("marks all as read, and takes that back", async () => {
  const ana = await filled("undone");
  const { page } = ana;
  const line = page.getByRole("heading", { name: "New messages" });
  const card = page.getByRole("region", { name: "New messages in short" });
  await card.getByRole("button", { name: "All read" }).click();
  const undo = page.getByRole("region", { name: "messages read" });
  await undo.waitFor();
  await line.waitFor({ state: "detached" });
  await picture(ana, "undo");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await page.keyboard.press("Alt+z");
  await undo.waitFor({ state: "detached" });
  await line.waitFor();
  await card.waitFor();
  await picture(ana, "undone");
});
