import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES, STALL_SHOWN_MS } from "../../src/base/limits.ts";
import { ClientFixture } from "./client-fixture.ts";
import { chunksOf, content, digestHex, HeldSource } from "./contents.ts";
import { Writer } from "./writer.ts";

describe("a file is sent whole", () => {
  test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 7])(
    "of %i bytes",
    async (sizeBytes) => {
      for (const source of [
        new HeldSource(content(sizeBytes)),
        HeldSource.stream(content(sizeBytes)),
      ]) {
        const writer = await Writer.enter();
        const sent = await writer.send(source, { to: ["lobby", "@bob"] });
        expect(sent).toMatchObject({
          name: "a.bin",
          sizeBytes,
          chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
          digest: digestHex(source.bytes),
          resumedBytes: 0,
          posted: [
            { to: "lobby", seq: 1, n: 1, timeUnixMs: 1_000, queued: false },
            { to: "@bob", seq: 2, n: 1, timeUnixMs: 1_000, queued: false },
          ],
          refused: [],
          changed: false,
        });
        expect(writer.has(source.bytes)).toBe(true);
        expect(source.reads).toEqual(chunksOf(source.bytes).map((_, i) => i));
        expect(writer.reports.at(-1)).toMatchObject({ doneBytes: sizeBytes, sizeBytes });
        // Both ends keep the link alive, and what was confirmed is about to be written down.
        expect(writer.fixture.clock.waiting).toBeLessThan(4);
      }
    },
  );

  test("to those who take it; what others say is told", async () => {
    const writer = await Writer.enter();
    writer.files.refused = [{ to: "attic", code: "not-member", message: "you are not in attic" }];
    const sent = await writer.send(new HeldSource(content(5)), { to: ["lobby", "attic"] });
    expect(sent).toMatchObject({ refused: [{ to: "attic", fault: { code: "not-member" } }] });
  });
});

test("words go with a file, and an old server that has none is found out", async () => {
  const writer = await Writer.enter();
  const plain = await writer.send(new HeldSource(content(5)));
  expect([writer.files.said, "unsaid" in plain]).toEqual([undefined, false]);
  const sent = await writer.send(new HeldSource(content(6)), { text: "look" });
  expect([writer.files.said, "unsaid" in sent]).toEqual(["look", false]);
  writer.files.isOld = true;
  expect(await writer.send(new HeldSource(content(7)), { text: "look" })).toMatchObject({
    unsaid: "look",
  });
});

describe("a lost lane", () => {
  test.each([
    ["file", () => new HeldSource(content(6 * CHUNK_BYTES + 1))],
    ["stream", () => HeldSource.stream(content(6 * CHUNK_BYTES + 1))],
  ])("at any message leaves a whole %s", async (_, make) => {
    for (let k = 1; k < 100; k++) {
      let messages = Number.NEGATIVE_INFINITY;
      const fixture = new ClientFixture({
        delayMs: (_from, _to, sizeBytes) => {
          if (sizeBytes > 0 && ++messages === k)
            fixture.clock.after(0, () => fixture.network.cut());
          return 0;
        },
      });
      const writer = await Writer.enter(fixture);
      const source = make();
      messages = 0;
      const sent = await writer.send(source);
      expect(sent).toMatchObject({ sizeBytes: source.bytes.length, resumedBytes: 0 });
      expect(writer.has(source.bytes)).toBe(true);
      expect(writer.files.files.size).toBe(1);
      if (messages < k) return;
    }
    throw new Error("it never came to an end");
  });

  test("and a server that forgets what was not synced", async () => {
    const writer = await Writer.enter();
    writer.files.syncChunks = 4;
    const source = new HeldSource(content(9 * CHUNK_BYTES));
    let isFirst = true;
    writer.files.onChunk = ({ index }) => {
      if (index !== 6 || !isFirst) return;
      isFirst = false;
      void writer.fixture.server.stop();
      writer.files.crash();
    };
    const sending = writer.start(source);
    await writer.fixture.clock.advance(STALL_SHOWN_MS + 2_000);
    expect(writer.reports.at(-1)?.waits).toMatchObject({ where: "server" });
    writer.fixture.server.start();
    expect(await writer.fixture.outcome(sending)).toMatchObject({ sizeBytes: source.bytes.length });
    expect(writer.has(source.bytes)).toBe(true);
    expect(writer.files.begun).toEqual([0, 4]);
  });

  test("and a server that was set back: a file is read again, a stream cannot be", async () => {
    const outcomes = [];
    for (const source of [
      new HeldSource(content(9 * CHUNK_BYTES)),
      HeldSource.stream(content(9 * CHUNK_BYTES)),
    ]) {
      const writer = await Writer.enter();
      let isFirst = true;
      writer.files.onChunk = ({ index }) => {
        if (index !== 6 || !isFirst) return;
        isFirst = false;
        writer.files.files.clear();
        writer.fixture.network.cut();
      };
      const sent = await writer.send(source);
      outcomes.push(sent instanceof Fault ? sent.code : writer.has(source.bytes));
    }
    expect(outcomes).toEqual([true, "store-failed"]);
  });
});

describe("stopped, the same call goes on", () => {
  test("and reads nothing that is durable", async () => {
    const writer = await Writer.enter();
    const bytes = content(9 * CHUNK_BYTES + 9);
    expect(await writer.begin(new HeldSource(bytes), 6)).toMatchObject({ code: "interrupted" });
    await writer.again();
    const source = new HeldSource(bytes);
    const sent = await writer.send(source);
    const resumed = writer.files.begun[1] ?? 0;
    expect(resumed).toBeGreaterThanOrEqual(4);
    expect(sent).toMatchObject({
      resumedBytes: resumed * CHUNK_BYTES,
      digest: digestHex(bytes),
      changed: false,
    });
    // The journal has each of them.
    expect(Math.min(...source.reads)).toBe(resumed);
    expect(writer.has(bytes)).toBe(true);
    expect(new Set(writer.files.received).size).toBe(writer.files.received.length);
    expect(writer.reports.at(-1)?.resumedBytes).toBe(resumed * CHUNK_BYTES);
  });

  test("by the client's end, which nothing outlives", async () => {
    const writer = await Writer.enter();
    writer.files.onChunk = ({ index }) => {
      if (index === 2) void writer.client.close();
    };
    const source = new HeldSource(content(9 * CHUNK_BYTES));
    expect(await writer.send(source)).toMatchObject({ code: "interrupted" });
    expect(await writer.send(source)).toMatchObject({ code: "interrupted" });
  });

  test("though a source does not answer", async () => {
    const writer = await Writer.enter();
    const source = HeldSource.stream(content(4 * CHUNK_BYTES));
    source.onRead = (index) => (index === 2 ? new Promise(() => {}) : undefined);
    const stop = new AbortController();
    const sending = writer.start(source, { signal: stop.signal });
    await writer.fixture.clock.advance(STALL_SHOWN_MS + 1_000);
    expect(writer.reports.at(-1)?.waits).toMatchObject({ where: "source" });
    stop.abort();
    expect(await writer.fixture.outcome(sending)).toMatchObject({ code: "interrupted" });
  });

  test("with another file under that name it begins anew, and says so", async () => {
    const writer = await Writer.enter();
    await writer.begin(new HeldSource(content(9 * CHUNK_BYTES)), 5);
    const [old] = writer.files.files.keys();
    await writer.again();
    const source = new HeldSource(content(3 * CHUNK_BYTES, 2), { stamp: "2" });
    const sent = await writer.send(source);
    expect(sent).toMatchObject({ changed: true, resumedBytes: 0, sizeBytes: 3 * CHUNK_BYTES });
    expect(writer.files.withdrawn).toEqual([String(old)]);
    expect(writer.has(source.bytes)).toBe(true);
  });

  test("at a server that has forgotten it, it begins anew", async () => {
    const writer = await Writer.enter();
    const bytes = content(9 * CHUNK_BYTES);
    await writer.begin(new HeldSource(bytes), 5);
    await writer.again();
    const [old] = writer.files.files.keys();
    writer.files.files.clear();
    writer.fixture.server.mischief.onRequest = (request) =>
      request.kind === "offer" && request.file === old
        ? new Fault("not-found", "this file was erased")
        : undefined;
    expect(await writer.send(new HeldSource(bytes))).toMatchObject({ resumedBytes: 0 });
    expect(writer.has(bytes)).toBe(true);
    expect([...writer.files.files.keys()]).not.toEqual([old]);
  });

  test("what is sent is sent: the same call again is another file", async () => {
    const writer = await Writer.enter();
    const source = new HeldSource(content(CHUNK_BYTES));
    const first = await writer.send(source);
    const second = await writer.send(source);
    if (first instanceof Fault || second instanceof Fault) throw new Error("refused");
    expect(first.id).not.toBe(second.id);
    expect(second.resumedBytes).toBe(0);
  });
});
