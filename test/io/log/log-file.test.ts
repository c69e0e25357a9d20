import { describe, expect, test } from "bun:test";
import { APPEND_QUEUE_BYTES_MAX, LINE_BYTES_MAX } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import {
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  parseBody,
  SALT_BYTES,
  sealDraft,
} from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { collect, draftOf, FIRST, FOLDER, LogFixture, OTHER } from "../log-fixture.ts";

const logTest = fixtureTest(() => new LogFixture());

describe("append", () => {
  logTest("numbers records consecutively, in total and per room", async (fixture) => {
    const log = await fixture.open();
    const records = await Promise.all([
      log.append(draftOf("one")),
      log.append(draftOf("two", OTHER)),
      log.append(draftOf("three")),
    ]);
    expect(records.map(({ head }) => [head.seq, head.n])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
    expect(log.head()).toBe(3);
    expect(await collect(log.read(1))).toEqual(records);
    expect(await collect(log.read(2, 2))).toEqual(records.slice(1, 2));
    const [, line = ""] = fixture.bytes(FIRST).toString().split("\n");
    expect(Buffer.from(await log.line(2)).toString()).toBe(line);
    expect(await log.verify()).toEqual([]);
    fixture.failure = (call) => (call === "read" ? "EIO" : undefined);
    expect(await rejection(log.line(2))).toMatchObject({ code: "store-failed" });
    fixture.failure = undefined;
    await log.close();
    await (await fixture.open()).close();
    expect(fixture.observed).toEqual(records);
  });

  logTest("shares one sync per tick", async (fixture) => {
    const log = await fixture.open();
    let syncs = 0;
    fixture.failure = (call) => {
      if (call === "sync") syncs += 1;
      return undefined;
    };
    await Promise.all(Array.from({ length: 500 }, (_, i) => log.append(draftOf(`m${i}`))));
    expect(syncs).toBe(1);
    await log.append(draftOf("next"));
    const first = log.append(draftOf("first"));
    for (let turn = 0; turn < 7; turn++) await undefined;
    await Promise.all([first, log.append(draftOf("second"))]);
    expect(syncs).toBe(3);
  });

  test("gathers the records of several writers, but never delays a single one", async () => {
    const fixture = new LogFixture();
    let [timers, syncs]: [(() => void)[], number] = [[], 0];
    const clock = {
      now: () => 0,
      unixMs: () => fixture.clock.wallMs,
      after: (_delayMs: number, callback: () => void) => {
        timers.push(callback);
        return () => {};
      },
    };
    const fire = () => {
      const due = timers;
      timers = [];
      for (const callback of due) callback();
    };
    fixture.failure = (call) => {
      if (call === "sync") syncs += 1;
      return undefined;
    };
    const log = await fixture.open({ clock });
    syncs = 0;
    await log.append(draftOf("one"));
    await log.append(draftOf("two"));
    expect([syncs, timers.length]).toEqual([2, 0]);
    await Promise.all([log.append(draftOf("three")), log.append(draftOf("four"))]);
    expect(syncs).toBe(3);
    const five = log.append(draftOf("five"));
    for (let turn = 0; turn < 100; turn++) await undefined;
    expect([syncs, timers.length]).toEqual([3, 1]);
    await Promise.all([five, log.append(draftOf("six"))]);
    expect(syncs).toBe(4);
    const seven = log.append(draftOf("seven"));
    for (let turn = 0; turn < 100; turn++) await undefined;
    expect(syncs).toBe(4);
    fire();
    await seven;
    expect(syncs).toBe(5);
  });

  logTest("resolves after the sync and the followers", async (fixture) => {
    const log = await fixture.open();
    const events: string[] = [];
    fixture.failure = (call) => {
      if (call === "write" || call === "sync") events.push(call);
      return undefined;
    };
    await log.follow(1, ({ head }) => events.push(`follower ${head.seq} of ${log.head()}`));
    await log.append(draftOf("one")).then(() => events.push("acked"));
    expect(events).toEqual(["write", "sync", "follower 1 of 1", "acked"]);
  });

  test("fixes the body at the call", async () => {
    const log = await new LogFixture().open();
    const body = { text: "before" };
    const appended = log.append({ ...draftOf(""), body });
    body.text = "after";
    expect(parseBody(await appended)).toEqual({ text: "before" });
  });

  logTest("never decreases the time", async (fixture) => {
    const log = await fixture.open();
    const start = fixture.clock.wallMs;
    await log.append(draftOf("one"));
    fixture.clock.wallMs -= 3_600_000;
    expect((await log.append(draftOf("two"))).head.time).toBe(start);
    await log.close();
    const again = await fixture.open();
    expect((await again.append(draftOf("three"))).head.time).toBe(start);
    fixture.clock.wallMs = start + 5.75;
    expect((await again.append(draftOf("four"))).head.time).toBe(start + 5);
  });

  test("reports a conflict only when its cause is durable", async () => {
    const log = await new LogFixture().open();
    const events: string[] = [];
    await log.follow(1, ({ head }) => events.push(`seq ${head.seq}`));
    const sealed = sealDraft(draftOf("a"), new Uint8Array(SALT_BYTES), sha256);
    const decided = { seq: 1, unixMs: 1_000 };
    const first = log.appendAssigned(sealed, decided);
    const second = log.appendAssigned(sealed, decided);
    await second.catch(() => events.push("conflict"));
    await first;
    expect(events).toEqual(["seq 1", "conflict"]);
  });

  test("rejects oversized lines and a full queue", async () => {
    const log = await new LogFixture().open();
    const bodyBytes = LINE_BYTES_MAX - LINE_FRAME_BYTES_MAX;
    const textBytes = bodyBytes - JSON.stringify({ text: "" }).length;
    const tooLarge = log.append(draftOf("x".repeat(textBytes + 1)));
    expect(await rejection(tooLarge)).toMatchObject({ code: "too-large" });
    const largest = draftOf("x".repeat(textBytes));
    const count = APPEND_QUEUE_BYTES_MAX / LINE_BYTES_MAX;
    const appends = Array.from({ length: count + 1 }, () => log.append(largest));
    const outcomes = await Promise.allSettled(appends);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject([{ reason: { code: "too-many", retryAfterMs: 1_000 } }]);
    expect(log.head()).toBe(count);
  });

  logTest("rejects reading a line damaged since the start", async (fixture) => {
    const log = await fixture.open();
    for (const text of ["one", "two", "three"]) await log.append(draftOf(text));
    const damaged = fixture.bytes(FIRST).toString().replace('"seq":2', '"seq"x2');
    fixture.put(FIRST, Buffer.from(damaged));
    expect(await rejection(collect(log.read(1)))).toMatchObject({ code: "log-corrupt" });
    expect(await rejection(collect(log.heads(1, 3)))).toMatchObject({ code: "log-corrupt" });
  });

  test("rejects everything after close, which waits for the queue", async () => {
    const log = await new LogFixture().open();
    const last = log.append(draftOf("last"));
    await log.close();
    expect((await last).head.seq).toBe(1);
    expect(await rejection(log.append(draftOf("late")))).toMatchObject({ code: "shutting-down" });
  });
});

logTest("splits segments at batch ends and reads them as one log", async (fixture) => {
  let log = await fixture.open({ segmentBytes: 900 });
  for (let batch = 0; batch < 6; batch++) {
    await Promise.all([log.append(draftOf("a")), log.append(draftOf("b"))]);
  }
  expect(fixture.disk.list(FOLDER)).toEqual([
    "000000000001.jsonl",
    "000000000005.jsonl",
    "000000000009.jsonl",
  ]);
  for (let from = 1; from <= 13; from++) {
    const seqs = (await collect(log.read(from))).map(({ head }) => head.seq);
    expect(seqs).toEqual(Array.from({ length: 13 - from }, (_, i) => from + i));
  }
  await log.close();
  log = await fixture.open({ segmentBytes: 900 });
  expect(log.head()).toBe(12);
  expect(fixture.observed.map(({ head }) => head.seq)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]);
});

describe("follow", () => {
  test("joins past and present without gaps", async () => {
    const log = await new LogFixture().open();
    const append = async (count: number) => {
      for (let i = 0; i < count; i++) await log.append(draftOf(`m${i}`));
    };
    await append(20);
    const seqs: number[] = [];
    const writing = append(50);
    const stop = await log.follow(5, ({ head }) => seqs.push(head.seq));
    await writing;
    expect(seqs).toEqual(Array.from({ length: 66 }, (_, i) => i + 5));
    stop();
    await append(1);
    expect(seqs.length).toBe(66);
  });

  test("waits for a record beyond the head", async () => {
    const log = await new LogFixture().open();
    const seqs: number[] = [];
    await log.follow(3, ({ head }) => seqs.push(head.seq));
    for (let i = 0; i < 4; i++) await log.append(draftOf(`m${i}`));
    expect(seqs).toEqual([3, 4]);
  });
});

describe("a failing disk", () => {
  const texts = (records: readonly LogRecord[]) => records.map((record) => parseBody(record));

  logTest(
    "that is full: rejects the batch, stays readable and continues later",
    async (fixture) => {
      const log = await fixture.open();
      await log.append(draftOf("kept"));
      const size = fixture.bytes(FIRST).length;
      fixture.disk.leave(100);
      const refused = await Promise.allSettled([
        log.append(draftOf("a")),
        log.append(draftOf("b")),
      ]);
      expect(refused).toMatchObject([
        { reason: { code: "store-full" } },
        { reason: { code: "store-full" } },
      ]);
      expect(fixture.bytes(FIRST).length).toBe(size);
      expect(fixture.disk.exists("/data/reserve")).toBe(false);
      expect(texts(await collect(log.read(1)))).toEqual([{ text: "kept" }]);
      expect((await log.append(draftOf("later"))).head).toMatchObject({ seq: 2, n: 2 });
      await log.close();
      fixture.disk.losePower();
      await fixture.open();
      expect(texts(fixture.observed)).toEqual([{ text: "kept" }, { text: "later" }]);
      expect(fixture.disk.exists("/data/reserve")).toBe(true);
    },
  );

  logTest("that cannot sync: rejects all appends without retries", async (fixture) => {
    const log = await fixture.open();
    await log.append(draftOf("kept"));
    let syncs = 0;
    fixture.failure = (call) => {
      if (call !== "sync") return undefined;
      syncs += 1;
      return "EIO";
    };
    const first = log.append(draftOf("a"));
    const code = { code: "store-failed" };
    expect(await rejection(first)).toMatchObject(code);
    expect(await rejection(log.append(draftOf("b")))).toMatchObject(code);
    expect(syncs).toBe(1);
    expect(log.head()).toBe(1);
    await log.close();
  });

  logTest("that fails during a sync: rejects the queue as well", async (fixture) => {
    const log = await fixture.open();
    const queued: Promise<unknown>[] = [];
    fixture.failure = (call) => {
      if (call !== "sync") return undefined;
      queued.push(log.append(draftOf("queued")).catch((error: unknown) => error));
      return "EIO";
    };
    expect(await rejection(log.append(draftOf("a")))).toMatchObject({ code: "store-failed" });
    expect(await Promise.all(queued)).toMatchObject([{ code: "store-failed" }]);
  });

  for (const change of ["removed", "replaced"]) {
    logTest(`that writes to a ${change} file: acknowledges nothing`, async (fixture) => {
      const log = await fixture.open();
      await log.append(draftOf("kept"));
      expect(log.isPresent()).toBe(true);
      const copy = fixture.bytes(FIRST).slice();
      fixture.disk.remove(FIRST);
      if (change === "replaced") fixture.disk.openNew(FIRST).write(copy, 0);
      expect(log.isPresent()).toBe(false);
      const code = { code: "store-failed" };
      expect(await rejection(log.append(draftOf("a")))).toMatchObject(code);
      expect(await rejection(log.append(draftOf("b")))).toMatchObject(code);
      expect(log.head()).toBe(1);
    });
  }

  logTest("that is read-only: rejects the start", async (fixture) => {
    fixture.failure = (call) => (call === "open" ? "EACCES" : undefined);
    expect(await rejection(fixture.open())).toMatchObject({ code: "store-denied" });
  });
});

test("at any call: loses nothing acknowledged", async () => {
  for (const failure of ["EIO", "ENOSPC", "EACCES", "short"] as const) {
    for (let failing = 1, hasFailed = true; hasFailed; failing += SWEEP_STEP) {
      hasFailed = false;
      const fixture = new LogFixture();
      fixture.failure = (_call, _path, number) => {
        if (number !== failing) return undefined;
        hasFailed = true;
        return failure;
      };
      const acked: string[] = [];
      const refused: string[] = [];
      for (let life = 0; life < 3; life++) {
        const log = await fixture.open({ segmentBytes: 700 }).catch((error: unknown) => {
          expect(error).toMatchObject({ name: "Fault" });
          return undefined;
        });
        for (let i = 0; log !== undefined && i < 5; i++) {
          const text = `${life} ${i}`;
          await log.append(draftOf(text)).then(
            () => acked.push(text),
            (error: { code: string }) => {
              if (error.code === "store-full") refused.push(text);
              else expect(error).toMatchObject({ code: "store-failed" });
            },
          );
        }
        await log?.close();
        if (life === 1) fixture.disk.losePower();
        else fixture.disk.killProcess();
      }
      fixture.failure = undefined;
      const log = await fixture.open();
      expect(log.damaged).toEqual([]);
      const found = fixture.observed.map((record) => (parseBody(record) as { text: string }).text);
      expect(found.filter((text) => acked.includes(text))).toEqual(acked);
      expect(found.filter((text) => refused.includes(text))).toEqual([]);
      await log.close();
    }
  }
});
