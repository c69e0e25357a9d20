import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import manifest from "../../package.json";
import { SharedServer, sandboxTest } from "./shared-server.ts";

const server = new SharedServer();

const FINGERPRINT = /^SHA256:[A-Za-z0-9_-]{43}$/;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test("the first line contains everything that a script needs", async () => {
  const { listening, program, port, data } = server.served;
  const bare = String(listening["fingerprint"]).replace("SHA256:", "");
  expect(listening).toEqual({
    kind: "listening",
    url: `chat://127.0.0.1:${port}`,
    host: "127.0.0.1",
    port: expect.any(Number),
    web: `https://127.0.0.1:${port}/`,
    operatorLink: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/#operator=[\w-]{22}$/),
    udp: expect.any(Boolean),
    tls: true,
    fingerprint: expect.stringMatching(FINGERPRINT),
    invite: expect.stringMatching(/#[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/),
    data,
    pid: program.pid,
  });
  const [place] = String(listening["invite"]).split("#");
  expect(place).toBe(`chat://127.0.0.1:${port}/lobby?fp=${bare}`);
  expect(JSON.parse(program.out.all[0] ?? "")).toEqual(listening);
});

test("creates a data folder that only its owner can read", async () => {
  const { data, invite, program } = server.served;
  expect(modeOf(data)).toBe("700");
  for (const name of readdirSync(data, { recursive: true }).map(String)) {
    const path = join(data, name);
    expect([name, modeOf(path)]).toEqual([name, statSync(path).isDirectory() ? "700" : "600"]);
  }
  expect(readFileSync(join(data, "invite"), "utf8")).toBe(`'${invite}'\n`);
  expect(JSON.parse(readFileSync(join(data, "format.json"), "utf8"))).toEqual({
    format: 4,
    minReader: 4,
  });
  const token = readFileSync(join(data, "operator"), "utf8").trim();
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(program.out.text + program.err.text).not.toContain(token);
});

sandboxTest("identity, room password and additional files survive a restart", async (sandbox) => {
  const first = await sandbox.serve();
  const stopped = await first.program.signal("SIGTERM");
  expect([stopped.exitCode, stopped.err.includes("first-contact")]).toEqual([0, false]);
  const extra = ["notes.txt", "history/notes.txt", "history/000000000009.jsonl.bak"];
  for (const name of extra) writeFileSync(sandbox.path("data", name), "mine\n");
  const second = await sandbox.serve({ port: first.port });
  expect(second.invite).toBe(first.invite);
  expect((await sandbox.home("ana").run(["send", "x", "--user", "ana"])).exitCode).toBe(0);
  expect((await second.program.signal("SIGINT")).exitCode).toBe(0);
  for (const name of extra) expect(readFileSync(sandbox.path("data", name), "utf8")).toBe("mine\n");
});

sandboxTest("prints neither password nor invite in a pipe without --json", async (sandbox) => {
  const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--data", sandbox.path("data")];
  const program = sandbox.start(args);
  const line = await program.stderrLine("is listening on");
  expect(line).toContain(`invite: ${sandbox.path("data", "invite")}`);
  const invite = readFileSync(sandbox.path("data", "invite"), "utf8");
  const secret = /#(.*)'/.exec(invite)?.[1] ?? "";
  sandbox.use(invite.trim().slice(1, -1));
  expect(secret.length).toBeGreaterThan(10);
  const ana = sandbox.home("ana");
  await ana.run(["send", "hello", "--user", "ana"]);
  await program.out.next("the message", (words) => words.endsWith("\tlobby\tana\thello"));
  const { out, err } = await program.signal("SIGTERM");
  expect(out + err).not.toContain(secret);
});

sandboxTest("the process list contains no secrets of a server", async (sandbox) => {
  const room = sandbox.write("room", "open sesame\n");
  const { program, invite } = await sandbox.serve({ args: ["--room-password-file", room] });
  expect(decodeURIComponent(invite)).toEndWith("#open sesame");
  const ana = sandbox.home("ana").with({ CHAT_INVITE: invite, CHAT_PASSWORD: "swordfish" });
  const joined = await ana.join(["--user", "ana"]);
  for (const pid of [program.pid, joined.pid]) {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    expect(commandLine).toContain("chat");
    expect(commandLine).not.toMatch(/sesame|swordfish/);
  }
  const { out, err } = await joined.finish();
  expect(out + err).not.toMatch(/sesame|swordfish/);
  const { err: stderr } = await program.signal("SIGTERM");
  expect(stderr).not.toMatch(/sesame|swordfish/);
});

describe("refuses with one line", () => {
  sandboxTest("unencrypted connections except on loopback", async (sandbox) => {
    const args = ["serve", "--no-tls", "--host", "0.0.0.0", "--data", sandbox.path("data")];
    const { exitCode, err } = await sandbox.home("x").run(args);
    expect([exitCode, err]).toEqual([
      2,
      "chat: --no-tls requires a loopback address; add --host 127.0.0.1\n",
    ]);
    expect(existsSync(sandbox.path("data"))).toBe(false);
  });

  sandboxTest("a port that is in use", async (sandbox) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const { exitCode, out, err } = await sandbox.startServer({ port }).ended();
    other.close();
    expect([exitCode, err]).toEqual([
      1,
      `chat: port ${port} is in use; choose another port with --port\n`,
    ]);
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "port-taken", blame: "host" });
    expect(existsSync(sandbox.path("data"))).toBe(false);
  });

  test("a second server on the same folder, with the process id of the first", async () => {
    const { program, data } = server.served;
    const { exitCode, err } = await server.sandbox.startServer().ended();
    expect(exitCode).toBe(1);
    expect(err).toStartWith(`chat: ${data} is in use by process ${program.pid} on `);
    expect(err).toEndWith("; stop that process, or choose another folder with --data\n");
    const ana = server.sandbox.home("ana");
    expect((await ana.run(["send", "still here", "--user", "ana"])).exitCode).toBe(0);
  });

  sandboxTest("a folder with foreign files, without changing them", async (sandbox) => {
    const file = sandbox.write("thesis.tex", "\\begin");
    const names = readdirSync(sandbox.folder);
    const { exitCode, out, err } = await sandbox.startServer({ data: "." }).ended();
    expect(exitCode).toBe(1);
    expect(err).toMatch(/^chat: [^\n]+; pass a new or empty folder with --data\n$/);
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "data-foreign", blame: "host" });
    expect(readdirSync(sandbox.folder)).toEqual(names);
    expect(statSync(file).isFile()).toBe(true);
  });
});

server.test("prints events, and no direct messages", async (sandbox) => {
  const { program } = server.served;
  const bob = sandbox.home("ben");
  const ana = sandbox.home("cleo");
  await bob.run(["register", "--user", "ben"]);
  await ana.run(["send", "to all", "--user", "cleo"]);
  await ana.run(["send", "for ben alone", "--to", "@ben"]);
  await program.json("text", { to: "ben" });
  const lines = program.jsonLines.filter(({ kind, from }) => kind === "text" && from === "cleo");
  expect(lines).toEqual([
    expect.objectContaining({ room: "lobby", from: "cleo", text: "to all" }),
    { kind: "text", seq: expect.any(Number), time: expect.any(String), to: "ben", from: "cleo" },
  ]);
  const out = program.out.text;
  expect(out + program.err.text).not.toContain("for ben alone");
  expect(out).toContain('"kind":"connected"');
  expect(out).toContain(`"client":"chat/${manifest.version}`);
});

const SECRETS = /s3cret|notes\.txt|lab-topic/;

sandboxTest("--quiet prints connections but no content", async (sandbox) => {
  const server = await sandbox.serve({ args: ["--open", "--no-discovery", "--quiet"] });
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await (await bob.join([])).finish();
  const talk = ana.start(["join", "--room", "lab"]);
  talk.type("s3cret-text", "/me s3cret-action", "/topic lab-topic", "/msg bob s3cret-direct");
  expect((await talk.finish()).exitCode).toBe(0);
  sandbox.write("notes.txt", "s3cret-file");
  await ana.run(["send-file", sandbox.path("notes.txt"), "--to", "lab", "--to", "@bob"]);
  const { out, err } = await server.program.signal("SIGTERM");
  expect(out + err).not.toMatch(SECRETS);
  const kinds = server.program.jsonLines.map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(
    new Set(["listening", "connected", "logged-in", "logged-out", "disconnected", "offered"]),
  );
});
