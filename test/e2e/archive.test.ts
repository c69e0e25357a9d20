import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../event.ts";
import { type Home, type Json, ndjson, Sandbox, type Served } from "./program.ts";

const IMPORTED = 1_000;

let sandbox: Sandbox;
let served: Served;
let ana: Home;
let bob: Home;

beforeAll(async () => {
  sandbox = new Sandbox();
  served = await sandbox.serve();
  const at = { CHAT_SERVER: served.invite };
  ana = sandbox.home("ana").with({ ...at, CHAT_USER: "ana" });
  bob = sandbox.home("bob").with({ ...at, CHAT_USER: "bob" });
  await ana.run(["join"], { stdin: "/join lab\none <b>\n/me waves\n/edit waves twice\n" });
  const [one] = await ana.json(["history", "--grep", "one"]);
  const answers = `/reply ${one?.["seq"]} yes\n/react 👍 ${one?.["seq"]}\n`;
  await bob.run(["join"], { stdin: `/join lab\n${answers}/msg ana psst\n` });
  writeFileSync(sandbox.path("photo.png"), Buffer.from(PNG, "base64"));
  await ana.run(["send-file", sandbox.path("photo.png"), "--to", "lab"]);
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA" +
  "AABJRU5ErkJggg==";

const lines = (path: string): Json[] => ndjson(readFileSync(path, "utf8"));
const summariesOf = (records: readonly Json[]) =>
  records.flatMap(({ kind, text, react }) =>
    (text ?? react) === undefined ? [] : [[kind, text ?? react]],
  );

describe("chat export", () => {
  test("writes the records of chat history, from a server and from its folder", async () => {
    const [done] = await ana.json(["export", "--out", sandbox.path("out")]);
    expect(done).toMatchObject({ kind: "exported", files: 0 });
    expect(readdirSync(sandbox.path("out")).sort()).toEqual([
      "@bob.ndjson",
      "lab.ndjson",
      "lobby.ndjson",
    ]);
    const exported = lines(sandbox.path("out", "lab.ndjson"));
    const printed = await ana.json(["history", "--room", "lab", "--since", "2000-01-01"]);
    expect(exported.filter(({ kind }) => kind !== "join")).toEqual(printed);
    expect(printed.length).toBeLessThan(exported.length);
    expect(statSync(sandbox.path("out", "lab.ndjson")).mode & 0o777).toBe(0o600);
    const out = sandbox.path("stored");
    const args = ["export", "--data", served.data, "--room", "lab", "--files", "--out", out];
    expect(await ana.json(args)).toMatchObject([{ records: exported.length, files: 1 }]);
    const stored = lines(join(out, "lab.ndjson"));
    expect(stored.at(-1)).toMatchObject({ kind: "file", files: [{ path: "files/photo.png" }] });
    const pathless = JSON.stringify(stored).replaceAll(',"path":"files/photo.png"', "");
    expect(JSON.parse(pathless)).toEqual(exported as never);
    expect(readFileSync(join(out, "files", "photo.png")).toString("base64")).toBe(PNG);
  });

  test("names each file that is gone once, and exports everything else", async () => {
    await ana.run(["join"], { stdin: "/join attic\n" });
    const paths = ["kept.png", "gone.png"].map((name) => sandbox.path(name));
    for (const path of paths) writeFileSync(path, Buffer.from(PNG, "base64"));
    const sent = await ana.json(["send-file", ...paths, "--to", "attic"]);
    const [kept, gone] = sent.filter(({ kind }) => kind === "file");
    const id = gone?.["id"];
    rmSync(join(served.data, "files", String(id)), { recursive: true });
    for (const [n, form] of [[], ["--html"], ["--data", served.data]].entries()) {
      const out = sandbox.path(`gone-${n}`);
      const args = ["export", ...form, "--room", "attic", "--files", "--out", out, "--json"];
      const { exitCode, out: printed } = await ana.run(args);
      const reason = expect.stringContaining(String(id));
      const skipped = { kind: "skipped", path: "gone.png", reason };
      const done = expect.objectContaining({ kind: "exported", files: 1 });
      expect([exitCode, ndjson(printed)]).toEqual([7, [skipped, done]]);
    }
    const backup = ["backup", sandbox.path("gone-backup"), "--data", served.data, "--json"];
    const backedUp = await ana.run(backup);
    expect([backedUp.exitCode, ndjson(backedUp.out)]).toEqual([
      7,
      [
        expect.objectContaining({ kind: "skipped", path: `files/${id}` }),
        expect.objectContaining({ kind: "backup" }),
      ],
    ]);
    await ana.run(["join", "--room", "attic"], {
      stdin: `/erase ${kept?.["seq"]}\n/erase ${gone?.["seq"]}\n`,
    });
  });

  test("counts a folder that an earlier export has saved", async () => {
    await ana.run(["join", "--room", "loft"], { stdin: "" });
    const folder = sandbox.path("notes");
    mkdirSync(folder);
    writeFileSync(join(folder, "a.txt"), "a");
    const sent = (await ana.json(["send-file", folder, "--to", "loft"])).at(-1);
    const args = ["export", "--room", "loft", "--files", "--out", sandbox.path("loft")];
    const counts = [];
    for (const from of [[], [], ["--data", served.data]])
      counts.push(...(await ana.json([...args, ...from])));
    expect(counts.map(({ existing }) => existing)).toEqual([undefined, 1, 1]);
    await ana.run(["join", "--room", "loft"], { stdin: `/erase ${sent?.["seq"]}\n` });
  });

  test.each([
    ["a server", () => []],
    ["a folder", () => ["--data", served.data]],
  ])("completes the export of %s if it is repeated", async (name, from) => {
    const out = sandbox.path(`again ${name}`);
    const args = ["export", ...from(), "--room", "lab", "--files", "--out", out];
    await ana.json(args);
    const path = join(out, "lab.ndjson");
    const before = readFileSync(path);
    expect(await ana.json(args)).toMatchObject([{ files: 1, existing: 1 }]);
    expect(readFileSync(path).equals(before)).toBe(true);
    // A run that was killed leaves temporary files, and some of the records and files.
    renameSync(path, `${path}.part`);
    await ana.json(args);
    writeFileSync(path, before.subarray(0, before.indexOf("\n") + 1));
    await ana.json(args);
    expect(readFileSync(path).equals(before)).toBe(true);
    writeFileSync(path, "mine\n");
    const refused = await ana.run(args);
    expect([refused.exitCode, refused.err]).toEqual([2, expect.stringContaining("rename it")]);
    expect(readFileSync(path, "utf8")).toBe("mine\n");
    expect(readdirSync(out, { recursive: true }).sort()).toEqual([
      "files",
      "files/photo.png",
      "lab.ndjson",
    ]);
  });

  test("adds newer records to an HTML page", async () => {
    const args = ["export", "--room", "lobby", "--html", "--out", sandbox.path("page")];
    await ana.json(args);
    await ana.run(["send", "the latest news"]);
    await ana.json(args);
    const page = readFileSync(sandbox.path("page", "lobby.html"), "utf8");
    expect(page).toContain("the latest news");
    expect(readdirSync(sandbox.path("page"))).toEqual(["lobby.html"]);
  });

  test.each(["server", "folder"])(
    "is readable by its owner only, exported from a %s",
    async (source) => {
      const parent = sandbox.path(`modes-${source}`);
      mkdirSync(join(parent, "files"), { recursive: true, mode: 0o755 });
      const from = source === "server" ? [] : ["--data", served.data];
      for (const form of [["--files"], ["--html", "--files"]]) {
        await ana.json(["export", ...from, "--room", "lab", ...form, "--out", parent]);
      }
      const made = readdirSync(parent, { recursive: true }).map(String);
      expect(made).toContain(join("files", "photo.png"));
      for (const name of made) {
        const stat = statSync(join(parent, name));
        if (stat.isFile()) expect([name, stat.mode & 0o777]).toEqual([name, 0o600]);
      }
    },
  );
});

describe("chat import", () => {
  test("restores exported texts and reactions, and adds nothing the second time", async () => {
    await ana.run(["join"], { stdin: "/join copy\n" });
    const file = sandbox.path("out", "lab.ndjson");
    const first = (await ana.json(["import", file, "--room", "copy"])).at(-1);
    expect(first).toMatchObject({ kind: "imported", records: 6, present: 0 });
    const second = (await ana.json(["import", file, "--room", "copy"])).at(-1);
    expect(second).toMatchObject({ records: 0, present: 6 });
    const copy = await ana.json(["history", "--room", "copy", "--since", "2000-01-01"]);
    const original = lines(file);
    const bySeq = (records: readonly Json[]) => new Map(records.map((one) => [one["seq"], one]));
    const [here, there] = [bySeq(copy), bySeq(original)];
    const summaries = summariesOf(copy).map(([kind, text]) => [kind, text]);
    expect(summaries.slice(0, -1)).toEqual(summariesOf(original));
    expect(summaries.at(-1)?.[1]).toMatch(/^\[file photo\.png, \d+ B, f\S+\]$/);
    const about = (records: readonly Json[], known: ReadonlyMap<unknown, Json>) =>
      records.flatMap(({ re }) => (re === undefined ? [] : [known.get(re)?.["text"]]));
    expect(about(copy, here)).toEqual(about(original, there));
    const messages = copy.filter(({ kind }) => kind === "text" || kind === "action");
    expect(messages.every(({ from, imported }) => from === "ana" && imported !== undefined)).toBe(
      true,
    );
  });

  test("imports an export with a poll, a vote, a hand, a thread and a notice", async () => {
    await ana.run(["join"], {
      stdin: "/join every\nhi\n/poll Lunch? | soup | rice\n/vote 1\n/hand\n",
    });
    await ana.run(["send", "--to", "every", "--notice", "passed"]);
    const [first] = await ana.json(["history", "--room", "every", "--grep", "hi"]);
    await ana.run(["join", "--room", "every"], { stdin: `/thread ${first?.["seq"]} inside\n` });
    await ana.run(["export", "--room", "every", "--out", sandbox.path("every")]);
    await ana.run(["join"], { stdin: "/join again\n" });
    const output = await ana.json([
      "import",
      sandbox.path("every"),
      "--room",
      "again",
      "--channel",
      "every",
    ]);
    const reasons = output.flatMap(({ kind, reason }) => (kind === "skipped" ? [reason] : []));
    expect(reasons).toContain("vote in a poll");
    const texts = await ana.json(["history", "--room", "again", "--kind", "text"]);
    expect(texts).toMatchObject([
      { text: "hi" },
      { text: expect.stringContaining("Lunch?") },
      { text: "passed", notice: true },
      { text: "inside", re: texts[0]?.["seq"], thread: true },
    ]);
  });

  test("imports nothing if a line is bad, and exits with 7 if it is skipped", async () => {
    await ana.run(["join"], { stdin: "/join bad\n" });
    const post = { team: "lab", channel: "bad", user: "eve", message: "hi", create_at: 1 };
    const rows = [{ type: "version", version: 1 }, { type: "post", post }, { type: "post" }];
    const file = sandbox.write("bad.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    const refused = await ana.run(["import", file, "--room", "bad"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("line 3: post without content");
    expect(await ana.json(["history", "--room", "bad", "--kind", "text"])).toEqual([]);
    const skipped = await ana.run(["import", file, "--room", "bad", "--skip-bad", "--json"]);
    expect(skipped.exitCode).toBe(7);
    expect(ndjson(skipped.out)).toMatchObject([
      { kind: "skipped", count: 1, reason: "version (not a message)", example: "line 1" },
      { kind: "skipped", path: "line 3", reason: "post without content" },
      { kind: "imported", records: 1 },
    ]);
  });

  test("resumes after a kill, and restores no erased message", async () => {
    await ana.run(["join"], { stdin: "/join long\n" });
    const texts = Array.from({ length: IMPORTED }, (_, i) => `message ${Math.floor(i / 2)}`);
    const rows = texts.map((text, i) => {
      const time = new Date(Date.UTC(2020, 10, 21, 9, Math.floor(i / 100))).toISOString();
      return `${JSON.stringify({ kind: "text", time, from: "eve", text })}\n`;
    });
    const log = sandbox.write("long.ndjson", rows.join(""));
    const watcher = await ana.join(["--room", "long"]);
    const running = ana.start(["import", log, "--room", "long"]);
    await watcher.json("text", { text: "message 300" });
    await running.signal("SIGKILL");
    await watcher.finish();
    const before = await ana.json(["history", "--room", "long", "--last", "1"]);
    await ana.run(["join", "--room", "long"], { stdin: `/erase ${before[0]?.["seq"]}\n` });
    const done = (await ana.json(["import", log, "--room", "long"], {})).at(-1);
    expect(Number(done?.["present"])).toBeGreaterThan(200);
    expect(Number(done?.["present"]) + Number(done?.["records"])).toBe(IMPORTED);
    const all = await ana.json(["history", "--room", "long", "--since", "2000-01-01"]);
    const messages = all.filter(({ kind }) => kind === "text" || kind === "erased");
    expect(messages.map(({ kind, text }) => (kind === "erased" ? "erased" : text))).toEqual(
      texts.map((text, i) => (messages[i]?.kind === "erased" ? "erased" : text)),
    );
    expect(messages.filter(({ kind }) => kind === "erased")).toHaveLength(1);
  });
});

describe("chat import of two exports that overlap", () => {
  const slack = (folder: string, displayName: string, messages: readonly object[]) => {
    mkdirSync(sandbox.path(folder, "general"), { recursive: true });
    const users = [{ id: "U1", name: "eve", profile: { display_name: displayName } }];
    sandbox.write(`${folder}/users.json`, JSON.stringify(users));
    const day = messages.map((message) => ({ type: "message", user: "U1", ...message }));
    sandbox.write(`${folder}/general/2026-01-06.json`, JSON.stringify(day));
    return sandbox.path(folder);
  };
  const thumb = { name: "+1", users: ["U1"] };
  const run = async (path: string, home = ana) => {
    const args = ["import", path, "--room", "overlap", "--channel", "general"];
    return (await home.json(args)).at(-1);
  };

  test("adds only what is new, and edits what has changed", async () => {
    await ana.run(["join"], { stdin: "/join overlap\n/grant moderator bob\n" });
    const [one, two, three] = ["1.000100", "2.000100", "3.000100"].map((ts) => ({ ts }));
    const first = slack("slack-1", "Eve", [
      { ...one, text: "first", reactions: [thumb] },
      { ...two, text: "secnod", reactions: [thumb] },
    ]);
    const second = slack("slack-2", "Eve M.", [
      { ...one, text: "first", reactions: [thumb, { name: "tada", users: ["U1"] }] },
      { ...two, text: "second", edited: { user: "U1", ts: "4.0" } },
      { ...three, text: "third", thread_ts: "1.000100" },
    ]);
    expect(await run(first)).toMatchObject({ records: 4, present: 0 });
    expect(await run(second)).toMatchObject({ records: 3, present: 2 });
    expect(await run(second)).toMatchObject({ records: 0, present: 5 });
    expect(await run(first)).toMatchObject({ records: 0, present: 4 });
    const records = await ana.json(["history", "--room", "overlap", "--since", "2000-01-01"]);
    expect(summariesOf(records)).toEqual([
      ["text", "first"],
      ["reaction", "👍"],
      ["text", "secnod"],
      ["reaction", "👍"],
      ["edited", "second"],
      ["reaction", "🎉"],
      ["text", "third"],
    ]);
  });

  test("leaves a message as it is that another account has imported", async () => {
    await bob.run(["join", "--room", "overlap"], { stdin: "" });
    const changed = slack("slack-3", "Eve", [{ ts: "1.000100", text: "changed" }]);
    const args = ["import", changed, "--room", "overlap", "--channel", "general"];
    const { exitCode, err } = await bob.run(args);
    expect(err).toContain("change of a message that another account has imported");
    expect(exitCode).toBe(7);
  });
});

test("chat import is interrupted while it waits for a pipe", async () => {
  const pipe = sandbox.path("pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const running = ana.start(["import", pipe, "--room", "zones"]);
  const writer = await open(pipe, "w"); // Opens once the program reads.
  const { exitCode, err } = await running.signal("SIGINT");
  await writer.close();
  expect(exitCode).toBe(130);
  expect(err).toContain("nothing was imported");
});

test("chat import leaves nothing in the room if a line is refused", async () => {
  await ana.run(["join"], { stdin: "/join lines\n" });
  const line = '{"kind":"text","time":"2026-01-01T09:00:00Z","from":"eve","text":"m1"}';
  const file = sandbox.write("refused.ndjson", `${line}\nno JSON\n`);
  const textsIn = async (room: string) => {
    const records = await ana.json(["history", "--room", room, "--since", "2000-01-01"]);
    return records.flatMap(({ imported, text }) => (imported === undefined ? [] : [text]));
  };
  const refused = await ana.run(["import", file, "--room", "lines"]);
  expect(refused.exitCode).toBe(2);
  expect(refused.err).toContain("line 2");
  expect(refused.err).toContain("1 line cannot be imported; nothing was imported");
  expect(await textsIn("lines")).toEqual([]);
  const { exitCode, out } = await ana.run([
    ...["import", file, "--room", "lines", "--skip-bad", "--json"],
  ]);
  expect(exitCode).toBe(7);
  const kinds = ndjson(out).map(({ kind, reason, path }) => path ?? reason ?? kind);
  expect(kinds).toEqual(["line 2", "imported"]);
  expect(await textsIn("lines")).toEqual(["m1"]);
});

describe("chat backup and chat restore", () => {
  test("work before the first account exists, and with the accounts created since", async () => {
    await using fresh = new Sandbox();
    const { data } = await fresh.serve();
    const cleo = fresh.home("cleo").with({ CHAT_USER: "cleo" });
    for (const copy of ["empty", "later"]) {
      await cleo.json(["backup", fresh.path("backup"), "--data", data]);
      const args = ["restore", fresh.path("backup"), "--data", fresh.path(copy)];
      expect(await cleo.json(args)).toMatchObject([{ kind: "restored" }]);
      expect((await cleo.run(["verify", "--data", fresh.path(copy)])).exitCode).toBe(0);
      await cleo.json(["send", "first"]);
    }
    const kept = ["history", "--data", fresh.path("later"), "--grep", "first"];
    expect(await cleo.json(kept)).toMatchObject([{ kind: "text", text: "first" }]);
  });

  test("a backup during traffic restores all messages confirmed before it", async () => {
    const data = served.data;
    const out = sandbox.path("backup");
    const talking = ana.start(["send", "--to", "lab", "-"]);
    const flow = Array.from({ length: 200 }, (_, i) => `flow ${i}`);
    talking.type(...flow);
    await talking.out.next("an answer", () => true);
    const [during] = await ana.json(["backup", out, "--data", data]);
    expect(during).toMatchObject({ kind: "backup" });
    await talking.finish();
    await ana.json(["send", "--to", "lab", "the last word"]);
    const secret = await ana.json(["send", "--to", "lab", "a secret word"]);
    await checkpointed(data, Number(secret[0]?.["seq"]));
    const [after] = await ana.json(["backup", out, "--data", data]);
    expect(Number(after?.["size"])).toBeGreaterThanOrEqual(Number(secret[0]?.["seq"]));
    expect(Number(after?.["copiedBytes"])).toBeLessThan(Number(after?.["bytes"]));
    expect(grepped(out, "a secret word")).toBe(true);
    await ana.run(["join", "--room", "lab"], { stdin: `/erase ${secret[0]?.["seq"]}\n` });
    await checkpointed(data, Number(secret[0]?.["seq"]) + 1);
    const [last] = await ana.json(["backup", out, "--data", data]);
    expect(grepped(out, "a secret word")).toBe(false);

    const verified = (await ana.json(["verify", "--data", out])).at(-1);
    expect(verified).toMatchObject({ ok: true, size: last?.["size"], root: last?.["root"] });
    const restored = sandbox.path("restored");
    const [done] = await ana.json(["restore", out, "--data", restored]);
    expect(done).toMatchObject({ kind: "restored", size: last?.["size"], root: last?.["root"] });
    const again = await sandbox.serve({ data: "restored" });
    expect(again.fingerprint).toBe(served.fingerprint);
    const known = await ana.json(["history", "--room", "lab", "--data", data, "--last", "100"]);
    const here = { env: { CHAT_HOME: sandbox.path("visitor"), CHAT_USER: "visitor" } };
    await ana.run(["join", again.invite], { ...here, stdin: "/join lab\n" });
    const last100 = ["history", again.address, "--room", "lab", "--last", "100"];
    expect(await ana.json(last100, here)).toEqual(known);
    const exporting = ["export", "--data", restored, "--files", "--out", sandbox.path("again")];
    expect((await ana.json(exporting))[0]).toMatchObject({ files: 1 });
    await again.program.signal("SIGTERM");
  });

  test("refuses a rollback; accepting it gives the log a new origin", async () => {
    const out = sandbox.path("rollback");
    await ana.json(["backup", out, "--data", served.data]);
    await ana.json(["send", "one word more"]);
    const refused = await ana.run(["restore", out, "--data", served.data, "--json"]);
    expect(refused.exitCode).toBe(3);
    expect(refused.out).toContain('"code":"not-allowed"');
    const accepted = ["restore", out, "--data", served.data, "--accept-rollback", "--json"];
    const running = await ana.run(accepted);
    expect([running.exitCode, running.out.includes("data-locked")]).toEqual([1, true]);
    await served.program.signal("SIGTERM");
    const [done] = ndjson((await ana.run(accepted)).out);
    expect(done).toMatchObject({ kind: "restored", forked: true });
    const last = readFileSync(join(served.data, "history", "000000000001.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .at(-1);
    expect(JSON.parse(last ?? "").head).toMatchObject({ kind: "fork", by: "server" });
    expect(existsSync(String(done?.["aside"]))).toBe(true);
  });
});

function grepped(out: string, summaries: string): boolean {
  const folder = join(out, "history");
  return readdirSync(folder).some((name) =>
    readFileSync(join(folder, name), "utf8").includes(summaries),
  );
}

async function checkpointed(data: string, size: number): Promise<void> {
  const path = join(data, "history", "checkpoint");
  const signed = () => Number(readFileSync(path, "utf8").split("\n")[1]);
  await until(`a checkpoint of ${size}`, () => signed() >= size);
}
