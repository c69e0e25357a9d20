import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { fakeWorld } from "./fake-world.ts";

const signer = new ReleaseSigner();
const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

async function check(path: string, ...flags: string[]) {
  const key = join(signer.release({ key: signer.publicKey }), "key");
  const world = fakeWorld();
  const args = ["version", "--check", path, "--key", key, ...flags];
  const exitCode = await runProgram(PROGRAM, args, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

test("names the files beside a verified release that it does not contain", async () => {
  const folder = signer.release({ "a.zip": "a", "b.zip": "b" });
  expect(await check(folder)).toEqual({
    exitCode: 0,
    out: "",
    err: "chat: chat 0.2.0: verified 2 files\n",
  });
  writeFileSync(join(folder, "install.sh"), "rm -rf ~");
  mkdirSync(join(folder, "a\x1b[2J"));
  const { exitCode, err } = await check(folder);
  expect([exitCode, err.replaceAll(/\s+/g, " ")]).toEqual([
    0,
    "chat: not verified, as the release has no such file: a␛[2J, install.sh " +
      "chat: chat 0.2.0: verified 2 files ",
  ]);
  expect(JSON.parse((await check(folder, "--json")).out)).toMatchObject({
    kind: "release",
    ok: true,
    version: "0.2.0",
    files: 2,
    listed: 2,
    unlisted: ["a\x1b[2J", "install.sh"],
  });
  expect((await check(join(folder, "a.zip"))).err).not.toContain("not verified");
});

test("names at most ten unlisted files", async () => {
  const folder = signer.release({ "a.zip": "a" });
  const add = (name: string) => writeFileSync(join(folder, name), "");
  for (let i = 0; i < 10; i++) add(`file-${i}`);
  expect((await check(folder)).err).not.toContain("more");
  add("file-x");
  expect((await check(folder)).err).toMatch(/file-9, and\s1\smore/);
});
