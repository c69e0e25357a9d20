/** The driver of a client over the stores that it is given: SQLite, and a browser's IndexedDB. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { Fault } from "../../src/base/fault.ts";
import { OUTBOX_KEEP_MS, SEEN_RECORDS_MAX } from "../../src/base/limits.ts";
import { PAGE_SEEN_RECORDS_MAX } from "../../src/base/limits-page.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import { Connection } from "../../src/client/link/connection.ts";
import type { Keys } from "../../src/client/link/keys.ts";
import { Login } from "../../src/client/login.ts";
import type { PostEvent } from "../../src/client/outbox-driver.ts";
import { OutboxQueue, type OutboxStore } from "../../src/client/outbox-queue.ts";
import { greet } from "../../src/client/trust.ts";
import type { Receipt } from "../../src/core/client/outbox.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { makeSuccession } from "../../src/crypto/succession.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { LogPins, LogReader } from "../../src/io/state/log-pins.ts";
import type { OutboxOwner } from "../../src/io/state/outbox-store.ts";
import { Device } from "../../src/web/browser/device-key.ts";
import { type DatabaseFactory, openStore } from "../../src/web/browser/indexed-db.ts";
import { BrowserLogPins } from "../../src/web/browser/log-pins.ts";
import { BrowserOutboxStore } from "../../src/web/browser/outbox-store.ts";
import { Preferences } from "../../src/web/browser/preferences.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { ClientFixture } from "./client-fixture.ts";

/** What one run of a program, or one page, has of what its home keeps. */
interface Run {
  readonly keys: Keys;
  readonly outboxes: OutboxStore;
  readonly logs: LogPins;
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

function programHome(fixture: ClientFixture): Home {
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
        logs: state.logs,
        greeted: async (fingerprint, formers = []) => {
          const place = { fingerprint, name: "server", firstSeenUnixMs: 0 };
          for (const former of formers) state.moveServer(former, place);
          server = fingerprint;
        },
        isEnrolled: (user) => state.enrolment(server, user) !== undefined,
        entered: (user) => {
          state.enrol(server, user, `u-${user}`);
          state.noteUser(server, user, fixture.clock.unixMs(), true);
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
        logs: new BrowserLogPins(store),
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
  readonly #fixture: ClientFixture;
  #connection: Connection | undefined;
  #owner: OutboxOwner | undefined;

  constructor(fixture: ClientFixture, run: Run, outboxes: OutboxStore = run.outboxes) {
    this.#fixture = fixture;
    this.run = run;
    const { clock } = fixture;
    const tell = (event: PostEvent) => void this.events.push(event);
    this.posts = new OutboxQueue({ clock, entropy: systemEntropy(), store: outboxes, tell });
  }

  /** Dials, greets and logs in; @returns the kinds of requests that it took. */
  async enter(user: string, password?: string): Promise<string[]> {
    const { run } = this;
    const { clock, server, network } = this.#fixture;
    const asked = server.requests.length;
    const dial = network.dialFrom("home");
    const link = await dial({ host: "server", port: 2428, timeoutMs: 1_000 });
    const connection = new Connection(link, clock);
    const { keys } = run;
    const options = { clock, entropy: systemEntropy(), verifier: keys, program: "chat/test" };
    const greeted = await greet(connection, options);
    const { fingerprint, formers } = greeted;
    await run.greeted(fingerprint, formers);
    const manner = { triesAgain: false, refused: () => "", taken: () => "", newcomer: "" };
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
  ["IndexedDB", (_: ClientFixture) => browserHome()],
])("the driver over %s", (name, homeOf) => {
  const setUp = async () => {
    const fixture = new ClientFixture();
    const home = homeOf(fixture);
    const visit = async (outboxes?: (store: OutboxStore) => OutboxStore) => {
      const run = await home.open();
      return new Visit(fixture, run, outboxes?.(run.outboxes));
    };
    const entered = async (user = "ana") => {
      const one = await visit();
      await outcome(fixture, one.enter(user));
      return one;
    };
    /** In, then without a link: what is written waits. */
    const offline = async (texts: readonly string[], to = "lobby") => {
      const one = await entered();
      one.lose();
      for (const text of texts) void one.post(text, to);
      await stored(fixture, one);
      return one;
    };
    return { fixture, visit, entered, offline };
  };

  test("posts that wait for a link are kept, and go out in order", async () => {
    const { fixture, offline } = await setUp();
    const one = await offline(["one", "two", "three"]);
    expect(fixture.server.texts()).toEqual([]);
    await outcome(fixture, one.enter("ana"));
    await outcome(fixture, one.posts.drained());
    expect(fixture.server.texts()).toEqual(["one", "two", "three"]);
    expect(counters(fixture)).toEqual([1, 2, 3]);
    expect(one.adopted).toEqual([]);
  });

  test("posts of a run that ended by force go first, under their own counters", async () => {
    const { fixture, visit, offline } = await setUp();
    const one = await offline(["one", "two"]);
    one.run.end();
    const next = await visit();
    await outcome(fixture, next.enter("ana"));
    void next.post("three");
    await outcome(fixture, next.posts.drained());
    expect(fixture.server.texts()).toEqual(["one", "two", "three"]);
    expect(counters(fixture)).toEqual([1, 2, 1]);
    expect(next.adopted).toEqual(["one: durable", "two: durable"]);
    await fixture.clock.advance(10);
    next.run.end();
    const last = await visit();
    await outcome(fixture, last.enter("ana"));
    await outcome(fixture, last.posts.drained());
    expect(last.adopted).toEqual([]);
  });

  test("posts of a run that lives are not taken from it", async () => {
    const { fixture, entered, offline } = await setUp();
    const one = await offline(["one"]);
    const other = await entered();
    await outcome(fixture, other.posts.drained());
    expect(fixture.server.texts()).toEqual([]);
    await outcome(fixture, one.enter("ana"));
    await outcome(fixture, one.posts.drained());
    expect(fixture.server.texts()).toEqual(["one"]);
    expect(other.adopted).toEqual([]);
  });

  test("posts that were recorded, but never confirmed, are not said twice", async () => {
    const { fixture, entered } = await setUp();
    const one = await entered();
    fixture.server.mischief.onRequest = (request) => {
      if (request.kind !== "post") return undefined;
      fixture.server.post("ana", request);
      return "silent";
    };
    void one.post("once");
    await stored(fixture, one);
    await until(fixture, () => fixture.server.texts().length > 0);
    one.lose();
    one.run.end();
    fixture.server.mischief = {};
    const next = await entered();
    await outcome(fixture, next.posts.drained());
    expect(fixture.server.texts()).toEqual(["once"]);
    expect(next.adopted).toEqual(["once: durable"]);
  });

  test("posts that the server refuses are told once, and gone", async () => {
    const { fixture, entered, offline } = await setUp();
    const one = await offline(["lost"], "nowhere");
    one.run.end();
    fixture.server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("room-unknown", "there is no room") : undefined;
    for (const expected of [["lost: room-unknown"], []]) {
      const next = await entered();
      await outcome(fixture, next.posts.drained());
      await fixture.clock.advance(10);
      expect(next.adopted).toEqual(expected);
      next.run.end();
    }
  });

  test("posts older than the server's memory are not sent, but told", async () => {
    const { fixture, entered, offline } = await setUp();
    const one = await offline(["old"]);
    one.run.end();
    await fixture.clock.advance(OUTBOX_KEEP_MS + 1);
    const next = await entered();
    void next.post("new");
    await outcome(fixture, next.posts.drained());
    expect(fixture.server.texts()).toEqual(["new"]);
    expect(next.adopted).toEqual(["old: interrupted"]);
  });

  test("posts of another user stay for that user, in any spelling of the name", async () => {
    const { fixture, entered, visit, offline } = await setUp();
    const one = await offline(["mine"]);
    one.run.end();
    const ben = await entered("ben");
    await outcome(fixture, ben.posts.drained());
    expect(fixture.server.texts()).toEqual([]);
    const run = (await visit()).run;
    const { fingerprint } = await greetedBy(fixture, run);
    const left = await run.outboxes.adopt({ fingerprint, user: "ANA" });
    expect(left.flatMap(({ posts }) => posts.map(({ body }) => JSON.parse(body).text))).toEqual([
      "mine",
    ]);
  });

  test("nothing is sent before it is stored; one tick is one write", async () => {
    const { fixture, visit } = await setUp();
    const happened: string[] = [];
    const one = await visit((store) => ({
      adopt: (owner) => store.adopt(owner),
      release: (id) => store.release(id),
      write: async (id, change) => {
        await store.write(id, change);
        if (change.added.length > 0) happened.push(`stored ${change.added.length}`);
      },
    }));
    await outcome(fixture, one.enter("ana"));
    fixture.server.mischief.onRequest = ({ kind }) => {
      happened.push(kind);
      return undefined;
    };
    const posts = ["one", "two", "three"].map((text) => one.post(text));
    await outcome(fixture, Promise.all(posts));
    expect(happened).toEqual(["stored 3", "post", "post", "post"]);
  });

  test("a post that cannot be stored is refused, and never sent", async () => {
    const { fixture, visit } = await setUp();
    let isFull = true;
    const one = await visit((store) => ({
      adopt: (owner) => store.adopt(owner),
      release: (id) => store.release(id),
      write: async (id, change) => {
        if (isFull) throw new Fault("store-full", "no space");
        await store.write(id, change);
      },
    }));
    await outcome(fixture, one.enter("ana"));
    expect(await fixture.code(one.post("lost"))).toBe("store-full");
    isFull = false;
    expect(await fixture.code(one.post("kept"))).toBe("fine");
    expect(fixture.server.texts()).toEqual(["kept"]);
  });

  test("a device that was enrolled signs in after a restart", async () => {
    const { fixture, visit, entered } = await setUp();
    const one = await entered();
    await fixture.clock.advance(10);
    one.run.end();
    const next = await visit();
    expect(await outcome(fixture, next.enter("ana"))).toEqual(["login by device"]);
    expect(next.run.isEnrolled("ANA")).toBe(true);
    expect(next.run.isEnrolled("ben")).toBe(false);
    expect(next.run.keys.device.publicKey).toEqual(one.run.keys.device.publicKey);
  });

  test("a device that the server has forgotten is not enrolled any more", async () => {
    const { fixture, visit } = await setUp();
    const one = await visit();
    await outcome(fixture, one.enter("ana", "secret"));
    await fixture.clock.advance(10);
    one.run.end();
    fixture.server.accounts.get("ana")?.devices.clear();
    const next = await visit();
    expect(await outcome(fixture, next.enter("ana", "secret"))).toEqual([
      "login by device",
      "admit",
      "register",
      "login by password",
    ]);
    next.run.forgotten("ana");
    await fixture.clock.advance(10);
    next.run.end();
    const last = await visit();
    await greetedBy(fixture, last.run);
    expect(last.run.isEnrolled("ana")).toBe(false);
  });

  test("who was in last is known after a restart", async () => {
    const { fixture, visit, entered } = await setUp();
    for (const user of ["ana", "ben"]) {
      const one = await entered(user);
      await fixture.clock.advance(10);
      one.run.end();
    }
    const next = await visit();
    await greetedBy(fixture, next.run);
    expect(await outcome(fixture, next.run.lastUser())).toBe("ben");
  });

  test("posts of an account that was renamed follow it", async () => {
    const { fixture, visit, offline } = await setUp();
    const one = await offline(["before"]);
    one.run.end();
    const next = await visit();
    await greetedBy(fixture, next.run);
    await outcome(fixture, next.run.moved("ana", "Anna"));
    await outcome(fixture, next.enter("Anna"));
    await outcome(fixture, next.posts.drained());
    expect(fixture.server.texts()).toEqual(["before"]);
  });

  test("posts left under a key that the server had follow it to the key it has", async () => {
    const { fixture, visit, offline } = await setUp();
    const one = await offline(["one", "two"]);
    one.run.end();
    const { server } = fixture;
    const old = server.identity;
    server.identity = Identity.generate();
    const predecessors = [makeSuccession(old, server.identity.publicKey)];
    server.mischief.onWelcome = (welcome) => ({ ...welcome, predecessors });
    for (const expected of [["one: durable", "two: durable"], []]) {
      const next = await visit();
      await outcome(fixture, next.enter("ana"));
      await outcome(fixture, next.posts.drained());
      expect(next.adopted).toEqual(expected);
      expect(server.texts()).toEqual(["one", "two"]);
      await fixture.clock.advance(10);
      next.run.end();
    }
  });

  describe("the server's log", () => {
    const READER = { fingerprint: "f", formers: [], user: "Ana" };
    const pinOf = (size: number, origin = "chat/one") => {
      return { origin, size, root: new Uint8Array(32).fill(size), note: `note ${size}` };
    };
    const seenOf = (seq: number, from?: string) => ({
      ...{ seq, leaf: new Uint8Array(32).fill(seq % 256), room: "r1", place: "#lobby", from },
      timeUnixMs: seq * 1_000,
    });
    /** A run of a new home, and the next one. */
    const runs = async () => {
      const { visit } = await setUp();
      return { one: (await visit()).run, next: async () => (await visit()).run };
    };
    const seqs = async (run: Run, which: "all" | "unproved", reader: LogReader = READER) =>
      (await run.logs.seen(reader, which)).map(({ seq }) => seq);

    test("the pin outlives a restart, and goes neither back nor to another log", async () => {
      const { one, next } = await runs();
      expect(await one.logs.pin(READER)).toBeUndefined();
      await one.logs.keepPin(READER, pinOf(5));
      await one.logs.keepPin(READER, pinOf(9));
      await one.logs.keepPin(READER, pinOf(7));
      await one.logs.keepPin(READER, pinOf(20, "chat/two"));
      one.end();
      const run = await next();
      expect(await run.logs.pin({ ...READER, user: "ben" })).toEqual(pinOf(9));
      expect(await run.logs.pin({ ...READER, fingerprint: "g" })).toBeUndefined();
    });

    test("what was read is kept by account, as it was read first, until it is proved", async () => {
      const { one, next } = await runs();
      await one.logs.keepSeen(READER, [seenOf(3, "ben"), seenOf(1)]);
      await one.logs.keepSeen(READER, [{ ...seenOf(3, "eve"), place: "@eve" }, seenOf(2)]);
      one.end();
      const run = await next();
      const ana = { ...READER, user: "ana" };
      expect(await run.logs.seen(ana, "all")).toEqual([seenOf(1), seenOf(2), seenOf(3, "ben")]);
      await run.logs.proved(READER, [1, 3]);
      expect(await seqs(run, "unproved")).toEqual([2]);
      expect(await seqs(run, "all")).toEqual([1, 2, 3]);
      expect(await seqs(run, "all", { ...READER, user: "ben" })).toEqual([]);
    });

    test("only the newest are kept", async () => {
      const { one } = await runs();
      const count = SEEN_RECORDS_MAX + 3;
      const all = Array.from({ length: count }, (_, i) => seenOf(i + 1));
      await one.logs.keepSeen(READER, all);
      const kept = await seqs(one, "all");
      expect(kept).toHaveLength(name === "SQLite" ? SEEN_RECORDS_MAX : PAGE_SEEN_RECORDS_MAX);
      expect(kept.at(-1)).toBe(count);
    });

    test("the highest number that was confirmed outlives a restart, and a new key", async () => {
      const { one, next } = await runs();
      expect(await one.logs.confirmed(READER)).toBe(0);
      for (const seq of [7, 9, 8]) await one.logs.keepConfirmed(READER, seq);
      one.end();
      const run = await next();
      expect(await run.logs.confirmed({ ...READER, user: "ben" })).toBe(9);
      expect(await run.logs.confirmed({ ...READER, fingerprint: "g" })).toBe(0);
      await run.greeted("g" as Fingerprint, ["f" as Fingerprint]);
      const reader = { fingerprint: "g", formers: ["f"], user: "ana" };
      expect(await run.logs.confirmed(reader)).toBe(9);
    });

    test("an alarm changes nothing but what is said of it", async () => {
      const { one } = await runs();
      await one.logs.noteAlarm(READER, "never pinned");
      await one.logs.keepPin(READER, pinOf(5));
      await one.logs.noteAlarm(READER, "it is not what it was");
      expect(await one.logs.pin(READER)).toEqual(pinOf(5));
      await one.logs.noteAlarm(READER, undefined);
      expect(await one.logs.pin(READER)).toEqual(pinOf(5));
    });

    test("it goes with the server to a key that the old one has named", async () => {
      const { one } = await runs();
      await one.logs.keepPin(READER, pinOf(5));
      const present = "g" as Fingerprint;
      await one.greeted(present, ["f" as Fingerprint]);
      const reader = { fingerprint: present, formers: ["f"], user: "ana" };
      expect(await one.logs.pin(reader)).toEqual(pinOf(5));
      await one.logs.keepPin(reader, pinOf(6));
      expect(await one.logs.pin(reader)).toEqual(pinOf(6));
    });
  });

  test("posts left with another server stay for that server", async () => {
    const { fixture, entered, offline } = await setUp();
    const one = await offline(["mine"]);
    one.run.end();
    fixture.server.identity = Identity.generate(); // Nothing says that it is the same.
    const next = await entered();
    await outcome(fixture, next.posts.drained());
    expect(fixture.server.texts()).toEqual([]);
  });
});

/** As many turns as the store and the keys need, which live outside the fixture's time. */
async function until(fixture: ClientFixture, isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !isTrue(); i++) await fixture.clock.advance(i % 20 === 0 ? 1 : 0);
  expect(isTrue()).toBe(true);
}

async function outcome<Value>(fixture: ClientFixture, promise: Promise<Value>): Promise<Value> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  promise.then(done, done);
  await until(fixture, () => isDone);
  return promise;
}

function stored(fixture: ClientFixture, one: Visit): Promise<void> {
  return until(fixture, () => one.isStored);
}

function counters({ server }: ClientFixture): number[] {
  return server.requests.flatMap((request) => (request.kind === "post" ? [request.counter] : []));
}

async function greetedBy(fixture: ClientFixture, run: Run): Promise<{ fingerprint: Fingerprint }> {
  const { fingerprint } = fixture.server.identity;
  await outcome(fixture, run.greeted(fingerprint));
  return { fingerprint };
}
