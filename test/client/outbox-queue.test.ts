import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { OUTBOX_KEEP_MS } from "../../src/base/limits.ts";
import { ANA, Bench } from "./bench.ts";

/** A bench with somebody who is in, and whose link is gone: what they write waits. */
async function offline(): Promise<{ bench: Bench; watched: ReturnType<Bench["client"]> }> {
  const bench = new Bench();
  const watched = bench.client();
  await bench.outcome(watched.client.connect());
  await bench.outcome(bench.server.stop());
  bench.network.cut();
  await bench.clock.advance(10);
  return { bench, watched };
}

const swallow = (promise: Promise<unknown>) => promise.catch(() => undefined);

describe("words that wait on disk", () => {
  test("typed while offline, they go out with the next run, and are told there", async () => {
    const { bench, watched } = await offline();
    const posts = ["one", "two"].map((text) => watched.client.post("lobby", { text }));
    const codes = Promise.all(posts.map((post) => bench.code(post)));
    await bench.clock.advance(10);
    await bench.outcome(watched.client.close());
    expect(await codes).toEqual(["interrupted", "interrupted"]);
    bench.server.start();
    const next = bench.client();
    await bench.outcome(next.client.connect());
    await bench.outcome(next.client.drain());
    expect(bench.server.texts()).toEqual(["one", "two"]);
    const adopted = next.events.filter((event) => event.kind === "adopted");
    expect(adopted).toMatchObject([
      { target: "lobby", text: "one", outcome: { kind: "durable", receipt: { seq: 1 } } },
      { target: "lobby", text: "two", outcome: { kind: "durable", receipt: { seq: 2 } } },
    ]);
  });

  test("of a process that ended by force go first, under their own counters", async () => {
    const { bench, watched } = await offline();
    for (const text of ["one", "two"]) void swallow(watched.client.post("lobby", { text }));
    await bench.clock.advance(10);
    bench.state.outboxes.close(); // As the system does for a process that is gone.
    bench.server.start();
    const next = bench.client();
    await bench.outcome(next.client.connect());
    void next.client.post("lobby", { text: "three" });
    await bench.outcome(next.client.drain());
    expect(bench.server.texts()).toEqual(["one", "two", "three"]);
    const posts = bench.server.requests.filter((request) => request.kind === "post");
    expect(posts.map(({ counter }) => counter)).toEqual([1, 2, 1]);
    expect(posts[0]?.outbox).toBe(posts[1]?.outbox);
    expect(posts[2]?.outbox).not.toBe(posts[1]?.outbox);
  });

  test("recorded, but never confirmed, they are not said twice", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    bench.server.mischief.onRequest = (request) => {
      if (request.kind !== "post") return undefined;
      bench.server.post("ana", request);
      return "silent";
    };
    void swallow(watched.client.post("lobby", { text: "once" }));
    await bench.clock.advance(10);
    expect(bench.server.texts()).toEqual(["once"]);
    bench.state.outboxes.close();
    bench.server.mischief = {};
    const next = bench.client();
    await bench.outcome(next.client.connect());
    await bench.outcome(next.client.drain());
    expect(bench.server.texts()).toEqual(["once"]);
    expect(next.last("adopted")?.outcome).toMatchObject({ kind: "durable", receipt: { seq: 1 } });
  });

  test("refused for good, they are told and gone", async () => {
    const { bench, watched } = await offline();
    void swallow(watched.client.post("nowhere", { text: "lost" }));
    await bench.clock.advance(10);
    await bench.outcome(watched.client.close());
    bench.server.start();
    bench.server.mischief.onRequest = ({ kind }) =>
      kind === "post" ? new Fault("room-unknown", "there is no room") : undefined;
    for (const expected of ["room-unknown", undefined]) {
      const next = bench.client();
      await bench.outcome(next.client.connect());
      await bench.outcome(next.client.drain());
      const outcome = next.last("adopted")?.outcome;
      expect(outcome?.kind === "refused" ? outcome.fault.code : undefined).toBe(expected as never);
      await bench.outcome(next.client.close());
    }
  });

  test("of somebody else, or for a run that does not wait for them, stay", async () => {
    const { bench, watched } = await offline();
    void swallow(watched.client.post("lobby", { text: "mine" }));
    await bench.clock.advance(10);
    await bench.outcome(watched.client.close());
    bench.server.start();
    const ben = { ...ANA, user: "ben" };
    for (const options of [{ credentials: ben }, { adopt: false }]) {
      const other = bench.client(options);
      await bench.outcome(other.client.connect());
      await bench.outcome(other.client.drain());
      expect(bench.server.texts()).toEqual([]);
      await bench.outcome(other.client.close());
    }
    await bench.outcome(bench.client().client.connect());
    await bench.clock.advance(10);
    expect(bench.server.texts()).toEqual(["mine"]);
  });

  test("older than the server's memory they are not sent, but told", async () => {
    const { bench, watched } = await offline();
    void swallow(watched.client.post("lobby", { text: "old" }));
    await bench.clock.advance(10);
    await bench.outcome(watched.client.close());
    await bench.clock.advance(OUTBOX_KEEP_MS);
    bench.server.start();
    const next = bench.client();
    await bench.outcome(next.client.connect());
    void next.client.post("lobby", { text: "new" });
    await bench.outcome(next.client.drain());
    expect(bench.server.texts()).toEqual(["new"]);
    expect(next.last("adopted")).toMatchObject({ text: "old", outcome: { kind: "refused" } });
  });

  test("a disk that takes nothing: they are refused, and not sent", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    const { write } = bench.state.outboxes;
    bench.state.outboxes.write = () => {
      throw new Fault("store-full", "no space");
    };
    expect(await bench.code(watched.client.post("lobby", { text: "lost" }))).toBe("store-full");
    bench.state.outboxes.write = write.bind(bench.state.outboxes);
    expect(await bench.code(watched.client.post("lobby", { text: "kept" }))).toBe("fine");
    expect(bench.server.texts()).toEqual(["kept"]);
  });

  test("nothing is sent before it is on disk; one tick is one write", async () => {
    const bench = new Bench();
    const watched = bench.client();
    await bench.outcome(watched.client.connect());
    const happened: string[] = [];
    const write = bench.state.outboxes.write.bind(bench.state.outboxes);
    bench.state.outboxes.write = (id, change) => {
      if (change.added.length > 0) happened.push(`write ${change.added.length}`);
      write(id, change);
    };
    bench.server.mischief.onRequest = ({ kind }) => {
      happened.push(kind);
      return undefined;
    };
    const posts = ["one", "two", "three"].map((text) => watched.client.post("lobby", { text }));
    await bench.outcome(Promise.all(posts));
    expect(happened).toEqual(["write 3", "post", "post", "post"]);
  });
});
