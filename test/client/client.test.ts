import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import type { Credentials } from "../../src/client/entry.ts";
import type { ClientEvent } from "../../src/client/event.ts";
import { EVENTS_BUFFERED_MAX } from "../../src/client/event-buffer.ts";
import { bodyText } from "../../src/client/record.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { ClientState } from "../../src/io/client-state.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { MemoryNetwork } from "../../src/io/memory-network.ts";
import { FakeServer } from "./fake-server.ts";
import { VirtualClock } from "./virtual-clock.ts";

const ANA: Credentials = { user: "ana", mode: "either", roomSecret: "sesame" };
const PINNED_ADDRESS = "server:2428";

class Bench {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly server = new FakeServer(this.network);
  readonly state = ClientState.inMemory();
  readonly device = Identity.generate();
  readonly #dial = this.network.dialFrom("home");

  client(options: Partial<ClientOptions> = {}): Watched {
    const { clock, state, device } = this;
    const dial = () => this.#dial({ host: "server", port: 2428, timeoutMs: 10_000 });
    const parts = { clock, entropy: systemEntropy(), dial, state, device };
    const program = "chat/test";
    const all = { address: PINNED_ADDRESS, program, follow: "all", credentials: ANA } as const;
    return new Watched(new Client(parts, { ...all, ...options }));
  }

  /** The promise's outcome, with as much time as it takes (up to a virtual minute). */
  async outcome<Value>(promise: Promise<Value>): Promise<Value | Fault> {
    let outcome: Value | Fault | undefined;
    let isDone = false;
    promise.then(
      (value) => {
        outcome = value;
        isDone = true;
      },
      (error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        outcome = error;
        isDone = true;
      },
    );
    for (let i = 0; i < 600 && !isDone; i++) await this.clock.advance(i < 10 ? 0 : 100);
    expect(isDone).toBe(true);
    return outcome as Value | Fault;
  }

  async code(promise: Promise<unknown>): Promise<string> {
    const outcome = await this.outcome(promise);
    return outcome instanceof Fault ? outcome.code : "fine";
  }

  asked(): string[] {
    return this.server.requests.map((request) => {
      if (request.kind !== "login") return request.kind;
      return request.signature === undefined ? "login by password" : "login by device";
    });
  }
}

/** A client and a reader that takes all it tells. */
class Watched {
  readonly client: Client;
  readonly events: ClientEvent[] = [];
  #pause: Promise<void> | undefined;

  constructor(client: Client) {
    this.client = client;
    void this.#read();
  }

  /** The reader stalls; call the result to let it go on. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = promise;
    return resolve;
  }

  async #read(): Promise<void> {
    for await (const event of this.client.events()) {
      await this.#pause;
      this.events.push(event);
    }
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  texts(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "record" ? [bodyText(event.record)] : [],
    );
  }

  last<Kind extends ClientEvent["kind"]>(kind: Kind) {
    return this.events.findLast((event) => event.kind === kind) as
      | Extract<ClientEvent, { kind: Kind }>
      | undefined;
  }
}

describe("entering", () => {
  test("a new name is registered, its device and server are remembered", async () => {
    const bench = new Bench();
    bench.server.say({ text: "before" });
    const { client, events } = bench.client();
    expect(await bench.outcome(client.connect())).toMatchObject({ user: "ana", registered: true });
    await bench.clock.advance(0);
    expect(bench.asked()).toEqual(["admit", "register"]);
    expect(events.map(({ kind }) => kind)).toEqual(["pinned", "connected", "record", "caught-up"]);
    expect(events[1]).toMatchObject({ user: "ana", rooms: [{ name: "lobby", kind: "room" }] });
    const { fingerprint } = bench.server.identity;
    expect(bench.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(fingerprint);
    expect(bench.state.enrolment(fingerprint, "ANA")).toBe("u-ana");
    expect(bench.state.lastUser(PINNED_ADDRESS)).toBe("ana");
  });

  test("a known device signs, and needs no secret", async () => {
    const bench = new Bench();
    await bench.outcome(bench.client().client.connect());
    bench.server.requests.length = 0;
    const { client } = bench.client({ credentials: { user: "ana", mode: "either" } });
    expect(await bench.outcome(client.connect())).toMatchObject({ registered: false });
    expect(bench.asked()).toEqual(["login by device"]);
  });

  test("a taken name: this device, then the password, which makes the device known", async () => {
    const bench = new Bench();
    bench.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    const credentials = { ...ANA, password: "pw" };
    const { client } = bench.client({ credentials });
    expect(await bench.outcome(client.connect())).toMatchObject({ registered: false });
    expect(bench.asked()).toEqual(["admit", "register", "login by device", "login by password"]);
    expect(bench.server.accounts.get("ana")?.devices.size).toBe(1);
  });

  test("another process of this home registered meanwhile: the same key opens", async () => {
    const bench = new Bench();
    const device = bench.device.publicKey.toBase64({ alphabet: "base64url", omitPadding: true });
    bench.server.accounts.set("ana", {
      user: "ana",
      password: undefined,
      devices: new Set([device]),
    });
    expect(await bench.code(bench.client().client.connect())).toBe("fine");
    expect(bench.asked()).toEqual(["admit", "register", "login by device"]);
  });

  test("without the room password a known account comes in by its own", async () => {
    const bench = new Bench();
    bench.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    const credentials: Credentials = { user: "ana", mode: "either", password: "pw" };
    expect(await bench.code(bench.client({ credentials }).client.connect())).toBe("fine");
    expect(bench.asked()).toEqual(["login by password"]);
  });

  test("whoever can be asked is asked for the room password, then for their own", async () => {
    const bench = new Bench();
    const wanted: string[] = [];
    const ask = async (what: string) => {
      wanted.push(what);
      return what === "password" ? "mine" : wanted.length < 3 ? "wrong" : "sesame";
    };
    const credentials: Credentials = { user: "ana", mode: "either", ask };
    expect(await bench.code(bench.client({ credentials }).client.connect())).toBe("fine");
    expect(wanted).toEqual(["room-password", "room-password", "room-password", "password"]);
    expect(bench.server.accounts.get("ana")?.password).toBe("mine");
  });

  test.each([
    ["nothing at all", { user: "ana", mode: "either" }, "login-refused"],
    ["a wrong room password", { ...ANA, roomSecret: "x" }, "room-password-wrong"],
    [
      "a wrong one and a wrong own",
      { ...ANA, roomSecret: "x", password: "y" },
      "room-password-wrong",
    ],
    ["login of nobody", { ...ANA, mode: "login", password: "y" }, "login-refused"],
    ["register of somebody", { ...ANA, user: "bob", mode: "register" }, "name-taken"],
    [
      "register without the room password",
      { user: "eve", mode: "register" },
      "room-password-wrong",
    ],
    ["somebody else's name", { ...ANA, user: "bob", password: "y" }, "login-refused"],
    ["no name", { ...ANA, user: "12" }, "name-invalid"],
  ] as const)("%s: refused", async (_, credentials, code) => {
    const bench = new Bench();
    bench.server.accounts.set("bob", { user: "bob", password: "pw", devices: new Set() });
    const watched = bench.client({ credentials });
    expect(await bench.code(watched.client.connect())).toBe(code);
    await bench.clock.advance(10_000);
    expect(watched.kinds()).toEqual(["pinned", "closed"]);
    expect(watched.last("closed")?.fault?.code).toBe(code);
  });

  test("the remedy names both ways in", async () => {
    const bench = new Bench();
    const { client } = bench.client({ credentials: { user: "ana", mode: "either" } });
    const fault = await bench.outcome(client.connect());
    expect((fault as Fault).remedy).toContain("CHAT_PASSWORD");
    expect((fault as Fault).remedy).toContain("CHAT_ROOM_PASSWORD");
  });

  test("'not now' is waited out", async () => {
    const bench = new Bench();
    let refusals = 2;
    bench.server.mischief.onRequest = ({ kind }) =>
      kind === "register" && refusals-- > 0
        ? new Fault("too-fast", "wait", { retryAfterMs: 1_000 })
        : undefined;
    expect(await bench.code(bench.client().client.connect())).toBe("fine");
    expect(bench.clock.now()).toBeGreaterThanOrEqual(2_000);
  });

  test("nobody there, or nobody who answers", async () => {
    const bench = new Bench();
    await bench.outcome(bench.server.stop());
    expect(await bench.code(bench.client().client.connect())).toBe("unreachable");
    bench.server.start();
    bench.server.mischief.onRequest = () => "silent";
    const { client } = bench.client({ credentials: undefined });
    expect(await bench.code(client.connect())).toBe("fine");
    expect(client.user).toBeUndefined();
  });
});

describe("trust", () => {
  test("another identity stops everything, before a secret is sent", async () => {
    const bench = new Bench();
    await bench.outcome(bench.client().client.connect());
    const old = bench.server.identity.fingerprint;
    bench.server.identity = Identity.generate();
    bench.server.requests.length = 0;
    const fault = await bench.outcome(bench.client().client.connect());
    expect(fault).toMatchObject({ code: "fingerprint-changed", exitCode: 6 });
    expect((fault as Fault).message).toContain(old);
    expect((fault as Fault).message).toContain(bench.server.identity.fingerprint);
    expect(bench.server.requests).toEqual([]);
    expect(bench.state.pin(PINNED_ADDRESS)?.fingerprint).toBe(old);
  });

  test("it stops a reconnection too, for good", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.identity = Identity.generate();
    bench.network.cut();
    await bench.clock.advance(5_000);
    expect(watched.last("closed")?.fault?.code).toBe("fingerprint-changed");
  });

  test("what was given must fit, and fitting it is enough for the strict", async () => {
    const bench = new Bench();
    const other = Identity.generate().fingerprint;
    expect(await bench.code(bench.client({ fingerprint: other }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(await bench.code(bench.client({ strict: true }).client.connect())).toBe(
      "fingerprint-changed",
    );
    expect(bench.server.requests).toEqual([]);
    const { fingerprint } = bench.server.identity;
    expect(await bench.code(bench.client({ strict: true, fingerprint }).client.connect())).toBe(
      "fine",
    );
  });

  test.each(["proof", "certificate", "nonce"] as const)("a forged %s", async (field) => {
    const bench = new Bench();
    bench.server.mischief.onWelcome = (welcome) => ({
      ...welcome,
      [field]: welcome[field].map((byte) => byte ^ 1),
    });
    expect(await bench.code(bench.client().client.connect())).toBe("fingerprint-changed");
    expect(bench.server.requests).toEqual([]);
  });
});

describe("reading", () => {
  test("after a loss the rest comes, without double or hole", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.say({ text: "one" });
    await bench.clock.advance(0);
    bench.network.cut();
    bench.server.say({ text: "two" });
    await bench.clock.advance(1_000);
    bench.server.say({ text: "three" });
    await bench.clock.advance(0);
    expect(watched.texts()).toEqual(["one", "two", "three"]);
    expect(watched.kinds().filter((kind) => kind === "lost" || kind === "connected")).toEqual([
      "connected",
      "lost",
      "connected",
    ]);
  });

  test("the next run begins where this one ended", async () => {
    const bench = new Bench();
    const first = bench.client();
    await bench.outcome(first.client.connect());
    bench.server.say({ text: "one" });
    await bench.clock.advance(0);
    await bench.outcome(first.client.close());
    expect(first.kinds().at(-1)).toBe("closed");
    bench.server.say({ text: "two" });
    const second = bench.client();
    await bench.outcome(second.client.connect());
    await bench.clock.advance(0);
    expect(second.texts()).toEqual(["two"]);
  });

  test("what nobody took counts as unread", async () => {
    const bench = new Bench();
    const first = bench.client();
    await bench.outcome(first.client.connect());
    await bench.clock.advance(0);
    first.pause();
    for (const text of ["one", "two", "three"]) bench.server.say({ text });
    await bench.clock.advance(10_000);
    const second = bench.client();
    await bench.outcome(second.client.connect());
    await bench.clock.advance(0);
    expect(second.texts()).toEqual(["one", "two", "three"]);
  });

  test("live: only what happens from now on, and nothing is remembered", async () => {
    const bench = new Bench();
    bench.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    bench.server.say({ text: "old" });
    const credentials: Credentials = { user: "ana", mode: "login", password: "pw" };
    const watched = bench.client({ follow: "live", credentials });
    await bench.outcome(watched.client.connect());
    bench.server.say({ text: "new" });
    await bench.clock.advance(0);
    bench.network.cut();
    bench.server.say({ text: "newer" });
    await bench.clock.advance(1_000);
    expect(watched.texts()).toEqual(["new", "newer"]);
    expect(bench.state.cursor(bench.server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("none: no records at all", async () => {
    const bench = new Bench();
    const watched = bench.client({ follow: "none" });
    await bench.outcome(watched.client.connect());
    bench.server.say({ text: "new" });
    await bench.clock.advance(0);
    expect(watched.kinds()).toEqual(["pinned", "connected", "caught-up"]);
  });

  test("a body that nobody committed to is shown as damaged", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.mischief.onRecord = ({ notice }) => ({
      ...notice,
      body: new TextEncoder().encode('{"text":"forged"}'),
    });
    bench.server.say({ text: "true" });
    await bench.clock.advance(0);
    expect(watched.last("record")?.record).toMatchObject({ state: "damaged", body: undefined });
  });

  test("a hole is asked for once more; if it stays, that is the end", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.mischief.onRecord = (stored) => (stored.n === 2 ? undefined : stored.notice);
    for (const text of ["one", "two", "three"]) bench.server.say({ text });
    await bench.clock.advance(5_000);
    expect(watched.kinds().slice(-2)).toEqual(["lost", "closed"]);
    expect(watched.last("closed")?.fault).toMatchObject({ code: "log-corrupt", exitCode: 6 });
  });

  test("a hole that was an accident heals", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.mischief.onRecord = (stored) => (stored.n === 2 ? undefined : stored.notice);
    bench.server.say({ text: "one" });
    bench.server.say({ text: "two" });
    bench.server.say({ text: "three" });
    bench.server.mischief.onRecord = undefined;
    await bench.clock.advance(5_000);
    expect(watched.texts()).toEqual(["one", "two", "three"]);
    expect(watched.last("closed")).toBeUndefined();
  });

  test("a reader that stalls loses the link, not the memory nor a record", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    await bench.clock.advance(0);
    const goOn = watched.pause();
    const count = EVENTS_BUFFERED_MAX + 3_000;
    for (let i = 1; i <= count; i++) {
      bench.server.say({ text: `${i}` });
      if (i % 1_000 === 0) await bench.clock.advance(0);
    }
    await bench.clock.advance(60_000);
    expect(watched.client.isConnected).toBe(false);
    goOn();
    await bench.clock.advance(60_000);
    expect(watched.texts()).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}`));
  });
});

describe("writing", () => {
  test("what is written while the link is away arrives once, in order", async () => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    const posts = [client.post("lobby", { text: "1" })];
    await bench.clock.advance(0);
    bench.network.cut();
    for (const text of ["2", "3"]) posts.push(client.post("lobby", { text }));
    await bench.clock.advance(1_000);
    posts.push(client.post("lobby", { text: "4" }));
    await bench.outcome(client.drain());
    expect((await Promise.all(posts)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(bench.server.texts()).toEqual(["1", "2", "3", "4"]);
  });

  test("an acknowledgement that was lost is told by the repeat", async () => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    const post = client.post("lobby", { text: "once" });
    while (bench.server.records.length === 0) await bench.clock.advance(0);
    bench.network.cut();
    expect(await bench.outcome(post)).toMatchObject({ seq: 1, n: 1 });
    expect(bench.server.texts()).toEqual(["once"]);
  });

  test("a refusal is the post's own", async () => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    bench.server.mischief.onRequest = (request) =>
      request.kind === "post" && request.to === "nowhere"
        ? new Fault("room-unknown", "no such room")
        : undefined;
    const refused = client.post("nowhere", { text: "1" });
    const taken = client.post("lobby", { text: "2" });
    expect(await bench.code(refused)).toBe("room-unknown");
    expect(await bench.code(taken)).toBe("fine");
  });

  test("closing refuses what is not confirmed", async () => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    bench.server.mischief.onRequest = () => "silent";
    const post = bench.code(client.post("lobby", { text: "1" }));
    await bench.outcome(client.close());
    expect(await post).toBe("interrupted");
    expect(await bench.code(client.post("lobby", { text: "2" }))).toBe("interrupted");
    await bench.outcome(client.drain());
  });
});

describe("a link's life", () => {
  test("a server away for an hour is found again", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    const stopped = bench.server.stop();
    await bench.clock.advance(3_600_000);
    await stopped;
    expect(watched.kinds().filter((kind) => kind === "retrying").length).toBeGreaterThan(50);
    bench.server.start();
    await bench.clock.advance(61_000);
    expect(watched.kinds().at(-1)).toBe("caught-up");
  });

  test("reconnect: false ends with the loss", async () => {
    const bench = new Bench();
    const watched = bench.client({ reconnect: false });
    await bench.outcome(watched.client.connect());
    bench.network.cut();
    await bench.clock.advance(100_000);
    expect(watched.last("closed")?.fault?.code).toBe("link-closed");
    expect(watched.kinds()).not.toContain("lost");
  });

  test("a password that changed meanwhile ends it", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.accounts.get("ana")?.devices.clear();
    bench.network.cut();
    await bench.clock.advance(5_000);
    expect(watched.last("closed")?.fault?.code).toBe("login-refused");
  });

  test("log out, be somebody else, come back: on one link", async () => {
    const bench = new Bench();
    const watched = bench.client();
    const { client } = watched;
    await bench.outcome(client.connect());
    expect(await bench.code(client.login({ ...ANA, user: "eve" }))).toBe("already-logged-in");
    await bench.outcome(client.logout());
    expect(client.user).toBeUndefined();
    expect(await bench.code(client.post("lobby", { text: "?" }))).toBe("not-logged-in");
    expect(await bench.code(client.login({ user: "eve", mode: "login", password: "x" }))).toBe(
      "login-refused",
    );
    expect(await bench.code(client.login({ ...ANA, user: "eve", mode: "register" }))).toBe("fine");
    expect(await bench.outcome(client.post("lobby", { text: "eve" }))).toMatchObject({ seq: 1 });
    expect(watched.last("connected")?.user).toBe("eve");
    expect(watched.kinds()).not.toContain("lost");
  });

  test("logged out and lost: it comes back without logging in", async () => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    await bench.outcome(client.logout(true));
    bench.server.requests.length = 0;
    bench.network.cut();
    await bench.clock.advance(5_000);
    expect(client.isConnected).toBe(true);
    expect(client.user).toBeUndefined();
    expect(bench.server.requests).toEqual([]);
    expect(bench.state.enrolment(bench.server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("a dead link is noticed by its silence", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    const release: (() => void)[] = [];
    bench.network.cut((end) => {
      release.push(end.other.stall(), end.stall());
      return false;
    });
    await bench.clock.advance(46_000);
    expect(watched.last("lost")?.fault.code).toBe("timeout");
    for (const go of release) go();
    await bench.clock.advance(5_000);
    expect(watched.kinds().at(-1)).toBe("caught-up");
  });

  test("closing while it dials ends the attempt", async () => {
    const bench = new Bench();
    const watched = bench.client();
    const connecting = bench.code(watched.client.connect());
    await bench.outcome(watched.client.close());
    expect(await connecting).toBe("interrupted");
    expect(watched.kinds()).toEqual(["closed"]);
  });
});
