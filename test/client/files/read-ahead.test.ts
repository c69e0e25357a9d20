import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { ReadAhead } from "../../../src/client/files/read-ahead.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { content, MemorySource } from "../contents.ts";

interface Note {
  readonly first: number;
  readonly count: number;
}

function sixChunks() {
  const notes: Note[] = [];
  const hashing: (() => void)[] = [];
  const hash = async (chunk: Uint8Array) => {
    await new Promise<void>((resolve) => hashing.push(resolve));
    return sha256(chunk);
  };
  const note = (first: number, hashes: readonly Uint8Array[]) => {
    notes.push({ first, count: hashes.length });
  };
  const bytes = content(6 * CHUNK_BYTES);
  return { ahead: new ReadAhead(new MemorySource(bytes), hash, note), bytes, notes, hashing };
}

async function finishHashing(hashing: (() => void)[]): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await Promise.resolve();
    hashing.shift()?.();
  }
}

test("records hashes off the event loop before returning their chunks", async () => {
  const { ahead, bytes, notes, hashing } = sixChunks();
  const taken = ahead.next(0).then((chunk) => ({ chunk, noted: [...notes] }));
  await finishHashing(hashing);
  const { chunk, noted } = await taken;
  expect(chunk?.sha256).toEqual(sha256(bytes.subarray(0, CHUNK_BYTES)));
  expect(noted).toEqual([{ first: 0, count: 4 }]);
  for (const index of [1, 2, 3, 4, 5]) {
    const next = ahead.next(index);
    await finishHashing(hashing);
    expect((await next)?.bytes).toEqual(
      bytes.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
    );
  }
  const end = ahead.next(6);
  await finishHashing(hashing);
  expect(await end).toBeUndefined();
  expect(notes.filter(({ count }) => count > 0)).toEqual([
    { first: 0, count: 4 },
    { first: 4, count: 2 },
  ]);
});

test("does not record a hash in progress after a seek", async () => {
  const { ahead, notes, hashing } = sixChunks();
  const given = ahead.next(0);
  for (let hashed = 0; hashed < 3; ) {
    await Promise.resolve();
    if (hashing.length === 0) continue;
    hashing.shift()?.();
    hashed++;
  }
  while (hashing.length === 0) await Promise.resolve();
  ahead.seek(2);
  const wanted = ahead.next(2);
  await finishHashing(hashing);
  expect(await given).toBeUndefined();
  expect(await wanted).toBeDefined();
  expect(notes).toEqual([{ first: 2, count: 4 }]);
});
