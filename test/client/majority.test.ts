import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { ServerAddress } from "../../src/wire/invite.ts";
import { ANA, ClientFixture, connected, PINNED_ADDRESS } from "./client-fixture.ts";
import { FakeServer } from "./fake-server.ts";

const PLACES: readonly [ServerAddress, ...ServerAddress[]] = [
  { host: "server", port: 2428 },
  { host: "other", port: 2428 },
];
const WITHIN_MS = 10_000;

class SplitFixture extends ClientFixture {
  readonly other = new FakeServer(this.network, "other", this.server);

  split(server: FakeServer, reason: { readonly refusal?: string } = {}): void {
    const refused = new Fault("no-majority", "it has none", { retryAfterMs: 1_000 });
    server.misbehaviour = {
      onWelcome: (welcome) => ({ ...welcome, majority: false, ...reason }),
      onRequest: ({ kind }) => (kind === "post" || kind === "register" ? refused : undefined),
    };
    server.notify({ kind: "majority", on: false, ...reason });
  }

  mend(server: FakeServer): void {
    server.misbehaviour = {};
    server.notify({ kind: "majority", on: true });
  }

  async timed(promise: Promise<unknown>): Promise<readonly [string, number]> {
    const from = this.clock.now();
    return [await this.code(promise), this.clock.now() - from];
  }
}

test("skips a machine without a majority", async () => {
  const fixture = new SplitFixture();
  fixture.split(fixture.server);
  const { client } = fixture.client({ addresses: PLACES });
  expect(await fixture.code(client.connect())).toBe("fine");
  expect(fixture.dialled).toEqual(["server", "other"]);
  expect(client.serverAddress).toEqual({ host: "other", port: 2428 });
  expect(client.majorityFault).toBeUndefined();
  expect(await fixture.code(client.post("lobby", { text: "hi" }))).toBe("fine");
});

test("names why the servers cannot record a post", async () => {
  const fixture = new SplitFixture();
  const first = await fixture.connect({ addresses: PLACES });
  await fixture.outcome(first.client.close());
  const refusal = "the stream CHAT_chat has reached its limit of bytes";
  for (const server of [fixture.server, fixture.other]) fixture.split(server, { refusal });

  const { client } = fixture.client({ addresses: PLACES, isOneShot: true });
  expect(await fixture.code(client.connect())).toBe("fine");
  const posted = fixture.code(client.post("lobby", { text: "kept" }));
  const fault = await fixture.outcome(client.drain());
  expect(String(fault)).toContain(`the server cannot record messages: ${refusal}`);
  await fixture.outcome(client.close());
  expect(await posted).toBe("interrupted");
});

test("reads without a majority, and queues posts", async () => {
  const fixture = new SplitFixture();
  const first = await fixture.connect({ addresses: PLACES });
  await fixture.outcome(first.client.close());
  for (const server of [fixture.server, fixture.other]) fixture.split(server);

  const { client } = fixture.client({ addresses: PLACES, isOneShot: true });
  expect(await fixture.code(client.connect())).toBe("fine");
  expect(client.majorityFault?.message).toContain("no majority");
  const posted = fixture.code(client.post("lobby", { text: "kept" }));
  const [code, tookMs] = await fixture.timed(client.drain());
  expect(code).toBe("no-majority");
  expect(tookMs).toBeLessThan(WITHIN_MS);
  await fixture.outcome(client.close());
  expect(await posted).toBe("interrupted");
  expect(fixture.server.texts()).toEqual([]);

  for (const server of [fixture.server, fixture.other]) fixture.mend(server);
  const later = await fixture.connect({ addresses: PLACES, isOneShot: true });
  expect(await fixture.code(later.client.post("lobby", { text: "next" }))).toBe("fine");
  expect(await fixture.code(later.client.drain())).toBe("fine");
  expect(fixture.server.texts()).toEqual(["kept", "next"]);
});

test("switches from a machine that loses its majority to one that has it", async () => {
  const fixture = new SplitFixture();
  const watched = fixture.client({ addresses: PLACES });
  const { client } = watched;
  await fixture.outcome(client.connect());
  fixture.split(fixture.server);
  const posted = client.post("lobby", { text: "hi" });
  expect(await fixture.code(posted)).toBe("fine");
  expect(watched.last("elsewhere")).toMatchObject({ from: PINNED_ADDRESS, to: "other:2428" });
  expect(fixture.other.requests.some(({ kind }) => kind === "post")).toBe(true);
});

test("fails a log-in within 10 seconds if no machine has a majority", async () => {
  const fixture = new SplitFixture();
  for (const server of [fixture.server, fixture.other]) {
    server.misbehaviour.onRequest = () =>
      new Fault("no-majority", "it has none", { retryAfterMs: 3_000 });
  }
  const { client } = fixture.client({ addresses: PLACES });
  const [code, tookMs] = await fixture.timed(client.connect());
  expect(code).toBe("no-majority");
  expect(tookMs).toBeLessThan(WITHIN_MS);
  expect(new Set(fixture.dialled)).toEqual(new Set(["server", "other"]));

  const next = new SplitFixture();
  next.server.misbehaviour.onRequest = () => new Fault("no-majority", "it has none");
  const well = next.client({ addresses: PLACES });
  expect(await next.code(well.client.connect())).toBe("fine");
  expect(well.client.serverAddress?.host).toBe("other");
});

test("ends a command when the server is permanently lost, and keeps its posts", async () => {
  const { fixture, client } = await connected({ follow: "none", isOneShot: true });
  await fixture.outcome(fixture.server.stop());
  const posted = client.post("lobby", { text: "kept" });
  const outcome = posted.catch((error: Fault) => error.code);
  await fixture.clock.advance(120_000);
  expect(await outcome).toBe("unreachable");
  fixture.server.start();
  const later = await fixture.connect({ follow: "none", credentials: ANA });
  expect(await fixture.code(later.client.drain())).toBe("fine");
  expect(fixture.server.texts()).toEqual(["kept"]);
});
