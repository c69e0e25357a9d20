import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault, type FaultCode } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import {
  CONCURRENT_DOWNLOADS_MAX,
  INCOMING_FILES_MAX,
  RECEIVED_FILES_MAX,
} from "../../../src/base/limits.ts";
import { IncomingFiles } from "../../../src/cli/files/inbox.ts";
import { rejection } from "../../rejection.ts";
import { sampleSize } from "../../samples.ts";

const file = (name: string) => name as FileId;
const named = (one: FileId) => ({ file: one, name: `${one}.txt` });

class Router {
  readonly begun: FileId[] = [];
  readonly named: FileId[] = [];
  readonly taken = new Set<FileId>();
  readonly lost: (FileId | undefined)[] = [];
  cursor: number;
  isDiskFull = false;
  readonly incoming: IncomingFiles;
  readonly #waiting = new Map<FileId, PromiseWithResolvers<void>>();

  constructor(cursor = 0, taken: Iterable<FileId> = []) {
    this.cursor = cursor;
    for (const one of taken) this.taken.add(one);
    this.incoming = new IncomingFiles({
      cursor,
      has: (one) => this.taken.has(one),
      download: async (one, turn) => {
        this.begun.push(one);
        const waiting = Promise.withResolvers<void>();
        this.#waiting.set(one, waiting);
        await waiting.promise;
        await turn("from the download");
        this.named.push(one);
      },
      concernsSingleFile: async ({ scope }) =>
        scope === "file" || (scope === "disk" && !this.isDiskFull),
      onDownloaded: (one) => this.taken.add(one),
      onCursor: (seq) => {
        this.cursor = seq;
      },
      onFailed: (one) => this.lost.push(one),
    });
  }

  get running(): FileId[] {
    return [...this.#waiting.keys()];
  }

  async arrives(one: FileId): Promise<void> {
    this.#waiting.get(one)?.resolve();
    await this.#passed(one);
  }

  async fails(one: FileId, code: FaultCode): Promise<void> {
    this.#waiting.get(one)?.reject(new Fault(code, "it is not to be had"));
    await this.#passed(one);
  }

  async #passed(one: FileId): Promise<void> {
    this.#waiting.delete(one);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
}

describe("incoming files", () => {
  test.each(["folder-malformed", "too-many", "checksum-wrong"] as const)(
    "a file with %s does not end the transfer",
    async (code) => {
      const router = new Router();
      router.incoming.addRecord(1, [file("bad")].map(named));
      router.incoming.addRecord(2, [file("good")].map(named));
      await router.fails(file("bad"), code);
      await router.fails(file("bad"), code);
      await router.arrives(file("good"));
      await router.incoming.waitUntilSettled();
      expect([router.lost, router.cursor]).toEqual([[file("bad")], 2]);
    },
  );

  test("are downloaded once each, and the cursor stays before the oldest missing one", async () => {
    const router = new Router();
    router.incoming.addRecord(3, [file("a")].map(named));
    router.incoming.addRecord(5, [file("b")].map(named));
    router.incoming.addRecord(6, [file("b")].map(named));
    router.incoming.skipRecord(9);
    expect(router.begun).toEqual([file("a"), file("b")]);
    expect(router.cursor).toBe(2);
    await router.arrives(file("b"));
    expect(router.cursor).toBe(2);
    await router.arrives(file("a"));
    expect(router.cursor).toBe(9);
    router.incoming.addRecord(3, [file("a")].map(named));
    router.incoming.addRecord(10, [file("b")].map(named));
    expect(router.begun.length).toBe(2);
    expect(router.cursor).toBe(10);
  });

  test("the cursor passes a message when all its files are here", async () => {
    const router = new Router();
    router.incoming.addRecord(3, [file("a"), file("b"), file("c")].map(named));
    router.incoming.addRecord(4, [file("b")].map(named));
    expect(router.begun).toEqual([file("a"), file("b"), file("c")]);
    await router.arrives(file("a"));
    await router.arrives(file("b"));
    expect(router.cursor).toBe(2);
    const next = new Router(router.cursor, router.taken);
    next.incoming.addRecord(3, [file("a"), file("b"), file("c")].map(named));
    await next.arrives(file("c"));
    expect([next.begun, next.cursor]).toEqual([[file("c")], 3]);
    await router.fails(file("c"), "checksum-wrong");
    await router.fails(file("c"), "checksum-wrong");
    expect([router.lost, router.cursor]).toEqual([[file("c")], 4]);
  });

  test("a file that the disk refuses does not end the transfer; the next run retries", async () => {
    const router = new Router();
    router.incoming.addRecord(1, [file("huge")].map(named));
    router.incoming.addRecord(2, [file("small")].map(named));
    await router.fails(file("huge"), "store-failed");
    await router.arrives(file("small"));
    await router.incoming.waitUntilSettled();
    expect([router.lost, router.cursor]).toEqual([[file("huge")], 0]);
    router.incoming.addRecord(1, [file("huge")].map(named));
    expect(router.begun).toEqual([file("huge"), file("small")]);
    const next = new Router(router.cursor, router.taken);
    next.incoming.addRecord(1, [file("huge")].map(named));
    next.incoming.addRecord(2, [file("small")].map(named));
    await next.arrives(file("huge"));
    expect([next.begun, next.cursor]).toEqual([[file("huge")], 2]);
  });

  test("leaves at most 100 refused files to the next run", async () => {
    const router = new Router();
    for (let i = 1; i <= 101; i++) {
      router.incoming.addRecord(i, [file(`a${i}`)].map(named));
      await router.fails(file(`a${i}`), "store-full");
      expect(router.cursor).toBe(i <= 100 ? 0 : 1);
    }
    expect(router.lost).toHaveLength(101);
  });

  test("skips a refused file after so many later ones that the next run forgets them", async () => {
    const router = new Router();
    router.incoming.addRecord(1, [file("huge")].map(named));
    await router.fails(file("huge"), "store-full");
    for (let i = 2; i <= RECEIVED_FILES_MAX / 2 + 1; i++) {
      expect(router.cursor).toBe(0);
      router.incoming.addRecord(i, [file(`a${i}`)].map(named));
      await router.arrives(file(`a${i}`));
    }
    expect(router.cursor).toBe(RECEIVED_FILES_MAX / 2 + 1);
  });

  test("a fault of the home ends the transfer, and downloads nothing twice", async () => {
    const router = new Router();
    router.taken.add = () => {
      throw new Fault("store-full", "no space for the home");
    };
    router.incoming.addRecord(1, [file("a")].map(named));
    await router.arrives(file("a"));
    expect((await rejection(router.incoming.waitForFailure())).message).toContain("the home");
    expect(router.begun).toEqual([file("a")]);
  });

  test("a destination that stores nothing ends the transfer", async () => {
    const router = new Router();
    router.isDiskFull = true;
    router.incoming.addRecord(4, [file("a")].map(named));
    await router.fails(file("a"), "store-full");
    const { incoming } = router;
    for (const wait of [
      incoming.waitForSpace(),
      incoming.waitUntilSettled(),
      incoming.waitForFailure(),
    ]) {
      expect((await rejection(wait)).message).toContain("not to be had");
    }
    expect(router.cursor).toBeLessThan(4);
  });

  test("start at most CONCURRENT_DOWNLOADS_MAX downloads, complete ones first", async () => {
    const router = new Router();
    for (let i = 0; i < CONCURRENT_DOWNLOADS_MAX; i++)
      router.incoming.addRecord(i + 1, [file(`a${i}`)].map(named));
    router.incoming.addOffered(named(file("slow")));
    router.incoming.addRecord(100, [file("whole")].map(named));
    expect(router.running.length).toBe(CONCURRENT_DOWNLOADS_MAX);
    await router.arrives(file("a0"));
    expect(router.begun.at(-1)).toBe(file("whole"));
  });

  test("wait when INCOMING_FILES_MAX are queued", async () => {
    const router = new Router();
    for (let i = 1; i < INCOMING_FILES_MAX; i++)
      router.incoming.addRecord(i, [file(`a${i}`)].map(named));
    await router.incoming.waitForSpace();
    router.incoming.addRecord(INCOMING_FILES_MAX, [file("last")].map(named));
    let hasRoom = false;
    const waiting = router.incoming.waitForSpace().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    await router.arrives(file("a1"));
    await waiting;
    expect(hasRoom).toBe(true);
  });
});

describe("files of one name", () => {
  const essay = (one: string) => ({ file: file(one), name: "Essay.txt" });

  test("get it in the order of their messages, whichever is complete first", async () => {
    const router = new Router();
    router.incoming.addRecord(1, [essay("a"), essay("b")]);
    router.incoming.addRecord(2, [{ file: file("c"), name: "essay.TXT" }]);
    router.incoming.addRecord(3, [named(file("other"))]);
    await router.arrives(file("other"));
    await router.arrives(file("c"));
    await router.arrives(file("b"));
    expect(router.named).toEqual([file("other")]);
    await router.arrives(file("a"));
    await router.incoming.waitUntilSettled();
    expect(router.named).toEqual(["other", "a", "b", "c"].map(file));
  });

  test("wait for none that has failed, and for none whose message comes later", async () => {
    const router = new Router();
    router.incoming.addRecord(1, [essay("a")]);
    router.incoming.addOffered(essay("slow"));
    router.incoming.addRecord(2, [essay("b")]);
    await router.arrives(file("b"));
    expect(router.named).toEqual([]);
    await router.fails(file("a"), "checksum-wrong");
    await router.fails(file("a"), "checksum-wrong");
    expect(router.named).toEqual([file("b")]);
  });

  test("are downloaded beyond the limit if others wait for them", async () => {
    const router = new Router();
    // Offered files hold all places before the first message with the name arrives.
    for (let i = 0; i < CONCURRENT_DOWNLOADS_MAX; i++) router.incoming.addOffered(essay(`o${i}`));
    router.incoming.addRecord(1, [essay("first")]);
    for (let i = 0; i < CONCURRENT_DOWNLOADS_MAX; i++) {
      router.incoming.addRecord(i + 2, [essay(`o${i}`)]);
      await router.arrives(file(`o${i}`));
    }
    expect(router.named).toEqual([]);
    await router.arrives(file("first"));
    await router.incoming.waitUntilSettled();
    expect(router.named[0]).toBe(file("first"));
    expect(router.named).toHaveLength(CONCURRENT_DOWNLOADS_MAX + 1);
  });

  test("wait for no place if the transfer ends", async () => {
    const router = new Router();
    router.incoming.addRecord(1, [essay("a")]);
    router.incoming.addRecord(2, [essay("b")]);
    await router.arrives(file("b"));
    router.isDiskFull = true;
    await router.fails(file("a"), "store-full");
    expect((await rejection(router.incoming.waitForFailure())).message).toContain("not to be had");
  });
});

test("any sequence of interrupted runs downloads each file once", async () => {
  const files = fc.array(fc.nat(8), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(files, fc.infiniteStream(fc.nat()), async (ids, chance) => {
      const log = ids.map((id, i) => ({ id: file(`f${id}`), seq: i + 1 }));
      const draw = () => chance.next().value ?? 0;
      let router = new Router();
      let taken = 0;
      for (let run = 0; run < 30; run++) {
        for (const { id, seq } of log.filter(({ seq }) => seq > router.cursor)) {
          if (draw() % 4 === 0) router.incoming.addOffered(named(id));
          router.incoming.addRecord(seq, [id].map(named));
        }
        const lives = run < 20 ? draw() % 4 : Number.POSITIVE_INFINITY;
        for (let i = 0; i < lives && router.running.length > 0; i++) {
          const next = router.running[draw() % router.running.length];
          if (next !== undefined) await router.arrives(next);
          taken++;
        }
        router = new Router(router.cursor, router.taken);
      }
      expect(router.cursor).toBe(log.length);
      expect(taken).toBe(new Set(log.map(({ id }) => id)).size);
    }),
    { numRuns: sampleSize(50, 250) },
  );
});
