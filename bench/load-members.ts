/** Process with some of the load's accounts; reads orders from standard input. */
import { forEachConcurrently } from "./harness.ts";
import { LoadMember } from "./load-member.ts";
import {
  EMPTY_ANSWER,
  type LoadAnswer,
  type LoadOrder,
  type OrderOf,
  type RoomPlan,
  serveOrders,
} from "./load-orders.ts";

const CONCURRENT_CONNECTS = 25;
const CONCURRENT_JOINS = 100;
const CHECK_TIMEOUT_MS = 90_000;
const CHECK_INTERVAL_MS = 20;

let first = 0;
const members: LoadMember[] = [];
const latencies = new Map<number, number>();

class StreamCounters {
  readonly #counts = new Map<number, number>();

  next(stream: number): number {
    const number = this.last(stream) + 1;
    this.#counts.set(stream, number);
    return number;
  }

  last(stream: number): number {
    return this.#counts.get(stream) ?? 0;
  }
}

const counters = new StreamCounters();

await serveOrders<LoadOrder>(async (order) => {
  const started = performance.now();
  const result = await execute(order);
  return { ...EMPTY_ANSWER, ...result, seconds: (performance.now() - started) / 1000 };
});

async function execute(order: LoadOrder): Promise<Partial<LoadAnswer>> {
  switch (order.do) {
    case "register":
      return await register(order.port, order.first, order.count);
    case "join":
      return await join(order);
    case "leave":
      return await leave(order.rooms);
    case "chat":
      return await chat(order);
    case "check":
      return await check(order);
  }
}

async function register(port: number, from: number, count: number): Promise<Partial<LoadAnswer>> {
  first = from;
  await forEachConcurrently(CONCURRENT_CONNECTS, [0, count], async (i) => {
    const member = await LoadMember.register(port, `m${from + i}`);
    member.onLatency = (ms) => {
      const tenth = Math.max(0, Math.round(ms * 10));
      latencies.set(tenth, (latencies.get(tenth) ?? 0) + 1);
    };
    members[i] = member;
  });
  return {};
}

async function join({
  rooms,
  memberLimit,
  concurrency = CONCURRENT_JOINS,
}: OrderOf<"join">): Promise<Partial<LoadAnswer>> {
  const joining = members.filter((_, i) => first + i < memberLimit);
  await forEachConcurrently(concurrency, [0, joining.length], async (i) => {
    await joining[i]?.join(roomName(rooms, first + i));
  });
  return {};
}

async function leave(rooms: RoomPlan): Promise<Partial<LoadAnswer>> {
  await forEachConcurrently(CONCURRENT_JOINS, [0, members.length], async (i) => {
    await members[i]?.leave(roomName(rooms, first + i));
  });
  return {};
}

async function chat({
  rooms,
  memberLimit,
  senderStep,
  perSecond,
  seconds,
}: OrderOf<"chat">): Promise<Partial<LoadAnswer>> {
  latencies.clear();
  for (const member of members) member.offlineMs.length = 0;
  const writers = members
    .map((member, i) => ({ member, number: first + i }))
    .filter(({ number }) => number < memberLimit && number % senderStep === 0);
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let sent = 0; writers.length > 0 && sent < perSecond * seconds; ) {
    const due = Math.min(
      perSecond * seconds,
      Math.ceil(((performance.now() - started) / 1000) * perSecond),
    );
    for (; sent < due; sent++) {
      const writer = writers[sent % writers.length];
      if (writer === undefined) continue;
      const stream = rooms.streamBase + writer.number;
      const number = counters.next(stream);
      pending.push(writer.member.send(roomName(rooms, writer.number), stream, number));
    }
    await Bun.sleep(1);
  }
  await Promise.all(pending);
  const streams = writers.map(({ number }) => {
    const stream = rooms.streamBase + number;
    return { stream, room: roomIndex(rooms, number), texts: counters.last(stream) };
  });
  return { streams };
}

async function check({
  rooms,
  memberLimit,
  streams,
}: OrderOf<"check">): Promise<Partial<LoadAnswer>> {
  const byRoom = Map.groupBy(streams, ({ room }) => room);
  const deadline = performance.now() + CHECK_TIMEOUT_MS;
  const receivers = members.filter((_, i) => first + i < memberLimit);
  const missing = () =>
    receivers.reduce((sum, member, i) => {
      const roomStreams = byRoom.get(roomIndex(rooms, first + i)) ?? [];
      const missingTexts = roomStreams.map(
        ({ stream, texts }) => texts - member.lastReceived(stream),
      );
      return sum + missingTexts.reduce((total, count) => total + count, 0);
    }, 0);
  while (missing() > 0 && performance.now() < deadline) await Bun.sleep(CHECK_INTERVAL_MS);
  const received = members.map((member) => member.received);
  const result = {
    lost: missing() + received.reduce((sum, { lost }) => sum + lost, 0),
    doubled: received.reduce((sum, { doubled }) => sum + doubled, 0),
    refusals: members.flatMap(({ refusals }) => refusals).slice(0, 5),
    latencies: [...latencies],
    offlineMs: members.flatMap(({ offlineMs }) => offlineMs),
  };
  for (const counts of received) Object.assign(counts, { lost: 0, doubled: 0 });
  return result;
}

function roomIndex({ count, largeRoomMembers = 0 }: RoomPlan, number: number): number {
  return number < largeRoomMembers ? count : number % count;
}

function roomName(rooms: RoomPlan, number: number): string {
  return `${rooms.prefix}-${roomIndex(rooms, number)}`;
}
