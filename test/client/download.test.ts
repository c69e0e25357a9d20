import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES, STALL_SHOWN_MS } from "../../src/base/limits.ts";
import type { Client } from "../../src/client/client.ts";
import type { TransferProgress } from "../../src/client/transfer/progress.ts";
import type { GetRequest, GotFile } from "../../src/client/transfer/transfers.ts";
import { ClientFixture } from "./client-fixture.ts";
import { content, digestHex, HeldFolder } from "./contents.ts";

const FILE = "fAAAAAAAAAAA" as FileId;

/** Somebody who is in, and a folder for what they get. */
class Reader {
  readonly fixture: ClientFixture;
  readonly folder = new HeldFolder();
  readonly reports: TransferProgress[] = [];
  client: Client;

  private constructor(fixture: ClientFixture) {
    this.fixture = fixture;
    this.client = fixture.client().client;
  }

  static async enter(fixture = new ClientFixture()): Promise<Reader> {
    const reader = new Reader(fixture);
    await fixture.outcome(reader.client.connect());
    return reader;
  }

  get files() {
    return this.fixture.server.files;
  }

  start(more: Partial<GetRequest> = {}): Promise<GotFile> {
    const onProgress = (progress: TransferProgress) => void this.reports.push(progress);
    const request = { file: FILE, into: "/in", openSink: this.folder.open, onProgress, ...more };
    return this.client.transfers.get(request);
  }

  get(more?: Partial<GetRequest>): Promise<GotFile | Fault> {
    return this.fixture.outcome(this.start(more));
  }

  has(bytes: Uint8Array): boolean {
    const file = this.folder.files.get("a.bin");
    return file !== undefined && Buffer.from(file).equals(bytes);
  }
}

describe("a file comes whole", () => {
  test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7])(
    "of %i bytes",
    async (sizeBytes) => {
      const reader = await Reader.enter();
      const bytes = content(sizeBytes);
      reader.files.put(FILE, bytes);
      expect(await reader.get()).toEqual({
        id: FILE,
        name: "a.bin",
        from: "bob",
        path: "/in/a.bin",
        sizeBytes,
        chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
        digest: digestHex(bytes),
        resumedBytes: 0,
        entries: undefined,
        renamed: [],
      });
      expect(reader.has(bytes)).toBe(true);
      expect(reader.files.got).toEqual([FILE]);
      expect(reader.reports.at(-1)).toMatchObject({ doneBytes: sizeBytes, sizeBytes });
      expect(reader.fixture.clock.waiting).toBeLessThan(3);
    },
  );

  test("while it is still being sent", async () => {
    const reader = await Reader.enter();
    const bytes = content(3 * CHUNK_BYTES + 5);
    reader.files.put(FILE, bytes.subarray(0, 2 * CHUNK_BYTES), false);
    const getting = reader.start();
    await reader.fixture.clock.advance(STALL_SHOWN_MS + 1_000);
    expect(reader.reports.at(-1)).toMatchObject({
      doneBytes: 2 * CHUNK_BYTES,
      waits: { where: "sender" },
    });
    expect(reader.reports.at(-1)?.sizeBytes).toBeUndefined();
    reader.files.put(FILE, bytes);
    expect(await reader.fixture.outcome(getting)).toMatchObject({ sizeBytes: bytes.length });
    expect(reader.has(bytes)).toBe(true);
  });

  test("though it is not there for whoever asks", async () => {
    const reader = await Reader.enter();
    expect(await reader.get()).toMatchObject({ code: "file-unknown" });
    expect(reader.folder.opened).toEqual([]);
  });
});

describe("a lost lane", () => {
  test("at any message costs no byte twice and no byte at all", async () => {
    const bytes = content(6 * CHUNK_BYTES + 1);
    for (let k = 1; k < 100; k++) {
      let messages = Number.NEGATIVE_INFINITY;
      const fixture = new ClientFixture({
        delayMs: (_from, _to, sizeBytes) => {
          if (sizeBytes > 0 && ++messages === k)
            fixture.clock.after(0, () => fixture.network.cut());
          return 0;
        },
      });
      const reader = await Reader.enter(fixture);
      reader.files.put(FILE, bytes);
      messages = 0;
      const got = await reader.get();
      expect(got).toMatchObject({ sizeBytes: bytes.length, resumedBytes: 0 });
      expect(reader.has(bytes)).toBe(true);
      expect(reader.folder.opened.length).toBe(1);
      if (messages < k) return;
    }
    throw new Error("it never came to an end");
  });

  test("is mended when the server is back", async () => {
    const reader = await Reader.enter();
    const bytes = content(6 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    let count = 0;
    reader.folder.onAppend = async () => {
      if (++count === 3) void reader.fixture.server.stop();
    };
    const getting = reader.start();
    await reader.fixture.clock.advance(STALL_SHOWN_MS + 2_000);
    expect(reader.reports.at(-1)?.waits).toMatchObject({ where: "server" });
    reader.fixture.server.start();
    expect(await reader.fixture.outcome(getting)).toMatchObject({ sizeBytes: bytes.length });
    expect(reader.has(bytes)).toBe(true);
    expect(reader.files.begun.at(-1)).toBeGreaterThan(0);
  });

  test("after the last byte leaves only the word to say that it is here", async () => {
    const reader = await Reader.enter();
    const bytes = content(2 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    let isFirst = true;
    reader.fixture.server.mischief.onRequest = ({ kind }) => {
      if (kind !== "got" || !isFirst) return undefined;
      isFirst = false;
      reader.fixture.network.cut();
      return "silent";
    };
    expect(await reader.get()).toMatchObject({ path: "/in/a.bin" });
    expect(reader.files.got).toEqual([FILE]);
    expect(reader.files.begun).toEqual([0, 2]);
    expect(reader.folder.files.size).toBe(1);
  });
});

describe("stopped, the same call goes on", () => {
  test("by a signal", async () => {
    const reader = await Reader.enter();
    const bytes = content(8 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    const stop = new AbortController();
    reader.folder.onAppend = (index) => {
      if (index === 2) stop.abort();
    };
    const fault = await reader.get({ signal: stop.signal });
    expect(fault).toMatchObject({ code: "interrupted" });
    reader.folder.onAppend = () => {};
    const resumedBytes = (reader.folder.parts.get(FILE)?.length ?? 0) * CHUNK_BYTES;
    expect(resumedBytes).toBeGreaterThanOrEqual(3 * CHUNK_BYTES);
    expect(await reader.get()).toMatchObject({ resumedBytes, sizeBytes: bytes.length });
    expect(reader.has(bytes)).toBe(true);
    expect(reader.reports.at(-1)).toMatchObject({ doneBytes: bytes.length, resumedBytes });
  });

  test("too late: it is here, and that is said", async () => {
    const reader = await Reader.enter();
    const bytes = content(2 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    const stop = new AbortController();
    reader.folder.onAppend = (index) => {
      if (index === 1) stop.abort(); // The end has come by now.
    };
    expect(await reader.get({ signal: stop.signal })).toMatchObject({ path: "/in/a.bin" });
    expect(reader.has(bytes)).toBe(true);
  });

  test("by the client's end", async () => {
    const reader = await Reader.enter();
    reader.files.put(FILE, content(8 * CHUNK_BYTES));
    reader.folder.onAppend = async (index) => {
      if (index === 3) await reader.client.close();
    };
    expect(await reader.get()).toMatchObject({ code: "interrupted" });
    expect(reader.folder.parts.get(FILE)?.length).toBeGreaterThanOrEqual(3);
    expect(await reader.get()).toMatchObject({ code: "interrupted" });
  });

  test("by a signal that was given before", async () => {
    const reader = await Reader.enter();
    reader.files.put(FILE, content(8));
    expect(await reader.get({ signal: AbortSignal.abort() })).toMatchObject({
      code: "interrupted",
    });
    expect(reader.folder.opened).toEqual([]);
  });

  test("with a full disk", async () => {
    const reader = await Reader.enter();
    const bytes = content(4 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    reader.folder.onAppend = (index) => {
      if (index === 2) throw new Fault("store-full", "the disk is full");
    };
    expect(await reader.get()).toMatchObject({ code: "store-full" });
    reader.folder.onAppend = () => {};
    expect(await reader.get()).toMatchObject({ resumedBytes: 2 * CHUNK_BYTES });
    expect(reader.has(bytes)).toBe(true);
  });

  test("nobody who is not in gets anything", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    const getting = client.transfers.get({
      file: FILE,
      into: "/in",
      openSink: new HeldFolder().open,
    });
    expect(await fixture.code(getting)).toBe("not-logged-in");
  });
});

describe("a server that lies", () => {
  test("about a chunk is caught at once, and what was right is kept", async () => {
    const reader = await Reader.enter();
    const bytes = content(5 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    reader.files.onSend = (chunk) =>
      chunk.index === 3 ? { ...chunk, bytes: content(CHUNK_BYTES, 9) } : chunk;
    const fault = await reader.get();
    expect(fault).toMatchObject({ code: "checksum-wrong", exitCode: 6 });
    expect(String(fault)).toContain("chunk 3 of 'a.bin' (fAAAAAAAAAAA)");
    expect(reader.folder.files.size).toBe(0);
    expect(reader.folder.parts.get(FILE)?.length).toBe(3);
    reader.files.onSend = (chunk) => chunk;
    expect(await reader.get()).toMatchObject({ resumedBytes: 3 * CHUNK_BYTES });
    expect(reader.has(bytes)).toBe(true);
  });

  test("with right chunks of another file gives none", async () => {
    const reader = await Reader.enter();
    reader.files.put(FILE, content(3 * CHUNK_BYTES));
    reader.files.onEnd = (end) => ({ ...end, digest: new Uint8Array(32) });
    expect(await reader.get()).toMatchObject({ code: "checksum-wrong" });
    expect(reader.folder.files.size).toBe(0);
    expect(reader.folder.parts.get(FILE) ?? []).toEqual([]);
  });

  test.each([
    ["a chunk again", { index: 0 }],
    ["a chunk too early", { index: 4 }],
    ["a chunk of another file", { file: "fBBBBBBBBBBB" }],
    ["a chunk that is too short", { bytes: new Uint8Array(3) }],
  ])("with %s loses the lane", async (_, change) => {
    const reader = await Reader.enter();
    reader.files.put(FILE, content(5 * CHUNK_BYTES));
    reader.files.onSend = (chunk) => (chunk.index === 2 ? { ...chunk, ...change } : chunk);
    const fault = await reader.get();
    expect(fault).toMatchObject({ blame: "peer" });
    expect(reader.folder.files.size).toBe(0);
    expect(reader.folder.parts.get(FILE)?.length).toBe(2);
  });

  test("about where the lane leads is not trusted", async () => {
    const reader = await Reader.enter();
    const other = new ClientFixture().server.identity;
    reader.files.put(FILE, content(5));
    reader.fixture.server.identity = other;
    expect(await reader.get()).toMatchObject({ code: "fingerprint-changed", exitCode: 6 });
    expect(reader.files.begun).toEqual([]);
  });
});

describe("what an earlier run left", () => {
  async function leftWith(chunks: number, said: number): Promise<number[]> {
    const reader = await Reader.enter();
    const bytes = content(6 * CHUNK_BYTES);
    reader.files.put(FILE, bytes);
    reader.folder.onAppend = (index) => {
      if (index === chunks) throw new Fault("store-full", "the disk is full");
    };
    await reader.get();
    reader.folder.onAppend = () => {};
    const sent: number[] = [];
    reader.files.onSend = (chunk) => {
      sent.push(chunk.index);
      return chunk;
    };
    const got = await reader.get({ chunksLeft: () => said });
    expect(got).toMatchObject({ resumedBytes: chunks * CHUNK_BYTES });
    expect(reader.has(bytes)).toBe(true);
    return sent;
  }

  test("is not carried again, not even by the first lane", async () => {
    expect(await leftWith(4, 4)).toEqual([4, 5]);
  });

  test.each([0, 3, 5, 6, 7, 1_000])(
    "is right though %i chunks of it seemed to be",
    async (said) => {
      expect((await leftWith(4, said)).slice(-2)).toEqual([4, 5]);
    },
  );

  test("of another content begins anew", async () => {
    const reader = await Reader.enter();
    const bytes = content(4 * CHUNK_BYTES);
    reader.files.put(FILE, content(4 * CHUNK_BYTES, 2));
    reader.folder.onAppend = (index) => {
      if (index === 2) throw new Fault("store-full", "the disk is full");
    };
    await reader.get();
    reader.folder.onAppend = () => {};
    reader.files.put(FILE, bytes);
    expect(await reader.get()).toMatchObject({ resumedBytes: 0, sizeBytes: bytes.length });
    expect(reader.has(bytes)).toBe(true);
    expect(reader.folder.restarts).toBe(1);
  });

  test("that is longer than the file begins anew", async () => {
    const reader = await Reader.enter();
    const bytes = content(CHUNK_BYTES + 3);
    reader.files.put(FILE, content(4 * CHUNK_BYTES, 2));
    reader.folder.onAppend = (index) => {
      if (index === 3) throw new Fault("store-full", "the disk is full");
    };
    await reader.get();
    reader.folder.onAppend = () => {};
    reader.files.put(FILE, bytes);
    expect(await reader.get()).toMatchObject({ resumedBytes: 0, sizeBytes: bytes.length });
    expect(reader.has(bytes)).toBe(true);
  });
});

test("a slow disk is said to be what is waited for, and holds the server back", async () => {
  const reader = await Reader.enter();
  const bytes = content(30 * CHUNK_BYTES);
  reader.files.put(FILE, bytes);
  reader.files.windowChunks = 64;
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  reader.files.onSend = (chunk) => {
    sent += 1;
    return chunk;
  };
  reader.files.windowChunks = 8;
  reader.folder.onAppend = () => promise;
  const getting = reader.start();
  await reader.fixture.clock.advance(STALL_SHOWN_MS + 1_000);
  expect(reader.reports.at(-1)?.waits).toMatchObject({ where: "disk" });
  expect(sent).toBe(8);
  resolve();
  expect(await reader.fixture.outcome(getting)).toMatchObject({ sizeBytes: bytes.length });
});

test("progress is told four times a second at most, and at the end", async () => {
  const fixture = new ClientFixture({
    delayMs: (_from, _to, sizeBytes) => (sizeBytes > 1_000 ? 40 : 0),
  });
  const reader = await Reader.enter(fixture);
  const bytes = content(40 * CHUNK_BYTES);
  reader.files.put(FILE, bytes);
  reader.files.windowChunks = 1;
  const times: number[] = [];
  const onProgress = (progress: TransferProgress) => {
    reader.reports.push(progress);
    times.push(fixture.clock.now());
  };
  await reader.get({ onProgress });
  const gaps = times.slice(1, -1).map((time, i) => time - (times[i] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(250);
  expect(times.length).toBeGreaterThan(4);
  const rates = reader.reports.slice(2).map(({ ratePerS }) => ratePerS);
  expect(Math.max(...rates)).toBeLessThan(2 * (CHUNK_BYTES / 0.04));
  expect(reader.reports.at(-1)).toMatchObject({ doneBytes: bytes.length, leftMs: 0 });
});
