import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { eventually } from "../event.ts";
import { type Json, ndjson, type Program, Town } from "./program.ts";

/** Servers that announce themselves on the real LAN of the machine that runs the tests. */

const IS_IN_NETWORK = Object.values(networkInterfaces()).some((own) =>
  own?.some(({ internal, family }) => !internal && family === "IPv4"),
);

async function serve(town: Town, data: string, ...args: readonly string[]) {
  const common = ["serve", "--json", "--port", "0", "--open", "--name", "Discovery test"];
  const program = town.start([...common, "--data", town.path(data), ...args]);
  const { fingerprint, port } = await program.json("listening");
  return { program, fingerprint: String(fingerprint), port: Number(port) };
}

async function discover(town: Town): Promise<Json[]> {
  const { out } = await town.home("eve").run(["discover", "--json", "--timeout", "700ms"]);
  return ndjson(out).filter(({ kind }) => kind === "server");
}

const byFingerprint = (found: readonly Json[], fingerprint: string) =>
  found.find((server) => server["fingerprint"] === fingerprint);

/** Until it is there, or until the server has said why it will not be. */
async function found(town: Town, program: Program, fingerprint: string) {
  const look = async () => {
    if (program.err.text.includes("not announced on the LAN")) return "nowhere";
    return byFingerprint(await discover(town), fingerprint);
  };
  return eventually("the server is found, or says why not", look, 30_000);
}

test("servers are found, told apart, named to scripts, and gone when they stop", async () => {
  await using town = new Town();
  const one = await serve(town, "one");
  const first = await found(town, one.program, one.fingerprint);
  if (first === "nowhere") {
    expect(IS_IN_NETWORK).toBe(false);
    expect((await one.program.signal("SIGTERM")).exitCode).toBe(0);
    return;
  }
  expect(first).toMatchObject({ port: one.port, needs: "open" });
  expect(String(first["name"])).toMatch(/^Discovery test(?: \(\d+\))?$/);
  const two = await serve(town, "two");
  const second = await found(town, two.program, two.fingerprint);
  expect(second).toMatchObject({ name: expect.stringMatching(/^Discovery test \(\d+\)$/) });
  // A script is told, and takes nothing; a stranger's machine has another folder of its own.
  const stranger = town.home("bob").with({ XDG_RUNTIME_DIR: town.path("tmp") });
  const { exitCode, err } = await stranger.run(["users", "--user", "bob"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("no server was named, and none is known yet; on this network there is '");
  expect((await one.program.signal("SIGTERM")).exitCode).toBe(0);
  expect(byFingerprint(await discover(town), one.fingerprint)).toBeUndefined();
  expect((await two.program.signal("SIGKILL")).exitCode).not.toBe(0);
  expect(byFingerprint(await discover(town), two.fingerprint)).toBeUndefined();
  expect(`${one.program.err.text}${two.program.err.text}`).not.toContain("LAN");
});

test("who does not want to be found, or is reached from here alone, is not announced", async () => {
  await using town = new Town();
  const quiet = await serve(town, "quiet", "--no-discovery");
  const local = await town.serve({ data: "local" });
  // Another one, started after them, marks the time at which they would be there.
  const loud = await serve(town, "loud");
  await found(town, loud.program, loud.fingerprint);
  const all = await discover(town);
  expect(byFingerprint(all, quiet.fingerprint)).toBeUndefined();
  expect(byFingerprint(all, local.fingerprint)).toBeUndefined();
});

test("a wrong time to listen is a wrong use", async () => {
  await using town = new Town();
  const { exitCode, err } = await town.home("eve").run(["discover", "--timeout", "5"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("is no time to listen");
});
