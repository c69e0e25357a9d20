import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Texts } from "../../src/ui/messages/en/page.ts";
import { loadTexts } from "../../src/web/browser/texts.ts";
import { type Home, Sandbox, type Served } from "../../test/e2e/program.ts";
import { Browser } from "../../test/page/browser.ts";
import { pageAddress, photo } from "../../test/page/fixtures.ts";
import { HeadlessUser } from "../../test/page/headless-user.ts";
import type { Visit } from "../../test/page/visit.ts";

/**
 * Part of `npm run picture`: takes pictures of twelve states of the page, at three widths, in light
 * and English and in dark and Indonesian, and draws one contact sheet for each width and look in
 * docs/pictures/. Needs Chromium. STATES_FOLDER receives the single pictures. Arguments are names
 * of states, of which no sheet is drawn.
 */

const SHEETS = join(import.meta.dir, "../../docs/pictures");
const FOLDER = process.env["STATES_FOLDER"];
/** Keeps the repository small: six sheets replace 72 pictures. */
const SHEET_BYTES_MAX = 200_000;
const SHEET_GAP_PX = 12;
const WIDTHS = [
  { width: 360, height: 740, isPhone: true, columns: 6, sheetWidth: 300 },
  { width: 820, height: 1180, isPhone: true, columns: 4, sheetWidth: 450 },
  { width: 1280, height: 800, columns: 3, sheetWidth: 600 },
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

/** Takes the states of one width and look. */
class Sheet {
  readonly #name: string;
  readonly #pictures: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  async take({ page }: Visit, state: string): Promise<void> {
    await page.evaluate("document.fonts.ready");
    const session = await page.context().newCDPSession(page);
    const options = { format: "webp", quality: 80 } as const;
    const { data } = await session.send("Page.captureScreenshot", options);
    this.#pictures.push(data);
    if (FOLDER !== undefined) write(FOLDER, `${state}-${this.#name}`, data);
  }

  async draw({ page }: Visit, columns: number, width: number): Promise<void> {
    await page.goto("about:blank");
    const drawn = await page.evaluate<string>(`(async () => {
      const images = await Promise.all(${JSON.stringify(this.#pictures)}.map((data) =>
        createImageBitmap(new Blob([Uint8Array.fromBase64(data)]))));
      const height = Math.round((images[0].height * ${width}) / images[0].width);
      const [stepX, stepY] = [${width + SHEET_GAP_PX}, height + ${SHEET_GAP_PX}];
      const rows = Math.ceil(images.length / ${columns});
      const canvas = new OffscreenCanvas(${columns} * stepX, rows * stepY);
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.fillStyle = "gray";
      context.fillRect(0, 0, canvas.width, canvas.height);
      images.forEach((image, i) => context.drawImage(
        image, (i % ${columns}) * stepX, Math.floor(i / ${columns}) * stepY, ${width}, height));
      for (let quality = 0.8; ; quality -= 0.1) {
        const blob = await canvas.convertToBlob({ type: "image/webp", quality });
        if (blob.size > ${SHEET_BYTES_MAX} && quality > 0.2) continue;
        return new Uint8Array(await blob.arrayBuffer()).toBase64();
      }
    })()`);
    write(SHEETS, `page-${this.#name}`, drawn);
  }
}

function write(folder: string, name: string, base64: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.webp`);
  writeFileSync(path, Buffer.from(base64, "base64"));
  process.stderr.write(`drew ${path}\n`);
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

const wanted = process.argv.slice(2);
const isWanted = (state: string) => wanted.length === 0 || wanted.includes(state);
const browser = new Browser([]);
await browser.start();
try {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12", "--posts-per-second", "1000"] });
  const users = await playLesson(sandbox, served);
  for (const { look, language, isDark } of LOOKS) {
    const texts = await loadTexts(look === "light" ? "en" : "id");
    for (const { columns, sheetWidth, ...size } of WIDTHS) {
      const sheet = new Sheet(`${size.width}-${look}`);
      const options = { ...size, language, isDark };
      await using mia = await browser.visit(pageAddress(served), options);
      await mia.page.locator("#enter-name").fill("mia");
      if (isWanted("enter")) await sheet.take(mia, "enter");
      await mia.logIn("mia", { password: PASSWORD });
      await mia.send("/join math");
      await mia.heading("#math").waitFor();
      for (const [state, act] of Object.entries(STATES)) {
        if (!isWanted(state)) continue;
        await mia.page.locator("article img").nth(2).waitFor();
        await act(mia, texts);
        await sheet.take(mia, state);
        await mia.page.goto(`${new URL(pageAddress(served)).origin}/#/math`);
        await mia.page.reload();
        await mia.heading("#math").waitFor();
      }
      if (isWanted("server")) {
        await using olga = await browser.visit(pageAddress(served), options);
        await olga.logIn("olga", { password: PASSWORD });
        const drawer = olga.button(new RegExp(`^${texts.openRooms}`)).first();
        if (await drawer.isVisible()) await drawer.click();
        await olga.page.locator(".me-button").waitFor();
        await olga.button(texts.dashboard).first().click();
        await olga.page.getByRole("tab").first().waitFor();
        await sheet.take(olga, "server");
      }
      if (wanted.length === 0) await sheet.draw(mia, columns, sheetWidth);
    }
  }
  for (const { tab } of users) tab.close();
} finally {
  await browser.stop();
}
