import { beforeEach, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { UserId } from "../../../src/base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../../src/base/limits-cluster.ts";
import { Transactions } from "../../../src/server/kernel/transactions.ts";
import type { Draft, LogRecord } from "../../../src/wire/record.ts";
import { ANA, BEN, Ledger } from "../../core/ledger.ts";
import { rejection } from "../../rejection.ts";

const CONFLICT = new Fault("log-conflict", "a fact has changed");

class SlowLog {
  readonly ledger = new Ledger();
  readonly blanked: number[] = [];
  readonly waiting: { drafts: readonly Draft[]; settle: (outcome: LogRecord | Fault) => void }[] =
    [];

  appendThen(drafts: readonly Draft[], _: object, settle: (outcome: LogRecord | Fault) => void) {
    this.waiting.push({ drafts, settle });
  }

  async erase(seq: number): Promise<void> {
    this.blanked.push(seq);
  }

  async settle(fault?: Fault): Promise<void> {
    const next = this.waiting.shift();
    const records = fault === undefined ? (next?.drafts ?? []) : [];
    const record = records.map((draft) => this.ledger.append(draft)).at(-1);
    next?.settle(fault ?? (record as LogRecord));
    for (let i = 0; i < 8; i++) await undefined;
  }
}

let log: SlowLog;
let decisions: Transactions;
beforeEach(() => {
  log = new SlowLog();
  decisions = new Transactions(log);
});

const password = (user: UserId): Draft => ({
  kind: "password",
  room: user,
  by: user,
  id: "",
  body: { hash: "h", replaces: log.ledger.records.length },
});

test("runs two changes of an account in one tick one after the other", async () => {
  const both = [1, 2].map(() => decisions.run(() => [password(ANA)]));
  const other = decisions.run(() => [password(BEN)]);
  expect(log.waiting.map(({ drafts: [draft] }) => draft?.room)).toEqual([ANA, BEN]);
  await log.settle();
  await log.settle();
  expect(log.waiting[0]?.drafts[0]?.body).toMatchObject({ replaces: 1 });
  await log.settle();
  const records = await Promise.all([...both, other]);
  expect(records.map((record) => record?.head.seq)).toEqual([1, 3, 2]);
  expect(log.blanked).toEqual([1]);
});

test("keeps a waiting transaction in order, and lets it end without records", async () => {
  const made: string[] = [];
  const decide = (name: string, isMoot = () => false) =>
    decisions.run(() => {
      made.push(name);
      return isMoot() ? [] : [password(ANA)];
    });
  void decide("a");
  const moot = decide("b", () => log.ledger.records.length > 0);
  void decide("c");
  await log.settle();
  expect(await moot).toBeUndefined();
  void decide("d");
  expect(made).toEqual(["a", "b", "c", "b", "c", "d"]);
  expect(log.waiting).toHaveLength(1);
});

test("runs the next transaction after a failure", async () => {
  const first = decisions.run(() => [password(ANA)]);
  const second = decisions.run(() => {
    if (log.waiting.length === 0) throw new Fault("not-found", "not any more");
    return [password(ANA)];
  });
  const third = decisions.run(() => [password(ANA)]);
  const outcomes = [first, second].map(rejection);
  await log.settle(new Fault("store-full", "no space"));
  expect((await Promise.all(outcomes)).map((fault) => (fault as Fault).code)).toEqual([
    "store-full",
    "not-found",
  ]);
  await log.settle();
  expect((await third)?.head.seq).toBe(1);
});

test("retries a transaction after a conflict, up to a limit", async () => {
  let made = 0;
  const decided = rejection(
    decisions.run(() => {
      made++;
      return [password(ANA)];
    }),
  );
  while (log.waiting.length > 0) await log.settle(CONFLICT);
  expect([((await decided) as Fault).code, made]).toEqual(["log-conflict", CONFLICT_TRIES_MAX]);
});
