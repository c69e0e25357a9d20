/** `Platform` of a real browser: storage, sockets, locks, frames and the address bar. */

import * as v from "valibot";
import { tryUrl } from "../../base/decode.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { cleanFileName } from "../../base/file-names.ts";
import { withTimeout } from "../../io/clock.ts";
import { PROXY_STATUSES } from "../../io/http/proxy-status.ts";
import type { Link } from "../../io/link/link.ts";
import { ifPossible, markHandled } from "../../io/promises.ts";
import { FORGOTTEN_KEY } from "../../ui/local-keys.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { attempt } from "../input/attempt.ts";
import { readFragment } from "../input/fragment.ts";
import { formatRoute, isRouteHash, readAccountHash, readRoute } from "../input/route.ts";
import { browserName } from "./browser-name.ts";
import {
  type Locks,
  type Platform,
  type Subtle,
  TAB_MESSAGE,
  type Tabs,
  type TabValue,
} from "./environment.ts";
import { dialHttp, type HttpDialOptions } from "./http-link.ts";
import {
  type DatabaseFactory,
  type MakeKeyRange,
  MemoryStore,
  openStore,
  type Store,
  storeFault,
} from "./indexed-db.ts";
import { dialSocket, type Socket } from "./link.ts";
import { withFetchFault } from "./parts.ts";
import { chooseSaveTarget, type SavingPage } from "./save-targets.ts";
import {
  type Loss,
  STORE_TIMEOUT_MS,
  StoreWatch,
  storeSilence,
  WatchedStore,
} from "./store-watch.ts";

/** Declares only what the driver uses, so that the driver needs no DOM types. */
interface Page extends SavingPage {
  readonly location: {
    readonly host: string;
    readonly hostname: string;
    readonly protocol: string;
    readonly pathname: string;
    readonly hash: string;
    reload(): void;
  };
  readonly history: { replaceState(state: null, title: string, url: string): void };
  readonly document: SavingPage["document"] & {
    readonly hidden: boolean;
    readonly documentElement: { readonly dataset: { readonly [name: string]: string | undefined } };
  };
  readonly navigator: {
    readonly locks?: {
      request<Result>(
        name: string,
        options: { readonly ifAvailable?: true; readonly signal?: AbortSignal },
        callback: (lock: unknown) => Promise<Result> | undefined,
      ): Promise<Result>;
    };
    readonly storage?: { persist?(): Promise<boolean>; getDirectory?(): Promise<unknown> };
    readonly userAgent: string;
    readonly maxTouchPoints?: number;
  };
  readonly sessionStorage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly fetch?: (path: string, options: RequestInit) => Promise<Response>;
  readonly indexedDB?: DatabaseFactory;
  readonly IDBKeyRange?: { readonly bound: MakeKeyRange };
  readonly WebSocket: new (url: string) => Socket;
  readonly crypto: { readonly subtle?: Subtle; getRandomValues<T>(bytes: T): T };
  readonly BroadcastChannel?: new (
    name: string,
  ) => Pick<BroadcastChannel, "onmessage" | "postMessage" | "close">;
  requestAnimationFrame(callback: () => void): number;
  addEventListener(
    kind: string,
    listener: (event: { readonly oldURL: string }) => void,
    options?: { readonly signal: AbortSignal },
  ): void;
}

/** Browsers draw no frames for a hidden page, so a timer replaces the frame. */
const HIDDEN_FRAME_MS = 250;
const CHANNEL = "chat";
const LAST_DRAFTS = "chat.drafts";
const TAB_ID = "chat.tab";
const TAB_ACCOUNT = "chat.account";
const TAB_PLACES = "chat.places";
const FRAGMENT = "chat fragment";

/**
 * @param storageMode `nothing`: the page stores no data in the browser
 * @throws {Fault} version-unsupported if this browser holds data of a newer page
 */
export async function browserPlatform(
  page: Page = globalThis as unknown as Page,
  storageMode: "all" | "nothing" = "all",
): Promise<Platform> {
  const { location, document } = page;
  const { dataset } = document.documentElement;
  const isLocal = dataset["local"] !== undefined;
  const linked = readAccountHash(location.hash);
  if (linked !== undefined) replaceAddress(page, linked.route || location.pathname);
  const fragment = consumeFragment(page, isLocal);
  const { localToken } = readFragment(fragment, isLocal);
  page.addEventListener("hashchange", ({ oldURL }) => consumePastedFragment(page, isLocal, oldURL));
  const clock = pageClock();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = isLocal ? `?token=${encodeURIComponent(localToken ?? "")}` : "";
  const open = () => new page.WebSocket(`${scheme}://${location.host}/ws${query}`);
  const host = location.hostname;
  const dialWebSocket = () => dialSocket({ open, clock, host });
  const dialLocal = () =>
    dialWebSocket().catch(async (error) =>
      (await programModule()).localFault(page, localToken, error),
    );
  const dial = dialEarly(isLocal ? dialLocal : pageDial(page, clock, dialWebSocket));
  const storeWatch = new StoreWatch(clock);
  const isPrivate = withTimeout(isPrivateWindow(page), STORE_TIMEOUT_MS, () => false, clock);
  const store =
    storageMode === "all"
      ? await chooseStore(page, localToken, storeWatch)
      : new MemoryStore({ isEphemeral: true });
  return {
    clock,
    entropy: (sizeBytes) => page.crypto.getRandomValues(new Uint8Array(sizeBytes)),
    dial,
    store: new WatchedStore(store, storeWatch),
    storeWatch,
    isPrivate: await isPrivate,
    subtle: page.crypto.subtle,
    locks: browserLocks(page),
    databases:
      storageMode === "all" && !(store instanceof MemoryStore)
        ? browserDatabases(page, storeWatch)
        : undefined,
    tabs: browserTabs(page),
    nextFrame: (callback) => {
      if (document.hidden) setTimeout(callback, HIDDEN_FRAME_MS);
      else page.requestAnimationFrame(callback);
    },
    fragment,
    forgetFragment: () => void attempt(() => page.sessionStorage?.setItem(FRAGMENT, "")),
    lastDrafts: tabValue(page, LAST_DRAFTS, storageMode === "all" && !isLocal),
    tabId: tabValue(page, TAB_ID, storageMode === "all"),
    tabAccount: tabValue(page, TAB_ACCOUNT, storageMode === "all"),
    linkedAccount: linked?.user,
    tabPlaces: tabValue(page, TAB_PLACES, storageMode === "all"),
    isLocal,
    build: dataset["build"] ?? "",
    browserName: browserName(page.navigator.userAgent, page.navigator.maxTouchPoints),
    chooseTarget: (name) => chooseSaveTarget(page, cleanFileName(name)),
    onOnline: (callback) => page.addEventListener("online", callback),
    reload: () => {
      const { target, seq } = readRoute(page.location.hash) ?? {};
      const room = target && formatRoute({ target, seq: undefined, server: undefined });
      if (room !== undefined && seq !== undefined) replaceAddress(page, room);
      page.location.reload();
    },
    forget: () => {
      const ofAccount = [LAST_DRAFTS, TAB_ID, TAB_ACCOUNT, TAB_PLACES];
      for (const key of [...ofAccount, ...(isLocal ? [] : [FRAGMENT])])
        attempt(() => page.sessionStorage?.removeItem(key));
      attempt(() => page.sessionStorage?.setItem(FORGOTTEN_KEY, "1"));
      replaceAddress(page, page.location.pathname);
      page.location.reload();
    },
  };
}

function tabValue(page: Page, key: string, isStored: boolean): TabValue {
  return {
    read: () => attempt(() => page.sessionStorage?.getItem(key)) ?? undefined,
    write: (text) => {
      if (!isStored) return;
      if (text === undefined) attempt(() => page.sessionStorage?.removeItem(key));
      else attempt(() => page.sessionStorage?.setItem(key, text));
    },
  };
}

/**
 * Data channels over HTTP. Each link takes two of a browser's six connections to a host: the main
 * link and one channel leave two for a second tab.
 */
const HTTP_CHANNELS_MAX = 1;

function pageDial(page: Page, clock: Platform["clock"], dialWebSocket: Platform["dial"]) {
  if (page.fetch === undefined) return dialWebSocket;
  const fetch = page.fetch.bind(page);
  const { hostname: host } = page.location;
  const options: HttpDialOptions = {
    fetch,
    origin: "",
    host,
    clock,
    channelsMax: HTTP_CHANNELS_MAX,
    network: { pollsUntil: 0 },
    onPageHide: (callback, signal) => page.addEventListener("pagehide", callback, { signal }),
  };
  const dial = () => dialHttp(options);
  return new PageDialer({ dialSocket: dialWebSocket, dialHttp: dial, fetch, clock }).dial;
}

/** Starts the first connection attempt while the page reads its store. */
function dialEarly(dial: Platform["dial"]): Platform["dial"] {
  let first: ReturnType<typeof dial> | undefined = dial();
  markHandled(first);
  return () => {
    const link = first ?? dial();
    first = undefined;
    return link;
  };
}

/**
 * Removes secrets from the address, because browsers store addresses in the history and users copy
 * them. Session storage keeps the secrets for a reload of this tab.
 */
function consumeFragment(page: Page, isLocal: boolean): string {
  const { hash, pathname } = page.location;
  if (hash !== "" && !isRouteHash(hash)) {
    replaceAddress(page, pathname);
    const storedHash = isLocal ? hash.replace(/&invite=.*$/s, "") : hash;
    attempt(() => page.sessionStorage?.setItem(FRAGMENT, storedHash));
    return hash;
  }
  return attempt(() => page.sessionStorage?.getItem(FRAGMENT)) ?? "";
}

function replaceAddress({ history }: Page, address: string): void {
  attempt(() => history.replaceState(null, "", address));
}

const NAMED_SECRET = /^#[a-z-]{1,20}=./;

/**
 * Pasting a fragment into the address of an open page causes no reload. The page keeps its room,
 * which the previous address names.
 */
function consumePastedFragment(page: Page, isLocal: boolean, previousUrl: string): void {
  const { hash, pathname } = page.location;
  if (hash === "" || isRouteHash(hash)) return;
  const isSecret = isLocal || NAMED_SECRET.test(hash);
  if (isSecret) consumeFragment(page, isLocal);
  const previous = tryUrl(previousUrl)?.hash ?? "";
  // Without storage, the address must keep the secret until the page has reloaded.
  const stored = attempt(() => page.sessionStorage?.getItem(FRAGMENT)) ?? undefined;
  const address = isRouteHash(previous) ? previous : pathname;
  replaceAddress(page, isSecret && stored === undefined ? hash : address);
  if (isSecret) page.location.reload();
}

function pageClock(): Platform["clock"] {
  return {
    now: () => performance.now(),
    unixMs: () => Date.now(),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Reports whether the window's data ends with it. Private windows of Firefox and Safari refuse this
 * file system; those of Chromium are not recognized.
 */
async function isPrivateWindow({ navigator }: Page): Promise<boolean> {
  const storage = attempt(() => navigator.storage);
  try {
    await storage?.getDirectory?.();
    return false;
  } catch {
    return true;
  }
}

/** @param loss what is lost without a database */
async function openPageStore(page: Page, storeWatch: StoreWatch, loss: Loss): Promise<Store> {
  const indexedDB = attempt(() => page.indexedDB);
  const { IDBKeyRange: range } = page;
  const open = async () => {
    if (indexedDB === undefined || range === undefined) throw storeFault(undefined);
    const store = await openStore(indexedDB, (low, high) => range.bound(low, high), storeWatch);
    await store.get("places", "last"); // A damaged database opens, but cannot be read.
    return store;
  };
  try {
    const store = await withTimeout(open(), STORE_TIMEOUT_MS, () => undefined, pageClock());
    if (store === undefined) throw storeSilence();
    return store;
  } catch (error) {
    // An empty store would look like a lost account.
    if (asFault(error).code === "version-unsupported") throw error;
    storeWatch.failed(error, loss);
  }
  return new MemoryStore({ isEphemeral: true });
}

const programModule = withFetchFault(() => import("./program-store.ts"));

/**
 * A page of `chat web` stores no secrets in the browser, because another program could later use
 * the same port.
 * @param token token of `chat web`; `undefined` if a server delivered the page
 */
async function chooseStore(
  page: Page,
  token: string | undefined,
  storeWatch: StoreWatch,
): Promise<Store> {
  const { fetch } = page;
  const browserStore = await openPageStore(
    page,
    storeWatch,
    token === undefined ? "account" : "texts",
  );
  if (token === undefined || fetch === undefined) return browserStore;
  const { openProgramStore } = await programModule();
  return openProgramStore(browserStore, fetch, token);
}

/** Without the Locks API (pages without TLS), each tab acts as the only tab. */
function browserLocks({ navigator }: Page): Locks {
  const { locks } = navigator;
  if (locks === undefined)
    return {
      hold: async () => () => undefined,
      run: (_, __, work) => work(),
      whenReleased: () => new Promise(() => undefined),
    };
  return {
    run: (name, waitMsMax, work) => runLocked(locks, { name, waitMsMax }, work),
    whenReleased: (name) => locks.request(name, {}, async () => undefined),
    hold: (name) =>
      new Promise((resolve, reject) => {
        locks
          .request(name, { ifAvailable: true }, (lock) => {
            if (lock === null) return void resolve(undefined);
            return new Promise<void>((release) => resolve(() => release()));
          })
          .catch((error: unknown) => (isBlocked(error) ? resolve(() => undefined) : reject(error)));
      }),
  };
}

/** Browsers that block cookies also deny locks. */
function isBlocked(error: unknown): boolean {
  return error instanceof DOMException && error.name === "SecurityError";
}

async function runLocked<Result>(
  locks: NonNullable<Page["navigator"]["locks"]>,
  { name, waitMsMax }: { readonly name: string; readonly waitMsMax: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), waitMsMax);
  let isHeld = false;
  try {
    return await locks.request(name, { signal: timeout.signal }, () => {
      isHeld = true;
      clearTimeout(timer);
      return work();
    });
  } catch (cause) {
    if (isHeld) throw cause;
    if (isBlocked(cause)) return await work();
    throw new Fault("store-failed", "another tab is using the stored data", {
      cause,
      remedy: "close other tabs of this page",
    });
  } finally {
    clearTimeout(timer);
  }
}

function browserDatabases(page: Page, watch: StoreWatch) {
  const factory = attempt(() => page.indexedDB);
  const { IDBKeyRange: range, navigator } = page;
  if (factory === undefined || range === undefined) return undefined;
  const persist = () => void ifPossible((async () => navigator.storage?.persist?.())());
  const keyRange: MakeKeyRange = (low, high, isLowOpen, isHighOpen) =>
    range.bound(low, high, isLowOpen, isHighOpen);
  return { factory, keyRange, watch, persist };
}

function browserTabs({ BroadcastChannel: Channel }: Page): Tabs {
  const channel = Channel && attempt(() => new Channel(CHANNEL));
  if (channel === undefined) {
    const noop = () => undefined;
    return { broadcast: noop, onMessage: noop, close: noop };
  }
  return {
    broadcast: (message) => channel.postMessage(message),
    onMessage: (listener) => {
      channel.onmessage = ({ data }) => {
        if (v.is(TAB_MESSAGE, data)) listener(data);
      };
    },
    close: () => channel.close(),
  };
}

interface PageDialOptions {
  readonly dialSocket: () => Promise<Link>;
  readonly dialHttp: () => Promise<Link>;
  readonly fetch: HttpDialOptions["fetch"];
  readonly clock: Pick<Platform["clock"], "now">;
}

/** Refused WebSockets, while the server answers, after which the page uses HTTP. */
const REFUSALS = 2;
/** The network may change; later links try WebSocket again. */
const HTTP_MS = 10 * 60_000;

/** @internal */
export class PageDialer {
  #httpLink: Link | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: PageDialOptions) {}

  /** @throws {Fault} unreachable, timeout */
  readonly dial = async (): Promise<Link> => {
    const { dialSocket, dialHttp, clock } = this.options;
    const hasWorked = (this.#httpLink?.counters().receivedMessages ?? 0) > 0;
    const isRecent = clock.now() < this.#refusedAt + HTTP_MS;
    for (let refusals = 0; refusals < REFUSALS && !(hasWorked && isRecent); refusals++) {
      try {
        return await dialSocket();
      } catch (error) {
        if (!(await this.#isServerUp())) throw error;
        this.#refusedAt = clock.now();
      }
    }
    try {
      this.#httpLink = await dialHttp();
      return this.#httpLink;
    } catch (error) {
      this.#httpLink = undefined;
      if (!(error instanceof Fault) || error instanceof PageFault) throw error;
      if (!(await this.#isServerUp())) throw error;
      throw new PageFault("unreachable", "postsRefused", { cause: error });
    }
  };

  /** @throws {PageFault} unreachable if a proxy answers in place of the server */
  async #isServerUp(): Promise<boolean> {
    let status = 0;
    try {
      const response = await this.options.fetch("/healthz", { cache: "no-store" });
      status = response.status;
      if (/^(?:ok|[a-z]+(?:-[a-z]+)+(?:: .*)?)\n$/.test(await response.text())) return true;
    } catch {
      return false;
    }
    if (PROXY_STATUSES.has(status)) throw new PageFault("unreachable", "serverRestarts");
    return false;
  }
}
