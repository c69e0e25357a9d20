import { describe, expect, test } from "bun:test";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../../src/base/limits.ts";
import { SEALED_FILE_CHUNKS_MAX } from "../../../src/base/limits-sealed.ts";
import { FileStream, makeFileSecret } from "../../../src/crypto/seal/file-stream.ts";
import vectors from "../../vectors/sealed.json";
import { faultOf } from "./fault-of.ts";

const vector = vectors.file;
const hex = (text: string) => Uint8Array.fromHex(text);
const secret = { key: hex(vector.key), prefix: hex(vector.prefix) };
const plan = { fileId: vector.fileId, sizeBytes: vector.sizeBytes, chunkBytes: vector.chunkBytes };

describe("a sealed file", () => {
  test("golden vector, both ways", async () => {
    const stream = await FileStream.open(secret, plan);
    expect(stream.chunks).toBe(vector.chunks.length);
    for (const [i, { plain, sealed }] of vector.chunks.entries()) {
      expect((await stream.seal(i, hex(plain))).toHex()).toBe(sealed);
      expect((await stream.unseal(i, hex(sealed))).toHex()).toBe(plain);
    }
    const sealedBytes = vector.chunks.reduce((sum, { sealed }) => sum + sealed.length / 2, 0);
    expect(stream.sealedBytes).toBe(sealedBytes);
  });

  test("no chunk opens in another place, file or length, or damaged", async () => {
    const stream = await FileStream.open(secret, plan);
    const [first, second, last] = vector.chunks.map(({ sealed }) => hex(sealed));
    if (first === undefined || second === undefined || last === undefined) throw new Error("three");
    const broken = async (opening: Promise<unknown>) =>
      expect(await faultOf(opening)).toBe("seal-broken");
    await broken(stream.unseal(1, first));
    await broken(stream.unseal(0, second));
    await broken(stream.unseal(0, first.slice(1)));
    await broken(stream.unseal(2, first));
    for (let at = 0; at < first.length; at++) {
      const flipped = first.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await broken(stream.unseal(0, flipped));
    }
    const opens = async (change: Partial<typeof plan>, index: number, bytes: Uint8Array) =>
      broken((await FileStream.open(secret, { ...plan, ...change })).unseal(index, bytes));
    await opens({ fileId: "fBBBBBBBBBBB" }, 0, first);
    // Cut after two chunks: the second would have to be the last one.
    await opens({ sizeBytes: 2 * plan.chunkBytes }, 1, second);
    await opens({ sizeBytes: plan.sizeBytes + plan.chunkBytes }, 2, last);
    const rekeyed = await FileStream.open({ ...secret, key: new Uint8Array(32) }, plan);
    await broken(rekeyed.unseal(0, first));
  });

  test("a chunk of another length than announced is a file that changed", async () => {
    const stream = await FileStream.open(secret, plan);
    const short = new Uint8Array(plan.chunkBytes - 1);
    expect(await faultOf(stream.seal(0, short))).toBe("file-changed");
    expect(await faultOf(stream.seal(2, new Uint8Array(plan.chunkBytes)))).toBe("file-changed");
  });

  test("an empty file has one empty chunk, and one of whole chunks has no further", async () => {
    const empty = await FileStream.open(makeFileSecret(), { ...plan, sizeBytes: 0 });
    expect(empty.chunks).toBe(1);
    const sealed = await empty.seal(0, new Uint8Array(0));
    expect(sealed).toHaveLength(16);
    expect(await empty.unseal(0, sealed)).toHaveLength(0);
    const whole = await FileStream.open(secret, { ...plan, sizeBytes: 2 * plan.chunkBytes });
    expect(whole.chunks).toBe(2);
    const largest = { ...plan, sizeBytes: FILE_BYTES_MAX, chunkBytes: CHUNK_BYTES };
    const { chunks } = await FileStream.open(secret, largest);
    expect(chunks).toBe(FILE_BYTES_MAX / CHUNK_BYTES);
  });

  test("what a sender cannot mean is the sender's fault", async () => {
    const { key, prefix } = secret;
    const most = { ...plan, chunkBytes: 1, sizeBytes: SEALED_FILE_CHUNKS_MAX };
    expect(await faultOf(FileStream.open(secret, most))).toBe("no fault");
    for (const [wrong, described] of [
      [{ key, prefix: new Uint8Array(8) }, plan],
      [{ key: new Uint8Array(16), prefix }, plan],
      [secret, { ...plan, sizeBytes: -1 }],
      [secret, { ...plan, sizeBytes: 1.5 }],
      [secret, { ...plan, chunkBytes: 0 }],
      [secret, { ...most, sizeBytes: SEALED_FILE_CHUNKS_MAX + 1 }],
    ] as const) {
      expect(await faultOf(FileStream.open(wrong, described))).toBe("frame-malformed");
    }
  });
});
