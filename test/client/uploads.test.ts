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
        expect(await ana.send(source, { to: ["lobby", "@bob"] })).toMatchObject({
          name: "a.bin",
          sizeBytes,
          chunks: Math.ceil(sizeBytes / CHUNK_BYTES),
          digest: digestHex(bytes),
          resumedBytes: 0,
          refused: [],
          changed: false,
          posted: [
            { to: "lobby", seq: 1, queued: false },
            { to: "@bob", seq: 2, queued: false },
          ],
        });
        expect(ana.hasSent(bytes)).toBe(true);
        expect(source.reads).toEqual(chunksOf(bytes).map((_, i) => i));
        expect(ana.reports.at(-1)).toMatchObject({ doneBytes: sizeBytes, sizeBytes });
        expect(ana.fixture.clock.pendingTimers).toBeLessThan(6);
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

describe("a stream that fails is withdrawn", () => {
  uploadTest("if its producer breaks", async (ana) => {
    const source = MemorySource.stream(wholeChunks(4));
    source.onRead = (index) => {
      if (index === 2) throw new Fault("store-failed", "'stdin' cannot be read");
    };
    expect(await ana.send(source)).toMatchObject({ code: "store-failed" });
    expect(ana.files.withdrawn).toHaveLength(1);
    expect(ana.files.files.size).toBe(0);
  });

  uploadTest("if the server refuses a chunk", async (ana) => {
    ana.files.onChunk = ({ index }) => {
      if (index === 2) throw new Fault("quota-reached", "this exceeds your file quota");
    };
    expect(await ana.send(MemorySource.stream(wholeChunks(4)))).toMatchObject({
      code: "quota-reached",
    });
    expect(ana.files.withdrawn).toHaveLength(1);
  });

  uploadTest("if the user stops it, without advice to resume", async (ana) => {
    const outcome = await ana.sendPart(MemorySource.stream(wholeChunks(9)), 6);
    expect(outcome).toMatchObject({ code: "interrupted" });
    expect((outcome as Fault).remedy).toBe(
      "send it again from the start; a pipe cannot be resumed",
    );
    expect(ana.files.withdrawn).toHaveLength(1);
  });

  uploadTest("if the client closes during it, before the link closes", async (ana) => {
    const source = MemorySource.stream(wholeChunks(9));
    source.onRead = (index) => (index === 6 ? new Promise(() => {}) : undefined);
    const sending = ana.startSend(source).catch((fault: unknown) => fault);
    await ana.fixture.clock.advance(1_000);
    await ana.fixture.outcome(ana.client.close());
    expect(await sending).toMatchObject({ code: "interrupted" });
    expect(ana.files.withdrawn).toHaveLength(1);
  });

  uploadTest("but closing does not wait for a dead link", async (ana) => {
    const source = MemorySource.stream(wholeChunks(9));
    source.onRead = (index) => (index === 6 ? new Promise(() => {}) : undefined);
    const sending = ana.startSend(source).catch((fault: unknown) => fault);
    await ana.fixture.clock.advance(1_000);
    ana.fixture.network.cut();
    await ana.fixture.clock.advance(0);
    let isClosed = false;
    const closing = ana.client.close().then(() => {
      isClosed = true;
    });
    await ana.fixture.clock.advance(3_000);
    expect(isClosed).toBe(true);
    await closing;
    expect(await sending).toMatchObject({ code: "interrupted" });
  });

  uploadTest("but not if a later run can resume it", async (ana) => {
    const source = new MemorySource(wholeChunks(9));
    source.onRead = (index) => (index === 6 ? new Promise(() => {}) : undefined);
    const sending = ana.startSend(source).catch((fault: unknown) => fault);
    await ana.fixture.clock.advance(1_000);
    await ana.fixture.outcome(ana.client.close());
    expect(await sending).toMatchObject({ code: "interrupted" });
    expect(ana.files.withdrawn).toEqual([]);
  });
});

describe("a resumed upload of a file with other times", () => {
  const CHUNKS = 60;

  /** Stops an upload of `before` after 40 chunks, then resumes it with `after`. */
  async function resumed(
    ana: FileClient,
    after: Uint8Array,
    dropsChanged = true,
    between = () => {},
  ) {
    ana.files.syncChunks = 1;
    await ana.sendPart(new MemorySource(wholeChunks(CHUNKS)), 40);
    between();
    await ana.restarts();
    ana.files.dropsChanged = dropsChanged;
    const source = new MemorySource(after, { stamp: "2" });
    source.matchStamp = () => "unsure";
    const outcome = await ana.send(source);
    expect(ana.hasSent(after)).toBe(true);
    return { outcome, source };
  }

  const changedAt = (chunk: number) => {
    const bytes = wholeChunks(CHUNKS);
    bytes.fill(7, chunk * CHUNK_BYTES, chunk * CHUNK_BYTES + 9);
    return bytes;
  };

  uploadTest("compares the sent part and sends none of it again", async (ana) => {
    const { outcome, source } = await resumed(ana, wholeChunks(CHUNKS));
    const resumedBytes = (ana.files.begun[1] ?? 0) * CHUNK_BYTES;
    expect(resumedBytes).toBeGreaterThanOrEqual(40 * CHUNK_BYTES);
    expect(outcome).toMatchObject({ changed: false, resumedBytes });
    expect(source.reads[0]).toBe(0);
    expect(new Set(ana.files.received).size).toBe(ana.files.received.length);
  });

  uploadTest("keeps the chunks before the first one that differs", async (ana) => {
    const { outcome } = await resumed(ana, changedAt(5));
    expect(outcome).toMatchObject({ changed: false, resumedBytes: 5 * CHUNK_BYTES });
    expect([ana.files.withdrawn, ana.files.begun]).toEqual([[], [0, 5]]);
  });

  uploadTest("restarts if the first chunk or an older server requires it", async (ana) => {
    const { outcome } = await resumed(ana, changedAt(0));
    expect(outcome).toMatchObject({ changed: true, resumedBytes: 0 });
    const ben = await FileClient.enter();
    const { outcome: old } = await resumed(ben, changedAt(5), false);
    expect(old).toMatchObject({ changed: true, resumedBytes: 0 });
    for (const { files } of [ana, ben]) expect(files.withdrawn).toHaveLength(1);
  });

  uploadTest("restarts if only a chunk differs whose checksum was not stored", async (ana) => {
    const { outcome } = await resumed(ana, changedAt(38), true, () => {
      const key = { user: "ana", path: "/home/ana/a.bin", to: ["lobby"], name: "a.bin" };
      const fingerprint = ana.client.fingerprint ?? "";
      ana.fixture.state.uploads.find({ ...key, fingerprint })?.upload.truncate(32);
    });
    expect(outcome).toMatchObject({ changed: true });
  });
});

describe("a file that changes while it is sent", () => {
  uploadTest("is read a second time, and only its changed end is sent again", async (ana) => {
    const source = new MemorySource(wholeChunks(9));
    const after = content(9 * CHUNK_BYTES, 2);
    after.set(source.bytes.subarray(0, 3 * CHUNK_BYTES));
    source.onRead = (index) => {
      if (index === 8 && source.provenCount === 0 && source.bytes !== after) source.touch(after);
    };
    expect(await ana.send(source)).toMatchObject({ digest: digestHex(after), changed: false });
    expect([ana.hasSent(after), ana.files.withdrawn]).toEqual([true, []]);
    expect(ana.files.begun).toEqual([0, 3]);
    expect(source.provenCount).toBe(1);
  });

  uploadTest("is sent once if only its times changed", async (ana) => {
    const source = new MemorySource(wholeChunks(9));
    source.onRead = (index) => {
      if (index === 4 && source.provenCount === 0) source.touch();
    };
    expect(await ana.send(source)).toMatchObject({ digest: digestHex(source.bytes) });
    expect(ana.files.received).toHaveLength(9);
    expect(source.reads.filter((index) => index === 0)).toHaveLength(2);
  });

  uploadTest("is never complete while it keeps changing, but can be resumed", async (ana) => {
    const source = new MemorySource(wholeChunks(9));
    let seed = 2;
    source.onRead = (index) => {
      if (index !== 8) return;
      const after = content(9 * CHUNK_BYTES, seed++);
      after.set(source.bytes.subarray(0, 3 * CHUNK_BYTES));
      source.touch(after);
    };
    expect(await ana.send(source)).toMatchObject({ code: "file-changed" });
    const [file] = ana.files.files.values();
    expect([file?.digest, ana.files.withdrawn]).toEqual([undefined, []]);
    source.onRead = () => {};
    source.unproven = undefined;
    source.matchStamp = () => "unsure";
    expect(await ana.send(source)).toMatchObject({ resumedBytes: 3 * CHUNK_BYTES });
    expect(ana.hasSent(source.bytes)).toBe(true);
  });

  uploadTest("is sent anew from a folder that is listed again", async (ana) => {
    const source = new MemorySource(wholeChunks(4));
    source.onRead = (index) => {
      if (index === 2) throw new Fault("file-changed", "'b' changed while it was sent");
    };
    const relist = async () => {
      source.onRead = () => {};
      source.bytes = wholeChunks(3);
      source.sizeBytes = source.bytes.length;
      return true;
    };
    Object.assign(source, { relist });
    expect(await ana.send(source)).toMatchObject({ digest: digestHex(wholeChunks(3)) });
    expect(ana.files.withdrawn).toHaveLength(1);
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
