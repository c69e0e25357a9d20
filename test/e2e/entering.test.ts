import { describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { reservedPort } from "../ports.ts";
import { soonerThan } from "./deadline.ts";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";

/** Getting to a server and in: addresses, identity, names, secrets. */

const NOBODY_LISTENS = 5;

/** A person with a password, known to the server. */
async function registered(sandbox: Sandbox, { invite }: Served, user: string): Promise<Home> {
  const home = sandbox.home(user).with({ CHAT_USER: user, CHAT_PASSWORD: `password-${user}` });
  await home.json(["register", invite]);
  return home;
}

test("one more command gives the first exchanged word", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const ran = await sandbox.home("ana").run(["send", "hello", "--user", "ana"]);
  expect([ran.exitCode, ran.out]).toEqual([0, expect.stringMatching(/^\d+\n$/)]);
  expect(await bob.json("text")).toMatchObject({ room: "lobby", from: "ana", text: "hello" });
  expect(ran.err).toMatch(/^chat: first contact with 127\.0\.0\.1:\d+; [^\n]+ is now pinned\n$/);
});

test("an invite lets in, as argument or in the environment, to the room it names", async () => {
  await using sandbox = new Sandbox();
  const { invite, fingerprint, listening } = await sandbox.serve({ args: ["--name", "Room 12"] });
  const argument = sandbox.start(["join", invite, "--json"], {
    env: { CHAT_HOME: sandbox.path("ana"), CHAT_USER: "ana", XDG_RUNTIME_DIR: "" },
  });
  expect(await argument.json("connected")).toEqual({
    kind: "connected",
    server: "Room 12",
    user: "ana",
    room: "lobby",
    rooms: ["lobby"],
    transport: "tcp",
    fingerprint,
  });
  const other = invite.replace("/lobby?", "/physics?");
  const variable = await sandbox.home("bob").with({ CHAT_INVITE: other }).join(["--user", "bob"]);
  variable.type("first word");
  expect(await variable.json("ack")).toMatchObject({ room: "physics", text: "first word" });
  expect((await variable.finish()).exitCode).toBe(0);
  expect((await argument.finish()).exitCode).toBe(0);
  expect(listening["fingerprint"]).toBe(fingerprint);
});

test("an invite is taken with its quotes, wherever it is read", async () => {
  await using sandbox = new Sandbox();
  const { invite, address } = await sandbox.serve();
  const quoted = await Bun.file(sandbox.path("data", "invite")).text();
  expect(quoted).toBe(`'${invite}'\n`);
  const ways = [
    { args: ["--server", quoted] },
    { args: ["--server", `\u201c${invite}\u201d.`] },
    { args: [], env: { CHAT_INVITE: quoted } },
    { args: [], env: { CHAT_SERVER: `<${invite}>` } },
  ];
  for (const [i, { args, env = {} }] of ways.entries()) {
    const send = ["send", "x", "--user", `ana${i}`, ...args];
    const ran = await sandbox.home(`home-${i}`).run(send, { env });
    expect([ran.exitCode, ran.err.split("\n").length]).toEqual([0, 2]);
  }
  const joined = await sandbox.home("join").join([quoted, "--user", "bob"]);
  expect((await joined.finish()).exitCode).toBe(0);
  const known = await sandbox.home("join").run(["trust", "list"]);
  expect(known.out).toContain(address);
});

test("wrong room passwords: three close the connection, the name decides nothing", async () => {
  await using sandbox = new Sandbox();
  const { address, program } = await sandbox.serve();
  const env = { CHAT_USER: "ana", CHAT_ROOM_PASSWORD: "guess", CHAT_PASSWORD: "xxxxxxxx" };
  const wrong = await sandbox.home("ana").run(["join", address, "--json"], { env });
  expect(wrong.exitCode).toBe(3);
  expect(ndjson(wrong.out).at(-1)).toMatchObject({
    kind: "fault",
    code: "room-password-wrong",
    blame: "user",
  });
  expect(wrong.err.trimEnd().split("\n").at(-1)).toMatch(/^chat: .+; .+$/);
  await program.json("disconnected");
  const empty = await sandbox.home("bob").run(["join", address], { env: { CHAT_USER: "bob" } });
  expect([empty.exitCode, empty.err]).toEqual([3, expect.stringContaining("CHAT_ROOM_PASSWORD")]);
});

test("an unknown name and a wrong password get the same answer", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await registered(sandbox, served, "ana");
  const answers: unknown[] = [];
  for (const user of ["ana", "nobody"]) {
    const home = sandbox.home("mallory").with({ CHAT_USER: user, CHAT_PASSWORD: "guess" });
    const ran = await home.run(["login", served.address, "--json"]);
    answers.push([ran.exitCode, ran.out, ran.err].map((part) => `${part}`.replaceAll(user, "X")));
  }
  const sayings = answers.map((answer) =>
    JSON.stringify(answer).replace(/chat: first[^\\]+\\n/, ""),
  );
  expect(sayings[0]).toBe(String(sayings[1]));
  expect(sayings[0]).toStartWith('["3",');
});

test("--register insists that a name is new, --login that it exists", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await registered(sandbox, served, "ana");
  const other = sandbox
    .home("other")
    .with({ CHAT_INVITE: served.invite, CHAT_PASSWORD: "pppppppp" });
  const taken = await other.run(["join", "--register", "--user", "ANA", "--json"]);
  expect([taken.exitCode, ndjson(taken.out).at(-1)?.["code"]]).toEqual([3, "name-taken"]);
  const absent = await other.run(["join", "--login", "--user", "zoe", "--json"]);
  expect([absent.exitCode, ndjson(absent.out).at(-1)?.["code"]]).toEqual([3, "login-refused"]);
  const both = await other.run(["join", "--login", "--register", "--user", "zoe"]);
  expect([both.exitCode, both.out]).toEqual([2, ""]);
  const made = await other.run(["join", "--register", "--user", "zoe"]);
  expect(made.exitCode).toBe(0);
});

describe("names", () => {
  test.each(["", "a b", "x".repeat(33), "ümlaut", "123", "a/b"])(
    "%j is malformed",
    async (user) => {
      await using sandbox = new Sandbox();
      const ran = await sandbox
        .home("x")
        .run(["send", "hi", "--server", "127.0.0.1:9", "--user", user]);
      expect([ran.exitCode, ran.out]).toEqual([2, ""]);
      expect(ran.err).toMatch(/^chat: '[^\n]*' cannot be a person's name; use 1 to 32 [^\n]+\n$/);
    },
  );

  test.each(["--room=123", "--room=a b", "--room="])("%s is malformed", async (flag) => {
    await using sandbox = new Sandbox();
    const ran = await sandbox.home("x").run(["join", "127.0.0.1:9", "--user", "ana", flag]);
    expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining("room's name; use 1 to")]);
  });
});

describe("addresses", () => {
  test.each([
    ["999.1.2.3", "'999.1.2.3' is not an IP address"],
    ["1.2.3", "'1.2.3' is not an IP address"],
    ["127.0.0.1:0", "'0' is not a port; use a number from 1 to 65535"],
    ["127.0.0.1:70000", "'70000' is not a port; use a number from 1 to 65535"],
    ["127.0.0.1:x", "'x' is not a port"],
    ["", "'' is not a server's address"],
    ["chat://", "'' is not a server's address"],
    ["::1", "[::1]"],
    ["http://127.0.0.1/", "chat: "],
    ["chat://127.0.0.1/lobby?fp=short", "fingerprint"],
    ["-x", "chat: unknown flag '-x'"],
  ])("%j is refused at once", async (address, words) => {
    await using sandbox = new Sandbox();
    const { exitCode, out, err } = await sandbox.home("x").run(["join", address, "--user", "ana"]);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain(words);
    expect(err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
  });

  test.each(["127.0.0.1", "[::1]", "localhost"])("nobody on %s: exit 5, quickly", async (host) => {
    await using sandbox = new Sandbox();
    const port = await reservedPort();
    const args = ["join", `${host}:${port}`, "--user", "ana", "--json"];
    await soonerThan(3_000, 10, async () => {
      const { exitCode, out, err } = await sandbox.home("x").run(args);
      expect(exitCode).toBe(NOBODY_LISTENS);
      expect(ndjson(out)).toMatchObject([{ kind: "fault", code: "unreachable", blame: "host" }]);
      expect(err).toMatch(/^chat: [^\n]*\d+[^\n]*; check the address and that it runs\n$/);
    });
  });

  test("a name that no DNS knows is exit 5 too", async () => {
    await using sandbox = new Sandbox();
    const { exitCode, err } = await sandbox
      .home("x")
      .run(["join", "no.such.invalid", "--user", "a"]);
    expect([exitCode, err]).toEqual([5, expect.stringMatching(/^chat: [^\n]+; [^\n]+\n$/)]);
  });

  test("something that is no chat server is exit 5, not a stack trace", async () => {
    await using sandbox = new Sandbox();
    const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") });
    const args = ["send", "x", "--server", `127.0.0.1:${web.port}`, "--user", "ana"];
    const { exitCode, err } = await sandbox.home("x").run(args);
    await web.stop(true);
    expect([exitCode, err]).toEqual([5, expect.stringMatching(/^chat: [^\n]+; [^\n]+\n$/)]);
  });
});

describe("the server's identity", () => {
  const other = "A".repeat(43);

  test("a wrong --fingerprint is exit 6, naming both, and nothing is pinned", async () => {
    await using sandbox = new Sandbox();
    const { invite, fingerprint } = await sandbox.serve();
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
    for (const given of [`SHA256:${other}`, other]) {
      const ran = await ana.run(["send", "x", "--fingerprint", given, "--json"]);
      expect(ran.exitCode).toBe(6);
      expect(ndjson(ran.out)).toMatchObject([{ code: "fingerprint-changed", blame: "peer" }]);
      expect(ran.err).toContain(`SHA256:${other}`);
      expect(ran.err).toContain(fingerprint);
      expect(ran.err).not.toContain("pinned");
    }
    const right = await ana.run(["send", "x", "--fingerprint", fingerprint]);
    expect([right.exitCode, right.err.includes("pinned")]).toEqual([0, true]);
  });

  test("another server on a port that was pinned: exit 6 with old and new", async () => {
    await using sandbox = new Sandbox();
    const first = await sandbox.serve({ data: "one" });
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    expect((await ana.run(["send", "x", "--server", first.invite])).exitCode).toBe(0);
    await first.program.signal("SIGTERM");
    const second = await sandbox.serve({ data: "two", port: first.port });
    for (const server of [first.address, second.invite, first.invite]) {
      const ran = await ana.run(["send", "y", "--server", server, "--json"]);
      expect([ran.exitCode, ndjson(ran.out).at(-1)?.["code"]]).toEqual([6, "fingerprint-changed"]);
      expect(ran.err).toContain(first.fingerprint);
      expect(ran.err).toContain(second.fingerprint);
    }
    const seen = await second.program.signal("SIGTERM");
    expect(seen.out).not.toContain('"logged-in"');
  });

  test('trust = "strict" refuses the unknown, takes an invite, then knows it', async () => {
    await using sandbox = new Sandbox();
    const { address, invite, fingerprint } = await sandbox.serve();
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: "" });
    await ana.run(["history", "--data", "nowhere"]);
    await Bun.write(`${ana.folder}/config.toml`, `trust = "strict"\nserver = "${address}"\n`);
    const refused = await ana.run(["send", "x"]);
    expect([refused.exitCode, refused.err]).toEqual([6, expect.stringContaining(fingerprint)]);
    expect((await ana.run(["send", "x", "--server", invite])).exitCode).toBe(0);
    expect((await ana.run(["send", "x"])).exitCode).toBe(0);
  });
});

test("config.toml counts after flags and environment; unknown settings are named", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  const ana = sandbox.home("ana");
  await Bun.write(
    `${ana.folder}/config.toml`,
    `server = "${address}"\nuser = "conny"\nusr = "x"\n`,
  );
  const who = async (args: string[], env = {}) => {
    const [first] = await ana.json(["login", ...args], { env });
    return first?.["user"];
  };
  const registers = await ana.run(["send", "x"]);
  expect(registers.err).toContain("config.toml:3:1: unknown setting 'usr', did you mean user?");
  await ana.run(["send", "x", "--user", "flora"]);
  await ana.run(["send", "x", "--user", "enno"]);
  expect(await who([])).toBe("conny");
  expect(await who([], { CHAT_USER: "enno" })).toBe("enno");
  expect(await who(["--user", "flora"], { CHAT_USER: "enno" })).toBe("flora");
  await Bun.write(`${ana.folder}/config.toml`, 'user = "ana"\ntrust = maybe\n');
  const broken = await ana.run(["send", "x"]);
  expect([broken.exitCode, broken.err]).toEqual([2, expect.stringContaining("config.toml:2")]);
});

test("CHAT_HOME holds everything of a client, for its owner alone", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana");
  await ana.run(["send", "x", "--user", "ana"]);
  const names = readdirSync(ana.folder).sort();
  expect(names.filter((name) => !/-(?:wal|shm)$/.test(name))).toEqual([
    "device.key",
    "outboxes",
    "state.sqlite",
  ]);
  expect((statSync(ana.folder).mode & 0o777).toString(8)).toBe("700");
  for (const name of names) {
    const wanted = name === "outboxes" ? "700" : "600"; // A folder: locks of those who write.
    expect((statSync(`${ana.folder}/${name}`).mode & 0o777).toString(8)).toBe(wanted);
  }
  expect(readdirSync(sandbox.path("home"), { recursive: true })).not.toContain("device.key");
});

describe("secrets", () => {
  test("from a file, from standard input, from the environment", async () => {
    await using sandbox = new Sandbox();
    const room = sandbox.write("room", "open sesame\r\nand more\n");
    const { address } = await sandbox.serve({ args: ["--room-password-file", room] });
    const pass = sandbox.write("pass", "swordfish");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: address });
    const made = await ana.run(["register", "--password-file", pass, "--room-password-file", "-"], {
      stdin: "open sesame\n",
    });
    expect([made.exitCode, made.out]).toEqual([0, ""]);
    const other = sandbox.home("other").with({ CHAT_USER: "ana", CHAT_SERVER: address });
    expect((await other.run(["login"])).exitCode).toBe(3);
    const piped = await other.run(["login", "--password-file", "-"], { stdin: "swordfish\n" });
    expect(piped.exitCode).toBe(0);
    const third = sandbox.home("third").with({ CHAT_USER: "ana", CHAT_SERVER: address });
    expect((await third.with({ CHAT_PASSWORD: "swordfish" }).run(["login"])).exitCode).toBe(0);
  });

  test("a file that is absent is exit 4, an empty one exit 2", async () => {
    await using sandbox = new Sandbox();
    const at = ["register", "127.0.0.1:9", "--user", "ana", "--password-file"];
    const absent = await sandbox.home("x").run([...at, "/nonexistent/pw"]);
    expect([absent.exitCode, absent.err]).toEqual([4, expect.stringContaining("/nonexistent/pw")]);
    const empty = await sandbox.home("x").run([...at, sandbox.write("empty", "")]);
    expect([empty.exitCode, empty.err]).toEqual([2, expect.stringContaining("is empty")]);
  });
});

describe("without an address", () => {
  /** Two servers that ana runs, and how a script of hers ends there. */
  async function twoServers(sandbox: Sandbox) {
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: "" });
    const env = { CHAT_HOME: ana.folder };
    const [one, two] = ["one", "two"].map((data) => ({
      data,
      env,
      args: ["--open", "--name", data],
    }));
    const first = await sandbox.serve(one);
    const second = await sandbox.serve(two);
    const where = async (more: Record<string, string> = {}, args: string[] = []) => {
      const { exitCode, out } = await ana.run(["join", ...args, "--json"], { env: more });
      return exitCode === 0 ? ndjson(out)[0]?.["server"] : exitCode;
    };
    return { ana, first, second, where };
  }

  test("a script uses CHAT_SERVER, else the last server, and trusts none by itself", async () => {
    await using sandbox = new Sandbox();
    const { ana, first, second, where } = await twoServers(sandbox);
    expect(await where({ XDG_RUNTIME_DIR: sandbox.path("tmp") })).toBe(2);
    const ran = await ana.run(["send", "x"]);
    expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining(second.address)]);
    expect(ran.err).toContain(first.address);
    expect(await where({ CHAT_SERVER: first.address })).toBe("one");
    expect(await where()).toBe("one");
    expect(await where({}, [second.address])).toBe("two");
    expect(await where()).toBe("one"); // No terminal: it changes nothing for later commands.
    await second.program.signal("SIGTERM");
    const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_SERVER: "" });
    const foreign = await bob.run(["send", "for nobody here"]);
    expect([foreign.exitCode, foreign.out]).toEqual([2, ""]);
    expect(foreign.err).toContain(`${first.address}, started under another CHAT_HOME`);
    expect((await ana.json(["users"])).map(({ user }) => user)).toEqual(["ana"]);
    await first.program.signal("SIGTERM");
    expect(await where()).toBe(5);
  });

  test("a server that moved to another port is found, and no other one in its place", async () => {
    await using sandbox = new Sandbox();
    const { ana, first, second, where } = await twoServers(sandbox);
    expect(await where({ CHAT_SERVER: first.address })).toBe("one");
    await first.program.signal("SIGKILL");
    const moved = await sandbox.serve({
      data: "one",
      env: { CHAT_HOME: ana.folder },
      args: ["--name", "one"],
    });
    expect(moved.port).not.toBe(first.port);
    expect(await where()).toBe("one");
    // Its process id was reused, and its port belongs to another server.
    const entry = sandbox.path("run", "chat", `${moved.program.pid}.json`);
    const told = await Bun.file(entry).json();
    await Bun.write(entry, JSON.stringify({ ...told, port: second.port }));
    const ran = await ana.run(["send", "x"]);
    expect([ran.exitCode, ran.out]).toEqual([6, ""]);
  });
});

test("IPv6: an address in brackets, in the invite too", async () => {
  await using sandbox = new Sandbox();
  const args = ["serve", "--host", "::1", "--port", "0", "--json", "--data", sandbox.path("data")];
  const server = sandbox.start(args);
  const { url, invite, port } = await server.json("listening");
  expect(url).toBe(`chat://[::1]:${port}`);
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  expect((await ana.run(["send", "x", "--server", String(invite)])).exitCode).toBe(0);
  expect((await ana.run(["send", "y", "--server", `[::1]:${port}`])).exitCode).toBe(0);
  const ran = await ana.run(["send", "z", "--server", `::1:${port}`]);
  expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining("[")]);
});

test("without CHAT_HOME the folders are those of XDG", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const env = { CHAT_INVITE: invite, CHAT_USER: "ana" };
  const plain = await sandbox.start(["send", "x"], { env, stdin: "" }).ended();
  expect(plain.exitCode).toBe(0);
  const kept = sandbox.path("home", ".local", "share", "chat");
  expect(readdirSync(kept)).toContain("state.sqlite");
  const moved = { ...env, XDG_DATA_HOME: sandbox.path("share"), CHAT_USER: "bob" };
  expect((await sandbox.start(["send", "x"], { env: moved, stdin: "" }).ended()).exitCode).toBe(0);
  expect(readdirSync(sandbox.path("share", "chat"))).toContain("device.key");
});
