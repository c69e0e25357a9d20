import { describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { Fault } from "../../src/base/fault.ts";
import {
  CHECK_TIMEOUT_MS,
  CLOCK_SKEW_MS_MAX,
  FREE_BYTES_LOW,
  RESERVE_BYTES,
  SYNC_MS_SLOW,
} from "../../src/base/limits.ts";
import { CLUSTER_LAG_HIGH } from "../../src/base/limits-cluster.ts";
import { type CheckResult, CheckRunner, ok } from "../../src/cli/doctor/check.ts";
import {
  checkData,
  checkDiscovery,
  checkDisk,
  checkExpiry,
  checkHome,
  checkMulticast,
  checkTerminal,
  type MachineProbes,
  networkProbes,
} from "../../src/cli/doctor/machine.ts";
import {
  checkClock,
  checkCluster,
  checkMachines,
  checkMembership,
  checkNats,
  checkNetwork,
  type ExpectedIdentity,
  type NetworkProbes,
} from "../../src/cli/doctor/network.ts";
import type { ClusterMembership } from "../../src/cli/membership.ts";
import type { ClusterInspection } from "../../src/cli/serve/survey.ts";
import type { GreetedServer } from "../../src/client/link/greeting.ts";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { systemClock } from "../../src/io/clock.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { VirtualClock } from "../client/virtual-clock.ts";
import { ISSUER, LEAF } from "../crypto/issued-certificate.ts";
import { FakeOutput } from "./fake-world.ts";

const identity = Identity.generate();
const OTHER = "q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE" as Fingerprint;
const GREETED = {
  fingerprint: identity.fingerprint,
  welcome: { version: 2, server: { name: "Room 12", key: identity.publicKey } },
} as GreetedServer;
const unreachable = (sentence: string) => async () => {
  throw new Fault("unreachable", sentence);
};

const WAY: NetworkProbes = {
  resolve: async () => ["192.0.2.7", "192.0.2.8"],
  localAddressFor: async () => "192.0.2.2",
  connectTcp: async () => {},
  shakeHands: async () => ({
    protocol: "TLSv1.3",
    subject: "chat",
    expires: "later",
    chainPem: "",
  }),
  serverTime: async () => 1_000_000,
  greet: async () => GREETED,
  greetOverUdp: async () => GREETED,
  unixMs: () => 1_000_400,
};
const TARGET = { host: "chat.example", address: "192.0.2.7", port: 2428, timeoutMs: 1 };
const EXPECTED: ExpectedIdentity = {
  server: { host: "chat.example", port: 2428, portGiven: true },
  requested: undefined,
  pinned: identity.fingerprint,
  requiresUdp: false,
};

async function walk(probes: Partial<NetworkProbes>, expected: Partial<ExpectedIdentity> = {}) {
  const results: CheckResult[] = [];
  const clock = new VirtualClock();
  const examination = new CheckRunner({ clock, stderr: new FakeOutput(false) }, (result) =>
    results.push(result),
  );
  await checkNetwork(examination, { ...WAY, ...probes }, { ...EXPECTED, ...expected });
  const states = results.map(({ name, state }) => `${name} ${state}`).join(", ");
  const said = (name: string) => results.find((result) => result.name === name)?.message ?? "";
  return { states, said, results, exitCode: examination.exitCode };
}

test("names the machines of a cluster that do not answer", async () => {
  const places = ["n1", "n2", "n3"].map((host) => ({ host, port: 2428 }));
  const checked = (...silent: readonly string[]) => {
    const connectTcp: NetworkProbes["connectTcp"] = async ({ host }) => {
      if (silent.includes(host)) throw new Fault("timeout", "silence");
    };
    return checkMachines({ resolve: async () => ["192.0.2.7"], connectTcp }, places);
  };
  const well = { state: "ok", message: "all 3 machines of the cluster answer" };
  expect(await checked()).toMatchObject(well);
  const message = "2 of 3 machines of the cluster do not answer: n1:2428, n3:2428";
  expect(await checked("n1", "n3")).toMatchObject({ state: "warning", message });
});

describe("the route to a server", () => {
  test("reports a cluster without a majority", async () => {
    const welcome = { ...GREETED.welcome, majority: false };
    const { states, exitCode } = await walk({ greet: async () => ({ ...GREETED, welcome }) });
    expect(states).toContain("version ok, majority failed, clock ok");
    expect(exitCode).toBe(5);
  });

  test("reports why NATS refuses the server's messages", async () => {
    const refusal = "the NATS credentials have expired";
    const welcome = { ...GREETED.welcome, majority: false, refusal };
    const { said } = await walk({ greet: async () => ({ ...GREETED, welcome }) });
    expect(said("majority")).toBe(
      `the server is read-only, as it cannot record messages: ${refusal}`,
    );
  });

  test("passes all checks", async () => {
    const { states, exitCode } = await walk({});
    const names = ["name", "route", "tcp", "tls", "identity", "version", "clock", "udp"];
    expect(states).toBe(names.map((name) => `${name} ok`).join(", "));
    expect(exitCode).toBe(0);
  });

  test("skips checks that depend on a failed one", async () => {
    const { states, exitCode } = await walk({ resolve: unreachable("no such name") });
    expect(states).toStartWith("name failed, route skipped, tcp skipped");
    expect(exitCode).toBe(5);
    const closed = await walk({ connectTcp: unreachable("nobody listens") });
    expect(closed.states).toContain("tcp failed, tls skipped, identity skipped, version skipped");
    expect(closed.states).toEndWith("clock skipped, udp ok");
  });

  test("reports a changed identity with its own exit code", async () => {
    for (const expected of [{ pinned: OTHER }, { pinned: undefined, requested: OTHER }]) {
      const { states, said, exitCode } = await walk({}, expected);
      expect(states).toContain("identity failed, version ok");
      expect(said("identity")).toContain(`expected SHA256:${OTHER}, found SHA256:`);
      expect(exitCode).toBe(6);
    }
    const unknown = await walk({}, { pinned: undefined });
    expect(unknown.states).toContain("identity warning");
  });

  test("accepts a clock skew of CLOCK_SKEW_MS_MAX", () => {
    const message = "this machine's clock is 2 min behind the server's";
    expect(checkClock(-CLOCK_SKEW_MS_MAX)).toMatchObject({ state: "ok", message });
    expect(checkClock(CLOCK_SKEW_MS_MAX + 1).state).toBe("warning");
  });

  test("warns about a certificate that is sent without its issuer's", async () => {
    const shakeHands = async (chainPem: string) => ({
      ...(await WAY.shakeHands(TARGET)),
      chainPem,
    });
    const { states, said } = await walk({ shakeHands: () => shakeHands(LEAF) });
    expect(states).toContain("tls warning");
    expect(said("tls")).toEndWith("sent without the certificate of its issuer 'Test R3'");
    expect((await walk({ shakeHands: () => shakeHands(LEAF + ISSUER) })).states).toContain(
      "tls ok",
    );
  });

  test("asks a proxy with several names for the server's name", async () => {
    const { certPem: cert, keyPem: key } = await makeCertificate();
    const names: unknown[] = [];
    const proxy = createServer({ cert: cert + ISSUER, key }, (socket) => {
      const { servername } = socket as { servername?: unknown };
      socket.on("error", () => {});
      socket.on("data", (request) => {
        names.push([servername, /^host: (.*)\r$/im.exec(request.toString())?.[1]]);
        const headers = "content-type: text/plain\r\ndate: Thu, 26 Nov 2026 10:00:00 GMT";
        socket.end(`HTTP/1.1 502 Bad Gateway\r\n${headers}\r\n\r\nBad Gateway`);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const [host, address] = ["chat.school.test", "127.0.0.1"];
    const target = { host, address, port, timeoutMs: 20_000 };
    const probes = networkProbes({ clock: systemClock() }, { host, port });
    const { chainPem } = await probes.shakeHands(target);
    expect(chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(await probes.serverTime(target)).toBeUndefined();
    const fault = await probes.greet(address).catch((error: unknown) => error);
    const message = `the proxy at ${host}:${port} does not reach the chat server`;
    expect(fault).toMatchObject({ code: "unreachable", message });
    const request = [host, `${host}:${port}`];
    expect(names).toEqual([request, request]);
    proxy.close();
  });

  test("reports an unsupported version as such", async () => {
    const fault = new Fault("version-unsupported", "the server speaks version 9");
    const { states } = await walk({ greet: () => Promise.reject(fault) });
    expect(states).toContain("identity skipped, version failed");
  });

  test("requires UDP only if requested, and rejects another server's answer", async () => {
    const greetOverUdp = unreachable("nobody listens for UDP");
    expect((await walk({ greetOverUdp })).states).toEndWith("udp warning");
    expect((await walk({ greetOverUdp }, { requiresUdp: true })).states).toEndWith("udp failed");
    expect((await walk({ greetOverUdp: undefined })).said("udp")).toStartWith("skipped");
    const other = async () => ({ ...GREETED, fingerprint: OTHER });
    expect((await walk({ greetOverUdp: other })).exitCode).toBe(6);
  });
});

test("a check ends after its time limit", async () => {
  const clock = new VirtualClock();
  const results: CheckResult[] = [];
  const examination = new CheckRunner({ clock, stderr: new FakeOutput(false) }, (result) =>
    results.push(result),
  );
  const never = examination.check("tls", CHECK_TIMEOUT_MS, () => new Promise(() => {}));
  clock.advance(CHECK_TIMEOUT_MS);
  expect(await never).toBe(false);
  expect(results[0]).toMatchObject({ name: "tls", state: "failed", ms: CHECK_TIMEOUT_MS });
  expect(examination.exitCode).toBe(5);
  expect(await examination.check("tcp", CHECK_TIMEOUT_MS, () => ok("fine"))).toBe(true);
  expect(examination.exitCode).toBe(5);
});

const HOLDER = { pid: 77, host: "vm", started: "2026-11-20T00:00:00.000Z" };
const MACHINE: MachineProbes = {
  multicast: async () => ["192.0.2.2"],
  findServers: async () => ({ servers: [], droppedCount: 0 }),
  exists: () => true,
  nearestFolder: (path) => path,
  checkWritable: () => {},
  checkDataFolder: (folder) => folder,
  lockHolder: () => undefined,
  isAlive: () => true,
  freeBytes: () => 2 * FREE_BYTES_LOW,
  homeKeyWarning: () => undefined,
  serverKeyWarning: () => undefined,
  openState: () => {},
  syncMs: async () => 1.25,
};
const refuse = (code: "not-found" | "data-foreign" | "store-denied") => () => {
  throw new Fault(code, "no");
};

describe("this machine", () => {
  test("reports the data folder's server and free space", () => {
    const look = (probes: Partial<MachineProbes>, isNamed = false) =>
      checkData({ ...MACHINE, ...probes }, "./data", isNamed);
    expect(look({}).message).toBe("./data: supported format, 512 MiB free; no server is running");
    const lockHolder = () => HOLDER;
    expect(look({ lockHolder }).message).toContain("in use by process 77 on 'vm'");
    expect(look({ lockHolder, isAlive: () => false }).message).toContain("and has exited");
    expect(look({ freeBytes: () => FREE_BYTES_LOW - 1 }).state).toBe("warning");
    expect(look({ freeBytes: () => RESERVE_BYTES - 1 })).toMatchObject({
      state: "failed",
      exitCode: 1,
    });
    for (const code of ["not-found", "data-foreign"] as const) {
      expect(look({ checkDataFolder: refuse(code) }).state).toBe("skipped");
      expect(() => look({ checkDataFolder: refuse(code) }, true)).toThrow();
    }
    expect(() => look({ checkWritable: refuse("store-denied") })).toThrow();
    const exposed = { message: "readable by others", remedy: "chmod 600 data/operator" };
    expect(look({ serverKeyWarning: () => exposed })).toMatchObject({
      state: "warning",
      ...exposed,
    });
  });

  test("warns while the server doubts its clock", () => {
    const look = (isDoubted: boolean) => {
      const now = 1_800_000_000_000;
      return checkExpiry(JSON.stringify({ believedMs: now - 40 * 86_400_000, isDoubted }), now);
    };
    expect(look(false).state).toBe("ok");
    expect(look(true)).toMatchObject({
      state: "warning",
      remedy: expect.stringContaining("accept"),
    });
    expect(look(true).message).toContain("40 days ahead of the newest record");
    expect(checkExpiry("{", 0).state).toBe("ok");
  });

  test("checks that the home is writable and the key private", () => {
    const folders = { config: "/c", data: "/d", state: "/s" };
    const look = (probes: Partial<MachineProbes>) => checkHome({ ...MACHINE, ...probes }, folders);
    expect(look({}).state).toBe("ok");
    expect(look({ exists: () => false }).message).toBe("/d: will be created at first use");
    const exposed = { message: "readable by others", remedy: "chmod 600 /d/device.key" };
    expect(look({ homeKeyWarning: () => exposed })).toMatchObject({ state: "warning", ...exposed });
    expect(() => look({ openState: refuse("store-denied") })).toThrow();
  });

  test("warns about a disk that is slow to sync", async () => {
    const look = (ms: number) => checkDisk({ ...MACHINE, syncMs: async () => ms }, "/d");
    expect((await look(SYNC_MS_SLOW)).state).toBe("ok");
    expect((await look(SYNC_MS_SLOW + 0.1)).state).toBe("warning");
  });

  test("warns about a network without multicast", async () => {
    const broken = { ...MACHINE, multicast: unreachable("no"), findServers: unreachable("no") };
    expect((await checkMulticast(MACHINE)).state).toBe("ok");
    expect((await checkDiscovery(MACHINE)).state).toBe("ok");
    expect((await checkMulticast(broken)).state).toBe("warning");
    expect((await checkDiscovery(broken)).state).toBe("warning");
  });

  test("reports problems of the terminal", () => {
    const screen = { isTerminal: true, columns: 80, platform: "linux" } as const;
    const utf8 = { LANG: "C.UTF-8", TERM: "xterm" };
    expect(checkTerminal(screen, utf8)).toEqual(ok("80 columns, 'xterm'"));
    expect(checkTerminal({ ...screen, isTerminal: false }, utf8).state).toBe("skipped");
    expect(checkTerminal(screen, { ...utf8, LC_ALL: "C" }).state).toBe("warning");
    expect(checkTerminal(screen, { ...utf8, TERM: "dumb" }).state).toBe("warning");
    expect(checkTerminal({ ...screen, columns: 39 }, utf8).state).toBe("warning");
    expect(checkTerminal({ ...screen, columns: 0 }, utf8).message).toBe("width unknown, 'xterm'");
  });
});

describe("a cluster", () => {
  const nodeOf = (name: string) => {
    const at = { address: `${name}:2428`, seq: 9, records: 7, accounts: 1, root: "ab", lag: 0 };
    return { name, instance: name, upMs: 0, ...at, state: "follows", knows: "0.4.0" as const };
  };
  const [one, other] = [nodeOf("a"), nodeOf("b")];
  const stream = {
    last: 9,
    messages: 9,
    settings: [],
    bytes: 2_048,
    leader: "n1",
    replicas: 3,
    current: 3,
    hasMajority: true,
  };
  const well: ClusterInspection = { stream, nodes: [one, other], areRootsEqual: true, silent: [] };
  const own: ClusterMembership = {
    cluster: "chat",
    node: "a",
    position: { seq: 9, history: 7, accounts: 1 },
  };
  const look = (
    survey: Partial<ClusterInspection>,
    folder: ClusterMembership | undefined = own,
  ) => {
    const { state, message, exitCode } = checkCluster({ ...well, ...survey }, folder, 3);
    return [state, message, ...(exitCode === undefined ? [] : [exitCode])];
  };

  test("reports the worst problem first", () => {
    const behind = (lag: number) => look({ nodes: [one, { ...other, lag }] });
    expect(behind(CLUSTER_LAG_HIGH)[0]).toBe("ok");
    expect(behind(CLUSTER_LAG_HIGH + 1)).toEqual([
      "warning",
      `b at b:2428 is ${CLUSTER_LAG_HIGH + 1} messages behind`,
    ]);
    expect(look({}, { ...own, node: "c" })).toEqual([
      "warning",
      "2 servers answer, but this folder's server does not",
    ]);
    const stopped = { ...other, state: "cluster-diverged" };
    expect(look({ nodes: [one, stopped] })).toEqual([
      "warning",
      "b at b:2428 stopped receiving records: cluster-diverged",
    ]);
    const starting = { ...other, address: "", state: "starts" };
    expect(look({ nodes: [one, starting] })).toEqual(["warning", "b is starting"]);
    expect(look({ stream: { ...stream, current: 2 } })).toEqual([
      "warning",
      "only 2 of 3 NATS servers hold the complete stream",
    ]);
    expect(look({ nodes: [] })).toEqual(["failed", "no server of the cluster answers", 5]);
    expect(look({ nodes: [stopped], areRootsEqual: false })).toEqual([
      "failed",
      "the servers have different histories",
      6,
    ]);
    const silent = ["nats://n2:4222", "nats://n3:4222"];
    const refused = { message: "NATS has no storage left", remedy: "add some" };
    const leaderless = { ...stream, leader: "", hasMajority: false };
    expect(look({ stream: leaderless, nodes: [one, { ...other, refused }] })).toEqual([
      "failed",
      "b cannot record messages: NATS has no storage left",
      5,
    ]);
    // The remaining server may still report itself as leader.
    expect(look({ stream: { ...stream, hasMajority: false }, nodes: [], silent })).toEqual([
      "failed",
      `the cluster has no majority: 2 of 3 NATS servers do not answer: ${silent.join(", ")}`,
      5,
    ]);
  });

  test("reports only the membership of a folder", () => {
    const states = ([undefined, "filling", "left"] as const).map((state) =>
      checkMembership("./data", { ...own, ...(state === undefined ? {} : { state }) }),
    );
    expect(states.map(({ state }) => state)).toEqual(["skipped", "warning", "ok"]);
    expect(states[1]?.remedy).toContain("chat cluster init ./data again");
  });

  test("warns about NATS that can lose acknowledged messages", () => {
    const settings = { name: "n1", version: "2.12.1", isSynced: true };
    expect(checkNats([settings])).toEqual(ok('sync_interval is "always" on n1'));
    const unsafe = { ...settings, name: "n2", isSynced: false };
    expect(checkNats([settings, unsafe]).message).toBe("n2 (2.12.1) has no sync_interval: always");
  });
});
