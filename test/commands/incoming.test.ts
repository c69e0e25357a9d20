import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import type { FileId } from "../../src/base/ids.ts";
import { INCOMING_AT_ONCE_MAX, INCOMING_FILES_MAX } from "../../src/base/limits.ts";
import { Incoming } from "../../src/commands/_incoming.ts";

const file = (name: string) => name as FileId;

/** Takes files when it is told to, and remembers as a home does. */
class Desk {
  readonly begun: FileId[] = [];
  readonly taken = new Set<FileId>();
  readonly lost: FileId[] = [];
  place: number;
  readonly incoming: Incoming;
  readonly #waiting = new Map<FileId, PromiseWithResolvers<void>>();

  constructor(place = 0, taken: Iterable<FileId> = []) {
    this.place = place;
    for (const one of taken) this.taken.add(one);
    this.incoming = new Incoming({
      place,
      has: (one) => this.taken.has(one),
      take: (one) => {
        this.begun.push(one);
        const waiting = Promise.withResolvers<void>();
        this.#waiting.set(one, waiting);
        return waiting.promise;
      },
      took: (one) => this.taken.add(one),
      reached: (seq) => {
        this.place = seq;
      },
      lost: (one) => this.lost.push(one),
    });
  }

  get running(): FileId[] {
    return [...this.#waiting.keys()];
  }

  async arrives(one: FileId): Promise<void> {
    this.#waiting.get(one)?.resolve();
    await this.#passed(one);
  }

  async fails(one: FileId, code: "file-unknown" | "checksum-wrong" | "store-full"): Promise<void> {
    this.#waiting.get(one)?.reject(new Fault(code, "it is not to be had"));
    await this.#passed(one);
  }

  async #passed(one: FileId): Promise<void> {
    this.#waiting.delete(one);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

describe("files that arrive", () => {
  test("are taken each once, and the place follows the oldest that is missing", async () => {
    const desk = new Desk();
    desk.incoming.recorded(file("a"), 3);
    desk.incoming.recorded(file("b"), 5);
    desk.incoming.recorded(file("b"), 6); // Of another room.
    desk.incoming.passed(9);
    expect(desk.begun).toEqual([file("a"), file("b")]);
    expect(desk.place).toBe(2);
    await desk.arrives(file("b"));
    expect(desk.place).toBe(2);
    await desk.arrives(file("a"));
    expect(desk.place).toBe(9);
    desk.incoming.recorded(file("a"), 3);
    desk.incoming.recorded(file("b"), 10);
    expect(desk.begun.length).toBe(2);
    expect(desk.place).toBe(10);
  });

  test("a running upload is taken before its record is there", async () => {
    const desk = new Desk();
    desk.incoming.offered(file("a"));
    expect(desk.begun).toEqual([file("a")]);
    desk.incoming.recorded(file("a"), 4);
    expect(desk.place).toBeLessThan(4);
    await desk.arrives(file("a"));
    expect(desk.place).toBe(4);
  });

  test("a withdrawn upload is nothing; a finished one is asked for again", async () => {
    const desk = new Desk();
    desk.incoming.offered(file("a"));
    await desk.fails(file("a"), "file-unknown");
    expect(desk.lost).toEqual([]);
    desk.incoming.offered(file("b"));
    desk.incoming.recorded(file("b"), 4);
    await desk.fails(file("b"), "file-unknown");
    expect(desk.begun).toEqual([file("a"), file("b"), file("b")]);
    await desk.fails(file("b"), "file-unknown");
    expect(desk.lost).toEqual([file("b")]);
    expect(desk.place).toBe(4);
  });

  test("one that is damaged is tried twice, told of, and keeps nothing else waiting", async () => {
    const desk = new Desk();
    desk.incoming.recorded(file("bad"), 4);
    desk.incoming.recorded(file("good"), 5);
    await desk.fails(file("bad"), "checksum-wrong");
    await desk.fails(file("bad"), "checksum-wrong");
    await desk.arrives(file("good"));
    expect([desk.lost, desk.place]).toEqual([[file("bad")], 5]);
  });

  test("what concerns this machine ends it, and the place stays", async () => {
    const desk = new Desk();
    desk.incoming.recorded(file("a"), 4);
    await desk.fails(file("a"), "store-full");
    await expect(desk.incoming.room()).rejects.toThrow("not to be had");
    await expect(desk.incoming.settled()).rejects.toThrow("not to be had");
    await expect(desk.incoming.failed()).rejects.toThrow("not to be had");
    expect(desk.place).toBeLessThan(4);
  });

  test("INCOMING_AT_ONCE_MAX at once, whole ones before running uploads", async () => {
    const desk = new Desk();
    for (let i = 0; i < INCOMING_AT_ONCE_MAX; i++) desk.incoming.recorded(file(`a${i}`), i + 1);
    desk.incoming.offered(file("slow"));
    desk.incoming.recorded(file("whole"), 100);
    expect(desk.running.length).toBe(INCOMING_AT_ONCE_MAX);
    await desk.arrives(file("a0"));
    expect(desk.begun.at(-1)).toBe(file("whole"));
  });

  test("INCOMING_FILES_MAX are known at once, then it waits", async () => {
    const desk = new Desk();
    for (let i = 1; i < INCOMING_FILES_MAX; i++) desk.incoming.recorded(file(`a${i}`), i);
    await desk.incoming.room();
    desk.incoming.recorded(file("last"), INCOMING_FILES_MAX);
    let hasRoom = false;
    const waiting = desk.incoming.room().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    await desk.arrives(file("a1"));
    await waiting;
    expect(hasRoom).toBe(true);
  });
});

test("a run that ends anywhere misses nothing, and takes nothing twice", async () => {
  const files = fc.array(fc.nat(8), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(files, fc.infiniteStream(fc.nat()), async (ids, chance) => {
      const log = ids.map((id, i) => ({ id: file(`f${id}`), seq: i + 1 }));
      const draw = () => chance.next().value ?? 0;
      let desk = new Desk();
      let taken = 0;
      for (let run = 0; run < 30; run++) {
        for (const { id, seq } of log.filter(({ seq }) => seq > desk.place)) {
          if (draw() % 4 === 0) desk.incoming.offered(id);
          desk.incoming.recorded(id, seq);
        }
        const lives = run < 20 ? draw() % 4 : Number.POSITIVE_INFINITY;
        for (let i = 0; i < lives && desk.running.length > 0; i++) {
          const next = desk.running[draw() % desk.running.length];
          if (next !== undefined) await desk.arrives(next);
          taken++;
        }
        desk = new Desk(desk.place, desk.taken);
      }
      expect(desk.place).toBe(log.length);
      expect(taken).toBe(new Set(log.map(({ id }) => id)).size);
    }),
    { numRuns: 50 },
  );
});
