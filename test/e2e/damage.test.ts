import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ndjson, Sandbox } from "./program.ts";

const TEXTS = Array.from({ length: 30 }, (_, i) => `message ${i}`);

let sound: Sandbox;
beforeAll(async () => {
  sound = new Sandbox();
  const { program } = await sound.serve();
  for (const half of [TEXTS.slice(0, 15), TEXTS.slice(15)]) {
    const sent = await sound.home("ana").run(["send", "--user", "ana"], { stdin: half.join("\n") });
    expect(sent.out.trimEnd().split("\n").length).toBe(half.length);
  }
  await program.signal("SIGTERM");
});
afterAll(() => sound[Symbol.asyncDispose]());

function copyFolder(sandbox: Sandbox): string {
  for (const name of ["data", "ana"]) {
    cpSync(sound.path(name), sandbox.path(name), { recursive: true });
  }
  return sandbox.path("data", "history", "000000000001.jsonl");
}

function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true }).map(String).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(join(folder, name), "latin1")]),
  );
}

async function textsIn(sandbox: Sandbox): Promise<unknown[]> {
  const args = ["history", "--data", sandbox.path("data"), "--from", "ana", "--json"];
  const records = ndjson((await sandbox.home("x").run(args)).out);
  const isMessage = ({ kind }: { kind?: unknown }) => kind !== "join" && kind !== "fault";
  return records.filter(isMessage).map(({ kind, text }) => text ?? kind);
}

describe("moves a torn tail aside and reports it once", () => {
  test("half a record", async () => {
    const tail = '{"head":{"v":1,"seq":33,"time":17636';
    await using sandbox = new Sandbox();
    const log = copyFolder(sandbox);
    const sound = statSync(log).size;
    appendFileSync(log, tail, "latin1");
    const { program, listening } = await sandbox.serve();
    expect(program.jsonLines[0]).toEqual(listening);
    const recovered = await program.json("recovered");
    expect(recovered).toEqual({ kind: "recovered", droppedBytes: tail.length, file: log });
    await program.stderrLine(`${log} ended with ${tail.length} bytes that were never acknowledged`);
    const [torn = ""] = readdirSync(sandbox.path("data", "torn"));
    expect(readFileSync(sandbox.path("data", "torn", torn), "latin1")).toBe(tail);
    expect(readFileSync(log).subarray(0, sound).includes(tail)).toBe(false);
    const more = await sandbox.home("ana").run(["send", "after", "--user", "ana"]);
    expect(more.exitCode).toBe(0);
    expect(await textsIn(sandbox)).toEqual([...TEXTS, "after"]);
    await program.signal("SIGTERM");
    const again = await sandbox.serve();
    expect((await again.program.signal("SIGTERM")).out).not.toContain("recovered");
  });

  test("a missing signed record prevents the start until the loss is accepted", async () => {
    await using sandbox = new Sandbox();
    const log = copyFolder(sandbox);
    truncateSync(log, statSync(log).size - 10);
    const before = snapshot(sandbox.path("data"));
    const { exitCode, err } = await sandbox.startServer().ended();
    expect([exitCode, err]).toEqual([6, expect.stringContaining(`${log} is damaged at byte`)]);
    expect(readFileSync(log, "latin1")).toBe(before["history/000000000001.jsonl"] ?? "");
    const { program } = await sandbox.serve({ args: ["--accept-loss"] });
    expect(await program.stderrLine("confirmed records were lost")).toMatch(
      / lost, leaving \d+ records?\. /,
    );
    expect(await textsIn(sandbox)).toEqual(TEXTS.slice(0, -1));
    expect(readFileSync(log, "utf8")).toContain('"kind":"fork","room":"server"');
    await program.signal("SIGTERM");
    const again = await sandbox.serve();
    expect((await again.program.signal("SIGTERM")).err).not.toContain("lost");
  });
});

test("signs the last records when it stops, so that a cut tail is detected", async () => {
  await using sandbox = new Sandbox();
  const { program } = await sandbox.serve();
  const ana = sandbox.home("ana");
  await ana.json(["send", "--user", "ana", "early"]);
  await ana.json(["send", "late"]);
  await program.signal("SIGTERM");
  const log = sandbox.path("data", "history", "000000000001.jsonl");
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  expect(lines.at(-1)).toContain('"kind":"text"');
  writeFileSync(log, `${lines.slice(0, -1).join("\n")}\n`);
  const { exitCode, err } = await sandbox.startServer().ended();
  const sentence = `but ${lines.length} records were signed as durable`;
  expect([exitCode, err]).toEqual([6, expect.stringContaining(sentence)]);
});

describe("damage in acknowledged records prevents the start with exit code 6", () => {
  test("a head", async () => {
    const seq = 9;
    await using sandbox = new Sandbox();
    const log = copyFolder(sandbox);
    const sound = readFileSync(log, "latin1");
    const harmed = sound.replace(`"seq":${seq},`, `"seq":${seq - 1},`);
    expect(harmed).not.toBe(sound);
    writeFileSync(log, harmed, "latin1");
    const before = snapshot(sandbox.path("data"));
    const { exitCode, out, err } = await sandbox.startServer().ended();
    expect(exitCode).toBe(6);
    const lines = sound.split("\n");
    const offset = lines.slice(0, seq - 1).join("\n").length + 1;
    expect(err).toStartWith(`chat: ${log} is damaged at byte ${offset}, where seq ${seq} was `);
    expect(err).toEndWith("; restore a backup, or accept the loss with chat serve --accept-loss\n");
    expect(ndjson(out)).toEqual([expect.objectContaining({ kind: "fault", code: "log-corrupt" })]);
    expect(snapshot(sandbox.path("data"))).toEqual(before);
  });

  test("lost accounts; accepting the loss leaves their names without an owner", async () => {
    await using sandbox = new Sandbox();
    copyFolder(sandbox);
    const accounts = sandbox.path("data", "accounts");
    for (const name of readdirSync(accounts)) rmSync(join(accounts, name));
    const refused = await sandbox.startServer().ended();
    expect(refused.err).toContain("--accept-loss");
    const first = await sandbox.serve({ args: ["--accept-loss"] });
    const { users } = await first.program.json("accounts-lost");
    expect(users).toEqual([expect.stringMatching(/^lost-u[\w-]{11}$/)]);
    const [lost = ""] = users as string[];
    await first.program.stderrLine(
      `1 account and the latest bans and roles are lost. Their messages appear under ${lost}`,
    );
    await first.program.signal("SIGTERM");

    const { program, invite, address } = await sandbox.serve();
    expect(program.jsonLines.map(({ kind }) => kind)).not.toContain("accounts-lost");
    const records = await sandbox.home("x").json(["history", "--data", sandbox.path("data")]);
    expect(new Set(records.map(({ from }) => from))).toEqual(new Set([lost]));
    const eve = sandbox.home("eve");
    for (const verb of ["login", "register"]) {
      const entered = await eve.run([verb, invite, "--user", lost], {
        env: { CHAT_PASSWORD: "xxxxxxxx" },
      });
      expect(entered.exitCode).toBe(3);
    }
    expect((await eve.run(["register", invite, "--user", "ana"])).exitCode).toBe(0);
    const admin = sandbox.home("admin");
    const operator = ["--data", sandbox.path("data")];
    const [made] = await admin.json(["admin", "reset", lost, ...operator]);
    const env = { CHAT_RESET: String(made?.["url"]), CHAT_NEW_PASSWORD: "found word" };
    const owner = sandbox.home("owner");
    expect((await owner.run(["passwd", "--reset"], { env })).exitCode).toBe(0);
    await admin.json(["admin", "rename", lost, "ana2", ...operator]);
    const own = await owner.json(["history", address, "--user", "ana2", "--last", "100"]);
    expect(own.filter(({ from, text }) => from === "ana2" && text === TEXTS[0])).toHaveLength(1);
    await admin.json(["admin", "remove", "ana2", "--yes", ...operator]);
    await program.signal("SIGTERM");
    expect((await sandbox.home("x").run(["verify", ...operator])).exitCode).toBe(0);
  });
});

test("warns of a damaged body at the start, and serves it as damaged", async () => {
  await using sandbox = new Sandbox();
  const log = copyFolder(sandbox);
  const text = readFileSync(log, "latin1");
  writeFileSync(log, text.replace('"message 6"', '"message 9"'), "latin1");
  const { program } = await sandbox.serve();
  const { seq } = await program.json("damaged");
  await program.stderrLine(
    `the content of record ${seq} is damaged; clients display it as damaged`,
  );
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const history = await ana.run(["history", "--room", "lobby", "--json"]);
  const sentence = `record ${seq} of lobby is damaged or withheld`;
  expect([history.exitCode, history.err]).toEqual([6, expect.stringContaining(sentence)]);
  const online = ndjson(history.out);
  expect(online.at(-1)).toMatchObject({ kind: "fault", code: "log-corrupt" });
  const found = online.find((record) => record["seq"] === seq);
  expect(found).toMatchObject({ kind: "damaged", seq, room: "lobby", from: "ana" });
  expect(found).not.toHaveProperty("text");
  const wanted = TEXTS.map((one, i) => (i === 6 ? "damaged" : one));
  expect(await textsIn(sandbox)).toEqual(wanted);
  const joined = await sandbox.home("bob").join(["--user", "bob"]);
  expect(await joined.json("damaged")).toMatchObject({ seq });
  const left = await joined.finish();
  expect([left.exitCode, left.err]).toEqual([6, expect.stringContaining(sentence)]);
  const verified = await ana.run(["verify", "--json"]);
  expect(verified.exitCode).toBe(6);
  expect(ndjson(verified.out)).toMatchObject([{ kind: "verify", ok: false, seq }]);
  expect(verified.err).toContain(
    `chat: verification failed at record ${seq}: its content is damaged or withheld`,
  );
});

test("warns of a damaged account at the start, and keeps its messages", async () => {
  await using sandbox = new Sandbox();
  copyFolder(sandbox);
  const before = await sandbox.serve();
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.json(["register"]); // Adds a record, because a damaged last line could be a torn one.
  await before.program.signal("SIGTERM");
  const log = sandbox.path("data", "accounts", "000000000001.jsonl");
  writeFileSync(log, readFileSync(log, "latin1").replace('"name":"ana"', '"name":"anx"'), "latin1");
  const { program } = await sandbox.serve();
  await program.json("damaged", { seq: 1, log: "accounts" });
  await program.stderrLine("account record 1 is damaged");
  const joined = await bob.join([]);
  await joined.json("text", { text: TEXTS.at(-1) });
});
