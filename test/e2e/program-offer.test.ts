import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { CHAT } from "./binary.ts";
import { sha256 } from "./couriers.ts";
import { Sandbox } from "./program.ts";

/** `chat serve --offer`: visitors get the program itself from the server. */

const TLS = { tls: { rejectUnauthorized: false } };

test("the binary comes by its name alone; one that is replaced is read anew", async () => {
  await using sandbox = new Sandbox();
  mkdirSync(sandbox.path("offer"));
  copyFileSync(CHAT, sandbox.path("offer/chat-linux-x64"));
  symlinkSync("/etc/passwd", sandbox.path("offer/chat-linux-arm64"));
  writeFileSync(sandbox.path("offer/notes.txt"), "not for visitors");
  const { listening } = await sandbox.serve({ args: ["--offer", sandbox.path("offer")] });
  const web = String(listening["web"]);
  expect(String(listening["program"])).toMatch(/^https:\/\/.*\/program\/$/);
  const list = async () => (await fetch(`${web}program/`, TLS)).json();
  const first = { name: "chat-linux-x64", size: Bun.file(CHAT).size, sha256: sha256(CHAT) };
  expect(await list()).toEqual({ programs: [first] });
  const sums = await (await fetch(`${web}program/SHA256SUMS`, TLS)).text();
  expect(sums).toBe(`${first.sha256}  chat-linux-x64\n`);
  const got = sandbox.path("got");
  await Bun.write(got, await fetch(`${web}program/chat-linux-x64`, TLS));
  expect([Bun.file(got).size, sha256(got)]).toEqual([first.size, first.sha256]);
  for (const name of ["notes.txt", "chat-linux-arm64", "%2e%2e/data/operator", ".."]) {
    expect([name, (await fetch(`${web}program/${name}`, TLS)).ok]).toEqual([
      name,
      name === "..", // The page itself.
    ]);
  }
  writeFileSync(sandbox.path("offer/next"), "another");
  renameSync(sandbox.path("offer/next"), sandbox.path("offer/chat-linux-x64"));
  expect(await list()).toMatchObject({ programs: [{ size: 7 }] });
});

test("a folder that is none refuses the start; settings.toml offers one as well", async () => {
  await using sandbox = new Sandbox();
  const none = await sandbox
    .home("ana")
    .run(["serve", "--data", sandbox.path("no"), "--offer", "nonesuch"]);
  expect([none.exitCode, none.err]).toEqual([
    2,
    expect.stringContaining("'nonesuch' is no folder"),
  ]);
  mkdirSync(sandbox.path("data"));
  mkdirSync(sandbox.path("offer"));
  sandbox.write(
    "data/settings.toml",
    `host = "127.0.0.1"\nport = 0\nudp = false\ndiscovery = false
offer = "${sandbox.path("offer")}"\n`,
  );
  const server = sandbox.start(["serve", "--data", sandbox.path("data"), "--json"]);
  const { web } = await server.json("listening");
  expect(await (await fetch(`${web}program/`, TLS)).json()).toEqual({ programs: [] });
  const ended = await server.signal("SIGTERM");
  expect(ended.err).toContain("--offer: there is no chat-linux-x64, ");
});
