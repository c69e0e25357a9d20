/**
 * Memory of unread calls: `bun bench/calls.ts [--pairs 100000]`. Notes one call for each of so many
 * accounts and rooms, in a new process for each shape, and does it again: the second table can use
 * the free memory of the process, as on a server. Loading measures what a start reads from
 * `calls.json`.
 */
import { parseArgs } from "node:util";
import * as v from "valibot";
import { type RoomId, roomId, type UserId, userId } from "../src/base/ids.ts";
import { CALLS, Calls } from "../src/core/calls/calls.ts";
import { print } from "./harness.ts";
import { saveSample } from "./samples.ts";

const SHAPES = { "1,000 accounts in 100 rooms": 100, "100,000 accounts in 1 room": 1 } as const;
const AUTHORS = 10;

const { values } = parseArgs({
  options: { pairs: { type: "string", default: "100000" }, rooms: { type: "string" } },
});
const PAIRS = Number(values.pairs);

function randomIds<Id>(count: number, idOf: (bytes: Uint8Array) => Id): readonly Id[] {
  return Array.from({ length: count }, () => idOf(crypto.getRandomValues(new Uint8Array(8))));
}

function memory(): { readonly heap: number; readonly process: number } {
  Bun.gc(true);
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, process: rss };
}

function noteAll(
  rooms: readonly RoomId[],
  users: readonly UserId[],
  authors: readonly UserId[],
): Calls {
  const calls = new Calls();
  for (let i = 0; i < PAIRS; i++) {
    const room = rooms[i % rooms.length] as RoomId;
    const user = users[Math.floor(i / rooms.length)] as UserId;
    const by = authors[i % AUTHORS] as UserId;
    calls.add(room, user, { seq: i + 1, n: i + 1, reason: "mention", by });
  }
  return calls;
}

function measure(rooms: number): void {
  const roomIds = randomIds(rooms, roomId);
  const userIds = randomIds(PAIRS / rooms, userId);
  const authors = randomIds(AUTHORS, userId);
  const all = [noteAll(roomIds, userIds, authors)];
  const before = memory();
  const calls = noteAll(roomIds, userIds, authors);
  all.push(calls);
  const after = memory();
  const text = calls.format();
  const started = process.cpuUsage();
  new Calls().load(v.parse(CALLS, JSON.parse(text)));
  const loadMs = process.cpuUsage(started).user / 1_000;
  const heapBytes = (after.heap - before.heap) / PAIRS;
  const processBytes = (after.process - before.process) / PAIRS;
  const row = { rooms };
  saveSample({ table: "calls", row, values: { heapBytes, processBytes, loadMs } });
  print(
    `${rooms} rooms: ${heapBytes.toFixed(0)} bytes of heap and ${processBytes.toFixed(0)} of the ` +
      `process for each account and room; loaded in ${loadMs.toFixed(0)} ms`,
  );
  if (all.some(({ size }) => size !== PAIRS)) throw new Error("calls are missing");
}

if (values.rooms !== undefined) measure(Number(values.rooms));
else {
  for (const rooms of Object.values(SHAPES)) {
    const flags = ["--rooms", `${rooms}`, "--pairs", values.pairs];
    const { exitCode } = Bun.spawnSync([process.execPath, import.meta.path, ...flags], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (exitCode !== 0) process.exit(exitCode);
  }
}
