import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { until } from "../event.ts";
import { type Json, ndjson, type Program, Sandbox } from "./program.ts";

const IS_IN_NETWORK = Object.values(networkInterfaces()).some((own) =>
  own?.some(({ internal, family }) => !internal && family === "IPv4"),
);

async function serve(sandbox: Sandbox, data: string, ...args: readonly string[]) {
  const common = ["serve", "--json", "--port", "0", "--open", "--name", "Discovery test"];
  const program = sandbox.start([...common, "--data", sandbox.path(data), ...args]);
  const { fingerprint, port } = await program.json("listening");
  return { program, fingerprint: String(fingerprint), port: Number(port) };
}

async function discover(sandbox: Sandbox): Promise<Json[]> {
  const { out } = await sandbox.home("eve").run(["discover", "--json", "--timeout", "700ms"]);
  return ndjson(out).filter(({ kind }) => kind === "server");
}

const byFingerprint = (found: readonly Json[], fingerprint: string) =>
  found.find((server) => server["fingerprint"] === fingerprint);

async function found(sandbox: Sandbox, program: Program, fingerprint: string) {
  const look = async () => {
    if (program.err.text.includes("not announced on the LAN")) return "nowhere";
    return byFingerprint(await discover(sandbox), fingerprint);
  };
  return until("the server is found, or says why not", look, 30_000);
}

test("discovers, distinguishes and lists servers until they stop", async () => {
  await using sandbox = new Sandbox();
  const one = await serve(sandbox, "one");
  const first = await found(sandbox, one.program, one.fingerprint);
  if (first === "nowhere") {
    expect(IS_IN_NETWORK).toBe(false);
    expect((await one.program.signal("SIGTERM")).exitCode).toBe(0);
    return;
  }
  expect(first).toMatchObject({ port: one.port, needs: "open" });
  expect(String(first["name"])).toMatch(/^Discovery test(?: \(\d+\))?$/);
  const two = await serve(sandbox, "two");
  const second = await found(sandbox, two.program, two.fingerprint);
  expect(second).toMatchObject({ name: expect.stringMatching(/^Discovery test \(\d+\)$/) });
  const stranger = sandbox.home("bob").with({ XDG_RUNTIME_DIR: sandbox.path("tmp") });
  const { exitCode, err } = await stranger.run(["users", "--user", "bob"]);
  expect(exitCode).toBe(2);
  expect(err).toContain("no server given or known; nearby: '");
  expect((await one.program.signal("SIGTERM")).exitCode).toBe(0);
  expect(byFingerprint(await discover(sandbox), one.fingerprint)).toBeUndefined();
  expect((await two.program.signal("SIGKILL")).exitCode).not.toBe(0);
  expect(byFingerprint(await discover(sandbox), two.fingerprint)).toBeUndefined();
  expect(`${one.program.err.text}${two.program.err.text}`).not.toContain("LAN");
});

test("does not announce servers with --no-discovery or on loopback only", async () => {
  await using sandbox = new Sandbox();
  const quiet = await serve(sandbox, "quiet", "--no-discovery");
  const local = await sandbox.serve({ data: "local" });
  // A server started later shows when these servers would have been found.
  const loud = await serve(sandbox, "loud");
  await found(sandbox, loud.program, loud.fingerprint);
  const all = await discover(sandbox);
  expect(byFingerprint(all, quiet.fingerprint)).toBeUndefined();
  expect(byFingerprint(all, local.fingerprint)).toBeUndefined();
});
