/**
 * `npm run soak -- lesson [FOLDER]`: plays a lesson of 45 minutes, the correction of its 30
 * hand-ins by keys, and an office's stand-up, in a few minutes. 30 people, two walls, a phone that
 * steers, a pupil's phone and two terminals take part. FOLDER, by default a new temporary one,
 * receives pictures of every five minutes. Fails if a text is missing, if parts of a wall cover
 * each other, or if a key does not act. Needs Chromium and tmux.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { print } from "../../bench/harness.ts";
import { CHAT } from "../../test/e2e/binary.ts";
import { Sandbox, type Served } from "../../test/e2e/program.ts";
import { until } from "../../test/event.ts";
import { Browser } from "../../test/page/browser.ts";
import { secretOf } from "../../test/page/fixtures.ts";
import { HeadlessUser } from "../../test/page/headless-user.ts";
import type { Visit } from "../../test/page/visit.ts";

const FOLDER = process.argv[2] ?? mkdtempSync(join(tmpdir(), "chat-lesson-"));
const PASSWORD = "correct horse battery";
const OFFLINE_TIMEOUT_MS = 120_000;
const PUPILS = 30;
const ROOM = "mathematics";
const WORK = "essay";
const OFFICE = "stand-up";
const HOST =
  Object.values(networkInterfaces())
    .flatMap((list = []) => list)
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
/** Names that screens must bear: the longest one, right to left, shared first names, one letter. */
const DISPLAY_NAMES = [
  "Muhammad Raka Adityawarman Kusumanegara",
  "عبد الرحمن بن عوف الأنصاري",
  "Dewi Anggraini",
  "Dewi Lestari",
  "Ö",
  "שרה כהן",
  ...["Ayu Lestari", "Budi Santoso", "Citra Dewi", "Doni Saputra", "Eko Prasetyo"],
  ...["Fajar Hidayat", "Gita Wulandari", "Hana Pertiwi", "Indah Sari", "Joko Susilo"],
] as const;

/** Programs in windows of tmux. */
class Terminals {
  readonly #socket = `chat-lesson-${process.pid}`;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly served: Served,
  ) {}

  open(user: string, ...args: readonly string[]): void {
    const home = this.sandbox.home(user).environment;
    const { invite } = this.served;
    const env = { ...home, CHAT_INVITE: invite, CHAT_USER: user, CHAT_PASSWORD: PASSWORD };
    const entries = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const size = ["-x", "100", "-y", "30"];
    this.#tmux("new-session", "-d", "-s", user, ...size, "env", ...entries, CHAT, ...args);
  }

  async show(user: string, text: string): Promise<void> {
    await until(`${user} sees ${text}`, () => this.screen(user).includes(text));
  }

  screen(user: string): string {
    return this.#tmux("capture-pane", "-p", "-t", user);
  }

  key(user: string, ...keys: readonly string[]): void {
    this.#tmux("send-keys", "-t", user, ...keys);
  }

  /** Also if none was opened. */
  close(): void {
    Bun.spawnSync(["tmux", "-L", this.#socket, "kill-server"]);
  }

  #tmux(...args: readonly string[]): string {
    const command = ["tmux", "-L", this.#socket, "-f", "/dev/null", ...args];
    const { success, stdout, stderr } = Bun.spawnSync(command);
    if (!success) throw new Error(`tmux ${args.join(" ")}: ${stderr}`);
    return stdout.toString();
  }
}

interface Screens {
  readonly visits: Readonly<Record<string, Visit>>;
  readonly terminals: Terminals;
}

/** Parts of a wall that cover each other, or that the frame cuts. */
const OVERLAPS = `(() => {
  const parts = [...document.querySelectorAll(".wall > :not(.wall-stage), .wall-stage > *")];
  const frame = document.querySelector(".wall")?.getBoundingClientRect();
  const boxes = parts.map((part) => [part.className, part.getBoundingClientRect()]);
  const found = [];
  for (const [i, [name, a]] of boxes.entries()) {
    if (a.bottom > frame.bottom + 1 || a.right > frame.right + 1) found.push(name + " is cut");
    for (const [other, b] of boxes.slice(i + 1)) {
      const isApart = a.bottom < b.top + 1 || b.bottom < a.top + 1 ||
        a.right < b.left + 1 || b.right < a.left + 1;
      if (!isApart) found.push(name + " covers " + other);
    }
  }
  return found;
})()`;

async function takePictures(name: string, { visits, terminals }: Screens): Promise<void> {
  for (const [screen, { page }] of Object.entries(visits)) {
    await page.evaluate("document.fonts.ready");
    await page.screenshot({ path: join(FOLDER, `${name}-${screen}.png`) });
    const overlaps =
      screen === "hd" || screen === "xga" ? await page.evaluate<string[]>(OVERLAPS) : [];
    if (overlaps.length > 0) throw new Error(`${name}-${screen}: ${overlaps.join(", ")}`);
  }
  for (const user of ["sari", "raka"]) {
    writeFileSync(join(FOLDER, `${name}-terminal-${user}.txt`), terminals.screen(user));
  }
  print(`${name}: ${Object.keys(visits).join(", ")}, 2 terminals`);
}

/** Waits until all walls show it. */
async function onWalls(walls: readonly Visit[], find: (visit: Visit) => Locator): Promise<void> {
  await Promise.all(walls.map((wall) => find(wall).first().waitFor()));
}

async function openAt({ page }: Visit, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

async function playLesson(
  { visits, terminals }: Screens,
  pupils: readonly HeadlessUser[],
): Promise<void> {
  const { hd, xga, steer } = visits as { hd: Visit; xga: Visit; steer: Visit };
  const walls = [hd, xga];
  const text = (words: string | RegExp) => onWalls(walls, ({ page }) => page.getByText(words));
  const minute = (n: number) => takePictures(`lesson-${`${n}`.padStart(2, "0")}`, screens);
  const screens = { visits, terminals };
  for (const wall of walls) await openAt(wall, `#/${ROOM}/wall`);
  await openAt(steer, `#/${ROOM}`);
  await steer.page.locator(".room-head button").last().click();
  await steer.menuItem("Show on the wall").click();
  const scene = (name: string) => steer.page.getByRole("radio", { name }).click();
  await scene("Door");
  for (const { tab } of pupils.slice(0, 7)) await tab.ask("join", { room: ROOM });
  await onWalls(walls, ({ page }) => page.locator(".wall-arrive"));
  await minute(0);

  for (const { tab } of pupils.slice(7)) await tab.ask("join", { room: ROOM });
  await scene("Live");
  await terminals.show("sari", `#${ROOM}`);
  terminals.key("sari", "-l", "/wall line Fractions. Page 34, numbers 1 to 5");
  terminals.key("sari", "Enter");
  await text("Fractions. Page 34");
  await minute(5);

  for (const { tab } of pupils.slice(0, 12)) await tab.ask("hand", { room: ROOM, on: true });
  await text(/and \d+ more/);
  await minute(10);

  await hd.page.keyboard.press("n");
  await text("Speaks");
  await xga.page.keyboard.press("ArrowRight");
  await onWalls(walls, ({ page }) => page.locator(".wall-call[aria-label]").getByText("Speaks"));
  const options = ["Two fifths", "Five sixths", "One half", "لا أعرف"];
  const question = ["What is 1/2 + 1/3?", ...options.map((one, i) => `${i + 1}. ${one}`)];
  const teacher = pupils[0] as HeadlessUser;
  const open = await teacher.post(question.join("\n"), ROOM, { poll: { options: 4 } });
  for (const [i, { tab }] of pupils.slice(0, 18).entries()) {
    await tab.ask("vote", { seq: open, choices: [1 + (i % 5 === 0 ? 0 : i % 4)] });
  }
  await text("18 of");
  await minute(15);

  await teacher.tab.ask("poll", { seq: open });
  await text("Poll closed");
  await minute(20);

  const many = Array.from({ length: 10 }, (_, i) => `${i + 1}. Topic ${i + 1} of the next weeks`);
  const hidden = await teacher.post(["What is next?", ...many].join("\n"), ROOM, {
    poll: { options: 10, hide: "end" },
  });
  for (const [i, { tab }] of pupils.entries()) {
    await tab.ask("vote", { seq: hidden, choices: [1 + ((i * i) % 10)] });
  }
  await text("Votes show when the poll ends");
  await text(`${PUPILS} of`);
  await minute(25);

  await teacher.tab.ask("poll", { seq: hidden });
  await onWalls(walls, ({ page }) => page.locator(".wall-bar.is-first"));
  for (const { tab } of pupils.slice(12)) await tab.ask("hand", { room: ROOM, on: true });
  await minute(30);

  await scene("Timer");
  terminals.key("sari", "-l", "/wall timer 10m");
  terminals.key("sari", "Enter");
  await text(/^(?:10:00|9:\d\d)$/);
  await minute(35);

  await scene("Lesson");
  await onWalls(walls, ({ page }) => page.locator(".wall:not(.is-task)"));
  await hd.context.setOffline(true);
  // A link that only loses its packets is dead after two pings.
  await hd.page.getByText("No connection since").waitFor({ timeout: OFFLINE_TIMEOUT_MS });
  await minute(40);
  await hd.context.setOffline(false);
  await hd.page.getByText("No connection since").waitFor({ state: "detached" });
  await steer.page.getByRole("button", { name: "Take down" }).click();
  await text("Not shown any more");
  await minute(45);
}

/** @returns the number of keys */
async function correct(desk: Visit, pupils: readonly HeadlessUser[]): Promise<number> {
  const { page } = desk;
  for (const [i, pupil] of pupils.entries()) {
    const text = `Essay ${i}. We went by bus. `.repeat(1 + (i % 9) * 8);
    await pupil.tab.ask("join", { room: WORK });
    await pupil.post(text, `${WORK}@p${i}`);
  }
  await openAt(desk, `#/${WORK}`);
  await desk.button("Handed in").click();
  await page.getByRole("rowheader").first().getByRole("button").click();
  const names = page.getByRole("navigation", { name: "People of this assignment" });
  let keys = 0;
  const press = async (key: string) => {
    keys++;
    await page.keyboard.press(key);
  };
  const started = performance.now();
  for (let done = 0; done < pupils.length; done++) {
    const current = names.locator("[aria-current]");
    const open = await current.textContent();
    // Three of four have a stamp with a word, the others only "seen".
    if (done % 4 !== 3) {
      await press(done % 4 === 2 ? "1" : "2");
      await current.getByText("Done", { exact: true }).waitFor();
    }
    await press("d");
    if (done < pupils.length - 1) {
      await until("the next work is open", async () => (await current.textContent()) !== open);
    }
    if (done === 9) await page.screenshot({ path: join(FOLDER, "desk-10.png") });
  }
  await page.getByText("All work is answered.").waitFor();
  await page.screenshot({ path: join(FOLDER, "desk-30.png") });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  print(`${pupils.length} hand-ins: ${keys} keys, ${seconds} s without reading`);
  return keys;
}

async function playStandUp(
  { visits, terminals }: Screens,
  people: readonly HeadlessUser[],
): Promise<number> {
  const { hd, xga, steer } = visits as { hd: Visit; xga: Visit; steer: Visit };
  const walls = [hd, xga];
  for (const { tab } of people) await tab.ask("join", { room: OFFICE });
  for (const wall of walls) await openAt(wall, `#/${OFFICE}/wall`);
  await openAt(steer, `#/${OFFICE}`);
  await steer.page.locator(".room-head button").last().click();
  await steer.menuItem("Show on the wall").click();
  await onWalls(walls, ({ page }) => page.locator(".wall-here"));
  await takePictures("stand-up-0", { visits, terminals });
  await steer.button("Start a round").click();
  await onWalls(walls, ({ page }) => page.locator(".wall-round .is-now"));
  const poll = "Release 2.4 on Tuesday?\n1. Tuesday\n2. After the load test";
  const seq = await people[0]?.post(poll, OFFICE, { poll: { options: 2 } });
  for (const { tab } of people) await tab.ask("vote", { seq: seq ?? 0, choices: [1] });
  await onWalls(walls, ({ page }) => page.getByText(`${people.length} of`));
  await takePictures("stand-up-1", { visits, terminals });
  const count = await hd.page.locator(".wall-round > li").count();
  for (let turn = 1; turn < count; turn++) {
    await hd.page.keyboard.press("n");
    const now = (visit: Visit) =>
      visit.page.locator(`.wall-round > .is-now:nth-child(${turn + 1})`);
    await onWalls(walls, now);
    if (turn === 3) await takePictures("stand-up-3", { visits, terminals });
  }
  await hd.page.keyboard.press("n");
  await Promise.all(walls.map((w) => w.page.locator(".wall-round").waitFor({ state: "detached" })));
  await takePictures("stand-up-9", { visits, terminals });
  print(`a round of ${count}: ${count} keys`);
  return count;
}

mkdirSync(FOLDER, { recursive: true });
const browser = new Browser([]);
await browser.start();
await using sandbox = new Sandbox();
const data = sandbox.path("data");
const program = sandbox.start([
  ...["serve", "--host", "0.0.0.0", "--port", "0", "--json", "--data", data],
  ...["--name", "SMP 4 Bandung", "--posts-per-second", "1000000"],
]);
const listening = await program.json("listening");
const port = Number(listening["port"]);
const served: Served = {
  program,
  listening,
  port,
  data,
  address: `127.0.0.1:${port}`,
  invite: String(listening["invite"]),
  fingerprint: String(listening["fingerprint"]),
};
const terminals = new Terminals(sandbox, served);
try {
  const address = `https://${HOST}:${served.port}/#invite=${secretOf(served)}`;
  const visit = async (user: string, options: object): Promise<Visit> => {
    const opened = await browser.visit(address, options);
    await opened.logIn(user, { password: PASSWORD });
    return opened;
  };
  const hd = await visit("sari", { width: 1920, height: 1080 });
  for (const room of [ROOM, WORK, OFFICE]) await hd.createRoom(room);
  await openAt(hd, `#/${WORK}`);
  await hd.heading(`#${WORK}`).waitFor();
  await hd.send("/rules post private due 2020-01-02");
  const phone = { width: 390, height: 844, isPhone: true };
  const visits = {
    hd,
    xga: await visit("sari", { width: 1024, height: 768, isDark: true }),
    steer: await visit("sari", phone),
    pupil: await visit("raka", phone),
  };
  const pupils: HeadlessUser[] = [];
  for (let i = 0; i < PUPILS; i++) {
    const pupil = await HeadlessUser.open(served, `p${i}`);
    const text = DISPLAY_NAMES[i];
    if (text !== undefined) await pupil.tab.ask("display-name", { text });
    pupils.push(pupil);
  }
  await openAt(visits.pupil, `#/${ROOM}`);
  await visits.pupil.dialog(`Join #${ROOM}`).getByRole("button", { name: "Join" }).click();
  for (const user of ["sari", "raka"]) terminals.open(user, "join", "--room", ROOM);
  await terminals.show("sari", `#${ROOM}`);
  const screens = { visits, terminals };
  await playLesson(screens, pupils);
  await correct(await visit("sari", { width: 1440, height: 900 }), pupils);
  await playStandUp(screens, pupils.slice(6, 11));
  for (const { tab } of pupils) tab.close();
  print(`pictures in ${FOLDER}`);
} finally {
  terminals.close();
  await browser.stop();
}
process.exit(0);
