import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES, STALL_REPORTED_AFTER_MS } from "../../src/base/limits.ts";
import { fixtureTest } from "../fixture-test.ts";
import { chunksOf, content, digestHex, MemorySource, wholeChunks } from "./contents.ts";
import { FileClient } from "./file-client.ts";

const uploadTest = fixtureTest(() => FileClient.enter());

describe("an upload", () => {
  test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 7 * CHUNK_BYTES + 7])(
    "of %i bytes arrives complete, from a file and from a stream",
    async (sizeBytes) => {
      const bytes = content(sizeBytes);
      for (const source of [new MemorySource(bytes), MemorySource.stream(bytes)]) {
        const ana = await FileClient.enter();
        const place = { n: 1, timeUnixMs: 1_000, queued: false };
        expect(await ana.send(source, { to: ["lobby", "@bob"] })).toMatchObject({
          name: "a.bin",
          sizeBytes,
          chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
          digest: digestHex(bytes),
          resumedBytes: 0,
          refused: [],
          changed: false,
          posted: [
            { to: "lobby", seq: 1, ...place },
            { to: "@bob", seq: 2, ...place },
          ],
        });
        expect(ana.hasSent(bytes)).toBe(true);
        expect(source.reads).toEqual(chunksOf(bytes).map((_, i) => i));
        expect(ana.reports.at(-1)).toMatchObject({ doneBytes: sizeBytes, sizeBytes });
        expect(ana.fixture.clock.pendingTimers).toBeLessThan(4);
      }
    },
  );

  uploadTest("resends chunks that a crashed server had not synced", async (ana) => {
    ana.files.syncChunks = 4;
    const source = new MemorySource(wholeChunks(9));
    let isFirst = true;
    ana.files.onChunk = ({ index }) => {
      if (index !== 6 || !isFirst) return;
      isFirst = false;
      void ana.fixture.server.stop();
      ana.files.crash();
    };
    const sending = ana.startSend(source);
    await ana.fixture.clock.advance(STALL_REPORTED_AFTER_MS + 2_000);
    expect(ana.reports.at(-1)?.pause).toMatchObject({ cause: "server" });
    ana.fixture.server.start();
    expect(await ana.fixture.outcome(sending)).toMatchObject({ sizeBytes: source.bytes.length });
    expect(ana.hasSent(source.bytes)).toBe(true);
    expect(ana.files.begun).toEqual([0, 4]);
  });
});

describe("an upload behind an earlier one", () => {
  uploadTest("waits for its turn without a channel, which the earlier may need", async (ana) => {
    const bytes = content(3 * CHUNK_BYTES + 3);
    for (const source of [new MemorySource(bytes), MemorySource.stream(bytes)]) {
      const turn = Promise.withResolvers<void>();
      let isBehind = true;
      const untilTurn = () => (isBehind ? turn.promise : undefined);
      const sending = ana.startSend(source, { untilTurn });
      await ana.fixture.clock.advance(1_000);
      expect([source.reads.length, ana.files.channelCount]).toEqual([4, 0]);
      isBehind = false;
      turn.resolve();
      expect(await ana.fixture.outcome(sending)).toMatchObject({
        digest: digestHex(bytes),
        resumedBytes: 0,
        posted: [{ to: "lobby" }],
      });
      expect(source.reads).toEqual([0, 1, 2, 3]);
    }
  });
});

describe("a stopped upload", () => {
  uploadTest("continues without reading durable chunks again", async (ana) => {
    const bytes = content(9 * CHUNK_BYTES + 9);
    expect(await ana.sendPart(new MemorySource(bytes), 6)).toMatchObject({ code: "interrupted" });
    await ana.restarts();
    const source = new MemorySource(bytes);
    const sent = await ana.send(source);
    const resumed = ana.files.begun[1] ?? 0;
    expect(resumed).toBeGreaterThanOrEqual(4);
    const resumedBytes = resumed * CHUNK_BYTES;
    expect(sent).toMatchObject({ resumedBytes, digest: digestHex(bytes), changed: false });
    expect(Math.min(...source.reads)).toBe(resumed);
    expect(ana.hasSent(bytes)).toBe(true);
    expect(new Set(ana.files.received).size).toBe(ana.files.received.length);
    expect(ana.reports.at(-1)?.resumedBytes).toBe(resumedBytes);
  });

  uploadTest("of another file with the same name restarts, and reports it", async (ana) => {
    await ana.sendPart(new MemorySource(wholeChunks(9)), 5);
    const [old] = ana.files.files.keys();
    await ana.restarts();
    const source = new MemorySource(wholeChunks(3, 2), { stamp: "2" });
    const sent = await ana.send(source);
    expect(sent).toMatchObject({ changed: true, resumedBytes: 0, sizeBytes: 3 * CHUNK_BYTES });
    expect(ana.files.withdrawn).toEqual([String(old)]);
    expect(ana.hasSent(source.bytes)).toBe(true);
  });

  uploadTest("restarts if the server has forgotten it", async (ana) => {
    const bytes = wholeChunks(9);
    await ana.sendPart(new MemorySource(bytes), 5);
    await ana.restarts();
    const [old] = ana.files.files.keys();
    ana.files.files.clear();
    ana.fixture.server.misbehaviour.onRequest = (request) =>
      request.kind === "offer" && request.file === old
        ? new Fault("not-found", "this file was erased")
        : undefined;
    expect(await ana.send(new MemorySource(bytes))).toMatchObject({ resumedBytes: 0 });
    expect(ana.hasSent(bytes)).toBe(true);
    expect([...ana.files.files.keys()]).not.toEqual([old]);
  });

  uploadTest("fails for a stream if the server has lost durable chunks", async (ana) => {
    ana.files.onChunk = ({ index }) => {
      if (index !== 6) return;
      ana.files.files.clear();
      ana.fixture.network.cut();
    };
    const sent = await ana.send(MemorySource.stream(wholeChunks(9)));
    expect(sent).toMatchObject({ code: "store-failed" });
  });
});

describe("a changed file is withdrawn", () => {
  uploadTest("if it changes during the read", async (ana) => {
    const source = new MemorySource(wholeChunks(4));
    source.onRead = (index) => {
      if (index === 2) throw new Fault("file-changed", "'a.bin' has changed");
    };
    expect(await ana.send(source)).toMatchObject({ code: "file-changed" });
    expect(ana.files.withdrawn.length).toBe(1);
    source.onRead = () => {};
    expect(await ana.send(source)).toMatchObject({ resumedBytes: 0, changed: false });
  });

  test.each<[string, (source: MemorySource) => unknown]>([
    ["changes at the very end", (source) => Object.assign(source, { isChanged: true })],
    ["ends early", (source) => Object.assign(source, { bytes: wholeChunks(2) })],
    [
      "has a short chunk",
      (source) => Object.assign(source, { bytes: content(2 * CHUNK_BYTES + 5) }),
    ],
  ])("if it %s", async (_, change) => {
    const ana = await FileClient.enter();
    const source = new MemorySource(wholeChunks(4));
    change(source);
    expect(await ana.send(source)).toMatchObject({ code: "file-changed" });
    expect(ana.files.withdrawn.length).toBe(1);
  });
});

describe("a server that", () => {
  uploadTest("finds a wrong checksum ends the upload, which can be resumed", async (ana) => {
    const bytes = wholeChunks(6);
    ana.files.onChunk = ({ index }) => {
      if (index === 4) throw new Fault("checksum-wrong", "the checksum of chunk 4 is wrong");
    };
    expect(await ana.send(new MemorySource(bytes))).toMatchObject({ code: "checksum-wrong" });
    ana.files.onChunk = () => {};
    const resumedBytes = 4 * CHUNK_BYTES;
    expect(await ana.send(new MemorySource(bytes))).toMatchObject({ resumedBytes });
    expect(ana.hasSent(bytes)).toBe(true);
  });

  uploadTest("has other bytes than the file makes the next run restart", async (ana) => {
    const bytes = wholeChunks(6);
    await ana.sendPart(new MemorySource(bytes), 4);
    await ana.restarts();
    const source = new MemorySource(bytes);
    for (const { chunks } of ana.files.files.values()) chunks[2]?.sha256.fill(1);
    expect(await ana.send(source)).toMatchObject({ code: "checksum-wrong" });
    expect(ana.files.withdrawn.length).toBe(1);
    expect(await ana.send(source)).toMatchObject({ resumedBytes: 0, changed: false });
    expect(ana.hasSent(source.bytes)).toBe(true);
  });

  test.each([
    ["acknowledges what was not sent", { kind: "ack", index: 5 }],
    ["calls durable what it has not", { kind: "durable", upTo: 5 }],
    ["names another file", { kind: "ack", index: 0, file: "fBBBBBBBBBBB" }],
  ] as const)("%s ends the upload", async (_, said) => {
    const ana = await FileClient.enter();
    ana.files.onOwn = (notice) =>
      notice.kind === "ack" && notice.index === 0 ? { ...notice, ...said } : notice;
    const fault = await ana.send(new MemorySource(wholeChunks(6)));
    expect(fault).toMatchObject({ code: "out-of-order" });
  });

  uploadTest("never syncs delays the upload, with bounded memory", async (ana) => {
    ana.files.syncChunks = Number.POSITIVE_INFINITY;
    const source = new MemorySource(wholeChunks(300));
    const sending = ana.startSend(source);
    await ana.fixture.clock.advance(STALL_REPORTED_AFTER_MS + 1_000);
    expect(source.reads.length).toBeGreaterThan(190);
    expect(source.reads.length).toBeLessThan(200);
    expect(ana.reports.at(-1)?.pause).toMatchObject({ cause: "server-disk" });
    const closing = ana.client.close();
    expect(await ana.fixture.outcome(sending)).toMatchObject({ code: "interrupted" });
    await ana.fixture.outcome(closing);
  });
});

uploadTest("reopens a lost data channel of an upload", async (ana) => {
  const source = new MemorySource(wholeChunks(6));
  const left = [new Fault("link-closed", "gone"), new Fault("shutting-down", "gone")];
  ana.files.onChunk = ({ index }) => {
    const fault = index === 3 ? left.pop() : undefined;
    if (fault !== undefined) throw fault;
  };
  expect(await ana.send(source)).toMatchObject({ sizeBytes: source.bytes.length });
  expect(ana.files.begun).toEqual([0, 3, 3]);
  const asked = ana.fixture.requests();
  expect(asked.filter((kind) => kind === "ticket").length).toBe(3);
  expect(asked.filter((kind) => kind.startsWith("login")).length).toBe(0);
});
