import { expect, test } from "bun:test";
import { discoverServer } from "../../../src/cli/connect/discover.ts";
import { printServers } from "../../../src/commands/discover.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { DiscoveredServer } from "../../../src/wire/announcement.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { fakeContext, faultFrom } from "../../commands/fake-world.ts";

const ONE = "q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE" as Fingerprint;
const OTHER = `${"x".repeat(42)}A` as Fingerprint;

function sighting(number: number, change: Partial<DiscoveredServer> = {}): DiscoveredServer {
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

async function choose(
  servers: readonly DiscoveredServer[],
  lines: readonly string[],
  pinned?: Fingerprint,
) {
  const { world, context } = fakeContext({ lines, terminal: true });
  const state = ClientState.inMemory();
  if (pinned !== undefined) {
    const address = "192.0.2.7:2428";
    state.setPin({ address, fingerprint: pinned, name: "mine", firstSeenUnixMs: 0 });
  }
  const find = async () => ({ servers, droppedCount: 0 });
  return { address: await discoverServer(context, state, find), seen: world.stderr.text };
}

test("a terminal prompts for the server, and requires its announced fingerprint", async () => {
  const { address, seen } = await choose([sighting(7)], ["y"]);
  expect(address).toEqual({ host: "192.0.2.7", port: 2428, portGiven: true, fingerprint: ONE });
  expect(seen).toStartWith("chat: searching for servers on this network …\n");
  expect(seen).toContain(`'Room 7' at 192.0.2.7:2428, SHA256:${ONE}, unknown`);
});

test("chooses one of several servers by its number", async () => {
  const servers = [sighting(7), sighting(8), sighting(9, { fingerprint: undefined })];
  expect((await choose(servers, ["2"])).address.host).toBe("192.0.2.8");
  expect((await choose(servers, ["3"])).address).not.toHaveProperty("fingerprint");
  for (const answer of ["", "0", "4", "-1", "no", "99"]) {
    expect((await faultFrom(() => choose(servers, [answer]))).code).toBe("usage");
  }
  expect((await faultFrom(() => choose([sighting(7)], ["n"]))).code).toBe("usage");
});

test("trusts a pin over the announcement", async () => {
  const agreed = await choose([sighting(7)], ["y"], ONE);
  expect(agreed.seen).toContain(", pinned");
  const forged = await choose([sighting(7)], ["y"], OTHER);
  expect(forged.seen).toContain(", DIFFERENT FINGERPRINT PINNED");
  expect(forged.address).not.toHaveProperty("fingerprint");
  const elsewhere = await choose([sighting(8)], ["y"], ONE);
  expect(elsewhere.seen).toContain("claims to be the one known as 192.0.2.7:2428");
});

test("lists the servers found without using one if there is no terminal", async () => {
  const { context } = fakeContext();
  const state = ClientState.inMemory();
  const servers = [sighting(7, { name: "a\u001b[2Jb" }), sighting(8), sighting(9), sighting(10)];
  const fault = await faultFrom(() =>
    discoverServer(context, state, async () => ({ servers, droppedCount: 0 })),
  );
  expect([fault.code, fault.exitCode]).toEqual(["usage", 2]);
  expect(fault.message).toStartWith("no server given or known; nearby: ");
  expect(fault.message).toContain(`'a\u241b[2Jb' at 192.0.2.7:2428, SHA256:${ONE}, unknown`);
  expect(fault.message).toEndWith("; and 1 more");
  expect(fault.remedy).toBe("specify one: --server 192.0.2.7:2428");
});

test("lists servers as a table, as TSV and as NDJSON", () => {
  const found = {
    servers: [sighting(7), sighting(8, { fingerprint: undefined })],
    droppedCount: 5,
  };
  const [terminal, pipe, json] = [{ terminal: true }, {}, { json: true }].map((options) => {
    const { world, context } = fakeContext(options);
    expect(printServers(context, found)).toBe(0);
    return { out: world.stdout.text, err: world.stderr.text };
  });
  expect(terminal?.out).toContain("server  address         fingerprint");
  expect(terminal?.err).toContain("skipped 5 more announcements");
  expect(pipe?.out).toContain("\nRoom 8\t192.0.2.8:2428\t-\tpassword\n");
  const { label: _, ...about } = sighting(7);
  const row = { ...about, kind: "server", address: "192.0.2.7:2428" };
  expect(JSON.parse(json?.out.split("\n")[0] ?? "")).toMatchObject({
    ...row,
    fingerprint: `SHA256:${ONE}`,
  });
  expect(() => printServers(fakeContext().context, { servers: [], droppedCount: 0 })).toThrow(
    "no server",
  );
});
