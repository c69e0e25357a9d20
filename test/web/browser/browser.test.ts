import { expect, test } from "bun:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { browserPlatform } from "../../../src/web/browser/browser.ts";

type Page = NonNullable<Parameters<typeof browserPlatform>[0]>;

const storage = new Map<string, string>();

function pageAt(hash: string, change: Partial<Page> = {}): { page: Page; shown: string[] } {
  const shown: string[] = [];
  const page = {
    location: { host: "there:2428", hostname: "there", protocol: "https:", pathname: "/", hash },
    history: { replaceState: (_: null, __: string, url: string) => shown.push(url) },
    document: {
      hidden: false,
      documentElement: { dataset: { build: "b1" } },
      createElement: () => {
        const link = { href: "", download: "", click: () => shown.push(link.href) };
        return link;
      },
    },
    setTimeout: () => undefined,
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

test("removes the secret from the address, and keeps it in this tab across a reload", async () => {
  const { page, shown } = pageAt("#sesame");
  const first = await browserPlatform(page);
  expect([first.fragment, first.isLocal, first.build]).toEqual(["#sesame", false, "b1"]);
  expect(shown).toEqual(["/", "wss://there:2428/ws"]);
  const again = pageAt("");
  expect((await browserPlatform(again.page)).fragment).toBe("#sesame");
  expect(again.shown).toEqual(["wss://there:2428/ws"]);
});

test("keeps routes in the address", async () => {
  storage.clear();
  const { page, shown } = pageAt("#/lobby/184");
  expect((await browserPlatform(page)).fragment).toBe("");
  expect(shown).toEqual(["wss://there:2428/ws"]);
  expect([...storage]).toEqual([]);
});

test.each([
  ["#operator=abc", ["/", "#/math", "reload"], "#operator=abc"],
  ["#invite=abc", ["/", "#/math", "reload"], "#invite=abc"],
  ["#reset=abc", ["/", "#/math", "reload"], "#reset=abc"],
  ["#messages", ["#/math"], undefined],
  ["#/lobby", [], undefined],
  ["#/<b>", [], undefined],
])(
  "%s that comes into the address of an open page, which keeps its room",
  async (hash, expected, kept) => {
    storage.clear();
    let changed: (event: { readonly oldURL: string }) => void = () => undefined;
    const { page, shown } = pageAt("", {
      addEventListener: (kind: string, listener: typeof changed) => {
        if (kind === "hashchange") changed = listener;
      },
    });
    await browserPlatform(page);
    shown.length = 0;
    const reload = () => shown.push("reload");
    Object.assign(page.location, { hash, reload });
    changed({ oldURL: "https://there:2428/#/math" });
    expect(shown).toEqual(expected);
    expect(storage.get("chat fragment")).toBe(kept as string);
  },
);

test("keeps a secret in the address until the reload, if the browser stores nothing", async () => {
  let changed: (event: { readonly oldURL: string }) => void = () => undefined;
  const blocked = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  const { page, shown } = pageAt("", {
    sessionStorage: { getItem: blocked, setItem: blocked, removeItem: blocked },
    addEventListener: (kind: string, listener: typeof changed) => {
      if (kind === "hashchange") changed = listener;
    },
  } as unknown as Partial<Page>);
  await browserPlatform(page);
  shown.length = 0;
  Object.assign(page.location, { hash: "#invite=abc", reload: () => shown.push("reload") });
  changed({ oldURL: "https://there:2428/#/math" });
  expect(shown).toEqual(["/", "#invite=abc", "reload"]);
});

test("connects before reading the store, and reuses that connection once", async () => {
  const { page, shown } = pageAt("");
  const opening = browserPlatform(page);
  expect(shown).toEqual(["wss://there:2428/ws"]);
  const { dial } = await opening;
  const first = dial();
  expect(shown).toHaveLength(1);
  const second = dial();
  expect(shown).toHaveLength(2);
  const calls = [first, second].map((call) => call.catch(() => "failed"));
  expect(await Promise.all(calls)).toEqual(["failed", "failed"]);
});

test("persists data with IndexedDB, and only in memory without it", async () => {
  const factory = new IDBFactory();
  const keeps = { indexedDB: factory, IDBKeyRange } as unknown as Partial<Page>;
  const { store } = await browserPlatform(pageAt("", keeps).page);
  await store.write([{ table: "places", key: "k", value: 1 }]);
  const next = await browserPlatform(pageAt("", keeps).page);
  expect(await next.store.get("places", "k")).toBe(1);
  const forgets = await browserPlatform(pageAt("").page);
  expect(await forgets.store.get("places", "k")).toBeUndefined();
  const open = () => {
    throw new DOMException("The operation is insecure", "SecurityError");
  };
  const blocked = { indexedDB: { open }, IDBKeyRange } as unknown as Partial<Page>;
  const inMemory = await browserPlatform(pageAt("", blocked).page);
  expect(await inMemory.store.get("places", "k")).toBeUndefined();
});

test("grants a lock to one tab, and saves blobs without a file picker", async () => {
  const held = new Set<string>();
  const locks = {
    request: async (name: string, _: object, ask: (lock: unknown) => Promise<void> | undefined) => {
      if (held.has(name)) return ask(null);
      held.add(name);
      await ask({});
      held.delete(name);
    },
  };
  const { page, shown } = pageAt("", { navigator: { locks } } as Partial<Page>);
  const platform = await browserPlatform(page);
  const release = await platform.locks.hold("a");
  expect(await platform.locks.hold("a")).toBeUndefined();
  release?.();
  await Promise.resolve();
  expect(await platform.locks.hold("a")).toBeDefined();
  const place = await platform.chooseTarget("f.txt");
  await place?.write(Uint8Array.of(104, 105));
  await place?.finish();
  const url = shown.find((one) => one.startsWith("blob:"));
  expect(await (await fetch(url ?? "")).text()).toBe("hi");
});
