import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import manifest from "../../package.json";
import { Town } from "./program.ts";

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
  await using town = new Town();
  const { listening, program, port, data } = await town.serve();
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
  await using town = new Town();
  const { data, invite } = await town.serve();
  expect(modeOf(data)).toBe("700");
  for (const name of readdirSync(data, { recursive: true }).map(String)) {
    const path = join(data, name);
    expect([name, modeOf(path)]).toEqual([name, statSync(path).isDirectory() ? "700" : "600"]);
  }
  expect(readFileSync(join(data, "invite"), "utf8")).toBe(`'${invite}'\n`);
  expect(JSON.parse(readFileSync(join(data, "format.json"), "utf8"))).toEqual({
    format: 1,
    minReader: 1,
  });
});

test("identity and room password outlive the process", async () => {
  await using town = new Town();
  const first = await town.serve();
  const stopped = await first.program.signal("SIGTERM");
  expect([stopped.exitCode, stopped.err.includes("first-contact")]).toEqual([0, false]);
  const second = await town.serve({ port: first.port });
  expect(second.invite).toBe(first.invite);
  expect((await second.program.signal("SIGINT")).exitCode).toBe(0);
});

test("piped without --json it shows neither password nor invite", async () => {
  await using town = new Town();
  const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--data", town.path("data")];
  const program = town.start(args);
  const line = await program.said("listens on");
  expect(line).toContain(`how to join: ${town.path("data", "invite")}`);
  const invite = readFileSync(town.path("data", "invite"), "utf8");
  const secret = /#(.*)'/.exec(invite)?.[1] ?? "";
  expect(secret.length).toBeGreaterThan(10);
  const ana = town.home("ana");
  await ana.run(["send", "hello", "--user", "ana"]);
  await program.out.next("the message", (words) => words.endsWith("\tlobby\tana\thello"));
  const { out, err } = await program.signal("SIGTERM");
  expect(out + err).not.toContain(secret);
});

test("a server's secrets are not in the process list", async () => {
  await using town = new Town();
  const room = town.write("room", "open sesame\n");
  const { program, invite } = await town.serve({ args: ["--room-password-file", room] });
  expect(decodeURIComponent(invite)).toEndWith("#open sesame");
  const ana = town.home("ana").with({ CHAT_INVITE: invite, CHAT_PASSWORD: "swordfish" });
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
    await using town = new Town();
    const args = ["serve", "--no-tls", "--host", "0.0.0.0", "--data", town.path("data")];
    const { exitCode, err } = await town.home("x").run(args);
    expect([exitCode, err]).toEqual([
      2,
      "chat: --no-tls is for loopback only; add --host 127.0.0.1\n",
    ]);
    expect(existsSync(town.path("data"))).toBe(false);
  });

  test.each(["", " ", "n".repeat(129)])(
    "a name that no welcome could carry: '%s'",
    async (name) => {
      await using town = new Town();
      const { exitCode, out } = await town.startServer({ args: ["--name", name] }).ended();
      expect(exitCode).toBe(2);
      expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "usage" });
      const { listening } = await town.serve({ args: ["--name", "n".repeat(128)] });
      const ana = town.home("ana").with({ CHAT_USER: "ana" });
      expect(String(listening["kind"])).toBe("listening");
      expect((await ana.run(["register"])).exitCode).toBe(0);
    },
  );

  test("a port that is taken", async () => {
    await using town = new Town();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const { exitCode, out, err } = await town.startServer({ port }).ended();
    other.close();
    expect([exitCode, err]).toEqual([
      1,
      `chat: another program listens on 127.0.0.1:${port}; choose another with --port\n`,
    ]);
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "port-taken", blame: "host" });
    // What never served is not "the server you had".
    const { program } = await town.serve({ data: "other" });
    expect(program.err.text).not.toContain("the one you had");
  });

  test("a second server on the same folder, naming the first", async () => {
    await using town = new Town();
    const { program, data, address } = await town.serve();
    const { exitCode, err } = await town.startServer().ended();
    expect(exitCode).toBe(1);
    expect(err).toStartWith(`chat: ${data} is in use by process ${program.pid} on `);
    expect(err).toEndWith("; stop that process or use another --data\n");
    const { exitCode: sent } = await town.home("ana").run(["send", "still here", "--user", "ana"]);
    expect([sent, address]).toEqual([0, program.isRunning ? address : "gone"]);
  });

  test("a folder of a newer version, untouched", async () => {
    await using town = new Town();
    await (await town.serve()).program.signal("SIGTERM");
    writeFileSync(town.path("data", "format.json"), '{"format":9,"minReader":9}\n');
    const before = contents(town.path("data"));
    const { exitCode, err } = await town.startServer().ended();
    expect([exitCode, err]).toEqual([
      1,
      `chat: ${town.path("data")} was written by a newer version (format 9); ` +
        "use that version of chat\n",
    ]);
    expect(contents(town.path("data"))).toEqual(before);
    const read = await town.home("x").run(["history", "--data", town.path("data")]);
    expect([read.exitCode, read.out]).toEqual([1, ""]);
  });

  test.each([
    ["a folder of somebody else's", (town: Town) => town.write("thesis.tex", "\\begin"), "."],
    ["a file in place of a folder", (town: Town) => town.write("file", ""), "file"],
    ["a file on the way to it", (town: Town) => town.write("file", ""), "file/data"],
  ])("%s, untouched", async (_, prepare, data) => {
    await using town = new Town();
    const file = prepare(town);
    const names = readdirSync(town.folder);
    const { exitCode, out, err } = await town.startServer({ data }).ended();
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^chat: [^\n]+; choose (?:an empty or a new|another) folder with --data\n$/,
    );
    expect(JSON.parse(out)).toMatchObject({ kind: "fault", code: "data-foreign", blame: "host" });
    expect(readdirSync(town.folder)).toEqual(names);
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
    await using town = new Town();
    const port = flag === "--port" ? [] : ["--port", "0"];
    const args = ["serve", ...port, flag, value, "--data", town.path("data")];
    const { exitCode, err } = await town.home("x").run(args);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(line)]);
    expect(existsSync(town.path("data", "invite"))).toBe(false);
  });
});

test("extra files in its folder are left alone", async () => {
  await using town = new Town();
  await (await town.serve()).program.signal("SIGTERM");
  for (const name of ["notes.txt", "history/notes.txt", "history/000000000009.jsonl.bak"]) {
    writeFileSync(town.path("data", name), "mine\n");
  }
  const { program } = await town.serve();
  expect((await town.home("ana").run(["send", "x", "--user", "ana"])).exitCode).toBe(0);
  expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  for (const name of ["notes.txt", "history/notes.txt", "history/000000000009.jsonl.bak"]) {
    expect(readFileSync(town.path("data", name), "utf8")).toBe("mine\n");
  }
});

test("--open asks nobody for a room password", async () => {
  await using town = new Town();
  const { address, invite } = await town.serve({ args: ["--open"] });
  expect(invite).not.toContain("#");
  const { exitCode } = await town.home("ana").run(["send", "x", "--server", address], {
    env: { CHAT_USER: "ana" },
  });
  expect(exitCode).toBe(0);
});

test("--no-tls works on loopback, behind the same words", async () => {
  await using town = new Town();
  const { listening } = await town.serve({ args: ["--no-tls", "--open"] });
  expect([listening["tls"], String(listening["web"]).slice(0, 7)]).toEqual([false, "http://"]);
  const page = await fetch(new URL("/healthz", String(listening["web"])));
  expect(page.status).toBe(200);
});

test("what happens is printed, direct words are not", async () => {
  await using town = new Town();
  const { program } = await town.serve();
  const bob = town.home("bob");
  const ana = town.home("ana");
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
