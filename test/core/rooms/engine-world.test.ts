import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { OutboxId, RoomId, UserId } from "../../../src/base/ids.ts";
import { checkName, type Name } from "../../../src/base/names.ts";
import { Outbox, type OutboxEffect, type OutboxInput } from "../../../src/core/client/outbox.ts";
import type { Submission } from "../../../src/core/rooms/commands.ts";
import { parsePostId } from "../../../src/core/rooms/dedup.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import type { EngineEffect, EngineInput } from "../../../src/core/rooms/engine-io.ts";
import type { RoomAction } from "../../../src/core/rooms/moderation.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { RequestOf } from "../../../src/wire/messages.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { sampleSize } from "../../samples.ts";
import { check, randomOf } from "../../worlds/disk-world.ts";
import type { Ledger } from "../ledger.ts";
import { TroubledLog, type Weather } from "../troubled-log.ts";

/**
 * The room engine between clients with real outboxes and a slow log that batches and fails. One
 * seed determines every choice, and each record and answer is checked as it arrives.
 */

const USERS = ["ana", "ben", "eve"].map((name, i) => ({
  name: checkName(name),
  id: `u${String(i).repeat(11)}` as UserId,
}));
const DIRECTORY = { find: (name: Name) => USERS.find((user) => user.name === name) };
const ROOM_NAMES = ["dev", "ops", "Dev", "qa"].map((name) => checkName(name));

type Question = { readonly id: number; readonly input: EngineInput };

type Outcome = Extract<EngineEffect, { kind: "settle" }>["outcome"];

interface Session {
  readonly peer: number;
  readonly user: UserId;
  readonly client: Writer | undefined;
  readonly questions: Question[];
  readonly open: Map<number, (outcome: Outcome) => void>;
  isIn: boolean;
}

interface Writer {
  readonly user: UserId;
  readonly id: OutboxId;
  readonly outbox: Outbox;
  session: Session | undefined;
  readonly written: number[];
  readonly durable: number[];
  readonly refused: number[];
}

class EngineWorld {
  readonly random: () => number;
  readonly writers: Writer[];
  readonly rooms = new Rooms();
  readonly #engine: RoomEngine;
  readonly #log: TroubledLog;
  readonly #lostLinkPercent: number;
  readonly #sessions = new Map<number, Session>();
  #now = 0;
  #peer = 0;
  #id = 0;
  #key = 0;
  #room = 0;

  constructor(seed: number, weather: Weather) {
    this.random = randomOf(seed);
    const { postsPerSecond, lostLinkPercent } = weather;
    this.#lostLinkPercent = lostLinkPercent;
    const limits = { postsPerSecond, postsBurst: postsPerSecond };
    this.#engine = new RoomEngine({ rooms: this.rooms, directory: DIRECTORY, sha256, ...limits });
    this.#log = new TroubledLog(this.random, weather, (input) => this.#handle(input));
    this.writers = USERS.flatMap(({ id: user }, i) =>
      [0, 1].map((j) => this.#writer(user, `${i}${j}`.padEnd(11, "w") as OutboxId)),
    );
    this.#log.found(lobbyDraft("rLLLLLLLLLLL" as RoomId));
  }

  get ledger(): Ledger {
    return this.#log.ledger;
  }

  step(): void {
    const chance = this.random();
    if (chance < 0.3) this.#bring();
    else if (chance < 0.5) this.#write();
    else if (chance < 0.6) this.#requestChange();
    else if (chance < 0.75) this.#log.step();
    else if (chance < 0.8) this.#passTime(Math.floor(this.random() * 400));
    else if (chance < 0.9) this.#come();
    else if (this.random() * 100 < this.#lostLinkPercent) this.#lose();
    else this.#depart();
  }

  calm(): void {
    this.#log.isTroubled = false;
    for (const writer of this.writers) if (writer.session === undefined) this.#arrive(writer);
    for (let i = 0; i < 20_000 && !this.#isIdle(); i++) {
      this.#passTime(200);
      this.#bring();
      this.#log.step();
    }
    check(this.#isIdle(), "all that was asked is answered");
  }

  check(): void {
    for (const writer of this.writers) {
      check(writer.outbox.size === 0, "an outbox drains");
      const settled = [...writer.durable, ...writer.refused].sort((a, b) => a - b);
      check(settled.join() === writer.written.join(), "each post is settled once");
      const recorded = this.#keysOf(writer);
      check(isAscending(recorded), "what one outbox wrote is recorded in its order");
      for (const key of writer.durable) check(recorded.includes(key), "what was acked is there");
    }
    for (const { id } of USERS) {
      const isIn = [...this.#sessions.values()].some(({ isIn, user }) => isIn && user === id);
      check(this.#engine.isOnline(id) === isIn, "online is who has a session");
    }
    for (const reclaim of this.ledger.records.filter(isReclaim)) {
      const { room, seq } = reclaim.head;
      const { name } = this.rooms.get(room as RoomId) ?? {};
      const isThere = name !== undefined && this.rooms.holderOf(name)?.id === room;
      const later = this.ledger.records.slice(seq).some(({ head }) => head.room === room);
      if (isThere || later) continue;
      const before = this.ledger.records.filter(({ head }) => head.room === room && head.seq < seq);
      check(!before.some(({ head }) => head.kind === "text"), "no message is lost with its room");
    }
  }

  checkRestored(isSnapshot: boolean): void {
    const rooms = new Rooms();
    const restored = new RoomEngine({ rooms, directory: DIRECTORY, sha256 });
    if (isSnapshot) restored.load(JSON.parse(JSON.stringify(this.#engine.value())));
    else for (const record of this.ledger.records) restored.restore(record);
    check(rooms.head === this.rooms.head, "the same head");
    for (const { head } of this.ledger.records) {
      const [lived, read] = [this.rooms, rooms].map((all) => all.get(head.room as RoomId));
      check(Bun.deepEquals(lived, read), "the same room");
      const id = parsePostId(head.id);
      if (id === undefined || head.by === "server") continue;
      const requester = { id: 1, user: head.by, session: 1 };
      const request = postOf(id.outbox, id.counter, "lobby", "again");
      const command = { kind: "post", request } as const;
      const [effect, ...more] = restored.handle({ kind: "submit", requester, command }, 0);
      check(more.length === 0 && effect?.kind === "settle", "a repeat is answered at once");
      const { seq } = effect.outcome as { seq: number };
      check(seq === head.seq, "with the seq of the first");
    }
  }

  #writer(user: UserId, id: OutboxId): Writer {
    const outbox = new Outbox();
    return { user, id, outbox, session: undefined, written: [], durable: [], refused: [] };
  }

  #isIdle(): boolean {
    const sessions = [...this.#sessions.values()];
    return (
      this.#log.isIdle &&
      sessions.every(({ questions, open }) => questions.length + open.size === 0) &&
      this.writers.every(({ outbox }) => outbox.size === 0)
    );
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  #come(): void {
    const writer = this.#pick(this.writers.filter(({ session }) => session === undefined));
    if (writer !== undefined) this.#arrive(writer);
  }

  #arrive(client: Writer): void {
    const peer = ++this.#peer;
    const { user } = client;
    const session = { peer, user, client, questions: [], open: new Map(), isIn: true };
    this.#sessions.set(peer, session);
    this.#handle({ kind: "enter", session: peer, user, isPresent: true });
    client.session = session;
    this.#outbox(client, { kind: "connected" });
  }

  /** Loses the client's link. Sent messages may still arrive, but answers are lost. */
  #lose(): void {
    const writer = this.#pick(this.writers.filter(({ session }) => session !== undefined));
    if (writer === undefined) return;
    writer.session = undefined;
    this.#outbox(writer, { kind: "lost" });
  }

  #depart(): void {
    const gone = [...this.#sessions.values()].filter(
      ({ client, isIn, peer }) => isIn && client?.session?.peer !== peer,
    );
    const session = this.#pick(gone);
    if (session === undefined) return;
    session.isIn = false;
    for (const { id } of session.questions.splice(0)) session.open.delete(id);
    this.#handle({ kind: "leave", session: session.peer });
  }

  #write(): void {
    const writer = this.#pick(this.writers);
    const room = this.#pick([...ROOM_NAMES, "lobby", "lobby", "@ana", "@ben", "@eve", "@nobody"]);
    if (writer === undefined || room === undefined || writer.outbox.size > 40) return;
    const key = ++this.#key;
    writer.written.push(key);
    const body = { text: this.random() < 0.03 ? "" : String(key) };
    this.#outbox(writer, { kind: "post", key, to: room, body });
  }

  #outbox(writer: Writer, input: OutboxInput): void {
    for (const effect of writer.outbox.handle(input, this.#now)) this.#outboxEffect(writer, effect);
  }

  #outboxEffect(writer: Writer, effect: OutboxEffect): void {
    if (effect.kind === "settled") {
      (effect.outcome.kind === "durable" ? writer.durable : writer.refused).push(effect.key);
      return;
    }
    const { session } = writer;
    check(effect.kind === "send", "no post is held");
    check(session !== undefined, "an outbox sends over links only");
    const { counter, to, body } = effect;
    const request = postOf(writer.id, counter, to, body.text);
    this.#submit(session, { kind: "post", request }, (outcome) => {
      if (writer.session !== session) return;
      if (outcome instanceof Fault) {
        check(outcome.code !== "log-conflict", "a conflict is decided again, and ends");
        return this.#outbox(writer, { kind: "refused", counter, fault: outcome });
      }
      const receipt = outcome as { seq: number; n: number; time: number };
      const recorded = this.ledger.records[receipt.seq - 1]?.head;
      check(recorded?.id === `${writer.id}.${counter}`, "the answer names its record");
      check(recorded.n === receipt.n && recorded.time === receipt.time, "and its place");
      this.#outbox(writer, { kind: "acked", counter, receipt });
    });
  }

  #requestChange(): void {
    const session = this.#pick([...this.#sessions.values()].filter(({ isIn }) => isIn));
    const name = this.#pick(ROOM_NAMES);
    if (session === undefined || name === undefined) return;
    const chance = this.random();
    const isManagement = chance >= 0.4;
    const make = isManagement ? this.#managementAction.bind(this) : this.#act.bind(this);
    const act = chance < 0.55 ? make(name) : undefined;
    if (act !== undefined) {
      const isOperator = this.random() < 0.5;
      return this.#submit(session, { kind: "act", isOperator, action: act });
    }
    const room = `r${String(++this.#room).padStart(11, "0")}` as RoomId;
    const what = this.#pick(["join", "join", "create", "leave", "topic", "enter"]);
    const create = what === "create" ? { room, locked: false } : undefined;
    const check = (outcome: Outcome) => this.#checkChange(session, outcome);
    this.#submit(session, changeOf(what ?? "join", name, create), check);
  }

  #act(name: Name): RoomAction | undefined {
    const room = this.rooms.find(name)?.id;
    const user = this.#pick(USERS);
    const message = this.#pick(this.ledger.records.filter(({ head }) => head.kind === "text"));
    const kind = this.#pick(["kick", "mute", "grant", "edit", "erase"] as const);
    if (kind === "edit" || kind === "erase") {
      if (message === undefined) return undefined;
      const { seq, by: author } = message.head;
      const target = { room: message.head.room as RoomId, seq, author };
      return kind === "erase" ? { kind, ...target } : { kind, ...target, text: "anew" };
    }
    if (room === undefined || user === undefined) return undefined;
    const target = { room, user: user.id, name: user.name, isOperator: this.random() < 0.2 };
    return kind === "kick"
      ? { kind, ...target }
      : { kind: kind ?? "mute", ...target, on: this.random() < 0.3 };
  }

  #managementAction(name: Name): RoomAction | undefined {
    const room = this.rooms.find(name)?.id;
    const [to, user] = [this.#pick(ROOM_NAMES), this.#pick(USERS)];
    if (room === undefined || to === undefined || user === undefined) return undefined;
    switch (this.#pick(["rename", "rename", "close", "open", "open", "remove", "renamed"])) {
      case "rename":
        return { kind: "rename", room, to };
      case "remove":
        return { kind: "remove", room };
      case "renamed":
        return { kind: "renamed", room, user: user.id, was: user.name, to: user.name };
      case "close":
        return { kind: "close", room, on: true };
      default:
        return { kind: "close", room, on: false };
    }
  }

  #checkChange({ user }: Session, outcome: Outcome): void {
    if (!("joined" in outcome)) return;
    const { room } = outcome;
    check(this.rooms.get(room as RoomId)?.members.has(user) === true, "the added user is a member");
  }

  #submit(
    session: Session,
    command: Submission,
    onOutcome: (outcome: Outcome) => void = () => undefined,
  ): void {
    const id = ++this.#id;
    const requester = { id, user: session.user, session: session.peer };
    session.questions.push({ id, input: { kind: "submit", requester, command } });
    session.open.set(id, onOutcome);
  }

  #bring(): void {
    const session = this.#pick(
      [...this.#sessions.values()].filter((item) => item.questions.length),
    );
    if (session === undefined) return;
    const count = 1 + Math.floor(this.random() * session.questions.length);
    for (const { input } of session.questions.splice(0, count)) this.#handle(input);
  }

  #handle(input: EngineInput): void {
    for (const effect of this.#engine.handle(input, this.#now)) this.#effect(effect);
  }

  #effect(effect: EngineEffect): void {
    switch (effect.kind) {
      case "append":
        return this.#log.append(effect);
      case "settle": {
        const sessions = [...this.#sessions.values()];
        const session = sessions.find(({ open }) => open.has(effect.id));
        const onOutcome = session?.open.get(effect.id);
        check(onOutcome !== undefined, "each request is answered once");
        session?.open.delete(effect.id);
        if (session?.isIn === true) onOutcome(effect.outcome);
        return;
      }
      case "presence": {
        check(this.#engine.isOnline(effect.user) === effect.online, "presence tells what is");
        return;
      }
      case "confirm":
        throw new Error("nobody else records in this history");
      default:
        return this.#checkReaders(effect);
    }
  }

  #checkReaders(effect: Extract<EngineEffect, { kind: "deliver" | "follow" | "unfollow" }>): void {
    if (effect.kind === "deliver") return this.#checkRecord(effect);
    const isIn = effect.room.members.has(effect.user);
    check(isIn === (effect.kind === "follow"), "members follow, others do not");
  }

  #checkRecord({ room, record }: Extract<EngineEffect, { kind: "deliver" }>): void {
    const { kind, by } = record.head;
    if (kind === "text" || kind === "topic") {
      check(!room.isClosed, "nothing is said in a room that is closed");
      check(room.members.has(by as UserId), "nothing is said by who is out");
    }
    if ((kind === "room" || kind === "rename") && room.name !== undefined) {
      check(this.rooms.holderOf(room.name) === room, "each name is of one room");
    }
    if (kind === "remove" && !isReclaim(record)) {
      check(room.members.size === 0, "nobody is in a room that is removed");
    }
  }

  #passTime(ms: number): void {
    this.#now += ms;
    this.ledger.time += this.random() < 0.1 ? -1_000 : ms;
    for (const writer of this.writers) this.#outbox(writer, { kind: "tick" });
  }

  #keysOf({ user, id }: Writer): number[] {
    return this.ledger.records
      .filter(({ head }) => head.by === user && head.id.startsWith(`${id}.`))
      .map(
        ({ bodyBytes }) => JSON.parse(Buffer.from(bodyBytes ?? []).toString()) as { text: string },
      )
      .map(({ text }) => Number(text));
  }
}

function changeOf(
  what: string,
  name: Name,
  create: { room: RoomId; locked: boolean } | undefined,
): Submission {
  switch (what) {
    case "leave":
      return { kind: "leave", room: name };
    case "topic":
      return { kind: "topic", room: name, topic: what };
    case "enter":
      return { kind: "enter" };
    default:
      return { kind: "join", options: { name, create } };
  }
}

function postOf(outbox: string, counter: number, to: string, text: string): RequestOf<"post"> {
  return { kind: "post", ref: 1, outbox, counter, to, body: { text } };
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
}

function isReclaim(record: LogRecord): boolean {
  return record.head.kind === "remove" && parseBody(record)?.["vacant"] === true;
}

const SEEDS = sampleSize(40, 10_000);
const STEPS = 400;

test.each([
  ["in fair weather", { logFailPercent: 0, lostLinkPercent: 0, postsPerSecond: 10_000 }],
  ["when links are lost", { logFailPercent: 0, lostLinkPercent: 80, postsPerSecond: 10_000 }],
  ["when posts come too fast", { logFailPercent: 0, lostLinkPercent: 30, postsPerSecond: 10 }],
  ["when the log refuses", { logFailPercent: 25, lostLinkPercent: 0, postsPerSecond: 10_000 }],
  ["when all goes wrong", { logFailPercent: 15, lostLinkPercent: 60, postsPerSecond: 20 }],
])("the room engine keeps its guarantees %s", (name, weather) => {
  const seedFirst = name.length * 1_000;
  let records = 0;
  for (let seed = seedFirst; seed < seedFirst + SEEDS; seed++) {
    const world = new EngineWorld(seed, weather);
    try {
      for (let step = 0; step < STEPS; step++) world.step();
      world.calm();
      world.check();
      world.checkRestored(false);
      world.checkRestored(true);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
    records += world.ledger.records.length;
  }
  expect(records).toBeGreaterThan(SEEDS * 20);
});
