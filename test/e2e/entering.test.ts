import { describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { reservedPort } from "../ports.ts";
import { type Home, ndjson, Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const NOBODY_LISTENS = 5;

const server = new SharedServer({ args: ["--name", "Room 12"] });

async function registered(sandbox: Sandbox, user: string): Promise<Home> {
  const home = sandbox.home(user).with({ CHAT_USER: user, CHAT_PASSWORD: `password-${user}` });
  await home.json(["register"]);
  return home;
}

test("joins the room of an invite in an argument or the environment", async () => {
  await using sandbox = server.guests();
  const { invite, fingerprint } = server.served;
  const argument = sandbox.start(["join", invite, "--json"], {
    env: { CHAT_HOME: sandbox.path("ana"), CHAT_USER: "ana" },
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
  const first = await argument.stderrLine("first connection to");
  expect(first).toMatch(
    /^chat: first connection to 127\.0\.0\.1:\d+; pinned its fingerprint [^\n]+$/,
  );
  const other = invite.replace("/lobby?", "/physics?");
  const ben = sandbox.home("ben").with({ CHAT_INVITE: other, CHAT_USER: "ben" });
  const { exitCode, out } = await ben.run(["join", "--json"], { stdin: "first word\n" });
  expect(exitCode).toBe(0);
  expect(ndjson(out).find(({ kind }) => kind === "ack")).toMatchObject({
    room: "physics",
    text: "first word",
  });
  expect((await argument.finish()).exitCode).toBe(0);
});

test("--register requires a new name, and --login an existing one", async () => {
  await using sandbox = server.guests();
  await registered(sandbox, "eva");
  const other = sandbox
    .home("other")
    .with({ CHAT_INVITE: server.served.invite, CHAT_PASSWORD: "pppppppp" });
  const taken = await other.run(["join", "--register", "--user", "EVA", "--json"]);
  expect([taken.exitCode, ndjson(taken.out).at(-1)?.["code"]]).toEqual([3, "name-taken"]);
  const absent = await other.run(["join", "--login", "--user", "zoe", "--json"]);
  expect([absent.exitCode, ndjson(absent.out).at(-1)?.["code"]]).toEqual([3, "login-refused"]);
  const made = await other.run(["join", "--register", "--user", "zoe"]);
  expect(made.exitCode).toBe(0);
});

describe("addresses", () => {
  test("exits with 5 if no program listens", async () => {
    await using sandbox = new Sandbox();
    const args = ["join", `localhost:${await reservedPort()}`, "--user", "ana", "--json"];
    const { exitCode, out, err } = await sandbox.home("x").run(args);
    expect(exitCode).toBe(NOBODY_LISTENS);
    expect(ndjson(out)).toMatchObject([{ kind: "fault", code: "unreachable", blame: "host" }]);
    const remedy = "check the address and that the server is running";
    expect(err).toMatch(new RegExp(`^chat: [^\\n]*\\d+[^\\n]*; ${remedy}\\n$`));
  });

  test("exits with 5 if another program answers", async () => {
    await using sandbox = new Sandbox();
    const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") });
    const args = ["send", "x", "--server", `127.0.0.1:${web.port}`, "--user", "ana"];
    const { exitCode, err } = await sandbox.home("x").run(args);
    await web.stop(true);
    expect([exitCode, err]).toEqual([5, expect.stringMatching(/^chat: [^\n]+; [^\n]+\n$/)]);
  });
});

test("exits with 6 and pins nothing if --fingerprint is wrong", async () => {
  await using sandbox = server.guests();
  const other = "A".repeat(43);
  const { fingerprint } = server.served;
  const finn = sandbox.home("finn").with({ CHAT_USER: "finn" });
  for (const given of [`SHA256:${other}`, other]) {
    const ran = await finn.run(["send", "x", "--fingerprint", given, "--json"]);
    expect(ran.exitCode).toBe(6);
    expect(ndjson(ran.out)).toMatchObject([{ code: "fingerprint-changed", blame: "peer" }]);
    expect(ran.err).toContain(`SHA256:${other}`);
    expect(ran.err).toContain(fingerprint);
    expect(ran.err).not.toContain("pinned");
  }
  const right = await finn.run(["send", "x", "--fingerprint", fingerprint]);
  expect([right.exitCode, right.err.includes("pinned")]).toEqual([0, true]);
});

test("stores all files of a client in CHAT_HOME, readable by its owner only", async () => {
  await using sandbox = server.guests();
  const ana = sandbox.home("ana");
  await ana.run(["send", "x", "--user", "hal"]);
  const names = readdirSync(ana.folder).sort();
  expect(names.filter((name) => !/-(?:wal|shm)$/.test(name))).toEqual([
    "device.key",
    "outboxes",
    "state.sqlite",
  ]);
  expect((statSync(ana.folder).mode & 0o777).toString(8)).toBe("700");
  for (const name of names) {
    const wanted = name === "outboxes" ? "700" : "600";
    expect((statSync(`${ana.folder}/${name}`).mode & 0o777).toString(8)).toBe(wanted);
  }
  expect(readdirSync(sandbox.path("home"), { recursive: true })).not.toContain("device.key");
});

test("without an address, a script uses its last server, even at a new port", async () => {
  await using sandbox = new Sandbox();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: "" });
  const env = { CHAT_HOME: ana.folder };
  const open = (data: string) => ({ data, env, args: ["--open", "--name", data] });
  const first = await sandbox.serve(open("one"));
  const second = await sandbox.serve(open("two"));
  const where = async (more: Record<string, string> = {}, args: string[] = []) => {
    const { exitCode, out } = await ana.run(["join", ...args, "--json"], { env: more });
    return exitCode === 0 ? ndjson(out)[0]?.["server"] : exitCode;
  };
  const ran = await ana.run(["send", "x"]);
  expect([ran.exitCode, ran.err]).toEqual([2, expect.stringContaining(second.address)]);
  expect(ran.err).toContain(first.address);
  expect(await where({ CHAT_SERVER: first.address })).toBe("one");
  expect(await where()).toBe("one");
  expect(await where({}, [second.address])).toBe("two");
  expect(await where()).toBe("one");
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_SERVER: "" });
  const foreign = await bob.run(["send", "for nobody here"]);
  expect([foreign.exitCode, foreign.out]).toEqual([2, ""]);
  expect(foreign.err).toContain(`${first.address}, started under another CHAT_HOME`);
  await first.program.signal("SIGKILL");
  const moved = await sandbox.serve({ data: "one", env, args: ["--name", "one"] });
  expect(moved.port).not.toBe(first.port);
  expect(await where()).toBe("one");
  // Simulates a reused process id and another server on the port.
  const entry = sandbox.path("run", "chat", `${moved.program.pid}.json`);
  const stored = await Bun.file(entry).json();
  await Bun.write(entry, JSON.stringify({ ...stored, port: second.port }));
  const refused = await ana.run(["send", "x"]);
  expect([refused.exitCode, refused.out]).toEqual([6, ""]);
  await moved.program.signal("SIGTERM");
  expect(await where()).toBe(5);
});

test("a script that names the own server needs no password; another home does", async () => {
  await using sandbox = new Sandbox();
  const CHAT_HOME = sandbox.path("ana");
  const { address, data } = await sandbox.serve({ env: { CHAT_HOME } });
  const unnamed = { CHAT_SERVER: "" };
  const ana = sandbox.home("ana").with(unnamed);
  const join = ["join", "--user", "robot", "--room", "ops"];
  const refused = await ana.run(join);
  expect([refused.exitCode, refused.out]).toEqual([2, ""]);
  const [, remedy = ""] = /specify it once: (.*)\n$/.exec(refused.err) ?? [];
  expect(remedy).toBe(`--server ${address}`);
  const bob = await sandbox
    .home("bob")
    .with(unnamed)
    .run([...join, ...remedy.split(" ")]);
  expect([bob.exitCode, bob.out]).toEqual([3, ""]);
  for (let times = 0; times < 2; times++) {
    const joined = await ana.run([...join, ...remedy.split(" ")]);
    expect([joined.exitCode, joined.err]).toEqual([0, expect.stringContaining("robot")]);
  }
  expect((await ana.run(join)).exitCode).toBe(0);
  const admin = sandbox.home("olga").with({ ...unnamed, USER: "olga" });
  const invite = await admin.run(["admin", "invite", "--data", data]);
  expect([invite.exitCode, invite.err]).toEqual([
    0,
    expect.stringMatching(/created the account \S+ for this command; for another, add --user\n/),
  ]);
  const again = await admin.run(["admin", "invite", "--data", data]);
  expect([again.exitCode, again.err]).toEqual([0, ""]);
  const cleo = sandbox.home("cleo").with({ ...unnamed, CHAT_USER: "cleo" });
  const named = await cleo.run(["admin", "invite", "--data", data]);
  expect([named.exitCode, named.err]).toEqual([0, expect.not.stringContaining("created the")]);
});
