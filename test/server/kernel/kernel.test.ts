import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import type { EngineEffect, EngineInput } from "../../../src/core/rooms/engine-io.ts";
import { Feed } from "../../../src/server/kernel/feed.ts";
import {
  Kernel,
  type Outcome,
  REQUESTS_IN_PROGRESS_MAX,
} from "../../../src/server/kernel/kernel.ts";
import type { LogRecord } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { ANA, Ledger, ROOM } from "../../core/ledger.ts";
import { within } from "../../event.ts";
import { rejection } from "../../rejection.ts";

const ACT = { kind: "erase-many", room: ROOM, seqs: [1] } as const;
const ERASE = { kind: "act", isOperator: true, action: ACT } as const;

const PASSWORD = { kind: "password", room: ANA, by: ANA, id: "", body: {} } as const;

function kernelWith(handle: (input: EngineInput) => EngineEffect[], refusal?: Fault) {
  const blanked = Promise.withResolvers<void>();
  const clock = new VirtualClock();
  const appends: ((outcome: LogRecord) => void)[] = [];
  const log = {
    appendThen: (_: unknown, __: unknown, settle: (outcome: LogRecord) => void) => {
      appends.push(settle);
    },
    erase: () => blanked.promise,
  };
  const kernel = new Kernel({
    clock,
    feed: new Feed(),
    onEvent: () => {},
    engine: { handle },
    history: log,
    accounts: log,
    quota: { refusal: () => refusal, onAppended: () => undefined },
    sequencer: { waitUntilCurrent: () => Promise.resolve(true) },
    readers: { follow: () => {}, unfollow: () => {}, presence: () => {} },
    eraseFiles: () => Promise.resolve(),
  });
  return { kernel, blanked, clock, appends };
}

test("settles an erasure after its lines are blank", async () => {
  const ledger = new Ledger();
  const body = { seq: 1, also: [] };
  ledger.append({ kind: "text", room: ROOM as RoomId, by: ANA, id: "", body: { text: "x" } });
  const order = ledger.append({ kind: "erase", room: ROOM as RoomId, by: ANA, id: "", body });
  const outcome = { seq: 2 };
  const { kernel, blanked, clock } = kernelWith((input) =>
    input.kind === "submit" ? [{ kind: "settle", id: input.requester.id, outcome, order }] : [],
  );
  const outcomes: Outcome[] = [];
  kernel.submit({ user: ANA }, ERASE, (one) => outcomes.push(one));
  await clock.advance(1);
  expect(outcomes).toEqual([]);
  blanked.resolve();
  await clock.advance(1);
  expect(outcomes).toEqual([outcome]);
});

test("waits at a stop for transactions that wait for each other", async () => {
  const { kernel, appends, clock } = kernelWith(() => []);
  const draft = { ...PASSWORD, body: { hash: "h", replaces: undefined } };
  const decided = [1, 2].map(() => kernel.transact(() => [draft]));
  let isDrained = false;
  const drained = kernel.writes.drained().then(() => {
    isDrained = true;
  });
  const ledger = new Ledger();
  for (const seq of [1, 2]) {
    expect([appends.length, isDrained]).toEqual([1, false]);
    appends.shift()?.(ledger.append(draft));
    await clock.advance(1);
    expect(ledger.records).toHaveLength(seq);
  }
  await drained;
  expect(await Promise.all(decided)).toHaveLength(2);
});

const KINDS = ["post", "act", "group"] as const;

test.each(KINDS)("limits the requests of kind %s, but then accepts all others", async (kind) => {
  const effects: EngineEffect[] = [];
  const { kernel } = kernelWith((input) => {
    if (input.kind !== "submit") return effects.splice(0);
    effects.push({ kind: "settle", id: input.requester.id, outcome: { seq: 1 } });
    return [];
  });
  const request = (next: (typeof KINDS)[number]) =>
    kernel.request(ANA, { kind: next } as Parameters<Kernel["request"]>[1]);
  const requests = Array.from({ length: REQUESTS_IN_PROGRESS_MAX[kind] }, () => request(kind));
  expect(() => request(kind)).toThrow("the server is busy");
  for (const other of KINDS) if (other !== kind) requests.push(request(other));
  kernel.endSession(1);
  expect(await Promise.all(requests)).toHaveLength(REQUESTS_IN_PROGRESS_MAX[kind] + 2);
  void request(kind);
});

test("reports a refused append after the step that requested it", async () => {
  const inputs: EngineInput["kind"][] = [];
  const fault = new Fault("texts-limit", "limit");
  const { kernel, clock, appends } = kernelWith((input) => {
    inputs.push(input.kind);
    return input.kind === "submit" ? [{ kind: "append", token: 1, drafts: [], payer: ANA }] : [];
  }, fault);
  kernel.submit({ user: ANA }, ERASE, () => {});
  // A synchronous report would let thousands of refused changes exhaust the stack.
  expect(inputs).toEqual(["submit"]);
  await clock.advance(0);
  expect([inputs, appends.length]).toEqual([["submit", "failed"], 0]);
  await kernel.writes.drained();
  expect(await rejection(kernel.transact(() => [PASSWORD]))).toBe(fault);
});

test("ends the process after an error in the engine, even if a caller catches it", async () => {
  const entry = new URL("kernel-error.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, entry], { stdout: "ignore", stderr: "pipe" });
  const exit = [child.exited, new Response(child.stderr).text()] as const;
  const [code, errors] = await within("the end of the process", Promise.all(exit));
  expect([code, errors]).toEqual([1, "TypeError: broken engine"]);
});
