/** Compliance tests for the client's stores: SQLite and IndexedDB. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { Fault } from "../../src/base/fault.ts";
import type { OutboxId } from "../../src/base/ids.ts";
import { OUTBOX_KEEP_MS } from "../../src/base/limits.ts";
import { deviceKeys } from "../../src/cli/connect/keys.ts";
import { Connection } from "../../src/client/link/connection.ts";
import { greet } from "../../src/client/link/greeting.ts";
import type { Keys } from "../../src/client/link/keys.ts";
import { Login } from "../../src/client/login.ts";
import type { PostEvent } from "../../src/client/outbox-driver.ts";
import { OutboxQueue, type OutboxQueueStore } from "../../src/client/outbox-queue.ts";
import type { Receipt } from "../../src/core/client/outbox.ts";
import type { PersonPin } from "../../src/core/client/person-keys.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { makeSuccession } from "../../src/crypto/succession.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { LogPins, LogReader } from "../../src/io/state/log-pins.ts";
import type { OutboxOwner } from "../../src/io/state/outbox-store.ts";
import { PageDevice } from "../../src/web/browser/device-key.ts";
import { type DatabaseFactory, openStore } from "../../src/web/browser/indexed-db.ts";
import { BrowserLogPins } from "../../src/web/browser/log-pins.ts";
import { BrowserOutboxStore } from "../../src/web/browser/outbox-store.ts";
import { Preferences } from "../../src/web/browser/preferences.ts";
import { StoreWatch } from "../../src/web/browser/store-watch.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { ClientFixture } from "./client-fixture.ts";

interface Run {
  readonly keys: Keys;
  readonly outboxes: OutboxQueueStore;
  readonly logs: LogPins;
  greeted(fingerprint: Fingerprint, formers?: readonly Fingerprint[]): Promise<void>;
  isEnrolled(user: string): boolean;
  entered(user: string): void;
  forgotten(user: string): void;
  moved(old: string, user: string): Promise<void>;
  lastUser(): Promise<string | undefined>;
  /** The user accepts a different history. */
  accepted(reader: LogReader): Promise<void>;
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
        logs: state.logPins,
        greeted: async (fingerprint, formers = []) => {
          const place = { fingerprint, name: "server", firstSeenUnixMs: 0 };
          for (const former of formers) state.moveServer(former, place);
          server = fingerprint;
        },
        isEnrolled: (user) => state.enrolment(server, user) !== undefined,
        entered: (user) => {
          state.enrol(server, user, `u-${user}`);
          state.setLastUser(server, user, fixture.clock.unixMs(), true);
        },
        forgotten: (user) => state.unenrol(server, user),
        moved: async (old, user) => state.moveUser(server, old, user),
        lastUser: async () => state.lastUser(server),
        accepted: async ({ fingerprint }) => state.acceptHistory(fingerprint),
        end: () => state.close(),
      };
    },
  };
}

function browserHome(): Home {
  const factory = new IDBFactory() as unknown as DatabaseFactory;
  const locks = new Set<string>();
  return {
    open: async () => {
      const store = await openStore(
        factory,
        (low, high) => IDBKeyRange.bound(low, high),
        new StoreWatch(systemClock()),
      );
      const held: string[] = [];
      const hold = async (name: string) => {
        if (locks.has(name)) return undefined;
        locks.add(name);
        held.push(name);
        return () => void locks.delete(name);
      };
      const preferences = new Preferences(store);
      const { subtle } = crypto;
      const logs = new BrowserLogPins(store);
      return {
        keys: await PageDevice.open({ store, subtle, entropy: systemEntropy() }),
        outboxes: new BrowserOutboxStore({ store, locks: { hold } }),
        logs,
        accepted: (reader) => logs.forget(reader),
        greeted: async (fingerprint, formers = []) => {
          await preferences.recordGreeting(fingerprint, formers);
        },
        isEnrolled: (user) => preferences.isEnrolled(user),
        entered: (user) => preferences.recordLogin(user, {}, true),
        forgotten: (user) => preferences.recordLogout(user),
        moved: (old, user) => preferences.migrate(old, user),
        lastUser: () => preferences.loadLastUser(),
        end: () => {
          for (const name of held) locks.delete(name);
        },
      };
    },
  };
}

class Visit {
  readonly events: PostEvent[] = [];
  readonly run: Run;
  readonly posts: OutboxQueue;
  readonly #fixture: ClientFixture;
  #connection: Connection | undefined;
  #owner: OutboxOwner | undefined;

  constructor(fixture: ClientFixture, run: Run, outboxes: OutboxQueueStore = run.outboxes) {
    this.#fixture = fixture;
    this.run = run;
    const { clock } = fixture;
    const tell = (event: PostEvent) => void this.events.push(event);
    this.posts = new OutboxQueue({ clock, entropy: systemEntropy(), store: outboxes, emit: tell });
  }

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
    const policy = {
      retriesOnLink: false,
      refusedRemedy: () => "",
      takenRemedy: () => "",
      registrationRemedy: "",
    };
    const context = {
      connection,
      greeted,
      clock,
      keys,
      after: undefined,
      policy,
      reopen: () => Promise.reject(connection.closeFault),
      isEnrolled: run.isEnrolled(user),
      onUnenrolled: () => run.forgotten(user),
    };
    const entered = await new Login(context, { user, roomSecret: "sesame", password }).logIn();
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

  async kill(): Promise<void> {
    await this.#fixture.clock.advance(10);
    this.run.end();
  }

  post(text: string, to = "lobby"): Promise<Receipt> {
    const receipt = this.posts.post(to, { text });
    receipt.catch(() => undefined);
    return receipt;
  }

  get isStored(): boolean {
    const count = (kind: string) => this.events.filter((event) => event.kind === kind).length;
    return count("posted") === count("stored");
  }

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
])("over %s", (_name, homeOf) => {
  function setUp() {
    const fixture = new ClientFixture();
    const home = homeOf(fixture);
    const { server } = fixture;
    const until = async (isTrue: () => boolean) => {
      for (let i = 0; i < 100_000 && !isTrue(); i++)
        await fixture.clock.advance(i % 20 === 0 ? 1 : 0);
      expect(isTrue()).toBe(true);
    };
    const outcome = async <Value>(promise: Promise<Value>): Promise<Value> => {
      let isDone = false;
      const done = () => {
        isDone = true;
      };
      promise.then(done, done);
      await until(() => isDone);
      return promise;
    };
    const visit = async (outboxes?: (store: OutboxQueueStore) => OutboxQueueStore) => {
      const run = await home.open();
      return new Visit(fixture, run, outboxes?.(run.outboxes));
    };
    const entered = async (user = "ana") => {
      const one = await visit();
      await outcome(one.enter(user));
      return one;
    };
    const drained = async (one: Visit) => {
      await outcome(one.posts.drained());
      return one;
    };
    const greeted = async () => {
      const { run } = await visit();
      await outcome(run.greeted(server.identity.fingerprint));
      return run;
    };
    const offline = async (texts: readonly string[], to = "lobby") => {
      const one = await entered();
      one.lose();
      for (const text of texts) void one.post(text, to);
      await until(() => one.isStored);
      return one;
    };
    const left = async (texts: readonly string[], to?: string) => {
      const one = await offline(texts, to);
      one.run.end();
    };
    const counters = () =>
      server.requests.flatMap((one) => (one.kind === "post" ? [one.counter] : []));
    const parts = { fixture, server, visit, entered, drained, greeted, offline, left };
    return { ...parts, until, outcome, counters };
  }

  function watching(write: (store: OutboxQueueStore) => OutboxQueueStore["write"]) {
    return (store: OutboxQueueStore): OutboxQueueStore => ({
      adopt: (owner) => store.adopt(owner),
      release: (id) => store.release(id),
      write: write(store),
    });
  }

  describe("queued posts", () => {
    test("of a killed run are sent first, with their own counters", async () => {
      const { server, left, entered, drained, counters } = setUp();
      await left(["one", "two"]);
      const next = await entered();
      void next.post("three");
      await drained(next);
      expect(server.texts()).toEqual(["one", "two", "three"]);
      expect(counters()).toEqual([1, 2, 1]);
      expect(next.adopted).toEqual(["one: durable", "two: durable"]);
      await next.kill();
      expect((await drained(await entered())).adopted).toEqual([]);
    });

    test("of a running process are not claimed", async () => {
      const { server, offline, entered, outcome, drained } = setUp();
      const one = await offline(["one"]);
      const other = await drained(await entered());
      expect(server.texts()).toEqual([]);
      await outcome(one.enter("ana"));
      await drained(one);
      expect(server.texts()).toEqual(["one"]);
      expect(other.adopted).toEqual([]);
    });

    test("that were recorded but not confirmed are recorded once", async () => {
      const { server, entered, until, drained } = setUp();
      const one = await entered();
      server.misbehaviour.onRequest = (request) => {
        if (request.kind !== "post") return undefined;
        server.post("ana", request);
        return "silent";
      };
      void one.post("once");
      await until(() => one.isStored && server.texts().length > 0);
      one.lose();
      one.run.end();
      server.misbehaviour = {};
      const next = await drained(await entered());
      expect(server.texts()).toEqual(["once"]);
      expect(next.adopted).toEqual(["once: durable"]);
    });

    test("older than the server's memory are reported but not sent", async () => {
      const { fixture, server, left, entered, drained } = setUp();
      await left(["old"]);
      await fixture.clock.advance(OUTBOX_KEEP_MS + 1);
      const next = await entered();
      void next.post("new");
      await drained(next);
      expect(server.texts()).toEqual(["new"]);
      expect(next.adopted).toEqual(["old: interrupted"]);
    });

    test("of another user are kept for that user, in any spelling", async () => {
      const { server, left, entered, drained, greeted } = setUp();
      await left(["mine"]);
      await drained(await entered("ben"));
      expect(server.texts()).toEqual([]);
      const run = await greeted();
      const { fingerprint } = server.identity;
      const found = await run.outboxes.adopt({ fingerprint, user: "ANA" });
      const texts = found.flatMap(({ posts }) => posts.map(({ body }) => JSON.parse(body).text));
      expect(texts).toEqual(["mine"]);
    });

    test("follow the server to a new key", async () => {
      const { server, left, entered, drained } = setUp();
      await left(["one", "two"]);
      const old = server.identity;
      server.identity = Identity.generate();
      const predecessors = [makeSuccession(old, server.identity.publicKey)];
      server.misbehaviour.onWelcome = (welcome) => ({ ...welcome, predecessors });
      for (const expected of [["one: durable", "two: durable"], []]) {
        const next = await drained(await entered());
        expect(next.adopted).toEqual(expected);
        expect(server.texts()).toEqual(["one", "two"]);
        await next.kill();
      }
    });

    test("are sent after they are stored, with one write per tick", async () => {
      const { server, visit, outcome } = setUp();
      const happened: string[] = [];
      const watch = watching((store) => async (id, change) => {
        await store.write(id, change);
        if (change.added.length > 0) happened.push(`stored ${change.added.length}`);
      });
      const one = await visit(watch);
      await outcome(one.enter("ana"));
      server.misbehaviour.onRequest = ({ kind }) => {
        happened.push(kind);
        return undefined;
      };
      await outcome(Promise.all(["one", "two", "three"].map((text) => one.post(text))));
      expect(happened).toEqual(["stored 3", "post", "post", "post"]);
    });

    test("are refused and never sent if they cannot be stored", async () => {
      const { fixture, server, visit, outcome } = setUp();
      let isFull = true;
      const watch = watching((store) => async (id, change) => {
        if (isFull) throw new Fault("store-full", "no space");
        await store.write(id, change);
      });
      const one = await visit(watch);
      await outcome(one.enter("ana"));
      expect(await fixture.code(one.post("lost"))).toBe("store-full");
      isFull = false;
      expect(await fixture.code(one.post("kept"))).toBe("fine");
      expect(server.texts()).toEqual(["kept"]);
    });
  });

  test("logs in an enrolled device after a restart, and remembers the last user", async () => {
    const { visit, entered, outcome, greeted } = setUp();
    const one = await entered();
    await one.kill();
    const next = await visit();
    expect(await outcome(next.enter("ana"))).toEqual(["login by device"]);
    expect(["ANA", "ben"].map((user) => next.run.isEnrolled(user))).toEqual([true, false]);
    expect(next.run.keys.device.publicKey).toEqual(one.run.keys.device.publicKey);
    await next.kill();
    await (await entered("ben")).kill();
    expect(await outcome((await greeted()).lastUser())).toBe("ben");
  });

  describe("the server's log", () => {
    const READER = { fingerprint: "f", formers: [], user: "Ana" };
    const MOVED = { fingerprint: "g", formers: ["f"], user: "ana" };
    const pinOf = (size: number, origin = "chat/one") => {
      return { origin, size, root: new Uint8Array(32).fill(size), note: `note ${size}` };
    };
    const recordOf = (seq: number, from?: string) => ({
      seq,
      leaf: new Uint8Array(32).fill(seq % 256),
      room: "r1",
      place: "#lobby",
      from,
      timeUnixMs: seq * 1_000,
    });
    const runs = async () => {
      const { visit } = setUp();
      return { one: (await visit()).run, next: async () => (await visit()).run };
    };
    const seqs = async (run: Run, which: "all" | "unproved", reader: LogReader = READER) =>
      (await run.logs.storedRecords(reader, which)).map(({ seq }) => seq);

    test("keeps the last record of the own account", async () => {
      const { one, next } = await runs();
      expect(await one.logs.ownAccount(READER)).toBeUndefined();
      await one.logs.storeOwnAccount(READER, { account: "uA", n: 5, size: 20 });
      await one.logs.storeOwnAccount(READER, { account: "uA", n: 9, size: 30 });
      one.end();
      const run = await next();
      expect(await run.logs.ownAccount({ ...READER, user: "ana" })).toEqual({
        account: "uA",
        n: 9,
        size: 30,
      });
      expect(await run.logs.ownAccount({ ...READER, user: "ben" })).toBeUndefined();
      await run.logs.storeOwnAccount(READER, { account: "uB", n: 2, size: 8 });
      expect(await run.logs.ownAccount(READER)).toEqual({ account: "uB", n: 2, size: 8 });
    });

    test("marks unsent posts when a different history is accepted", async () => {
      const { one, next } = await runs();
      const { fingerprint, user } = READER;
      const pin = { origin: "chat/old", size: 20, root: new Uint8Array(32), note: "note" };
      await one.logs.storePin(READER, pin);
      const post = { target: "lab", createdUnixMs: 1 };
      const added = [
        { ...post, counter: 1, body: '{"text":"yes","re":11}' },
        { ...post, counter: 2, body: '{"text":"","box":"AA"}' },
      ];
      const id = "AAECAwQFBgc" as OutboxId;
      await one.outboxes.write(id, { fingerprint, user, added, settled: [] });
      for (const common of [10, 15]) {
        await one.logs.storePin(READER, pin);
        await one.logs.setAlarm(READER, "restored", common);
        await one.accepted(READER);
      }
      one.end();
      const [found] = await (await next()).outboxes.adopt({ fingerprint, user });
      expect(found?.posts.map(({ body }) => JSON.parse(body))).toEqual([
        { text: "yes", re: 11, lostAfter: 10 },
        { text: "", box: "AA", lostAfter: 10 },
      ]);
    });

    test("keeps the keys of people, and forgets those checked longest ago", async () => {
      const { one, next } = await runs();
      const pinOfPerson = (user: string, n: number): PersonPin => {
        return {
          user,
          keys: [{ account: user, key: user }],
          trusted: 0,
          n,
          size: n,
          devices: ["d"],
        };
      };
      const renewed = { ...pinOfPerson("Eve", 1), keys: [{ account: "uA", key: "a" }] };
      const changed = { ...renewed, keys: [...renewed.keys, { account: "uB", key: "b" }] };
      await one.logs.storePerson(READER, changed);
      await one.logs.storePerson(READER, pinOfPerson("ben", 3));
      await one.logs.storePerson(READER, pinOfPerson("BEN", 4));
      one.end();
      const run = await next();
      expect(await run.logs.people(READER)).toEqual([changed, pinOfPerson("BEN", 4)]);
      expect(await run.logs.people({ ...READER, fingerprint: "other" })).toEqual([]);
      for (let i = 0; i < 1_001; i++) {
        await run.logs.storePerson(READER, pinOfPerson(`user${i}`, 1));
      }
      const names = (await run.logs.people(READER)).map(({ user }) => user);
      expect([256, 1_000]).toContain(names.length);
      expect([names[0], names.at(-1)]).toEqual(["Eve", "user1000"]);
      expect(names).not.toContain("BEN");
      await run.greeted("g" as Fingerprint, ["f" as Fingerprint]);
      expect((await run.logs.people(MOVED)).map(({ user }) => user)).toEqual(names);
    });

    test("keeps the pin of the accounts log apart", async () => {
      const { one, next } = await runs();
      await one.logs.storePin(READER, pinOf(9));
      await one.logs.storePin(READER, pinOf(5, "chat/accounts"), "accounts");
      await one.logs.storePin(READER, pinOf(4, "chat/accounts"), "accounts");
      one.end();
      const run = await next();
      expect(await run.logs.pin(READER, "accounts")).toEqual(pinOf(5, "chat/accounts"));
      expect(await run.logs.pin(READER)).toEqual(pinOf(9));
    });

    test("keeps the pin, which never decreases or changes to another log", async () => {
      const { one, next } = await runs();
      expect(await one.logs.pin(READER)).toBeUndefined();
      for (const size of [5, 9, 7]) await one.logs.storePin(READER, pinOf(size));
      await one.logs.storePin(READER, pinOf(20, "chat/two"));
      one.end();
      const run = await next();
      expect(await run.logs.pin({ ...READER, user: "ben" })).toEqual(pinOf(9));
      expect(await run.logs.pin({ ...READER, fingerprint: "g" })).toBeUndefined();
    });

    test("keeps read records by account until they are proved", async () => {
      const { one, next } = await runs();
      const twice = [recordOf(3, "ben"), recordOf(1), recordOf(3, "ben")];
      await one.logs.storeRecords(READER, twice);
      await one.logs.storeRecords(READER, [{ ...recordOf(3, "eve"), place: "@eve" }, recordOf(2)]);
      one.end();
      const run = await next();
      const ana = { ...READER, user: "ana" };
      expect(await run.logs.storedRecords(ana, "all")).toEqual([
        recordOf(1),
        recordOf(2),
        recordOf(3, "ben"),
      ]);
      await run.logs.markProved(READER, [1, 3]);
      expect(await seqs(run, "unproved")).toEqual([2]);
      expect(await seqs(run, "all")).toEqual([1, 2, 3]);
      expect(await seqs(run, "all", { ...READER, user: "ben" })).toEqual([]);
    });

    test("keeps the highest confirmed number, even under a new key", async () => {
      const { one, next } = await runs();
      expect(await one.logs.confirmed(READER)).toBe(0);
      for (const seq of [7, 9, 8]) await one.logs.storeConfirmed(READER, seq);
      one.end();
      const run = await next();
      expect(await run.logs.confirmed({ ...READER, user: "ben" })).toBe(9);
      expect(await run.logs.confirmed({ ...READER, fingerprint: "g" })).toBe(0);
      await run.greeted("g" as Fingerprint, ["f" as Fingerprint]);
      expect(await run.logs.confirmed(MOVED)).toBe(9);
    });
  });
});
