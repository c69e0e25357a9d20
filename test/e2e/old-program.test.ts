import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RoomId, UserId } from "../../src/base/ids.ts";
import { openFolder } from "../../src/cli/serve/folder.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { Log } from "../../src/io/log/log.ts";
import { type FieldTypes, isOfLog, KINDS, type RecordKind } from "../../src/wire/kinds.ts";
import type { RequestKind } from "../../src/wire/messages.ts";
import { RECORDS_0_2_0 } from "../../src/wire/released.ts";
import { FIELDS_SINCE, KINDS_SINCE, REQUESTS_SINCE, type Since } from "../../src/wire/since.ts";
import { Caller } from "../fuzz/caller.ts";
import { NatsServers } from "../io/nats/nats-servers.ts";
import { CHAT } from "./binary.ts";
import { serveNodes } from "./cluster-nodes.ts";
import { ndjson, Sandbox } from "./program.ts";

/**
 * Runs the released program of version 0.2.0 beside this one. Build it from commit 5ccab81b with
 * npm 10 (`npm ci && npx bun build.ts`), and set CHAT_0_2_0 to its path; otherwise these tests are
 * skipped. The recorded files in test/released are tested always.
 */
const OLD = process.env["CHAT_0_2_0"] ?? join(import.meta.dir, "../../dist/chat-0.2.0");
const suite = existsSync(OLD) ? describe : describe.skip;

const LOCAL = ["--host", "127.0.0.1", "--port", "0", "--json"];

interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function old(home: string, user: string, args: readonly string[], stdin = ""): Promise<Ran> {
  const child = Bun.spawn([OLD, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: home, CHAT_HOME: home, CHAT_USER: user },
    stdio: [Buffer.from(stdin), "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, out, err };
}

/** Value of each type of field, for records of kinds and fields that no test names. */
const VALUES: FieldTypes = {
  text: "x",
  id: "x",
  flag: true,
  number: 1,
  count: 1,
  list: [],
  pair: ["uAAAAAAAAAAA", "uBBBBBBBBBBB"],
  pairs: [],
  any: 1,
};

interface NewRecord {
  readonly name: string;
  readonly kind: RecordKind;
  readonly body: Readonly<Record<string, unknown>>;
  readonly row: Since;
}

function bodyOf(kind: RecordKind, fields: readonly string[]): NewRecord["body"] {
  const types = KINDS[kind].body as Readonly<Record<string, keyof FieldTypes>>;
  return Object.fromEntries(
    fields.flatMap((field) => (types[field] === undefined ? [] : [[field, VALUES[types[field]]]])),
  );
}

/** A record for each row of the tables. */
const NEW_RECORDS: readonly NewRecord[] = [
  ...Object.entries<Since>(KINDS_SINCE).map(([name, row]) => {
    const kind = name as RecordKind;
    return { name, kind, row, body: bodyOf(kind, Object.keys(KINDS[kind].body)) };
  }),
  ...Object.entries<Readonly<Record<string, Since>>>(FIELDS_SINCE).flatMap(([name, fields]) => {
    const kind = name as keyof typeof RECORDS_0_2_0;
    const common = bodyOf(kind, RECORDS_0_2_0[kind]);
    return Object.entries(fields).map(([field, row]) => {
      const text = `${kind} ${field}`;
      return {
        name: text,
        kind,
        row,
        // A reply or an imported text would be shown as such.
        body: {
          ...common,
          ...("text" in common ? { text, re: undefined, imported: undefined } : {}),
          ...bodyOf(kind, [field]),
        },
      };
    });
  }),
];

suite("version 0.2.0 (CHAT_0_2_0)", () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test("reads, verifies and exports a room with new kinds, without a line for each", async () => {
    const { address, data } = await sandbox.serve({ data: "data", args: ["--open"] });
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    const stdin = "Hello\n/poll Lunch? | soup | rice\n/hand\n/join dev\n/rules slow 5\nBye\n";
    expect(await ana.run(["join", address], { stdin })).toMatchObject({ exitCode: 0 });

    const home = sandbox.path("dan");
    const typed = "/join dev\nI am old\n";
    const joined = await old(home, "dan", ["join", address, "--json"], typed);
    expect(joined).toMatchObject({ exitCode: 0 });
    const history = await old(home, "dan", ["history", "--server", address, "--json"]);
    const kinds = history.out
      .split("\n")
      .flatMap((line) => /"kind":"([\w-]+)"/.exec(line)?.[1] ?? []);
    expect(kinds).toContain("text");
    expect(kinds).not.toContain("unreadable");
    const verified = await old(home, "dan", ["verify", address]);
    expect([verified.exitCode, verified.out]).toEqual([0, expect.stringMatching(/^ok/)]);
    const out = sandbox.path("page");
    const exported = ["export", "--server", address, "--html", "--out", out];
    expect(await old(home, "dan", exported)).toMatchObject({ exitCode: 0 });

    // The old program opens no folder with what it does not know.
    const opened = await old(sandbox.path("x"), "x", ["verify", "--data", data]);
    expect([opened.exitCode, opened.err]).toEqual([1, expect.stringContaining("newer version")]);
  });

  test("shows no line for a record that it does not know, and all others", async () => {
    const served = await sandbox.serve({ data: "rows", args: ["--open"] });
    const ana = sandbox.home("ana3").with({ CHAT_USER: "ana" });
    expect(await ana.run(["send", "first"])).toMatchObject({ exitCode: 0 });
    await served.program.signal("SIGTERM");
    await appendNewRecords(served.data);
    const { address } = await sandbox.serve({ data: "rows", port: served.port, args: ["--open"] });

    const home = sandbox.path("dan3");
    const dan = sandbox.start(["join", address, "--json"], {
      program: OLD,
      env: { CHAT_HOME: home, CHAT_USER: "dan" },
    });
    await dan.json("connected");
    // The author of the records may have to wait, because they include rules of the room.
    dan.type("last");
    await dan.json("text", { text: "last" });
    const { out } = await dan.finish();
    const lines = ndjson(out);
    const kinds = lines.map(({ kind }) => kind);
    expect(kinds).not.toContain("unreadable");
    expect(kinds).not.toContain("damaged");
    const texts = lines.map(({ text }) => text);
    const shown = NEW_RECORDS.flatMap(({ kind, row, body }) =>
      isOfLog(kind, "history") && row.client === "plain" && "text" in body ? [body["text"]] : [],
    );
    expect(texts).toEqual(expect.arrayContaining(["first", ...shown, "last"]));

    const history = await old(home, "dan", ["history", "--server", address, "--json"]);
    expect(history.out).not.toContain('"unreadable"');
    for (const text of shown) expect(history.out).toContain(String(text));
    const verified = await old(home, "dan", ["verify", address]);
    expect([verified.exitCode, verified.out]).toEqual([0, expect.stringMatching(/^ok/)]);
  });

  test("opens a copy that ends before the first record that it does not know", async () => {
    const { address, data, program } = await sandbox.serve({ data: "way", args: ["--open"] });
    const ana = sandbox.home("ana7").with({ CHAT_USER: "ana" });
    const stdin = "before\n/poll Lunch? | soup | rice\n";
    expect(await ana.run(["join", address], { stdin })).toMatchObject({ exitCode: 0 });
    await program.signal("SIGTERM");
    // As docs/backup.md describes, for logs of one file.
    const copy = sandbox.path("copy");
    cpSync(data, copy, { recursive: true });
    const lengths = JSON.parse(readFileSync(join(copy, "format-2.json"), "utf8"));
    renameSync(join(copy, "format-2.json"), join(copy, "format.json"));
    rmSync(join(copy, "cache"), { recursive: true });
    for (const log of ["history", "accounts"]) {
      rmSync(join(copy, log, "checkpoint"), { force: true });
      const file = join(copy, log, "000000000001.jsonl");
      const lines = readFileSync(file, "utf8").split("\n");
      writeFileSync(file, lines.slice(0, lengths[log]).join("\n").concat("\n"));
    }
    const server = sandbox.start(["serve", "--data", copy, ...LOCAL, "--open"], { program: OLD });
    const { invite } = await server.json("listening");
    const home = sandbox.path("dan7");
    const sent = await old(home, "dan", ["send", "after", "--server", String(invite)]);
    expect(sent).toMatchObject({ exitCode: 0 });
    await server.signal("SIGTERM");
    const verified = await old(home, "dan", ["verify", "--data", copy]);
    expect([verified.exitCode, verified.out]).toEqual([0, expect.stringMatching(/^ok/)]);
    const { out } = await old(home, "dan", ["history", "--data", copy, "--json"]);
    const texts = ndjson(out).flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
    expect(texts).toEqual(["before", "Lunch?\n1. soup\n2. rice", "after"]);
  });

  test("skips hands and votes while it is connected, without a line for each", async () => {
    const { address } = await sandbox.serve({ data: "live", args: ["--open"] });
    const ana = sandbox.home("ana4").with({ CHAT_USER: "ana" });
    const dan = sandbox.start(["join", address, "--json"], {
      program: OLD,
      env: { CHAT_HOME: sandbox.path("dan4"), CHAT_USER: "dan" },
    });
    await dan.json("connected");
    const hands = Array(10).fill("/hand");
    const stdin = ["one", ...hands, "two", ...hands, "three", ""].join("\n");
    expect(await ana.run(["join", address], { stdin })).toMatchObject({ exitCode: 0 });
    await dan.json("text", { text: "three" });
    const { out, err } = await dan.finish();
    expect(out).not.toContain("unreadable");
    expect(err.match(/not shown/g)).toHaveLength(2);
  });

  test("answers each request that it does not know with kind-unknown", async () => {
    const server = sandbox.start(["serve", "--data", sandbox.path("oldest"), ...LOCAL, "--open"], {
      program: OLD,
    });
    const { port, invite } = await server.json("listening");
    const caller = await Caller.greeted(Number(port));
    expect(await caller.register("eve")).toMatchObject({ kind: "answered" });
    for (const kind of Object.keys(REQUESTS_SINCE)) {
      const outcome = await caller.ask(kind as RequestKind, {});
      const code = outcome.kind === "refused" ? outcome.fault.code : "answered";
      expect([kind, code]).toEqual([kind, "kind-unknown"]);
    }
    caller.close();

    // The new client names the server as the older side, and does nothing by halves.
    const ana = sandbox.home("ana5").with({ CHAT_USER: "ana", CHAT_SERVER: String(invite) });
    const commands = [
      ...["/poll Lunch? | soup | rice", "/join hw --assignment", "/status busy 2h"],
      ...["/keywords exam", "/dnd 2h", "/sort unread", "/hand", "/name Ana B"],
    ];
    for (const stdin of commands) {
      const { out } = await ana.run(["join", "--json"], { stdin: `${stdin}\n` });
      const [fault] = ndjson(out).filter(({ kind }) => kind === "fault");
      expect([stdin, fault?.["message"]]).toEqual([
        stdin,
        expect.stringContaining("the server runs an older chat than this needs (0.3.0)"),
      ]);
    }
    expect(await ana.run(["send", "--notice", "quiet"])).toMatchObject({ exitCode: 5 });
    const records = await ana.json(["history"]);
    expect(new Set(records.map(({ kind }) => kind))).toEqual(new Set(["join"]));
    expect((await ana.json(["rooms"])).map(({ room }) => room)).toEqual(["lobby"]);
  });

  test("stops in a cluster that records what it does not know", async () => {
    if (Bun.which("nats-server") === null) return;
    const nats = await NatsServers.start(1);
    try {
      const [node] = await serveNodes(sandbox, nats, ["new"]);
      if (node === undefined) throw new Error("no node");
      const copy = sandbox.path("old");
      cpSync(join(node.data, "identity.key"), join(copy, "identity.key"));
      cpSync(join(node.data, "settings.json"), join(copy, "settings.json"));
      const ana = sandbox.home("ana2").with({ CHAT_USER: "ana" });
      const stdin = "Hello\n/poll Lunch? | soup | rice\n";
      expect(await ana.run(["join", node.invite], { stdin })).toMatchObject({ exitCode: 0 });
      const args = [
        "serve",
        "--data",
        copy,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--unsafe-nats",
        "--open",
      ];
      const stopped = await old(copy, "x", [...args, "--nats", nats.urls.join(",")]);
      expect(stopped).toMatchObject({ exitCode: 1, err: expect.stringContaining("version 3") });
      expect(readFileSync(join(copy, "format.json"), "utf8")).toContain('"format":2');
    } finally {
      await nats.stop();
    }
  });

  test("returns to a cluster that has used nothing new", async () => {
    if (Bun.which("nats-server") === null) return;
    const nats = await NatsServers.start(1);
    try {
      const boss = sandbox.home("boss");
      let nodes = await serveNodes(sandbox, nats, ["n1", "n2"], { program: OLD });
      const ana = sandbox.home("ana6").with({ CHAT_USER: "ana" });
      const args = ["--nats", nats.urls.join(","), "--unsafe-nats"];
      const texts: string[] = [];
      const send = async (text: string, server = 0) => {
        texts.push(text);
        const invite = nodes[server]?.invite ?? "";
        const sent = await old(ana.folder, "ana", ["send", text, "--server", invite]);
        expect(sent).toMatchObject({ exitCode: 0 });
      };
      const restart = async (program: string) => {
        for (const [i, { program: running, data, port }] of nodes.entries()) {
          await running.signal("SIGTERM");
          const folder = data.slice(sandbox.folder.length + 1);
          nodes = nodes.with(i, await sandbox.serve({ data: folder, port, args, program }));
          await send(`after the restart of ${i} with ${program}`, i);
        }
      };
      await send("old");
      await restart(CHAT);
      const status = await boss.json(["cluster", "status", "--nats", nats.urls.join(",")]);
      expect(status.at(-1)).toMatchObject({ kind: "stream", rootsEqual: true });
      await restart(OLD);
      await send("old again", 1);
      for (const { program } of nodes) await program.signal("SIGTERM");
      for (const { data } of nodes) {
        expect(readFileSync(join(data, "format.json"), "utf8")).toContain('"format":2');
        const verified = await old(boss.folder, "x", ["verify", "--data", data]);
        expect([verified.exitCode, verified.out]).toEqual([0, expect.stringMatching(/^ok/)]);
        const history = await old(boss.folder, "x", ["history", "--data", data, "--json"]);
        const found = ndjson(history.out).filter(({ kind }) => kind === "text");
        expect(found.map(({ text }) => String(text))).toEqual(texts);
      }
    } finally {
      await nats.stop();
    }
  });
});

/** Writes the records as a server would, into the rooms and accounts of a stopped server. */
async function appendNewRecords(path: string): Promise<void> {
  const open = await openFolder({
    path,
    clock: systemClock(),
    entropy: systemEntropy(),
    certificate: undefined,
    hosts: [],
    onWriteError: (fault) => {
      throw fault;
    },
  });
  try {
    const [lobby] = open.rooms.named();
    const [by] = [...(lobby?.members ?? [])];
    if (lobby === undefined || by === undefined) throw new Error("no member of the lobby");
    const logs: readonly [Log, RoomId | UserId, "history" | "accounts"][] = [
      [open.logs.history, lobby.id, "history"],
      [open.logs.accounts, by, "accounts"],
    ];
    for (const [log, room, name] of logs) {
      for (const { kind, body } of NEW_RECORDS) {
        // These would end the room or the membership of all.
        if (!isOfLog(kind, name) || kind === "leave" || kind === "kick") continue;
        const id = kind === "room" ? ("rNEWNEWNEWNE" as RoomId) : room;
        await log.append({ kind, room: id, by, id: "", body });
      }
    }
  } finally {
    await open.close();
  }
}
