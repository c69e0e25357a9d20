import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { checkName } from "../../../src/base/names.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { MessageCount } from "../../../src/core/rooms/message-count.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import type { Listener } from "../../../src/io/link/link.ts";
import { FanOut, type Reader, wireRecord } from "../../../src/server/rooms/broadcast.ts";
import { decode, encodeAnswer } from "../../../src/wire/codec.ts";
import type { WireRecord } from "../../../src/wire/messages.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { ANA, BEN, Ledger } from "../../core/ledger.ts";
import { headOf } from "../guest.ts";

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
    rules: {},
    isClosed: false,
    topic: "",
    pins: [],
    hands: new Set(),
    polls: new Map(),
    knocks: new Set(),
    declined: new Set(),
    posted: new Map(),
    work: new Map(),
    answers: new Map(),
    threads: new Map(),
    invitedByToken: new Set(),
    members: new Set(),
    admitted: new Set(),
    invited: new Map(),
    moderators: new Set(),
    muted: new Map(),
    lastSeq: 0,
    lastN: 0,
    messageCount: new MessageCount(),
    ...more,
  };
}

class Ear implements Listener {
  readonly transport = "memory";
  readonly port = 1;
  readonly received: string[] = [];

  publish(topic: string, message: Uint8Array): void {
    const incoming = decode(message);
    if (incoming.kind !== "message" || incoming.message.kind !== "offered") throw new Error("odd");
    this.received.push(`${topic} ${incoming.message.from}`);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

class Recipient implements Reader {
  readonly #following = new Set<RoomId>();
  readonly received: string[] = [];

  isFollowing(id: RoomId): boolean {
    return this.#following.has(id);
  }

  follows(fanOut: FanOut, one: Room): void {
    this.#following.add(one.id);
    fanOut.follow(one, this, () => this.received.push(`all of ${one.id}`));
  }

  sendBytes(bytes: Uint8Array): void {
    const incoming = decode(bytes);
    if (incoming.kind !== "message") throw new Error("odd");
    const { message } = incoming;
    if (message.kind === "records") this.received.push(message.records.map(numberOf).join(" "));
    if (message.kind === "offered") this.received.push(message.from);
  }

  subscribe(id: RoomId): void {
    this.received.push(`topic ${id}`);
  }
}

const numberOf = (record: WireRecord) => `${headOf(record).n}`;

const receivedFrom = (from: string) =>
  ({ kind: "offered", room: "r1", file: "fAAAAAAAAAAA", from, name: "a.txt" }) as const;

test("publishes at the end of a tick, and batches under load, in order", async () => {
  const clock = new VirtualClock();
  const fanOut = new FanOut(clock, { nameOf: () => undefined });
  const [one, two] = [new Ear(), new Ear()];
  fanOut.add(one);
  fanOut.add(two);
  fanOut.publish(room("r1"), receivedFrom("a"));
  fanOut.publish(room("r2"), receivedFrom("b"));
  expect(one.received).toEqual([]);
  await undefined;
  expect(one.received).toEqual(["r1 a", "r2 b"]);
  fanOut.publish(room("r1"), receivedFrom("c"));
  await clock.advance(0);
  expect(one.received).toHaveLength(2);
  await clock.advance(10);
  expect(one.received).toEqual(["r1 a", "r2 b", "r1 c"]);
  expect(two.received).toEqual(one.received);
});

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
  const post = (one: Room, kind: "text" | "join" = "text") =>
    fanOut.onRecord(one, ledger.write(kind, one.id, ANA, kind === "text" ? { text: "hi" } : {}));
  return { clock, fanOut, published, of, say: post };
};

test("sends a new reader the messages batched after it joined, once", () => {
  const { fanOut, published, of, say } = busy();
  const [dev, other] = [of("dev"), of("other")];
  say(dev);
  say(dev);
  const [first, twin, last] = [new Recipient(), new Recipient(), new Recipient()];
  first.follows(fanOut, dev);
  twin.follows(fanOut, dev);
  say(dev);
  say(other);
  fanOut.publish(dev, receivedFrom("ben"));
  say(dev);
  last.follows(fanOut, dev);
  say(dev);
  expect(published).toEqual([]);
  fanOut.flush();
  expect(published).toEqual(["dev: 1 2 3", "other: 1", "dev: offered", "dev: 4 5"]);
  expect(first.received).toEqual(["3", "ben", "4 5", "topic dev", "all of dev"]);
  expect(twin.received).toEqual(first.received);
  expect(last.received).toEqual(["5", "topic dev", "all of dev"]);
  say(dev);
  fanOut.flush();
  expect(first.received).toHaveLength(5);
});

test("passes each later message to a reader that receives them separately, until it ends", () => {
  const { fanOut, published, of, say } = busy();
  const [dev, other] = [of("dev"), of("other")];
  say(dev);
  const received: string[] = [];
  const reader = new Recipient();
  const end = fanOut.followEach(dev, reader, (bytes, records) => {
    received.push(`${bytes.length > 0} ${records?.map(({ record }) => record.head.n) ?? "notice"}`);
  });
  // The reader already has what was gathered before.
  expect([published, received]).toEqual([["dev: 1"], []]);
  say(dev);
  say(dev);
  fanOut.publish(dev, receivedFrom("ben"));
  say(other);
  fanOut.flush();
  expect(received).toEqual(["true 2,3", "true notice"]);
  say(dev);
  end();
  fanOut.flush();
  expect(received).toHaveLength(2);
});

test("delays joins in a large room, and sends them with texts", async () => {
  const { clock, fanOut, published, of, say } = busy(1_000);
  const large = of("large");
  const small = room("small", { members: new Set([ANA]) });
  say(large, "join");
  await undefined;
  expect(published.splice(0)).toEqual(["large: 1"]);
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
  expect(clock.pendingTimers).toBe(0);
});

test("omits the text of a record that is erased before the message is encoded", () => {
  const ledger = new Ledger();
  const record = { ...ledger.write("text", "r1", ANA, { text: "a secret" }) };
  const answer = { records: [wireRecord(record, registry)], rooms: [], more: false };
  expect(isIn("a secret", encodeAnswer("history", 1, answer))).toBe(true);
  Object.assign(record, { salt: undefined, bodyBytes: undefined, erased: 2 });
  expect(isIn("a secret", encodeAnswer("history", 1, answer))).toBe(false);
  expect(isIn("erased", encodeAnswer("history", 1, answer))).toBe(true);
});

function isIn(text: string, bytes: Uint8Array | undefined): boolean {
  return Buffer.from(bytes ?? []).includes(text);
}

test("marks erased and damaged records and omits salt and body", () => {
  const ledger = new Ledger();
  const damaged = wireRecord(ledger.damaged("text", "r1", ANA, {}), registry);
  const sentKeys = (record: object) => Object.keys(JSON.parse(JSON.stringify(record))).sort();
  expect(sentKeys(damaged)).toEqual(["damaged", "from", "head"]);
  const erased = wireRecord(ledger.erased("text", "r1", ANA, {}), registry);
  expect(sentKeys(erased)).toEqual(["erased", "from", "head"]);
  expect(erased.erased).toBe(3);
});
