import { expect, test } from "bun:test";
import fc from "fast-check";
import type { FileId, RoomId, UserId } from "../../src/base/ids.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { type EngineValue, RoomEngine } from "../../src/core/rooms/engine.ts";
import { Rooms } from "../../src/core/rooms/rooms.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { RecordKind } from "../../src/wire/kinds.ts";
import type { Draft, LogRecord } from "../../src/wire/record.ts";
import { ANA, BEN, EVE, Ledger } from "../core/ledger.ts";
import { sampleSize } from "../samples.ts";

const ROOMS = ["rAAAAAAAAAAA", "rBBBBBBBBBBB", "rCCCCCCCCCCC"] as RoomId[];
const DIRECT = ["dDDDDDDDDDDDDDDDDDDDDDD", "dEEEEEEEEEEEEEEEEEEEEEE"] as RoomId[];
const PEOPLE = [ANA, BEN, EVE];
const NAMES = ["Dev", "ops", "Lab", "dev"];
const PREVIEW = "fPPPPPPPPPPP" as FileId;
const FILES = ["fAAECAwQFBgc", "fBBBBBBBBBBB"] as FileId[];
const KINDS: RecordKind[] = [
  ...(["room", "join", "leave", "topic", "text", "action", "reaction", "edit", "erase"] as const),
  ...([
    "kick",
    "mute",
    "grant",
    "file",
    "sealed",
    "rename",
    "close",
    "remove",
    "retention",
  ] as const),
  ...(["group", "sealed", "pin", "hand", "wall", "poll", "receipts", "admission"] as const),
  ...(["knock", "rules"] as const),
];

interface Step {
  readonly kind: RecordKind;
  readonly room: RoomId;
  readonly by: UserId | "server";
  readonly counter: number;
  readonly other: UserId;
  readonly name: string;
  readonly file: FileId;
  readonly on: boolean;
  readonly back: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(fc.constantFrom(...KINDS), fc.constantFrom("text", "room", "edit")),
  room: fc.constantFrom(...ROOMS, ...DIRECT),
  by: fc.constantFrom(...PEOPLE, "server"),
  counter: fc.nat(3),
  other: fc.constantFrom(...PEOPLE),
  name: fc.constantFrom(...NAMES),
  file: fc.constantFrom(...FILES),
  on: fc.boolean(),
  back: fc.integer({ min: 1, max: 12 }),
}) as fc.Arbitrary<Step>;

function listed(file: FileId, index: number) {
  const digest = "ab".repeat(32);
  const preview = index === 0 ? { file: PREVIEW, size: 2, digest } : undefined;
  return { file, name: "a", size: 3, chunks: 1, digest, preview };
}

function bodyOf({ kind, room, other, by, name, file, on, back }: Step, seq: number): unknown {
  const of = Math.max(1, seq - back);
  const bodies: Partial<Record<RecordKind, unknown>> = {
    room: room.startsWith("d") ? { direct: [by, other] } : { name, locked: on, sealed: on },
    topic: { topic: name },
    edit: { seq: of },
    erase: { seq: of, also: [Math.max(1, of - 1)], files: [file] },
    kick: { user: other },
    admission: { user: other, on },
    mute: { user: other, on, ...(back % 2 === 0 ? { until: seq } : {}) },
    grant: { user: other, on },
    file: { files: [file, ...(on ? FILES.filter((other) => other !== file) : [])].map(listed) },
    sealed: { epoch: back, ciphertext: name, files: on ? [listed(file, 0)] : undefined },
    rename: { name },
    close: { on },
    pin: { seq: of, on },
    receipts: { on },
    hand: { user: other, on, call: !on },
    wall: { on, scene: on ? "timer" : "door", line: name, lengthMs: back, leftMs: 1 },
    poll: { seq: of, on: false },
    text: on ? { text: name, poll: { options: 2 + (back % 3) } } : { text: name },
    knock: { user: other, on },
    rules: {
      post: on ? "moderators" : "everyone",
      slow: back * 100,
      newcomers: on,
      join: (["open", "password", "approval"] as const)[back % 3],
    },
    retention: on ? { keepMs: back * 86_400_000 } : {},
    group: {
      group: name,
      epoch: back,
      commitId: `c${back}`,
      device: other,
      info: name,
      added: on ? [[other, other]] : [],
      removed: on ? [] : [[other, other]],
    },
  };
  return bodies[kind] ?? {};
}

function historyOf(steps: readonly Step[]): LogRecord[] {
  const ledger = new Ledger();
  const counters = new Map<string, number>();
  return steps.map((one, index) => {
    const key = `${one.by} ${one.counter % 2}`;
    const counter = (counters.get(key) ?? 0) + 1 + one.counter;
    counters.set(key, counter);
    const post = `AAAAAAAAAA${one.counter % 2}.${counter}`;
    const { kind, room, by } = one;
    const isPost = kind === "text" || kind === "sealed" || (kind === "file" && one.on);
    const id = isPost ? post : kind === "file" ? one.file : "";
    const draft: Draft = { kind, room, by, id, body: bodyOf(one, index + 1) };
    return ledger.append(draft);
  });
}

function newEngine(): RoomEngine {
  return new RoomEngine({ rooms: new Rooms(), directory: new Registry(), sha256 });
}

function folded(records: readonly LogRecord[], engine = newEngine()): RoomEngine {
  for (const record of records) engine.restore(record);
  return engine;
}

test("a snapshot and the later records give the same state as all records", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(120), (steps, at) => {
      const records = historyOf(steps);
      const text = JSON.stringify(folded(records.slice(0, at)).value());
      const engine = newEngine();
      engine.load(JSON.parse(text) as EngineValue);
      expect(JSON.stringify(engine.value())).toBe(text);
      const whole = folded(records).value();
      expect(folded(records.slice(at), engine).value()).toEqual(whole);
    }),
    { numRuns: sampleSize(400, 2_000) },
  );
});
