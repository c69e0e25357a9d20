import { describe, expect, test } from "bun:test";
import { SEALED_FILE_CHUNKS_MAX } from "../../../src/base/limits-sealed.ts";
import { nativeFileCipher } from "../../../src/cli/connect/keys.ts";
import { FileStream, sealedChunks, sealedSize } from "../../../src/crypto/seal/file-stream.ts";
import vectors from "../../vectors/sealed.json";
import { faultOf } from "./fault-of.ts";

const vector = vectors.file;
const hex = (text: string) => Uint8Array.fromHex(text);
const secret = { key: hex(vector.key), prefix: hex(vector.prefix) };
const plan = { fileId: vector.fileId, sizeBytes: vector.sizeBytes, chunkBytes: vector.chunkBytes };

describe("a sealed file", () => {
  test("matches the golden vector", async () => {
    const stream = await FileStream.open(secret, plan);
    expect(sealedChunks(plan.sizeBytes, plan.chunkBytes)).toBe(vector.chunks.length);
    for (const [i, { plain, sealed }] of vector.chunks.entries()) {
      expect((await stream.seal(i, hex(plain), i === 2)).toHex()).toBe(sealed);
      expect((await stream.unseal(i, hex(sealed))).toHex()).toBe(plain);
    }
    const sealedBytes = vector.chunks.reduce((sum, { sealed }) => sum + sealed.length / 2, 0);
    expect(sealedSize(plan.sizeBytes, plan.chunkBytes)).toBe(sealedBytes);
  });

  test("rejects damaged chunks and those of another position, file or length", async () => {
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
    await opens({ sizeBytes: 2 * plan.chunkBytes }, 1, second);
    await opens({ sizeBytes: plan.sizeBytes + plan.chunkBytes }, 2, last);
    const rekeyed = await FileStream.open({ ...secret, key: new Uint8Array(32) }, plan);
    await broken(rekeyed.unseal(0, first));
  });

  test("encrypts identically when the size is unknown until the end", async () => {
    const { sizeBytes: _size, ...unknown } = plan;
    const stream = await FileStream.open(secret, unknown);
    for (const [i, { plain, sealed }] of vector.chunks.entries()) {
      expect((await stream.seal(i, hex(plain), i === 2)).toHex()).toBe(sealed);
    }
    expect(await faultOf(stream.seal(1, new Uint8Array(3), false))).toBe("file-changed");
  });

  test("encrypts identically with the native cipher", async () => {
    const stream = await FileStream.open(secret, plan, nativeFileCipher);
    for (const [i, { plain, sealed }] of vector.chunks.entries()) {
      expect((await stream.seal(i, hex(plain), i === 2)).toHex()).toBe(sealed);
      expect((await stream.unseal(i, hex(sealed))).toHex()).toBe(plain);
      const flipped = hex(sealed);
      flipped[0] = (flipped[0] ?? 0) ^ 1;
      expect(await faultOf(stream.unseal(i, flipped))).toBe("seal-broken");
    }
  });

  test("reports an impossible description as the sender's fault", async () => {
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
