import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  ADVERTISED_DIALS_BURST,
  ADVERTISED_DIALS_PER_SECOND,
  IDLE_CONNECT_TIMEOUT_MS,
  IDLE_PING_AFTER_MS,
  IDLE_PING_TIMEOUT_MS,
  NEXT_ADDRESS_DELAY_MS,
} from "../../src/base/limits-cluster.ts";
import type { Watched } from "./client-fixture.ts";
import { ClientFixture, PINNED_ADDRESS } from "./client-fixture.ts";
import { FakeServer } from "./fake-server.ts";

const PLACES = ["server", "other"].map((host) => ({ host, port: 2428 }));
const OTHER = "other:2428";

class ClusterFixture extends ClientFixture {
  readonly other = new FakeServer(this.network, "other", this.server);

  override client(options: Parameters<ClientFixture["client"]>[0] = {}): Watched {
    const { fingerprint } = this.server.identity;
    return super.client({ storedAddresses: this.state.serverAddresses(fingerprint), ...options });
  }

  async connectAdvertised(places = PLACES): Promise<Watched> {
    this.server.places = places;
    this.other.places = places;
    const watched = this.client();
    await this.outcome(watched.client.connect());
    await this.clock.advance(0);
    return watched;
  }
}

test("fails over to another machine of the cluster", async () => {
  const fixture = new ClusterFixture();
  const { clock, server, state } = fixture;
  const watched = await fixture.connectAdvertised();
  const { client, events } = watched;
  expect(client.cluster).toEqual(PLACES);
  await fixture.outcome(server.stop());
  const posted = client.post("lobby", { text: "after" });
  await clock.advance(NEXT_ADDRESS_DELAY_MS);
  expect(await fixture.code(posted)).toBe("fine");
  expect(fixture.other.texts()).toEqual(["after"]);
  expect(fixture.dialled).toEqual(["server", "server", "other"]);
  const kinds = watched.kinds().filter((kind) => /lost|retrying|elsewhere|connected/.test(kind));
  expect(kinds).toEqual(["connected", "lost", "elsewhere", "connected"]);
  const news = { kind: "elsewhere", from: PINNED_ADDRESS, to: OTHER };
  expect(events.find(({ kind }) => kind === "elsewhere")).toEqual(news as never);
  expect(state.pins().map(({ address }) => address)).toEqual([PINNED_ADDRESS]);
  await fixture.outcome(client.close());

  const named = await fixture.connect();
  expect(fixture.dialled.slice(3)).toEqual(["server", "other"]);
  expect(named.last("elsewhere")).toEqual(news as never);
  await fixture.outcome(named.client.close());
  const unnamed = await fixture.connect({ isServerExplicit: false });
  expect(fixture.dialled.slice(5)).toEqual(["other"]);
  expect(unnamed.last("elsewhere")).toBeUndefined();
});

test("sends nothing to another server at an address, nor dials it again", async () => {
  const fixture = new ClusterFixture();
  const impostor = new FakeServer(fixture.network, "impostor");
  const places = ["server", "impostor", "other"].map((host) => ({ host, port: 2428 }));
  const watched = await fixture.connectAdvertised(places);
  for (let i = 0; i < 3; i++) {
    await fixture.outcome(fixture.server.stop());
    await fixture.clock.advance(5_000);
    expect(watched.client.isConnected).toBe(true);
    fixture.server.start();
    fixture.other.dismiss(new Fault("shutting-down", "gone"));
    await fixture.clock.advance(5_000);
  }
  expect(impostor.requests).toEqual([]);
  expect(fixture.dialled.filter((host) => host === "impostor").length).toBeLessThanOrEqual(1);
  expect(watched.kinds()).not.toContain("closed");
});

test("reports another identity at an address that the user named", async () => {
  const fixture = new ClusterFixture();
  const watched = await fixture.connectAdvertised();
  await fixture.outcome(watched.client.close());
  await fixture.outcome(fixture.server.stop());
  new FakeServer(fixture.network);
  const again = fixture.client();
  expect(await fixture.code(again.client.connect())).toBe("fingerprint-changed");
});

test("forgets the stored machines of a server that names no others", async () => {
  const fixture = new ClusterFixture();
  const { fingerprint } = fixture.server.identity;
  const watched = await fixture.connectAdvertised();
  expect(fixture.state.serverAddresses(fingerprint)?.reported).toEqual(PLACES);
  await fixture.outcome(watched.client.close());
  fixture.server.places = undefined;
  const alone = await fixture.connect();
  await fixture.clock.advance(0);
  expect(alone.client.cluster).toEqual([]);
  expect(fixture.state.serverAddresses(fingerprint)).toBeUndefined();
});

test("limits the rate at which a server can make clients dial other machines", async () => {
  const fixture = new ClientFixture();
  const { server, clock } = fixture;
  await fixture.connect();
  const seconds = 60;
  let victim = 0;
  for (let ms = 0; ms < seconds * 1_000; ms += 50) {
    const places = Array.from({ length: 8 }, () => ({ host: `victim${victim++}`, port: 25 }));
    server.notify({ kind: "servers", places });
    await clock.advance(0);
    server.dismiss(new Fault("shutting-down", "come again", { retryAfterMs: 0 }));
    if (ms % 200 === 0) await fixture.outcome(server.stop());
    await clock.advance(50);
    if (ms % 200 === 150) server.start();
  }
  const dials = fixture.dialled.filter((host) => host.startsWith("victim")).length;
  expect(dials).toBeGreaterThan(ADVERTISED_DIALS_BURST / 2);
  expect(dials).toBeLessThanOrEqual(ADVERTISED_DIALS_BURST + seconds * ADVERTISED_DIALS_PER_SECOND);
});

test("leaves an unresponsive machine when it refuses new connections", async () => {
  const isDead = new Set<string>();
  const fixture = new ClusterFixture({
    isReachable: (_, { host }) => !isDead.has(host),
    delayMs: (from, to) => (isDead.has(from.host) || isDead.has(to.host) ? 600_000 : 0),
  });
  const { clock } = fixture;
  const watched = await fixture.connectAdvertised();
  await clock.advance(10 * IDLE_PING_AFTER_MS);
  expect(fixture.dialled).toEqual(["server"]);
  expect(watched.kinds()).not.toContain("lost");
  isDead.add("server");
  const silentMs = IDLE_PING_AFTER_MS + IDLE_PING_TIMEOUT_MS + IDLE_CONNECT_TIMEOUT_MS;
  await clock.advance(silentMs + NEXT_ADDRESS_DELAY_MS + 500);
  expect(watched.last("elsewhere")).toMatchObject({ to: OTHER });
  expect(watched.client.isConnected).toBe(true);
});

test("stays on a slow link", async () => {
  let slowMs = 0;
  const fixture = new ClusterFixture({ delayMs: (_, __, sizeBytes) => sizeBytes && slowMs });
  const watched = await fixture.connectAdvertised();
  slowMs = IDLE_PING_TIMEOUT_MS + 1_000;
  await fixture.clock.advance(60_000);
  expect(fixture.dialled.length).toBeGreaterThan(1);
  expect(watched.kinds()).not.toContain("lost");
});

const NEW = { host: "10.77.0.9", port: 2428 };
const NEW_ADDRESS = "10.77.0.9:2428";

test("follows a server that moved on the LAN, and remembers its address", async () => {
  const fixture = new ClientFixture();
  const { server, state, clock } = fixture;
  const watched = await fixture.connect();
  expect(fixture.searched).toEqual([]);
  await fixture.outcome(server.stop());
  new FakeServer(fixture.network, NEW.host, server);
  fixture.onLan.push(NEW);
  await clock.advance(5_000);
  expect(fixture.searched[0]).toBe(server.identity.fingerprint);
  expect(watched.last("elsewhere")).toMatchObject({ from: PINNED_ADDRESS, to: NEW_ADDRESS });
  expect(watched.client.isConnected).toBe(true);
  expect(state.pin(NEW_ADDRESS)?.fingerprint).toBe(server.identity.fingerprint);
  expect(state.lastServer()).toBe(NEW_ADDRESS);
});

test("sends no secret to a server that only announces the fingerprint", async () => {
  const fixture = new ClientFixture();
  const { server } = fixture;
  await fixture.outcome((await fixture.connect()).client.close());
  await fixture.outcome(server.stop());
  const impostor = new FakeServer(fixture.network, NEW.host);
  fixture.onLan.push(NEW);
  const again = fixture.client();
  expect(await fixture.code(again.client.connect())).toBe("unreachable");
  expect(fixture.dialled).toContain(NEW.host);
  expect(impostor.requests).toEqual([]);
  expect(fixture.state.pin(NEW_ADDRESS)).toBeUndefined();
});

test.each([
  ["whose identity is unknown", "server:2428", false],
  ["outside the local network", "chat.example.org:2428", true],
  ["on this machine", "127.0.0.1:2428", true],
])("searches the LAN for no server %s", async (_, address, isKnown) => {
  const fixture = new ClientFixture();
  fixture.onLan.push(NEW);
  const { fingerprint } = fixture.server.identity;
  await fixture.outcome(fixture.server.stop());
  const named = isKnown ? { fingerprint } : {};
  const { client } = fixture.client({ address, ...named });
  expect(await fixture.code(client.connect())).toBe("unreachable");
  expect(fixture.searched).toEqual([]);
});
