import { Fault } from "../../../src/base/fault.ts";
import type { Link } from "../../../src/io/link/link.ts";
import type {
  Databases,
  Locks,
  Platform,
  SaveTarget,
  TabMessage,
} from "../../../src/web/browser/environment.ts";
import { MemoryStore, type Store } from "../../../src/web/browser/indexed-db.ts";
import { StoreWatch, WatchedStore } from "../../../src/web/browser/store-watch.ts";
import { openPageClient, type PageClient } from "../../../src/web/driver/page-client.ts";
import type { SealedModule } from "../../../src/web/driver/sealing.ts";
import { Site } from "../../server/site.ts";

const NO_DATABASES = { persist: () => undefined } as unknown as Databases;
const ADDRESS = { host: "10.0.0.1", port: 2428 };

/** Browser whose stored data outlives its tabs. */
export class Browser {
  readonly site: Site;
  store: Store = new MemoryStore();
  lastDrafts: string | undefined;
  /** Callbacks of those who wait for the release of a lock. */
  readonly #held = new Map<string, (() => void)[]>();
  readonly #tabs = new Set<Tab>();
  place: SaveTarget | undefined;
  subtle: SubtleCrypto | undefined = crypto.subtle;
  build = "";
  photos: PageClient["photos"];
  sealed: SealedModule | undefined;
  channelMs = 0;
  channels = 0;

  constructor(site: Site) {
    this.site = site;
  }

  /** @param options.reloads ended tab whose session storage the tab has */
  async tab(
    options: {
      readonly fragment?: string;
      readonly host?: string;
      readonly reloads?: Tab;
      readonly account?: string;
    } = {},
  ): Promise<Tab> {
    const tab = new Tab(this, options.host ?? "10.0.0.9", options.fragment ?? "");
    tab.linkedAccount = options.account;
    tab.tabId = options.reloads?.tabId;
    tab.tabAccount = options.reloads?.tabAccount;
    tab.tabPlaces = options.reloads?.tabPlaces;
    this.#tabs.add(tab);
    await tab.open();
    return tab;
  }

  async member(user: string, password?: string): Promise<Tab> {
    const tab = await this.tab();
    await this.site.wait(tab.chat.enter(password === undefined ? { user } : { user, password }));
    await tab.until("caught up", () => tab.chat.model.isCaughtUp);
    return tab;
  }

  lockFor(tab: Tab): Locks {
    return {
      hold: async (name) => {
        if (this.#held.has(name)) return undefined;
        const waiting: (() => void)[] = [];
        this.#held.set(name, waiting);
        const release = () => {
          this.#held.delete(name);
          for (const resolve of waiting.splice(0)) resolve();
        };
        tab.releases.push(release);
        return release;
      },
      run: (_name, _waitMsMax, work) => work(),
      whenReleased: (name) =>
        new Promise((resolve) => {
          const releases = this.#held.get(name);
          if (releases === undefined) resolve();
          else releases.push(resolve);
        }),
    };
  }

  others(tab: Tab): Tab[] {
    return [...this.#tabs].filter((one) => one !== tab);
  }

  closed(tab: Tab): void {
    this.#tabs.delete(tab);
  }
}

export async function opened<const Name extends string>(...names: readonly Name[]) {
  const site = await Site.open();
  const browser = new Browser(site);
  const ana = await browser.member("ana", "secret");
  const others: [string, Tab][] = [];
  for (const name of names) others.push([name, await new Browser(site).member(name)]);
  return { site, browser, ana, ...(Object.fromEntries(others) as Record<Name, Tab>) };
}

export class Tab {
  readonly browser: Browser;
  readonly host: string;
  readonly fragment: string;
  readonly releases: (() => void)[] = [];
  readonly storeWatch: StoreWatch;
  tabId: string | undefined;
  tabAccount: string | undefined;
  tabPlaces: string | undefined;
  linkedAccount: string | undefined;
  #chat: PageClient | undefined;
  #link: Link | undefined;
  #onMessage: (message: TabMessage) => void = () => undefined;
  #isGone = false;
  /** Neither connects nor receives messages of other tabs. */
  isFrozen = false;
  /** Loses both directions of the present link. New links work. */
  loseSilently = (): void => undefined;
  reloads = 0;
  /** Accepts the server's history after an alarm. */
  readonly acceptances: (() => Promise<void>)[] = [];

  constructor(browser: Browser, host: string, fragment: string) {
    this.browser = browser;
    this.storeWatch = new StoreWatch(browser.site.clock);
    this.host = host;
    this.fragment = fragment;
  }

  get chat(): PageClient {
    if (this.#chat === undefined) throw new Error("the tab is not open");
    return this.#chat;
  }

  async open(): Promise<void> {
    const { site, sealed, photos } = this.browser;
    this.#chat = await site.wait(
      openPageClient(this.#platform(), {
        ...(photos && { photos }),
        ...(sealed === undefined ? {} : { sealed: async () => sealed }),
        onAlarm: (_, accept) => this.acceptances.push(accept),
      }),
    );
    await this.until("greeted", () => {
      const { kind } = this.chat.model.connection;
      return kind !== "connecting";
    });
  }

  kill(): void {
    this.#isGone = true;
    this.cut();
    for (const release of this.releases.splice(0)) release();
    this.browser.closed(this);
  }

  cut(): void {
    this.#link?.destroy();
  }

  async close(): Promise<void> {
    await this.browser.site.wait(this.chat.close());
    for (const release of this.releases.splice(0)) release();
    this.browser.closed(this);
  }

  async until(what: string, look: () => boolean): Promise<void> {
    await this.browser.site.until(what, () => look() || undefined);
  }

  caughtUp(): Promise<void> {
    return this.until("caught up", () => this.chat.model.isCaughtUp);
  }

  settled(): Promise<void> {
    return this.until("settled", () => this.chat.model.pending.length === 0);
  }

  loggedIn(user: string): Promise<void> {
    return this.until(`${user} logged in`, () => this.chat.model.me === user);
  }

  connectionIs(kind: PageClient["model"]["connection"]["kind"]): Promise<void> {
    return this.until(kind, () => this.chat.model.connection.kind === kind);
  }

  texts(target: string): string[] {
    for (const room of this.chat.model.rooms.values()) {
      if (room.target === target) {
        return room.tail.items.filter(({ kind }) => kind === "text").map(({ text }) => text);
      }
    }
    return [];
  }

  hear(message: TabMessage): void {
    if (!this.isFrozen) this.#onMessage(message);
  }

  #platform(): Platform {
    const { browser } = this;
    const { site } = browser;
    return {
      clock: {
        now: () => site.clock.now(),
        unixMs: () => site.clock.unixMs(),
        after: (ms, callback) =>
          site.clock.after(ms, () => {
            if (!this.#isGone) callback();
          }),
      },
      entropy: site.entropy,
      dial: async () => {
        if (this.isFrozen) throw new Fault("unreachable", "the tab is frozen");
        const link = await site.network.dialFrom(this.host)({ ...ADDRESS, timeoutMs: 5_000 });
        this.#link = link;
        this.loseSilently = loseSilently(link);
        if (browser.channelMs > 0) slowChannels(link, browser);
        return link;
      },
      store: new WatchedStore(
        {
          get: (table, key) => browser.store.get(table, key),
          all: (table, prefix) => browser.store.all(table, prefix),
          write: (changes) =>
            this.#isGone ? new Promise(() => undefined) : browser.store.write(changes),
        },
        this.storeWatch,
      ),
      storeWatch: this.storeWatch,
      isPrivate: false,
      subtle: browser.subtle as Platform["subtle"],
      locks: browser.lockFor(this),
      databases: browser.sealed === undefined ? undefined : NO_DATABASES,
      tabs: {
        broadcast: (message) => {
          for (const other of browser.others(this)) other.hear(message);
        },
        onMessage: (listener) => {
          this.#onMessage = listener;
        },
        close: () => undefined,
      },
      nextFrame: (callback) => {
        site.clock.after(16, callback);
      },
      fragment: this.fragment,
      forgetFragment: () => undefined,
      browserName: "Firefox on Linux",
      lastDrafts: {
        read: () => browser.lastDrafts,
        write: (text) => {
          if (!this.#isGone) browser.lastDrafts = text;
        },
      },
      tabId: {
        read: () => this.tabId,
        write: (id) => {
          this.tabId = id;
        },
      },
      tabAccount: {
        read: () => this.tabAccount,
        write: (user) => {
          this.tabAccount = user;
        },
      },
      linkedAccount: this.linkedAccount,
      tabPlaces: {
        read: () => this.tabPlaces,
        write: (places) => {
          this.tabPlaces = places;
        },
      },
      isLocal: false,
      build: browser.build,

      chooseTarget: async () => browser.place,
      onOnline: () => undefined,
      reload: () => {
        this.reloads += 1;
      },
      forget: () => {
        this.tabId = undefined;
        this.tabAccount = undefined;
        this.tabPlaces = undefined;
        this.reloads += 1;
      },
    };
  }
}

/** Returns a function after which the link carries nothing, as if the path dropped its packets. */
function loseSilently(link: Link): () => void {
  let isLost = false;
  const receive = link.receive.bind(link);
  const send = link.send.bind(link);
  link.receive = (handlers) =>
    receive({
      ...handlers,
      message: (bytes) => {
        if (!isLost) handlers.message(bytes);
      },
    });
  link.send = (message, tail) => (isLost ? true : send(message, tail));
  return () => {
    isLost = true;
  };
}

function slowChannels(link: Link, browser: Browser): void {
  const { site, channelMs: laneMs } = browser;
  const openChannel = link.openChannel.bind(link);
  link.openChannel = async () => {
    const lane = await openChannel();
    browser.channels += 1;
    const receive = lane.receive.bind(lane);
    let last = 0;
    lane.receive = (handlers) =>
      receive({
        closed: (fault) => {
          browser.channels -= 1;
          handlers.closed(fault);
        },
        message: (bytes) => {
          last = Math.max(site.clock.now(), last) + laneMs;
          site.clock.after(last - site.clock.now(), () => handlers.message(bytes));
        },
      });
    return lane;
  };
}
