import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import type { OutboxId } from "../../../src/base/ids.ts";
import {
  OUTBOX_FORGET_MS,
  OUTBOX_IN_FLIGHT_MAX,
  OUTBOXES_PER_ACCOUNT_MAX,
} from "../../../src/base/limits.ts";
import {
  DedupTable,
  formatPostId,
  isOutboxId,
  keyedOutboxId,
  parsePostId,
} from "../../../src/core/rooms/dedup.ts";
import type { Head } from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { sampleSize } from "../../samples.ts";
import { ANA, BEN, BOX, Ledger, OTHER_BOX, ROOM } from "../ledger.ts";

class Recorder {
  readonly posts = new DedupTable();
  readonly #ledger = new Ledger();

  record(counter: number, box = BOX, by = ANA): Head {
    const id = formatPostId(box, counter);
    const { head } = this.#ledger.append({ kind: "text", room: ROOM, by, id, body: {} });
    this.posts.record(head);
    return head;
  }

  begin(counter: number, box = BOX): { isAppending: boolean } {
    const post = { isAppending: false };
    this.posts.use(ANA, box).begin(counter, post);
    return post;
  }

  status(counter: number, box = BOX, by = ANA): string {
    return this.posts.find(by, box)?.status(counter).kind ?? "new";
  }
}

const recorderTest = fixtureTest(() => new Recorder());

describe("post ids", () => {
  test("round trip", () => {
    for (const counter of [1, 10, Number.MAX_SAFE_INTEGER]) {
      expect(parsePostId(formatPostId(BOX, counter))).toEqual({ outbox: BOX, counter });
    }
  });

  test.each([
    "",
    "AAAAAAAAAAA",
    "AAAAAAAAAAA.0",
    "AAAAAAAAAAA.01",
    "AAAAAAAAAA.1",
    "AAAAAAAAAAA.-1",
  ])("rejects '%s'", (text) => {
    expect(parsePostId(text)).toBeUndefined();
  });

  test("accepts the same ids as the regular expression", () => {
    const expression = /^([A-Za-z0-9_-]{11})\.([1-9]\d{0,15})$/;
    const part = (letters: string, maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...letters), maxLength });
    const text = fc.oneof(
      fc.tuple(part("Az09_-.", 13), part("0123456789-. ", 18)).map((parts) => parts.join(".")),
      fc.bigInt({ min: 0n, max: 99_999_999_999_999_999n }).map((count) => `${BOX}.${count}`),
    );
    fc.assert(
      fc.property(text, (id) => {
        const [, outbox, counter] = expression.exec(id) ?? [];
        const expected = outbox === undefined ? undefined : { outbox, counter: Number(counter) };
        expect<unknown>(parsePostId(id)).toEqual(expected);
      }),
      { numRuns: sampleSize(1_000, 5_000) },
    );
  });

  test("requires 11 base64url characters in an outbox id", () => {
    expect(isOutboxId(BOX)).toBe(true);
    for (const text of ["", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAA=", "AAAAAAAAAA."]) {
      expect(isOutboxId(text)).toBe(false);
    }
  });
});

describe("post status", () => {
  recorderTest("is new, in flight or posted, separately per account", (recorder) => {
    expect(recorder.status(1)).toBe("new");
    recorder.begin(1);
    expect(recorder.status(1)).toBe("pending");
    const { seq, n, time } = recorder.record(1);
    expect(recorder.posts.find(ANA, BOX)?.status(1)).toEqual({
      kind: "posted",
      posted: { seq, n, time },
    });
    expect(recorder.status(1, BOX, BEN)).toBe("new");
    expect(recorder.status(1, OTHER_BOX)).toBe("new");
  });

  test("allows a retry unless a later post is in flight", () => {
    const { posts, begin, status } = bound(new Recorder());
    begin(1);
    posts.find(ANA, BOX)?.abandon(1);
    expect(status(1)).toBe("new");
    begin(2);
    expect(status(1)).toBe("blocked");
    begin(4);
    posts.find(ANA, BOX)?.abandon(4);
    expect([status(1), status(3)]).toEqual(["blocked", "new"]);
    posts.find(ANA, BOX)?.abandon(2);
    expect(status(1)).toBe("new");
  });

  recorderTest("is overtaken by a later recorded post, but not by a waiting one", (recorder) => {
    const { posts } = recorder;
    const [, second] = [1, 2, 3].map((counter) => recorder.begin(counter));
    const outbox = posts.use(ANA, BOX);
    expect(outbox.isOvertaken(1)).toBe(false);
    if (second !== undefined) second.isAppending = true;
    expect(outbox.isOvertaken(1)).toBe(true);
    expect(outbox.isOvertaken(2)).toBe(false);
    recorder.record(2);
    expect([1, 2].map((counter) => outbox.isOvertaken(counter))).toEqual([true, false]);
    expect([1, 3, 5].map((counter) => outbox.pendingBefore(counter))).toEqual([undefined, 1, 3]);
    recorder.begin(4);
    expect(outbox.pendingBefore(4)).toBe(3);
    expect(posts.use(BEN, BOX).isOvertaken(1)).toBe(false);
  });

  recorderTest("remembers the posts in flight and treats none before them as new", (recorder) => {
    const last = OUTBOX_IN_FLIGHT_MAX + 10;
    for (let counter = 1; counter <= last; counter++) recorder.record(counter);
    expect(recorder.status(10)).toBe("passed");
    expect(recorder.status(11)).toBe("posted");
    expect(recorder.status(last)).toBe("posted");
    expect(recorder.status(last + 1)).toBe("new");
  });

  test("remembers the latest permanent refusals", () => {
    const outbox = new DedupTable().use(ANA, BOX);
    for (let counter = 1; counter <= OUTBOX_IN_FLIGHT_MAX; counter++) {
      outbox.refuse(counter, new Fault("banned", "no"));
    }
    expect(outbox.status(1).kind).toBe("refused");
    outbox.refuse(1_000, new Fault("banned", "no"));
    expect([1, 2].map((counter) => outbox.status(counter).kind)).toEqual(["new", "refused"]);
  });

  recorderTest("includes only recorded posts in a snapshot", (recorder) => {
    const posted = [2, OUTBOX_IN_FLIGHT_MAX].map((counter) => {
      const { seq, n, time } = recorder.record(counter);
      return [counter, seq, n, time];
    });
    recorder.begin(OUTBOX_IN_FLIGHT_MAX + 1);
    recorder.begin(1, OTHER_BOX);
    recorder.posts.use(BEN, BOX);
    const value = recorder.posts.value();
    const [[first = [], second = []], times] = [posted, posted.map(([, , , time = 0]) => time)];
    const [before = 0, recordedUnixMs = 0] = times;
    const elapsedMs = recordedUnixMs - before;
    const box = { id: BOX, high: OUTBOX_IN_FLIGHT_MAX, posted: [...second, ...first] };
    expect(value).toEqual({
      accounts: [[ANA, [{ ...box, usedAtMs: elapsedMs }]]],
      sweptAtMs: 0,
      elapsedMs,
      recordedUnixMs,
    });
    const loaded = new DedupTable();
    loaded.load(value);
    expect(loaded.value()).toEqual(value);
  });

  recorderTest("reports skipped counters as passed", (recorder) => {
    recorder.record(5);
    recorder.record(2 ** 40);
    for (const counter of [1, 4, 6, 2 ** 40 - 1]) expect(recorder.status(counter)).toBe("passed");
  });

  recorderTest("forgets the least used outbox without posts in flight", (recorder) => {
    const box = (i: number) => `${i}`.padStart(11, "x") as OutboxId;
    recorder.begin(1, box(0));
    for (let i = 1; i <= OUTBOXES_PER_ACCOUNT_MAX; i++) recorder.record(1, box(i));
    expect(recorder.status(1, box(0))).toBe("pending");
    expect(recorder.status(1, box(1))).toBe("new");
    expect(recorder.status(1, box(2))).toBe("posted");
    recorder.record(2, box(2));
    recorder.record(1, box(99));
    expect(recorder.status(1, box(2))).toBe("posted");
    expect(recorder.status(1, box(3))).toBe("new");
  });

  describe("forgets an outbox", () => {
    const DAY_MS = 24 * 60 * 60_000;
    const START = 1_000 * DAY_MS;

    function recordings() {
      const posts = new DedupTable();
      const ledger = new Ledger();
      const shared = { kind: "text", room: ROOM, by: ANA, body: {} } as const;
      const record = (box: OutboxId, unixMs: number) => {
        const { head } = ledger.append({ ...shared, id: formatPostId(box, 1) });
        posts.record({ ...head, time: unixMs });
      };
      const statusOf = (box: OutboxId) => posts.find(ANA, box)?.status(1).kind ?? "new";
      return { posts, record, statusOf };
    }

    test("after exactly 30 days of record time without a post", () => {
      const { record, statusOf } = recordings();
      record(BOX, START);
      for (let atMs = DAY_MS; atMs < OUTBOX_FORGET_MS; atMs += DAY_MS)
        record(OTHER_BOX, START + atMs);
      expect(statusOf(BOX)).toBe("posted");
      record("z".repeat(11) as OutboxId, START + OUTBOX_FORGET_MS);
      expect(statusOf(BOX)).toBe("new");
      expect(statusOf(OTHER_BOX)).toBe("posted");
    });

    test("not because the server's clock was corrected", () => {
      const { record, statusOf } = recordings();
      record(BOX, START);
      for (const days of [400, 0, 100, -100]) record(OTHER_BOX, START + days * DAY_MS);
      expect(statusOf(BOX)).toBe("posted");
    });
  });

  recorderTest("ignores records without a post id and those of the server", (recorder) => {
    const ledger = new Ledger();
    recorder.posts.record(ledger.write("join", ROOM, ANA, {}).head);
    const id = formatPostId(BOX, 1);
    recorder.posts.record(
      ledger.append({ kind: "text", room: ROOM, by: "server", id, body: 0 }).head,
    );
    expect(recorder.status(1)).toBe("new");
  });
});

function bound(recorder: Recorder) {
  const [begin, status] = [recorder.begin.bind(recorder), recorder.status.bind(recorder)];
  return { posts: recorder.posts, begin, status };
}

test("passes an outbox's lock on in the order in which posts asked for it", () => {
  const outbox = new DedupTable().use(ANA, BOX);
  const first = { isAppending: false };
  const second = { isAppending: false };
  const third = { isAppending: false };
  expect(outbox.acquire(first)).toBe(true);
  expect(outbox.acquire(second)).toBe(false);
  expect(outbox.acquire(third)).toBe(false);
  expect(outbox.release()).toBe(second);
  expect(outbox.release()).toBe(third);
  expect(outbox.release()).toBeUndefined();
  expect(outbox.acquire(first)).toBe(true);
  outbox.release();
  expect(() => outbox.release()).toThrow("holds the lock");
});

test("idempotency keys do not displace the outboxes of devices", () => {
  const recorder = new Recorder();
  recorder.record(1);
  const keyed = (seed: number) => keyedOutboxId(Uint8Array.of(seed >> 8, seed, 3, 4, 5, 6, 7, 8));
  for (let seed = 0; seed < 1_001; seed++) recorder.record(1, keyed(seed));
  expect(recorder.status(1)).toBe("posted");
  expect(recorder.status(1, keyed(1_000))).toBe("posted");
  expect(recorder.status(1, keyed(1))).toBe("posted");
  expect(recorder.status(1, keyed(0))).toBe("new");
  recorder.posts.use(ANA, keyed(0)).refuse(1, new Fault("muted", "muted"));
  expect(recorder.status(1, keyed(0))).toBe("new");
  const loaded = new DedupTable();
  loaded.load(recorder.posts.value());
  expect(loaded.find(ANA, keyed(1_000))?.status(1).kind).toBe("posted");
  expect(loaded.find(ANA, BOX)?.status(1).kind).toBe("posted");
});
