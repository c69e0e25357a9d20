import { expect, test } from "bun:test";
import type { Platform } from "../../../src/web/browser/environment.ts";
import { MemoryStore, type Table } from "../../../src/web/browser/indexed-db.ts";
import type { PageTransfersOptions } from "../../../src/web/transfer/journal.ts";
import { BrowserUploadJournal } from "../../../src/web/transfer/upload-journal.ts";
import { Uploads } from "../../../src/web/transfer/uploads.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const OWNER = { fingerprint: "fp", user: "ana" };
const NOTE = {
  ...OWNER,
  key: "k",
  to: "lobby",
  name: "a.bin",
  sizeBytes: 1,
  stamp: "s",
  handle: undefined,
  isPaused: false,
  begunUnixMs: 1_800_000_000_000,
  file: undefined,
  upTo: 0,
};

/** Gives what was noted of a file's chunks when the test says so. */
class SlowStore extends MemoryStore {
  readonly asked = Promise.withResolvers<void>();
  readonly answer = Promise.withResolvers<void>();

  override async all(table: Table, prefix: string): Promise<[string, unknown][]> {
    if (table === "hashes") {
      this.asked.resolve();
      await this.answer.promise;
    }
    return super.all(table, prefix);
  }
}

test("whoever logs out while their uploads are read holds none of them", async () => {
  const store = new SlowStore();
  const notes = new BrowserUploadJournal(store, OWNER);
  notes.put(NOTE);
  await notes.written();
  const held = new Set<string>();
  const hold = async (name: string) => {
    held.add(name);
    return () => void held.delete(name);
  };
  const clock = new VirtualClock();
  const platform = { store, clock, locks: { hold } } as unknown as Platform;
  const channels = { clock } as unknown as PageTransfersOptions["channels"];
  const told: string[] = [];
  const tell = ({ kind }: { kind: string }) => void told.push(kind);
  const uploads = new Uploads({ platform, owner: OWNER, channels, tell });
  const restored = uploads.restore();
  await store.asked.promise;
  expect(held.size).toBe(1);
  uploads.leave();
  store.answer.resolve();
  await restored;
  expect([held.size, uploads.has("k"), told]).toEqual([0, false, []]);
});
