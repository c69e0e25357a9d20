import { describe, expect, test } from "bun:test";
import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import { CAP } from "../../../src/core/irc/capabilities.ts";
import type { IrcServer } from "../../../src/core/irc/server.ts";
import {
  type SharedRecords,
  sharedMessage,
  sharedNotice,
} from "../../../src/core/irc/shared-message.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { encode } from "../../../src/wire/codec.ts";
import type { WireRecord } from "../../../src/wire/messages.ts";
import { commitment } from "../../../src/wire/record.ts";
import { IrcSite, MODERN } from "../../server/irc/irc-site.ts";
import { ircServer } from "./irc-server.ts";

const SERVER = ircServer();
const SALT = new Uint8Array(16);

interface Fields {
  readonly seq?: number;
  readonly kind?: string;
  readonly room?: string;
  readonly from?: string;
}

function wire(content: object, fields: Fields = {}): WireRecord {
  const { seq = 1, kind = "text", room = "rAAAAAAAAAAA", from = "ana" } = fields;
  const body = utf8Encode(JSON.stringify(content));
  const commit = commitment(SALT, body, sha256);
  const head = { v: 1, seq, time: 0, kind, room, n: seq, by: "uAAAAAAAAAAA", id: "", commit };
  return { head: utf8Encode(JSON.stringify(head)), salt: SALT, body, from };
}

function shared(...records: readonly WireRecord[]): SharedRecords {
  const message = sharedNotice(SERVER, { kind: "records", records: [...records] });
  if (message.kind !== "records") throw new Error("no records");
  return message;
}

describe("shared records", () => {
  test("are rendered once per set of capabilities", () => {
    const message = shared(wire({ text: "a" }), wire({ text: "b" }, { seq: 2 }));
    const plain = message.bytes(0, "#lab");
    expect(utf8Decode(plain)).toBe(
      ":ana!ana@chat PRIVMSG #lab :a\r\n:ana!ana@chat PRIVMSG #lab :b\r\n",
    );
    expect(message.bytes(0, "#lab")).toBe(plain);
    expect(message.bytes(CAP.echo | CAP.sasl, "#lab")).toBe(plain);
    const tagged = message.bytes(CAP.tags, "#lab");
    expect(utf8Decode(tagged)).toContain("@msgid=log-2 ");
    expect(message.bytes(CAP.tags | CAP.label, "#lab")).toBe(tagged);
    expect(message.bytes(0, "#lab")).toBe(plain);
  });

  test("that are messages are converted once, and have 16 renderings", () => {
    let conversions = 0;
    const texts: IrcServer["texts"] = new WeakMap();
    const set = texts.set.bind(texts);
    texts.set = (key, value) => {
      conversions++;
      return set(key, value);
    };
    const server = ircServer({ texts });
    const records = [wire({ text: `${"*a* b\n".repeat(50)}${"long ".repeat(200)}` })];
    const message = sharedNotice(server, { kind: "records", records }) as SharedRecords;
    const rendered = new Set<Uint8Array>();
    for (let caps = 0; caps < 1 << 24; caps += 257) rendered.add(message.bytes(caps, "#lab"));
    expect([conversions, rendered.size]).toEqual([1, 16]);
    const other = shared(wire({}, { kind: "join" }));
    expect(other.bytes(CAP.extendedJoin, "#lab")).not.toBe(other.bytes(0, "#lab"));
  });

  test("show the name of the channel at the time", () => {
    const [record] = shared(wire({ text: "a" })).records;
    expect(utf8Decode(record?.bytes(0, "#old") ?? SALT)).toContain(" #old ");
    expect(utf8Decode(record?.bytes(0, "#new") ?? SALT)).toContain(" #new ");
    const message = shared(wire({ text: "a" }));
    expect(utf8Decode(message.bytes(0, "#old"))).toContain(" #old ");
    expect(utf8Decode(message.bytes(0, "#new"))).toContain(" #new ");
  });

  test("name their authors", () => {
    const message = shared(wire({ text: "a" }), wire({ text: "b" }, { from: "ben" }));
    expect(["ana", "ben", "cleo", undefined].map((name) => message.isBy(name))).toEqual([
      ...[true, true, false, false],
    ]);
  });

  test.each(["file", "rename", "sealed", "leave", "kick"])(
    "of the kind %p are different for some readers",
    (kind) => {
      expect(shared(wire({ text: "a" }), wire({}, { kind })).isUniform).toBe(false);
    },
  );

  test("are uniform only within one room", () => {
    expect(shared(wire({ text: "a" }), wire({}, { kind: "join" })).isUniform).toBe(true);
    const other = wire({ text: "b" }, { room: "rBBBBBBBBBBB" });
    expect(shared(wire({ text: "a" }), other).isUniform).toBe(false);
  });

  test("whose body was changed are not shown", () => {
    const changed = { ...wire({ text: "a" }), body: utf8Encode('{"text":"b"}') };
    expect(shared(changed).bytes(0, "#lab")).toHaveLength(0);
  });
});

test("other notices remain as they are", () => {
  const notice = { kind: "typing", room: "rAAAAAAAAAAA", users: ["ana"] } as const;
  expect(sharedMessage(encode({ ...notice, users: ["ana"] }))).toEqual({
    kind: "notice",
    notice: { ...notice, users: ["ana"] },
  });
});

describe("records published together", () => {
  async function start() {
    const irc = await IrcSite.open();
    for (const name of ["ana", "ben", "cleo"]) await irc.member(name);
    const clients = { ana: await irc.client("ana", ""), ben: await irc.client("ben", "") };
    return { irc, ...clients, cleo: await irc.client("cleo", "") };
  }

  function texts(lines: readonly string[]): readonly string[] {
    return lines.flatMap((line) => / PRIVMSG #lobby :(.*)/.exec(line)?.[1] ?? []);
  }

  test("include one's own only with echo-message", async () => {
    const { irc, ana, ben, cleo } = await start();
    const echoing = await irc.client("ana", MODERN);
    ana.send("PRIVMSG #lobby :a1");
    ben.send("PRIVMSG #lobby :b1");
    ana.send("PRIVMSG #lobby :a2");
    await irc.site.quiet();
    expect(texts(await ana.news())).toEqual(["b1"]);
    expect(texts(await ben.news())).toEqual(["a1", "a2"]);
    expect(texts(await cleo.news()).toSorted()).toEqual(["a1", "a2", "b1"]);
    expect(texts(await echoing.news()).toSorted()).toEqual(["a1", "a2", "b1"]);
  });

  test("omit those of ignored users", async () => {
    const { irc, ana, ben, cleo } = await start();
    const native = await irc.site.byPassword("cleo", "sesame-cleo");
    await native.request("ignore", { user: "ana", on: true });
    await cleo.sync();
    ana.send("PRIVMSG #lobby :a1");
    ben.send("PRIVMSG #lobby :b1");
    ana.send("TOPIC #lobby :a2");
    await irc.site.quiet();
    const lines = await cleo.news();
    expect(texts(lines)).toEqual(["b1"]);
    expect(lines.join("\n")).toContain("ana!ana@chat TOPIC #lobby :a2");
  });
});
