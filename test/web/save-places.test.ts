import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { PART_REMOVE_TRIES_MAX } from "../../src/base/limits-page.ts";
import { pageHashing } from "../../src/web/hash.ts";
import { PlaceSink } from "../../src/web/place-sink.ts";
import { choosePlace, placeAgain, removePart, type SavingPage } from "../../src/web/save-places.ts";
import type { SaveHandle, Writable } from "../../src/web/surroundings.ts";
import { VirtualClock } from "../client/virtual-clock.ts";

const MIB = 1024 * 1024;

/** A file as browsers have it: what is written is there once it is closed. */
class FakeFile implements SaveHandle {
  content = new Uint8Array();
  isRemoved = false;
  copied = 0;
  isFull = false;

  async getFile(): Promise<Blob> {
    return new Blob([this.content]);
  }

  async createWritable({ keepExistingData = false } = {}): Promise<Writable> {
    let bytes = keepExistingData ? this.content.slice() : new Uint8Array();
    this.copied += bytes.length;
    let at = 0;
    return {
      write: async (more) => {
        if (this.isFull) throw new Error("no room");
        const next = new Uint8Array(Math.max(bytes.length, at + more.length));
        next.set(bytes);
        next.set(more, at);
        bytes = next;
        at += more.length;
      },
      truncate: async (size) => {
        bytes = bytes.slice(0, size);
      },
      seek: async (to) => {
        at = to;
      },
      close: async () => {
        this.content = bytes;
      },
      abort: async () => undefined,
    };
  }

  async remove(): Promise<void> {
    this.isRemoved = true;
  }
}

function pageWith(file: FakeFile): SavingPage {
  return { URL, Blob: Blob as SavingPage["Blob"], showSaveFilePicker: async () => file };
}

test("what is written stands there when it is kept, and goes on behind it", async () => {
  const file = new FakeFile();
  const place = await choosePlace(pageWith(file), "f");
  await place?.write(Uint8Array.of(1, 2));
  await place?.keep("due");
  expect(file.content).toHaveLength(0);
  await place?.keep("now");
  expect([...file.content]).toEqual([1, 2]);
  await place?.write(Uint8Array.of(3));
  const again = await placeAgain(file, 2);
  await again.write(Uint8Array.of(9));
  await again.finish();
  expect([...file.content]).toEqual([1, 2, 9]);
});

test("however often it is to keep, the browser copies less than twice of it", async () => {
  const file = new FakeFile();
  const place = await choosePlace(pageWith(file), "f");
  for (let i = 0; i < 10; i++) {
    await place?.write(new Uint8Array(16 * MIB));
    await place?.keep("due");
  }
  expect(file.content.length).toBeGreaterThanOrEqual(80 * MIB);
  expect(file.copied).toBeLessThan(2 * 160 * MIB);
});

test("what is given up is removed if some of it was kept, and not otherwise", async () => {
  for (const isKept of [true, false]) {
    const file = new FakeFile();
    const place = await choosePlace(pageWith(file), "f");
    await place?.write(Uint8Array.of(1));
    if (isKept) await place?.keep("now");
    await place?.abandon();
    await place?.keep("now");
    expect([file.isRemoved, file.content.length]).toEqual([isKept, isKept ? 1 : 0]);
    // What is finished is nobody's to remove.
    const whole = await placeAgain(file, 0);
    file.isRemoved = false;
    await whole.finish();
    await whole.abandon();
    expect(file.isRemoved).toBe(false);
  }
});

test("an earlier page's chunks count as far as they are whole", async () => {
  const hashing = pageHashing(undefined);
  const file = new FakeFile();
  const first = new PlaceSink((await choosePlace(pageWith(file), "f")) as never, hashing);
  const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
  for (let i = 0; i < 3; i++) await first.append(hashing.sha256(chunk), chunk);
  await first.keep();
  file.content = new Uint8Array([...file.content, 1, 2, 3]);
  const again = await PlaceSink.again(file, hashing);
  expect([again.have, again.sizeBytes]).toEqual([3, 3 * CHUNK_BYTES]);
  expect(again.digest()).toEqual(first.digest());
  await again.append(hashing.sha256(chunk), chunk);
  await again.finish();
  expect(file.content).toHaveLength(4 * CHUNK_BYTES);
});

test("a browser that cannot write, or may not, is a fault", async () => {
  const file = new FakeFile();
  const place = await choosePlace(pageWith(file), "f");
  const sink = new PlaceSink(place as never, pageHashing(undefined));
  file.isFull = true;
  await expect(sink.append(new Uint8Array(32), Uint8Array.of(1))).rejects.toBeInstanceOf(Fault);
  const refusing = (name: string) => ({
    ...pageWith(file),
    showSaveFilePicker: () => Promise.reject(Object.assign(new Error("no"), { name })),
  });
  expect(await choosePlace(refusing("AbortError"), "f")).toBeUndefined();
  await expect(choosePlace(refusing("SecurityError"), "f")).rejects.toThrow("does not let");
});

test("a part that the page before still holds is taken away once it lets go", async () => {
  const clock = new VirtualClock();
  const file = new FakeFile();
  let tries = 0;
  const remove = async () => {
    tries += 1;
    if (tries < 3) throw new DOMException("locked", "NoModificationAllowedError");
    await file.remove();
  };
  const gone = removePart(Object.assign(new FakeFile(), { remove }), clock);
  await clock.advance(60_000);
  await gone;
  expect([tries, file.isRemoved]).toEqual([3, true]);
});

test("one that may never be taken away is tried PART_REMOVE_TRIES_MAX times", async () => {
  const clock = new VirtualClock();
  let tries = 0;
  const remove = async () => {
    tries += 1;
    throw new DOMException("no", "NotAllowedError");
  };
  const gone = removePart(Object.assign(new FakeFile(), { remove }), clock);
  await clock.advance(60_000);
  await gone;
  expect(tries).toBe(PART_REMOVE_TRIES_MAX);
});
