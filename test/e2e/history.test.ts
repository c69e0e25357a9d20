import { expect, test } from "bun:test";
import { CHAT } from "./binary.ts";
import { type Home, type Json, ndjson, type Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const MANY = 1_010;

const server = new SharedServer();

function textsOf(records: readonly Json[]): unknown[] {
  return records.flatMap(({ text }) => text ?? []);
}

let talk: Promise<void> | undefined;

async function talkers(sandbox: Sandbox): Promise<{ ana: Home; bob: Home }> {
  const { sandbox: home } = server;
  const ana = home.home("ana").with({ CHAT_USER: "ana", XDG_RUNTIME_DIR: sandbox.path("run") });
  const bob = home.home("bob").with({ CHAT_USER: "bob" });
  talk ??= (async () => {
    const words = "one\n/join physics\ntwo Quarks\n/topic Waves\n/me thinks\n";
    await ana.run(["join"], { stdin: words });
    await bob.run(["join"], { stdin: "three\n/msg ana four\n/join physics\nfive quarks\n" });
  })();
  await talk;
  return { ana, bob };
}

test.each([
  [
    ["--room", "PHYSICS", "--from", "ANA"],
    ["two Quarks", "thinks"],
  ],
  [["--kind", "action, file", "--room", "physics"], ["thinks"]],
  [["--last", "1", "--grep", "o"], ["four"]],
  [["--regex", "^t\\w+e", "-n", "1"], ["three"]],
  [
    ["--regex", "^t"],
    ["two Quarks", "thinks", "three"],
  ],
  [["--limit", "1", "--kind", "text"], ["five quarks"]],
  [["--with", "@bob"], ["four"]],
  [["--with", "bob"], ["four"]],
  [[], ["one", "two Quarks", "thinks", "three", "four", "five quarks"]],
])("returns the same history online and from the folder: %j", async (args, wanted) => {
  await using sandbox = server.guests();
  const { ana } = await talkers(sandbox);
  const online = await ana.json(["history", ...args]);
  const stored = await ana.json(["history", ...args, "--data", server.served.data]);
  expect(textsOf(online)).toEqual(wanted);
  expect(stored).toEqual(online);
});

server.test("says that rooms have older messages than it prints", async (sandbox) => {
  const home = sandbox.home("cut").with({ CHAT_USER: "cut" });
  const note = /older messages of (\d+ rooms?) are not printed; add --room, --with or --since/;
  const notes = async (...args: string[]) => (await home.run(["history", ...args])).err.match(note);
  const post = (count: number) =>
    home.run(["join"], { stdin: `/join cutting\n${"a line\n".repeat(count)}` });
  await post(50);
  expect(await notes()).toBeNull();
  await post(1);
  expect((await notes())?.[1]).toBe("1 room");
  expect((await notes("--json"))?.[1]).toBe("1 room");
  expect(await notes("--last", "3")).toBeNull();
  expect(await notes("--room", "cutting")).toBeNull();
  const rows = await home.json(["history"]);
  expect(rows.filter(({ room }) => room === "cutting")).toHaveLength(50);
  const moves = await home.json(["history", "--room", "cutting", "--kind", "join,leave"]);
  expect(moves.map(({ kind }) => kind)).toEqual(["join"]);
});

server.test("--data refuses a missing folder and a foreign one", async (sandbox) => {
  const home = sandbox.home("x");
  const absent = await home.run(["history", "--data", "nowhere", "--json"]);
  expect([absent.exitCode, ndjson(absent.out)[0]?.["code"]]).toEqual([4, "not-found"]);
  const foreign = await home.run(["history", "--data", ".", "--json"]);
  expect([foreign.exitCode, ndjson(foreign.out)[0]?.["code"]]).toEqual([1, "data-foreign"]);
});

server.test("ends quietly if its reader, such as head, ends early", async (sandbox) => {
  const { ana } = await talkers(sandbox);
  const script = 'set -o pipefail; "$0" history --room physics | head -n 1; echo $?';
  const shell = Bun.spawn(["bash", "-c", script, CHAT], {
    env: { ...ana.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = (await new Response(shell.stdout).text()).split("\n");
  expect(lines.slice(1)).toEqual(["0", ""]);
  expect(await new Response(shell.stderr).text()).toBe("");
});

server.test("--follow prints new records that match the filter", async (sandbox) => {
  const { ana, bob } = await talkers(sandbox);
  const follower = ana.start(["history", "--follow", "--grep", "QUARKS", "--json"]);
  await follower.json("text", { text: "two Quarks" });
  await follower.json("text", { text: "five quarks" });
  await bob.run(["send", "nothing"]);
  await bob.run(["send", "more quarks"]);
  expect(await follower.json("text")).toMatchObject({ room: "lobby", text: "more quarks" });
  await bob.run(["send-file", "-", "--name", "quarks.txt", "--to", "lobby"], { stdin: "up" });
  await follower.file({ name: "quarks.txt" });
  const { exitCode, out } = await follower.signal("SIGINT");
  expect(exitCode).toBe(130);
  expect(out).not.toContain("nothing");
});

server.test("--exec runs a command for each message, past failures", async (sandbox) => {
  const { ana, bob } = await talkers(sandbox);
  const script = 'cat; echo "$CHAT_ROOM $CHAT_FROM $CHAT_TEXT"; test "$CHAT_TEXT" != \'$(exit)\'';
  const exec = ["--exec", "sh", "-c", script];
  const follower = ana.start(["history", "--room", "lobby", "--follow", ...exec]);
  await follower.out.next("bob's message", (line) => line === "lobby bob three");
  await bob.run(["send", "$(exit)"]);
  await bob.run(["send", "next"]);
  expect(await follower.json("text", { text: "next" })).toMatchObject({ room: "lobby" });
  await follower.out.next("the next one", (line) => line === "lobby bob next");
  await ana.run(["join"], { stdin: "/ignore bob\n" });
  await bob.run(["send", "ignored"]);
  const eva = sandbox.home("eva").with({ CHAT_USER: "eva" });
  await eva.run(["send", "last"]);
  await follower.out.next("the last one", (line) => line === "lobby eva last");
  const { exitCode, err, out } = await follower.signal("SIGINT");
  expect(exitCode).toBe(130);
  expect(out).not.toContain("ignored");
  expect(err).toMatch(/^chat: sh exited with 1 for message \d+\nchat: interrupted/m);
});

test("pages through thousands of messages, and prints the last and the missed ones", async () => {
  await using sandbox = server.guests();
  const { data } = server.served;
  const ana = sandbox.home("fay").with({ CHAT_USER: "fay" });
  const bob = sandbox.home("gil").with({ CHAT_USER: "gil" });
  await bob.run(["join", "--room", "many"]);
  await ana.run(["join", "--room", "many"]);
  const lines = Array.from({ length: MANY }, (_, i) => `line ${i} ${"é".repeat(i % 200)}`);
  const sent = await ana.run(["send", "--to", "many"], { stdin: lines.join("\n") });
  expect(sent.out.trimEnd().split("\n").length).toBe(MANY);
  for (const where of [[], ["--data", data]]) {
    const whole = await ana.json(["history", "--room", "many", ...where]);
    expect(textsOf(whole)).toEqual(lines);
    // Each record once, in order. Checkpoints have numbers too, but are not printed.
    const seqs = whole.map(({ seq }) => Number(seq));
    expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
    const overview = await ana.json(["history", ...where]);
    const roomRecords = overview.filter(({ room }) => room === "many");
    expect(textsOf(roomRecords)).toEqual(lines.slice(-50));
  }
  const back = await bob.run(["join", "--room", "many", "--json"]);
  expect(textsOf(ndjson(back.out))).toEqual(lines.slice(-500));
  const skipped = MANY - 500 + 1;
  expect(back.err).toContain(
    `chat: ${skipped} earlier messages in many are not shown; ` +
      "to see them: chat history --room many\n",
  );
  const cleo = await sandbox
    .home("cleo")
    .run(["join", "--user", "cleo", "--room", "many", "--json"]);
  const met = ndjson(cleo.out).filter(({ room }) => room === "many");
  expect(textsOf(met)).toEqual(lines.slice(-49));
  expect(cleo.err).not.toContain("not shown");
});

server.test("history merges several rooms and people", async (sandbox) => {
  const [ana, ben] = ["merge-ana", "merge-ben"].map((name) =>
    sandbox.home(name).with({ CHAT_USER: name }),
  );
  if (ana === undefined || ben === undefined) return expect.unreachable();
  await ben.json(["register"]);
  await ana.json(["join", "--room", "one", "--room", "two", "--room", "three"]);
  const order = ["one", "two", "@merge-ben", "three", "one", "two"];
  for (const [at, to] of order.entries()) await ana.json(["send", `${at}`, "--to", to]);
  const chosen = ["history", "--room", "two", "--with", "@merge-ben", "--room", "one"];
  const texts = async (...more: string[]) =>
    (await ana.json([...chosen, "--kind", "text", ...more])).map(({ text }) => text);
  expect(await texts()).toEqual(["0", "1", "2", "4", "5"]);
  expect(await texts("--room", "ONE", "-n", "3")).toEqual(["2", "4", "5"]);
  const [row = ""] = (await ana.run([...chosen, "-n", "1"])).out.split("\n");
  expect(row.split("\t").slice(1, 4)).toEqual(["two", "merge-ana", "5"]);
  expect(row.split("\t").slice(4)).toEqual([expect.stringMatching(/^\d+$/), "text", ""]);
});
