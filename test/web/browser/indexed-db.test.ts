import { describe, expect, test } from "bun:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { asFault, Fault, ignoreFault } from "../../../src/base/fault.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { PageDevice } from "../../../src/web/browser/device-key.ts";
import {
  DATABASE_VERSION,
  type DatabaseFactory,
  MemoryStore,
  openStore,
  requestResult,
  type Store,
  TABLES,
} from "../../../src/web/browser/indexed-db.ts";
import { StoreWatch, WatchedStore } from "../../../src/web/browser/store-watch.ts";
import { until } from "../../event.ts";
import { rejection } from "../../rejection.ts";

const between = (low: string, high: string) => IDBKeyRange.bound(low, high);

function opened(factory = new IDBFactory(), watch = new StoreWatch(systemClock())): Promise<Store> {
  return openStore(factory as unknown as DatabaseFactory, between, watch);
}

/** Opens the database as a page of another version does. */
function openedAs(
  factory: InstanceType<typeof IDBFactory>,
  name: string,
  version: number,
  tables: readonly string[],
) {
  const request = factory.open(name, version);
  request.onupgradeneeded = () => {
    for (const table of tables) {
      if (!request.result.objectStoreNames.contains(table)) request.result.createObjectStore(table);
    }
  };
  return requestResult<typeof request.result>(request as never);
}

/** Tables of the first database, which must not grow. */
const RELEASED_TABLES = [
  ...["keys", "places", "outbox", "uploads", "hashes", "drafts", "downloads", "attached"],
];

test.each([
  ["IndexedDB", () => opened()],
  ["memory", async () => new MemoryStore()],
])("%s keeps, finds by prefix in order, and removes", async (_, open) => {
  const store: Store = await open();
  await store.write([
    { table: "outbox", key: "b 2", value: { text: "two" } },
    { table: "outbox", key: "b 1", value: { text: "one" } },
    { table: "outbox", key: "c 1", value: { text: "other" } },
    { table: "drafts", key: "b 3", value: "draft" },
  ]);
  expect(await store.all("outbox", "b ")).toEqual([
    ["b 1", { text: "one" }],
    ["b 2", { text: "two" }],
  ]);
  await store.write([{ table: "outbox", key: "b 1", value: undefined }]);
  await store.write([]);
  expect(await store.get("outbox", "b 1")).toBeUndefined();
  expect(await store.get("drafts", "b 3")).toBe("draft");
});

test("reports a refused write as a fault, and writes nothing", async () => {
  const store = await opened();
  const bad = { table: "outbox", key: "x", value: () => "no clone" } as const;
  const good = { table: "outbox", key: "y", value: 1 } as const;
  expect(await rejection(store.write([good, bad]))).toBeInstanceOf(Fault);
  expect(await store.get("outbox", "y")).toBeUndefined();
});

test("stores a device key that cannot be exported", async () => {
  const store = new MemoryStore();
  const parts = {
    store,
    subtle: crypto.subtle as never,
    entropy: (n: number) => new Uint8Array(n),
  };
  const [one, other] = [await PageDevice.open(parts), await PageDevice.open(parts)];
  expect(one.canSign).toBe(true);
  expect(one.device.publicKey).toEqual(other.device.publicKey);
  const { privateKey } = (await store.get("keys", "device")) as { privateKey: CryptoKey };
  expect(await rejection(crypto.subtle.exportKey("pkcs8", privateKey))).toBeInstanceOf(Error);
  const without = await PageDevice.open({ ...parts, store: new MemoryStore(), subtle: undefined });
  expect(without.canSign).toBe(false);
  expect(without.device.publicKey).toHaveLength(32);
});

describe("pages of several versions share the database", () => {
  test("adds tables while a page of 0.4.0 is open, which keeps writing", async () => {
    const factory = new IDBFactory();
    const old = await openedAs(factory, "chat", DATABASE_VERSION, RELEASED_TABLES);
    let isDisturbed = false;
    old.onversionchange = () => {
      isDisturbed = true;
      old.close();
    };
    const added = TABLES.filter((table) => !RELEASED_TABLES.includes(table));
    expect(added.length).toBeGreaterThan(0);
    const store = await opened(factory);
    await store.write(added.map((table) => ({ table, key: "b 1", value: table })));
    for (const table of added) expect(await store.all(table, "b")).toEqual([["b 1", table]]);
    expect(isDisturbed).toBe(false);
    const transaction = old.transaction(["drafts"], "readwrite");
    transaction.objectStore("drafts").put("typed in the old page", "a");
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    expect(await store.get("drafts", "a")).toBe("typed in the old page");
  });

  test("deletes the data of a page of 0.3.0, also one that is open", async () => {
    const factory = new IDBFactory();
    const databases = [
      await openedAs(factory, "chat", 3, [...RELEASED_TABLES, "former"]),
      await openedAs(factory, "chat later", 1, ["rows"]),
    ];
    for (const [i, table] of ["keys", "rows"].entries()) {
      const database = databases[i];
      if (database === undefined) throw new Error("not opened");
      database.onversionchange = () => database.close();
      const transaction = database.transaction([table], "readwrite");
      transaction.objectStore(table).put("of 0.3.0", "previews\na");
      await new Promise((resolve) => {
        transaction.oncomplete = resolve;
      });
    }
    const store = await opened(factory);
    for (const table of TABLES) expect(await store.all(table, "")).toEqual([]);
    await store.write([{ table: "keys", key: "a", value: 1 }]);
    // The next page finds its data.
    const next = await opened(factory);
    expect(await next.get("keys", "a")).toBe(1);
    expect([...(await openedAs(factory, "chat", 100, [])).objectStoreNames]).not.toContain(
      "former",
    );
  });

  test("lets the page write before a newer page changes the database", async () => {
    const factory = new IDBFactory();
    const watch = new StoreWatch(systemClock());
    const store = new WatchedStore(await opened(factory, watch), watch);
    const reported: Fault[] = [];
    watch.onChange = (fault) => fault && reported.push(fault);
    let released = 0;
    watch.onRelease = async () => {
      released += 1;
      await store.write([{ table: "drafts", key: "a", value: "typed last" }]);
    };
    const newer = await openedAs(factory, "chat", 101, ["drafts"]);
    const draft = newer.transaction(["drafts"]).objectStore("drafts").get("a");
    expect(await requestResult(draft as never)).toBe("typed last");
    expect(released).toBe(1);
    const write = store.write([{ table: "drafts", key: "b", value: "too late" }]);
    expect(await rejection(write)).toBeInstanceOf(Fault);
    expect(reported).toEqual([]); // The page already says that it is out of date.
  });

  test("closes within a bounded time if the page never finishes writing", async () => {
    const factory = new IDBFactory();
    const timers: (() => void)[] = [];
    const watch = new StoreWatch({
      after: (_, callback) => {
        timers.push(callback);
        return () => undefined;
      },
    });
    watch.onRelease = () => new Promise(() => undefined);
    await opened(factory, watch);
    const opening = openedAs(factory, "chat", 101, []);
    await until("the release has begun", () => timers.length > 0);
    for (const callback of timers) callback();
    expect((await opening).version).toBe(101);
  });

  test("refuses the data of a newer page, and leaves it as it is", async () => {
    const factory = new IDBFactory();
    (await openedAs(factory, "chat", 101, RELEASED_TABLES)).close();
    const refused = (await rejection(opened(factory))) as Fault;
    expect(refused.code).toBe("version-unsupported");
    expect(refused.message).toContain("data of a newer version (format 101)");
    expect((await openedAs(factory, "chat", 101, [])).version).toBe(101);
  });
});

test("opens the databases again after the site's data was deleted", async () => {
  const factory = new IDBFactory();
  const watch = new StoreWatch(systemClock());
  const store = await opened(factory, watch);
  await store.write([{ table: "drafts", key: "a", value: 1 }]);
  await requestResult(factory.deleteDatabase("chat") as never);
  expect([watch.isDeleted, watch.failure?.code]).toEqual([true, "store-failed"]);
  expect(await store.get("drafts", "a")).toBeUndefined();
  await store.write([
    { table: "drafts", key: "b", value: 2 },
    { table: "previews", key: "c", value: 3 },
  ]);
  expect([await store.get("drafts", "b"), await store.get("previews", "c")]).toEqual([2, 3]);
});

interface OpenDatabase {
  readonly name: string;
  close(): void;
  onclose: (() => void) | null;
}

/** Keeps the open databases of a factory, to close them as a browser does. */
function closable(factory = new IDBFactory()) {
  const databases: OpenDatabase[] = [];
  const { open } = factory;
  factory.open = (...args: Parameters<typeof open>) => {
    const request = open.apply(factory, args);
    request.addEventListener("success", () => databases.push(request.result as never));
    return request;
  };
  const close = (isReported: boolean) => {
    for (const database of databases.splice(0)) {
      database.close();
      if (isReported) database.onclose?.();
    }
  };
  return { factory, close };
}

test.each([
  ["with the event", true],
  ["without an event", false],
])("opens closed databases again, and calls nothing deleted: %s", async (_, isReported) => {
  const { factory, close } = closable();
  const watch = new StoreWatch(systemClock());
  const store = await opened(factory, watch);
  await store.write([
    { table: "keys", key: "device", value: "key" },
    { table: "previews", key: "a", value: 1 },
  ]);
  close(isReported);
  expect(await store.get("keys", "device")).toBe("key");
  close(isReported);
  await store.write([{ table: "drafts", key: "a", value: "half whole" }]);
  close(isReported);
  expect([await store.get("drafts", "a"), await store.get("previews", "a")]).toEqual([
    "half whole",
    1,
  ]);
  expect([watch.isDeleted, watch.failure]).toEqual([false, undefined]);
});

test("says that the data was deleted if closed databases are empty", async () => {
  const { factory, close } = closable();
  const deleted = Promise.withResolvers<void>();
  const watch = new StoreWatch(systemClock());
  watch.onChange = () => deleted.resolve();
  const store = await opened(factory, watch);
  await store.write([{ table: "keys", key: "device", value: "key" }]);
  await store.write([{ table: "keys", key: "device", value: undefined }]);
  close(true);
  await deleted.promise;
  expect(watch.isDeleted).toBe(true);
});

test("reports a database that cannot be opened again, but not as deleted", async () => {
  const { factory, close } = closable();
  const failed = Promise.withResolvers<Fault>();
  const watch = new StoreWatch(systemClock());
  watch.onChange = (fault) => fault && failed.resolve(fault);
  const store = await opened(factory, watch);
  await store.write([{ table: "keys", key: "device", value: "key" }]);
  const { open } = factory;
  factory.open = () => {
    throw new DOMException("connection lost", "UnknownError");
  };
  close(true);
  expect((await failed.promise).code).toBe("store-failed");
  expect(watch.isDeleted).toBe(false);
  factory.open = open;
  expect(await store.get("keys", "device")).toBe("key");
});

/** Aborts each transaction that stores a blob, as private tabs of Safari do. */
function refusesBlobs(): InstanceType<typeof IDBFactory> {
  const { factory } = closable();
  const { open } = factory;
  factory.open = (...args: Parameters<typeof open>) => {
    const request = open.apply(factory, args);
    request.addEventListener("success", () => {
      const { result } = request;
      const { transaction } = result;
      result.transaction = (...names: Parameters<typeof transaction>) => {
        const begun = transaction.apply(result, names);
        const { objectStore } = begun;
        begun.objectStore = (name: string) => {
          const table = objectStore.call(begun, name);
          const { put } = table;
          table.put = (value: unknown, key?: never) => {
            const fields = value instanceof Blob ? [value] : Object.values(value ?? {});
            const request = put.call(table, value, key);
            if (fields.some((field) => field instanceof Blob)) begun.abort();
            return request;
          };
          return table;
        };
        return begun;
      };
    });
    return request;
  };
  return factory;
}

test("stores the bytes of files where the browser refuses blobs", async () => {
  const watch = new StoreWatch(systemClock());
  const store = new WatchedStore(await opened(refusesBlobs(), watch), watch);
  const options = { type: "image/png", lastModified: 1_700_000_000_000 };
  const file = new File(["notes"], "notes.txt", options);
  await store.write([{ table: "attached", key: "b", value: { target: "lobby", file } }]);
  await store.write([{ table: "previews", key: "c", value: { blob: new Blob(["xy"]) } }]);
  const [[, attached] = []] = await store.all("attached", "");
  const { file: stored } = attached as { file: File };
  expect(stored).toBeInstanceOf(File);
  const { name, type, lastModified } = stored;
  expect({ name, type, lastModified }).toEqual({ name: "notes.txt", ...options });
  expect(await stored.text()).toBe("notes");
  const { blob } = (await store.get("previews", "c")) as { blob: Blob };
  expect([blob instanceof File, await blob.text()]).toEqual([false, "xy"]);
  expect(watch.failure).toBeUndefined();
});

/** Clock whose timers a test fires. */
class Timers {
  readonly #pending = new Set<{ readonly delayMs: number; readonly callback: () => void }>();

  get delays(): readonly number[] {
    return [...this.#pending].map(({ delayMs }) => delayMs);
  }

  readonly after = (delayMs: number, callback: () => void) => {
    const timer = { delayMs, callback };
    this.#pending.add(timer);
    return () => void this.#pending.delete(timer);
  };

  fire(delayMs: number): void {
    for (const timer of [...this.#pending]) if (timer.delayMs === delayMs) timer.callback();
  }
}

test("gives up a write that the browser does not answer, and then waits less", async () => {
  const timers = new Timers();
  const watch = new StoreWatch(timers);
  const answers: (() => void)[] = [];
  const silent = () => new Promise<never>((resolve) => answers.push(resolve as () => void));
  const store = new WatchedStore({ get: silent, all: silent, write: silent }, watch);
  const write = () => store.write([{ table: "drafts", key: "a", value: 1 }]).catch(asFault);
  const first = write();
  timers.fire(2_000);
  expect(await first).toMatchObject({ code: "store-failed" });
  expect(watch.failure?.message).toContain("it does not answer");
  const second = write();
  expect(new Set(timers.delays)).toEqual(new Set([1_000]));
  for (const answer of answers) answer();
  expect(await second).toBeUndefined();
  // The browser has stored everything after all.
  await until("no failure", () => watch.failure === undefined && watch.loss === undefined);
  const third = write();
  expect(new Set(timers.delays)).toEqual(new Set([2_000]));
  answers.at(-1)?.();
  await third;
  expect(timers.delays).toEqual([]);
});

test("says what is lost: files, texts, or the way into the account", async () => {
  const watch = new StoreWatch(systemClock());
  const full = () => Promise.reject(new Fault("store-full", "the storage is full"));
  const store = new WatchedStore({ get: full, all: full, write: full }, watch);
  const losses: (string | undefined)[] = [];
  for (const [table, key] of [
    ["attached", "a"],
    ["drafts", "a"],
    ["messages", "a"],
    ["keys", "account b"],
    ["keys", "device"],
    ["drafts", "a"],
  ] as const) {
    await store.write([{ table, key, value: 1 }]).catch(ignoreFault);
    losses.push(watch.loss);
  }
  expect(losses).toEqual(["files", "texts", "texts", "texts", "account", "account"]);
});

test("reports each failed use of the store once in one place, except for caches", async () => {
  const watch = new StoreWatch(systemClock());
  const reported: string[] = [];
  watch.onChange = (fault) => reported.push(fault?.code ?? "");
  const full = () => Promise.reject(new Fault("store-full", "the storage is full"));
  const store = new WatchedStore({ get: full, all: full, write: full }, watch);
  await store.write([{ table: "drafts", key: "a", value: 1 }]).catch(ignoreFault);
  await store.all("attached", "a").catch(ignoreFault);
  expect(reported).toEqual(["store-full", "store-full"]);
  await store.get("previews", "a").catch(ignoreFault);
  await store.write([{ table: "hashes", key: "a", value: 1 }]).catch(ignoreFault);
  expect(reported).toHaveLength(2);
  expect(watch.failure?.code).toBe("store-full");
});

test("reports a database that is silent for 2 seconds, and gives up after 15", async () => {
  const timers = new Timers();
  const watch = new StoreWatch(timers);
  const answer = Promise.withResolvers<unknown>();
  const silent: Store = new (class extends MemoryStore {
    override get = () => answer.promise;
    override write = () => Promise.reject(new Fault("store-full", "full"));
  })();
  const store = new WatchedStore(silent, watch);
  const asked = store.get("outbox", "a");
  const cached = store.get("previews", "a"); // Its loss costs only time.
  const abandoned = rejection(store.get("drafts", "a"));
  expect(timers.delays).toEqual([2_000, 15_000, 2_000, 15_000]);
  expect(watch.failure).toBeUndefined();
  timers.fire(2_000);
  expect(watch.failure).toMatchObject({ code: "store-failed" });
  timers.fire(15_000);
  expect(await abandoned).toMatchObject({ code: "store-failed" });
  expect(await rejection(asked)).toBeDefined();
  answer.resolve("late");
  expect(await cached).toBe("late");
  await until("no failure", () => watch.failure === undefined);
  expect(await rejection(store.write([{ table: "outbox", key: "a", value: 1 }]))).toBeDefined();
  expect([watch.failure?.code, timers.delays.length]).toEqual(["store-full", 0]);
});
