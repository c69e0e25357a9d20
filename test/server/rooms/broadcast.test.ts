import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { WordCount } from "../../../src/core/rooms/word-count.ts";
import type { Listener } from "../../../src/io/link/link.ts";
import { FanOut, type Reader, roomEntry, wireRecord } from "../../../src/server/rooms/broadcast.ts";
import { decode } from "../../../src/wire/codec.ts";
import type { WireRecord } from "../../../src/wire/messages.ts";
import type { Head } from "../../../src/wire/record.ts";
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
    lock: id,
    maker: "server",
    locked: false,
    isClosed: false,
    topic: "",
    pins: [],
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

/** A link that follows rooms. */
class Recipient implements Reader {
  readonly version: number;
  readonly following = new Set<RoomId>();
  /** What it is told by itself, and the rooms that it is subscribed to, in order. */
  readonly heard: string[] = [];
  close = () => {};

  constructor(version = 2) {
    this.version = version;
  }

  follows(fanOut: FanOut, one: Room): void {
    this.following.add(one.id);
    fanOut.follow(one, this, () => this.heard.push(`all of ${one.id}`));
  }

  tellBytes(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    if (incoming.kind !== "message") throw new Error("odd");
    const { message } = incoming;
    if (message.kind === "record") this.heard.push(numberOf(message));
    if (message.kind === "records") this.heard.push(message.records.map(numberOf).join(" "));
    if (message.kind === "presence") this.heard.push(message.user);
  }

  subscribe(id: RoomId): void {
    this.heard.push(`topic ${id}`);
  }

  whenClosed(callback: () => void): void {
    this.close = callback;
  }
}

const numberOf = ({ head }: WireRecord) =>
  `${(JSON.parse(Buffer.from(head).toString()) as Head).n}`;

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
    const older = new Recipient(1);
    fanOut.follow(room("r2"), older);
    fanOut.publish(room("r1"), told("a"));
    fanOut.flush();
    older.close();
    fanOut.publish(room("r1"), told("b"));
    fanOut.flush();
    expect(ear.heard).toEqual(["r1 a", "r1 1 a", "r1 b"]);
  });

  test("to many waits once for what is on its way to the disk, to few never", async () => {
    const clock = new VirtualClock();
    const more = { isUnderWay: true };
    const fanOut = new FanOut(clock, { nameOf: () => undefined }, () => more.isUnderWay);
    const ear = new Ear();
    fanOut.add(ear);
    const users = Array.from({ length: 1_000 }, (_, i) => `u${i}` as typeof ANA);
    const [large, small] = [room("r1", { members: new Set(users) }), room("r2")];
    fanOut.publish(small, told("a"));
    await undefined;
    expect(ear.heard).toEqual(["r2 a"]);
    await clock.advance(100);
    fanOut.publish(large, told("b"));
    await clock.advance(1);
    expect(ear.heard).toHaveLength(1);
    fanOut.publish(large, told("c"));
    await clock.advance(2);
    expect(ear.heard).toEqual(["r2 a", "r1 b", "r1 c"]);
    await clock.advance(100);
    more.isUnderWay = false;
    fanOut.publish(large, told("d"));
    await undefined;
    expect(ear.heard.at(-1)).toBe("r1 d");
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

describe("a newcomer", () => {
  const busy = (members = 2) => {
    const clock = new VirtualClock();
    const fanOut = new FanOut(clock, registry);
    const ledger = new Ledger();
    const published: string[] = [];
    fanOut.add({
      transport: "memory",
      port: 1,
      publish: (topic, bytes) => {
        const incoming = decode(bytes);
        if (incoming.kind !== "message") throw new Error("odd");
        const { message } = incoming;
        const records = message.kind === "records" ? message.records.map(numberOf).join(" ") : "";
        published.push(`${topic}: ${records || message.kind}`);
      },
      stop: () => Promise.resolve(),
    });
    const users = Array.from({ length: members }, (_, i) => `u${i}` as typeof ANA);
    const of = (id: string) => room(id, { members: new Set(users) });
    const say = (one: Room, kind: "text" | "join" = "text") =>
      fanOut.record(one, ledger.write(kind, one.id, ANA, kind === "text" ? { text: "hi" } : {}));
    return { clock, fanOut, published, of, say };
  };

  test("is told what is gathered after it came, once, before it follows the topic", () => {
    const { fanOut, published, of, say } = busy();
    const [dev, other] = [of("dev"), of("other")];
    say(dev);
    say(dev);
    const [first, twin, last] = [new Recipient(), new Recipient(), new Recipient()];
    first.follows(fanOut, dev);
    twin.follows(fanOut, dev);
    say(dev);
    say(other);
    fanOut.publish(dev, told("ben"));
    say(dev);
    last.follows(fanOut, dev);
    say(dev);
    expect(published).toEqual([]);
    fanOut.flush();
    expect(published).toEqual(["dev: 1 2 3", "other: 1", "dev: presence", "dev: 4 5"]);
    expect(first.heard).toEqual(["3", "ben", "4 5", "topic dev", "all of dev"]);
    expect(twin.heard).toEqual(first.heard);
    expect(last.heard).toEqual(["5", "topic dev", "all of dev"]);
    say(dev);
    fanOut.flush();
    expect(first.heard).toHaveLength(5);
  });

  test("follows at once when nothing is gathered, and is told nothing of before", () => {
    const { fanOut, of, say } = busy();
    const dev = of("dev");
    const [early, late] = [new Recipient(), new Recipient()];
    early.follows(fanOut, dev);
    expect(early.heard).toEqual(["topic dev", "all of dev"]);
    say(dev);
    late.follows(fanOut, dev);
    expect(late.heard).toEqual([]);
    fanOut.flush();
    expect(late.heard).toEqual(["topic dev", "all of dev"]);
  });

  test("of version 1 is told the same, each in its own message", () => {
    const { fanOut, of, say } = busy();
    const dev = of("dev");
    const [present, old] = [new Recipient(1), new Recipient(1)];
    present.follows(fanOut, dev);
    say(dev);
    old.follows(fanOut, dev);
    say(dev);
    say(dev);
    fanOut.flush();
    expect(old.heard).toEqual(["2", "3", "topic dev", "all of dev"]);
    expect(fanOut.counters.publishedMessages).toBe(1);
  });

  test("that left before is told and given nothing more", () => {
    const { fanOut, of, say } = busy();
    const dev = of("dev");
    const gone = new Recipient();
    say(dev);
    gone.follows(fanOut, dev);
    gone.following.clear();
    fanOut.flush();
    expect(gone.heard).toEqual([]);
  });

  test("is told of to a large room later than words, and with them", async () => {
    const { clock, fanOut, published, of, say } = busy(1_000);
    const large = of("large");
    const small = room("small", { members: new Set([ANA]) });
    say(large, "join");
    await undefined;
    expect(published.splice(0)).toEqual(["large: 1"]); // After a pause at once.
    say(large, "join");
    await clock.advance(49);
    expect(published).toEqual([]);
    await clock.advance(1);
    expect(published.splice(0)).toEqual(["large: 2"]);
    say(large, "join");
    say(large);
    await clock.advance(5);
    expect(published.splice(0)).toEqual(["large: 3 4"]);
    say(small, "join");
    await clock.advance(5);
    expect(published.splice(0)).toEqual(["small: 1"]);
    expect(fanOut.counters.gatheredBytes).toBe(0);
    expect(clock.waiting).toBe(0);
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
