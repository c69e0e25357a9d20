import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  ATTACHMENTS_KEEP_MS,
  ATTACHMENTS_STORED_BYTES_MAX,
} from "../../../src/base/limits-page.ts";
import type { Platform } from "../../../src/web/browser/environment.ts";
import { MemoryStore, type Store } from "../../../src/web/browser/indexed-db.ts";
import { AttachmentStore } from "../../../src/web/transfer/attachment-store.ts";
import type { Attachment } from "../../../src/web/transfer/attachments.ts";
import type { PageTransfersOptions } from "../../../src/web/transfer/journal.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

class Tabs {
  readonly clock = new VirtualClock();
  readonly held = new Set<string>();
  #count = 0;

  open(store: Store, user = "ana"): AttachmentStore {
    const hold = async (name: string) => {
      if (this.held.has(name)) return undefined;
      this.held.add(name);
      return () => void this.held.delete(name);
    };
    const entropy = (size: number) => new Uint8Array(size).fill(++this.#count);
    const platform = { store, entropy, clock: this.clock, locks: { hold } } as unknown as Platform;
    const owner = { fingerprint: "fp", user };
    return new AttachmentStore({ platform, owner } as unknown as PageTransfersOptions);
  }
}

const attached = (name: string, size = 3): Attachment => {
  return { file: new File([new Uint8Array(size)], name), handle: undefined };
};
const huge = (name: string, size: number): Attachment => {
  const { file } = attached(name);
  Object.defineProperty(file, "size", { value: size });
  return { file, handle: undefined };
};
const names = (restored: Awaited<ReturnType<AttachmentStore["restore"]>>) =>
  restored.map(([target, { file }]) => `${target} ${file.name} ${file.size}`);

test("restores attached files on one later page, until they are sent", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const first = tabs.open(store);
  const gone = attached("b.png");
  expect(await first.store("lobby", attached("a.png"))).toBe(true);
  await tabs.clock.advance(1);
  expect(await first.store("lobby", gone)).toBe(true);
  await tabs.clock.advance(1);
  expect(await first.store("@ben", attached("c.png", 0))).toBe(true);
  await first.delete(gone);
  expect(await tabs.open(store).restore()).toEqual([]);
  expect(await first.restore()).toEqual([]);
  first.close();
  expect(tabs.held.size).toBe(0);
  expect(await tabs.open(store, "ben").restore()).toEqual([]);
  const next = tabs.open(store);
  const restored = await next.restore();
  expect(names(restored)).toEqual(["lobby a.png 3", "@ben c.png 0"]);
  for (const [, one] of restored) await next.delete(one);
  next.close();
  expect([tabs.held.size, await store.all("attached", "")]).toEqual([0, []]);
});

test("restores a copy in the place of its file", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const first = tabs.open(store);
  const located = attached("b.jpg");
  for (const one of [attached("a.jpg"), located, attached("c.jpg")]) {
    expect(await first.store("lobby", one)).toBe(true);
    await tabs.clock.advance(1);
  }
  expect(await first.store("lobby", attached("copy.jpg"), located)).toBe(true);
  first.close();
  const restored = await tabs.open(store).restore();
  expect(names(restored)).toEqual(["lobby a.jpg 3", "lobby copy.jpg 3", "lobby c.jpg 3"]);
});

test("stores files for a limited time and up to a size limit", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const tab = tabs.open(store);
  expect(await tab.store("lobby", huge("film.mp4", ATTACHMENTS_STORED_BYTES_MAX + 1))).toBe(false);
  const whole = huge("large.bin", ATTACHMENTS_STORED_BYTES_MAX - 3);
  expect(await tab.store("lobby", whole)).toBe(true);
  expect(await tab.store("lobby", attached("a.png"))).toBe(true);
  expect(await tab.store("lobby", attached("b.png", 1))).toBe(false);
  await tab.delete(whole);
  expect(await tab.store("lobby", attached("b.png", 1))).toBe(true);
  tab.close();
  await tabs.clock.advance(ATTACHMENTS_KEEP_MS + 1);
  expect(await tabs.open(store).restore()).toEqual([]);
  expect(await store.all("attached", "")).toEqual([]);
});

test("ignores foreign values, and stores nothing after close", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const wrong = ["x", null, { target: "lobby", file: "a", addedUnixMs: tabs.clock.unixMs() }];
  await store.write(wrong.map((value, i) => ({ table: "attached", key: `fp ana ${i}`, value })));
  const tab = tabs.open(store);
  expect(await tab.restore()).toEqual([]);
  const late = tab.store("lobby", attached("a.png"));
  tab.close();
  expect(await late).toBe(false);
  expect([tabs.held.size, await store.all("attached", "")]).toEqual([0, []]);
});

test("stores nothing in ephemeral, external or full stores", async () => {
  const tabs = new Tabs();
  const brief = new MemoryStore({ isEphemeral: true });
  const home = Object.assign(new MemoryStore(), { isExternal: true });
  const full = new MemoryStore();
  full.write = () => Promise.reject(new Fault("store-full", "no room"));
  for (const store of [brief, home, full]) {
    expect(await tabs.open(store).store("lobby", attached("a"))).toBe(false);
  }
  expect(tabs.held.size).toBe(0);
});

test("restores files that were attached together in their order", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const first = tabs.open(store);
  const all = Array.from({ length: 300 }, (_, i) => attached(`${i}.png`));
  for (const attachment of all) await first.store("lobby", attachment);
  first.close();
  const restored = await tabs.open(store).restore();
  expect(restored.map(([, { file }]) => file.name)).toEqual(all.map(({ file }) => file.name));
});

test("moves files out of threads that an accepted history lacks", async () => {
  const [tabs, store] = [new Tabs(), new MemoryStore()];
  const first = tabs.open(store);
  for (const target of ["lobby", "lobby 7", "@bob 8"]) {
    await first.store(target, attached("a.png"));
    await tabs.clock.advance(1);
  }
  await first.historyReplaced(7);
  first.close();
  const restored = await tabs.open(store).restore();
  expect(restored.map(([target]) => target)).toEqual(["lobby", "lobby 7", "@bob"]);
});
