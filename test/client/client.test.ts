import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  ANSWER_TIMEOUT_MS,
  EVENTS_BUFFERED_MAX,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
} from "../../src/base/limits.ts";
import { ANA, connected } from "./client-fixture.ts";

describe("reading", () => {
  test("continues after a lost link without repeats or gaps", async () => {
    const { fixture, watched, server, clock } = await connected();
    server.addRecord({ text: "one" });
    await clock.advance(0);
    fixture.network.cut();
    server.addRecord({ text: "two" });
    await clock.advance(1_000);
    server.addRecord({ text: "three" });
    await clock.advance(0);
    expect(watched.texts()).toEqual(["one", "two", "three"]);
    const links = watched.kinds().filter((kind) => kind === "lost" || kind === "connected");
    expect(links).toEqual(["connected", "lost", "connected"]);
  });

  test("counts events that the reader has not requested as unread", async () => {
    const { fixture, watched: first, server, clock } = await connected();
    await clock.advance(0);
    first.pause();
    for (const text of ["one", "two", "three"]) server.addRecord({ text });
    await clock.advance(10_000);
    const second = await fixture.connect();
    await clock.advance(0);
    expect(second.texts()).toEqual(["one", "two", "three"]);
  });

  test("marks a body that does not match its commitment as damaged", async () => {
    const { watched, server, clock } = await connected();
    const body = new TextEncoder().encode('{"text":"forged"}');
    server.misbehaviour.onRecord = ({ record }) => ({ ...record, body });
    server.addRecord({ text: "true" });
    await clock.advance(0);
    expect(watched.last("record")?.record).toMatchObject({ state: "damaged", body: undefined });
  });

  test.each(["heals", "stays"])("requests records once more after a gap that %s", async (how) => {
    const { watched, server, clock } = await connected();
    server.misbehaviour.onRecord = (stored) => (stored.n === 2 ? undefined : stored.record);
    for (const text of ["one", "two", "three"]) server.addRecord({ text });
    if (how === "heals") server.misbehaviour.onRecord = undefined;
    await clock.advance(5_000);
    if (how === "heals") {
      expect(watched.texts()).toEqual(["one", "two", "three"]);
      expect(watched.last("closed")).toBeUndefined();
    } else {
      expect(watched.kinds().slice(-2)).toEqual(["lost", "closed"]);
      expect(watched.last("closed")?.fault).toMatchObject({ code: "log-corrupt", exitCode: 6 });
    }
  });

  test("drops the link while its reader stalls, without losing records", async () => {
    const { watched, client, server, clock } = await connected();
    await clock.advance(0);
    const resume = watched.pause();
    const texts = Array.from({ length: EVENTS_BUFFERED_MAX + 3_000 }, (_, i) => `${i + 1}`);
    for (const [i, text] of texts.entries()) {
      server.addRecord({ text });
      if (i % 1_000 === 999) await clock.advance(0);
    }
    await clock.advance(60_000);
    expect(client.isConnected).toBe(false);
    resume();
    await clock.advance(60_000);
    expect(watched.texts()).toEqual(texts);
    const links = ["connected", "caught-up", "lost", "connected", "caught-up"] as const;
    expect(watched.kinds().filter((kind) => kind !== "record")).toEqual(["pinned", ...links]);
  });
});

describe("a post", () => {
  test("is sent once and in order if it was written without a link", async () => {
    const { fixture, client, server, clock } = await connected();
    const posts = [client.post("lobby", { text: "1" })];
    await clock.advance(0);
    fixture.network.cut();
    for (const text of ["2", "3"]) posts.push(client.post("lobby", { text }));
    await clock.advance(1_000);
    posts.push(client.post("lobby", { text: "4" }));
    await fixture.outcome(client.drain());
    expect((await Promise.all(posts)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(server.texts()).toEqual(["1", "2", "3", "4"]);
  });

  test("is resent after a lost answer, and recorded once", async () => {
    const { fixture, client, server, clock } = await connected();
    const post = client.post("lobby", { text: "once" });
    while (server.records.length === 0) await clock.advance(0);
    fixture.network.cut();
    expect(await fixture.outcome(post)).toMatchObject({ seq: 1, n: 1 });
    expect(server.texts()).toEqual(["once"]);
  });

  test("is interrupted by the end of the client, and sent by the next run", async () => {
    const { fixture, client, server } = await connected();
    server.misbehaviour.onRequest = () => "silent";
    const post = fixture.code(client.post("lobby", { text: "1" }));
    await fixture.outcome(client.close());
    expect(await post).toBe("interrupted");
    expect(await fixture.code(client.post("lobby", { text: "2" }))).toBe("interrupted");
    await fixture.outcome(client.drain());
    server.misbehaviour = {};
    for (const options of [{ credentials: { ...ANA, user: "ben" } }, { adoptsUnsent: false }]) {
      const other = await fixture.connect(options);
      await fixture.outcome(other.client.drain());
      expect(server.texts()).toEqual([]);
      await fixture.outcome(other.client.close());
    }
    const next = await fixture.connect();
    await fixture.outcome(next.client.drain());
    expect(server.texts()).toEqual(["1"]);
    const outcome = { kind: "durable", receipt: { seq: 1 } };
    const adopted = { to: "lobby", body: { text: "1" } };
    expect(next.last("settled")).toMatchObject({ adopted, outcome });
  });
});

describe("a client", () => {
  test.each([{ isOneShot: true }, { limitsAnswers: true }])(
    "limits the wait for each answer, with %j",
    async (options) => {
      const { client, server, clock, fixture } = await connected(options);
      server.misbehaviour.onRequest = () => "silent";
      const asked = fixture.code(client.request("rooms", {}));
      await clock.advance(ANSWER_TIMEOUT_MS);
      expect(await asked).toBe("timeout");
    },
  );

  test("of a command that takes long stays connected", async () => {
    const { clock, watched } = await connected({ isOneShot: true, follow: "none" });
    await clock.advance(2 * LOGIN_TIMEOUT_MS);
    expect(watched.kinds()).not.toContain("lost");
  });

  test("logs out and in as another user on one link", async () => {
    const { fixture, watched, client, clock } = await connected();
    const eve = { ...ANA, user: "eve" };
    expect(await fixture.code(client.login(eve))).toBe("already-logged-in");
    await fixture.outcome(client.logout());
    expect(client.user).toBeUndefined();
    expect(await fixture.code(client.post("lobby", { text: "?" }))).toBe("not-logged-in");
    const wrong = client.login({ user: "eve", mode: "login", password: "x" });
    expect(await fixture.code(wrong)).toBe("login-refused");
    expect(await fixture.code(client.login({ ...eve, mode: "register" }))).toBe("fine");
    expect(await fixture.outcome(client.post("lobby", { text: "eve" }))).toMatchObject({ seq: 1 });
    expect(watched.last("connected")?.user).toBe("eve");
    expect(watched.kinds()).not.toContain("lost");
    fixture.network.cut();
    await clock.advance(5_000);
    expect(watched.kinds().filter((kind) => kind === "lost")).toEqual(["lost"]);
    expect(watched.last("connected")?.user).toBe("eve");
  });

  test("sends a post after a refused log-out", async () => {
    const { fixture, client, server, clock } = await connected();
    server.misbehaviour.onRequest = ({ kind }) => {
      if (kind !== "logout") return undefined;
      void client.post("lobby", { text: "late" });
      return new Fault("last-credential", "no");
    };
    expect(await fixture.code(client.logout())).toBe("last-credential");
    await clock.advance(1_000);
    expect(server.texts()).toEqual(["late"]);
  });

  test("detects a dead link", async () => {
    const { fixture, watched, clock } = await connected();
    const release: (() => void)[] = [];
    fixture.network.cut((end) => {
      release.push(end.peer.stall(), end.stall());
      return false;
    });
    await clock.advance(46_000);
    expect(watched.last("lost")?.fault.code).toBe("timeout");
    for (const go of release) go();
    await clock.advance(5_000);
    expect(watched.kinds().at(-1)).toBe("caught-up");
  });

  test.each([1_000, IDLE_TIMEOUT_MS + 1_000, 86_400_000])(
    "sends each post once after its machine slept for %i ms",
    async (sleptMs) => {
      const { fixture, watched, client, server, clock } = await connected();
      const posts = [client.post("lobby", { text: "before" })];
      await clock.jump(sleptMs);
      posts.push(client.post("lobby", { text: "after" }));
      await clock.advance(5_000);
      const receipts = await Promise.all(posts.map((post) => fixture.outcome(post)));
      expect(receipts).toMatchObject([{ seq: 1 }, { seq: 2 }]);
      expect(server.texts()).toEqual(["before", "after"]);
      expect(watched.texts()).toEqual(["before", "after"]);
      const lost = watched.kinds().filter((kind) => kind === "lost");
      expect(lost.length).toBeLessThanOrEqual(sleptMs > IDLE_TIMEOUT_MS ? 1 : 0);
    },
  );
});
