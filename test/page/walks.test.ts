import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS } from "../../src/base/time.ts";
import { pollText } from "../../src/core/rooms/polls.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import type { HeadlessUser } from "./headless-user.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/** The main tasks of pupils and teachers by visible controls, on a phone, a tablet and a laptop. */

const FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const server = new PageServer({}, sharedBrowser(FAKE_MICROPHONE));
const PICTURES = process.env["WALK_PICTURES"];
/** Enough to move the mention and the thread out of view. */
const LATER_MESSAGES = 60;

/** Only its end says what it is. */
const LONG_NAME = `${"my summer with the whole family at the sea ".repeat(4)}.txt`;

const WIDTHS = {
  phone: { width: 390, height: 844, isPhone: true },
  tablet: { width: 820, height: 1180, isPhone: true },
  laptop: { width: 1440, height: 900 },
} as const;

async function picture({ page }: Visit, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

async function showChats(visit: Visit): Promise<void> {
  const back = visit.button(/^Open the list of rooms/).first();
  if (await back.isVisible()) await back.click();
  await visit.button("Chats").click();
}

async function openRoom(visit: Visit, name: string): Promise<void> {
  await showChats(visit);
  await visit.room(name).click();
  await visit.heading(`#${name}`).waitFor();
}

async function openActivity(visit: Visit, filter: RegExp): Promise<void> {
  await showChats(visit);
  await visit
    .button(/^Activity/)
    .first()
    .click();
  await visit.button(filter).click();
}

async function lesson(
  kind: string,
): Promise<{ teacher: HeadlessUser; room: string; task: string }> {
  const [room, task] = [`math-${kind}`, `essay-${kind}`];
  const teacher = await server.headlessUser(`teacher-${kind}`);
  for (const name of [room, task]) await teacher.tab.ask("join", { room: name, create: true });
  await teacher.tab.ask("rules", { room: task, post: "private", due: Date.now() + DAY_MS });
  await teacher.post("Write about your summer", task);
  await teacher.post("Good morning! Who has the formula for a cone?", room);
  return { teacher, room, task };
}

for (const [kind, size] of Object.entries(WIDTHS)) {
  const name = `pupil-${kind}`;

  pageTest(`on a ${kind}, a pupil finds a room, answers a poll and follows a thread`, async () => {
    const { teacher, room } = await lesson(kind);
    const pupil = await server.window(name, size);
    await showChats(pupil);
    await pupil.button("New").click();
    await pupil.menuItem("Browse rooms").click();
    await pupil.results.filter({ hasText: room }).getByRole("button").click();
    await pupil.heading(`#${room}`).waitFor();
    await pupil.waitForMessage("Who has the formula");

    const question = pollText("Ready for the test?", ["yes", "no"]);
    await teacher.post(question, room, { poll: { options: 2 } });
    const poll = pupil.page.locator("fieldset.poll");
    await poll.getByLabel("yes").check();
    await poll.getByText("1 voter").waitFor();
    await picture(pupil, `${kind}-poll`);

    const root = await teacher.post("Which book do you read?", room);
    await teacher.post("I read Laskar Pelangi", room, { re: root, thread: true });
    await pupil
      .message("Which book")
      .getByText(/^1 reply/)
      .click();
    const thread = pupil.page.locator(".thread");
    await thread.getByRole("button", { name: "Follow", exact: true }).click();
    await thread.getByRole("button", { name: "Following" }).waitFor();
    await picture(pupil, `${kind}-thread`);
    await thread
      .getByRole("button", { name: /^(?:Close|Back)/ })
      .first()
      .click();
    await thread.waitFor({ state: "detached" });

    await teacher.post(`@${name} can you show us 1 c)?`, room);
    await pupil.waitForMessage("can you show us");
    await openRoom(pupil, "lobby");
    await teacher.postMany(LATER_MESSAGES, (n) => `later ${n}`, room);
    await teacher.post("And Bumi Manusia", room, { re: root, thread: true });

    await openActivity(pupil, /^In threads/);
    await picture(pupil, `${kind}-activity`);
    await pupil.page.locator(".activity-row", { hasText: "And Bumi Manusia" }).click();
    await thread.locator("article", { hasText: "And Bumi Manusia" }).waitFor();
    await thread
      .getByRole("button", { name: /^(?:Close|Back)/ })
      .first()
      .click();
    await openActivity(pupil, /^Mentions/);
    await pupil.page.locator(".activity-row", { hasText: "can you show us" }).click();
    await pupil.heading(`#${room}`).waitFor();
    await pupil.message("can you show us").first().waitFor();
    await picture(pupil, `${kind}-mention`);
  });

  pageTest(`on a ${kind}, a pupil sends a voice message, and hands in work`, async () => {
    const pupil = await server.window(name, size);
    const [room, task] = [`math-${kind}`, `essay-${kind}`];
    await openRoom(pupil, room);
    await pupil.button("Record voice message").click();
    const recorder = pupil.page.getByRole("group", { name: "Record voice message" });
    await recorder.locator(".record-time").getByText("0:01").waitFor();
    await picture(pupil, `${kind}-record`);
    await recorder.getByRole("button", { name: "Stop" }).click();
    const draft = pupil.page.getByRole("group", { name: "Voice message", exact: true });
    await draft.getByRole("button", { name: "Play" }).waitFor();
    await picture(pupil, `${kind}-listen`);
    await draft.getByRole("button", { name: "Send" }).click();
    await pupil.page
      .getByRole("group", { name: new RegExp(`^Voice message of ${name}`) })
      .waitFor();

    await showChats(pupil);
    await pupil.button("New").click();
    await pupil.menuItem("Browse rooms").click();
    await pupil.results.filter({ hasText: task }).getByRole("button").click();
    await pupil.waitForMessage("Write about your summer");
    await openActivity(pupil, /^All$/);
    const due = pupil.page.getByRole("region", { name: "Due" });
    await due.getByText("You have not handed in anything.").click();
    await pupil.waitForMessage("Write about your summer");
    const essay = server.sandbox.path(LONG_NAME);
    writeFileSync(essay, "My summer");
    await pupil.button("Attach").click();
    const chosen = pupil.page.waitForEvent("filechooser");
    await pupil.menuItem("Hand in").click();
    await (await chosen).setFiles(essay);
    await pupil.button("Send").click();
    await pupil.heading(`Your work for #${task}`).waitFor();
    const file = pupil.file(LONG_NAME);
    await file.waitFor();
    const end = await file.locator(".cut-name > :last-child").boundingBox();
    expect(end?.width).toBeGreaterThan(10);
    expect((end?.x ?? Number.POSITIVE_INFINITY) + (end?.width ?? 0)).toBeLessThan(size.width - 60);
    await picture(pupil, `${kind}-work`);
    await openActivity(pupil, /^All$/);
    await due.getByText("You have handed it in.").waitFor();
    await picture(pupil, `${kind}-due`);
    expect(await pupil.overflow()).toBe(0);
  });

  pageTest(`on a ${kind}, a teacher imports a class`, async () => {
    const boss = await server.operator();
    await boss.page.setViewportSize(size);
    await showChats(boss);
    const menu = boss.button("Server administration");
    if (!(await menu.isVisible())) await boss.button("You").click();
    await menu.click();
    await boss.page.getByRole("tab", { name: "People", exact: true }).click();
    await boss.button("Import class list").click();
    const dialog = boss.dialog("Import class list");
    const list = server.sandbox.path(`class-${kind}.csv`);
    writeFileSync(list, `name,display name,rooms\nayu-${kind},Ayu of the ${kind},class-${kind}\n`);
    await dialog.locator("input[type=file]").setInputFiles(list);
    await picture(boss, `${kind}-import`);
    await dialog.getByRole("button", { name: "Add 1 person" }).click();
    await dialog.getByRole("button", { name: "Save 1 card to print" }).waitFor();
    await picture(boss, `${kind}-cards`);
    await boss.page.keyboard.press("Escape");
    await boss.button("Back to chat").click();
  });
}
