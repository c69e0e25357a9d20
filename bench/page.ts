/**
 * Performance of the page in Chromium: `bun bench/page.ts [--quick] [PART…]` with the parts size,
 * starts, frames, devices, scrolls and uploads.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox, type Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import { HeadlessUser } from "../test/page/headless-user.ts";
import { BareBrowser, type BareWindow, type TraceEvent } from "./bare-browser.ts";
import { print } from "./harness.ts";
import { measureDevices } from "./page-devices.ts";
import {
  FAST,
  FIRST_TEXT,
  PICTURE_EVERY,
  PictureSender,
  runTraffic,
  serveWithHistory,
  type Traffic,
} from "./page-messages.ts";
import { measureScroll } from "./page-scroll.ts";
import { percentile, saveSample } from "./samples.ts";

const isQuick = process.argv.includes("--quick");
const STARTS = isQuick ? 5 : 15;
const FRAMES_MS = isQuick ? 4_000 : 15_000;
const UPLOAD_BYTES = isQuick ? 128 << 20 : 512 << 20;
const UPLOADS = isQuick ? 1 : 3;
const POSTS_PER_SECOND = 200;
const SCROLL_MESSAGES = isQuick ? 10_000 : 100_000;
/** Three times Android's fastest swipe. */
const SCROLL_PX_PER_SECOND = 12_000;
const FRAME_MS = 16.7;

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

async function measureStarts(browser: BareBrowser, served: Served): Promise<void> {
  const fresh: number[] = [];
  const returning: number[] = [];
  const layoutShifts: number[] = [];
  const OBSERVER_SCRIPT = `window.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shift += value;
  }).observe({ type: "layout-shift", buffered: true });
  new MutationObserver(() => {
    if (document.querySelector("#enter-name")) window.fieldAt ??= performance.now();
    if (document.querySelector(".composer textarea")) window.roomAt ??= performance.now();
  }).observe(document, { childList: true, subtree: true });`;
  for (let i = 0; i < STARTS; i++) {
    const window = await browser.visit(pageAddress(served), OBSERVER_SCRIPT);
    await window.waitForElement("#enter-name");
    fresh.push(await window.evaluate<number>("window.fieldAt"));
    layoutShifts.push(await window.evaluate<number>("window.shift"));
    await window.logIn(`starter${i}`);
    await window.reload();
    await window.waitForElement(".composer textarea");
    returning.push(await window.evaluate<number>("window.roomAt"));
    await window.waitForElement("article, .said");
    layoutShifts.push(await window.evaluate<number>("window.shift"));
    await window.close();
  }
  const format = (all: readonly number[]) =>
    `median ${percentile(all, 0.5).toFixed(0)} ms, p95 ${percentile(all, 0.95).toFixed(0)} ms`;
  print(`interactive, first visit: ${format(fresh)}`);
  print(`interactive, returning user: ${format(returning)}`);
  print(`maximum layout shift: ${Math.max(...layoutShifts).toFixed(3)}`);
}

const TRACE_CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];

function ownFrameTimes(traced: readonly TraceEvent[]): readonly number[] {
  const completeEvents = traced.filter(({ ph }) => ph === "X");
  const threads = Object.values(Object.groupBy(completeEvents, ({ pid, tid }) => `${pid}/${tid}`));
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

async function measureFrames(
  browser: BareBrowser,
  sandbox: Sandbox,
  served: Served,
): Promise<void> {
  const window = await browser.visit(pageAddress(served));
  await window.logIn("watcher");
  const sender = await HeadlessUser.open(served, "talker");
  const sendPicture = await (await PictureSender.open(sandbox, served)).startSending();
  const traffic: Traffic = {
    sender,
    sendPicture,
    perSecond: POSTS_PER_SECOND,
    durationMs: FRAMES_MS,
  };
  await sender.post("begins");
  await window.waitForElement("article.message");
  const before = await threadTimeMs(window);
  const measured = recordFrames(window);
  await runTraffic(traffic);
  const { gaps, works } = await measured;
  const cpuMs = (await threadTimeMs(window)) - before;
  const traced = await browser.trace(TRACE_CATEGORIES, () => runTraffic(traffic));
  sender.tab.close();
  await window.close();
  const report = (name: string, all: readonly number[]) =>
    print(
      `${name} at ${POSTS_PER_SECOND} messages/s: ` +
        [0.5, 0.95, 0.99].map((p) => `p${p * 100} ${percentile(all, p).toFixed(1)} ms`).join(", "),
    );
  print(`${POSTS_PER_SECOND} messages/s with Markdown, one in ${PICTURE_EVERY} with a picture`);
  report("work per frame", works);
  const ownMs = ownFrameTimes(traced);
  report("CPU time of the main thread per frame", ownMs);
  saveSample({
    table: "page",
    row: { name: "frames" },
    values: { p95Ms: percentile(ownMs, 0.95) },
  });
  print(`CPU time of the page per frame: ${(cpuMs / gaps.length).toFixed(1)} ms on average`);
  report("time between frames", gaps);
  const late = gaps.filter((gap) => gap > 1.5 * FRAME_MS).length;
  print(
    `late frames: ${((100 * late) / gaps.length).toFixed(1)} % ` +
      `(the display refreshes every ${FRAME_MS} ms)`,
  );
}

async function threadTimeMs(window: BareWindow): Promise<number> {
  await window.call("Performance.enable", { timeDomain: "threadTicks" });
  const { metrics } = await window.call<{
    readonly metrics: readonly { readonly name: string; readonly value: number }[];
  }>("Performance.getMetrics", {});
  return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
}

interface FrameTimes {
  readonly gaps: readonly number[];
  readonly works: readonly number[];
}

function recordFrames(window: BareWindow): Promise<FrameTimes> {
  return window.evaluate<FrameTimes>(`new Promise((resolve) => {
    const gaps = [], works = [], end = performance.now() + ${FRAMES_MS};
    const channel = new MessageChannel();
    let startedAt = 0, last = 0;
    channel.port1.onmessage = () => works.push(performance.now() - startedAt);
    const frame = (now) => {
      if (last > 0) gaps.push(now - last);
      last = now;
      startedAt = performance.now();
      channel.port2.postMessage(0);
      if (startedAt < end) requestAnimationFrame(frame);
      else resolve({ gaps, works });
    };
    requestAnimationFrame(frame);
  })`);
}

async function measureScrolling(browser: BareBrowser, sandbox: Sandbox): Promise<void> {
  const served = await serveWithHistory(sandbox, SCROLL_MESSAGES);
  const result = await measureScroll(browser, served, SCROLL_PX_PER_SECOND, FIRST_TEXT);
  const { steps, px, seconds, blank, late, rowsMax } = result;
  saveSample({ table: "page", row: { name: "scroll" }, values: { steps, blank, late } });
  const distance = `${(px / 1e6).toFixed(1)} million px in ${seconds.toFixed(0)} s`;
  print(
    `scrolled through ${SCROLL_MESSAGES} messages, one in ${PICTURE_EVERY} a picture, at ` +
      `${SCROLL_PX_PER_SECOND} px/s: ${distance}`,
  );
  print(`${steps} scroll steps, ${blank} of them blank; at most ${rowsMax} rows were rendered`);
  print(`blank after steps that this machine delayed: ${late}`);
}

async function writeUpload(path: string): Promise<void> {
  const writer = Bun.file(path).writer();
  const part = new Uint8Array(1 << 20).fill(7);
  for (let at = 0; at < UPLOAD_BYTES; at += part.length) {
    writer.write(part);
    await writer.flush();
  }
  await writer.end();
}

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
  const [page, cli]: [number[], number[]] = [[], []];
  for (let i = 0; i < UPLOADS; i++) {
    const path = sandbox.path(`page${i}.bin`);
    await writeUpload(path);
    const startedAt = performance.now();
    await window.attach(path);
    await window.waitForElement(".attachments");
    await window.evaluate("document.querySelector('.send-button').click()");
    await window.waitForElement(`[aria-label="File page${i}.bin"]`);
    page.push(UPLOAD_BYTES / 1e3 / (performance.now() - startedAt));
    const cliStartedAt = performance.now();
    await tom.json(["send-file", path, "--to", "lobby"]);
    cli.push(UPLOAD_BYTES / 1e3 / (performance.now() - cliStartedAt));
  }
  await window.close();
  const [byPage, byCli] = [percentile(page, 0.5), percentile(cli, 0.5)];
  print(
    `upload: page ${byPage.toFixed(0)} MB/s, command line ${byCli.toFixed(0)} MB/s, ` +
      `ratio ${(byPage / byCli).toFixed(2)}`,
  );
}

const selected = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const isSelected = (part: string) => selected.length === 0 || selected.includes(part);
const browser = await BareBrowser.start();
try {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: FAST });
  if (isSelected("size")) await measureSize(served);
  if (isSelected("starts")) await measureStarts(browser, served);
  if (isSelected("frames")) await measureFrames(browser, sandbox, served);
  if (isSelected("uploads")) await measureUploads(browser, sandbox, served);
  await served.program.signal("SIGTERM");
  if (isSelected("devices")) await measureDevices(browser, sandbox);
  if (isSelected("scrolls")) await measureScrolling(browser, sandbox);
} finally {
  await browser.stop();
}
