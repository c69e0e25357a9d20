import { expect, test } from "bun:test";
import { MemoryStore, type Table } from "../../src/web/store.ts";
import type { Surroundings } from "../../src/web/surroundings.ts";
import { UploadNotes } from "../../src/web/upload-notes.ts";
import { Uploads, type UploadsParts } from "../../src/web/uploads.ts";
import { VirtualClock } from "../client/virtual-clock.ts";

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
  const notes = new UploadNotes(store, OWNER);
  notes.put(NOTE);
  await notes.written();
  const held = new Set<string>();
  const hold = async (name: string) => {
    held.add(name);
    return () => void held.delete(name);
  };
  const clock = new VirtualClock();
  const surroundings = { store, clock, locks: { hold } } as unknown as Surroundings;
  const lanes = { clock } as unknown as UploadsParts["lanes"];
  const told: string[] = [];
  const tell = ({ kind }: { kind: string }) => void told.push(kind);
  const uploads = new Uploads({ surroundings, owner: OWNER, lanes, tell });
  const restored = uploads.restore();
  await store.asked.promise;
  expect(held.size).toBe(1);
  uploads.leave();
  store.answer.resolve();
  await restored;
  expect([held.size, uploads.has("k"), told]).toEqual([0, false, []]);
});
