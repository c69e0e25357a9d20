import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES, STALL_REPORTED_AFTER_MS } from "../../src/base/limits.ts";
import type { DownloadRequest } from "../../src/client/files/transfers.ts";
import type { ForeignChunks } from "../../src/io/blob/interfaces.ts";
import { ClientFixture } from "./client-fixture.ts";
import { content, digestHex, wholeChunks } from "./contents.ts";
import { FILE, FileClient } from "./file-client.ts";

async function withFile(chunks: number) {
  const ana = await FileClient.enter();
  const bytes = wholeChunks(chunks);
  ana.files.put(FILE, bytes);
  const { folder, files, fixture } = ana;
  return { ana, bytes, folder, files, fixture, kept: () => folder.parts.get(FILE)?.length ?? 0 };
}

describe("a download", () => {
  test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])(
    "of %i bytes arrives complete",
    async (sizeBytes) => {
      const ana = await FileClient.enter();
      const bytes = content(sizeBytes);
      ana.files.put(FILE, bytes);
      expect(await ana.get()).toEqual({
        id: FILE,
        name: "a.bin",
        from: "bob",
        path: "/in/a.bin",
        sizeBytes,
        chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
        digest: digestHex(bytes),
        resumedBytes: 0,
        isExisting: false,
        entries: undefined,
        renamed: [],
        notKept: [],
      });
      expect(ana.has(bytes)).toBe(true);
      expect(ana.files.downloads).toEqual([FILE]);
      expect(ana.reports.at(-1)).toMatchObject({ doneBytes: sizeBytes, sizeBytes });
      expect(ana.fixture.clock.pendingTimers).toBeLessThan(3);
    },
  );

  test("follows an unfinished upload", async () => {
    const ana = await FileClient.enter();
    const bytes = content(3 * CHUNK_BYTES + 5);
    const doneBytes = 2 * CHUNK_BYTES;
    ana.files.put(FILE, bytes.subarray(0, doneBytes), false);
    const getting = ana.startGet();
    await ana.fixture.clock.advance(STALL_REPORTED_AFTER_MS + 1_000);
    expect(ana.reports.at(-1)).toMatchObject({ doneBytes, pause: { cause: "sender" } });
    expect(ana.reports.at(-1)?.sizeBytes).toBeUndefined();
    ana.files.put(FILE, bytes);
    expect(await ana.fixture.outcome(getting)).toMatchObject({ sizeBytes: bytes.length });
    expect(ana.has(bytes)).toBe(true);
  });

  test("only confirms the file after losing the link after the last byte", async () => {
    const { ana, folder, files, fixture } = await withFile(2);
    let isFirst = true;
    fixture.server.misbehaviour.onRequest = ({ kind }) => {
      if (kind !== "got" || !isFirst) return undefined;
      isFirst = false;
      fixture.network.cut();
      return "silent";
    };
    expect(await ana.get()).toMatchObject({ path: "/in/a.bin" });
    expect(files.downloads).toEqual([FILE]);
    expect(files.begun).toEqual([0, 2]);
    expect(folder.files.size).toBe(1);
  });

  test("is complete without a confirmation if the server never comes back", async () => {
    const { ana, folder, files, fixture } = await withFile(2);
    let lostAtMs = 0;
    fixture.server.misbehaviour.onRequest = ({ kind }) => {
      if (kind !== "got" && lostAtMs === 0) return undefined;
      lostAtMs ||= fixture.clock.now();
      fixture.network.cut();
      return "silent";
    };
    expect(await ana.get()).toMatchObject({ path: "/in/a.bin" });
    expect(fixture.clock.now() - lostAtMs).toBeLessThan(10_000);
    expect(files.downloads).toEqual([]);
    expect(folder.files.size).toBe(1);
    expect(fixture.clock.pendingTimers).toBeLessThan(4);
  });

  test("waits for a slow disk and slows the server down", async () => {
    const { ana, bytes, folder, files, fixture } = await withFile(30);
    files.windowChunks = 8;
    const { promise, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    files.onSend = (chunk) => {
      sent += 1;
      return chunk;
    };
    folder.onAppend = () => promise;
    const getting = ana.startGet();
    await fixture.clock.advance(STALL_REPORTED_AFTER_MS + 1_000);
    expect(ana.reports.at(-1)?.pause).toMatchObject({ cause: "disk" });
    expect(sent).toBe(8);
    resolve();
    expect(await fixture.outcome(getting)).toMatchObject({ sizeBytes: bytes.length });
  });
});

describe("a stopped download", () => {
  test("continues after a signal", async () => {
    const { ana, bytes, folder, kept } = await withFile(8);
    const stop = new AbortController();
    folder.onAppend = (index) => {
      if (index === 2) stop.abort();
    };
    expect(await ana.get({ signal: stop.signal })).toMatchObject({ code: "interrupted" });
    folder.onAppend = () => {};
    const resumedBytes = kept() * CHUNK_BYTES;
    expect(resumedBytes).toBeGreaterThanOrEqual(3 * CHUNK_BYTES);
    expect(await ana.get()).toMatchObject({ resumedBytes, sizeBytes: bytes.length });
    expect(ana.has(bytes)).toBe(true);
    expect(ana.reports.at(-1)).toMatchObject({ doneBytes: bytes.length, resumedBytes });
  });

  test.each([0, 3, 4, 5, 6, 7, 1_000])(
    "transfers the remaining chunks if %i seemed to exist",
    async (said) => {
      const { ana, bytes, files } = await withFile(6);
      await ana.getPart(4);
      const sent: number[] = [];
      files.onSend = (chunk) => {
        sent.push(chunk.index);
        return chunk;
      };
      const received = await ana.get({ chunksLeft: () => said });
      expect(received).toMatchObject({ resumedBytes: 4 * CHUNK_BYTES });
      expect(ana.has(bytes)).toBe(true);
      expect(said === 4 ? sent : sent.slice(-2)).toEqual([4, 5]);
    },
  );

  test.each([
    ["has other content", wholeChunks(4)],
    ["is shorter now", content(CHUNK_BYTES + 3)],
  ])("restarts if the file %s", async (_, bytes) => {
    const { ana, folder, files } = await withFile(4);
    await ana.getPart(3);
    files.put(
      FILE,
      bytes.map((byte) => byte ^ 1),
    );
    expect(await ana.get()).toMatchObject({ resumedBytes: 0, sizeBytes: bytes.length });
    expect(ana.has(bytes.map((byte) => byte ^ 1))).toBe(true);
    expect(folder.restarts).toBe(1);
  });
});

describe("chunks from another server", () => {
  async function withForeignPart(change: (bytes: Uint8Array) => void, sendsPrefixes = true) {
    const { ana, bytes, folder, files } = await withFile(6);
    await ana.getPart(5);
    files.sendsPrefixes = sendsPrefixes;
    change(bytes);
    files.put(FILE, bytes);
    files.begun.length = 0;
    let adopted = 0;
    const openSink: DownloadRequest["openSink"] = async (about) => {
      const sink = await folder.open(about);
      let isForeign = true;
      const foreign: ForeignChunks = {
        chunksMin: 1,
        digest: async (chunks) => sink.digestOf(chunks),
        adopt: async (chunks) => {
          sink.truncate(chunks);
          adopted = chunks;
          isForeign = false;
        },
      };
      const restart = sink.restart.bind(sink);
      sink.restart = () => {
        isForeign = false;
        return restart();
      };
      return Object.defineProperty(sink, "foreign", {
        get: () => (isForeign ? foreign : undefined),
      });
    };
    const received = await ana.get({ openSink });
    expect(received).toMatchObject({ resumedBytes: adopted * CHUNK_BYTES });
    expect(ana.has(bytes)).toBe(true);
    return { adopted, begun: files.begun };
  }

  test.each([
    ["all, if the server has the same", 6, 5, [0, 5]],
    ["the first half, if a later one differs", 4, 2, [0, 5, 2]],
    ["the first one, if the second differs", 1, 1, [0, 5, 2, 1]],
    ["none, if the first one differs", 0, 0, [0, 5, 2, 1, 0]],
  ])("are adopted: %s", async (_, changed, kept, attempts) => {
    const change = (bytes: Uint8Array) => {
      const at = changed * CHUNK_BYTES;
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ 1;
    };
    const { adopted, begun } = await withForeignPart(change);
    expect([adopted, begun]).toEqual([kept, attempts]);
  });

  test("are not used if the server is too old to give their digest", async () => {
    const { adopted, begun } = await withForeignPart(() => {}, false);
    expect([adopted, begun]).toEqual([0, [0, 5, 0]]);
  });
});

describe("a lying server", () => {
  test("is detected at a wrong chunk, and earlier chunks are kept", async () => {
    const { ana, bytes, folder, files, kept } = await withFile(5);
    files.onSend = (chunk) => (chunk.index === 3 ? { ...chunk, bytes: wholeChunks(1, 9) } : chunk);
    const fault = await ana.get();
    expect(fault).toMatchObject({ code: "checksum-wrong", exitCode: 6 });
    expect(String(fault)).toContain("chunk 3 of 'a.bin' (fAAAAAAAAAAA)");
    expect([folder.files.size, kept()]).toEqual([0, 3]);
    files.onSend = (chunk) => chunk;
    expect(await ana.get()).toMatchObject({ resumedBytes: 3 * CHUNK_BYTES });
    expect(ana.has(bytes)).toBe(true);
  });

  test("with valid chunks of another file produces no file", async () => {
    const { ana, folder, files, kept } = await withFile(3);
    files.onEnd = (end) => ({ ...end, digest: new Uint8Array(32) });
    expect(await ana.get()).toMatchObject({ code: "checksum-wrong" });
    expect([folder.files.size, kept()]).toEqual([0, 0]);
  });

  test.each([
    ["a repeated chunk", { index: 0 }],
    ["an early chunk", { index: 4 }],
    ["a chunk of another file", { file: "fBBBBBBBBBBB" }],
  ])("with %s loses the channel", async (_, change) => {
    const { ana, folder, files, kept } = await withFile(5);
    files.onSend = (chunk) => (chunk.index === 2 ? { ...chunk, ...change } : chunk);
    expect(await ana.get()).toMatchObject({ blame: "peer" });
    expect([folder.files.size, kept()]).toEqual([0, 2]);
  });

  test("with another key behind the channel is not trusted", async () => {
    const { ana, files, fixture } = await withFile(1);
    fixture.server.identity = new ClientFixture().server.identity;
    expect(await ana.get()).toMatchObject({ code: "fingerprint-changed", exitCode: 6 });
    expect(files.begun).toEqual([]);
  });
});
