import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import manifest from "../../package.json";
import { Sandbox } from "./program.ts";

/** `chat serve`: what it says, keeps, and refuses. */

const FINGERPRINT = /^SHA256:[A-Za-z0-9_-]{43}$/;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** All files below a folder with what is in them. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(join(folder, name), "latin1")]),
  );
}

test("the first line tells everything that a script needs", async () => {
  await using sandbox = new Sandbox();
  const { listening, program, port, data } = await sandbox.serve();
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

test("what it keeps is for its owner alone", async () => {
  await using sandbox = new Sandbox();
  const { data, invite } = await sandbox.serve();
  expect(modeOf(data)).toBe("700");
  for (const name of readdirSync(data, { recursive: true }).map(String)) {
    const path = join(data, name);
    expect([name, modeOf(path)]).toEqual([name, statSync(path).isDirectory() ? "700" : "600"]);
  }
  expect(readFileSync(join(data, "invite"), "utf8")).toBe(`'${invite}'\n`);
  expect(JSON.parse(readFileSync(join(data, "format.json"), "utf8"))).toEqual({
    format: 2,
    minReader: 2,
  });
});

test("identity and room password outlive the process", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const stopped = await first.program.signal("SIGTERM");
  expect([stopped.exitCode, stopped.err.includes("first-contact")]).toEqual([0, false]);
  const second = await sandbox.serve({ port: first.port });
  expect(second.invite).toBe(first.invite);
  expect((await second.program.signal("SIGINT")).exitCode).toBe(0);
});

test("piped without --json it shows neither password nor invite", async () => {
  await using sandbox = new Sandbox();
  const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--data", sandbox.path("data")];
  const program = sandbox.start(args);
  const line = await program.said("listens on");
  expect(line).toContain(`how to join: ${sandbox.path("data", "invite")}`);
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

test("a server's secrets are not in the process list", async () => {
  await using sandbox = new Sandbox();
  const room = sandbox.write("room", "open sesame\n");
  const { program, invite } = await sandbox.serve({ args: ["--room-password-file", room] });
  expect(decodeURIComponent(invite)).toEndWith("#open sesame");
  const ana = sandbox.home("ana").with({ CHAT_INVITE: invite, CHAT_PASSWORD: "swordfish" });
  const joined = await ana.join(["--user", "ana"]);
  for (const pid of [program.pid, joined.pid]) {
    const shown = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    expect(shown).toContain("chat");
    expect(shown).not.toMatch(/sesame|swordfish/);
  }
  const { out, err } = await joined.finish();
  expect(out + err).not.toMatch(/sesame|swordfish/);
  const { err: told } = await program.signal("SIGTERM");
  expect(told).not.toMatch(/sesame|swordfish/);
});

describe("refused with one line", () => {
  test("plain text off loopback", async () => {
    await using sandbox = new Sandbox();
    const args = ["serve", "--no-tls", "--host", "0.0.0.0", "--data", sandbox.path("data")];
    const { exitCode, err } = await sandbox.home("x").run(args);
    expect([exitCode, err]).toEqual([
      2,
      "chat: --no-tls is for loopback only; add --host 127.0.0.1\n",
    ]);
    expect(existsSync(sandbox.path("data"))).toBe(false);
  });

  test.each(["", " ", "n".repeat(129)])(
    "a name that no welcome could carry: '%s'",
    async (name) => {
      await using sandbox = new Sandbox();
      const { exitCode, out } = await sandbox.startServer({ args: ["--name", name] }).ended();
      expect(exitCode).toBe(2);
      expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "usage" });
      const { listening } = await sandbox.serve({ args: ["--name", "n".repeat(128)] });
      const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
      expect(String(listening["kind"])).toBe("listening");
      expect((await ana.run(["register"])).exitCode).toBe(0);
    },
  );

  test("a port that is taken", async () => {
    await using sandbox = new Sandbox();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const { exitCode, out, err } = await sandbox.startServer({ port }).ended();
    other.close();
    expect([exitCode, err]).toEqual([
      1,
      `chat: another program listens on 127.0.0.1:${port}; choose another with --port\n`,
    ]);
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "port-taken", blame: "host" });
    expect(existsSync(sandbox.path("data"))).toBe(false);
    // What never served is not "the server you had".
    const { program } = await sandbox.serve({ data: "other" });
    expect(program.err.text).not.toContain("the one you had");
  });

  test("a second server on the same folder, naming the first", async () => {
    await using sandbox = new Sandbox();
    const { program, data, address } = await sandbox.serve();
    const { exitCode, err } = await sandbox.startServer().ended();
    expect(exitCode).toBe(1);
    expect(err).toStartWith(`chat: ${data} is in use by process ${program.pid} on `);
    expect(err).toEndWith("; stop that process or use another --data\n");
    const { exitCode: sent } = await sandbox
      .home("ana")
      .run(["send", "still here", "--user", "ana"]);
    expect([sent, address]).toEqual([0, program.isRunning ? address : "gone"]);
  });

  test("a folder of a newer version, untouched", async () => {
    await using sandbox = new Sandbox();
    await (await sandbox.serve()).program.signal("SIGTERM");
    writeFileSync(sandbox.path("data", "format.json"), '{"format":9,"minReader":9}\n');
    const before = contents(sandbox.path("data"));
    const { exitCode, err } = await sandbox.startServer().ended();
    expect([exitCode, err]).toEqual([
      1,
      `chat: ${sandbox.path("data")} was written by a newer version (format 9); ` +
        "use that version of chat\n",
    ]);
    expect(contents(sandbox.path("data"))).toEqual(before);
    const read = await sandbox.home("x").run(["history", "--data", sandbox.path("data")]);
    expect([read.exitCode, read.out]).toEqual([1, ""]);
  });

  test.each([
    [
      "a folder of somebody else's",
      (sandbox: Sandbox) => sandbox.write("thesis.tex", "\\begin"),
      ".",
    ],
    ["a file in place of a folder", (sandbox: Sandbox) => sandbox.write("file", ""), "file"],
    ["a file on the way to it", (sandbox: Sandbox) => sandbox.write("file", ""), "file/data"],
  ])("%s, untouched", async (_, prepare, data) => {
    await using sandbox = new Sandbox();
    const file = prepare(sandbox);
    const names = readdirSync(sandbox.folder);
    const { exitCode, out, err } = await sandbox.startServer({ data }).ended();
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^chat: [^\n]+; choose (?:an empty or a new|another) folder with --data\n$/,
    );
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "data-foreign", blame: "host" });
    expect(readdirSync(sandbox.folder)).toEqual(names);
    expect(statSync(file).isFile()).toBe(true);
  });

  test.each([
    ["--host", "999.9.9.9", /^chat: '999\.9\.9\.9' is not an IP address; [^\n]+\n$/],
    ["--host", "192.0.2.55", /^chat: this machine has no address 192\.0\.2\.55; [^\n]+\n$/],
    ["--port", "70000", /^chat: '70000' is no value of --port; use a number from 0 to 65535\n$/],
    ["--port", "x", /^chat: 'x' is no value of --port; use a number from 0 to 65535\n$/],
    ["--cert", "/nonexistent", /^chat: --cert and --key go together; give both\n$/],
    ["--welcome", "x".repeat(4097), /^chat: a welcome has at most 4096 bytes; shorten it\n$/],
    ["--colour", "x", /^chat: unknown flag '--colour'; did you mean --color\?\n$/],
  ])("%s %s", async (flag, value, line) => {
    await using sandbox = new Sandbox();
    const port = flag === "--port" ? [] : ["--port", "0"];
    const args = ["serve", ...port, flag, value, "--data", sandbox.path("data")];
    const { exitCode, err } = await sandbox.home("x").run(args);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(line)]);
    expect(existsSync(sandbox.path("data", "invite"))).toBe(false);
  });
});

test("extra files in its folder are left alone", async () => {
  await using sandbox = new Sandbox();
  await (await sandbox.serve()).program.signal("SIGTERM");
  for (const name of ["notes.txt", "history/notes.txt", "history/000000000009.jsonl.bak"]) {
    writeFileSync(sandbox.path("data", name), "mine\n");
  }
  const { program } = await sandbox.serve();
  expect((await sandbox.home("ana").run(["send", "x", "--user", "ana"])).exitCode).toBe(0);
  expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  for (const name of ["notes.txt", "history/notes.txt", "history/000000000009.jsonl.bak"]) {
    expect(readFileSync(sandbox.path("data", name), "utf8")).toBe("mine\n");
  }
});

test("--open asks nobody for a room password", async () => {
  await using sandbox = new Sandbox();
  const { address, invite } = await sandbox.serve({ args: ["--open"] });
  expect(invite).not.toContain("#");
  const { exitCode } = await sandbox.home("ana").run(["send", "x", "--server", address], {
    env: { CHAT_USER: "ana" },
  });
  expect(exitCode).toBe(0);
});

test("--no-tls works on loopback, behind the same words", async () => {
  await using sandbox = new Sandbox();
  const { listening } = await sandbox.serve({ args: ["--no-tls", "--open"] });
  expect([listening["tls"], String(listening["web"]).slice(0, 7)]).toEqual([false, "http://"]);
  const page = await fetch(new URL("/healthz", String(listening["web"])));
  expect(page.status).toBe(200);
});

test("what happens is printed, direct words are not", async () => {
  await using sandbox = new Sandbox();
  const { program } = await sandbox.serve();
  const bob = sandbox.home("bob");
  const ana = sandbox.home("ana");
  await bob.run(["register", "--user", "bob"]);
  await ana.run(["send", "to all", "--user", "ana"]);
  await ana.run(["send", "for bob alone", "--to", "@bob"]);
  await program.json("text", { to: "bob" });
  const lines = program.jsonLines.filter(({ kind }) => kind === "text");
  expect(lines).toEqual([
    expect.objectContaining({ room: "lobby", from: "ana", text: "to all" }),
    { kind: "text", seq: expect.any(Number), time: expect.any(String), to: "bob", from: "ana" },
  ]);
  const { out, err } = await program.signal("SIGTERM");
  expect(out + err).not.toContain("for bob alone");
  expect(out).toContain('"kind":"connected"');
  expect(out).toContain(`"client":"chat/${manifest.version}"`);
});

test("a new server starts although the folder of the one before cannot be read", async () => {
  await using sandbox = new Sandbox();
  const env = { CHAT_HOME: sandbox.path("operator") };
  const first = await sandbox.serve({ data: "old", env });
  await first.program.signal("SIGTERM");
  rmSync(sandbox.path("old"), { recursive: true });
  mkdirSync(sandbox.path("old", "format.json"), { recursive: true });
  const { program } = await sandbox.serve({ data: "new", env });
  const { exitCode, err } = await program.signal("SIGTERM");
  expect([exitCode, err]).toEqual([0, expect.stringContaining("the one you had goes on with")]);
});
