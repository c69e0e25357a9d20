import { beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  candidates,
  chooseServer,
  discoverServer,
  ownRoomSecret,
} from "../../../src/cli/connect/discover.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { findLocalServers, type LocalServer } from "../../../src/io/state/local-servers.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { formatAddress } from "../../../src/wire/invite.ts";
import { fakeContext, faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

const [ONE, TWO] = ["x", "y"].map((letter) => `${letter.repeat(42)}A` as Fingerprint);
const folder = tempFolder();
const run = join(folder, "chat");
beforeEach(() => {
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { mode: 0o700 });
});

const HOME = "/home/ana";
const PIDS = [process.pid, process.ppid];

function entry(index: 0 | 1, change: Partial<LocalServer> = {}): LocalServer {
  const pid = PIDS[index] ?? 0;
  const server = {
    pid,
    host: "127.0.0.1",
    port: 2428 + index,
    data: `/srv/${index}`,
    home: HOME,
    fingerprint: [ONE, TWO][index] as Fingerprint,
    startedUnixMs: index,
    irc: [],
    ...change,
  };
  writeFileSync(join(run, `${pid}.json`), JSON.stringify(server));
  return server;
}

function contextOf(lines?: readonly string[]) {
  const env = { CHAT_HOME: HOME, XDG_RUNTIME_DIR: folder };
  return fakeContext({ lines: lines ?? [], terminal: lines !== undefined, env });
}

function stateWith(pins: Readonly<Record<string, string | undefined>> = {}, last?: string) {
  const state = ClientState.inMemory();
  for (const [address, fingerprint = ""] of Object.entries(pins)) {
    state.setPin({ address, fingerprint, name: "n", firstSeenUnixMs: 0 });
  }
  if (last !== undefined) state.setLastServer(last, 1);
  return state;
}

async function chosen(state: ClientState, lines?: readonly string[]) {
  const { world, context } = contextOf(lines);
  const server = await chooseServer(context, state);
  return { place: server && formatAddress(server.address), seen: world.stderr.text, server };
}

test("a script uses the only server if this home has connected to it", async () => {
  entry(0);
  const met = stateWith({ "127.0.0.1:2428": ONE });
  const { place, server } = await chosen(met);
  expect([place, server?.address.fingerprint]).toEqual(["127.0.0.1:2428", ONE]);
  const fault = await faultFrom(() => chosen(stateWith()));
  expect([fault.exitCode, fault.remedy]).toEqual([2, "specify it once: --server 127.0.0.1:2428"]);
  expect(fault.message).toContain("/srv/0");
  expect((await chosen(stateWith(), [])).place).toBe("127.0.0.1:2428");
});

test("a script uses the last used of several servers, or lists them all", async () => {
  entry(0);
  entry(1);
  const pins = { "127.0.0.1:2428": ONE, "127.0.0.1:2429": TWO };
  expect((await chosen(stateWith(pins, "127.0.0.1:2428"))).place).toBe("127.0.0.1:2428");
  expect((await chosen(stateWith({ ...pins, "h:1": ONE }, "h:1"))).place).toBe("127.0.0.1:2428");
  const fault = await faultFrom(() => chosen(stateWith(pins)));
  expect([fault.exitCode, fault.message]).toEqual([
    2,
    "no server given, and several are running here: 127.0.0.1:2429, data in '/srv/1'; " +
      "127.0.0.1:2428, data in '/srv/0'",
  ]);
});

test("a terminal offers the last used server as the default answer", async () => {
  entry(0);
  entry(1);
  const remote = stateWith({ "remote:2428": "z" }, "remote:2428");
  const { place, seen } = await chosen(remote, [""]);
  expect(place).toBe("remote:2428");
  expect(seen).toContain("  1  remote:2428, last used\n  2  127.0.0.1:2429, data in '/srv/1'\n");
  expect(seen).toEndWith("Choose 1 to 3 [1]: ");
  expect((await chosen(remote, ["3"])).place).toBe("127.0.0.1:2428");
  for (const answer of ["0", "4", "x"]) {
    expect((await faultFrom(() => chosen(remote, [answer]))).exitCode).toBe(2);
  }
  expect((await faultFrom(() => chosen(stateWith(), [""]))).message).toBe("no server chosen");
});

test("offers a server of another CHAT_HOME only if it was used last", async () => {
  entry(0, { home: "/home/bob" });
  expect((await chosen(stateWith({ "127.0.0.1:2428": ONE }))).place).toBeUndefined();
  const last = stateWith({ "127.0.0.1:9": ONE }, "127.0.0.1:9");
  expect((await chosen(last)).place).toBe("127.0.0.1:2428");
  const find = async () => ({ servers: [], droppedCount: 0 });
  const asked = contextOf(["y"]);
  const address = await discoverServer(asked.context, stateWith(), find);
  expect(address.fingerprint).toBe(ONE);
  expect(asked.world.stderr.text).toContain("1  127.0.0.1:2428, started under another CHAT_HOME");
  const { context } = contextOf();
  const { exitCode, remedy } = await faultFrom(() => discoverServer(context, stateWith(), find));
  expect([exitCode, remedy]).toEqual([2, "specify one: --server 127.0.0.1:2428"]);
});

test("knows the password of a server of this home alone, by its fingerprint", () => {
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "invite"), `'chat://127.0.0.1:2428/lobby?fp=${ONE}#secret'\n`);
  entry(0, { data });
  const { context } = contextOf();
  expect(ownRoomSecret(context, ONE as Fingerprint)).toBe("secret");
  expect(ownRoomSecret(context, TWO as Fingerprint)).toBeUndefined();
  entry(0, { data, home: "/home/bob" });
  expect(ownRoomSecret(context, ONE as Fingerprint)).toBeUndefined();
});

test("removes entries of dead processes, with a wrong file name, or malformed", () => {
  writeFileSync(join(run, "999999999.json"), JSON.stringify({ ...entry(0), pid: 999_999_999 }));
  writeFileSync(join(run, "1234567.json"), JSON.stringify(entry(0)));
  writeFileSync(join(run, "7.json"), "{");
  const { context } = contextOf();
  expect(candidates(context, undefined)).toHaveLength(1);
  for (const name of ["999999999.json", "1234567.json", "7.json"]) {
    expect(existsSync(join(run, name))).toBe(false);
  }
});

test("ignores a folder that other users can write to or own", () => {
  entry(0);
  const found = () => findLocalServers({ XDG_RUNTIME_DIR: folder }).length;
  chmodSync(run, 0o777);
  expect(found()).toBe(0);
  chmodSync(run, 0o700);
  expect(found()).toBe(1);
  if (process.getuid?.() !== 0) return;
  chownSync(run, 65_534, 65_534);
  expect(found()).toBe(0);
});
