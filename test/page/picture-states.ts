import { writeFileSync } from "node:fs";
import type { Locator } from "playwright-core";
import { ENGLISH, type Texts } from "../../src/ui/messages/en/page.ts";
import type { Home, Sandbox, Served } from "../e2e/program.ts";
import type { VisitOptions } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { HeadlessUser } from "./headless-user.ts";
import type { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

/**
 * States of the page that `npm run picture` draws, and that tests walk: with the login form and
 * the dashboard, they are twelve.
 */

export const PASSWORD = "a long password";
const HOMEWORK = `## Homework for Friday
Read page 12, then solve $\\frac{a}{b} + \\frac{c}{b} = \\frac{a + c}{b}$ :books:

| task | points |
|------|-------:|
| 1    | 4      |
| 2    | 6      |

\`\`\`py
def half(x):  # of it
    return x / 2
\`\`\``;
const LAST_TEXT = "pages or only one";
const WIDE_PX = 1000;

type Act = (visit: Visit, texts: Texts) => Promise<void>;

/** States of the room; each starts in the open room. */
export const STATES: Readonly<Record<string, Act>> = {
  room: (visit) => visit.waitForMessage(LAST_TEXT),
  rooms: async (visit, texts) => {
    if (await openDrawer(visit, texts)) return;
    const people = visit.button(texts.openPeople).first();
    if ((await people.getAttribute("aria-pressed")) !== "true") await people.click();
  },
  message: async (visit) => {
    await scrollToEnd(visit);
    const message = visit.message(LAST_TEXT).first();
    if ((await visit.page.evaluate<number>("innerWidth")) < WIDE_PX)
      await longPress(visit, message);
    else await visit.openMenu(LAST_TEXT);
    await visit.page.getByRole("menu").or(visit.page.getByRole("dialog")).first().waitFor();
  },
  emoji: async (visit, texts) => {
    await visit.button(texts.emoji).first().click();
    await visit.page.getByRole("dialog").waitFor();
  },
  viewer: async (visit) => {
    await openDialog(visit, visit.page.locator("article img").first());
    await visit.page.getByRole("dialog").getByRole("img").waitFor();
  },
  person: async (visit) => {
    await scrollToEnd(visit);
    const message = visit.message("did you find the mistake").first();
    await openDialog(visit, message.getByRole("button", { name: "ana" }).first());
  },
  direct: async (visit) => {
    await visit.send("/msg cleo");
    await visit.heading(/cleo/).waitFor();
  },
  settings: async (visit, texts) => {
    if (await openDrawer(visit, texts)) await visit.button(texts.ownPlace).click();
    await visit.page.getByRole("button", { name: texts.account }).first().click();
    await visit.page.getByRole("dialog").waitFor();
  },
  search: async (visit) => {
    await visit.send("/search page");
    await visit.results.filter({ hasText: LAST_TEXT }).first().waitFor();
  },
  attached: async (visit, texts) => {
    const chosen = visit.page.waitForEvent("filechooser");
    await visit.button(texts.attach).first().click();
    await visit.menuItem(texts.attachFile).click();
    await (await chosen).setFiles({
      name: "blackboard.png",
      mimeType: "image/png",
      buffer: photo(1600, 1200),
    });
    await visit.page.getByText("blackboard.png").last().waitFor();
  },
};

const MOVED_MS = 5_000;
const ATTEMPTS_MAX = 4;

function openDialog({ page }: Visit, opener: Locator): Promise<void> {
  return openBy(() => opener.click(), page.getByRole("dialog"));
}

/** In a low window, the list may move under a touch: it measures rows that come into view. */
async function openBy(act: () => Promise<void>, opened: Locator): Promise<void> {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    await act();
    const isOpen = await opened
      .first()
      .waitFor({ timeout: MOVED_MS })
      .then(
        () => true,
        () => false,
      );
    if (isOpen) return;
  }
  throw new Error(`nothing is open after ${ATTEMPTS_MAX} attempts`);
}

/** @returns false if the window is so wide that the list of rooms is always visible */
async function openDrawer(visit: Visit, texts: Texts): Promise<boolean> {
  const button = visit.button(new RegExp(`^${texts.openRooms}`)).first();
  if (!(await button.isVisible())) return false;
  await button.click();
  return true;
}

export async function openDashboard(visit: Visit, texts: Texts): Promise<void> {
  await openDrawer(visit, texts);
  await visit.button(texts.dashboard).first().click();
  await visit.page.locator("#tab-server").click();
}

const PICTURES_ARE_LOADED =
  '[...document.querySelectorAll("article img")].every((image) => image.complete)';

interface StateWalk {
  readonly options?: VisitOptions;
  /** Called for each window, and again after each reload. */
  readonly prepare?: (visit: Visit) => Promise<unknown>;
  /** May change elements, because the page is reloaded after each state. */
  readonly check: (visit: Visit, state: string) => Promise<void>;
}

/** Walks through all states of a lesson that was played on the server, in English. */
export async function walkStates(
  server: PageServer,
  { options, prepare = () => Promise.resolve(), check }: StateWalk,
): Promise<void> {
  await using mia = await server.visit(options);
  const reload = async () => {
    await mia.reload();
    await prepare(mia);
  };
  await prepare(mia);
  await mia.page.locator("#enter-name").fill("mia");
  // The form is painted before the scripts run.
  await mia.page.locator("form button[type=submit]:not([disabled])").waitFor();
  await check(mia, "enter");
  await reload();
  await mia.logIn("mia", { password: PASSWORD });
  await mia.send("/join math");
  await mia.heading("#math").waitFor();
  for (const [state, act] of Object.entries(STATES)) {
    await mia.page.locator("article img").nth(2).waitFor();
    // Pictures that arrive later move the message that is clicked.
    await mia.page.waitForFunction(PICTURES_ARE_LOADED);
    await act(mia, ENGLISH);
    await check(mia, state);
    await mia.page.goto(`${new URL(server.address).origin}/#/math`);
    await reload();
    await mia.heading("#math").waitFor();
  }
  await using olga = await server.visit(options);
  await prepare(olga);
  await olga.logIn("olga", { password: PASSWORD });
  await openDashboard(olga, ENGLISH);
  await check(olga, "server");
}

/** A reload keeps the place, which earlier states have moved. */
async function scrollToEnd({ page }: Visit): Promise<void> {
  await page.evaluate<void>(`(() => {
    const list = document.querySelector(".timeline .list");
    list.dispatchEvent(new WheelEvent("wheel", { bubbles: true }));
    list.scrollTop = list.scrollHeight;
  })()`);
}

async function longPress({ page }: Visit, message: ReturnType<Visit["message"]>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const opened = page.getByRole("menu").or(page.getByRole("dialog"));
  let isTouched = false;
  const release = async () => {
    if (isTouched)
      await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  };
  await openBy(async () => {
    await release();
    await message.scrollIntoViewIfNeeded();
    const box = await message.boundingBox();
    if (box === null) throw new Error("the message is not visible");
    const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
    await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
    isTouched = true;
  }, opened);
  await release();
}

/** Fills the room "math", and the account "olga" that may administer the server. */
export async function playLesson(sandbox: Sandbox, served: Served): Promise<HeadlessUser[]> {
  const names = ["Bu_Sari", "ana", "ben", "cleo", "hana", "ivan", "joko", "kiki"];
  const users: HeadlessUser[] = [];
  for (const name of names) users.push(await HeadlessUser.open(served, name));
  const [teacher, ana, ben] = users as [HeadlessUser, HeadlessUser, HeadlessUser];
  await teacher.tab.ask("join", { room: "math", create: true });
  for (const { tab } of users.slice(1)) await tab.ask("join", { room: "math" });
  await teacher.tab.ask("topic", { room: "math", topic: "Fractions, homework and questions" });
  await teacher.post(HOMEWORK, "math");
  const env = { CHAT_INVITE: served.invite, CHAT_PASSWORD: PASSWORD };
  const [dewi, olga] = ["dewi", "olga"].map((user) =>
    sandbox.home(user).with({ ...env, CHAT_USER: user }),
  ) as [Home, Home];
  await olga.json(["register"]);
  await olga.json(["admin", "grant", "olga", "--data", served.data]);
  await dewi.json(["send", "hello from the library"]);
  const joined = await dewi.join(["--room", "math"]);
  await joined.signal("SIGTERM");
  const shots = ["board.png", "notes.png", "sketch.png"].map((name, i) => {
    writeFileSync(sandbox.path(name), photo(900 + 200 * i, i === 1 ? 1200 : 700));
    return sandbox.path(name);
  });
  await dewi.json(["send-file", ...shots, "--to", "math", "--caption", "The blackboard of today"]);
  writeFileSync(sandbox.path("worksheet.pdf"), `%PDF-1.4\n${"x".repeat(40_000)}`);
  await dewi.json(["send-file", sandbox.path("worksheet.pdf"), "--to", "math"]);
  await ana.post("Thank you! @mia did you find the mistake in line 3?", "math");
  await ben.post("I did: the sign is wrong.", "math");
  await ben.post("Do we hand in both pages or only one?", "math");
  await ana.tab.ask("hand", { room: "math", on: true });
  return users;
}
