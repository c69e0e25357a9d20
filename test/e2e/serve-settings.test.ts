import { expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { Sandbox } from "./program.ts";

/** What `chat serve` is told without flags, and what it does not tell. */

test("a folder with only settings.toml becomes a server's, as the file says", async () => {
  await using sandbox = new Sandbox();
  mkdirSync(sandbox.path("data"));
  const password = sandbox.write("room-password", "blue house\n");
  sandbox.write(
    "data/settings.toml",
    `host = "127.0.0.1"\nport = 0\nname = "Room 12"\nudp = false\ndiscovery = false
room-password-file = "${password}"\n`,
  );
  const args = ["serve", "--data", sandbox.path("data"), "--json"];
  const server = sandbox.start(args, { env: { CHAT_SERVE_WELCOME: "Be kind." } });
  const listening = await server.json("listening");
  expect(listening).toMatchObject({ host: "127.0.0.1", udp: false });
  expect(listening["invite"]).toContain("#blue%20house");
  const ana = sandbox
    .home("ana")
    .with({ CHAT_USER: "ana", CHAT_INVITE: String(listening["invite"]) });
  const talk = ana.start(["join", "--json"]);
  expect(await talk.json("connected")).toMatchObject({ server: "Room 12", welcome: "Be kind." });
});

test("a mistake in settings.toml refuses the start, in one line with its place", async () => {
  await using sandbox = new Sandbox();
  mkdirSync(sandbox.path("data"));
  sandbox.write("data/settings.toml", "# ours\nprot = 2500\n");
  const ran = await sandbox.home("ana").run(["serve", "--data", "data"]);
  expect([ran.exitCode, ran.out]).toEqual([2, ""]);
  expect(ran.err.replaceAll(sandbox.folder, "")).toBe(
    "chat: unknown setting in data/settings.toml:2:1: 'prot'; did you mean port?\n",
  );
});

const SECRETS = /s3cret|notes\.txt|lab-topic|quit-words/;

test.each([
  ["text", []],
  ["json", ["--json"]],
] as const)("--quiet, as %s: who comes and goes, and no word of theirs", async (_, format) => {
  await using sandbox = new Sandbox();
  const place = ["--host", "127.0.0.1", "--port", "0", "--open", "--no-discovery"];
  const data = ["--data", sandbox.path("data")];
  const server = sandbox.start(["serve", ...place, ...data, "--quiet", ...format]);
  if (format.length === 0) await server.said("listens on");
  else await server.json("listening");
  sandbox.use(readFileSync(sandbox.path("data", "invite"), "utf8").trim().slice(1, -1));
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await (await bob.join([])).finish();
  const talk = ana.start(["join", "--room", "lab"]);
  talk.type("s3cret-text", "/me s3cret-action", "/topic lab-topic", "/msg bob s3cret-direct");
  expect((await talk.finish()).exitCode).toBe(0);
  sandbox.write("notes.txt", "s3cret-file");
  await ana.run(["send-file", sandbox.path("notes.txt"), "--to", "lab", "--to", "@bob"]);
  const { out, err } = await server.signal("SIGTERM");
  expect(out + err).not.toMatch(SECRETS);
  const kinds = out
    .trim()
    .split("\n")
    .map((line) => (format.length === 0 ? line.split("\t")[2] : JSON.parse(line).kind));
  expect(new Set(kinds)).toEqual(
    new Set([
      ...(format.length === 0 ? [] : ["listening"]),
      ...["connected", "logged-in", "logged-out", "disconnected", "offered"],
    ]),
  );
});
