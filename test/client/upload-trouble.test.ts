import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES, STALL_SHOWN_MS } from "../../src/base/limits.ts";
import { ClientFixture } from "./client-fixture.ts";
import { content, digestHex, HeldSource } from "./contents.ts";
import { Writer } from "./writer.ts";

describe("what changes", () => {
  test("while it is sent is withdrawn", async () => {
    const writer = await Writer.enter();
    const source = new HeldSource(content(4 * CHUNK_BYTES));
    source.onRead = (index) => {
      if (index === 2) throw new Fault("file-changed", "'a.bin' has changed");
    };
    expect(await writer.send(source)).toMatchObject({ code: "file-changed" });
    expect(writer.files.withdrawn.length).toBe(1);
    source.onRead = () => {};
    expect(await writer.send(source)).toMatchObject({ resumedBytes: 0, changed: false });
  });

  test("at the very end, too", async () => {
    const writer = await Writer.enter();
    const source = new HeldSource(content(4 * CHUNK_BYTES));
    source.isChanged = true;
    expect(await writer.send(source)).toMatchObject({ code: "file-changed" });
    expect(writer.files.withdrawn.length).toBe(1);
  });

  test.each([
    ["ends early", (bytes: Uint8Array) => bytes.subarray(0, 2 * CHUNK_BYTES)],
    ["has a short chunk", (bytes: Uint8Array) => bytes.subarray(0, 2 * CHUNK_BYTES + 5)],
  ])("is a file that %s", async (_, cut) => {
    const writer = await Writer.enter();
    const source = new HeldSource(content(4 * CHUNK_BYTES));
    source.bytes = cut(source.bytes);
    expect(await writer.send(source)).toMatchObject({ code: "file-changed" });
    expect(writer.files.withdrawn.length).toBe(1);
  });
});

describe("a server that", () => {
  test("finds a checksum wrong ends it, to be gone on with", async () => {
    const writer = await Writer.enter();
    const bytes = content(6 * CHUNK_BYTES);
    writer.files.onChunk = ({ index }) => {
      if (index === 4) throw new Fault("checksum-wrong", "the checksum of chunk 4 is wrong");
    };
    expect(await writer.send(new HeldSource(bytes))).toMatchObject({ code: "checksum-wrong" });
    writer.files.onChunk = () => {};
    expect(await writer.send(new HeldSource(bytes))).toMatchObject({
      resumedBytes: 4 * CHUNK_BYTES,
    });
    expect(writer.has(bytes)).toBe(true);
  });

  test("has other bytes than the file ends it, and the next run begins anew", async () => {
    const writer = await Writer.enter();
    const bytes = content(6 * CHUNK_BYTES);
    await writer.begin(new HeldSource(bytes), 4);
    await writer.again();
    const source = new HeldSource(bytes);
    for (const { chunks } of writer.files.files.values()) chunks[2]?.sha256.fill(1);
    expect(await writer.send(source)).toMatchObject({ code: "checksum-wrong" });
    expect(writer.files.withdrawn.length).toBe(1);
    expect(await writer.send(source)).toMatchObject({ resumedBytes: 0, changed: false });
    expect(writer.has(source.bytes)).toBe(true);
  });

  test.each([["quota-reached"], ["too-large"], ["store-full"]] as const)(
    "says %s is believed",
    async (code) => {
      const writer = await Writer.enter();
      writer.files.onChunk = ({ index }) => {
        if (index === 2) throw new Fault(code, "chunk 2 is too much");
      };
      const fault = await writer.send(new HeldSource(content(6 * CHUNK_BYTES)));
      expect(fault).toMatchObject({ code, message: "chunk 2 is too much" });
    },
  );

  test("wants to be left alone for a while is left alone", async () => {
    const writer = await Writer.enter();
    const { clock } = writer.fixture;
    const start = clock.now();
    writer.fixture.server.mischief.onRequest = ({ kind }) =>
      kind === "offer" && clock.now() < start + 5_000
        ? new Fault("store-full", "soon", { retryAfterMs: 2_000 })
        : undefined;
    expect(await writer.send(new HeldSource(content(5)))).toMatchObject({ sizeBytes: 5 });
    expect(clock.now()).toBeGreaterThanOrEqual(start + 5_000);
    const asked = writer.fixture.asked().filter((kind) => kind === "offer").length;
    expect(asked).toBeLessThan(6);
  });

  test.each([
    ["acknowledges what was not sent", { kind: "ack", index: 5 }],
    ["calls durable what it has not", { kind: "durable", upTo: 5 }],
    ["speaks of another file", { kind: "ack", index: 0, file: "fBBBBBBBBBBB" }],
  ] as const)("%s is told so", async (_, said) => {
    const writer = await Writer.enter();
    writer.files.onOwn = (notice) =>
      notice.kind === "ack" && notice.index === 0 ? { ...notice, ...said } : notice;
    const fault = await writer.send(new HeldSource(content(6 * CHUNK_BYTES)));
    expect(fault).toMatchObject({ code: "out-of-order" });
  });

  test("never says durable is waited for, with bounded memory", async () => {
    const writer = await Writer.enter();
    writer.files.syncChunks = Number.POSITIVE_INFINITY;
    const source = new HeldSource(content(300 * CHUNK_BYTES));
    const sending = writer.start(source);
    await writer.fixture.clock.advance(STALL_SHOWN_MS + 1_000);
    expect(source.reads.length).toBeGreaterThan(190);
    expect(source.reads.length).toBeLessThan(200);
    expect(writer.reports.at(-1)?.waits).toMatchObject({ where: "server-disk" });
    const closing = writer.client.close();
    expect(await writer.fixture.outcome(sending)).toMatchObject({ code: "interrupted" });
    await writer.fixture.outcome(closing);
  });
});

describe("a lane of its own", () => {
  test("may be lost alone", async () => {
    const writer = await Writer.enter();
    const source = new HeldSource(content(6 * CHUNK_BYTES));
    const left = [new Fault("link-closed", "gone"), new Fault("shutting-down", "gone")];
    writer.files.onChunk = ({ index }) => {
      const fault = index === 3 ? left.pop() : undefined;
      if (fault !== undefined) throw fault;
    };
    expect(await writer.send(source)).toMatchObject({ sizeBytes: source.bytes.length });
    expect(writer.files.begun).toEqual([0, 3, 3]);
    const asked = writer.fixture.asked();
    expect(asked.filter((kind) => kind === "ticket").length).toBe(3);
    expect(asked.filter((kind) => kind.startsWith("login")).length).toBe(0);
  });

  test("is asked for again when its ticket came too late", async () => {
    const writer = await Writer.enter();
    let isFirst = true;
    writer.fixture.server.mischief.onRequest = ({ kind }) => {
      if (kind !== "lane" || !isFirst) return undefined;
      isFirst = false;
      return new Fault("login-refused", "this ticket is not good, or not any more");
    };
    expect(await writer.send(new HeldSource(content(5)))).toMatchObject({ sizeBytes: 5 });
  });

  test("ends with the account's stay", async () => {
    const writer = await Writer.enter();
    writer.files.onChunk = ({ index }) => {
      if (index === 2) void writer.client.logout();
    };
    const fault = await writer.send(new HeldSource(content(9 * CHUNK_BYTES)));
    expect(fault).toMatchObject({ code: "not-logged-in" });
    expect(writer.files.received.length).toBeLessThan(9);
  });
});

describe("the same file twice at once", () => {
  test("is sent once, and both hear of it", async () => {
    const writer = await Writer.enter();
    const bytes = content(8 * CHUNK_BYTES);
    await writer.begin(new HeldSource(bytes), 2);
    const other = writer.fixture.client();
    await writer.fixture.outcome(other.client.connect());
    const sources = [new HeldSource(bytes), new HeldSource(bytes)] as const;
    const first = writer.start(sources[0]);
    const second = other.client.transfers.send({ source: sources[1], to: ["lobby"] });
    const sent = [await writer.fixture.outcome(first), await writer.fixture.outcome(second)];
    const [file] = writer.files.files.keys();
    expect(sent).toMatchObject([
      { id: file, digest: digestHex(bytes) },
      { id: file, digest: digestHex(bytes) },
    ]);
    expect(writer.has(bytes)).toBe(true);
    expect(new Set(writer.files.received).size).toBe(writer.files.received.length);
  });
});

test("no more waits in the link than it should", async () => {
  const writer = await Writer.enter();
  writer.files.windowChunks = 64;
  let queuedMax = 0;
  const source = new HeldSource(content(60 * CHUNK_BYTES));
  const fixture = new ClientFixture({
    delayMs: (_from, _to, sizeBytes) => (sizeBytes > 1_000 ? 50 : 50),
  });
  const far = await Writer.enter(fixture);
  far.files.windowChunks = 64;
  source.onRead = (index) => {
    const acked = far.files.received.length;
    queuedMax = Math.max(queuedMax, index - acked);
  };
  expect(await far.send(source)).toMatchObject({ sizeBytes: source.bytes.length });
  // In the link 1 MiB and one chunk, ahead of it four, and what was received meanwhile.
  expect(queuedMax).toBeLessThanOrEqual(4 + 1 + 5);
});
