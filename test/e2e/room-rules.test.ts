import { expect } from "bun:test";
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Name } from "../../src/base/names.ts";
import { FolderHistory } from "../../src/cli/history/folder.ts";
import { filesOf, ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();
const BRIEF = { kind: "room", name: "brief" as Name } as const;

server.test("rules of a room bind its members and scripts", async (sandbox) => {
  const ida = sandbox.home("ida").with({ CHAT_USER: "ida" });
  const jon = sandbox.home("jon").with({ CHAT_USER: "jon" });
  await ida.run(["join", "--json"], {
    stdin: "/join ruled\n/rules post moderators slow 600\n/rules\n",
  });
  const joined = await jon.run(["join", "--json"], { stdin: "/join ruled\nhello\n/topic x\n" });
  const faults = ndjson(joined.out).filter(({ kind }) => kind === "fault");
  expect(faults.map(({ code }) => code)).toEqual(["not-allowed", "not-allowed"]);
  await ida.run(["join", "--room", "ruled"], {
    stdin: "/rules post everyone everyone moderators\n",
  });
  const send = (text: string) => jon.run(["send", "--to", "ruled", text, "--json"]);
  expect((await send("one")).exitCode).toBe(0);
  const [second, call] = [await send("two"), await send("@everyone three")];
  expect([second, call].map(({ exitCode, out }) => [exitCode, ndjson(out)[0]?.["code"]])).toEqual([
    [3, "too-fast"],
    [3, "not-allowed"],
  ]);
  const rules = (await ida.json(["history", "--room", "ruled"])).filter(
    ({ kind }) => kind === "rules",
  );
  expect(rules.at(-1)).toMatchObject({
    from: "ida",
    topic: "moderators",
    slow: 600,
    everyone: "moderators",
  });
});

server.test("never enters an ordinary room that should be an assignment", async (sandbox) => {
  const ann = sandbox.home("ann").with({ CHAT_USER: "ann" });
  const tom = sandbox.home("tom").with({ CHAT_USER: "tom" });
  await ann.run(["join", "--room", "hw20"]);
  const stdin = "/join HW20 --assignment\n";
  const refused = await tom.run(["join", "--json"], { stdin });
  expect([
    refused.exitCode,
    ndjson(refused.out).find(({ kind }) => kind === "fault"),
  ]).toMatchObject([
    3,
    { code: "name-taken", remedy: "choose another name, or ask one of its moderators" },
  ]);
  expect((await tom.json(["rooms"])).find(({ room }) => room === "hw20")?.["joined"]).toBe(false);
  const made = await ann.run(["join"], { stdin });
  expect([made.exitCode, made.out + made.err]).toEqual([
    0,
    expect.stringContaining("'hw20' existed already, and is an assignment"),
  ]);
  const both = await ann.run(["join"], { stdin: "/join new --sealed --assignment\n" });
  expect(both.exitCode).toBe(2);
  expect((await ann.json(["rooms"])).map(({ room }) => room)).not.toContain("new");
  expect((await tom.run(["join"], { stdin })).exitCode).toBe(0);
  expect((await tom.run(["send", "--to", "hw20", "my work"])).err).toContain("goes to hw20@tom");
});

server.test("sends a member's work to the box of an assignment room", async (sandbox) => {
  const tea = sandbox.home("tea").with({ CHAT_USER: "tea" });
  const pip = sandbox.home("pip").with({ CHAT_USER: "pip" });
  await tea.run(["join"], { stdin: "/join essays --assignment\n" });
  await pip.run(["join", "--room", "essays"]);
  writeFileSync(sandbox.path("essay.txt"), "once upon a time", { mode: 0o640 });
  utimesSync(sandbox.path("essay.txt"), 1, 1);
  const sent = await pip.run(["send", "--to", "Essays", "--to", "lobby", "done", "--json"]);
  expect(sent.err).toContain("this goes to essays@pip");
  expect(ndjson(sent.out).map(({ room }) => room)).toEqual(["essays@pip", "lobby"]);
  const file = await pip.run(["send-file", sandbox.path("essay.txt"), "--to", "essays", "--json"]);
  expect([file.exitCode, ndjson(file.out).at(-1)?.["room"]]).toEqual([0, "essays@pip"]);
  expect(file.err).toContain("this goes to essays@pip");
  const lines = await pip.run(["send", "--to", "essays"], { stdin: "one\ntwo\n" });
  expect([lines.exitCode, lines.err.split("this goes to").length]).toEqual([0, 2]);
  const own = await tea.run(["send", "--to", "essays", "the task", "--json"]);
  const task = ndjson(own.out)[0]?.["seq"];
  const reacted = await pip.run(["join", "--room", "essays", "--json"], {
    stdin: `/react 👍 ${task}\n`,
  });
  expect([
    reacted.exitCode,
    ndjson(reacted.out).find(({ kind }) => kind === "fault"),
  ]).toMatchObject([3, { message: "only moderators can react in 'essays'" }]);
  expect([own.err, ndjson(own.out)[0]?.["room"]]).toEqual(["", "essays"]);
  const twice = await tea.run(["join", "--room", "essays", "--json"], {
    stdin: `/react 👍 ${task}\n/react 👍 ${task}\n`,
  });
  const reactions = ndjson(twice.out).filter(
    ({ kind }) => kind === "reaction" || kind === "erased",
  );
  expect(reactions.map(({ kind }) => kind)).toEqual(["reaction", "erased"]);
  const handed = await tea.json(["history", "--room", "Essays@pip"]);
  expect(handed.every(({ room }) => room === "essays@pip")).toBe(true);
  const texts = handed.filter(({ kind }) => kind === "text" || kind === "file");
  const said = texts.map((record) => record["text"] ?? filesOf([record])[0]?.["name"]);
  expect(said).toEqual(["done", "essay.txt", "one", "two"]);
  const out = sandbox.path("work");
  expect((await tea.run(["handed", "--room", "essays", "--out", out])).exitCode).toBe(0);
  const { mode, mtime } = statSync(join(out, "pip", "essay.txt"));
  const time = texts.find(({ kind }) => kind === "file")?.["time"];
  expect([mode & 0o777, mtime.toISOString()]).toEqual([0o640, String(time)]);
  const written = readFileSync(join(out, "pip", "messages.txt"), "utf8");
  expect(written.replace(/^.* pip: /gm, "")).toBe("done\none\ntwo\n");
  // Work in texts only, and former names of the room and the person.
  const zoe = sandbox.home("zoe").with({ CHAT_USER: "zoe" });
  await zoe.run(["join", "--room", "essays"]);
  await zoe.run(["send", "--to", "essays", "only words"]);
  const args = ["admin", "room", "rename", "essays", "prose", "--user", "olga"];
  const olga = server.sandbox.home("olga");
  expect(await olga.run([...args, "--data", server.served.data])).toMatchObject({ exitCode: 0 });
  const renamed = sandbox.path("renamed");
  expect((await tea.run(["handed", "--room", "essays", "--out", renamed])).exitCode).toBe(0);
  expect(readdirSync(renamed).sort()).toEqual(["pip", "zoe"]);
  // Reading the data folder without the server finds former names, too.
  const { data } = server.served;
  const fromFolder = async (room: string) =>
    (await olga.json(["history", "--data", data, "--room", room])).map(({ seq }) => seq);
  const found = await fromFolder("prose");
  expect(found.length).toBeGreaterThan(2);
  expect(await fromFolder("Essays")).toEqual(found);
  expect(await fromFolder("essays@zoe")).toEqual(await fromFolder("prose@zoe"));
  expect((await olga.run(["history", "--data", data, "--room", "poems"])).exitCode).toBe(4);
  expect(readdirSync(join(renamed, "pip")).sort()).toEqual(["essay.txt", "messages.txt"]);
  expect(readFileSync(join(renamed, "zoe", "messages.txt"), "utf8")).toContain("zoe: only words");
});

server.test("calls what the limit of a room removed expired", async (sandbox) => {
  const una = sandbox.home("una").with({ CHAT_USER: "una" });
  writeFileSync(sandbox.path("old.txt"), "old");
  await una.run(["join", "--room", "brief"]);
  await una.run(["send-file", sandbox.path("old.txt"), "--to", "brief"]);
  await una.run(["join", "--room", "brief"], { stdin: "/erase\n" });
  const olga = server.sandbox.home("olga");
  const { data } = server.served;
  const limit = ["admin", "retention", "brief", "1d", "--user", "olga", "--data", data];
  expect(await olga.run(limit)).toMatchObject({ exitCode: 0 });
  const kinds = { kinds: new Set(["file"] as const) };
  // A day later, nothing tells that its author was faster than the limit.
  const read = async (afterMs: number) => {
    using folder = await FolderHistory.open(data, Date.now() + afterMs);
    const records = await folder.last({ ...kinds, rooms: new Set(folder.find(BRIEF)) }, 1);
    return records.map((record) => "expired" in record && record.expired);
  };
  expect([await read(0), await read(86_400_000)]).toEqual([[false], [true]]);
  const history = await una.json(["history", "--room", "brief"]);
  const erased = history.filter(({ kind }) => kind === "erased");
  expect(erased.map(({ expired }) => expired)).toEqual([undefined]);
});

server.test("opens boxes in line mode, and corrects work without its number", async (sandbox) => {
  const tea = sandbox.home("tia").with({ CHAT_USER: "tia" });
  const pip = sandbox.home("pim").with({ CHAT_USER: "pim" });
  const join = (home: typeof tea, ...lines: string[]) =>
    home.run(["join", "--json"], { stdin: `${lines.join("\n")}\n` });
  await join(tea, "/join poems --assignment");
  await join(pip, "/join poems", "roses are blue", "/edit roses are red", "once more", "/erase");
  const work = await pip.json(["history", "--room", "poems@pim"]);
  expect(work.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    "text roses are blue",
    "edited roses are red",
    "erased undefined",
  ]);
  await join(tea, "/join poems@pim", "well done", "/join lobby", "/msg poems@pim and on time");
  const answers = await pip.json(["history", "--room", "poems@pim", "--from", "tia"]);
  expect(answers.map(({ text }) => text)).toEqual(["well done", "and on time"]);
  const other = await join(pip, "/join poems@tia", "lost");
  expect(other.out).toContain("no box named 'poems@tia', or you may not read it");
  expect(await tea.json(["history", "--room", "lobby", "--grep", "lost"])).toEqual([]);
});

server.test("asks to join a room that admits people by approval", async (sandbox) => {
  const kay = sandbox.home("kay").with({ CHAT_USER: "kay" });
  const lou = sandbox.home("lou").with({ CHAT_USER: "lou" });
  await kay.run(["join"], { stdin: "/join council\n/rules join approval\n" });
  const asked = await lou.run(["join", "--room", "council", "--json"]);
  expect([asked.exitCode, ndjson(asked.out).at(-1)?.["code"]]).toEqual([3, "approval-needed"]);
  const listed = await lou.json(["rooms"]);
  expect(listed).toContainEqual(expect.objectContaining({ room: "council", joined: false }));
  await kay.run(["join", "--room", "council"], { stdin: "/invite @lou\n" });
  expect((await lou.run(["join", "--room", "council"])).exitCode).toBe(0);
});
