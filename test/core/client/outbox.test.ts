import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import {
  OUTBOX_HELD_MAX,
  OUTBOX_IN_FLIGHT_CHARS_MAX,
  OUTBOX_IN_FLIGHT_MAX,
  OUTBOX_PENDING_CHARS_MAX,
  OUTBOX_PENDING_MAX,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { Outbox, type OutboxEffect, type OutboxInput } from "../../../src/core/client/outbox.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { sampleSize } from "../../samples.ts";

const receipt = (seq: number) => ({ seq, n: seq, time: 0 });
const post = (key: number, text = `text ${key}`): OutboxInput => ({
  kind: "post",
  key,
  to: "lobby",
  body: { text },
});
const sent = (effects: readonly OutboxEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "send" ? [effect.counter] : []));
const settled = (effects: readonly OutboxEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "settled" ? [effect.key] : []));
const notNow = (retryAfterMs: number) => new Fault("too-fast", "too fast", { retryAfterMs });

const outboxTest = fixtureTest(() => new Outbox());

describe("outbox", () => {
  outboxTest("keeps posts until there is a link, then sends them in order", (outbox) => {
    expect(outbox.handle(post(1), 0)).toEqual([]);
    expect(outbox.handle(post(2), 0)).toEqual([]);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([1, 2]);
    expect(sent(outbox.handle(post(3), 0))).toEqual([3]);
    expect(settled(outbox.handle({ kind: "acked", counter: 1, receipt: receipt(7) }, 0))).toEqual([
      1,
    ]);
  });

  outboxTest("resends unanswered posts of a lost link, lowest first", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    for (const key of [1, 2, 3]) outbox.handle(post(key), 0);
    outbox.handle({ kind: "acked", counter: 2, receipt: receipt(1) }, 0);
    outbox.handle({ kind: "lost" }, 0);
    expect(sent(outbox.handle(post(4), 0))).toEqual([]);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([1, 3, 4]);
  });

  test("limits long texts in flight, so that a link's queue can hold resent posts", () => {
    const outbox = new Outbox();
    outbox.handle({ kind: "connected" }, 0);
    const fits = OUTBOX_IN_FLIGHT_CHARS_MAX / TEXT_BYTES_MAX;
    const long = "x".repeat(TEXT_BYTES_MAX - "lobby".length);
    const keys = Array.from({ length: 2 * fits }, (_, i) => i + 1);
    const first = keys.flatMap((key) => sent(outbox.handle(post(key, long), 0)));
    expect(first).toEqual(keys.slice(0, fits));
    expect(sent(outbox.handle({ kind: "acked", counter: 1, receipt: receipt(1) }, 0))).toEqual([
      fits + 1,
    ]);
    outbox.handle({ kind: "lost" }, 0);
    expect(sent(outbox.handle({ kind: "connected" }, 0)).length).toBe(fits);
  });

  outboxTest("waits for pending refusals before it resumes after a temporary refusal", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    for (const key of [1, 2, 3]) outbox.handle(post(key), 0);
    expect(outbox.handle({ kind: "refused", counter: 2, fault: notNow(100) }, 0)).toEqual([]);
    expect(sent(outbox.handle(post(4), 1))).toEqual([]);
    expect(outbox.deadline()).toBeUndefined();
    outbox.handle({ kind: "acked", counter: 1, receipt: receipt(1) }, 2);
    expect(sent(outbox.handle({ kind: "tick" }, 500))).toEqual([]);
    outbox.handle({ kind: "refused", counter: 3, fault: notNow(100) }, 510);
    expect(outbox.deadline()).toBe(610);
    expect(sent(outbox.handle({ kind: "tick" }, 609))).toEqual([]);
    expect(sent(outbox.handle({ kind: "tick" }, 610))).toEqual([2, 3, 4]);
    expect(outbox.deadline()).toBeUndefined();
  });

  outboxTest("settles a post after a permanent refusal and sends the next ones", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    outbox.handle(post(1), 0);
    outbox.handle(post(2), 0);
    const fault = new Fault("not-member", "not in");
    expect(outbox.handle({ kind: "refused", counter: 1, fault }, 0)).toEqual([
      { kind: "settled", key: 1, outcome: { kind: "refused", fault } },
    ]);
    expect(outbox.size).toBe(1);
  });

  outboxTest("retries posts refused by a stopping server", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    outbox.handle(post(1), 0);
    const fault = new Fault("shutting-down", "stopping");
    expect(outbox.handle({ kind: "refused", counter: 1, fault }, 0)).toEqual([]);
    outbox.handle({ kind: "lost" }, 0);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([1]);
  });

  outboxTest("limits posts in flight and queued", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    let count = 0;
    for (let key = 1; key <= OUTBOX_PENDING_MAX; key++) {
      count += sent(outbox.handle(post(key, ""), 0)).length;
    }
    expect(count).toBe(OUTBOX_IN_FLIGHT_MAX);
    const [effect] = outbox.handle(post(0), 0);
    expect(effect).toMatchObject({
      kind: "settled",
      key: 0,
      outcome: { fault: expect.any(Fault) },
    });
    const effects = outbox.handle({ kind: "acked", counter: 1, receipt: receipt(1) }, 0);
    expect(sent(effects)).toEqual([OUTBOX_IN_FLIGHT_MAX + 1]);
  });

  outboxTest("limits the memory for long texts", (outbox) => {
    const text = "x".repeat(OUTBOX_PENDING_CHARS_MAX / 4 - "lobby".length);
    const refused = [1, 2, 3, 4, 5].flatMap((key) => settled(outbox.handle(post(key, text), 0)));
    expect(refused).toEqual([5]);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([1]);
  });

  outboxTest("keeps the counters of restored posts, and continues after them", (outbox) => {
    for (const [key, counter] of [
      [1, 7],
      [2, 8],
      [3, 11],
    ] as const) {
      outbox.handle({ kind: "adopt", key, counter, to: "lobby", body: { text: "left" } }, 0);
    }
    const again = { kind: "adopt", key: 4, counter: 11, to: "lobby", body: { text: "" } } as const;
    expect(() => outbox.handle(again, 0)).toThrow("restored posts come first, in order");
    const other = new Outbox();
    other.handle({ kind: "connected" }, 0);
    expect(() => other.handle(again, 0)).toThrow("restored posts come first, in order");
    outbox.handle(post(4), 0);
    expect(outbox.last).toBe(12);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([7, 8, 11, 12]);
    expect(settled(outbox.handle({ kind: "acked", counter: 11, receipt: receipt(1) }, 0))).toEqual([
      3,
    ]);
  });

  outboxTest("answers a withdrawn post without sending it", (outbox) => {
    const fault = new Fault("store-full", "no space");
    for (const key of [1, 2, 3]) outbox.handle(post(key), 0);
    expect(settled(outbox.handle({ kind: "withdrawn", counter: 2, fault }, 0))).toEqual([2]);
    expect(sent(outbox.handle({ kind: "connected" }, 0))).toEqual([1, 3]);
    expect(settled(outbox.handle({ kind: "withdrawn", counter: 1, fault }, 0))).toEqual([1]);
    expect(outbox.handle({ kind: "acked", counter: 1, receipt: receipt(1) }, 0)).toEqual([]);
    expect(outbox.handle({ kind: "withdrawn", counter: 9, fault }, 0)).toEqual([]);
    expect(outbox.size).toBe(1);
  });

  outboxTest("answers all posts when abandoned", (outbox) => {
    outbox.handle({ kind: "connected" }, 0);
    outbox.handle(post(1), 0);
    outbox.handle(post(2), 0);
    const fault = new Fault("interrupted", "left");
    expect(settled(outbox.handle({ kind: "abandoned", fault }, 0))).toEqual([1, 2]);
    expect(outbox.size).toBe(0);
    expect(outbox.handle({ kind: "acked", counter: 1, receipt: receipt(1) }, 0)).toEqual([]);
    expect(sent(outbox.handle(post(3), 0))).toEqual([3]);
  });
});

class Bench {
  readonly outbox = new Outbox();
  readonly log: number[] = [];
  readonly refusedForGood = new Set<number>();
  readonly outcomes = new Map<number, string>();
  now = 0;
  #up = false;
  #heldAt: number | undefined;
  readonly #toServer: number[] = [];
  readonly #toClient: OutboxInput[] = [];
  posted = 0;

  handle(input: OutboxInput): void {
    for (const effect of this.outbox.handle(input, this.now)) {
      if (effect.kind === "send") {
        expect(this.#up).toBe(true);
        this.#toServer.push(effect.counter);
      } else if (effect.kind === "settled") {
        expect(this.outcomes.has(effect.key)).toBe(false);
        this.outcomes.set(effect.key, effect.outcome.kind);
      }
    }
    expect(this.#toServer.length + this.#toClient.length).toBeLessThanOrEqual(OUTBOX_IN_FLIGHT_MAX);
  }

  post(): void {
    this.posted += 1;
    this.handle(post(this.posted)); // Key and counter are equal here.
  }

  serve(decision: "take" | "not-now" | "never"): void {
    const counter = this.#toServer.shift();
    if (counter === undefined) return;
    const isHeld = this.#heldAt !== undefined && counter > this.#heldAt;
    const isKnown = this.log.includes(counter);
    if (isHeld) this.#answer({ kind: "refused", counter, fault: notNow(10) });
    else if (isKnown) this.#answer({ kind: "acked", counter, receipt: receipt(1) });
    else if (decision === "not-now") {
      this.#heldAt = counter;
      this.#answer({ kind: "refused", counter, fault: notNow(10) });
    } else {
      this.#heldAt = undefined;
      this.#decide(counter, decision);
    }
  }

  #decide(counter: number, decision: "take" | "never"): void {
    const highest = Math.max(0, ...this.log, ...this.refusedForGood);
    expect(counter).toBeLessThanOrEqual(highest + 1);
    if (decision === "never" || this.refusedForGood.has(counter)) {
      this.refusedForGood.add(counter);
      this.#answer({ kind: "refused", counter, fault: new Fault("not-member", "not in") });
    } else {
      this.log.push(counter);
      this.#answer({ kind: "acked", counter, receipt: receipt(1) });
    }
  }

  #answer(input: OutboxInput): void {
    this.#toClient.push(input);
  }

  /** Delivers answers. Refusals need no disk and may overtake acknowledgements. */
  deliver(last: boolean): void {
    const input = last ? this.#toClient.pop() : this.#toClient.shift();
    if (input !== undefined) this.handle(input);
  }

  connect(): void {
    if (this.#up) return;
    this.#up = true;
    this.handle({ kind: "connected" });
  }

  lose(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#heldAt = undefined;
    this.#toServer.length = 0;
    this.#toClient.length = 0;
    this.handle({ kind: "lost" });
  }

  wait(ms: number): void {
    this.now += ms;
    this.handle({ kind: "tick" });
  }

  calm(): void {
    this.connect();
    for (let i = 0; i < 10_000 && this.outbox.size > 0; i++) {
      this.serve("take");
      this.deliver(false);
      this.wait(20);
    }
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant("post" as const) },
    { weight: 8, arbitrary: fc.constant("take" as const) },
    { weight: 2, arbitrary: fc.constant("not-now" as const) },
    { weight: 1, arbitrary: fc.constant("never" as const) },
    { weight: 8, arbitrary: fc.constant("deliver" as const) },
    { weight: 2, arbitrary: fc.constant("overtake" as const) },
    { weight: 1, arbitrary: fc.constant("lose" as const) },
    { weight: 3, arbitrary: fc.constant("connect" as const) },
    { weight: 2, arbitrary: fc.constant("wait" as const) },
  ),
  { maxLength: 120 },
);

test("sends each post once, in order, and answers it despite losses, refusals and delays", () =>
  fc.assert(
    fc.property(steps, (all) => {
      const bench = new Bench();
      for (const step of all) {
        if (step === "post") bench.post();
        else if (step === "deliver") bench.deliver(false);
        else if (step === "overtake") bench.deliver(true);
        else if (step === "lose") bench.lose();
        else if (step === "connect") bench.connect();
        else if (step === "wait") bench.wait(30);
        else bench.serve(step);
      }
      bench.calm();
      expect(bench.log).toEqual([...bench.log].sort((a, b) => a - b));
      expect(new Set(bench.log).size).toBe(bench.log.length);
      expect(bench.outcomes.size).toBe(bench.posted);
      for (const [key, outcome] of bench.outcomes) {
        expect(bench.log.includes(key)).toBe(outcome === "durable");
      }
    }),
    { numRuns: sampleSize(2_000, 10_000) },
  ));

describe("a held post", () => {
  const fault = new Fault("admin-pending", "no admin");
  const lines = (effects: readonly OutboxEffect[]) =>
    effects.map((effect) => {
      if (effect.kind === "send") return `send ${effect.counter} to ${effect.to}`;
      if (effect.kind === "renumbered") return `renumber ${effect.from} to ${effect.to}`;
      return `${effect.outcome.kind} ${effect.key}`;
    });
  let outbox: Outbox;
  let key: number;
  const handle = (input: OutboxInput, now = 0) => lines(outbox.handle(input, now));
  const postTo = (to: string) => handle({ kind: "post", key: ++key, to, body: { text: "hi" } });
  const hold = (counter: number, isRefused = false) => [
    ...handle({ kind: "held", counter, fault, isRefused }),
    ...handle({ kind: "tick" }),
  ];
  const acked = (counter: number) => handle({ kind: "acked", counter, receipt: receipt(1) });

  beforeEach(() => {
    outbox = new Outbox();
    key = 0;
    handle({ kind: "connected" });
  });

  test("keeps its counter until another post is sent", () => {
    expect(postTo("vault")).toEqual(["send 1 to vault"]);
    expect(hold(1)).toEqual([]);
    expect([outbox.heldFault, outbox.heldFaultOf("VAULT")]).toEqual([fault, fault]);
    expect(postTo("lobby")).toEqual(["renumber 1 to 3", "send 2 to lobby"]);
    expect(outbox.heldFault).toBeUndefined();
    expect(acked(2)).toEqual(["durable 2"]);
    const deadline = outbox.deadline() ?? 0;
    expect(handle({ kind: "tick" }, deadline)).toEqual(["send 3 to vault"]);
    expect(acked(3)).toEqual(["durable 1"]);
    expect([outbox.size, outbox.deadline(), outbox.heldFaultOf("vault")]).toEqual([
      0,
      undefined,
      undefined,
    ]);
  });

  test("gets a counter above those that were sent, in order of writing", () => {
    for (const to of ["vault", "lobby", "vault"]) postTo(to);
    expect(handle({ kind: "held", counter: 1, fault, isRefused: false })).toEqual([]);
    expect(hold(3)).toEqual(["renumber 1 to 4", "renumber 3 to 5"]);
    expect(handle({ kind: "lost" })).toEqual([]);
    expect(handle({ kind: "connected" })).toEqual([
      "send 2 to lobby",
      "send 4 to vault",
      "send 5 to vault",
    ]);
    expect(hold(4)).toEqual(["renumber 4 to 6"]);
  });

  test("gets another counter if the server refuses its own", () => {
    postTo("vault");
    expect(hold(1, true)).toEqual(["renumber 1 to 2"]);
    expect(handle({ kind: "tick" }, outbox.deadline())).toEqual(["send 2 to vault"]);
  });

  test("is one of at most OUTBOX_HELD_MAX", () => {
    expect(postTo("vault")).toEqual(["send 1 to vault"]);
    hold(1);
    for (let i = 2; i <= OUTBOX_HELD_MAX; i++) expect(postTo("vault")).toEqual([]);
    expect(postTo("vault").at(-1)).toBe(`send ${OUTBOX_HELD_MAX + 1} to vault`);
    expect(hold(OUTBOX_HELD_MAX + 1)[0]).toBe(`refused ${OUTBOX_HELD_MAX + 1}`);
  });
});
