/**
 * `bun bench/wall.ts [SECONDS]`: a wall with 300 people, 40 raised hands and a poll of 10 options.
 * Measures frames per second while votes arrive, the CPU of the wall's browser at rest and during
 * the votes, and the server's time per vote with and without the wall.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Sandbox } from "../test/e2e/program.ts";
import { until } from "../test/event.ts";
import { Browser } from "../test/page/browser.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import { HeadlessUser } from "../test/page/headless-user.ts";
import { print } from "./harness.ts";

const PEOPLE = 300;
const HANDS = 40;
const OPTIONS = 10;
const VOTES_PER_SECOND = 10;
const TICKS_PER_SECOND = 100;
const SECONDS = Number(process.argv[2] ?? 20);
const ROOM = "hall";

const FRAMES = `(() => {
  window.frames = { count: 0, longestMs: 0 };
  let before = performance.now();
  const draw = (now) => {
    window.frames.count++;
    window.frames.longestMs = Math.max(window.frames.longestMs, now - before);
    before = now;
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
})()`;

/** User and system time of a process in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** All processes below one, such as those of a browser. */
function below(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1] ?? "";
      parents.set(Number(name), Number(stat.split(" ")[1]));
    } catch (error) {
      // The process has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  const found = [root];
  for (const parent of found) {
    for (const [pid, of] of parents) if (of === parent) found.push(pid);
  }
  return found.slice(1);
}

function browserCpu(): number {
  return below(process.pid)
    .filter((pid) => /chrom/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")))
    .reduce((sum, pid) => sum + cpuOf(pid), 0);
}

await using sandbox = new Sandbox();
const served = await sandbox.serve({ args: ["--posts-per-second", "1000000"] });
const server = below(process.pid)[0] ?? 0;
const people: HeadlessUser[] = [];
for (let i = 0; i < PEOPLE; i++) people.push(await HeadlessUser.open(served, `p${i}`));
const [teacher] = people as [HeadlessUser];
await teacher.tab.ask("join", { room: ROOM, create: true });
for (const { tab } of people.slice(1)) await tab.ask("join", { room: ROOM });
for (const { tab } of people.slice(1, HANDS + 1)) await tab.ask("hand", { room: ROOM, on: true });
const options = Array.from({ length: OPTIONS }, (_, i) => `${i + 1}. option ${i + 1}`);
const question = ["What is next?", ...options].join("\n");
const seq = await teacher.post(question, ROOM, { poll: { options: OPTIONS } });

/** Everybody changes the vote in turn, for as long as the measurement takes. */
async function vote(seconds: number): Promise<{ votes: number; serverMs: number }> {
  const before = cpuOf(server);
  const started = performance.now();
  let votes = 0;
  while (performance.now() - started < seconds * 1_000) {
    const { tab } = people[1 + (votes % (PEOPLE - 1))] as HeadlessUser;
    await tab.ask("vote", { seq, choices: [1 + ((votes * 7) % OPTIONS)] });
    votes++;
    const due = started + (votes * 1_000) / VOTES_PER_SECOND;
    await Bun.sleep(Math.max(0, due - performance.now()));
  }
  return { votes, serverMs: (1_000 * (cpuOf(server) - before)) / votes };
}

const without = await vote(SECONDS);
const browser = new Browser([]);
await browser.start();
const visit = await browser.visit(pageAddress(served), { width: 1920, height: 1080 });
const { page } = visit;
await visit.logIn("sari", { password: "a long password" });
await page.emulateMedia({ reducedMotion: "no-preference" });
await visit.send(`/join ${ROOM}`);
await visit.heading(`#${ROOM}`).waitFor();
await teacher.tab.ask("grant", { room: ROOM, user: "sari", on: true });
await page.evaluate(`location.hash = "#/${ROOM}/wall"`);
await page.getByText(`${PEOPLE + 1} here`).waitFor();
await page.locator(".wall-poll").waitFor();
await page.evaluate(FRAMES);
await until("the wall rests", async () => {
  const before = browserCpu();
  await Bun.sleep(2_000);
  return browserCpu() - before < 1;
});

async function measured<Result>(act: () => Promise<Result>) {
  await page.evaluate("window.frames.count = 0; window.frames.longestMs = 0");
  const [cpu, started] = [browserCpu(), performance.now()];
  const result = await act();
  const seconds = (performance.now() - started) / 1_000;
  const frames = await page.evaluate<{ count: number; longestMs: number }>("window.frames");
  const percent = (100 * (browserCpu() - cpu)) / seconds;
  const rate = (frames.count / seconds).toFixed(1);
  const longest = `longest ${frames.longestMs.toFixed(0)} ms`;
  const text = `${rate} frames/s, ${longest}, ${percent.toFixed(1)} % of a core`;
  return { result, text };
}

const rest = await measured(() => Bun.sleep(SECONDS * 1_000));
const votes = await measured(() => vote(SECONDS));
// Without a loop of frames, which alone costs more than a wall at rest.
await page.reload();
await page.getByText(`${PEOPLE + 1} here`).waitFor();
await Bun.sleep(5_000);
const idle = browserCpu();
await Bun.sleep(SECONDS * 1_000);
const idlePercent = (100 * (browserCpu() - idle)) / SECONDS;
print(`at rest, with a loop of frames: ${rest.text}`);
print(`${VOTES_PER_SECOND} votes/s, with a loop of frames: ${votes.text}`);
print(`at rest: ${idlePercent.toFixed(1)} % of a core`);
const ms = (n: number) => `${n.toFixed(2)} ms`;
print(`server per vote: ${ms(without.serverMs)}, with the wall ${ms(votes.result.serverMs)}`);
for (const { tab } of people) tab.close();
await visit.context.close();
await browser.stop();
process.exit(0);
