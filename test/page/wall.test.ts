import { expect } from "bun:test";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import type { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const password = "correct horse";
const PHONE = { password, width: 390, height: 844, isPhone: true };

interface Lesson {
  readonly teacher: Visit;
  readonly pupils: readonly HeadlessUser[];
}

/** A room with a teacher at a window and pupils in it. */
async function lesson(room: string, names: readonly string[]): Promise<Lesson> {
  const teacher = await server.logIn(`sari-${room}`, { password, width: 1920, height: 1080 });
  await teacher.createRoom(room);
  const pupils: HeadlessUser[] = [];
  for (const name of names) {
    const pupil = await server.headlessUser(`${name}-${room}`);
    await pupil.tab.ask("join", { room });
    pupils.push(pupil);
  }
  return { teacher, pupils };
}

async function openWall({ page }: Visit, room: string): Promise<void> {
  await page.evaluate(`location.hash = "#/${room}/wall"`);
  await page.locator(".wall-page .wall").waitFor();
}

const hand = ({ tab }: HeadlessUser, room: string) => tab.ask("hand", { room, on: true });

pageTest("shows hands and a poll, and none of the messages", async () => {
  const room = "algebra";
  const { teacher, pupils } = await lesson(room, ["ana", "ben", "cici"]);
  const { page } = teacher;
  await pupils[0]?.post("a private remark", room);
  await openWall(teacher, room);
  await page.locator(".wall-say").waitFor();
  await page.getByText("4 here").waitFor();
  for (const pupil of pupils) await hand(pupil, room);
  await page.locator(".wall-call-name").getByText(`ana-${room}`).waitFor();
  expect(await page.locator(".wall-next li").count()).toBe(2);
  const text = "Real?\n1. yes\n2. no";
  const seq = await pupils[1]?.post(text, room, { poll: { options: 2 } });
  await page.locator(".wall-poll-title").getByText("Real?").waitFor();
  for (const { tab } of pupils.slice(0, 2)) await tab.ask("vote", { seq: seq ?? 0, choices: [2] });
  await page.locator(".wall-bar").nth(1).locator(".wall-bar-number").getByText("2").waitFor();
  expect(await page.locator(".wall-bar").nth(1).locator(".avatar").count()).toBe(2);
  await page.getByText("2 of 3 voted").waitFor();
  // Right calls on the next hand, and B shows nothing.
  await page.keyboard.press("ArrowRight");
  await page.locator(".wall-call-kind").getByText("Speaks").waitFor();
  expect(await page.locator("body").textContent()).not.toContain("a private remark");
  await page.keyboard.press("b");
  await page.locator(".wall-call").waitFor({ state: "detached" });
  expect(await page.locator(".wall-here").count()).toBe(0);
});

pageTest("goes round a stand-up by keys, with the time of each turn", async () => {
  const room = "stand-up";
  const { teacher } = await lesson(room, ["ana", "ben"]);
  const { page } = teacher;
  await page.locator(".room-head button").last().click();
  await teacher.menuItem("Show on the wall").click();
  await teacher.button("Start a round").click();
  await page.getByText("3 in the round").waitFor();
  await page
    .locator(".steer-foot")
    .getByRole("button", { name: /^Next: / })
    .waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".steer").waitFor({ state: "detached" });
  await openWall(teacher, room);
  const turn = (n: number) => page.locator(`.wall-page .wall-round > li:nth-child(${n})`);
  await page.locator(".wall-page .wall-round > li.is-now:nth-child(1)").waitFor();
  await page.locator(".wall-page .wall-call").getByText("2:00").waitFor();
  expect(await page.locator(".wall-page .wall-call .wall-line").textContent()).toStartWith("then ");
  await page.keyboard.press("n");
  await page.locator(".wall-page .wall-round > li.is-now:nth-child(2)").waitFor();
  expect(await turn(1).getAttribute("class")).toBe("is-done");
  await page.keyboard.press("ArrowLeft");
  await page.locator(".wall-page .wall-round > li.is-now:nth-child(1)").waitFor();
  for (const next of [2, 3]) {
    await page.keyboard.press("n");
    await page.locator(`.wall-page .wall-round > li.is-now:nth-child(${next})`).waitFor();
  }
  expect(await page.locator(".wall-page .wall-call .wall-line").textContent()).toBe("");
  await page.keyboard.press("n");
  await page.locator(".wall-page .wall-round").waitFor({ state: "detached" });
  await page.getByText("3 here").waitFor();
  expect(await page.locator(".wall-page .wall-timer").count()).toBe(0);
});

pageTest("hides votes until the poll ends", async () => {
  const room = "physics";
  const { teacher, pupils } = await lesson(room, ["ana", "ben"]);
  const { page } = teacher;
  await openWall(teacher, room);
  const poll = { options: 2, hide: "end" } as const;
  const seq = await pupils[0]?.post("Falls?\n1. up\n2. down", room, { poll });
  await page.getByText("Votes show when the poll ends").waitFor();
  await pupils[1]?.tab.ask("vote", { seq: seq ?? 0, choices: [2] });
  await page.getByText("1 of 2 voted").waitFor();
  expect(await page.locator(".wall-bar-number").count()).toBe(0);
  await pupils[0]?.tab.ask("poll", { seq: seq ?? 0 });
  await page.locator(".wall-bar.is-first .wall-bar-number").getByText("1").waitFor();
  await page.locator(".wall-poll-count").getByText("Poll closed").waitFor();
});

pageTest("a phone steers the wall of a laptop, which survives a reload", async () => {
  const room = "history";
  const { teacher, pupils } = await lesson(room, ["ana", "ben"]);
  const { page: wall } = teacher;
  await openWall(teacher, room);
  await using phone = await server.logIn(`sari-${room}`, PHONE);
  const { page } = phone;
  await page.evaluate(`location.hash = "#/${room}"`);
  await page.locator(".room-head button").last().click();
  await phone.menuItem("Show on the wall").click();
  for (const pupil of pupils) await hand(pupil, room);
  const button = (name: string) =>
    phone.dialog("The wall").getByRole("button", { exact: true, name });
  await button(`Call on ana-${room}`).tap();
  await wall.locator(".wall-call-kind").getByText("Speaks").waitFor();
  await button(`Done with ana-${room}`).tap();
  await wall.locator(".wall-call-name").getByText(`ben-${room}`).waitFor();
  await page.getByLabel("Names on the wall").selectOption("No names");
  await wall.locator(".wall-call-name").getByText("Hand 1").waitFor();
  expect(await wall.locator(".wall-page").innerHTML()).not.toContain(`ben-${room}`);
  await button("Change the line").tap();
  await phone.field("Line").fill("Page 12");
  await phone.button("Save").tap();
  await wall.locator(".wall-line").getByText("Page 12").waitFor();
  await page.getByRole("radio", { name: "Timer" }).tap();
  await wall.locator(".wall-task-title").getByText("Page 12").waitFor();
  await button("Start timer, 5 minutes").tap();
  await wall
    .locator(".wall-timer-time")
    .getByText(/^4:5\d$|^5:00$/)
    .waitFor();
  await wall.reload();
  await wall
    .locator(".wall-timer-time")
    .getByText(/^4:\d\d$/)
    .waitFor();
  await button("Take down").tap();
  await wall.getByText("Not shown any more").waitFor();
});

pageTest("a wall says that it is offline, and comes back by itself", async () => {
  const room = "biology";
  await using relay = await Relay.open(server.served.port);
  await using teacher = await server.logIn(`sari-${room}`, { via: relay });
  await teacher.createRoom(room);
  const { page } = teacher;
  await openWall(teacher, room);
  await page.getByText("1 here").waitFor();
  relay.cut();
  await page.getByText(/^No connection since/).waitFor();
  relay.mend();
  await page.getByText("1 here").waitFor();
});

pageTest("a pupil who opens the wall gets the room", async () => {
  const room = "chemistry";
  await lesson(room, ["ana"]);
  await using pupil = await server.logIn(`ben-${room}`);
  await pupil.send(`/join ${room}`);
  await pupil.heading(room).waitFor();
  await pupil.page.evaluate(`location.hash = "#/${room}/wall"`);
  await pupil.page.getByText("Only moderators can show this room on a wall").first().waitFor();
  await pupil.heading(room).waitFor();
  await until("the address is that of the room", async () => {
    return (await pupil.page.evaluate<string>("location.hash")) === `#/${room}`;
  });
});

pageTest("a wall ends with the rights of its moderator", async () => {
  const room = "music";
  const { teacher } = await lesson(room, []);
  await using helper = await server.logIn(`ben-${room}`);
  await helper.send(`/join ${room}`);
  await helper.heading(room).waitFor();
  await teacher.send(`/grant ben-${room}`);
  await helper.page
    .getByText(/moderator/)
    .first()
    .waitFor();
  await openWall(helper, room);
  await helper.page.getByText("2 here").waitFor();
  await teacher.send(`/revoke ben-${room}`);
  await helper.page.getByText("Not shown any more").waitFor();
});

pageTest("the page that steers closes with the rights of its moderator", async () => {
  const room = "drawing";
  const { teacher } = await lesson(room, []);
  const helper = await server.window(`dian-${room}`, { password });
  await helper.send(`/join ${room}`);
  await helper.heading(`#${room}`).waitFor();
  await teacher.send(`/grant dian-${room}`);
  await helper.page.locator(".room-head button").last().click();
  await helper.menuItem("Show on the wall").click();
  await helper.page.locator(".steer .wall-here").waitFor();
  await teacher.send(`/revoke dian-${room}`);
  await helper.page.locator(".steer").waitFor({ state: "detached" });
});

/** A computer whose clock is seven minutes fast. */
const FAST_CLOCK = `{
  const { now } = Date;
  Date.now = () => now() + 420_000;
}`;

pageTest(
  "walls agree on the time although a clock is wrong, and catch up after a loss",
  async () => {
    const room = "geography";
    const { teacher, pupils } = await lesson(room, ["ana", "ben"]);
    await using relay = await Relay.open(server.served.port);
    const user = `sari-${room}`;
    const other = { password, width: 1024, height: 768, via: relay, initScript: FAST_CLOCK };
    await using fast = await server.logIn(user, other);
    await openWall(teacher, room);
    await openWall(fast, room);
    await teacher.page.keyboard.press("t");
    await teacher.page.keyboard.press("Space");
    const times = new Set<string | null>();
    for (const { page } of [teacher, fast]) {
      await page.locator(".wall-timer-time").waitFor();
      times.add(await page.locator(".wall-timer-time").textContent());
    }
    for (const time of times) expect(time).toMatch(/^(?:5:00|4:5\d)$/);
    // A wall of tasks says that it is offline, too; its time does not stop.
    relay.cut();
    await fast.page.getByText("No connection since").waitFor();
    for (const pupil of pupils) await hand(pupil, room);
    await teacher.page.locator(".wall-next li").nth(1).waitFor();
    relay.mend();
    await fast.page.locator(".wall-next li").nth(1).waitFor();
    await fast.page.getByText("No connection since").waitFor({ state: "detached" });
  },
);
