import { expect, test } from "bun:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { browserSurroundings } from "../../src/web/browser.ts";

type Page = NonNullable<Parameters<typeof browserSurroundings>[0]>;

const storage = new Map<string, string>();

function pageAt(hash: string, change: Partial<Page> = {}): { page: Page; shown: string[] } {
  const shown: string[] = [];
  const page = {
    location: { host: "there:2428", hostname: "there", protocol: "https:", pathname: "/", hash },
    history: { replaceState: (_: null, __: string, url: string) => shown.push(url) },
    document: { hidden: false, documentElement: { dataset: { build: "b1" } } },
    navigator: {},
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => storage.set(key, value),
    },
    WebSocket: class {
      constructor(url: string) {
        shown.push(url);
        throw new TypeError("no network here");
      }
    },
    crypto,
    URL,
    Blob,
    requestAnimationFrame: (callback: () => void) => {
      callback();
      return 1;
    },
    addEventListener: () => undefined,
    ...change,
  };
  return { page: page as unknown as Page, shown };
}

test("the secret leaves the address at once, and this tab keeps it over a reload", async () => {
  const { page, shown } = pageAt("#sesame");
  const first = await browserSurroundings(page);
  expect([first.fragment, first.isLocal, first.build]).toEqual(["#sesame", false, "b1"]);
  expect(shown).toEqual(["/", "wss://there:2428/ws"]);
  const again = pageAt("");
  expect((await browserSurroundings(again.page)).fragment).toBe("#sesame");
  expect(again.shown).toEqual(["wss://there:2428/ws"]);
});

test("it calls the server that it came from, by TLS if it came so", async () => {
  const { page, shown } = pageAt("");
  const calls = (await browserSurroundings(page)).dial();
  expect(await calls.catch((fault: { code: string }) => fault.code)).toBe("unreachable");
  expect(shown).toEqual(["wss://there:2428/ws"]);
});

test("it calls before anything is read; the first dial is that call, the next is new", async () => {
  const { page, shown } = pageAt("");
  const opening = browserSurroundings(page);
  expect(shown).toEqual(["wss://there:2428/ws"]);
  const { dial } = await opening;
  const first = dial();
  expect(shown).toHaveLength(1);
  const second = dial();
  expect(shown).toHaveLength(2);
  const calls = [first, second].map((call) => call.catch(() => "failed"));
  expect(await Promise.all(calls)).toEqual(["failed", "failed"]);
});

test("with IndexedDB things are kept, without it they last as long as the page", async () => {
  const factory = new IDBFactory();
  const keeps = { indexedDB: factory, IDBKeyRange } as unknown as Partial<Page>;
  const { store } = await browserSurroundings(pageAt("", keeps).page);
  await store.write([{ table: "places", key: "k", value: 1 }]);
  const next = await browserSurroundings(pageAt("", keeps).page);
  expect(await next.store.get("places", "k")).toBe(1);
  const forgets = await browserSurroundings(pageAt("").page);
  expect(await forgets.store.get("places", "k")).toBeUndefined();
});

test("a lock is held by one tab, and a blob is what a browser without a picker gives", async () => {
  const held = new Set<string>();
  const locks = {
    request: async (name: string, _: object, ask: (lock: unknown) => Promise<void> | undefined) => {
      if (held.has(name)) return ask(null);
      held.add(name);
      await ask({});
      held.delete(name);
    },
  };
  const { page } = pageAt("", { navigator: { locks } } as Partial<Page>);
  const surroundings = await browserSurroundings(page);
  const release = await surroundings.locks.hold("a");
  expect(await surroundings.locks.hold("a")).toBeUndefined();
  release?.();
  await Promise.resolve();
  expect(await surroundings.locks.hold("a")).toBeDefined();
  const place = await surroundings.choosePlace("f.txt");
  await place?.write(Uint8Array.of(104, 105));
  const url = await place?.finish();
  expect(await (await fetch(url ?? "")).text()).toBe("hi");
});
