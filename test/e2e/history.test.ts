import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Home, type Json, ndjson, Sandbox } from "./program.ts";

/** `chat history`, asked of a server and read from its folder. */

const MANY = 3_210;

function textsOf(records: readonly Json[]): unknown[] {
  return records.flatMap(({ text }) => text ?? []);
}

/** ana and bob have talked in two rooms and with each other. */
async function talk(sandbox: Sandbox): Promise<{ ana: Home; bob: Home; data: string }> {
  const { data } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await ana.run(["join"], { stdin: "one\n/join physics\ntwo Quarks\n/topic Waves\n/me thinks\n" });
  await bob.run(["join"], { stdin: "three\n/msg ana four\n/join physics\nfive quarks\n" });
  return { ana, bob, data };
}

/** One talk for all that only read it. */
let read: { readonly sandbox: Sandbox; readonly ana: Home; readonly data: string };
beforeAll(async () => {
  const sandbox = new Sandbox();
  read = { sandbox, ...(await talk(sandbox)) };
});
afterAll(() => read.sandbox[Symbol.asyncDispose]());

describe("the same answers online and from the folder", () => {
  test.each([
    [
      ["--room", "physics"],
      ["two Quarks", "thinks", "five quarks"],
    ],
    [
      ["--room", "PHYSICS", "--from", "ANA"],
      ["two Quarks", "thinks"],
    ],
    [
      ["--from", "bob"],
      ["three", "four", "five quarks"],
    ],
    [["--grep", "quarks", "--exact"], ["five quarks"]],
    [["--grep", "QUARKS", "--exact"], []],
    [
      ["--grep", "qUARKS"],
      ["two Quarks", "five quarks"],
    ],
    [["--kind", "action"], ["thinks"]],
    [["--kind", "action, file", "--room", "physics"], ["thinks"]],
    [
      ["--grep", "QUARKS", "-i"],
      ["two Quarks", "five quarks"],
    ],
    [["--grep", "QUARKS", "--ignore-case", "--from", "ana"], ["two Quarks"]],
    [
      ["--last", "3"],
      ["four", "five quarks"],
    ],
    [["--last", "1", "--grep", "o"], ["four"]],
    [
      ["--since", "1h"],
      ["one", "two Quarks", "thinks", "three", "four", "five quarks"],
    ],
    [["--until", "1h"], []],
    [["--since", "2000-01-01", "--until", "2001-01-01T10:00"], []],
    [["--files"], []],
    [[], ["one", "two Quarks", "thinks", "three", "four", "five quarks"]],
  ])("%j", async (args, wanted) => {
    const { ana, data } = read;
    const online = await ana.json(["history", ...args]);
    const stored = await ana.json(["history", ...args, "--data", data]);
    expect(textsOf(online)).toEqual(wanted);
    expect(stored).toEqual(online);
  });
});

test("a direct conversation is read by its two, --with names the other one", async () => {
  await using sandbox = new Sandbox();
  const { ana, bob, data } = await talk(sandbox);
  await sandbox.home("eve").run(["register", "--user", "eve"]);
  const record = { kind: "text", seq: expect.any(Number), time: expect.any(String) };
  const wanted = { ...record, to: "ana", from: "bob", text: "four" };
  expect(await ana.json(["history", "--with", "@bob"])).toEqual([wanted]);
  expect(await bob.json(["history", "--with", "ana"])).toEqual([wanted]);
  expect(await ana.json(["history", "--with", "@bob", "--data", data])).toEqual([wanted]);
  const tsv = await ana.run(["history", "--with", "@bob"]);
  expect(tsv.out.split("\t").slice(1)).toEqual(["@bob", "bob", "four\n"]);
  const eve = sandbox.home("eve").with({ CHAT_USER: "eve" });
  expect(await eve.json(["history", "--with", "@bob"])).toEqual([]);
  expect(textsOf(await eve.json(["history"]))).not.toContain("four");
});

test("what one is not in, or no longer in, one does not read", async () => {
  await using sandbox = new Sandbox();
  const { ana, bob } = await talk(sandbox);
  const [, second] = [await ana.run(["history", "--room", "lobby"]), sandbox.home("eve")];
  await second.run(["register", "--user", "eve"]);
  const eve = second.with({ CHAT_USER: "eve" });
  const refused = await eve.run(["history", "--room", "physics", "--json"]);
  expect([refused.exitCode, ndjson(refused.out)]).toEqual([
    3,
    [expect.objectContaining({ code: "not-member" })],
  ]);
  expect(textsOf(await eve.json(["history", "--from", "ana"]))).toEqual(["one"]);
  const left = await bob.run(["join", "--json"], { stdin: "/leave physics\n" });
  expect(ndjson(left.out)).toContainEqual({ kind: "left", room: "physics" });
  await ana.run(["send", "secret", "--to", "physics"]);
  const gone = await bob.run(["history", "--room", "physics"]);
  expect([gone.exitCode, gone.out]).toEqual([3, ""]);
  const joined = await bob.run(["join", "--json"]);
  expect(joined.out).not.toContain("secret");
});

test.each([
  [["--room", "nowhere"], 4, "room-unknown"],
  [["--with", "@nobody"], 4, "user-unknown"],
  [["--from", "nobody"], 4, "user-unknown"],
  [["--room", "a", "--with", "@b"], 2, "usage"],
  [["--since", "yesterday"], 2, "usage"],
  [["--last", "0"], 2, "usage"],
  [["--last", "-1"], 2, "usage"],
  [["--last=1.5"], 2, "usage"],
  [["--grep", "x".repeat(1025)], 2, "usage"],
  [["--grep", "x", "--exact", "-i"], 2, "usage"],
  [["--kind", "words"], 2, "usage"],
  [["--kind", ""], 2, "usage"],
  [["--kind", "text,,file"], 2, "usage"],
  [["--kind", "file", "--files"], 2, "usage"],
])("%j is exit %i, %s", async (args, exitCode, code) => {
  const ran = await read.ana.run(["history", ...args, "--json"]);
  expect([ran.exitCode, ndjson(ran.out)]).toEqual([exitCode, [expect.objectContaining({ code })]]);
  expect(ran.err).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
});

test("--data: an absent folder, a foreign one, with a server or --follow", async () => {
  await using sandbox = new Sandbox();
  const home = sandbox.home("x");
  const absent = await home.run(["history", "--data", "nowhere", "--json"]);
  expect([absent.exitCode, ndjson(absent.out)[0]?.["code"]]).toEqual([4, "not-found"]);
  const foreign = await home.run(["history", "--data", ".", "--json"]);
  expect([foreign.exitCode, ndjson(foreign.out)[0]?.["code"]]).toEqual([1, "data-foreign"]);
  for (const more of [["--follow"], ["127.0.0.1"], ["--server", "127.0.0.1"]]) {
    expect((await home.run(["history", "--data", ".", ...more])).exitCode).toBe(2);
  }
});

test("--follow goes on with what happens, filtered", async () => {
  await using sandbox = new Sandbox();
  const { ana, bob } = await talk(sandbox);
  const follower = ana.start(["history", "--follow", "--grep", "QUARKS", "--json"]);
  await follower.json("text", { text: "two Quarks" });
  await follower.json("text", { text: "five quarks" });
  await bob.run(["send", "nothing"]);
  await bob.run(["send", "more quarks"]);
  expect(await follower.json("text")).toMatchObject({ room: "lobby", text: "more quarks" });
  const { exitCode, out } = await follower.signal("SIGINT");
  expect(exitCode).toBe(130);
  expect(out).not.toContain("nothing");
});

test("thousands of messages: paged, the last of them, caught up with", async () => {
  await using sandbox = new Sandbox();
  const { data } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.run(["join"], { stdin: "QUIT\n" });
  const lines = Array.from({ length: MANY }, (_, i) => `line ${i} ${"é".repeat(i % 200)}`);
  const sent = await ana.run(["send"], { stdin: lines.join("\n") });
  expect(sent.out.trimEnd().split("\n").length).toBe(MANY);
  for (const where of [[], ["--data", data]]) {
    const whole = await ana.json(["history", "--room", "lobby", ...where]);
    expect(textsOf(whole)).toEqual(lines);
    // In order, each once; records that nobody reads, as checkpoints, have numbers between them.
    const seqs = whole.map(({ seq }) => Number(seq));
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
    const last = await ana.json(["history", "--last", "2500", ...where]);
    expect(textsOf(last)).toEqual(lines.slice(-2500));
    const found = await ana.json(["history", "--grep", "line 99 ", ...where]);
    expect(textsOf(found)).toEqual(lines.slice(99, 100));
    const overview = await ana.json(["history", ...where]);
    expect(textsOf(overview)).toEqual(lines.slice(-50));
  }
  // bob was there before: at most 500, then the command that has the rest.
  const back = await bob.run(["join", "--json"]);
  expect(textsOf(ndjson(back.out))).toEqual(lines.slice(-500));
  const skipped = MANY - 500 + 1; // ana's coming, too.
  expect(back.err).toContain(
    `chat: ${skipped} earlier messages of lobby are not shown: chat history --room lobby\n`,
  );
  // cleo meets the room now.
  const cleo = await sandbox.home("cleo").run(["join", "--user", "cleo", "--json"]);
  expect(textsOf(ndjson(cleo.out))).toEqual(lines.slice(-49));
  expect(cleo.err).not.toContain("not shown");
});

test("the folder is read while its server writes", async () => {
  await using sandbox = new Sandbox();
  const { data } = await sandbox.serve();
  const ana = sandbox.home("ana").start(["send", "--user", "ana", "--json"]);
  for (let i = 0; i < 20; i++) {
    ana.type(`line ${i}`);
    await ana.json("sent");
    const read = await sandbox.home("x").json(["history", "--data", data, "--from", "ana"]);
    expect(textsOf(read).length).toBe(i + 1);
  }
  expect((await ana.finish()).exitCode).toBe(0);
});

test("its reader may go away early, as head does", async () => {
  await using sandbox = new Sandbox();
  const { ana } = await talk(sandbox);
  const script = 'set -o pipefail; "$0" history --room physics | head -n 1; echo $?';
  const shell = Bun.spawn(["bash", "-c", script, `${import.meta.dir}/../../dist/chat`], {
    env: {
      PATH: process.env["PATH"] ?? "",
      CHAT_HOME: ana.folder,
      CHAT_USER: "ana",
      XDG_RUNTIME_DIR: sandbox.path("run"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = (await new Response(shell.stdout).text()).split("\n");
  expect(lines.slice(1)).toEqual(["0", ""]);
  expect(await new Response(shell.stderr).text()).toBe("");
});
