/** Response times of the page on a laptop and on a phone, whose CPU is four times slower. */
import type { Sandbox, Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import { HeadlessUser } from "../test/page/headless-user.ts";
import type { BareBrowser, BareWindow } from "./bare-browser.ts";
import { FIRST_TEXT, sampleText, serveWithHistory } from "./page-messages.ts";
import { percentile, saveSample } from "./samples.ts";

const LOBBY_MESSAGES = 10_000;
const CLASS_MESSAGES = 5_000;
/** Each account may create a hundred an hour. */
const HOME_ROOMS = 200;
const ROOMS_PER_TEACHER = 100;
/** A fast swipe. */
const HOME_PX_PER_SECOND = 4_000;
const HOME_PX = 8_000;
const OPENINGS = 7;
const KEYS = 60;
const KEY_INTERVAL_MS = 100;
const SCROLL_PX_PER_SECOND = 12_000;
const GESTURE_MS = 4_000;
const GESTURES = 4;
/** The page is idle after this long without a new download. */
const IDLE_MS = 1_500;

interface Device {
  readonly name: string;
  readonly cpuRate: number;
  readonly width: number;
  readonly height: number;
  readonly mobile: boolean;
}

const DEVICES: readonly Device[] = [
  { name: "laptop", cpuRate: 1, width: 1_280, height: 800, mobile: false },
  { name: "phone", cpuRate: 4, width: 390, height: 844, mobile: true },
];

/** Resolves after the frame in which `isDone` becomes true has been drawn. */
const DRAWN_SCRIPT = `window.drawn = (isDone) => new Promise((resolve) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => resolve(performance.now());
  const frame = () => {
    if (isDone()) channel.port2.postMessage(0);
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});
window.shows = (text) =>
  [...document.querySelectorAll("article.message")].some((row) => row.textContent.includes(text));`;

export async function measureDevices(browser: BareBrowser, sandbox: Sandbox): Promise<void> {
  const served = await serveWithHistory(sandbox, LOBBY_MESSAGES);
  const sender = await HeadlessUser.open(served, "teacher");
  await sender.tab.ask("join", { room: "class", create: true });
  for (const device of DEVICES) await measureDevice(browser, sandbox, served, sender, device);
  sender.tab.close();
}

async function measureDevice(
  browser: BareBrowser,
  sandbox: Sandbox,
  served: Served,
  sender: HeadlessUser,
  device: Device,
): Promise<void> {
  const window = await browser.visit("about:blank", DRAWN_SCRIPT);
  const { cpuRate, name, ...screen } = device;
  await window.call("Emulation.setDeviceMetricsOverride", { ...screen, deviceScaleFactor: 1 });
  await window.call("Emulation.setCPUThrottlingRate", { rate: cpuRate });
  const report = (subject: string, values: Readonly<Record<string, number>>) => {
    const figures = Object.entries(values).map(([key, value]) => `${key} ${value.toFixed(1)}`);
    process.stdout.write(`${name}: ${subject}: ${figures.join(", ")}\n`);
    saveSample({ table: "page", row: { name: subject, device: name }, values });
  };
  await window.call("Page.navigate", { url: pageAddress(served) });
  await window.waitForElement("#enter-name");
  const beforeFormKb = await downloadedKb(window);
  await window.logIn(`pupil-${name}`);
  report("downloaded", { beforeFormKb, untilIdleKb: await downloadedKb(window) });
  // A phone begins in the list, which keeps keys from the room below.
  await openRoom(window, "lobby");
  await window.evaluate("document.querySelector('.newest button:last-child')?.click()");
  report("heap at start", { mb: await heapMb(window) });

  report("key to frame", await keyTimes(window));
  await joinClass(window, name);
  await openRoom(window, "lobby");
  await sender.postMany(CLASS_MESSAGES, (n) => sampleText(n), "class");
  await window.evaluate("new Promise((resolve) => setTimeout(resolve, 2_000))");
  report("open 5,000", { ms: await openRoom(window, "class") });
  const reopened: number[] = [];
  for (let i = 0; i < OPENINGS; i++) {
    await openRoom(window, "lobby");
    reopened.push(await openRoom(window, "class"));
  }
  report("reopen", { ms: percentile(reopened, 0.5) });
  await openRoom(window, "lobby");
  const distance = Math.round((SCROLL_PX_PER_SECOND * GESTURE_MS) / 1_000);
  const upwards = Array<number>(GESTURES).fill(distance);
  report(
    "frames while scrolling",
    await scrollTimes(window, ".list", SCROLL_PX_PER_SECOND, upwards),
  );
  await window.evaluate("document.querySelector('.newest button:last-child')?.click()");
  report("go to the first message", { ms: await goToFirst(window) });
  report("heap after 10,000", { mb: await heapMb(window) });
  await addToRooms(sandbox, served, name);
  await window.evaluate("document.querySelector('.room-head .only-narrow')?.click()");
  await window.evaluate(
    `drawn(() => document.querySelectorAll(".room-line").length >= ${HOME_ROOMS})`,
  );
  const toAndFro = [-HOME_PX, HOME_PX, -HOME_PX, HOME_PX];
  const frames = await scrollTimes(window, ".room-lists", HOME_PX_PER_SECOND, toAndFro);
  report(`frames of a list of ${HOME_ROOMS} rooms`, frames);
  await window.close();
}

async function addToRooms(sandbox: Sandbox, served: Served, device: string): Promise<void> {
  for (let first = 0; first < HOME_ROOMS; first += ROOMS_PER_TEACHER) {
    const name = `rooms${first}-${device}`;
    const teacher = await HeadlessUser.open(served, name);
    const grant = ["admin", "grant", name, "--data", served.data];
    await sandbox.home("admin").json(grant);
    for (let i = first; i < first + ROOMS_PER_TEACHER; i++) {
      const room = `${device}-${i}`;
      await teacher.tab.ask("join", { room, create: true });
      await teacher.tab.ask("add", { room, user: `pupil-${device}` });
      await teacher.postMany(1, () => sampleText(i), room);
    }
    teacher.tab.close();
  }
}

async function joinClass(window: BareWindow, name: string): Promise<void> {
  await window.evaluate("document.querySelector('.composer textarea').focus()");
  await window.call("Input.insertText", { text: "/join class" });
  await pressEnter(window);
  await window.waitForElement('.room-line[data-target="class"]');
  await window.evaluate(`drawn(() => shows("${name}") || document.querySelector(".said"))`);
}

async function pressEnter(window: BareWindow): Promise<void> {
  // Sends on a phone, too, where Enter alone starts a line.
  const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, modifiers: 2 };
  await window.call("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key });
  await window.call("Input.dispatchKeyEvent", { type: "keyUp", ...key });
}

/** Milliseconds from the click to the first frame with a message of the room. */
function openRoom(window: BareWindow, room: string): Promise<number> {
  return window.evaluate<number>(`(async () => {
    await drawn(() => true);
    const startedAt = performance.now();
    document.querySelector('.room-line[data-target="${room}"]').click();
    const message = '.timeline[aria-label$="${room}"] article.message';
    return (await drawn(() => document.querySelector(message) !== null)) - startedAt;
  })()`);
}

async function keyTimes(window: BareWindow): Promise<Record<string, number>> {
  await window.evaluate(`{
    window.keys = [];
    document.querySelector(".composer textarea").focus();
    document.addEventListener("keydown", (event) => {
      void drawn(() => true).then((at) => keys.push(at - event.timeStamp));
    }, { capture: true });
  }`);
  for (let i = 0; i < KEYS; i++) {
    const key = { key: "a", code: "KeyA", windowsVirtualKeyCode: 65 };
    await window.call("Input.dispatchKeyEvent", { type: "keyDown", text: "a", ...key });
    await window.call("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    await Bun.sleep(KEY_INTERVAL_MS);
  }
  const all = await window.evaluate<number[]>("keys");
  await window.evaluate("document.querySelector('.composer textarea').select()");
  return { p50Ms: percentile(all, 0.5), p95Ms: percentile(all, 0.95) };
}

/** @param distances in px, downwards if negative */
async function scrollTimes(
  window: BareWindow,
  list: string,
  speed: number,
  distances: readonly number[],
): Promise<Record<string, number>> {
  const recorded = window.evaluate<number[]>(`new Promise((resolve) => {
    window.gaps = [];
    window.isScrolled = false;
    let last = 0;
    const frame = (now) => {
      if (last > 0) gaps.push(now - last);
      last = now;
      if (window.isScrolled) resolve(gaps);
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);
  const { x, y } = await window.evaluate<{ x: number; y: number }>(`(() => {
    const { left, top, width, height } = document.querySelector("${list}").getBoundingClientRect();
    return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
  })()`);
  for (const yDistance of distances) {
    const gesture = { x, y, yDistance, speed, gestureSourceType: "mouse" };
    await window.call("Input.synthesizeScrollGesture", gesture);
  }
  await window.evaluate("window.isScrolled = true");
  const gaps = await recorded;
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map((share) => percentile(gaps, share));
  const maxMs = Math.max(...gaps);
  return { frames: gaps.length, p50Ms: p50Ms ?? 0, p95Ms: p95Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs };
}

function goToFirst(window: BareWindow): Promise<number> {
  return window.evaluate<number>(`(async () => {
    await drawn(() => document.querySelector(".newest") === null);
    const startedAt = performance.now();
    const list = document.querySelector(".list");
    list.focus();
    list.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
    const isFirst = () => {
      if (shows(${JSON.stringify(FIRST_TEXT)})) return true;
      if (performance.now() - startedAt > 2_000) list.scrollTop = 0;
      return false;
    };
    return (await drawn(isFirst)) - startedAt;
  })()`);
}

async function heapMb(window: BareWindow): Promise<number> {
  await window.call("HeapProfiler.collectGarbage", {});
  const { usedSize } = await window.call<{ readonly usedSize: number }>("Runtime.getHeapUsage", {});
  return usedSize / 1e6;
}

/** Compressed bytes and headers of all downloads, once the page is idle. */
function downloadedKb(window: BareWindow): Promise<number> {
  return window.evaluate<number>(`new Promise((resolve) => {
    const entries = () => [
      ...performance.getEntriesByType("navigation"),
      ...performance.getEntriesByType("resource"),
    ];
    let count = 0;
    const check = () => {
      const now = entries();
      if (now.length > count) setTimeout(check, ${IDLE_MS});
      else resolve(now.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1_000);
      count = now.length;
    };
    check();
  })`);
}
