/**
 * Performance of the page in a real browser on this machine: `bun bench/page.ts [--quick] [PART…]`
 * with the parts size, starts, frames, scrolls and uploads. Needs Chromium and dist/chat.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox, type Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/scenery.ts";
import { Talker } from "../test/page/talk.ts";
import { BareBrowser, type BareWindow, type TraceEvent } from "./bare-browser.ts";
import {
  PICTURE_EVERY,
  PictureSender,
  runTraffic,
  serveWithHistory,
  type Traffic,
} from "./page-messages.ts";
import { measureScroll } from "./page-scroll.ts";

const isQuick = process.argv.includes("--quick");
const STARTS = isQuick ? 5 : 15;
const FRAMES_MS = isQuick ? 4_000 : 15_000;
const UPLOAD_BYTES = isQuick ? 128 << 20 : 512 << 20;
const UPLOADS = isQuick ? 1 : 3;
const POSTS_PER_SECOND = 200;
const SCROLL_MESSAGES = 100_000;
/** A fast swipe. The quick run exceeds the limit of Android to save minutes. */
const SCROLL_PX_PER_SECOND = isQuick ? 12_000 : 4_000;
/** Frame duration at 60 Hz. */
const FRAME_MS = 16.7;

function at(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Measures the compressed size of everything loaded before log-in. */
async function measureSize(served: Served): Promise<void> {
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const headers = { "accept-encoding": "br" };
  const bytesOf = async (path: string) => {
    const url = new URL(path, String(served.listening["web"]));
    const response = await fetch(url, { headers, tls, decompress: false });
    return { response, bytes: (await response.arrayBuffer()).byteLength };
  };
  const page = await bytesOf("/");
  const text = await (await fetch(String(served.listening["web"]), { tls })).text();
  const paths = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(
    ([, path = ""]) => path,
  );
  const assets = await Promise.all(paths.map(bytesOf));
  const total = assets.reduce((sum, { bytes }) => sum + bytes, page.bytes);
  print(`compressed before use: ${(total / 1000).toFixed(1)} kB in ${1 + assets.length} files`);
}

/**
 * Measures the time until the log-in form of a first visit, and until the room of a returning user.
 */
async function measureStarts(browser: BareBrowser, served: Served): Promise<void> {
  const fresh: number[] = [];
  const known: number[] = [];
  const shifts: number[] = [];
  const MARK = `window.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shift += value;
  }).observe({ type: "layout-shift", buffered: true });
  new MutationObserver(() => {
    if (document.querySelector("#enter-name")) window.fieldAt ??= performance.now();
    if (document.querySelector(".composer textarea")) window.roomAt ??= performance.now();
  }).observe(document, { childList: true, subtree: true });`;
  for (let i = 0; i < STARTS; i++) {
    const window = await browser.visit(pageAddress(served), MARK);
    await window.waitForElement("#enter-name");
    fresh.push(await window.evaluate<number>("window.fieldAt"));
    shifts.push(await window.evaluate<number>("window.shift"));
    await window.logIn(`starter${i}`);
    await window.reload();
    await window.waitForElement(".composer textarea");
    known.push(await window.evaluate<number>("window.roomAt"));
    await window.waitForElement("article, .said");
    shifts.push(await window.evaluate<number>("window.shift"));
    await window.close();
  }
  const told = (all: readonly number[]) =>
    `median ${at(all, 0.5).toFixed(0)} ms, p95 ${at(all, 0.95).toFixed(0)} ms`;
  print(`interactive, first visit: ${told(fresh)}`);
  print(`interactive, in the room again: ${told(known)}`);
  print(`layout shift until then: at most ${Math.max(...shifts).toFixed(3)}`);
}

const TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];

/** Returns the main thread's CPU milliseconds between commits of frames. */
function ownFrameTimes(traced: readonly TraceEvent[]): readonly number[] {
  const whole = traced.filter(({ ph }) => ph === "X");
  const threads = Object.values(Object.groupBy(whole, ({ pid, tid }) => `${pid}/${tid}`));
  const framesOf = (events: readonly TraceEvent[] = []) =>
    events.filter(({ name }) => name === "Commit").map(({ ts }) => ts);
  const [main = []] = threads.sort((a, b) => framesOf(b).length - framesOf(a).length);
  const frames = framesOf(main).sort((a, b) => a - b);
  const works = frames.map(() => 0);
  const tasks = main.filter(({ name }) => name === "ThreadControllerImpl::RunTask");
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    const frame = frames.findIndex((at) => at >= ts && at <= ts + dur);
    const next = frame >= 0 ? frame : frames.findIndex((at) => at > ts);
    if (next >= 0) works[next] = (works[next] ?? 0) + tdur / 1000;
  }
  return works;
}

/** Measures work per frame and time between frames while messages arrive. */
async function measureFrames(
  browser: BareBrowser,
  sandbox: Sandbox,
  served: Served,
): Promise<void> {
  const window = await browser.visit(pageAddress(served));
  await window.logIn("watcher");
  const talker = await Talker.open(served, "talker");
  const sendPicture = await (await PictureSender.open(sandbox, served)).startSending();
  const talk: Traffic = {
    sender: talker,
    sendPicture,
    perSecond: POSTS_PER_SECOND,
    durationMs: FRAMES_MS,
  };
  await talker.says("begins");
  await window.waitForElement("article.message");
  const before = await threadTimeMs(window);
  const measured = recordFrames(window);
  await runTraffic(talk);
  const { gaps, works } = await measured;
  const own = (await threadTimeMs(window)) - before;
  const traced = await browser.trace(TRACED, () => runTraffic(talk));
  talker.tab.close();
  await window.close();
  const told = (name: string, all: readonly number[]) =>
    print(
      `${name} at ${POSTS_PER_SECOND} messages/s: ` +
        [0.5, 0.95, 0.99].map((p) => `p${p * 100} ${at(all, p).toFixed(1)} ms`).join(", "),
    );
  print(`of ${POSTS_PER_SECOND} messages/s, with Markdown, one in ${PICTURE_EVERY} is a picture`);
  told("work in a frame", works);
  told("of that the page's own", ownFrameTimes(traced));
  print(`own time of the page for each frame: ${(own / gaps.length).toFixed(1)} ms on average`);
  told("between frames", gaps);
  const late = gaps.filter((gap) => gap > 1.5 * FRAME_MS).length;
  print(
    `frames that came late: ${((100 * late) / gaps.length).toFixed(1)} % ` +
      `(the screen draws every ${FRAME_MS} ms: between two frames it is never less)`,
  );
}

/** Returns CPU milliseconds of the page's thread, which do not include other load. */
async function threadTimeMs(window: BareWindow): Promise<number> {
  await window.ask("Performance.enable", { timeDomain: "threadTicks" });
  const { metrics } = await window.ask<{
    readonly metrics: readonly { readonly name: string; readonly value: number }[];
  }>("Performance.getMetrics", {});
  return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
}

interface FrameTimes {
  readonly gaps: readonly number[];
  readonly works: readonly number[];
}

/** Records frames. A message posted at the start of a frame arrives when the frame is drawn. */
function recordFrames(window: BareWindow): Promise<FrameTimes> {
  return window.evaluate<FrameTimes>(`new Promise((resolve) => {
    const gaps = [], works = [], end = performance.now() + ${FRAMES_MS};
    const channel = new MessageChannel();
    let began = 0, last = 0;
    channel.port1.onmessage = () => works.push(performance.now() - began);
    const frame = (now) => {
      if (last > 0) gaps.push(now - last);
      last = now;
      began = performance.now();
      channel.port2.postMessage(0);
      if (began < end) requestAnimationFrame(frame);
      else resolve({ gaps, works });
    };
    requestAnimationFrame(frame);
  })`);
}

async function measureScrolling(browser: BareBrowser, sandbox: Sandbox): Promise<void> {
  const served = await serveWithHistory(sandbox, SCROLL_MESSAGES);
  const first = "number 0,";
  const told = await measureScroll(browser, served, SCROLL_PX_PER_SECOND, first);
  const { steps, px, seconds, blank, late, rowsMax } = told;
  const way = `${(px / 1e6).toFixed(1)} million px in ${seconds.toFixed(0)} s`;
  print(
    `scrolled through ${SCROLL_MESSAGES} messages, one in ${PICTURE_EVERY} a picture, at ` +
      `${SCROLL_PX_PER_SECOND} px/s: ${way}`,
  );
  print(`steps of it: ${steps}, of them blank ${blank}; at most ${rowsMax} rows were drawn`);
  print(`blank after a step that this machine made longer than any quick finger's: ${late}`);
}

/**
 * Writes the content instead of setting the size, so that the first reader does not pay for
 * allocating pages.
 */
async function writeUpload(path: string): Promise<void> {
  const writer = Bun.file(path).writer();
  const part = new Uint8Array(1 << 20).fill(7);
  for (let at = 0; at < UPLOAD_BYTES; at += part.length) {
    writer.write(part);
    await writer.flush();
  }
  await writer.end();
}

/** Uploads equal files alternately from the page and the command line. */
async function measureUploads(
  browser: BareBrowser,
  sandbox: Sandbox,
  served: Served,
): Promise<void> {
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const window = await browser.visit(pageAddress(served));
  await window.logIn("uploader");
  const [page, line]: [number[], number[]] = [[], []];
  for (let i = 0; i < UPLOADS; i++) {
    const path = sandbox.path(`page${i}.bin`);
    await writeUpload(path);
    const began = performance.now();
    await window.attach(path);
    await window.waitForElement(".attachments");
    await window.evaluate("document.querySelector('.send-button').click()");
    await window.waitForElement(`[aria-label="File page${i}.bin"]`);
    page.push(UPLOAD_BYTES / 1e3 / (performance.now() - began));
    const begun = performance.now();
    await tom.json(["send-file", path, "--to", "lobby"]);
    line.push(UPLOAD_BYTES / 1e3 / (performance.now() - begun));
  }
  await window.close();
  const [byPage, byLine] = [at(page, 0.5), at(line, 0.5)];
  print(
    `upload: page ${byPage.toFixed(0)} MB/s, command line ${byLine.toFixed(0)} MB/s, ` +
      `ratio ${(byPage / byLine).toFixed(2)}`,
  );
}

const named = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const isWanted = (part: string) => named.length === 0 || named.includes(part);
const browser = await BareBrowser.start();
try {
  await using sandbox = new Sandbox();
  const limits = ["--posts-per-second", "1000000"];
  const served = await sandbox.serve({ args: limits });
  if (isWanted("size")) await measureSize(served);
  if (isWanted("starts")) await measureStarts(browser, served);
  if (isWanted("frames")) await measureFrames(browser, sandbox, served);
  if (isWanted("uploads")) await measureUploads(browser, sandbox, served);
  await served.program.signal("SIGTERM");
  if (isWanted("scrolls")) await measureScrolling(browser, sandbox);
} finally {
  await browser.stop();
}
