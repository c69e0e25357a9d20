import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { EVENTS_BUFFERED_MAX, SILENCE_MAX_MS } from "../../src/base/limits.ts";
import type { Credentials } from "../../src/client/login.ts";
import { ANA, ClientFixture } from "./client-fixture.ts";

describe("reading", () => {
  test("after a loss the rest comes, without double or hole", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.say({ text: "one" });
    await fixture.clock.advance(0);
    fixture.network.cut();
    fixture.server.say({ text: "two" });
    await fixture.clock.advance(1_000);
    fixture.server.say({ text: "three" });
    await fixture.clock.advance(0);
    expect(watched.texts()).toEqual(["one", "two", "three"]);
    expect(watched.kinds().filter((kind) => kind === "lost" || kind === "connected")).toEqual([
      "connected",
      "lost",
      "connected",
    ]);
  });

  test("the next run begins where this one ended", async () => {
    const fixture = new ClientFixture();
    const first = fixture.client();
    await fixture.outcome(first.client.connect());
    fixture.server.say({ text: "one" });
    await fixture.clock.advance(0);
    await fixture.outcome(first.client.close());
    expect(first.kinds().at(-1)).toBe("closed");
    fixture.server.say({ text: "two" });
    const second = fixture.client();
    await fixture.outcome(second.client.connect());
    await fixture.clock.advance(0);
    expect(second.texts()).toEqual(["two"]);
  });

  test("what nobody took counts as unread", async () => {
    const fixture = new ClientFixture();
    const first = fixture.client();
    await fixture.outcome(first.client.connect());
    await fixture.clock.advance(0);
    first.pause();
    for (const text of ["one", "two", "three"]) fixture.server.say({ text });
    await fixture.clock.advance(10_000);
    const second = fixture.client();
    await fixture.outcome(second.client.connect());
    await fixture.clock.advance(0);
    expect(second.texts()).toEqual(["one", "two", "three"]);
  });

  test("live: only what happens from now on, and nothing is remembered", async () => {
    const fixture = new ClientFixture();
    fixture.server.accounts.set("ana", { user: "ana", password: "pw", devices: new Set() });
    fixture.server.say({ text: "old" });
    const credentials: Credentials = { user: "ana", mode: "login", password: "pw" };
    const watched = fixture.client({ follow: "live", credentials });
    await fixture.outcome(watched.client.connect());
    fixture.server.say({ text: "new" });
    await fixture.clock.advance(0);
    fixture.network.cut();
    fixture.server.say({ text: "newer" });
    await fixture.clock.advance(1_000);
    expect(watched.texts()).toEqual(["new", "newer"]);
    expect(fixture.state.cursor(fixture.server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("none: no records at all", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client({ follow: "none" });
    await fixture.outcome(watched.client.connect());
    fixture.server.say({ text: "new" });
    await fixture.clock.advance(0);
    expect(watched.kinds()).toEqual(["pinned", "connected", "caught-up"]);
  });

  test("a body that nobody committed to is shown as damaged", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.mischief.onRecord = ({ notice }) => ({
      ...notice,
      body: new TextEncoder().encode('{"text":"forged"}'),
    });
    fixture.server.say({ text: "true" });
    await fixture.clock.advance(0);
    expect(watched.last("record")?.record).toMatchObject({ state: "damaged", body: undefined });
  });

  test("a hole is asked for once more; if it stays, that is the end", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.mischief.onRecord = (stored) => (stored.n === 2 ? undefined : stored.notice);
    for (const text of ["one", "two", "three"]) fixture.server.say({ text });
    await fixture.clock.advance(5_000);
    expect(watched.kinds().slice(-2)).toEqual(["lost", "closed"]);
    expect(watched.last("closed")?.fault).toMatchObject({ code: "log-corrupt", exitCode: 6 });
  });

  test("a hole that was an accident heals", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.mischief.onRecord = (stored) => (stored.n === 2 ? undefined : stored.notice);
    fixture.server.say({ text: "one" });
    fixture.server.say({ text: "two" });
    fixture.server.say({ text: "three" });
    fixture.server.mischief.onRecord = undefined;
    await fixture.clock.advance(5_000);
    expect(watched.texts()).toEqual(["one", "two", "three"]);
    expect(watched.last("closed")).toBeUndefined();
  });

  test("a reader that stalls loses the link, not the memory nor a record", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    await fixture.clock.advance(0);
    const goOn = watched.pause();
    const count = EVENTS_BUFFERED_MAX + 3_000;
    for (let i = 1; i <= count; i++) {
      fixture.server.say({ text: `${i}` });
      if (i % 1_000 === 0) await fixture.clock.advance(0);
    }
    await fixture.clock.advance(60_000);
    expect(watched.client.isConnected).toBe(false);
    goOn();
    await fixture.clock.advance(60_000);
    expect(watched.texts()).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}`));
  });
});

describe("writing", () => {
  test("what is written while the link is away arrives once, in order", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    const posts = [client.post("lobby", { text: "1" })];
    await fixture.clock.advance(0);
    fixture.network.cut();
    for (const text of ["2", "3"]) posts.push(client.post("lobby", { text }));
    await fixture.clock.advance(1_000);
    posts.push(client.post("lobby", { text: "4" }));
    await fixture.outcome(client.drain());
    expect((await Promise.all(posts)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(fixture.server.texts()).toEqual(["1", "2", "3", "4"]);
  });

  test("an acknowledgement that was lost is told by the repeat", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    const post = client.post("lobby", { text: "once" });
    while (fixture.server.records.length === 0) await fixture.clock.advance(0);
    fixture.network.cut();
    expect(await fixture.outcome(post)).toMatchObject({ seq: 1, n: 1 });
    expect(fixture.server.texts()).toEqual(["once"]);
  });

  test("a refusal is the post's own", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    fixture.server.mischief.onRequest = (request) =>
      request.kind === "post" && request.to === "nowhere"
        ? new Fault("room-unknown", "no such room")
        : undefined;
    const refused = client.post("nowhere", { text: "1" });
    const taken = client.post("lobby", { text: "2" });
    expect(await fixture.code(refused)).toBe("room-unknown");
    expect(await fixture.code(taken)).toBe("fine");
  });

  test("closing refuses what is not confirmed", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    fixture.server.mischief.onRequest = () => "silent";
    const post = fixture.code(client.post("lobby", { text: "1" }));
    await fixture.outcome(client.close());
    expect(await post).toBe("interrupted");
    expect(await fixture.code(client.post("lobby", { text: "2" }))).toBe("interrupted");
    await fixture.outcome(client.drain());
  });
});

describe("a link's life", () => {
  test("a server away for an hour is found again", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    const stopped = fixture.server.stop();
    await fixture.clock.advance(3_600_000);
    await stopped;
    expect(watched.kinds().filter((kind) => kind === "retrying").length).toBeGreaterThan(50);
    fixture.server.start();
    await fixture.clock.advance(61_000);
    expect(watched.kinds().at(-1)).toBe("caught-up");
  });

  test("reconnect: false ends with the loss", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client({ reconnect: false });
    await fixture.outcome(watched.client.connect());
    fixture.network.cut();
    await fixture.clock.advance(100_000);
    expect(watched.last("closed")?.fault?.code).toBe("link-closed");
    expect(watched.kinds()).not.toContain("lost");
  });

  test("a password that changed meanwhile ends it", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.accounts.get("ana")?.devices.clear();
    fixture.network.cut();
    await fixture.clock.advance(5_000);
    expect(watched.last("closed")?.fault?.code).toBe("login-refused");
  });

  test("log out, be somebody else, come back: on one link", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    const { client } = watched;
    await fixture.outcome(client.connect());
    expect(await fixture.code(client.login({ ...ANA, user: "eve" }))).toBe("already-logged-in");
    await fixture.outcome(client.logout());
    expect(client.user).toBeUndefined();
    expect(await fixture.code(client.post("lobby", { text: "?" }))).toBe("not-logged-in");
    expect(await fixture.code(client.login({ user: "eve", mode: "login", password: "x" }))).toBe(
      "login-refused",
    );
    expect(await fixture.code(client.login({ ...ANA, user: "eve", mode: "register" }))).toBe(
      "fine",
    );
    expect(await fixture.outcome(client.post("lobby", { text: "eve" }))).toMatchObject({ seq: 1 });
    expect(watched.last("connected")?.user).toBe("eve");
    expect(watched.kinds()).not.toContain("lost");
    fixture.network.cut();
    await fixture.clock.advance(5_000);
    expect(watched.kinds().filter((kind) => kind === "lost")).toEqual(["lost"]);
    expect(watched.last("connected")?.user).toBe("eve");
  });

  test.each([
    ["is refused", undefined, "not-logged-in", []],
    ["goes on when the farewell is refused", "last-credential", "fine", ["late"]],
  ] as const)("what is said behind the farewell %s", async (_, refusal, code, texts) => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    const late: Promise<string>[] = [];
    fixture.server.mischief.onRequest = ({ kind }) => {
      if (kind !== "logout") return undefined;
      const post = client.post("lobby", { text: "late" });
      late.push(post.then(() => "fine").catch((fault: Fault) => fault.code));
      return refusal === undefined ? undefined : new Fault(refusal, "no");
    };
    expect(await fixture.code(client.logout())).toBe(refusal ?? "fine");
    await fixture.clock.advance(1_000);
    expect(await Promise.all(late)).toEqual([code]);
    expect(fixture.server.texts()).toEqual([...texts]);
  });

  test("logged out and lost: it comes back without logging in", async () => {
    const fixture = new ClientFixture();
    const { client } = fixture.client();
    await fixture.outcome(client.connect());
    await fixture.outcome(client.logout(true));
    fixture.server.requests.length = 0;
    fixture.network.cut();
    await fixture.clock.advance(5_000);
    expect(client.isConnected).toBe(true);
    expect(client.user).toBeUndefined();
    expect(fixture.server.requests).toEqual([]);
    expect(fixture.state.enrolment(fixture.server.identity.fingerprint, "ana")).toBeUndefined();
  });

  test("a dead link is noticed by its silence", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    const release: (() => void)[] = [];
    fixture.network.cut((end) => {
      release.push(end.other.stall(), end.stall());
      return false;
    });
    await fixture.clock.advance(46_000);
    expect(watched.last("lost")?.fault.code).toBe("timeout");
    for (const go of release) go();
    await fixture.clock.advance(5_000);
    expect(watched.kinds().at(-1)).toBe("caught-up");
  });

  test.each([1_000, SILENCE_MAX_MS + 1_000, 86_400_000])(
    "a machine that slept for %i ms goes on: what was written arrives once",
    async (sleptMs) => {
      const fixture = new ClientFixture();
      const watched = fixture.client();
      await fixture.outcome(watched.client.connect());
      const posts = [watched.client.post("lobby", { text: "before" })];
      await fixture.clock.jump(sleptMs);
      posts.push(watched.client.post("lobby", { text: "after" }));
      await fixture.clock.advance(5_000);
      expect(await Promise.all(posts.map((post) => fixture.outcome(post)))).toMatchObject([
        { seq: 1 },
        { seq: 2 },
      ]);
      expect(fixture.server.texts()).toEqual(["before", "after"]);
      expect(watched.texts()).toEqual(["before", "after"]);
      const lost = watched.kinds().filter((kind) => kind === "lost");
      expect(lost.length).toBeLessThanOrEqual(sleptMs > SILENCE_MAX_MS ? 1 : 0);
    },
  );

  test("closing while it dials ends the attempt", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    const connecting = fixture.code(watched.client.connect());
    await fixture.outcome(watched.client.close());
    expect(await connecting).toBe("interrupted");
    expect(watched.kinds()).toEqual(["closed"]);
  });
});

test("closed while it is dialling, it enters nowhere", async () => {
  const fixture = new ClientFixture();
  const { client } = fixture.client();
  const connected = client.connect();
  await client.close();
  expect(await fixture.code(connected)).toBe("interrupted");
  expect(fixture.asked()).toEqual([]);
});
