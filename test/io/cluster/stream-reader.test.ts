import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_MESSAGES_AHEAD,
  CLUSTER_STALLED_MS,
} from "../../../src/base/limits-cluster.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { StreamMessage } from "../../../src/io/cluster/stream.ts";
import { markOf, type ReadPosition, StreamReader } from "../../../src/io/cluster/stream-reader.ts";
import { HurriedClock } from "./hurried-clock.ts";

const FIRST: ReadPosition = { seq: 0 };

class Fixture {
  readonly clock = new HurriedClock();
  readonly messages: StreamMessage[] = [];
  readonly read: number[] = [];
  readonly reported: string[] = [];
  readonly answers: (() => Promise<StreamMessage | undefined>)[] = [];
  watcher: (stored?: StreamMessage) => void = () => {};
  readonly asked: number[] = [];
  /** Time that each answer takes; answers are sent one after another. */
  answerMs = 0;
  #answersUntil = 0;
  #reader: StreamReader | undefined;

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.add();
  }

  add(unixMs = 7): void {
    const seq = this.messages.length + 1;
    this.messages.push({ seq, unixMs, bytes: Uint8Array.of(seq) });
  }

  start(after: ReadPosition = FIRST, earlier: readonly ReadPosition[] = []): StreamReader {
    const note = (what: string) => () => {
      this.reported.push(what);
    };
    this.#reader = new StreamReader({
      clock: this.clock,
      sha256,
      after,
      earlier,
      stream: {
        get: (seq) => {
          this.asked.push(seq);
          return this.answers.shift()?.() ?? this.#answer(this.messages[seq - 1]);
        },
        last: () => Promise.resolve(this.messages.length),
        watch: (onNews) => {
          this.watcher = onNews;
          return () => undefined;
        },
      },
      onMessage: ({ seq }) => {
        this.read.push(seq);
        return undefined;
      },
      onRewound: note("rewound"),
      onLost: (seq) => this.reported.push(`gone ${seq}`),
      onTruncated: (last) => this.reported.push(`short ${last}`),
      onNoAnswer: note("silent"),
    });
    return this.#reader;
  }

  #answer(message: StreamMessage | undefined): Promise<StreamMessage | undefined> {
    if (this.answerMs === 0) return Promise.resolve(message);
    this.#answersUntil = Math.max(this.#answersUntil, this.clock.now()) + this.answerMs;
    return new Promise((resolve) => {
      this.clock.after(this.#answersUntil - this.clock.now(), () => resolve(message));
    });
  }

  async until(isReached: () => boolean, timeoutMs = 60_000): Promise<number> {
    const begun = this.clock.now();
    while (!isReached() && this.clock.now() < begun + timeoutMs) {
      await new Promise<void>((resolve) => this.clock.after(1, resolve));
    }
    return this.clock.now() - begun;
  }

  end(): void {
    this.#reader?.close();
    this.clock.stop();
  }
}

let stream: Fixture;
beforeEach(() => {
  stream = new Fixture(3);
});
afterEach(() => stream.end());

describe("a reader", () => {
  test("delivers existing and new messages in order, with and without notifications", async () => {
    stream.start();
    await stream.until(() => stream.read.length === 3);
    stream.add();
    expect(await stream.until(() => stream.read.length === 4)).toBeLessThan(500);
    stream.add();
    stream.watcher();
    expect(await stream.until(() => stream.read.length === 5)).toBeLessThan(10);
    expect(stream.read).toEqual([1, 2, 3, 4, 5]);
    expect(stream.reported).toEqual([]);
  });

  test("reads many large messages over a slow network", async () => {
    for (let i = 0; i < 400; i++) stream.add();
    stream.answerMs = 100;
    stream.start().stored(403);
    // Each takes 100 ms if none is requested twice.
    expect(await stream.until(() => stream.read.length === 403, 400_000)).toBeLessThan(90_000);
    expect(stream.read).toEqual(stream.messages.map(({ seq }) => seq));
    expect(stream.reported.filter((what) => what !== "silent")).toEqual([]);
  });

  test("reads an announced message as soon as it is stored", async () => {
    const reader = stream.start();
    await stream.until(() => stream.read.length === 3);
    stream.watcher();
    // The reader asks again after 1, 2, 3, 4 and 5 ms.
    const asked = stream.asked.length;
    await stream.until(() => stream.asked.length === asked + 5);
    await stream.until(() => false, 1);
    stream.add();
    reader.stored(4);
    expect(await stream.until(() => stream.read.length === 4)).toBeLessThan(2);
  });

  test.each([1, 2, 3])("resumes in time if request %i is never answered", async (hung) => {
    for (let i = 1; i < hung; i++) {
      const seq = i;
      stream.answers.push(() => Promise.resolve(stream.messages[seq - 1]));
    }
    stream.answers.push(() => new Promise(() => undefined));
    stream.start();
    const waitedMs = await stream.until(() => stream.read.length === 3);
    expect(waitedMs).toBeGreaterThanOrEqual(CLUSTER_ANSWER_TIMEOUT_MS - 1);
    expect(waitedMs).toBeLessThan(CLUSTER_STALLED_MS);
    expect(stream.read).toEqual([1, 2, 3]);
  });

  test("ignores one failing server, and reports if none answers", async () => {
    const fail = () => Promise.reject(new Fault("no-majority", "nobody"));
    stream.start();
    await stream.until(() => stream.read.length === 3);
    stream.answers.push(fail);
    await stream.until(() => stream.answers.length === 0);
    expect(stream.reported).toEqual([]);
    for (let i = 0; i < 20; i++) stream.answers.push(fail);
    await stream.until(() => stream.reported.length > 0);
    expect(stream.reported[0]).toBe("silent");
  });
});

describe("a reader of a stream that pushes stored messages", () => {
  const tell = () => stream.watcher(stream.messages.at(-1));
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      stream.clock.after(ms, resolve);
    });
  beforeEach(async () => {
    stream.start();
    await stream.until(() => stream.read.length === 3);
    stream.add();
    tell();
    await stream.until(() => stream.read.length === 4);
    stream.asked.splice(0);
  });

  test("requests none of them", async () => {
    for (const seq of [5, 6, 7]) {
      stream.watcher();
      stream.add();
      tell();
      tell();
      await stream.until(() => stream.read.length === seq);
    }
    expect([stream.read.slice(4), stream.asked]).toEqual([[5, 6, 7], []]);
  });

  test("checks the stream's identity only after a while", async () => {
    await pause(200);
    stream.add();
    tell();
    expect(await stream.until(() => stream.read.length === 5)).toBeLessThan(5);
    expect(stream.asked).toEqual([4]);
    await pause(200);
    stream.messages.splice(3);
    for (let i = 0; i < 3; i++) stream.add(8);
    tell();
    await stream.until(() => stream.reported.length > 0);
    expect([stream.reported, stream.read.slice(5)]).toEqual([["rewound"], []]);
  });

  test("stores a bounded number of later messages", async () => {
    const seq = 5 + CLUSTER_MESSAGES_AHEAD;
    stream.watcher({ seq, unixMs: 7, bytes: Uint8Array.of(1) });
    while (stream.messages.length < seq) stream.add();
    await stream.until(() => stream.read.length === seq);
    expect(stream.asked).toContain(seq);
  });
});

describe("a stream that lost its end", () => {
  test("is detected while it is shorter than what was read", async () => {
    stream.start();
    await stream.until(() => stream.read.length === 3);
    stream.messages.pop();
    expect(await stream.until(() => stream.reported.length > 0)).toBeLessThan(CLUSTER_STALLED_MS);
    expect(stream.reported).toEqual(["rewound"]);
  });

  test("is detected before newer messages are read", async () => {
    stream.start();
    await stream.until(() => stream.read.length === 3);
    await new Promise<void>((resolve) => stream.clock.after(200, resolve));
    stream.messages.splice(1);
    for (let i = 0; i < 5; i++) stream.add(8);
    stream.watcher();
    await stream.until(() => stream.reported.length > 0);
    expect(stream.reported).toEqual(["rewound"]);
    expect(stream.read).toEqual([1, 2, 3]);
  });

  test("is detected at the start by the last message's mark", async () => {
    const [, second] = stream.messages;
    const mark = second === undefined ? "" : markOf(second, sha256);
    stream.start({ seq: 2, mark });
    await stream.until(() => stream.read.length === 1);
    expect(stream.read).toEqual([3]);
    const other = new Fixture(0);
    for (let i = 0; i < 3; i++) other.add(9);
    other.start({ seq: 2, mark });
    await other.until(() => other.reported.length > 0);
    other.end();
    expect([other.reported, other.read]).toEqual([["rewound"], []]);
  });

  test("reports the loss of acknowledged messages", async () => {
    const reader = stream.start();
    await stream.until(() => stream.read.length === 3);
    reader.stored(5);
    await stream.until(() => stream.reported.length > 0);
    expect(stream.reported).toEqual(["short 3"]);
  });
});

describe("a stream with deleted messages", () => {
  test("reports a message that was not read yet", async () => {
    delete stream.messages[1];
    stream.start();
    await stream.until(() => stream.reported.length > 0);
    expect([stream.reported, stream.read]).toEqual([["gone 2"], [1]]);
  });

  test("continues after messages that were read", async () => {
    stream.start();
    await stream.until(() => stream.read.length === 3);
    delete stream.messages[2];
    await new Promise<void>((resolve) => stream.clock.after(2_000, resolve));
    stream.add();
    await stream.until(() => stream.read.length === 4);
    expect([stream.reported, stream.read]).toEqual([[], [1, 2, 3, 4]]);
  });
});
