import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { sampleSize } from "../samples.ts";
import { type Home, ndjson, type Program, Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const ROUNDS = sampleSize(4, 100);
const LINES = 500;

const server = new SharedServer({ args: ["--posts-per-second", "10000000"] });

function unsent(home: Home): string[] {
  const database = new Database(`${home.folder}/state.sqlite`, { readonly: true });
  const sql = "SELECT body FROM outbox ORDER BY created_ms, outbox, counter";
  const rows = database.query<{ body: string }, []>(sql).all();
  database.close();
  return rows.map(({ body }) => String((JSON.parse(body) as { text: string }).text));
}

async function untilStored(home: Home, window: Program, count: number): Promise<void> {
  while (unsent(home).length < count) {
    window.type("/who");
    await window.json("fault", { code: "link-closed" });
  }
}

async function textsBy(home: Home, name: string): Promise<string[]> {
  const texts = await home.json(["history", "--from", name, "--last", "1000000"]);
  return texts.flatMap(({ text }) => (text === undefined ? [] : [String(text)]));
}

server.test(
  "sends each stored message once and in order after repeated kills",
  async (sandbox) => {
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    await ana.run(["register"]);
    let written = 0;
    const stored: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const verb = round % 2 === 0 ? ["send", "--json"] : ["join", "--json"];
      const program = ana.start(verb);
      const lines = Array.from({ length: LINES }, () => `line ${written++}`);
      program.type(...lines);
      // The kill happens between the first and the last message, a little later each time.
      const kind = verb[0] === "send" ? "sent" : "ack";
      for (let i = 0; i < 1 + ((round * 47) % LINES); i++) await program.json(kind);
      await program.signal("SIGKILL");
      stored.push(...unsent(ana));
    }
    expect(stored.length).toBeGreaterThan(0);
    expect((await ana.run(["send", "the end"])).exitCode).toBe(0);
    expect(unsent(ana)).toEqual([]);
    const texts = await textsBy(ana, "ana");
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.at(-1)).toBe("the end");
    const numbers = texts.slice(0, -1).map((text) => Number(text.replace("line ", "")));
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    const missing = stored.filter((text) => !texts.includes(text));
    expect(missing).toEqual([]);
  },
  600_000,
);

server.test("two windows and three senders of one home send each message once", async (sandbox) => {
  const ben = sandbox.home("ben").with({ CHAT_USER: "ben" });
  await ben.run(["register"]);
  const windows = [await ben.join([]), await ben.join([])];
  const senders = Array.from({ length: 3 }, (_, i) =>
    ben.run(["send"], { stdin: Array.from({ length: 25 }, (_, j) => `s${i} ${j}\n`).join("") }),
  );
  for (const [i, window] of windows.entries()) {
    window.type(...Array.from({ length: 25 }, (_, j) => `w${i} ${j}`));
  }
  for (const { exitCode, err } of await Promise.all(senders)) {
    expect([exitCode, err]).toEqual([0, ""]);
  }
  for (const window of windows) {
    for (let j = 0; j < 25; j++) await window.json("ack");
    const { exitCode, err } = await window.finish();
    expect([exitCode, err]).toEqual([0, ""]);
  }
  const texts = await textsBy(ben, "ben");
  expect(texts).toHaveLength(5 * 25);
  for (const name of [...senders.keys().map((i) => `s${i}`), "w0", "w1"]) {
    const own = texts.filter((text) => text.startsWith(`${name} `));
    expect(own).toEqual(Array.from({ length: 25 }, (_, j) => `${name} ${j}`));
  }
  const later = await ben.join([]);
  const { out } = await later.finish();
  expect(ndjson(out).filter(({ kind }) => kind === "text")).toEqual([]);
  expect(unsent(ben)).toEqual([]);
});

test("the next run, not a running one, sends the messages of a killed process", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: first.invite });
  const [one, other] = [await ana.join([]), await ana.join([])];
  for (const window of [one, other]) {
    window.type("in");
    await window.json("ack");
  }
  await first.program.signal("SIGKILL");
  for (const window of [one, other]) await window.json("lost");
  one.type("from one");
  other.type("from other");
  await untilStored(ana, one, 2);
  await one.signal("SIGKILL");
  await sandbox.serve({ port: first.port });
  await other.json("ack", { text: "from other" });
  const { exitCode, out } = await ana.run(["send", "--json", "third"]);
  expect(exitCode).toBe(0);
  expect(ndjson(out)).toHaveLength(2);
  await other.finish();
  const texts = await textsBy(ana, "ana");
  expect(texts).toEqual(["in", "in", "from other", "from one", "third"]);
});
