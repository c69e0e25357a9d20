/**
 * What the page costs, in a real browser on this machine: `bun bench/page.ts [--quick]`. Needs
 * Chromium and dist/chat.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox, type Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/scenery.ts";
import { Talker } from "../test/page/talk.ts";
import { BareBrowser, type BareWindow, type TraceEvent } from "./bare-browser.ts";

const isQuick = process.argv.includes("--quick");
const STARTS = isQuick ? 5 : 15;
const FRAMES_MS = isQuick ? 4_000 : 15_000;
const UPLOAD_BYTES = isQuick ? 128 << 20 : 512 << 20;
const UPLOADS = isQuick ? 1 : 3;
const POSTS_PER_SECOND = 200;
const SCROLLED = isQuick ? 5_000 : 100_000;
const SCROLL_PX_PER_SECOND = 4_000;
const SCROLL_PX = 20_000;
/** Nine frames late, and as much as the page draws ahead. */
const STEP_PX_MAX = 600;
/** At 60 Hz. */
const FRAME_MS = 16.7;

function at(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** All that comes over the line before somebody can come in, as it comes: compressed. */
async function size(served: Served): Promise<void> {
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

/** From nothing in the cache to a form that takes a name; and to the room for who is known. */
async function starts(browser: BareBrowser, served: Served): Promise<void> {
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
    await window.sees("#enter-name");
    fresh.push(await window.evaluate<number>("window.fieldAt"));
    shifts.push(await window.evaluate<number>("window.shift"));
    await window.enter(`starter${i}`);
    await window.reload();
    await window.sees(".composer textarea");
    known.push(await window.evaluate<number>("window.roomAt"));
    await window.sees("article, .said");
    shifts.push(await window.evaluate<number>("window.shift"));
    await window.close();
  }
  const told = (all: readonly number[]) =>
    `median ${at(all, 0.5).toFixed(0)} ms, p95 ${at(all, 0.95).toFixed(0)} ms`;
  print(`interactive, first visit: ${told(fresh)}`);
  print(`interactive, in the room again: ${told(known)}`);
  print(`layout shift until then: at most ${Math.max(...shifts).toFixed(3)}`);
}

/** What people write, with marks, names and addresses. */
function words(n: number): string {
  const kinds = [
    `number ${n}, as long as people write them.`,
    `**number ${n}**, and \`code\` of it, _as_ they say`,
    `@watcher look at https://example.org/${n} and #lobby`,
    `> number ${n}\n- one\n- two`,
  ];
  return kinds[n % kinds.length] ?? "";
}

async function talks(talker: Talker): Promise<void> {
  const posts: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; performance.now() - began < FRAMES_MS; ) {
    const due = ((performance.now() - began) / 1000) * POSTS_PER_SECOND;
    for (; n < due; n++) posts.push(talker.says(words(n)));
    await Bun.sleep(5);
  }
  await Promise.all(posts);
}

const TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];

/** Of the thread's own time, from one frame that was handed over to the next. */
function ownFrames(traced: readonly TraceEvent[]): readonly number[] {
  const whole = traced.filter(({ ph }) => ph === "X");
  const threads = Object.values(Object.groupBy(whole, ({ pid, tid }) => `${pid}/${tid}`));
  const framesOf = (events: readonly TraceEvent[] = []) =>
    events.filter(({ name }) => name === "Commit").map(({ ts }) => ts);
  const [main = []] = threads.sort((one, other) => framesOf(other).length - framesOf(one).length);
  const frames = framesOf(main).sort((one, other) => one - other);
  const works = frames.map(() => 0);
  const tasks = main.filter(({ name }) => name === "ThreadControllerImpl::RunTask");
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    const frame = frames.findIndex((at) => at >= ts && at <= ts + dur);
    const next = frame >= 0 ? frame : frames.findIndex((at) => at > ts);
    if (next >= 0) works[next] = (works[next] ?? 0) + tdur / 1000;
  }
  return works;
}

/**
 * Up through many messages, as by a quick finger. What is drawn when a scroll is told is what was
 * shown at the new place until then: where it ends, the screen was blank.
 */
async function scrolls(browser: BareBrowser, served: Served): Promise<void> {
  const talker = await Talker.open(served, "writer");
  await talker.fills(SCROLLED, words);
  const window = await browser.visit(pageAddress(served));
  await window.enter("reader");
  await window.sees("article.message");
  await window.evaluate(`{
    const list = document.querySelector(".list");
    window.scrolled = { steps: 0, far: 0, blank: 0 };
    let before = list.scrollTop;
    list.addEventListener("scroll", () => {
      const { top, bottom } = list.getBoundingClientRect();
      const rows = [...list.firstElementChild.children]
        .filter(({ style }) => style.visibility !== "hidden")
        .map((row) => row.getBoundingClientRect());
      const covered = Math.max(...rows.map((row) => row.bottom)) >= bottom - 1 &&
        Math.min(...rows.map((row) => row.top)) <= top + 1;
      const px = Math.abs(list.scrollTop - before);
      before = list.scrollTop;
      window.scrolled.steps += 1;
      if (px > ${STEP_PX_MAX}) window.scrolled.far += 1;
      else if (!covered && list.scrollTop > 1) window.scrolled.blank += 1;
    }, { capture: true });
  }`);
  for (const way of [1, 1, 1, -1, 1]) {
    await window.ask("Input.synthesizeScrollGesture", {
      x: 600,
      y: 400,
      yDistance: way * SCROLL_PX,
      speed: SCROLL_PX_PER_SECOND,
      gestureSourceType: "mouse",
    });
  }
  type Steps = Readonly<Record<"steps" | "far" | "blank", number>>;
  const { steps, far, blank } = await window.evaluate<Steps>("scrolled");
  print(`steps of a scroll through ${SCROLLED} messages: ${steps}, of them blank ${blank}`);
  print(`not counted, since this machine let them become longer than any quick finger's: ${far}`);
  talker.tab.close();
  await window.close();
}

/** Time that the page works for each frame, and between frames, while others talk. */
async function frames(browser: BareBrowser, served: Served): Promise<void> {
  const window = await browser.visit(pageAddress(served));
  await window.enter("watcher");
  const talker = await Talker.open(served, "talker");
  await talker.says("begins");
  await window.sees("article.message");
  const before = await ownMs(window);
  const measured = measure(window);
  await talks(talker);
  const { gaps, works } = await measured;
  const own = (await ownMs(window)) - before;
  const traced = await browser.trace(TRACED, () => talks(talker));
  talker.tab.close();
  await window.close();
  const told = (name: string, all: readonly number[]) =>
    print(
      `${name} at ${POSTS_PER_SECOND} messages/s: ` +
        [0.5, 0.95, 0.99].map((p) => `p${p * 100} ${at(all, p).toFixed(1)} ms`).join(", "),
    );
  told("work in a frame", works);
  told("of that the page's own", ownFrames(traced));
  print(`own time of the page for each frame: ${(own / gaps.length).toFixed(1)} ms on average`);
  told("between frames", gaps);
  const late = gaps.filter((gap) => gap > 1.5 * FRAME_MS).length;
  print(
    `frames that came late: ${((100 * late) / gaps.length).toFixed(1)} % ` +
      `(the screen draws every ${FRAME_MS} ms: between two frames it is never less)`,
  );
}

/** What the page's thread has worked: unlike all others it does not grow with what runs beside. */
async function ownMs(window: BareWindow): Promise<number> {
  await window.ask("Performance.enable", { timeDomain: "threadTicks" });
  const { metrics } = await window.ask<{
    readonly metrics: readonly { readonly name: string; readonly value: number }[];
  }>("Performance.getMetrics", {});
  return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
}

interface Frames {
  readonly gaps: readonly number[];
  readonly works: readonly number[];
}

/** A message sent to itself at the frame's beginning comes when the frame is drawn. */
function measure(window: BareWindow): Promise<Frames> {
  return window.evaluate<Frames>(`new Promise((resolve) => {
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

/** Written, not only sized: else whoever reads it first pays for its pages. */
async function fill(path: string): Promise<void> {
  const writer = Bun.file(path).writer();
  const part = new Uint8Array(1 << 20).fill(7);
  for (let at = 0; at < UPLOAD_BYTES; at += part.length) {
    writer.write(part);
    await writer.flush();
  }
  await writer.end();
}

/** The same bytes by the page and by the command line, in turns. */
async function uploads(browser: BareBrowser, sandbox: Sandbox, served: Served): Promise<void> {
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "x" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const window = await browser.visit(pageAddress(served));
  await window.enter("uploader");
  const [page, line]: [number[], number[]] = [[], []];
  for (let i = 0; i < UPLOADS; i++) {
    const path = sandbox.path(`page${i}.bin`);
    await fill(path);
    const began = performance.now();
    await window.attach(path);
    await window.sees(".attachments");
    await window.evaluate("document.querySelector('.send-button').click()");
    await window.sees(`[aria-label="File page${i}.bin"]`);
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

const browser = await BareBrowser.start();
try {
  await using sandbox = new Sandbox();
  const limits = ["--posts-per-second", "1000000"];
  const served = await sandbox.serve({ args: limits });
  await size(served);
  await starts(browser, served);
  await frames(browser, served);
  await scrolls(browser, served);
  await uploads(browser, sandbox, served);
} finally {
  await browser.stop();
}
