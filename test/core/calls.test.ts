import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { CALLS_PER_ACCOUNT_MAX } from "../../src/base/limits.ts";
import { defined } from "../../src/base/values.ts";
import { CALLS, type Call, Calls } from "../../src/core/calls/calls.ts";

const [ANA, BEN, EVERYONE] = ["ana" as UserId, "ben" as UserId, "everyone" as UserId];
const [LOBBY, LAB] = ["lobby" as RoomId, "lab" as RoomId];
/** As the seq after 2 ** 32 records. */
const FAR = 2 ** 40;

interface Noted extends Call {
  readonly room: RoomId;
  readonly user: UserId;
}

/** The calls as a plain list. */
class PlainCalls {
  list: readonly Noted[] = [];
  head = 0;

  of(user: UserId, room: RoomId): readonly Call[] {
    const here = this.list.filter((call) => call.room === room);
    const own = here.filter((call) => call.user === user);
    const all = here.filter((call) => call.user === EVERYONE && call.by !== user);
    const others = all.filter(({ seq }) => !own.some((call) => call.seq === seq));
    const calls = user === EVERYONE ? own : [...own, ...others];
    return calls.sort((a, b) => a.seq - b.seq).map(({ room: _, user: __, ...call }) => call);
  }

  add(room: RoomId, user: UserId, call: Call): void {
    const isSame = (one: Noted) => one.room === room && one.user === user && one.seq === call.seq;
    const known = this.list.find(isSame);
    if (known === undefined) this.list = [...this.list, { ...call, room, user }];
    else if (known.reason === "mention" && call.reason === "reply")
      this.list = this.list.map((one) => (isSame(one) ? { ...one, isAnswer: true } : one));
  }

  drop(isDropped: (call: Noted) => boolean): void {
    this.list = this.list.filter((call) => !isDropped(call));
  }

  endMentions(room: RoomId, seq: number, isNamed: (user: UserId) => boolean): void {
    this.list = this.list.flatMap((call): Noted[] => {
      const { isAnswer, ...rest } = call;
      const isEdited = call.room === room && call.seq === seq && call.reason === "mention";
      if (!isEdited || isNamed(call.user)) return [call];
      return isAnswer === true ? [{ ...rest, reason: "reply" }] : [];
    });
  }
}

const room = fc.constantFrom(LOBBY, LAB);
const user = fc.constantFrom(ANA, BEN);
const seq = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: FAR, max: FAR + 3 }));
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      room,
      user: fc.oneof(user, fc.constant(EVERYONE)),
      seq,
      reason: fc.constantFrom("mention" as const, "reply" as const, "keyword" as const),
      by: fc.constantFrom(ANA, "dora" as UserId),
      isInThread: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant("read" as const), room, user, seq }),
  fc.record({ kind: fc.constant("erase" as const), room, seqs: fc.uniqueArray(seq) }),
  fc.record({ kind: fc.constant("edit" as const), room, seq, user }),
  fc.record({ kind: fc.constant("remove" as const), room }),
  fc.record({ kind: fc.constant("limit" as const), seq }),
  fc.record({ kind: fc.constant("restart" as const) }),
);

test("answers as a plain list of calls", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let calls = new Calls();
      const plain = new PlainCalls();
      for (const change of steps) {
        if (change.kind === "add") {
          const { seq, by, isInThread } = change;
          const reason = change.user === EVERYONE ? "everyone" : change.reason;
          const root = isInThread && seq > 1 ? seq - 1 : undefined;
          const call = defined({ seq, n: seq, reason, by, root });
          calls.add(change.room, change.user, call);
          plain.add(change.room, change.user, call);
        } else if (change.kind === "read") {
          calls.drop(change.room, change.user, ({ n }) => n <= change.seq);
          plain.drop((one) => {
            return one.room === change.room && one.user === change.user && one.n <= change.seq;
          });
        } else if (change.kind === "erase") {
          const seqs = new Set(change.seqs);
          calls.dropErased(change.room, seqs);
          plain.drop((one) => one.room === change.room && seqs.has(one.seq));
        } else if (change.kind === "edit") {
          const isNamed = (one: UserId) => one === change.user;
          calls.endMentions(change.room, change.seq, isNamed);
          plain.endMentions(change.room, change.seq, isNamed);
        } else if (change.kind === "remove") {
          calls.dropRoom(change.room);
          plain.drop((one) => one.room === change.room);
        } else if (change.kind === "limit") {
          calls.head = Math.max(calls.head, change.seq + 1);
          calls.limit(change.seq);
          plain.drop((one) => one.seq > change.seq);
        } else {
          const text = calls.format();
          calls = new Calls();
          calls.load(v.parse(CALLS, JSON.parse(text)));
          expect(calls.format()).toBe(text);
        }
        expect(calls.size).toBe(plain.list.length);
        for (const one of [ANA, BEN]) {
          for (const where of [LOBBY, LAB]) {
            expect(calls.of(one, where)).toEqual(plain.of(one, where));
          }
        }
      }
    }),
  );
});

test("answers as a plain list while many calls are added and dropped", () => {
  const calls = new Calls();
  const plain = new PlainCalls();
  const rooms = Array.from({ length: 30 }, (_, i) => `r${i}` as RoomId);
  for (let seq = 1; seq <= 3_000; seq++) {
    const room = rooms[(seq * 7) % rooms.length] ?? LOBBY;
    const user = `u${(seq * seq) % 97}` as UserId;
    const call = { seq, n: seq, reason: "mention", by: BEN } as const;
    calls.add(room, user, call);
    plain.add(room, user, call);
    if (seq % 400 !== 0) continue;
    const gone = new Set(rooms.slice(0, seq / 200));
    for (const each of gone) calls.dropRoom(each);
    plain.drop((one) => gone.has(one.room));
    expect(calls.size).toBe(plain.list.length);
  }
  for (const { room, user } of plain.list) {
    expect(calls.of(user, room)).toEqual(plain.of(user, room));
  }
});

test("keeps the newest calls of an account in a room", () => {
  const calls = new Calls();
  const total = CALLS_PER_ACCOUNT_MAX * 2;
  const seqs = Array.from({ length: total }, (_, i) => i + 1);
  for (const seq of seqs) calls.add(LOBBY, ANA, { seq, n: seq, reason: "mention", by: BEN });
  expect(calls.of(ANA, LOBBY).map(({ seq }) => seq)).toEqual(seqs.slice(-CALLS_PER_ACCOUNT_MAX));
  expect(calls.size).toBeLessThanOrEqual(CALLS_PER_ACCOUNT_MAX * 1.125);
});
