/** The driver of a client over the stores that it is given: SQLite, and a browser's IndexedDB. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { Fault } from "../../src/base/fault.ts";
import { OUTBOX_KEEP_MS } from "../../src/base/limits.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import type { Keys } from "../../src/client/keys.ts";
import { Connection } from "../../src/client/link/connection.ts";
import { Login } from "../../src/client/login.ts";
import type { PostEvent } from "../../src/client/outbox-driver.ts";
import { OutboxQueue, type OutboxStore } from "../../src/client/outbox-queue.ts";
import { greet } from "../../src/client/trust.ts";
import type { Receipt } from "../../src/core/client/outbox.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { makeSuccession } from "../../src/crypto/succession.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { OutboxOwner } from "../../src/io/state/outbox-store.ts";
import { Device } from "../../src/web/browser/device-key.ts";
import { type DatabaseFactory, openStore } from "../../src/web/browser/indexed-db.ts";
import { BrowserOutboxStore } from "../../src/web/browser/outbox-store.ts";
import { Preferences } from "../../src/web/browser/preferences.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { Bench } from "./bench.ts";

/** What one run of a program, or one page, has of what its home keeps. */
interface Run {
  readonly keys: Keys;
  readonly outboxes: OutboxStore;
  /** The server is the one of this fingerprint, and had these before. */
  greeted(fingerprint: Fingerprint, formers?: readonly Fingerprint[]): Promise<void>;
  isEnrolled(user: string): boolean;
  entered(user: string): void;
  forgotten(user: string): void;
  moved(old: string, user: string): Promise<void>;
  /** The name under which somebody was in last. */
  lastUser(): Promise<string | undefined>;
  /** As the system does for a process, and a browser for a tab, that is gone. */
  end(): void;
}

interface Home {
  open(): Promise<Run>;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function programHome(bench: Bench): Home {
  const folder = mkdtempSync(join(tmpdir(), "chat-stores-"));
  folders.push(folder);
  return {
    open: async () => {
      const state = ClientState.open(folder);
      const pem = state.deviceKey(() => Identity.generate().toPem());
      let server = "";
      return {
        keys: deviceKeys(Identity.fromPem(pem, "device.key"), state),
        outboxes: state.outboxes,
        greeted: async (fingerprint, formers = []) => {
          const place = { fingerprint, name: "server", firstSeenUnixMs: 0 };
          for (const former of formers) state.moveServer(former, place);
          server = fingerprint;
        },
        isEnrolled: (user) => state.enrolment(server, user) !== undefined,
        entered: (user) => {
          state.enrol(server, user, `u-${user}`);
          state.noteUser(server, user, bench.clock.unixMs(), true);
        },
        forgotten: (user) => state.unenrol(server, user),
        moved: async (old, user) => state.moveUser(server, old, user),
        lastUser: async () => state.lastUser(server),
        end: () => state.close(),
      };
    },
  };
}

function browserHome(): Home {
  const factory = new IDBFactory() as unknown as DatabaseFactory;
  const locks = new Set<string>(); // Of the whole browser.
  return {
    open: async () => {
      const store = await openStore(factory, (low, high) => IDBKeyRange.bound(low, high));
      const held: string[] = [];
      const hold = async (name: string) => {
        if (locks.has(name)) return undefined;
        locks.add(name);
        held.push(name);
        return () => void locks.delete(name);
      };
      const preferences = new Preferences(store);
      const { subtle } = crypto;
      return {
        keys: await Device.open({ store, subtle, entropy: systemEntropy() }),
        outboxes: new BrowserOutboxStore({ store, locks: { hold } }),
        greeted: async (fingerprint, formers = []) => {
          await preferences.greeted(fingerprint, formers);
        },
        isEnrolled: (user) => preferences.isEnrolled(user),
        entered: (user) => preferences.entered(user, true),
        forgotten: (user) => preferences.left(user, true),
        moved: (old, user) => preferences.moved(old, user),
        lastUser: () => preferences.begin(),
        end: () => {
          for (const name of held) locks.delete(name);
        },
      };
    },
  };
}

/** A client of one home: its link, its account, its posts. */
class Visit {
  readonly events: PostEvent[] = [];
  readonly run: Run;
  readonly posts: OutboxQueue;
  readonly #bench: Bench;
  #connection: Connection | undefined;
  #owner: OutboxOwner | undefined;

  constructor(bench: Bench, run: Run, outboxes: OutboxStore = run.outboxes) {
    this.#bench = bench;
    this.run = run;
    const { clock } = bench;
    const tell = (event: PostEvent) => void this.events.push(event);
    this.posts = new OutboxQueue({ clock, entropy: systemEntropy(), store: outboxes, tell });
  }

  /** Dials, greets and logs in; @returns the kinds of requests that it took. */
  async enter(user: string, password?: string): Promise<string[]> {
    const { run } = this;
    const { clock, server, network } = this.#bench;
    const asked = server.requests.length;
    const dial = network.dialFrom("home");
    const link = await dial({ host: "server", port: 2428, timeoutMs: 1_000 });
    const connection = new Connection(link, clock);
    const { keys } = run;
    const options = { clock, entropy: systemEntropy(), verifier: keys, program: "chat/test" };
    const greeted = await greet(connection, options);
    const { fingerprint, formers } = greeted;
    await run.greeted(fingerprint, formers);
    const manner = { triesAgain: false, refused: () => "", taken: "", newcomer: "" };
    const context = {
      ...{ connection, greeted, clock, keys, after: undefined, manner },
      isEnrolled: run.isEnrolled(user),
      forgotten: () => run.forgotten(user),
    };
    const entered = await new Login(context, { user, roomSecret: "sesame", password }).enter();
    run.entered(entered.account.user);
    await run.moved(user, entered.account.user);
    this.#owner = { fingerprint, user };
    await this.posts.open(this.#owner, true);
    this.posts.connected(connection);
    this.#connection = connection;
    return server.requests.slice(asked).map((request) => {
      if (request.kind !== "login") return request.kind;
      return request.signature === undefined ? "login by password" : "login by device";
    });
  }

  lose(): void {
    this.posts.lost();
    this.#connection?.close();
  }

  post(text: string, to = "lobby"): Promise<Receipt> {
    const receipt = this.posts.post(to, { text });
    receipt.catch(() => undefined);
    return receipt;
  }

  /** All that was written is in the store. */
  get isStored(): boolean {
    const count = (kind: string) => this.events.filter((event) => event.kind === kind).length;
    return count("posted") === count("stored");
  }

  /** What became of posts of earlier runs. */
  get adopted(): string[] {
    return this.events.flatMap((event) => {
      if (event.kind !== "settled" || event.adopted === undefined) return [];
      const { outcome, adopted } = event;
      const what = outcome.kind === "refused" ? outcome.fault.code : outcome.kind;
      return [`${adopted.body.text}: ${what}`];
    });
  }
}

describe.each([
  ["SQLite", programHome],
  ["IndexedDB", (_: Bench) => browserHome()],
])("the driver over %s", (_, homeOf) => {
  const setUp = async () => {
    const bench = new Bench();
    const home = homeOf(bench);
    const visit = async (outboxes?: (store: OutboxStore) => OutboxStore) => {
      const run = await home.open();
      return new Visit(bench, run, outboxes?.(run.outboxes));
    };
    const entered = async (user = "ana") => {
      const one = await visit();
      await outcome(bench, one.enter(user));
      return one;
    };
    /** In, then without a link: what is written waits. */
    const offline = async (texts: readonly string[], to = "lobby") => {
      const one = await entered();
      one.lose();
      for (const text of texts) void one.post(text, to);
      await stored(bench, one);
      return one;
    };
    return { bench, visit, entered, offline };
  };

  test("posts that wait for a link are kept, and go out in order", async () => {
    const { bench, offline } = await setUp();
    const one = await offline(["one", "two", "three"]);
    expect(bench.server.texts()).toEqual([]);
    await outcome(bench, one.enter("ana"));
    await outcome(bench, one.posts.drained());
    expect(bench.server.texts()).toEqual(["one", "two", "three"]);
    expect(counters(bench)).toEqual([1, 2, 3]);
    expect(one.adopted).toEqual([]);
  });

  test("posts of a run that ended by force go first, under their own counters", async () => {
    const { bench, visit, offline } = await setUp();
    const one = await offline(["one", "two"]);
    one.run.end();
    const next = await visit();
    await outcome(bench, next.enter("ana"));
    void next.post("three");
    await outcome(bench, next.posts.drained());
    expect(bench.server.texts()).toEqual(["one", "two", "three"]);
    expect(counters(bench)).toEqual([1, 2, 1]);
    expect(next.adopted).toEqual(["one: durable", "two: durable"]);
    await bench.clock.advance(10);
    next.run.end();
    const last = await visit();
    await outcome(bench, last.enter("ana"));
    await outcome(bench, last.posts.drained());
    expect(last.adopted).toEqual([]);
  });

  test("posts of a run that lives are not taken from it", async () => {
    const { bench, entered, offline } = await setUp();
    const one = await offline(["one"]);
    const other = await entered();
    await outcome(bench, other.posts.drained());
    expect(bench.server.texts()).toEqual([]);
    await outcome(bench, one.enter("ana"));
    await outcome(bench, one.posts.drained());
    expect(bench.server.texts()).toEqual(["one"]);
    expect(other.adopted).toEqual([]);
  });

  test("posts that were recorded, but never confirmed, are not said twice", async () => {
    const { bench, entered } = await setUp();
    const one = await entered();
    bench.server.mischief.onRequest = (request) => {
      if (request.kind !== "post") return undefined;
      bench.server.post("ana", request);
      return "silent";
    };
    void one.post("once");
    await stored(bench, one);
    await until(bench, () => bench.server.texts().length > 0);
    one.lose();
    one.run.end();
    bench.server.mischief = {};
    const next = await entered();
    await outcome(bench, next.posts.drained());
    expect(bench.server.texts()).toEqual(["once"]);
    expect(next.adopted).toEqual(["once: durable"]);
  });

  test("posts that the server refuses are told once, and gone", async () => {
    const { bench, entered, offline } = await setUp();
    const one = await offline(["lost"], "nowhere");
    one.run.end();
    bench.server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("room-unknown", "there is no room") : undefined;
    for (const expected of [["lost: room-unknown"], []]) {
      const next = await entered();
      await outcome(bench, next.posts.drained());
      await bench.clock.advance(10);
      expect(next.adopted).toEqual(expected);
      next.run.end();
    }
  });

  test("posts older than the server's memory are not sent, but told", async () => {
    const { bench, entered, offline } = await setUp();
    const one = await offline(["old"]);
    one.run.end();
    await bench.clock.advance(OUTBOX_KEEP_MS + 1);
    const next = await entered();
    void next.post("new");
    await outcome(bench, next.posts.drained());
    expect(bench.server.texts()).toEqual(["new"]);
    expect(next.adopted).toEqual(["old: interrupted"]);
  });

  test("posts of another user stay for that user, in any spelling of the name", async () => {
    const { bench, entered, visit, offline } = await setUp();
    const one = await offline(["mine"]);
    one.run.end();
    const ben = await entered("ben");
    await outcome(bench, ben.posts.drained());
    expect(bench.server.texts()).toEqual([]);
    const run = (await visit()).run;
    const { fingerprint } = await greetedBy(bench, run);
    const left = await run.outboxes.adopt({ fingerprint, user: "ANA" });
    expect(left.flatMap(({ posts }) => posts.map(({ body }) => JSON.parse(body).text))).toEqual([
      "mine",
    ]);
  });

  test("nothing is sent before it is stored; one tick is one write", async () => {
    const { bench, visit } = await setUp();
    const happened: string[] = [];
    const one = await visit((store) => ({
      adopt: (owner) => store.adopt(owner),
      release: (id) => store.release(id),
      write: async (id, change) => {
        await store.write(id, change);
        if (change.added.length > 0) happened.push(`stored ${change.added.length}`);
      },
    }));
    await outcome(bench, one.enter("ana"));
    bench.server.mischief.onRequest = ({ kind }) => {
      happened.push(kind);
      return undefined;
    };
    const posts = ["one", "two", "three"].map((text) => one.post(text));
    await outcome(bench, Promise.all(posts));
    expect(happened).toEqual(["stored 3", "post", "post", "post"]);
  });

  test("a post that cannot be stored is refused, and never sent", async () => {
    const { bench, visit } = await setUp();
    let isFull = true;
    const one = await visit((store) => ({
      adopt: (owner) => store.adopt(owner),
      release: (id) => store.release(id),
      write: async (id, change) => {
        if (isFull) throw new Fault("store-full", "no space");
        await store.write(id, change);
      },
    }));
    await outcome(bench, one.enter("ana"));
    expect(await bench.code(one.post("lost"))).toBe("store-full");
    isFull = false;
    expect(await bench.code(one.post("kept"))).toBe("fine");
    expect(bench.server.texts()).toEqual(["kept"]);
  });

  test("a device that was enrolled signs in after a restart", async () => {
    const { bench, visit, entered } = await setUp();
    const one = await entered();
    await bench.clock.advance(10);
    one.run.end();
    const next = await visit();
    expect(await outcome(bench, next.enter("ana"))).toEqual(["login by device"]);
    expect(next.run.isEnrolled("ANA")).toBe(true);
    expect(next.run.isEnrolled("ben")).toBe(false);
    expect(next.run.keys.device.publicKey).toEqual(one.run.keys.device.publicKey);
  });

  test("a device that the server has forgotten is not enrolled any more", async () => {
    const { bench, visit } = await setUp();
    const one = await visit();
    await outcome(bench, one.enter("ana", "secret"));
    await bench.clock.advance(10);
    one.run.end();
    bench.server.accounts.get("ana")?.devices.clear();
    const next = await visit();
    expect(await outcome(bench, next.enter("ana", "secret"))).toEqual([
      "login by device",
      "admit",
      "register",
      "login by password",
    ]);
    next.run.forgotten("ana");
    await bench.clock.advance(10);
    next.run.end();
    const last = await visit();
    await greetedBy(bench, last.run);
    expect(last.run.isEnrolled("ana")).toBe(false);
  });

  test("who was in last is known after a restart", async () => {
    const { bench, visit, entered } = await setUp();
    for (const user of ["ana", "ben"]) {
      const one = await entered(user);
      await bench.clock.advance(10);
      one.run.end();
    }
    const next = await visit();
    await greetedBy(bench, next.run);
    expect(await outcome(bench, next.run.lastUser())).toBe("ben");
  });

  test("posts of an account that was renamed follow it", async () => {
    const { bench, visit, offline } = await setUp();
    const one = await offline(["before"]);
    one.run.end();
    const next = await visit();
    await greetedBy(bench, next.run);
    await outcome(bench, next.run.moved("ana", "Anna"));
    await outcome(bench, next.enter("Anna"));
    await outcome(bench, next.posts.drained());
    expect(bench.server.texts()).toEqual(["before"]);
  });

  test("posts left under a key that the server had follow it to the key it has", async () => {
    const { bench, visit, offline } = await setUp();
    const one = await offline(["one", "two"]);
    one.run.end();
    const { server } = bench;
    const old = server.identity;
    server.identity = Identity.generate();
    const predecessors = [makeSuccession(old, server.identity.publicKey)];
    server.mischief.onWelcome = (welcome) => ({ ...welcome, predecessors });
    for (const expected of [["one: durable", "two: durable"], []]) {
      const next = await visit();
      await outcome(bench, next.enter("ana"));
      await outcome(bench, next.posts.drained());
      expect(next.adopted).toEqual(expected);
      expect(server.texts()).toEqual(["one", "two"]);
      await bench.clock.advance(10);
      next.run.end();
    }
  });

  test("posts left with another server stay for that server", async () => {
    const { bench, entered, offline } = await setUp();
    const one = await offline(["mine"]);
    one.run.end();
    bench.server.identity = Identity.generate(); // Nothing says that it is the same.
    const next = await entered();
    await outcome(bench, next.posts.drained());
    expect(bench.server.texts()).toEqual([]);
  });
});

/** As many turns as the store and the keys need, which live outside the bench's time. */
async function until(bench: Bench, isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !isTrue(); i++) await bench.clock.advance(i % 20 === 0 ? 1 : 0);
  expect(isTrue()).toBe(true);
}

async function outcome<Value>(bench: Bench, promise: Promise<Value>): Promise<Value> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  promise.then(done, done);
  await until(bench, () => isDone);
  return promise;
}

function stored(bench: Bench, one: Visit): Promise<void> {
  return until(bench, () => one.isStored);
}

function counters({ server }: Bench): number[] {
  return server.requests.flatMap((request) => (request.kind === "post" ? [request.counter] : []));
}

async function greetedBy(bench: Bench, run: Run): Promise<{ fingerprint: Fingerprint }> {
  const { fingerprint } = bench.server.identity;
  await outcome(bench, run.greeted(fingerprint));
  return { fingerprint };
}
