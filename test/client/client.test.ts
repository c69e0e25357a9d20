import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { SILENCE_MAX_MS } from "../../src/base/limits.ts";
import { EVENTS_BUFFERED_MAX } from "../../src/client/event-buffer.ts";
import type { Credentials } from "../../src/client/login.ts";
import { ANA, Bench } from "./bench.ts";

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
    bench.network.cut();
    await bench.clock.advance(5_000);
    expect(watched.kinds().filter((kind) => kind === "lost")).toEqual(["lost"]);
    expect(watched.last("connected")?.user).toBe("eve");
  });

  test.each([
    ["is refused", undefined, "not-logged-in", []],
    ["goes on when the farewell is refused", "last-credential", "fine", ["late"]],
  ] as const)("what is said behind the farewell %s", async (_, refusal, code, texts) => {
    const bench = new Bench();
    const { client } = bench.client();
    await bench.outcome(client.connect());
    const late: Promise<string>[] = [];
    bench.server.mischief.onRequest = ({ kind }) => {
      if (kind !== "logout") return undefined;
      const post = client.post("lobby", { text: "late" });
      late.push(post.then(() => "fine").catch((fault: Fault) => fault.code));
      return refusal === undefined ? undefined : new Fault(refusal, "no");
    };
    expect(await bench.code(client.logout())).toBe(refusal ?? "fine");
    await bench.clock.advance(1_000);
    expect(await Promise.all(late)).toEqual([code]);
    expect(bench.server.texts()).toEqual([...texts]);
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

  test.each([1_000, SILENCE_MAX_MS + 1_000, 86_400_000])(
    "a machine that slept for %i ms goes on: what was written arrives once",
    async (sleptMs) => {
      const bench = new Bench();
      const watched = bench.client();
      await bench.outcome(watched.client.connect());
      const posts = [watched.client.post("lobby", { text: "before" })];
      await bench.clock.jump(sleptMs);
      posts.push(watched.client.post("lobby", { text: "after" }));
      await bench.clock.advance(5_000);
      expect(await Promise.all(posts.map((post) => bench.outcome(post)))).toMatchObject([
        { seq: 1 },
        { seq: 2 },
      ]);
      expect(bench.server.texts()).toEqual(["before", "after"]);
      expect(watched.texts()).toEqual(["before", "after"]);
      const lost = watched.kinds().filter((kind) => kind === "lost");
      expect(lost.length).toBeLessThanOrEqual(sleptMs > SILENCE_MAX_MS ? 1 : 0);
    },
  );

  test("closing while it dials ends the attempt", async () => {
    const bench = new Bench();
    const watched = bench.client();
    const connecting = bench.code(watched.client.connect());
    await bench.outcome(watched.client.close());
    expect(await connecting).toBe("interrupted");
    expect(watched.kinds()).toEqual(["closed"]);
  });
});

test("closed while it is dialling, it enters nowhere", async () => {
  const bench = new Bench();
  const { client } = bench.client();
  const connected = client.connect();
  await client.close();
  expect(await bench.code(connected)).toBe("interrupted");
  expect(bench.asked()).toEqual([]);
});
