import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import {
  CLUSTER_CHUNKS_PER_FILE_MAX,
  CLUSTER_CHUNKS_QUEUED_MAX,
  CLUSTER_CONTENT_TIMEOUT_MS,
} from "../../../src/base/limits-cluster.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { SharedFiles } from "../../../src/io/cluster/shared-files.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { digestOf } from "../../wire/digest.ts";
import { checkContentStore } from "./content-compliance.ts";
import { MemoryContent } from "./memory-content.ts";

const FILE = "fAAAAAAAAAA1" as FileId;

function open() {
  const [store, clock] = [new MemoryContent(), new VirtualClock()];
  return { store, clock, shared: new SharedFiles({ store, clock, sha256 }) };
}

async function putAll(shared: SharedFiles, count: number): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = Uint8Array.of(i, i >> 8);
    hashes.push(sha256(bytes));
    await shared.put(FILE, i, sha256(bytes), async () => bytes);
  }
  return hashes;
}

test("the in-memory store satisfies the compliance suite", () =>
  checkContentStore(new MemoryContent()));

describe("shared files", () => {
  test("list their chunks in parts that match the digest", async () => {
    const { shared } = open();
    const count = CHUNK_BYTES / 32 + 1;
    const hashes = Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i, i >> 8)));
    const digest = digestOf(hashes, sha256);
    await shared.complete(FILE, digest, hashes);
    const told = { file: FILE, size: count * CHUNK_BYTES, chunks: count, digest: digest.toHex() };
    expect(await shared.hashes(told)).toEqual(hashes);
    const short = shared.hashes({ ...told, chunks: count - 1 });
    expect((await short.catch((fault: Fault) => fault.code)) as unknown).toBe("checksum-wrong");
  });

  test("resume up to the first chunk with ambiguous content", async () => {
    const { shared, store } = open();
    const hashes = await putAll(shared, 5);
    expect(await shared.storedHashes(FILE)).toEqual(hashes);
    await store.put(FILE, "c9-not_a_hash", new Uint8Array());
    await shared.put(FILE, 3, sha256(Uint8Array.of(99)), async () => Uint8Array.of(99));
    expect(await shared.storedHashes(FILE)).toEqual(hashes.slice(0, 3));
  });

  test("limit the chunks in memory, to at least one each", async () => {
    const { shared, store } = open();
    const hashes = await putAll(shared, 40);
    let gets = 0;
    store.before = () => {
      gets++;
    };
    const asked: number[] = [];
    for (let reader = 0; reader <= CLUSTER_CHUNKS_QUEUED_MAX; reader++) {
      const before = gets;
      await shared.chunks(FILE, hashes, 0).next();
      for (let i = 0; i < 200; i++) await undefined;
      asked.push(gets - before);
    }
    expect(asked[0]).toBe(CLUSTER_CHUNKS_PER_FILE_MAX);
    expect(asked[CLUSTER_CHUNKS_QUEUED_MAX / 4 - 1]).toBe(4);
    expect(asked.slice(-2)).toEqual([1, 1]);
  });

  test("reject content that does not match its checksum", async () => {
    const { shared, store } = open();
    const put = shared.put(FILE, 0, sha256(Uint8Array.of(1)), async () => Uint8Array.of(2));
    expect(await put.catch((fault: Fault) => fault.code)).toBe("checksum-wrong");
    expect(await store.parts(FILE)).toEqual([]);
  });

  test("retry during an election, for a bounded time", async () => {
    const { shared, store, clock } = open();
    let tries = 0;
    store.before = () => {
      tries++;
      throw new Fault("no-majority", "nobody leads");
    };
    const outcome = shared.lastPutMs(FILE).catch((fault: Fault) => fault.code);
    await clock.advance(CLUSTER_CONTENT_TIMEOUT_MS - 1);
    const before = tries;
    await clock.advance(1_000);
    expect(await outcome).toBe("no-majority");
    expect(before).toBeGreaterThan(10);
    shared.stop();
    tries = 0;
    expect(await shared.erase(FILE).catch((fault: Fault) => fault.code)).toBe("no-majority");
    expect(tries).toBe(1);
  });
});
