import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { WordCount } from "../../../src/core/rooms/word-count.ts";
import type { Listener } from "../../../src/io/link/link.ts";
import { FanOut, roomEntry, wireRecord } from "../../../src/server/rooms/broadcast.ts";
import { decode } from "../../../src/wire/codec.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { ANA, BEN, Ledger } from "../../core/ledger.ts";

const registry = new Registry();
const accounts = new Ledger();
for (const [id, name] of [
  [ANA, "Ana"],
  [BEN, "ben"],
] as const) {
  const enrolment = {
    name: checkName(name),
    accountKey: new Uint8Array(32),
    deviceKey: new Uint8Array(32),
    deviceCert: new Uint8Array(70),
  };
  registry.apply(accounts.append(registry.accountDraft(id, enrolment)));
}

function room(id: string, more: Partial<Room> = {}): Room {
  return {
    id: id as RoomId,
    maker: "server",
    locked: false,
    isClosed: false,
    topic: "",
    members: new Set(),
    admitted: new Set(),
    moderators: new Set(),
    muted: new Map(),
    lastSeq: 0,
    lastN: 0,
    words: new WordCount(),
    ...more,
  };
}

class Ear implements Listener {
  readonly transport = "memory";
  readonly port = 1;
  readonly heard: string[] = [];

  publish(topic: string, message: Uint8Array): void {
    const incoming = decode(message);
    if (incoming.kind !== "message" || incoming.message.kind !== "presence") throw new Error("odd");
    this.heard.push(`${topic} ${incoming.message.user}`);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

const told = (user: string) => ({ kind: "presence", room: "r1", user, online: true }) as const;

describe("telling", () => {
  test("is at the end of the tick after a pause, and gathered under load, in order", async () => {
    const clock = new VirtualClock();
    const fanOut = new FanOut(clock, { nameOf: () => undefined });
    const [one, two] = [new Ear(), new Ear()];
    fanOut.add(one);
    fanOut.add(two);
    fanOut.publish(room("r1"), told("a"));
    fanOut.publish(room("r2"), told("b"));
    expect(one.heard).toEqual([]);
    await undefined;
    expect(one.heard).toEqual(["r1 a", "r2 b"]);
    fanOut.publish(room("r1"), told("c"));
    await clock.advance(0);
    expect(one.heard).toHaveLength(2);
    await clock.advance(10);
    expect(one.heard).toEqual(["r1 a", "r2 b", "r1 c"]);
    expect(two.heard).toEqual(one.heard);
  });

  test("is brought forward by a flush, and nothing is told twice", async () => {
    const clock = new VirtualClock();
    const fanOut = new FanOut(clock, { nameOf: () => undefined });
    const ear = new Ear();
    fanOut.add(ear);
    fanOut.publish(room("r1"), told("a"));
    fanOut.flush();
    fanOut.publish(room("r1"), told("b"));
    fanOut.flush();
    fanOut.flush();
    await clock.advance(100);
    expect(ear.heard).toEqual(["r1 a", "r1 b"]);
  });

  test("packs what readers of version 1 hear only as long as there are such readers", () => {
    const fanOut = new FanOut(new VirtualClock(), { nameOf: () => undefined });
    const ear = new Ear();
    fanOut.add(ear);
    const gone = fanOut.olderReader();
    fanOut.publish(room("r1"), told("a"));
    fanOut.flush();
    gone();
    fanOut.publish(room("r1"), told("b"));
    fanOut.flush();
    expect(ear.heard).toEqual(["r1 a", "r1 1 a", "r1 b"]);
  });

  test("gathers no more at once than a reader's queue can hold", () => {
    const fanOut = new FanOut(new VirtualClock(), { nameOf: () => undefined });
    const ear = new Ear();
    fanOut.add(ear);
    const long = "x".repeat(60);
    let published = 0;
    for (; ear.heard.length === 0 && published < 100_000; published++) {
      fanOut.publish(room("r1"), told(long));
    }
    expect(published * long.length).toBeLessThan(1 << 20);
    expect(ear.heard).toHaveLength(published);
  });
});

describe("a room as its reader knows it", () => {
  test("by its name and topic, or by the other's name", () => {
    const named = room("r1", { name: checkName("dev"), topic: "bugs" });
    expect(roomEntry(named, ANA, registry)).toEqual({ room: "r1", name: "dev", topic: "bugs" });
    expect(roomEntry({ ...named, topic: "" }, ANA, registry)).toEqual({ room: "r1", name: "dev" });
    const pair = room("d1", { pair: [ANA, BEN] });
    expect(roomEntry(pair, ANA, registry)).toEqual({ room: "d1", with: "ben" });
    expect(roomEntry(pair, BEN, registry)).toEqual({ room: "d1", with: "Ana" });
    expect(roomEntry(room("d1", { pair: [ANA, ANA] }), ANA, registry).with).toBe("Ana");
    const gone = room("d1", { pair: [ANA, "uUnknown" as typeof ANA] });
    expect(roomEntry(gone, ANA, registry)).toEqual({ room: "d1" });
  });
});

describe("a record as it travels", () => {
  test("is the bytes of the log, and the name of who wrote it", () => {
    const ledger = new Ledger();
    const record = ledger.write("text", "r1", ANA, { text: "hi" });
    const sent = wireRecord(record, registry);
    expect(sent.head).toEqual(record.headBytes);
    expect(sent).toMatchObject({ salt: record.salt, body: record.bodyBytes, from: "Ana" });
    expect(wireRecord(ledger.write("room", "r1", "server", {}), registry).from).toBeUndefined();
  });

  test("says so when it is erased or damaged, without salt or body", () => {
    const ledger = new Ledger();
    const damaged = wireRecord(ledger.damaged("text", "r1", ANA, {}), registry);
    expect(Object.keys(damaged).sort()).toEqual(["damaged", "from", "head"]);
    const erased = wireRecord(ledger.erased("text", "r1", ANA, {}), registry);
    expect(Object.keys(erased).sort()).toEqual(["erased", "from", "head"]);
    expect(erased.erased).toBe(3);
  });
});
