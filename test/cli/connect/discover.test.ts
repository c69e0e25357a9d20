import { expect, test } from "bun:test";
import { DISCOVER_MS, DISCOVER_MS_MAX } from "../../../src/base/limits.ts";
import { serverNearby } from "../../../src/cli/connect/discover.ts";
import { createContext } from "../../../src/cli/context.ts";
import { durationOf, show } from "../../../src/commands/discover.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { Sighting } from "../../../src/wire/announcement.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { type FakeOptions, fakeWorld, faultFrom } from "../../commands/fake-world.ts";

const ONE = "q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE" as Fingerprint;
const OTHER = `${"x".repeat(42)}A` as Fingerprint;

function sighting(number: number, change: Partial<Sighting> = {}): Sighting {
  return {
    label: `Room ${number}`,
    name: `Room ${number}`,
    host: `192.0.2.${number}`,
    port: 2428,
    fingerprint: ONE,
    needs: "password",
    version: "1.2.3",
    ...change,
  };
}

/** What a person who types this is given, and what they saw. */
async function choose(
  servers: readonly Sighting[],
  lines: readonly string[],
  pinned?: Fingerprint,
) {
  const world = fakeWorld({ lines, terminal: true });
  const state = ClientState.inMemory();
  if (pinned !== undefined) {
    const address = "192.0.2.7:2428";
    state.setPin({ address, fingerprint: pinned, name: "mine", firstSeenUnixMs: 0 });
  }
  const context = createContext(world, { json: false, color: false, debug: false });
  const find = async () => ({ servers, left: 0 });
  return { address: await serverNearby(context, state, find), seen: world.stderr.text };
}

function contextOf(options: FakeOptions = {}, json = false) {
  const world = fakeWorld(options);
  return { world, context: createContext(world, { json, color: false, debug: false }) };
}

test("on a terminal the found one is asked about, and must be what was shown", async () => {
  const { address, seen } = await choose([sighting(7)], ["y"]);
  expect(address).toEqual({
    host: "192.0.2.7",
    port: 2428,
    portGiven: true,
    fingerprint: ONE,
  });
  expect(seen).toStartWith("chat: looking for a server on this network …\n");
  expect(seen).toContain(`'Room 7' at 192.0.2.7:2428, SHA256:${ONE}, not known yet`);
});

test("of several one is chosen by its number", async () => {
  const servers = [sighting(7), sighting(8), sighting(9, { fingerprint: undefined })];
  expect((await choose(servers, ["2"])).address.host).toBe("192.0.2.8");
  expect((await choose(servers, ["3"])).address).not.toHaveProperty("fingerprint");
  for (const answer of ["", "0", "4", "-1", "no", "99"]) {
    expect((await faultFrom(() => choose(servers, [answer]))).code).toBe("usage");
  }
  expect((await faultFrom(() => choose([sighting(7)], ["n"]))).code).toBe("usage");
});

test("a pin decides, whatever is announced", async () => {
  const agreed = await choose([sighting(7)], ["y"], ONE);
  expect(agreed.seen).toContain(", pinned");
  const forged = await choose([sighting(7)], ["y"], OTHER);
  expect(forged.seen).toContain(", PINNED OTHERWISE");
  expect(forged.address).not.toHaveProperty("fingerprint");
  const elsewhere = await choose([sighting(8)], ["y"], ONE);
  expect(elsewhere.seen).toContain("says it is the one known as 192.0.2.7:2428");
});

test("without a terminal nothing is taken, and what was found is named", async () => {
  const { context } = contextOf();
  const state = ClientState.inMemory();
  const servers = [sighting(7, { name: "a\u001b[2Jb" }), sighting(8), sighting(9), sighting(10)];
  const fault = await faultFrom(() =>
    serverNearby(context, state, async () => ({ servers, left: 0 })),
  );
  expect([fault.code, fault.exitCode]).toEqual(["usage", 2]);
  expect(fault.message).toStartWith("no server was named, and none is known yet; nearby: ");
  expect(fault.message).toContain(`'a\u241b[2Jb' at 192.0.2.7:2428, SHA256:${ONE}, not known yet`);
  expect(fault.message).toEndWith("; and 1 more");
  expect(fault.remedy).toBe("name the one you mean: --server 192.0.2.7:2428");
});

test("a list is for people, for pipes and for programs", async () => {
  const found = { servers: [sighting(7), sighting(8, { fingerprint: undefined })], left: 5 };
  const terminal = contextOf({ terminal: true });
  expect(show(terminal.context, found)).toBe(0);
  expect(terminal.world.stdout.text).toContain("server  address         fingerprint");
  expect(terminal.world.stderr.text).toContain("5 more announcements were left out");
  const pipe = contextOf();
  show(pipe.context, found);
  expect(pipe.world.stdout.text.split("\n")[1]).toBe("Room 8\t192.0.2.8:2428\t-\tpassword");
  const json = contextOf({}, true);
  show(json.context, found);
  expect(JSON.parse(json.world.stdout.text.split("\n")[0] ?? "")).toEqual({
    kind: "server",
    name: "Room 7",
    address: "192.0.2.7:2428",
    host: "192.0.2.7",
    port: 2428,
    fingerprint: `SHA256:${ONE}`,
    needs: "password",
    version: "1.2.3",
  });
});

test("nothing found is no success, and says what may hide it", async () => {
  const fault = await faultFrom(() => show(contextOf().context, { servers: [], left: 0 }));
  expect([fault.code, fault.exitCode]).toEqual(["not-found", 4]);
  expect(fault.message).toBe("no server announces itself on this network");
  expect(fault.remedy).toContain("firewall (UDP port 5353)");
});

test("how long to listen", async () => {
  expect(["500ms", "2s", "60s"].map(durationOf)).toEqual([500, DISCOVER_MS, DISCOVER_MS_MAX]);
  for (const text of ["", "2", "61s", "0s", "1m", "-1s", "1.5s"]) {
    expect((await faultFrom(() => durationOf(text))).code).toBe("usage");
  }
});
