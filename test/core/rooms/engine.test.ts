import { beforeEach, describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { directRoomId, type FileId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import {
  HANDS_MAX,
  JOINED_ROOMS_MAX,
  KNOCKS_MAX,
  ROOM_COMMANDS_QUEUED_MAX,
  ROOM_MEMBERS_MAX,
} from "../../../src/base/limits.ts";
import { CONFLICT_TRIES_MAX } from "../../../src/base/limits-cluster.ts";
import { checkName, type Name } from "../../../src/base/names.ts";
import type { Submission } from "../../../src/core/rooms/commands.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import type { EngineEffect, EngineInput } from "../../../src/core/rooms/engine-io.ts";
import type { FileBody } from "../../../src/core/rooms/files.ts";
import type { RoomAction } from "../../../src/core/rooms/moderation.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Request } from "../../../src/wire/messages.ts";
import { type Draft, parseBody } from "../../../src/wire/record.ts";
import { ANA, BEN, BOX, EVE, Ledger, OTHER_BOX, ROOM } from "../ledger.ts";

const USERS = new Map([
  ["ana", ANA],
  ["ben", BEN],
  ["eve", EVE],
]);
const LOBBY_ROOM = "rLLLLLLLLLLL" as RoomId;
const DEV = checkName("dev");
const NO_SESSION = 0;
const FILE = {
  file: "fAAAAAAAAAAA" as FileId,
  name: "a.txt",
  size: 3,
  chunks: 1,
  digest: "0".repeat(64),
};

/** The text of a poll that each flood in "busy room" can vote on, edit or pin. */
const POLL = { room: ROOM, seq: 8, author: ANA, isPoll: true } as const;

type Settle = Extract<EngineEffect, { kind: "settle" }>;

class EngineFixture {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();
  readonly engine: RoomEngine;
  readonly waiting: Extract<EngineEffect, { kind: "append" }>[] = [];
  readonly confirmations: Extract<EngineEffect, { kind: "confirm" }>[] = [];
  effects: EngineEffect[] = [];
  banned: UserId | undefined;
  unixMs = 0;
  #id = 0;

  constructor(isShared = false) {
    const directory = {
      find: (name: Name) => {
        const id = USERS.get(name);
        return id === undefined ? undefined : { id };
      },
      refusal: (user: UserId) =>
        user === this.banned ? new Fault("banned", "you are banned from this server") : undefined,
    };
    const limits = { postsPerSecond: 1e9, postsBurst: 1e9 };
    const { rooms } = this;
    this.engine = new RoomEngine({ rooms, directory, sha256, isShared, ...limits });
    this.handle({ kind: "record", record: this.ledger.append(lobbyDraft(LOBBY_ROOM)) });
    for (const [client, user] of [ANA, BEN].entries()) {
      this.enter(client + 1, user);
      this.submit(user, { kind: "enter" });
    }
    this.write();
    this.effects = [];
  }

  enter(session: number, user: UserId): void {
    this.handle({ kind: "enter", session, user, isPresent: true });
  }

  leave(session: number): void {
    this.handle({ kind: "leave", session });
  }

  submit(user: UserId, command: Submission, over = sessionOf(user)): void {
    const session = over === NO_SESSION ? undefined : over;
    this.handle({ kind: "submit", requester: { id: ++this.#id, user, session }, command });
  }

  handle(input: EngineInput): void {
    for (const effect of this.engine.handle(input, 0, this.unixMs)) {
      if (effect.kind === "append") this.waiting.push(effect);
      else if (effect.kind === "confirm") this.confirmations.push(effect);
      else this.effects.push(effect);
    }
  }

  post(user: UserId, to: string, counter: number, outbox: string = BOX, poll = false): void {
    const question = { text: "Q?\n1. a\n2. b\n3. c", poll: { options: 3 } };
    const body = poll ? question : { text: `${counter}` };
    const request = { kind: "post", ref: 1, outbox, counter, to, body } as const;
    this.submit(user, { kind: "post", request });
  }

  join(user: UserId, room?: RoomId): void {
    const create = room === undefined ? undefined : { room, locked: false };
    const options = { name: DEV, create };
    this.submit(user, { kind: "join", options });
  }

  write(): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const records = next.drafts.map((draft) => this.ledger.append(draft));
      for (const record of records) this.handle({ kind: "record", record });
      const [record] = records.slice(-1);
      if (record !== undefined) this.handle({ kind: "appended", token: next.token, record });
    }
  }

  /** Records one batch, with all drafts that wait now. */
  sync(): void {
    const batch = this.waiting
      .splice(0)
      .map(({ token, drafts }) => ({
        token,
        records: drafts.map((draft) => this.ledger.append(draft)),
      }));
    for (const { records } of batch)
      for (const record of records) this.handle({ kind: "record", record });
    for (const { token, records } of batch) {
      const [record] = records.slice(-1);
      if (record !== undefined) this.handle({ kind: "appended", token, record });
    }
  }

  looked(isCurrent = true): void {
    for (const { token } of this.confirmations.splice(0)) {
      this.handle({ kind: "confirmed", token, isCurrent });
    }
  }

  recorded(draft: Draft): void {
    this.handle({ kind: "record", record: this.ledger.append(draft) });
  }

  fail(fault: Fault): void {
    for (const { token } of this.waiting.splice(0)) this.handle({ kind: "failed", token, fault });
  }

  /** Authors of the drafts that the log has not recorded yet. */
  get authors(): string[] {
    return this.waiting.flatMap(({ drafts }) => drafts.map(({ by }) => by));
  }

  get answers(): unknown[] {
    const outcomes = this.settled.map(({ outcome }) => outcome);
    return outcomes.map((outcome) => (outcome instanceof Fault ? outcome.code : outcome));
  }

  get settled(): Settle[] {
    return this.effects.filter((effect) => effect.kind === "settle");
  }

  get faults(): Fault[] {
    const outcomes = this.settled.map(({ outcome }) => outcome);
    return outcomes.filter((outcome) => outcome instanceof Fault);
  }
}

function sessionOf(user: UserId): number {
  return [ANA, BEN, EVE].indexOf(user) + 1;
}

let way: EngineFixture;
beforeEach(() => {
  way = new EngineFixture();
});

describe("rules and posts in flight", () => {
  const change = (rules: object) =>
    ({
      kind: "act",
      isOperator: false,
      action: { kind: "rules", room: ROOM, change: rules },
    }) as const;

  beforeEach(() => {
    way.join(ANA, ROOM);
    way.write();
    way.join(BEN);
    way.write();
    way.unixMs = way.ledger.time;
    way.effects = [];
  });

  test("judge a post by the rules that are recorded before it", () => {
    way.post(BEN, "dev", 1);
    way.submit(ANA, change({ post: "moderators" }));
    way.post(BEN, "dev", 2);
    way.post(ANA, "dev", 1, OTHER_BOX);
    way.write();
    expect(way.ledger.records.slice(-3).map(({ head }) => [head.kind, head.by])).toEqual([
      ["text", BEN],
      ["rules", ANA],
      ["text", ANA],
    ]);
    expect(way.faults.map(({ code }) => code)).toEqual(["not-allowed"]);
  });

  test("judge a second message in slow mode after the first is recorded", () => {
    way.submit(ANA, change({ slow: 30 }));
    way.write();
    way.post(ANA, "dev", 1);
    way.post(ANA, "dev", 2);
    way.post(BEN, "dev", 1);
    way.post(BEN, "dev", 1, OTHER_BOX);
    expect(way.waiting).toHaveLength(3);
    way.write();
    expect(way.faults.map(({ code }) => code)).toEqual(["too-fast"]);
    expect(way.ledger.records.slice(-3).map(({ head }) => head.by)).toEqual([ANA, ANA, BEN]);
  });

  test("judge slow mode by the same clock, whatever time the records have", () => {
    way.unixMs = 1_000;
    way.ledger.time = 30 * 86_400_000;
    way.submit(ANA, change({ slow: 30 }));
    way.write();
    const post = (counter: number, outbox = BOX) => {
      way.post(BEN, "dev", counter, outbox);
      way.write();
      return way.faults.map(({ code }) => code);
    };
    expect(post(1)).toEqual([]);
    way.unixMs += 29_999;
    expect(post(2)).toEqual(["too-fast"]);
    way.unixMs += 1;
    expect(post(1, OTHER_BOX)).toEqual(["too-fast"]);
  });

  test("judge messages that wait for the beginning of slow mode one by one", () => {
    way.submit(ANA, change({ slow: 30 }));
    for (const outbox of [BOX, OTHER_BOX]) way.post(BEN, "dev", 1, outbox);
    way.write();
    expect(way.faults.map(({ code }) => code)).toEqual(["too-fast"]);
    way.submit(ANA, change({ slow: 0 }));
    for (const outbox of [BOX, OTHER_BOX]) way.post(BEN, "dev", 2, outbox);
    way.write();
    expect(way.faults).toHaveLength(1);
  });

  test("let a message follow if the one before it could not be written", () => {
    way.submit(ANA, change({ slow: 30 }));
    way.write();
    way.post(BEN, "dev", 1);
    way.post(BEN, "dev", 1, OTHER_BOX);
    way.fail(new Fault("store-full", "full", { retryAfterMs: 1_000 }));
    way.write();
    expect(way.faults.map(({ code }) => code)).toEqual(["store-full"]);
    expect(way.ledger.records.at(-1)?.head).toMatchObject({ kind: "text", by: BEN });
  });
});

describe("posts", () => {
  test("are delivered when durable, then answered", () => {
    way.post(ANA, "lobby", 1);
    expect(way.effects).toEqual([]);
    way.write();
    expect(way.effects.map(({ kind }) => kind)).toEqual(["deliver", "settle"]);
    expect(way.answers).toEqual([{ seq: 4, n: 4, time: way.ledger.time }]);
  });

  test("answer a repeated post together with the first", () => {
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 1);
    way.write();
    way.post(ANA, "lobby", 1);
    expect(way.answers).toHaveLength(3);
    expect(new Set(way.answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(way.ledger.records).toHaveLength(4);
  });

  test("are answered if another server has recorded them, after this one has given up", () => {
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    const drafts = way.waiting.flatMap((append) => append.drafts);
    for (const draft of drafts) way.handle({ kind: "record", record: way.ledger.append(draft) });
    way.fail(new Fault("no-majority", "nobody answers", { retryAfterMs: 1_000 }));
    expect(way.answers.map((answer) => (answer as { seq: number }).seq)).toEqual([4, 5]);
  });

  test("are refused on a retry if their author was banned meanwhile", () => {
    way.post(ANA, "lobby", 1);
    way.banned = ANA;
    way.fail(new Fault("log-conflict", "the decision does not hold any more"));
    way.write();
    expect(way.answers).toEqual(["banned"]);
    expect(way.ledger.records).toHaveLength(3);
  });

  test.each([
    ["nowhere", "room-unknown"],
    ["@nobody", "user-unknown"],
    ["@", "name-invalid"],
    ["not a name", "name-invalid"],
    ["42", "name-invalid"],
  ])("to '%s' are refused: %s", (to, code) => {
    way.post(ANA, to, 1);
    expect(way.answers).toEqual([code]);
    expect(way.waiting).toEqual([]);
  });

  test("are refused from non-members and absent users", () => {
    way.join(BEN, ROOM);
    way.write();
    way.post(ANA, "dev", 1);
    way.post(EVE, "lobby", 1);
    expect(way.answers.slice(1)).toEqual(["not-member", "not-logged-in"]);
  });

  test("keep the order of an outbox across rooms", () => {
    way.join(ANA, ROOM);
    way.write();
    way.submit(ANA, { kind: "topic", room: DEV, topic: "new" });
    way.post(ANA, "dev", 1);
    way.post(ANA, "lobby", 2);
    way.post(ANA, "lobby", 1, OTHER_BOX);
    expect(way.waiting.map(({ drafts }) => drafts[0]?.id)).toEqual(["", `${OTHER_BOX}.1`]);
    way.write();
    const ids = way.ledger.records.map(({ head }) => head.id).filter((id) => id.startsWith(BOX));
    expect(ids).toEqual([`${BOX}.1`, `${BOX}.2`]);
  });

  test("wait after a transient fault until the refused one is repeated", () => {
    way.post(ANA, "lobby", 1);
    way.fail(new Fault("too-many", "busy", { retryAfterMs: 100 }));
    way.post(ANA, "lobby", 2);
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    way.write();
    expect(way.answers.map((answer) => typeof answer).join()).toBe("string,string,object,object");
  });

  test("answer a post repeated on two links", () => {
    way.enter(9, ANA);
    way.post(ANA, "lobby", 1);
    way.fail(new Fault("too-many", "busy", { retryAfterMs: 100 }));
    const body = { text: "1" };
    const request = { kind: "post", ref: 1, outbox: BOX, counter: 1, to: "lobby", body } as const;
    way.submit(ANA, { kind: "post", request }, 9);
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    way.write();
    expect(way.answers.map((answer) => typeof answer).join()).toBe("string,object,object,object");
  });

  test("refuse a retry of an overtaken post", () => {
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    expect(way.waiting.map(({ follows }) => follows)).toEqual([undefined, 1]);
    const [first] = way.waiting.splice(0, 1);
    const fault = new Fault("too-many", "busy", { retryAfterMs: 100 });
    way.handle({ kind: "failed", token: first?.token ?? 0, fault });
    const [refusal] = way.faults;
    expect(refusal?.code).toBe("too-many");
    expect(refusal?.retryAfterMs).toBeUndefined();
    way.write();
    way.post(ANA, "lobby", 1);
    expect(way.answers.at(-1)).toBe("too-many");
    expect(way.waiting).toEqual([]);
  });

  test("in flight without a majority are not refused permanently", () => {
    for (const counter of [1, 2, 3]) way.post(ANA, "lobby", counter);
    way.fail(new Fault("no-majority", "no majority", { retryAfterMs: 100 }));
    const refusals = way.faults;
    expect(refusals.map(({ retryAfterMs }) => retryAfterMs)).toEqual([100, 100, 100]);
    for (const counter of [1, 2, 3]) way.post(ANA, "lobby", counter);
    way.write();
    expect(way.answers.slice(-3)).toMatchObject([{ n: 4 }, { n: 5 }, { n: 6 }]);
  });

  test("defer a retry while later posts of its outbox are pending", () => {
    const retry = (counter: number) => {
      const body = { text: `${counter}` };
      const request = { kind: "post", ref: 1, outbox: BOX, counter, to: "lobby", body } as const;
      way.submit(ANA, { kind: "post", request }, 9);
    };
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    const [first] = way.waiting.splice(0, 1);
    const fault = new Fault("no-majority", "no majority", { retryAfterMs: 100 });
    way.handle({ kind: "failed", token: first?.token ?? 0, fault });
    way.enter(9, ANA);
    retry(1);
    expect(way.faults.at(-1)).toMatchObject({ code: "out-of-order", retryAfterMs: 1_000 });
    way.fail(fault);
    retry(1);
    retry(2);
    way.write();
    expect(way.answers.slice(-2)).toMatchObject([{ n: 4 }, { n: 5 }]);
  });

  test("refuse a permanently refused post again on a late link", () => {
    way.post(ANA, "dev", 1);
    expect(way.answers).toEqual(["room-unknown"]);
    way.join(ANA, ROOM);
    way.write();
    way.post(ANA, "dev", 1);
    expect(way.answers.at(-1)).toBe("room-unknown");
    way.post(ANA, "dev", 2);
    way.write();
    expect(way.answers.at(-1)).toMatchObject({ n: 3 });
  });

  test("skip a permanent refusal", () => {
    way.post(ANA, "lobby", 1);
    way.fail(new Fault("store-full", "no space"));
    way.post(ANA, "lobby", 2);
    way.write();
    expect(way.answers).toEqual(["store-full", expect.objectContaining({ seq: 4 })]);
  });
});

describe("posts that other servers may have recorded", () => {
  const room = { kind: "room", room: ROOM, by: ANA, id: "", body: { name: "dev" } } as const;
  const join = { kind: "join", room: ROOM, by: ANA, id: "", body: {} } as const;
  const message = {
    kind: "text",
    room: ROOM,
    by: ANA,
    id: `${BOX}.1`,
    body: { text: "1" },
  } as const;
  beforeEach(() => {
    way = new EngineFixture(true);
  });

  test.each([
    ["nobody knows the room", []],
    ["its author is not in the room", [room]],
  ])("are answered as recorded despite %s here", (_, known) => {
    for (const draft of known) way.recorded(draft);
    way.post(ANA, "dev", 1);
    expect(way.answers).toEqual([]);
    for (const draft of [room, join, message].slice(known.length)) way.recorded(draft);
    const { seq } = way.ledger.records.at(-1)?.head ?? {};
    way.post(ANA, "dev", 1);
    way.looked();
    expect(way.answers).toMatchObject([{ seq }, { seq }]);
    expect(way.waiting).toEqual([]);
  });

  test("are decided again when all records are known", () => {
    way.post(ANA, "dev", 1);
    for (const draft of [room, join]) way.recorded(draft);
    way.looked();
    way.write();
    expect(way.answers).toMatchObject([{ n: 3 }]);
  });

  test("keep their order: later ones wait for the confirmation", () => {
    way.post(ANA, "dev", 1);
    way.post(ANA, "lobby", 2);
    expect(way.waiting).toEqual([]);
    way.looked();
    way.write();
    expect(way.answers).toMatchObject(["room-unknown", { n: 4 }]);
    expect(way.confirmations).toEqual([]);
    way.post(ANA, "dev", 1);
    expect(way.answers.at(-1)).toBe("room-unknown");
  });

  test("are not refused permanently while the records are unknown", () => {
    way.post(ANA, "dev", 1);
    way.post(ANA, "lobby", 2);
    way.looked(false);
    const refusals = way.faults;
    expect(refusals.map(({ code }) => code)).toEqual(["no-majority", "no-majority"]);
    expect(refusals.map(({ retryAfterMs }) => retryAfterMs)).toEqual([1_000, 1_000]);
    expect(way.waiting).toEqual([]);
    for (const draft of [room, join]) way.recorded(draft);
    way.post(ANA, "dev", 1);
    way.post(ANA, "lobby", 2);
    way.write();
    expect(way.answers.slice(2)).toMatchObject([{ n: 3 }, { n: 4 }]);
  });

  test("without content, which only request their result, are confirmed too", () => {
    const body = { text: "" };
    const request = { kind: "post", ref: 1, outbox: BOX, counter: 1, to: "dev", body } as const;
    way.submit(ANA, { kind: "post", request });
    for (const draft of [room, join, message]) way.recorded(draft);
    way.looked();
    expect(way.answers).toMatchObject([{ n: 3 }]);
  });

  test("are answered with another server's record when the log contains it", () => {
    const conflict = new Fault("log-conflict", "the decision does not hold any more");
    const lobby = { ...message, room: LOBBY_ROOM };
    way.post(ANA, "lobby", 1);
    way.recorded(lobby);
    way.fail(conflict);
    expect(way.answers).toMatchObject([{ seq: 4 }]);
    way.post(ANA, "lobby", 2);
    way.recorded({ ...lobby, id: `${BOX}.3` });
    way.fail(conflict);
    expect(way.answers.at(-1)).toBe("out-of-order");
    way.submit(ANA, { kind: "topic", room: checkName("lobby"), topic: "x" });
    way.fail(conflict);
    way.write();
    expect(way.answers.at(-1)).toEqual({ seq: 6 });
    way.submit(ANA, { kind: "topic", room: checkName("lobby"), topic: "y" });
    let tries = 0;
    for (; way.waiting.length > 0 && tries < 1_000; tries++) way.fail(conflict);
    expect([tries, way.answers.at(-1)]).toEqual([CONFLICT_TRIES_MAX + 1, "log-conflict"]);
  });

  test("are confirmed, unlike other commands", () => {
    way.submit(EVE, { kind: "topic", room: checkName("lobby"), topic: "x" });
    expect([way.answers, way.confirmations]).toEqual([["not-member"], []]);
  });

  test("are not recorded after their sender has moved to another server", () => {
    way.submit(ANA, { kind: "topic", room: checkName("lobby"), topic: "" });
    way.post(ANA, "lobby", 1);
    way.leave(1);
    way.write();
    expect(way.ledger.records.map(({ head }) => head.kind).at(-1)).toBe("topic");
  });
});

describe("two users", () => {
  const between = directRoomId(ANA, BEN, sha256);

  test("create one conversation for users who write simultaneously", () => {
    way.post(ANA, "@ben", 1);
    way.post(BEN, "@ana", 1);
    way.write();
    const kinds = way.ledger.records.slice(3).map(({ head }) => [head.kind, head.room]);
    expect(kinds).toEqual([
      ["room", between],
      ["text", between],
      ["text", between],
    ]);
    const followers = way.effects.flatMap((item) => (item.kind === "follow" ? [item.user] : []));
    expect(followers).toEqual([ANA, BEN]);
  });

  test("report when the other user is offline", () => {
    way.post(ANA, "@ben", 1);
    way.post(ANA, "@eve", 2);
    way.post(ANA, "@ana", 3);
    way.write();
    const queued = way.answers.map((answer) => (answer as { queued?: boolean }).queued);
    expect(queued).toEqual([undefined, true, undefined]);
  });

  test("can continue although one of them has the maximum number of conversations", () => {
    way.post(BEN, "@ana", 1);
    way.write();
    for (let i = 0; i < JOINED_ROOMS_MAX; i++) {
      const other = `u${i}`.padEnd(12, "x") as UserId;
      const room = directRoomId(ANA, other, sha256);
      const body = { direct: [ANA, other], initiator: ANA };
      way.recorded({ kind: "room", room, by: "server", id: "", body });
    }
    way.post(ANA, "@ben", 1);
    way.post(ANA, "@eve", 2);
    way.write();
    expect(way.answers.slice(1)).toEqual(["too-many", expect.objectContaining({ n: 3 })]);
  });

  test("begin one group, and are answered again on a repetition", () => {
    const change = { group: "g", epoch: 0, commitId: "c", info: "i", added: [["d", ANA]] } as const;
    const begin = () =>
      way.submit(ANA, {
        kind: "group",
        isOperator: false,
        target: { id: directRoomId(ANA, BEN, sha256), room: undefined, peer: BEN },
        device: "d",
        change: { ...change, removed: [] },
      });
    begin();
    way.write();
    begin();
    expect(way.waiting).toEqual([]);
    const { seq, time } = way.ledger.records.at(-1)?.head ?? {};
    expect(way.answers).toEqual([1, 2].map(() => ({ seq, epoch: 0, time })));
  });

  test("can retry when their room could not be created", () => {
    way.post(ANA, "@ben", 1);
    way.fail(new Fault("store-full", "no space"));
    expect(way.faults).toMatchObject([{ code: "store-full", retryAfterMs: 1_000 }]);
    way.post(ANA, "@ben", 1);
    way.write();
    expect(way.answers.at(-1)).toMatchObject({ n: 2 });
  });
});

test("a post with files is refused if an order has named one of them", () => {
  const { file } = FILE;
  const post = (counter: number, files: readonly FileBody[] | undefined) => {
    const listed = [{ file, size: 3, chunks: 1, digest: new Uint8Array(32) }];
    const body = { text: "", files: listed };
    const fields = { ref: 1, outbox: BOX, counter, to: "lobby", body } as const;
    way.submit(ANA, { kind: "post", request: { kind: "post", ...fields }, files }, NO_SESSION);
  };
  post(1, undefined);
  expect(way.faults.at(-1)).toMatchObject({ code: "file-unknown" });
  post(2, [FILE]);
  way.write();
  const [posted] = way.ledger.records.slice(-1);
  if (posted === undefined) throw new Error("no record");
  const { head } = posted;
  expect([head.kind, head.id, parseBody(posted)]).toEqual(["file", `${BOX}.2`, { files: [FILE] }]);
  const act = { kind: "erase", room: LOBBY_ROOM, seq: head.seq, author: ANA } as const;
  way.submit(ANA, { kind: "act", isOperator: false, action: act });
  way.write();
  const order = way.ledger.records.at(-1);
  expect(order && parseBody(order)).toMatchObject({ seq: head.seq, files: [file] });
  expect(way.engine.files.wasErased(file)).toBe(true);
  post(3, [FILE]);
  expect(way.faults.at(-1)).toMatchObject({ code: "file-unknown" });
});

describe("rooms", () => {
  test("join one room when two users create it simultaneously", () => {
    way.join(ANA, ROOM);
    way.join(BEN, "rSSSSSSSSSSS" as RoomId);
    way.write();
    expect(way.answers).toEqual([
      { room: ROOM, name: DEV, created: true, joined: true },
      { room: ROOM, name: DEV, created: false, joined: true },
    ]);
    way.join(BEN);
    expect(way.answers.at(-1)).toEqual({ room: ROOM, name: DEV, created: false, joined: false });
    way.submit(BEN, { kind: "enter" });
    expect([way.answers.at(-1), way.waiting]).toEqual([{}, []]);
  });

  test("refuse members if their creation failed", () => {
    way.join(ANA, ROOM);
    const [append] = way.waiting.splice(0);
    const fault = new Fault("store-full", "no space");
    const record = way.ledger.append({ kind: "join", room: ROOM, by: ANA, id: "", body: {} });
    way.handle({ kind: "record", record });
    expect(way.answers).toEqual([]);
    way.join(BEN, "rSSSSSSSSSSS" as RoomId);
    expect(way.waiting).toEqual([]);
    way.handle({ kind: "failed", token: append?.token ?? 0, fault });
    expect(way.answers).toEqual(["store-full"]);
    way.write();
    expect(way.answers.at(-1)).toMatchObject({ room: "rSSSSSSSSSSS", created: true });
  });

  test("record joins of different users, and posts, without waiting for each other", () => {
    way.join(ANA, ROOM);
    way.write();
    way.join(BEN);
    way.join(EVE);
    way.post(ANA, "dev", 1);
    expect(way.waiting.map(({ drafts }) => drafts.map(({ by }) => by))).toEqual([
      [BEN],
      [EVE],
      [ANA],
    ]);
    way.write();
    expect(way.faults).toEqual([]);
    expect(way.rooms.get(ROOM)?.members.size).toBe(3);
  });

  test("record votes of different users, and posts, without waiting for each other", () => {
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.write();
    way.post(ANA, "dev", 1, BOX, true);
    way.write();
    const seq = way.ledger.records.length;
    const poll = { room: ROOM, seq, author: ANA, isPoll: true } as const;
    const vote = (user: UserId, choice: number) => {
      const action = { kind: "vote", ...poll, choices: [choice], voter: "p" } as const;
      way.submit(user, { kind: "act", isOperator: false, action });
    };
    vote(BEN, 1);
    vote(EVE, 2);
    vote(BEN, 3);
    way.post(ANA, "dev", 2);
    expect(way.authors).toEqual([BEN, EVE, ANA]);
    way.write();
    expect(way.faults).toEqual([]);
    const kinds = way.ledger.records.slice(-4).map(({ head }) => `${head.kind} ${head.by}`);
    expect(kinds).toEqual([`vote ${BEN}`, `vote ${EVE}`, `text ${ANA}`, `vote ${BEN}`]);
  });

  test("record departures of different users without waiting for each other", () => {
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.write();
    way.effects = [];
    way.post(ANA, "dev", 1);
    way.submit(BEN, { kind: "leave", room: DEV });
    way.post(BEN, "dev", 1, OTHER_BOX);
    expect(way.authors).toEqual([ANA, BEN]);
    way.write();
    expect(way.ledger.records.slice(-2).map(({ head }) => `${head.kind} ${head.by}`)).toEqual([
      `text ${ANA}`,
      `leave ${BEN}`,
    ]);
    expect(way.answers).toContain("not-member");
  });

  test("record departures one at a time in a cluster, where they conflict", () => {
    way = new EngineFixture(true);
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.write();
    for (const user of [ANA, BEN]) way.submit(user, { kind: "leave", room: DEV });
    expect(way.waiting).toHaveLength(1);
  });

  test("are removed once when the last members leave at the same time", () => {
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.write();
    way.effects = [];
    for (const user of [ANA, BEN, EVE]) way.submit(user, { kind: "leave", room: DEV });
    expect(way.waiting.map(({ drafts }) => drafts.length)).toEqual([1, 1]);
    way.write();
    const kinds = way.ledger.records.slice(-4).map(({ head }) => head.kind);
    expect(kinds).toEqual(["leave", "leave", "leave", "remove"]);
    expect(way.answers).toEqual([{}, {}, {}]);
    expect(way.rooms.find(DEV)).toBeUndefined();
  });

  test("are removed once when the last members leave behind another change", () => {
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.write();
    const eve = { room: ROOM, user: EVE, name: checkName("eve"), isOperator: false };
    way.submit(ANA, { kind: "act", isOperator: true, action: { kind: "mute", ...eve, on: true } });
    for (const user of [ANA, BEN, EVE]) way.submit(user, { kind: "leave", room: DEV });
    expect(way.waiting).toHaveLength(1);
    way.write();
    const kinds = way.ledger.records.slice(-5).map(({ head }) => head.kind);
    expect(kinds).toEqual(["mute", "leave", "leave", "leave", "remove"]);
  });

  test("admit no more members than the limit if several users join at the same time", () => {
    way.join(ANA, ROOM);
    way.write();
    way.effects = [];
    const members = way.rooms.get(ROOM)?.members ?? new Set<UserId>();
    for (let i = members.size; i < ROOM_MEMBERS_MAX - 1; i++) members.add(`u${i}` as UserId);
    way.join(BEN);
    way.join(EVE);
    way.write();
    expect(way.answers).toMatchObject([{ joined: true }, "too-many"]);
  });

  test("record one join of a user who joins twice, and then the user's post", () => {
    way.join(ANA, ROOM);
    way.write();
    way.effects = [];
    way.join(BEN);
    way.join(BEN);
    way.post(BEN, "dev", 1);
    way.post(ANA, "dev", 1, OTHER_BOX);
    expect(way.authors).toEqual([BEN, ANA]);
    way.write();
    expect(way.answers).toMatchObject([{ joined: true }, { joined: false }, { n: 4 }, { n: 5 }]);
    expect(way.ledger.records.slice(-3).map(({ head }) => head.kind)).toEqual([
      "join",
      "text",
      "text",
    ]);
  });

  test("can join again after a failed join", () => {
    way.join(ANA, ROOM);
    way.write();
    way.join(BEN);
    way.fail(new Fault("store-full", "no space"));
    way.join(BEN);
    way.write();
    expect(way.answers.slice(-2)).toMatchObject(["store-full", { joined: true }]);
  });

  test("keep a change behind joins, and joins behind the change", () => {
    way.join(ANA, ROOM);
    way.write();
    way.join(BEN);
    const ana = { room: ROOM, user: ANA, name: checkName("ana"), isOperator: false };
    way.submit(ANA, { kind: "act", isOperator: true, action: { kind: "mute", ...ana, on: true } });
    way.join(EVE);
    expect(way.waiting).toHaveLength(1);
    way.write();
    const heads = way.ledger.records.slice(-3).map(({ head }) => `${head.kind} ${head.by}`);
    expect(heads).toEqual([`join ${BEN}`, `mute ${ANA}`, `join ${EVE}`]);
  });

  test("are created once when two users join a room that is being removed", () => {
    way.join(ANA, ROOM);
    way.write();
    way.effects = [];
    way.submit(ANA, { kind: "act", isOperator: true, action: { kind: "remove", room: ROOM } });
    way.join(BEN, "rSSSSSSSSSSS" as RoomId);
    way.join(EVE, "rTTTTTTTTTTT" as RoomId);
    way.write();
    expect(way.answers.slice(-2)).toMatchObject([
      { room: "rSSSSSSSSSSS", created: true },
      { room: "rSSSSSSSSSSS", created: false, joined: true },
    ]);
  });

  test("record no posts of an author after leaving", () => {
    way.submit(ANA, { kind: "leave", room: checkName("lobby") });
    way.post(ANA, "lobby", 1);
    way.write();
    expect(way.answers).toEqual([{}, "not-member"]);
    expect(way.ledger.records.at(-1)?.head.kind).toBe("leave");
    expect(way.effects.map(({ kind }) => kind)).toContain("unfollow");
  });

  test("deliver messages to a new member and report the presence", () => {
    way.join(ANA, ROOM);
    way.write();
    way.effects = [];
    way.join(BEN);
    way.write();
    expect(way.effects.map(({ kind }) => kind)).toEqual([
      "deliver",
      "follow",
      "presence",
      "settle",
    ]);
  });
});

describe("actions", () => {
  const lobby = checkName("lobby");
  const act = (user: UserId, act: RoomAction) =>
    way.submit(user, { kind: "act", isOperator: true, action: act });

  test("are answered with their record, which may order an erasure", () => {
    way.post(ANA, "lobby", 1);
    way.post(ANA, "lobby", 2);
    way.write();
    way.effects = [];
    const member = { room: LOBBY_ROOM, user: BEN, name: lobby, isOperator: false, on: true };
    act(ANA, { kind: "mute", ...member });
    act(ANA, { kind: "grant", ...member });
    act(ANA, { kind: "erase", room: LOBBY_ROOM, seq: 4, author: ANA });
    act(ANA, { kind: "erase-many", room: LOBBY_ROOM, seqs: [5] });
    way.write();
    expect(way.answers).toEqual([{ seq: 6 }, {}, { seq: 8 }, { seq: 9 }]);
    const orders = way.settled.map(({ order }) => order?.head.seq);
    expect(orders).toEqual([undefined, undefined, 8, 9]);
  });

  test("stop reading a removed room, but not a closed one", () => {
    way.join(ANA, ROOM);
    way.join(BEN);
    way.write();
    const followers = () => {
      way.write();
      return way.effects.flatMap((item) => (item.kind === "unfollow" ? [item.user] : []));
    };
    act(EVE, { kind: "close", room: ROOM, on: true });
    expect(followers()).toEqual([]);
    act(EVE, { kind: "remove", room: ROOM });
    expect(followers()).toEqual([ANA, BEN]);
  });

  test("refuse a name under which a room is being created", () => {
    const ops = "rSSSSSSSSSSS" as RoomId;
    way.recorded({ kind: "room", room: ops, by: ANA, id: "", body: { name: "ops" } });
    way.join(ANA, ROOM);
    act(EVE, { kind: "rename", room: ops, to: DEV });
    expect(way.answers).toEqual(["too-many"]);
    act(EVE, { kind: "rename", room: ops, to: checkName("OPS") });
    way.write();
    expect(way.answers.slice(1)).toEqual([expect.objectContaining({ created: true }), {}]);
  });

  test("answer with the kick if it empties a room", () => {
    way.join(ANA, ROOM);
    way.write();
    way.effects = [];
    act(ANA, { kind: "kick", room: ROOM, user: ANA, name: checkName("ana"), isOperator: false });
    way.write();
    const kinds = way.ledger.records.slice(-2).map(({ head }) => head.kind);
    expect(kinds).toEqual(["kick", "remove"]);
    expect(way.answers).toEqual([{ seq: way.ledger.records.length - 1 }]);
  });
});

describe("presence", () => {
  const presences = () =>
    way.effects.flatMap((item) => (item.kind === "presence" ? [[item.user, item.online]] : []));

  test("is reported with the first and last session", () => {
    way.enter(9, ANA);
    way.leave(1);
    expect(presences()).toEqual([]);
    way.leave(9);
    way.enter(10, ANA);
    expect(presences()).toEqual([
      [ANA, false],
      [ANA, true],
    ]);
    expect(way.engine.isOnline(EVE)).toBe(false);
  });
});

describe("busy room", () => {
  test("queues up to the limit of each user and refuses further posts temporarily", () => {
    const ben = { room: LOBBY_ROOM, user: BEN, name: checkName("ben"), isOperator: false };
    way.submit(ANA, { kind: "act", isOperator: true, action: { kind: "mute", ...ben, on: false } });
    const box = (i: number) => `${i}`.padStart(11, "x");
    for (let i = 0; i < ROOM_COMMANDS_QUEUED_MAX; i++) way.post(BEN, "lobby", 1, box(i));
    expect(way.answers).toHaveLength(0);
    way.post(BEN, "lobby", 1, box(ROOM_COMMANDS_QUEUED_MAX));
    const [fault] = way.faults;
    expect([fault?.code, fault?.retryAfterMs]).toEqual(["too-fast", 100]);
    expect(fault?.remedy).toBe("wait until they are done");
    way.post(ANA, "lobby", 1);
    expect(way.faults).toHaveLength(1);
    way.write();
    expect(way.answers).toHaveLength(ROOM_COMMANDS_QUEUED_MAX + 3);
    expect(way.ledger.records).toHaveLength(5 + ROOM_COMMANDS_QUEUED_MAX);
  });

  /** Number of syncs of the log until Ben's post is recorded. */
  function syncsOfPost(): number {
    way.post(BEN, "dev", 1, OTHER_BOX);
    for (let syncs = 1; ; syncs++) {
      const isIncluded = way.authors.includes(BEN);
      way.sync();
      if (isIncluded) return syncs;
      expect(syncs).toBeLessThan(10);
    }
  }

  type Flood = (user: UserId, i: number) => Submission;
  const name = checkName("eve");
  const action = (made: RoomAction) => ({ kind: "act", isOperator: false, action: made }) as const;
  const floods: [string, number, Flood][] = [
    ["topics", 1, (_, i) => ({ kind: "topic", room: DEV, topic: `${i}` })],
    [
      "hands",
      1,
      (user, i) =>
        action({ kind: "hand", room: ROOM, user, name, isOperator: false, on: i % 2 === 0 }),
    ],
    [
      "departures and joins",
      1,
      (_, i) =>
        i % 2 === 0
          ? { kind: "leave", room: DEV }
          : { kind: "join", options: { name: DEV, create: undefined } },
    ],
    ["votes", 1, () => action({ kind: "vote", ...POLL, choices: [1], voter: "p" })],
    [
      "edits",
      1,
      (author) => action({ kind: "edit", room: ROOM, seq: POLL.seq + 1, author, text: "x" }),
    ],
    [
      "pins",
      2,
      (_, i) => action({ kind: "pin", room: ROOM, seq: POLL.seq, author: ANA, on: i % 2 === 0 }),
    ],
    [
      "rules",
      2,
      (_, i) =>
        action({
          kind: "rules",
          room: ROOM,
          change: { everyone: i % 2 === 0 ? "everyone" : "moderators" },
        }),
    ],
  ];

  test.each(floods)("records a post after one user's %s within %i syncs", (kind, syncs, flood) => {
    for (const user of [ANA, BEN, EVE]) way.join(user, ROOM);
    way.enter(3, EVE);
    way.write();
    way.post(ANA, "dev", 1, BOX, true);
    way.write();
    expect(way.ledger.records.at(-1)?.head.seq).toBe(POLL.seq);
    way.post(EVE, "dev", 1);
    const eve = { room: ROOM, user: EVE, name, isOperator: false };
    if (kind === "topics" || kind === "pins" || kind === "rules") {
      way.submit(ANA, action({ kind: "grant", ...eve, on: true }));
    }
    way.write();
    way.effects = [];
    for (let i = 0; i < ROOM_COMMANDS_QUEUED_MAX; i++) way.submit(EVE, flood(EVE, i));
    expect(way.authors.slice(0, 1)).toEqual([EVE]);
    expect(syncsOfPost()).toBeLessThanOrEqual(syncs);
    way.write();
    expect(way.answers).toHaveLength(ROOM_COMMANDS_QUEUED_MAX + 1);
  });

  test("records the posts of one outbox together after another user's exclusive change", () => {
    way.join(ANA, ROOM);
    way.join(BEN, ROOM);
    way.join(EVE, ROOM);
    way.write();
    const eve = { room: ROOM, user: EVE, name, isOperator: false };
    for (let i = 0; i < 10; i++) {
      way.submit(ANA, action({ kind: "mute", ...eve, on: i % 2 === 0 }));
    }
    for (let counter = 1; counter <= 10; counter++) way.post(BEN, "dev", counter);
    way.sync();
    expect(way.authors).toEqual(Array<UserId>(10).fill(BEN));
    way.post(BEN, "dev", 11);
    way.sync();
    expect(way.authors).toEqual([ANA]);
  });

  test("runs exclusive changes of another user in turn", () => {
    way.join(ANA, ROOM);
    way.join(EVE, ROOM);
    way.write();
    const eve = { room: ROOM, user: EVE, name, isOperator: false };
    way.submit(ANA, action({ kind: "grant", ...eve, on: true }));
    way.write();
    for (let i = 0; i < 100; i++) {
      const everyone = i % 2 === 0 ? "everyone" : "moderators";
      way.submit(EVE, action({ kind: "rules", room: ROOM, change: { everyone } }));
    }
    way.submit(ANA, action({ kind: "mute", ...eve, on: false }));
    expect(way.authors).toEqual([EVE]);
    way.sync();
    expect(way.authors).toEqual([ANA]);
  });

  test("records a post of an approval room in one sync with the requests of a guest", () => {
    way.join(ANA, ROOM);
    way.join(BEN, ROOM);
    way.write();
    way.submit(ANA, action({ kind: "rules", room: ROOM, change: { join: "approval" } }));
    way.write();
    const knock = { kind: "knock", room: ROOM, user: EVE, name, isOperator: false } as const;
    for (let i = 0; i < ROOM_COMMANDS_QUEUED_MAX; i++) {
      way.submit(EVE, action({ ...knock, on: i % 2 === 0 }));
    }
    expect(way.authors).toEqual([EVE]);
    expect(syncsOfPost()).toBe(1);
  });

  test("exceeds no limit of a list that users fill at the same time", () => {
    way.join(ANA, ROOM);
    way.join(BEN, ROOM);
    way.join(EVE, ROOM);
    way.write();
    const change = { join: "approval" } as const;
    way.submit(ANA, action({ kind: "rules", room: ROOM, change }));
    way.write();
    const { hands = new Set(), knocks = new Set() } = way.rooms.get(ROOM) ?? {};
    for (let i = 1; i < HANDS_MAX; i++) hands.add(`u${i}` as UserId);
    for (let i = 1; i < KNOCKS_MAX; i++) knocks.add(`u${i}` as UserId);
    way.effects = [];
    const made = { room: ROOM, name, isOperator: false, on: true };
    for (const user of [BEN, EVE]) way.submit(user, action({ kind: "hand", user, ...made }));
    way.write();
    for (const user of ["uGGGGGGGGGGG", "uHHHHHHHHHHH"] as UserId[]) {
      way.submit(user, action({ kind: "knock", user, ...made }), NO_SESSION);
    }
    way.write();
    expect(way.answers).toMatchObject([{}, "too-many", {}, "too-many"]);
  });

  test("limits other requests that have a cost", () => {
    const directory = { find: () => undefined };
    const pace = { postsPerSecond: 1, postsBurst: 1 };
    const engine = new RoomEngine({ rooms: new Rooms(), directory, sha256, ...pace });
    const charge = (kind: "topic" | "rooms") => engine.charge(ANA, { kind } as Request, 0)?.code;
    expect([charge("rooms"), charge("topic"), charge("topic"), charge("rooms")]).toEqual([
      ...([undefined, undefined, "too-fast", undefined] as const),
    ]);
  });

  test("refuses thousands of commands without exhausting the stack", () => {
    way.join(ANA, ROOM);
    for (let i = 1; i < ROOM_COMMANDS_QUEUED_MAX; i++) {
      const kind = i % 2 === 0 ? "leave" : "topic";
      way.submit(BEN, { kind, room: DEV, topic: "" });
    }
    way.write();
    expect(way.answers).toHaveLength(ROOM_COMMANDS_QUEUED_MAX);
    expect(new Set(way.answers.slice(1))).toEqual(new Set(["not-member"]));
  });
});
