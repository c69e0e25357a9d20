import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { OUTBOX_KEEP_MS } from "../../src/base/limits.ts";
import { ANA, ClientFixture } from "./client-fixture.ts";

/** A client that is logged in and has lost its link: what its user writes waits. */
async function offline(): Promise<{
  fixture: ClientFixture;
  watched: ReturnType<ClientFixture["client"]>;
}> {
  const fixture = new ClientFixture();
  const watched = fixture.client();
  await fixture.outcome(watched.client.connect());
  await fixture.outcome(fixture.server.stop());
  fixture.network.cut();
  await fixture.clock.advance(10);
  return { fixture, watched };
}

const swallow = (promise: Promise<unknown>) => promise.catch(() => undefined);

describe("words that wait on disk", () => {
  test("typed while offline, they go out with the next run, and are told there", async () => {
    const { fixture, watched } = await offline();
    const posts = ["one", "two"].map((text) => watched.client.post("lobby", { text }));
    const codes = Promise.all(posts.map((post) => fixture.code(post)));
    await fixture.clock.advance(10);
    await fixture.outcome(watched.client.close());
    expect(await codes).toEqual(["interrupted", "interrupted"]);
    fixture.server.start();
    const next = fixture.client();
    await fixture.outcome(next.client.connect());
    await fixture.outcome(next.client.drain());
    expect(fixture.server.texts()).toEqual(["one", "two"]);
    const adopted = next.events.filter((event) => event.kind === "adopted");
    expect(adopted).toMatchObject([
      { target: "lobby", text: "one", outcome: { kind: "durable", receipt: { seq: 1 } } },
      { target: "lobby", text: "two", outcome: { kind: "durable", receipt: { seq: 2 } } },
    ]);
  });

  test("of a process that ended by force go first, under their own counters", async () => {
    const { fixture, watched } = await offline();
    for (const text of ["one", "two"]) void swallow(watched.client.post("lobby", { text }));
    await fixture.clock.advance(10);
    fixture.state.outboxes.close(); // As the system does for a process that is gone.
    fixture.server.start();
    const next = fixture.client();
    await fixture.outcome(next.client.connect());
    void next.client.post("lobby", { text: "three" });
    await fixture.outcome(next.client.drain());
    expect(fixture.server.texts()).toEqual(["one", "two", "three"]);
    const posts = fixture.server.requests.filter((request) => request.kind === "post");
    expect(posts.map(({ counter }) => counter)).toEqual([1, 2, 1]);
    expect(posts[0]?.outbox).toBe(posts[1]?.outbox);
    expect(posts[2]?.outbox).not.toBe(posts[1]?.outbox);
  });

  test("recorded, but never confirmed, they are not said twice", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    fixture.server.mischief.onRequest = (request) => {
      if (request.kind !== "post") return undefined;
      fixture.server.post("ana", request);
      return "silent";
    };
    void swallow(watched.client.post("lobby", { text: "once" }));
    await fixture.clock.advance(10);
    expect(fixture.server.texts()).toEqual(["once"]);
    fixture.state.outboxes.close();
    fixture.server.mischief = {};
    const next = fixture.client();
    await fixture.outcome(next.client.connect());
    await fixture.outcome(next.client.drain());
    expect(fixture.server.texts()).toEqual(["once"]);
    expect(next.last("adopted")?.outcome).toMatchObject({ kind: "durable", receipt: { seq: 1 } });
  });

  test("refused for good, they are told and gone", async () => {
    const { fixture, watched } = await offline();
    void swallow(watched.client.post("nowhere", { text: "lost" }));
    await fixture.clock.advance(10);
    await fixture.outcome(watched.client.close());
    fixture.server.start();
    fixture.server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("room-unknown", "there is no room") : undefined;
    for (const expected of ["room-unknown", undefined]) {
      const next = fixture.client();
      await fixture.outcome(next.client.connect());
      await fixture.outcome(next.client.drain());
      const outcome = next.last("adopted")?.outcome;
      expect(outcome?.kind === "refused" ? outcome.fault.code : undefined).toBe(expected as never);
      await fixture.outcome(next.client.close());
    }
  });

  test("of somebody else, or for a run that does not wait for them, stay", async () => {
    const { fixture, watched } = await offline();
    void swallow(watched.client.post("lobby", { text: "mine" }));
    await fixture.clock.advance(10);
    await fixture.outcome(watched.client.close());
    fixture.server.start();
    const ben = { ...ANA, user: "ben" };
    for (const options of [{ credentials: ben }, { adopt: false }]) {
      const other = fixture.client(options);
      await fixture.outcome(other.client.connect());
      await fixture.outcome(other.client.drain());
      expect(fixture.server.texts()).toEqual([]);
      await fixture.outcome(other.client.close());
    }
    await fixture.outcome(fixture.client().client.connect());
    await fixture.clock.advance(10);
    expect(fixture.server.texts()).toEqual(["mine"]);
  });

  test("older than the server's memory they are not sent, but told", async () => {
    const { fixture, watched } = await offline();
    void swallow(watched.client.post("lobby", { text: "old" }));
    await fixture.clock.advance(10);
    await fixture.outcome(watched.client.close());
    await fixture.clock.advance(OUTBOX_KEEP_MS);
    fixture.server.start();
    const next = fixture.client();
    await fixture.outcome(next.client.connect());
    void next.client.post("lobby", { text: "new" });
    await fixture.outcome(next.client.drain());
    expect(fixture.server.texts()).toEqual(["new"]);
    expect(next.last("adopted")).toMatchObject({ text: "old", outcome: { kind: "refused" } });
  });

  test("a disk that takes nothing: they are refused, and not sent", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    const { write } = fixture.state.outboxes;
    fixture.state.outboxes.write = () => {
      throw new Fault("store-full", "no space");
    };
    expect(await fixture.code(watched.client.post("lobby", { text: "lost" }))).toBe("store-full");
    fixture.state.outboxes.write = write.bind(fixture.state.outboxes);
    expect(await fixture.code(watched.client.post("lobby", { text: "kept" }))).toBe("fine");
    expect(fixture.server.texts()).toEqual(["kept"]);
  });

  test("nothing is sent before it is on disk; one tick is one write", async () => {
    const fixture = new ClientFixture();
    const watched = fixture.client();
    await fixture.outcome(watched.client.connect());
    const happened: string[] = [];
    const write = fixture.state.outboxes.write.bind(fixture.state.outboxes);
    fixture.state.outboxes.write = (id, change) => {
      if (change.added.length > 0) happened.push(`write ${change.added.length}`);
      write(id, change);
    };
    fixture.server.mischief.onRequest = ({ kind }) => {
      happened.push(kind);
      return undefined;
    };
    const posts = ["one", "two", "three"].map((text) => watched.client.post("lobby", { text }));
    await fixture.outcome(Promise.all(posts));
    expect(happened).toEqual(["write 3", "post", "post", "post"]);
  });
});
