import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  TRANSFER_WINDOW_BYTES_MAX,
  TRANSFER_WINDOW_FIRST_BYTES,
  TRANSFERS_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { BlobStore } from "../../../src/io/blob/interfaces.ts";
import { UploadBudget } from "../../../src/server/files/quotas.ts";
import { changedBlobs, channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";

const FILE = new TestFile("file", 3 * CHUNK_BYTES + 9);
const OTHER = new TestFile("other", 3 * CHUNK_BYTES);
const JUNK = new Uint8Array(CHUNK_BYTES);

const bytesOf = (size: number) => {
  const bytes = new Uint8Array(size);
  return { bytes, sha256: sha256(bytes) };
};

type Wrong = readonly [what: string, send: (lane: Guest) => void, code: string, says: string];

const WRONGS: readonly Wrong[] = [
  ["out of order", (lane) => FILE.send(lane, 2), "out-of-order", "chunk 2"],
  [
    "with the wrong checksum",
    (lane) => FILE.send(lane, 1, { bytes: JUNK }),
    "checksum-wrong",
    "chunk 1",
  ],
  [
    "again, with other bytes",
    (lane) => FILE.send(lane, 0, bytesOf(CHUNK_BYTES)),
    "out-of-order",
    "chunk 0",
  ],
  ["of a foreign file", (lane) => OTHER.send(lane, 1), "out-of-order", "chunk 1"],
  ["of no bytes", (lane) => FILE.send(lane, 1, bytesOf(0)), "frame-malformed", "chunk 1"],
  [
    "too short for its place",
    (lane) => FILE.send(lane, 1, bytesOf(5)),
    "frame-malformed",
    "chunk 1",
  ],
  [
    "beyond the end",
    (lane) => [1, 2, 3, 4].map((at) => FILE.send(lane, at)),
    "out-of-order",
    "chunk 4",
  ],
];

test.each(WRONGS)("ends the channel on a chunk %s", async (_, send, code, message) => {
  const { site, ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  await lane.request("offer", FILE.offer());
  FILE.send(lane, 0);
  send(lane);
  const { fault } = await lane.untilEnded();
  expect(fault?.code as string).toBe(code);
  expect(fault?.message).toContain(message);
  await site.wait(ana.post("still here"));
  const next = await channelOf(ana);
  await FILE.upload(next);
  const { bytes } = await download(next, FILE.id);
  expect(Buffer.compare(bytes, Buffer.concat(FILE.chunks))).toBe(0);
});

test("acknowledges the chunks before a wrong one, and none after it", async () => {
  const { ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  await lane.request("offer", FILE.offer());
  FILE.sendAll(lane, 0, 2);
  FILE.send(lane, 2, { bytes: JUNK });
  FILE.send(lane, 3);
  expect((await lane.untilEnded()).fault?.message).toContain("chunk 2");
  expect(lane.all("ack").map(({ index }) => index)).toEqual([0, 1]);
  expect(await (await channelOf(ana)).request("offer", FILE.offer())).toMatchObject({ have: 2 });
});

test("ends the channel on a chunk of a file that is not open", async () => {
  const { ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  FILE.send(lane, 0);
  expect((await lane.untilEnded()).fault?.code).toBe("out-of-order");
  const next = await channelOf(ana);
  await FILE.upload(next);
  expect(await next.request("offer", FILE.offer())).toMatchObject({ have: 4 });
  FILE.send(next, 3);
  expect((await next.untilEnded()).fault?.code).toBe("out-of-order");
});

test("ends the channel on a chunk beyond the window", async () => {
  const { blobs, go } = heldStore();
  const { site, ana } = await siteWith(["ana"], { blobs });
  const lane = await channelOf(ana);
  const { window } = await lane.request("offer", FILE.offer(["lobby"], { size: 1 << 30 }));
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
});

function heldStore() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const blobs = (store: BlobStore): BlobStore =>
    changedBlobs(store, (blob) => ({
      append: async (hash, bytes) => {
        await promise;
        return blob.append(hash, bytes);
      },
    }));
  return { blobs, go: resolve };
}

test("finishes a file only with all chunks and their digest", async () => {
  const { ana } = await siteWith(["ana"]);
  const lane = await channelOf(ana);
  await lane.request("offer", FILE.offer());
  expect(await lane.refusal("finish", FILE.finish)).toBe("out-of-order");
  FILE.sendAll(lane);
  const more = { ...FILE.finish, size: FILE.size + 1 };
  expect(await lane.refusal("finish", more)).toBe("out-of-order");
  const less = { ...FILE.finish, chunks: 3 };
  expect(await lane.refusal("finish", less)).toBe("frame-malformed");
  const other = { ...FILE.finish, digest: OTHER.digest };
  expect(await lane.refusal("finish", other)).toBe("checksum-wrong");
  expect(await FILE.end(lane)).toHaveLength(1);
  expect(await lane.refusal("finish", other)).toBe("usage");
});

test("grants a window to many uploads, the largest to the first", () => {
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

test("limits the bytes queued for the disk", () => {
  const windows = new UploadBudget();
  windows.countQueued(TRANSFERS_BYTES_MAX - 1);
  expect(() => windows.countQueued(2)).toThrow("disk is busy");
  windows.countQueued(1);
  windows.countQueued(-TRANSFERS_BYTES_MAX);
  expect(windows.queuedBytes).toBe(0);
});
