/**
 * Keys in the finder among many names: `bun bench/finder.ts`. Measures the engine and the search in
 * loaded messages alone, and the page in Chromium from a key to the frame with its results, on a
 * laptop and on a phone, whose CPU is four times slower.
 */

import type { RoomId } from "../src/base/ids.ts";
import type { ChatRecord } from "../src/core/client/chat-record.ts";
import { Finder } from "../src/core/finder/finder.ts";
import { MessageFinder } from "../src/core/finder/messages.ts";
import type { ModelEvent } from "../src/core/model/event.ts";
import type { Model } from "../src/core/model/state.ts";
import { emptyModel, updateAll } from "../src/core/model/update.ts";
import { placeRows } from "../src/ui/finder/places.ts";
import { parseFinder, searchOf } from "../src/ui/finder/query.ts";
import { ENGLISH } from "../src/ui/messages/en/page.ts";
import { Sandbox, type Served } from "../test/e2e/program.ts";
import { pageAddress } from "../test/page/fixtures.ts";
import { HeadlessUser } from "../test/page/headless-user.ts";
import { BareBrowser, type BareWindow } from "./bare-browser.ts";
import { forEachConcurrently, print } from "./harness.ts";
import { FAST } from "./page-messages.ts";
import { RawClient } from "./raw-client.ts";
import { percentile, saveSample } from "./samples.ts";

const PEOPLE = 2_000;
const ROOMS = 300;
/** Each account may create a hundred an hour. */
const ROOMS_PER_TEACHER = 100;
const MESSAGES = 100_000;
const CONCURRENT_CONNECTS = 50;
const ROWS = 50;
const ONLINE = 50;
const COMPOSER_KEYS = 60;
const ROUNDS = 4;
/** Longer than the pause after which the page asks the server. */
const QUERY_PAUSE_MS = 400;
/** The page's scripts, or the rows before typing, are there. */
const SETTLE_MS = 2_000;
const KEY_INTERVAL_MS = 120;
const FIRST_NAMES = [
  "ayu",
  "budi",
  "citra",
  "dewi",
  "doni",
  "eko",
  "fajar",
  "gita",
  "hana",
  "joko",
];
const QUERIES = ["volcano tuesday", "budi 17", "mathem", "room 7", "zzzz", "e", "who is here"];
const DEVICES = [
  { name: "laptop", cpuRate: 1, width: 1_280, height: 800, mobile: false },
  { name: "phone", cpuRate: 4, width: 390, height: 844, mobile: true },
];

const nameOf = (i: number) => `${FIRST_NAMES[i % FIRST_NAMES.length]}${i}`;
const roomOf = (i: number) => `mathematics-${i}`;

function report(subject: string, times: readonly number[]): void {
  const values = { p50Ms: percentile(times, 0.5), p95Ms: percentile(times, 0.95) };
  print(`${subject}: p50 ${values.p50Ms.toFixed(1)} ms, p95 ${values.p95Ms.toFixed(1)} ms`);
  saveSample({ table: "finder", row: { name: subject }, values });
}

function timed(search: (typed: string) => void): number[] {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const query of QUERIES) {
      for (let length = 1; length <= query.length; length++) {
        const startedAt = performance.now();
        search(query.slice(0, length));
        if (round > 0) times.push(performance.now() - startedAt);
      }
    }
  }
  return times;
}

function manyNames(): Model {
  const rooms = Array.from({ length: ROOMS }, (_, i): ModelEvent => {
    return {
      kind: "room",
      room: `r${i}` as RoomId,
      name: roomOf(i),
      topic: "volcano",
      n: 0,
      skipped: 0,
      read: 0,
    } as ModelEvent;
  });
  const members = Array.from({ length: PEOPLE }, (_, i) => ({
    name: nameOf(i),
    displayName: `Person ${i}`,
    isOnline: i % 3 === 0,
    role: "member",
  }));
  const records = Array.from({ length: MESSAGES }, (_, i): ModelEvent => {
    const room = { kind: "room", id: `r${i % ROOMS}`, name: roomOf(i % ROOMS) };
    const at = { seq: i + 2, n: Math.floor(i / ROOMS) + 1, timeUnixMs: 1_000_000 + i, room };
    const body = { text: `message ${i}: the second run of the volcano is done, see you at lunch` };
    const from = nameOf(i % PEOPLE);
    return {
      kind: "record",
      record: { ...at, kind: "text", from, id: "", state: "whole", body } as unknown as ChatRecord,
    };
  });
  const events = [
    { kind: "entered", user: "ana" },
    ...rooms,
    { kind: "caught-up" },
    { kind: "members", room: "r0", members },
    ...records,
  ] as readonly ModelEvent[];
  return updateAll(emptyModel(), events).model;
}

function measureEngine(): void {
  const model = manyNames();
  const loaded = [...model.rooms.values()].reduce((sum, { tail }) => sum + tail.items.length, 0);
  const rows = placeRows(model, ENGLISH);
  const finder = new Finder(rows);
  report(
    `engine, ${rows.length} names`,
    timed((typed) => void finder.search(typed)),
  );
  const messages = new MessageFinder();
  const context = { open: undefined, nowUnixMs: 0, offsetMinutes: () => 0 } as never;
  const find = (typed: string) => {
    const query = searchOf(parseFinder(typed).text, context);
    if (query !== undefined) messages.find(model, query, ROWS);
  };
  report(`loaded messages, ${loaded}`, timed(find));
}

/** Registers everybody, of whom some stay online. */
async function registerPeople(served: Served): Promise<void> {
  await forEachConcurrently(CONCURRENT_CONNECTS, [0, PEOPLE], async (i) => {
    const client = await RawClient.register(Number(served.port), nameOf(i));
    if (i >= ONLINE) client.close();
  });
}

async function addToRooms(sandbox: Sandbox, served: Served, device: string): Promise<void> {
  for (let first = 0; first < ROOMS; first += ROOMS_PER_TEACHER) {
    const name = `t${first}-${device}`;
    const teacher = await HeadlessUser.open(served, name);
    await sandbox.home("admin").json(["admin", "grant", name, "--data", served.data]);
    for (let i = first; i < first + ROOMS_PER_TEACHER; i++) {
      const room = `${roomOf(i)}-${device}`;
      await teacher.tab.ask("join", { room, create: true });
      await teacher.tab.ask("add", { room, user: `pupil-${device}` });
      await teacher.postMany(1, () => `the volcano of ${i}, every Tuesday`, room);
    }
    teacher.tab.close();
  }
}

async function press(window: BareWindow, letter: string): Promise<void> {
  await window.call("Input.dispatchKeyEvent", { type: "keyDown", key: letter, text: letter });
  await window.call("Input.dispatchKeyEvent", { type: "keyUp", key: letter });
  await Bun.sleep(KEY_INTERVAL_MS);
}

/** Times from each key to the frame after it. */
const KEYS_SCRIPT = `window.keys = [];
document.addEventListener("keydown", (event) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => keys.push(performance.now() - event.timeStamp);
  requestAnimationFrame(() => channel.port2.postMessage(0));
}, { capture: true });`;

async function measureDevice(
  browser: BareBrowser,
  sandbox: Sandbox,
  served: Served,
  { cpuRate, name, ...screen }: (typeof DEVICES)[number],
): Promise<void> {
  const window = await browser.visit("about:blank", KEYS_SCRIPT);
  await window.call("Emulation.setDeviceMetricsOverride", { ...screen, deviceScaleFactor: 1 });
  await window.call("Page.navigate", { url: pageAddress(served) });
  await window.waitForElement("#enter-name");
  await Bun.sleep(SETTLE_MS);
  await window.logIn(`pupil-${name}`);
  await addToRooms(sandbox, served, name);
  await window.call("Emulation.setCPUThrottlingRate", { rate: cpuRate });
  await Bun.sleep(SETTLE_MS);

  await window.evaluate("document.querySelector('.composer textarea').focus(); keys.length = 0");
  for (let i = 0; i < COMPOSER_KEYS; i++) await press(window, "a");
  report(`${name}, composer: a key to its frame`, await window.evaluate<number[]>("keys"));

  const open = { key: "k", code: "KeyK", windowsVirtualKeyCode: 75, modifiers: 2 };
  await window.call("Input.dispatchKeyEvent", { type: "rawKeyDown", ...open });
  await window.waitForElement("[role=combobox]");
  await Bun.sleep(SETTLE_MS);
  for (let round = 0; round < ROUNDS; round++) {
    // In the first round, code is compiled and texts are folded.
    if (round === 1) await window.evaluate("keys.length = 0");
    for (const query of QUERIES) {
      await window.evaluate("document.activeElement.select()");
      for (const letter of query) await press(window, letter);
      await Bun.sleep(QUERY_PAUSE_MS);
    }
  }
  report(`${name}, finder: a key to its frame`, await window.evaluate<number[]>("keys"));
  await window.close();
}

async function measurePage(): Promise<void> {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open", ...FAST] });
  await registerPeople(served);
  const browser = await BareBrowser.start();
  for (const device of DEVICES) await measureDevice(browser, sandbox, served, device);
  await browser.stop();
}

measureEngine();
await measurePage();
