import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Texts } from "../../src/ui/messages/en/page.ts";
import { loadTexts } from "../../src/web/browser/texts.ts";
import { Sandbox, type Served } from "../../test/e2e/program.ts";
import { Browser } from "../../test/page/browser.ts";
import { pageAddress, photo } from "../../test/page/fixtures.ts";
import { HeadlessUser } from "../../test/page/headless-user.ts";
import type { Visit } from "../../test/page/visit.ts";

/**
 * Part of `npm run picture`: takes pictures of twelve states of the page, at three widths, in light
 * and English and in dark and Indonesian. Needs Chromium. Arguments are names of states.
 */

const FOLDER = process.env["STATES_FOLDER"] ?? join(import.meta.dir, "../../docs/states");
const WIDTHS = [
  { width: 360, height: 740, isPhone: true },
  { width: 820, height: 1180, isPhone: true },
  { width: 1280, height: 800 },
] as const;
const LOOKS = [
  { look: "light", isDark: false, language: "en-GB" },
  { look: "dark", isDark: true, language: "id-ID" },
] as const;
const PASSWORD = "a long password";
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

type Act = (visit: Visit, texts: Texts) => Promise<void>;

/** States that follow each other in one window; each leaves the room open. */
const STATES: Readonly<Record<string, Act>> = {
  room: async (visit) => visit.waitForMessage("pages or only one"),
  rooms: async (visit, texts) => {
    const drawer = visit.button(new RegExp(`^${texts.openRooms}`)).first();
    if (await drawer.isVisible()) await drawer.click();
    else if ((await visit.page.locator(".side-right").count()) === 0)
      await visit.button(texts.openPeople).first().click();
  },
  message: async (visit) => {
    const message = visit.message("pages or only one").first();
    if ((await visit.page.evaluate<number>("innerWidth")) < 1000) await longPress(visit, message);
    else await visit.openMenu("pages or only one");
    await visit.page.getByRole("menu").or(visit.page.getByRole("dialog")).first().waitFor();
  },
  emoji: async (visit, texts) => {
    await visit.button(texts.emoji).first().click();
    await visit.page.getByRole("dialog").waitFor();
  },
  viewer: async (visit) => {
    await visit.page.locator("article img").first().click();
    await visit.page.getByRole("dialog").getByRole("img").waitFor();
  },
  person: async (visit) => {
    await visit.message("did you find the mistake").locator(".author-button").first().click();
    await visit.page.getByRole("dialog").waitFor();
  },
  direct: async (visit) => {
    await visit.send("/msg cleo");
    await visit.heading(/cleo/).waitFor();
  },
  settings: async (visit) => {
    const me = visit.page.locator(".me-button");
    if (!(await me.isVisible())) await visit.page.locator(".room-head button").first().click();
    await me.click();
    await visit.page.getByRole("dialog").waitFor();
  },
  search: async (visit, texts) => {
    await visit.send("/search page");
    await visit.page.locator(".search-list .hit-text").first().waitFor();
    await visit.field(texts.searchFor).blur();
  },
  attached: async (visit, texts) => {
    const chosen = visit.page.waitForEvent("filechooser");
    await visit.button(texts.attach).click();
    await (await chosen).setFiles({
      name: "blackboard.png",
      mimeType: "image/png",
      buffer: photo(1600, 1200),
    });
    await visit.page.locator(".attachment-name").first().waitFor();
  },
};

async function longPress({ page }: Visit, message: ReturnType<Visit["message"]>): Promise<void> {
  const box = await message.boundingBox();
  if (box === null) throw new Error("the message is not visible");
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByRole("menu").or(page.getByRole("dialog")).first().waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

async function take({ page }: Visit, name: string): Promise<void> {
  await page.evaluate("document.fonts.ready");
  const session = await page.context().newCDPSession(page);
  const options = { format: "webp", quality: 60 } as const;
  const { data } = await session.send("Page.captureScreenshot", options);
  writeFileSync(join(FOLDER, `${name}.webp`), Buffer.from(data, "base64"));
  process.stderr.write(`drew docs/states/${name}.webp\n`);
}

async function playLesson(sandbox: Sandbox, served: Served): Promise<HeadlessUser[]> {
  const names = ["Bu_Sari", "ana", "ben", "cleo", "hana", "ivan", "joko", "kiki"];
  const users: HeadlessUser[] = [];
  for (const name of names) users.push(await HeadlessUser.open(served, name));
  const [teacher, ana, ben] = users as [HeadlessUser, HeadlessUser, HeadlessUser];
  await teacher.tab.ask("join", { room: "math", create: true });
  for (const { tab } of users.slice(1)) await tab.ask("join", { room: "math" });
  await teacher.tab.ask("topic", { room: "math", topic: "Fractions, homework and questions" });
  await teacher.post(HOMEWORK, "math");
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "dewi", CHAT_PASSWORD: PASSWORD };
  const dewi = sandbox.home("dewi").with(env);
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

mkdirSync(FOLDER, { recursive: true });
const wanted = process.argv.slice(2);
const isWanted = (state: string) => wanted.length === 0 || wanted.includes(state);
if (wanted.length === 0) rmSync(FOLDER, { recursive: true });
mkdirSync(FOLDER, { recursive: true });
const browser = new Browser([]);
await browser.start();
try {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12", "--posts-per-second", "1000"] });
  const users = await playLesson(sandbox, served);
  for (const { look, language, isDark } of LOOKS) {
    const texts = await loadTexts(look === "light" ? "en" : "id");
    for (const size of WIDTHS) {
      const name = (state: string) => `${state}-${size.width}-${look}`;
      const options = { ...size, language, isDark };
      await using mia = await browser.visit(pageAddress(served), options);
      await mia.page.locator("#enter-name").fill("mia");
      if (isWanted("enter")) await take(mia, name("enter"));
      await mia.logIn("mia", { password: PASSWORD });
      await mia.send("/join math");
      await mia.heading("#math").waitFor();
      for (const [state, act] of Object.entries(STATES)) {
        if (!isWanted(state)) continue;
        await act(mia, texts);
        await take(mia, name(state));
        await mia.page.goto(`${new URL(pageAddress(served)).origin}/#/math`);
        await mia.page.reload();
        await mia.heading("#math").waitFor();
      }
      if (!isWanted("server")) continue;
      const link = String(served.listening["operatorLink"]);
      await using olga = await browser.visit(link, options);
      await olga.logIn(`olga${size.width}${look}`);
      const drawer = olga.button(new RegExp(`^${texts.openRooms}`)).first();
      if (await drawer.isVisible()) await drawer.click();
      await olga.page.locator(".me-button").waitFor();
      await olga.button(texts.dashboard).first().click();
      await olga.page.getByRole("tab").first().waitFor();
      await take(olga, name("server"));
    }
  }
  for (const { tab } of users) tab.close();
} finally {
  await browser.stop();
}
