import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { eventually } from "../event.ts";
import { requires } from "../installed.ts";
import { type Home, type Json, ndjson, Sandbox, type Served } from "./program.ts";
import { onSmallDisk } from "./small-disk.ts";

/** What goes out of a server and comes in as a whole, on the compiled binary. */

let sandbox: Sandbox;
let served: Served;
let ana: Home;
let bob: Home;

beforeAll(async () => {
  sandbox = new Sandbox();
  served = await sandbox.serve();
  // Other servers are started here later.
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
const wordsOf = (records: readonly Json[]) =>
  records.flatMap(({ kind, text, react }) =>
    (text ?? react) === undefined ? [] : [[kind, text ?? react]],
  );

describe("chat export", () => {
  test("writes what chat history writes, from a server and from its folder", async () => {
    const [done] = await ana.json(["export", "--out", sandbox.path("out")]);
    expect(done).toMatchObject({ kind: "exported", files: 0 });
    expect(readdirSync(sandbox.path("out")).sort()).toEqual([
      "@bob.ndjson",
      "lab.ndjson",
      "lobby.ndjson",
    ]);
    const exported = lines(sandbox.path("out", "lab.ndjson"));
    expect(exported).toEqual(await ana.json(["history", "--room", "lab", "--since", "2000-01-01"]));
    expect(statSync(sandbox.path("out", "lab.ndjson")).mode & 0o777).toBe(0o600);
    const out = sandbox.path("stored");
    const args = ["export", "--data", served.data, "--room", "lab", "--files", "--out", out];
    expect(await ana.json(args)).toMatchObject([{ records: exported.length, files: 1 }]);
    const stored = lines(join(out, "lab.ndjson"));
    expect(stored.at(-1)).toMatchObject({ kind: "file", path: "files/photo.png" });
    expect(stored.map(({ path: _, ...record }) => record)).toEqual(exported as never);
    expect(readFileSync(join(out, "files", "photo.png")).toString("base64")).toBe(PNG);
  });

  test.each(["server", "folder"])("is closed to other users, from a %s", async (source) => {
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
  });

  test("replaces nothing, and says what is in the way before it writes", async () => {
    const out = sandbox.path("taken");
    await ana.run(["export", "--room", "lobby", "--out", out]);
    const again = await ana.run(["export", "--out", out]);
    expect([again.exitCode, readdirSync(out)]).toEqual([2, ["lobby.ndjson"]]);
    expect(again.err).toContain("is there already");
  });

  test("a page has the words escaped and the picture within", async () => {
    const out = sandbox.path("page");
    await bob.json(["export", "--room", "lab", "--html", "--out", out]);
    const page = readFileSync(join(out, "lab.html"), "utf8");
    expect(page).toContain("one &lt;b&gt;");
    expect(page).toContain(`data:image/png;base64,${PNG}`);
    expect(page).toContain("waves twice");
    expect(page).not.toContain("<script");
  });

  test("what one may not read is not exported", async () => {
    const ran = await bob.run(["export", "--room", "nowhere", "--out", sandbox.path("none")]);
    expect(ran.exitCode).toBe(4);
    expect(existsSync(sandbox.path("none", "nowhere.ndjson"))).toBe(false);
  });
});

describe("chat import", () => {
  test("what was exported has the same words and reactions; twice adds nothing", async () => {
    await ana.run(["join"], { stdin: "/join copy\n" });
    const file = sandbox.path("out", "lab.ndjson");
    const [first] = await ana.json(["import", file, "--room", "copy"]);
    expect(first).toMatchObject({ kind: "imported", records: 6, present: 0 });
    const [second] = await ana.json(["import", file, "--room", "copy"]);
    expect(second).toMatchObject({ records: 0, present: 6 });
    const copy = await ana.json(["history", "--room", "copy", "--since", "2000-01-01"]);
    const original = lines(file);
    const bySeq = (records: readonly Json[]) => new Map(records.map((one) => [one["seq"], one]));
    const [here, there] = [bySeq(copy), bySeq(original)];
    const words = wordsOf(copy).map(([kind, text]) => [kind, text]);
    expect(words.slice(0, -1)).toEqual(wordsOf(original));
    expect(words.at(-1)?.[1]).toMatch(/^\[file photo\.png, \d+ B, f\S+\]$/);
    const about = (records: readonly Json[], known: ReadonlyMap<unknown, Json>) =>
      records.flatMap(({ re }) => (re === undefined ? [] : [known.get(re)?.["text"]]));
    expect(about(copy, here)).toEqual(about(original, there));
    const said = copy.filter(({ kind }) => kind === "text" || kind === "action");
    expect(said.every(({ from, imported }) => from === "ana" && imported !== undefined)).toBe(true);
    // Exported and imported again it is the same, with the first author.
    await ana.run(["export", "--room", "copy", "--out", sandbox.path("copied")]);
    await ana.run(["join"], { stdin: "/join third\n" });
    await ana.json(["import", sandbox.path("copied", "copy.ndjson"), "--room", "third"]);
    const third = await ana.json(["history", "--room", "third", "--grep", "yes"]);
    expect(third).toMatchObject([{ imported: { from: "bob" } }]);
  });

  test("is for those who moderate the room", async () => {
    const file = sandbox.path("out", "lab.ndjson");
    const ran = await bob.run(["import", file, "--room", "lab", "--json"]);
    expect(ran.exitCode).toBe(3);
    expect(ran.out).toContain('"code":"not-allowed"');
  });

  test("bad lines are told, and nothing is imported unless they may be left out", async () => {
    const log = sandbox.write("odd.log", "2020-11-21 09:00:00\tana\thi\nwhat?\n");
    const refused = await ana.run(["import", log, "--room", "copy"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain("line 2: it is no time, prefix and message");
    const [done] = await ana.json(["import", log, "--room", "copy", "--skip-bad"]);
    expect(done).toMatchObject({ records: 1 });
  });

  test("killed and run again, it goes on, and brings nothing erased back", async () => {
    await ana.run(["join"], { stdin: "/join long\n" });
    const texts = Array.from({ length: 4_000 }, (_, i) => `message ${Math.floor(i / 2)}`);
    const rows = texts.map(
      (text, i) => `2020-11-21 09:${pad(Math.floor(i / 100))}:00\teve\t${text}\n`,
    );
    const log = sandbox.write("long.log", rows.join(""));
    const watcher = await ana.join(["--room", "long"]);
    const running = ana.start(["import", log, "--room", "long"]);
    await watcher.json("text", { text: "message 600" });
    await running.signal("SIGKILL");
    await watcher.finish();
    const before = await ana.json(["history", "--room", "long", "--last", "1"]);
    await ana.run(["join", "--room", "long"], { stdin: `/erase ${before[0]?.["seq"]}\n` });
    const [done] = await ana.json(["import", log, "--room", "long"], {});
    expect(Number(done?.["present"])).toBeGreaterThan(1_000);
    expect(Number(done?.["present"]) + Number(done?.["records"])).toBe(4_000);
    const all = await ana.json(["history", "--room", "long", "--since", "2000-01-01"]);
    const said = all.filter(({ kind }) => kind === "text" || kind === "erased");
    expect(said.map(({ kind, text }) => (kind === "erased" ? "erased" : text))).toEqual(
      texts.map((text, i) => (said[i]?.kind === "erased" ? "erased" : text)),
    );
    expect(said.filter(({ kind }) => kind === "erased")).toHaveLength(1);
  }, 120_000);
});

function pad(number: number): string {
  return String(number).padStart(2, "0");
}

describe("chat backup and chat restore", () => {
  test("while messages flow: restored, it has what was confirmed before, and goes on", async () => {
    const data = served.data;
    const out = sandbox.path("backup");
    const talking = ana.start(["send", "--to", "lab", "-"]);
    const flow = Array.from({ length: 2_000 }, (_, i) => `flow ${i}`);
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
    // An erasing reaches the backup when it is made again.
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
    const there = await ana.json(
      ["history", again.address, "--room", "lab", "--last", "101"],
      here,
    );
    expect(there.slice(0, -1)).toEqual(known);
    expect(
      (
        await ana.json(["export", "--data", restored, "--files", "--out", sandbox.path("again")])
      )[0],
    ).toMatchObject({ files: 1 });
    await again.program.signal("SIGTERM");
  }, 60_000);

  test("what was confirmed just before is in it", async () => {
    const out = sandbox.path("just-now");
    for (const text of ["just now", "and now"]) {
      const [sent] = await ana.json(["send", text, "--to", "lab"]);
      const [made] = await ana.json(["backup", out, "--data", served.data]);
      expect(Number(made?.["size"])).toBeGreaterThanOrEqual(Number(sent?.["seq"]));
    }
  });

  test("killed at any moment there is a whole backup or none", async () => {
    const out = sandbox.path("killed");
    await ana.json(["send-file", bigFile(), "--to", "lab"]);
    const size = (name: string) => statSync(join(out, name), { throwIfNoEntry: false })?.size ?? 0;
    const moments: readonly (() => boolean)[] = [
      () => existsSync(out),
      () => size("history/000000000001.jsonl") > 0,
      () => existsSync(join(out, "accounts")),
      () => existsSync(join(out, "files")),
      () => partsIn(join(out, "files")).some((part) => size(`files/${part}/content`) > 5e6),
      () => existsSync(join(out, "backup.json")),
      () => false,
    ];
    for (const [index, moment] of moments.entries()) {
      const running = ana.start(["backup", out, "--data", served.data]);
      await eventually("that moment", () => moment() || !running.isRunning);
      await running.signal("SIGKILL");
      const target = sandbox.path(`killed-${index}`);
      const ran = await ana.run(["restore", out, "--data", target, "--json"]);
      const isThere = existsSync(join(out, "backup.json"));
      expect([ran.exitCode === 0, existsSync(target)]).toEqual([isThere, isThere]);
    }
    expect(readdirSync(out)).not.toContain("backup-begun.json");
  }, 120_000);

  requires("mount").test(
    "a full disk is said, and with space the same command goes on",
    async () => {
      const script = [
        'cd "$1"; head -c 30M /dev/zero > filler',
        '"$2" backup out --data "$3" --json; echo "exit $?"',
        '"$2" restore out --data early; echo "exit $?"; rm filler',
        '"$2" backup out --data "$3" --json; echo "exit $?"',
      ].join("\n");
      const env = { CHAT_HOME: ana.folder };
      const size = `size=${40 * 1024 * 1024}`;
      const shell = onSmallDisk(sandbox, size, script, [served.data], { env, stdin: "" });
      const { out, err } = await shell.ended(60_000);
      expect(out.match(/exit \d/g)).toEqual(["exit 1", "exit 1", "exit 0"]);
      expect(out).toContain('"code":"store-full"');
      expect(err).toMatch(/^chat: no space for /m);
    },
    60_000,
  );

  test("the folder of 0.1.0 is backed up, restored and served", async () => {
    await using old = new Sandbox();
    const data = old.path("data");
    cpSync(join(import.meta.dir, "..", "released", "0.1.0", "data"), data, { recursive: true });
    const home = old.home("ana");
    await home.json(["backup", old.path("out"), "--data", data]);
    await home.json(["restore", old.path("out"), "--data", old.path("new")]);
    const read = (at: string) => home.json(["history", "--data", at, "--last", "1000"]);
    expect(await read(old.path("new"))).toEqual(await read(data));
    const again = await old.serve({ data: "new" });
    expect(again.fingerprint).toBe("SHA256:ACtWfqkwIywscJV0ni4wY_UngpXsgKuf2Qf_XHueZ8M");
  });

  test("a rollback is refused, and accepted it gives the log a new origin", async () => {
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

function grepped(out: string, words: string): boolean {
  const folder = join(out, "history");
  return readdirSync(folder).some((name) =>
    readFileSync(join(folder, name), "utf8").includes(words),
  );
}

/** Resolves when the server has signed so many records. */
async function checkpointed(data: string, size: number): Promise<void> {
  const path = join(data, "history", "checkpoint");
  const signed = () => Number(readFileSync(path, "utf8").split("\n")[1]);
  await eventually(`a checkpoint of ${size}`, () => signed() >= size);
}

function bigFile(): string {
  const path = sandbox.path("big.bin");
  writeFileSync(path, Buffer.alloc(20_000_000, "chat"));
  return path;
}

function partsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".part")) : [];
}
