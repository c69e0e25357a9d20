import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { filesOf, type Home, ndjson, Sandbox, type Served } from "./program.ts";

/** An operator presents a copy of the data folder, without the last record that ana has seen. */

let sandbox: Sandbox;
let served: Served;
let ana: Home;
const to = (user: string) => ["--server", served.address, "--user", user];

async function send(home: Home, user: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) expect((await home.run(["send", text, ...to(user)])).exitCode).toBe(0);
}

beforeAll(async () => {
  sandbox = new Sandbox();
  served = await sandbox.serve({ args: ["--open"] });
  ana = sandbox.home("ana");
  await send(ana, "ana", "one");
  await send(sandbox.home("ben"), "ben", "two");
  await served.program.signal("SIGTERM");
  cpSync(served.data, sandbox.path("copy"), { recursive: true });
  cpSync(served.data, sandbox.path("other"), { recursive: true });
  await restart(basename(served.data));
  await send(ana, "ana", "three");
  // A device knows what it posted when it reads it, or by the next checkpoint.
  expect((await ana.run(["history", ...to("ana")])).exitCode).toBe(0);
  writeFileSync(sandbox.path("secret.txt"), "secret");
});

afterAll(() => sandbox[Symbol.asyncDispose]());

async function restart(data: string): Promise<void> {
  if (served.program.isRunning) await served.program.signal("SIGTERM");
  served = await sandbox.serve({ data, port: served.port, args: ["--open"] });
}

async function texts(): Promise<readonly unknown[]> {
  const { out } = await ana.run(["history", "--data", served.data, "--json", "-n", "99"]);
  return ndjson(out).flatMap((record) =>
    record.kind === "text" ? [record["text"]] : filesOf([record]).map(({ name }) => name),
  );
}

test.each<[string, readonly string[]]>([
  ["copy", []],
  ["other", ["four", "five"]],
])("posts nothing to a server with a different history: %s", async (data, later) => {
  await restart(data);
  await send(sandbox.home("ben"), "ben", ...later);
  const before = await texts();
  const secret = sandbox.path("secret.txt");
  // The second attempt has the evidence of the first.
  for (const command of [
    ["send", "secret"],
    ["send", "secret", "--to", "@ben"],
    ["send", "x".repeat(20_000)],
    ["send", "secret"],
    ["send-file", secret],
    ["send-file", secret, "--to", "@ben"],
  ]) {
    const { exitCode, err } = await ana.run([...command, ...to("ana")]);
    expect([exitCode, err]).toEqual([6, expect.stringMatching(/the server's history has/)]);
  }
  const joined = await ana.run(["join", "--plain", ...to("ana")], { stdin: "kept\n" });
  expect(joined.exitCode).toBe(6);
  expect(await texts()).toEqual(before);
});

test("what a command did not send is not sent after the history was accepted", async () => {
  await ana.run(["trust", "accept", served.address]);
  await send(ana, "ana", "after");
  expect((await texts()).filter((text) => text === "secret" || text === "secret.txt")).toEqual([]);
  expect(await texts()).toContain("after");
});
