/** Some of the load's accounts, in a process of their own: orders come on standard input. */
import { appendFileSync } from "node:fs";
import { LoadMember } from "./load-member.ts";
import {
  answerOrders,
  type LoadAnswer,
  type LoadOrder,
  NOTHING,
  type RoomPlan,
} from "./load-orders.ts";

const CONNECT_TOGETHER = 25;
const JOIN_TOGETHER = 100;
const CHECK_TIMEOUT_MS = 90_000;
const LOOK_EVERY_MS = 20;
const ACKS_EVERY_MS = 20;

let first = 0;
const members: LoadMember[] = [];
const latencies = new Map<number, number>();

/** How many texts each stream has. */
class Texts {
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

/** Acknowledgements on the disk: what a process knew that is killed. */
class Acks {
  readonly #path: string | undefined;
  #lines: string[] = [];

  constructor(path: string | undefined) {
    this.#path = path;
  }

  note(stream: number, number: number): void {
    if (this.#path === undefined) return;
    this.#lines.push(`${stream} ${number}\n`);
    if (this.#lines.length === 1) setTimeout(() => this.flush(), ACKS_EVERY_MS);
  }

  flush(): void {
    if (this.#path !== undefined) appendFileSync(this.#path, this.#lines.splice(0).join(""));
  }
}

const texts = new Texts();

await answerOrders<LoadOrder>(async (order) => {
  const started = performance.now();
  const result = await obey(order);
  return { ...NOTHING, ...result, seconds: (performance.now() - started) / 1000 };
});

async function obey(order: LoadOrder): Promise<Partial<LoadAnswer>> {
  switch (order.do) {
    case "enter":
      return await enter(order.port, order.first, order.count);
    case "join":
      return await join(order.rooms, order.below);
    case "chat":
      return await chat(order);
    case "rest":
      for (const member of members) member.rest();
      return {};
    case "check":
      return await check(order);
  }
}

async function enter(port: number, from: number, count: number): Promise<Partial<LoadAnswer>> {
  first = from;
  await together(CONNECT_TOGETHER, count, async (i) => {
    const member = await LoadMember.enter(port, `m${from + i}`);
    member.onLatency = (ms) => {
      const tenth = Math.max(0, Math.round(ms * 10));
      latencies.set(tenth, (latencies.get(tenth) ?? 0) + 1);
    };
    members[i] = member;
  });
  return {};
}

async function join(rooms: RoomPlan, below: number): Promise<Partial<LoadAnswer>> {
  const joining = members.filter((_, i) => first + i < below);
  await together(JOIN_TOGETHER, joining.length, async (i) => {
    await joining[i]?.join(roomName(rooms, first + i));
  });
  return {};
}

async function chat({
  rooms,
  below,
  every,
  perSecond,
  seconds,
  dropsPerSecond = 0,
  acksPath,
}: Extract<LoadOrder, { do: "chat" }>): Promise<Partial<LoadAnswer>> {
  await Promise.all(members.map((member) => member.wake()));
  const acks = new Acks(acksPath);
  const drop = () => void members[Math.floor(Math.random() * members.length)]?.drop();
  const dropping = dropsPerSecond > 0 ? setInterval(drop, 1_000 / dropsPerSecond) : undefined;
  latencies.clear();
  for (const member of members) member.awayMs.length = 0;
  const writers = members
    .map((member, i) => ({ member, number: first + i }))
    .filter(({ number }) => number < below && number % every === 0);
  const waiting: Promise<void>[] = [];
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
      const number = texts.next(stream);
      const done = writer.member.say(roomName(rooms, writer.number), stream, number);
      waiting.push(done.then(() => acks.note(stream, number)));
    }
    await Bun.sleep(1);
  }
  await Promise.all(waiting);
  clearInterval(dropping);
  acks.flush();
  const said = writers.map(({ number }) => {
    const stream = rooms.streamBase + number;
    return { stream, room: number % rooms.count, texts: texts.last(stream) };
  });
  return { said };
}

async function check({
  rooms,
  below,
  said,
}: Extract<LoadOrder, { do: "check" }>): Promise<Partial<LoadAnswer>> {
  const byRoom = Map.groupBy(said, ({ room }) => room);
  const until = performance.now() + CHECK_TIMEOUT_MS;
  const listening = members.filter((_, i) => first + i < below);
  const missing = () =>
    listening.reduce((sum, member, i) => {
      const streams = byRoom.get((first + i) % rooms.count) ?? [];
      const texts = streams.map(({ stream, texts }) => texts - member.lastOf(stream));
      return sum + texts.reduce((all, one) => all + one, 0);
    }, 0);
  while (missing() > 0 && performance.now() < until) await Bun.sleep(LOOK_EVERY_MS);
  const heard = members.map((member) => member.heard);
  const result = {
    lost: missing() + heard.reduce((sum, { lost }) => sum + lost, 0),
    doubled: heard.reduce((sum, { doubled }) => sum + doubled, 0),
    refusals: members.flatMap(({ refusals }) => refusals).slice(0, 5),
    latencies: [...latencies],
    awayMs: members.flatMap(({ awayMs }) => awayMs),
  };
  for (const one of heard) Object.assign(one, { lost: 0, doubled: 0 });
  return result;
}

function roomName({ prefix, count }: RoomPlan, number: number): string {
  return `${prefix}-${number % count}`;
}

async function together(
  width: number,
  count: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
