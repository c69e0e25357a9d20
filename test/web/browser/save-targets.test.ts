import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { SAVED_BLOB_KEEP_MS } from "../../../src/base/limits-page.ts";
import type { SaveHandle, Writable } from "../../../src/web/browser/environment.ts";
import { pageHashing } from "../../../src/web/browser/hash.ts";
import { SaveSink } from "../../../src/web/browser/save-sink.ts";
import {
  chooseSaveTarget,
  removeIncomplete,
  reopenSaveTarget,
  type SavingPage,
} from "../../../src/web/browser/save-targets.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { rejection } from "../../rejection.ts";

class FakeFile implements SaveHandle {
  content = new Uint8Array();
  isRemoved = false;
  isFull = false;

  async getFile(): Promise<Blob> {
    return new Blob([this.content]);
  }

  async createWritable({ keepExistingData = false } = {}): Promise<Writable> {
    let bytes = keepExistingData ? this.content.slice() : new Uint8Array();
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
  return { ...plainPage().page, showSaveFilePicker: async () => file };
}

function plainPage() {
  const saved: { href: string; download: string }[] = [];
  const later: { callback: () => void; delayMs: number }[] = [];
  const revoked: string[] = [];
  const page: SavingPage = {
    URL: {
      createObjectURL: (blob) => URL.createObjectURL(blob),
      revokeObjectURL: (url) => revoked.push(url),
    },
    Blob: Blob as SavingPage["Blob"],
    document: {
      createElement: () => {
        const link = { href: "", download: "", click: () => saved.push(link) };
        return link;
      },
    },
    setTimeout: (callback, delayMs) => later.push({ callback, delayMs }),
  };
  return { page, saved, later, revoked };
}

test("flushes written bytes, and continues after them", async () => {
  const file = new FakeFile();
  const place = await chooseSaveTarget(pageWith(file), "f");
  await place?.write(Uint8Array.of(1, 2));
  await place?.flush("due");
  expect(file.content).toHaveLength(0);
  await place?.flush("now");
  expect([...file.content]).toEqual([1, 2]);
  await place?.write(Uint8Array.of(3));
  const again = await reopenSaveTarget(file, 2);
  await again.write(Uint8Array.of(9));
  await again.finish();
  expect([...file.content]).toEqual([1, 2, 9]);
});

test("without a save dialog, saves the complete file as a download", async () => {
  const { page, saved, later, revoked } = plainPage();
  const place = await chooseSaveTarget(page, "photo.png");
  await place?.write(Uint8Array.of(1, 2));
  await place?.restart();
  await place?.write(Uint8Array.of(3));
  expect(saved).toEqual([]);
  await place?.finish();
  await place?.abandon();
  expect(saved.map(({ download }) => download)).toEqual(["photo.png"]);
  const bytes = await (await fetch(saved[0]?.href ?? "")).arrayBuffer();
  expect([...new Uint8Array(bytes)]).toEqual([3]);
  expect(revoked).toEqual([]);
  expect(later.map(({ delayMs }) => delayMs)).toEqual([SAVED_BLOB_KEEP_MS]);
  for (const { callback } of later) callback();
  expect(revoked).toEqual([saved[0]?.href ?? ""]);
  const half = await chooseSaveTarget(page, "half.png");
  await half?.write(Uint8Array.of(1));
  await half?.abandon();
  expect(saved).toHaveLength(1);
});

test("removes an abandoned file only if part of it was flushed", async () => {
  for (const isKept of [true, false]) {
    const file = new FakeFile();
    const place = await chooseSaveTarget(pageWith(file), "f");
    await place?.write(Uint8Array.of(1));
    if (isKept) await place?.flush("now");
    await place?.abandon();
    await place?.flush("now");
    expect([file.isRemoved, file.content.length]).toEqual([isKept, isKept ? 1 : 0]);
    const whole = await reopenSaveTarget(file, 0);
    file.isRemoved = false;
    await whole.finish();
    await whole.abandon();
    expect(file.isRemoved).toBe(false);
  }
});

test("resumes after the complete chunks of an earlier page", async () => {
  const hashing = pageHashing(undefined);
  const file = new FakeFile();
  const first = new SaveSink((await chooseSaveTarget(pageWith(file), "f")) as never, hashing);
  const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
  for (let i = 0; i < 3; i++) await first.append(hashing.sha256(chunk), chunk);
  await first.flush();
  file.content = new Uint8Array([...file.content, 1, 2, 3]);
  const again = await SaveSink.resume(file, hashing);
  expect([again.have, again.sizeBytes]).toEqual([3, 3 * CHUNK_BYTES]);
  expect(again.digest()).toEqual(first.digest());
  await again.append(hashing.sha256(chunk), chunk);
  await again.finish();
  expect(file.content).toHaveLength(4 * CHUNK_BYTES);
});

test("reports write errors and missing permissions as faults", async () => {
  const file = new FakeFile();
  const place = await chooseSaveTarget(pageWith(file), "f");
  const sink = new SaveSink(place as never, pageHashing(undefined));
  file.isFull = true;
  expect(await rejection(sink.append(new Uint8Array(32), Uint8Array.of(1)))).toBeInstanceOf(Fault);
  const refusing = (name: string) => ({
    ...pageWith(file),
    showSaveFilePicker: () => Promise.reject(Object.assign(new Error("no"), { name })),
  });
  expect(await chooseSaveTarget(refusing("AbortError"), "f")).toBeUndefined();
  expect((await rejection(chooseSaveTarget(refusing("SecurityError"), "f"))).message).toContain(
    "does not allow",
  );
});

test("retries removing a partial file that an earlier page holds", async () => {
  const clock = new VirtualClock();
  const file = new FakeFile();
  let tries = 0;
  const remove = async () => {
    tries += 1;
    if (tries < 3) throw new DOMException("locked", "NoModificationAllowedError");
    await file.remove();
  };
  const gone = removeIncomplete(Object.assign(new FakeFile(), { remove }), clock);
  await clock.advance(60_000);
  await gone;
  expect([tries, file.isRemoved]).toEqual([3, true]);
});
