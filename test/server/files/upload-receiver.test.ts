import { describe, expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  TRANSFER_SYNC_BYTES,
  TRANSFER_WINDOW_BYTES_MAX,
  TRANSFER_WINDOW_FIRST_BYTES,
  TRANSFERS_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { UploadBudget } from "../../../src/server/files/upload-budget.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

const FILE = new TestFile("file", 3 * CHUNK_BYTES + 9);
const OTHER = new TestFile("other", 3 * CHUNK_BYTES);
const JUNK = new Uint8Array(CHUNK_BYTES);

interface Wrong {
  readonly what: string;
  readonly send: (lane: Guest) => void;
  readonly code: string;
  readonly says: string;
}

const WRONGS: readonly Wrong[] = [
  {
    what: "out of order",
    send: (lane) => FILE.send(lane, 2),
    code: "out-of-order",
    says: "chunk 2",
  },
  {
    what: "with the wrong checksum",
    send: (lane) => FILE.send(lane, 1, { bytes: JUNK }),
    code: "checksum-wrong",
    says: "chunk 1",
  },
  {
    what: "again, with other bytes",
    send: (lane) => FILE.send(lane, 0, { bytes: JUNK, sha256: sha256(JUNK) }),
    code: "out-of-order",
    says: "chunk 0",
  },
  {
    what: "of a foreign file",
    send: (lane) => OTHER.send(lane, 1),
    code: "out-of-order",
    says: "chunk 1",
  },
  {
    what: "of no bytes",
    send: (lane) => {
      const bytes = new Uint8Array(0);
      FILE.send(lane, 1, { bytes, sha256: sha256(bytes) });
    },
    code: "frame-malformed",
    says: "chunk 1",
  },
  {
    what: "too short for its place",
    send: (lane) => {
      const bytes = new Uint8Array(5);
      FILE.send(lane, 1, { bytes, sha256: sha256(bytes) });
    },
    code: "frame-malformed",
    says: "chunk 1",
  },
  {
    what: "beyond the end",
    send: (lane) => {
      FILE.sendAll(lane, 1);
      FILE.send(lane, 4);
    },
    code: "out-of-order",
    says: "chunk 4",
  },
];

describe("a chunk that ends the lane", () => {
  test.each(WRONGS)("$what", async ({ send, code, says }) => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    await lane.ask("offer", FILE.offer());
    FILE.send(lane, 0);
    send(lane);
    const { fault } = await lane.untilEnded();
    expect(fault?.code as string).toBe(code);
    expect(fault?.message).toContain(says);
    await site.wait(ana.say("still here"));
    const next = await channelOf(ana);
    await FILE.upload(next);
    const { bytes } = await download(next, FILE.id);
    expect(Buffer.compare(bytes, Buffer.concat(FILE.chunks))).toBe(0);
    await site.stop();
  });

  test("among others leaves those before it acknowledged, and none behind it", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    await lane.ask("offer", FILE.offer());
    FILE.sendAll(lane, 0, 2);
    FILE.send(lane, 2, { bytes: JUNK });
    FILE.send(lane, 3);
    expect((await lane.untilEnded()).fault?.message).toContain("chunk 2");
    expect(lane.all("ack").map(({ index }) => index)).toEqual([0, 1]);
    expect(await (await channelOf(ana)).ask("offer", FILE.offer())).toMatchObject({ have: 2 });
    await site.stop();
  });

  test("for which there is no room keeps out what is shorter and follows it", async () => {
    const site = await Site.open({ files: { userBytesMax: 2 * CHUNK_BYTES + 9 } });
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    const { size: _size, ...offer } = FILE.offer();
    await lane.ask("offer", offer);
    FILE.sendAll(lane);
    expect((await lane.untilEnded()).fault?.code).toBe("quota-reached");
    expect(lane.all("ack").map(({ index }) => index)).toEqual([0, 1]);
    expect(await (await channelOf(ana)).ask("offer", offer)).toMatchObject({ have: 2 });
    await site.stop();
  });

  test("of a file that was not offered here, or is finished", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    FILE.send(lane, 0);
    expect((await lane.untilEnded()).fault?.code).toBe("out-of-order");
    const next = await channelOf(ana);
    await FILE.upload(next);
    expect(await next.ask("offer", FILE.offer())).toMatchObject({ have: 4 });
    FILE.send(next, 3);
    expect((await next.untilEnded()).fault?.code).toBe("out-of-order");
    await site.stop();
  });

  test("beyond the window", async () => {
    const { blobs, go } = slowStore();
    const site = await Site.open({ blobs });
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    const { window } = await lane.ask("offer", FILE.offer(["lobby"], { size: 1 << 30 }));
    expect(window).toBe(TRANSFER_WINDOW_BYTES_MAX);
    const hash = sha256(JUNK);
    const most = window / CHUNK_BYTES;
    for (let i = 0; i < most; i++) {
      FILE.send(lane, i, { bytes: JUNK, sha256: hash });
      await site.time.advance(1);
    }
    expect(lane.ended).toBeUndefined();
    expect(lane.all("ack")).toEqual([]);
    FILE.send(lane, most, { bytes: JUNK, sha256: hash });
    const { fault } = await lane.untilEnded();
    expect(fault?.message).toContain(`chunk ${most} is beyond the window`);
    go();
    await site.quiet();
    await site.stop();
  });

  test("beyond what a file may have, when its size was not told", async () => {
    const site = await Site.open({ files: { fileBytesMax: 2 * CHUNK_BYTES } });
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    const { size: _size, ...offer } = FILE.offer();
    await lane.ask("offer", offer);
    FILE.sendAll(lane);
    expect((await lane.untilEnded()).fault?.code).toBe("too-large");
    await site.stop();
  });
});

/** A store that takes nothing in until it is let. */
function slowStore(): { blobs: (store: BlobStore) => BlobStore; go: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const blobs = (store: BlobStore): BlobStore => ({
    ...pass(store),
    create: async (about) => {
      const blob = await store.create(about);
      const append = blob.append.bind(blob);
      blob.append = async (hash, bytes) => {
        await promise;
        return append(hash, bytes);
      };
      return blob;
    },
  });
  return { blobs, go: resolve };
}

function pass(store: BlobStore): BlobStore {
  return {
    list: () => store.list(),
    create: (about) => store.create(about),
    open: (file) => store.open(file),
    remove: (file) => store.remove(file),
    freeBytes: () => store.freeBytes(),
  };
}

describe("finish", () => {
  test("wants all chunks, and the digest of them", async () => {
    const site = await Site.open();
    const ana = await site.member("ana");
    const lane = await channelOf(ana);
    await lane.ask("offer", FILE.offer());
    expect((await lane.refused("finish", FILE.finish)).code).toBe("out-of-order");
    FILE.sendAll(lane);
    const more = { ...FILE.finish, size: FILE.size + 1 };
    expect((await lane.refused("finish", more)).code).toBe("out-of-order");
    const less = { ...FILE.finish, chunks: 3 };
    expect((await lane.refused("finish", less)).code).toBe("frame-malformed");
    const other = { ...FILE.finish, digest: OTHER.digest };
    expect((await lane.refused("finish", other)).code).toBe("checksum-wrong");
    expect((await lane.ask("finish", FILE.finish)).posted).toHaveLength(1);
    expect((await lane.refused("finish", other)).code).toBe("usage");
    await site.stop();
  });

  test("of what was never offered is of no file", async () => {
    const site = await Site.open();
    const lane = await channelOf(await site.member("ana"));
    expect((await lane.refused("finish", FILE.finish)).code).toBe("file-unknown");
    await site.stop();
  });
});

test("chunks go on coming while a sync is under way", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const blobs = (store: BlobStore): BlobStore => ({
    ...pass(store),
    create: async (about) => {
      const blob = await store.create(about);
      const sync = blob.sync.bind(blob);
      blob.sync = async () => {
        await promise;
        return sync();
      };
      return blob;
    },
  });
  const site = await Site.open({ blobs });
  const file = new TestFile("long", TRANSFER_SYNC_BYTES + 8 * CHUNK_BYTES);
  const lane = await channelOf(await site.member("ana"));
  await lane.ask("offer", file.offer());
  await file.pour(lane);
  expect(lane.all("durable")).toEqual([]);
  const finished = lane.send("finish", file.finish);
  await site.quiet();
  resolve();
  await site.wait(finished);
  expect(lane.all("durable").at(-1)?.upTo).toBe(file.chunks.length);
  await site.stop();
});

describe("what may wait for the disk, of all together", () => {
  test("is granted to many, the first ones most", () => {
    const windows = new UploadBudget();
    expect(windows.grant()).toBe(TRANSFER_WINDOW_BYTES_MAX);
    const grants = Array.from({ length: 200 }, () => windows.grant());
    expect(grants.every((bytes) => bytes >= TRANSFER_WINDOW_FIRST_BYTES)).toBe(true);
    expect(grants.every((bytes) => bytes % CHUNK_BYTES === 0)).toBe(true);
    expect(grants.at(-1)).toBe(TRANSFER_WINDOW_FIRST_BYTES);
    for (const bytes of grants) windows.release(bytes);
    windows.release(TRANSFER_WINDOW_BYTES_MAX);
    expect(windows.grant()).toBe(TRANSFER_WINDOW_BYTES_MAX);
  });

  test("is bounded even so", () => {
    const windows = new UploadBudget();
    windows.queued(TRANSFERS_BYTES_MAX - 1);
    expect(() => windows.queued(2)).toThrow("too much waits");
    windows.queued(1);
    windows.queued(-TRANSFERS_BYTES_MAX);
    expect(windows.queuedBytes).toBe(0);
  });
});
