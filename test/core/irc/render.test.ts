import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import type { UserId } from "../../../src/base/ids.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { CAP } from "../../../src/core/irc/capabilities.ts";
import { formatSafely } from "../../../src/core/irc/format.ts";
import { ircLine, type Rendering, renderIrcRecord } from "../../../src/core/irc/render.ts";
import { ircFromMarkdown } from "../../../src/core/irc/text.ts";
import { parseIrcLine } from "../../../src/wire/irc/line.ts";
import { KINDS } from "../../../src/wire/kinds.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { siteWith } from "../../server/site.ts";
import { ircServer } from "./irc-server.ts";

const SERVER = ircServer();
const ALL = Object.values(CAP).reduce((sum, bit) => sum | bit, 0);
const TIME = "time=2027-01-15T08:00:00.000Z";

function listed(name: string, size = 3) {
  return { file: "fAAAAAAAAAAA", name, size, chunks: 1, digest: "0a".repeat(32) };
}

function record(kind: string, body?: object, fields: Partial<ChatRecord> = {}): ChatRecord {
  return {
    seq: 7,
    n: 3,
    timeUnixMs: Date.UTC(2027, 0, 15, 8),
    kind,
    from: "ana",
    id: "",
    room: { kind: "room", name: "lab", id: "rAAAAAAAAAAA" as never, topic: "" },
    state: body === undefined ? "erased" : "whole",
    body: body as ChatRecord["body"],
    ...fields,
  };
}

function lines(shown: ChatRecord, caps = 0, rendering: Partial<Rendering> = {}): readonly string[] {
  return renderIrcRecord(shown, { server: SERVER, caps, to: "#lab", ...rendering }).map(
    formatSafely,
  );
}

/** Text of a message as a client with `draft/multiline` reads it. */
function reassembled(shown: readonly string[]): string {
  let text: string | undefined;
  for (const line of shown) {
    const parsed = parseIrcLine(utf8Encode(line));
    if (typeof parsed === "string") throw new Error(`${parsed} line: ${line}`);
    const { command, tags, params } = parsed;
    if (command === "BATCH") continue;
    const isConcat = tags.has("draft/multiline-concat");
    if (isConcat) expect(params[1]).not.toBe("");
    const joint = text === undefined || isConcat ? "" : "\n";
    text = `${text ?? ""}${joint}${params[1]}`;
  }
  return text ?? "";
}

const ANA = ":ana!ana@chat";

describe("without capabilities", () => {
  test.each([
    ["text", { text: "**hi**\nthere" }, [`PRIVMSG #lab :\x02hi\x02`, "PRIVMSG #lab :there"]],
    ["text", { text: "hi", notice: true }, ["NOTICE #lab :hi"]],
    ["action", { text: "waves\nagain" }, ["PRIVMSG #lab :\x01ACTION waves again\x01"]],
    ["file", { files: [listed("a\nb.txt")] }, ["PRIVMSG #lab :[file] a_b.txt (3 B)"]],
    [
      "file",
      { files: [listed("../x\u202etxt.exe")] },
      ["PRIVMSG #lab :[file] _.._x_txt.exe (3 B)"],
    ],
    ["edit", { seq: 2, text: "better" }, ["PRIVMSG #lab :✎ better"]],
    ["reaction", { react: "👍", re: 2 }, []],
    [
      "file",
      {
        text: "two",
        files: [listed("a.txt"), { ...listed("b\n.txt"), file: "fBAAAAAAAAAA", erased: true }],
      },
      ["two", "[file] a.txt (3 B)", "[file] b_.txt (deleted)"].map(
        (text) => `PRIVMSG #lab :${text}`,
      ),
    ],
    ["erase", { seq: 2 }, ["NOTICE #lab :deleted a message"]],
    ["erase", { seq: 2, also: [3] }, ["NOTICE #lab :deleted 2 messages"]],
    ["erase", { seq: 2, retention: true }, []],
    ["erase", { of: 2, files: ["fA"] }, ["NOTICE #lab :deleted a file of this message"]],
    ["join", {}, ["JOIN #lab"]],
    ["leave", {}, ["PART #lab"]],
    ["leave", { reason: "bye" }, ["PART #lab :bye"]],
    ["kick", { name: "ben" }, ["KICK #lab ben :ana"]],
    ["kick", { name: "ben", reason: "too\nloud" }, ["KICK #lab ben :too loud"]],
    ["topic", { topic: "news" }, ["TOPIC #lab :news"]],
    ["topic", { topic: "" }, ["TOPIC #lab :"]],
    ["mute", { name: "ben", on: true }, ["MODE #lab +b m:ben!*@*"]],
    ["mute", { name: "ben", on: false }, ["MODE #lab -b m:ben!*@*"]],
    ["grant", { name: "ben", on: true }, ["MODE #lab +o ben"]],
    ["grant", { name: "ben", on: false }, ["MODE #lab -o ben"]],
    ["close", { on: true }, ["MODE #lab +m"]],
    ["close", { on: false }, ["MODE #lab -m"]],
    ["admission", { name: "ben", on: true }, []],
  ])("%s %p", (kind, body, expected) => {
    expect(lines(record(kind, body))).toEqual(expected.map((line) => `${ANA} ${line}`));
  });

  test("raised hands, and calls by moderators, are notices in the channel", () => {
    const shown = (body: object) => lines(record("hand", { name: "ben", ...body }));
    expect(shown({ on: true })).toEqual([":chat NOTICE #lab :ben raised a hand"]);
    expect(shown({ on: false, call: true })).toEqual([":chat NOTICE #lab :ana calls on ben"]);
    expect(shown({ on: false })).toEqual([]);
  });

  test("other kinds, and those of later versions, are not shown", () => {
    const shown = new Set([
      ...["text", "action", "file", "edit", "reaction", "erase", "join", "admission"],
      ...["leave", "kick", "topic", "mute", "grant", "close", "rules", "knock", "hand"],
    ]);
    for (const kind of [...Object.keys(KINDS), "later", "__proto__"]) {
      if (!shown.has(kind)) expect(lines(record(kind, {}), ALL)).toEqual([]);
    }
  });

  test("the server itself is the source of records without an author", () => {
    const topic = record("topic", { topic: "x" }, { from: undefined });
    expect(lines(topic, ALL)).toEqual([`@${TIME};msgid=log-7 :chat TOPIC #lab :x`]);
  });
});

describe("a capability", () => {
  test.each([
    ["tags", record("text", { text: "hi" }), `@msgid=log-7 ${ANA} PRIVMSG #lab :hi`],
    [
      "tags",
      record("text", { text: "hi", re: 2 }),
      "@msgid=log-7;+reply=log-2;+draft/reply=log-2 ",
    ],
    [
      "tags",
      record("edit", { text: "hi", seq: 2 }),
      "@msgid=log-7;+reply=log-2;+draft/reply=log-2 ",
    ],
    [
      "tags",
      record("reaction", { react: "👍", re: 2 }),
      `@msgid=log-7;+reply=log-2;+draft/reply=log-2;+draft/react=👍 ${ANA} TAGMSG #lab`,
    ],
    [
      "tags",
      record("text", { text: "hi", re: 2, thread: true }),
      `@msgid=log-7;+reply=log-2;+draft/reply=log-2 ${ANA} PRIVMSG #lab :[thread #2] hi`,
    ],
    [
      "tags",
      record("file", { text: "see", re: 2, thread: true, files: [listed("a.txt")] }),
      `@msgid=log-7;+reply=log-2;+draft/reply=log-2 ${ANA} PRIVMSG #lab :[thread #2] see`,
    ],
    ["time", record("text", { text: "hi" }), `@${TIME} ${ANA} PRIVMSG #lab :hi`],
    ["accountTag", record("join", {}), `@account=ana ${ANA} JOIN #lab`],
    ["extendedJoin", record("join", {}), `${ANA} JOIN #lab ana ana`],
    ["redaction", record("erase", { seq: 2 }), `${ANA} REDACT #lab log-2`],
    ["inviteNotify", record("admission", { name: "ben", on: true }), `${ANA} INVITE ben #lab`],
  ] as const)("%s changes the line", (cap, shown, expected) => {
    expect(lines(shown, CAP[cap])[0]).toStartWith(expected);
  });

  test("redaction keeps a message that lost a file", () => {
    const erase = record("erase", { of: 2, files: ["fA"] });
    expect(lines(erase, CAP.redaction | CAP.tags)).toEqual([
      expect.stringMatching(/^@.*\+draft\/reply=log-2.* NOTICE #lab :deleted a file/),
    ]);
  });

  test("redaction shows each erased message", () => {
    const erase = record("erase", { seq: 2, also: [3, "x", 0, -1, 4] });
    expect(lines(erase, CAP.redaction)).toEqual(
      [2, 3, 4].map((seq) => `${ANA} REDACT #lab log-${seq}`),
    );
    const expired = record("erase", { seq: 2, retention: true });
    expect(lines(expired, CAP.redaction)).toEqual([`${ANA} REDACT #lab log-2 expired`]);
  });

  test("redaction and removed reactions have the tags of events", () => {
    const reactions = new Map([[2, record("reaction", { react: "👍", re: 1 })]]);
    const rendering = { server: ircServer({ reactions }) };
    const erase = record("erase", { seq: 2 });
    const caps = CAP.redaction | CAP.time | CAP.accountTag;
    expect(lines(record("erase", { seq: 3 }), caps, rendering)).toEqual([
      `@${TIME};account=ana ${ANA} REDACT #lab log-3`,
    ]);
    expect(lines(erase, CAP.redaction, rendering)).toEqual([]);
    expect(lines(erase, CAP.tags, rendering)).toEqual([
      `@msgid=log-7;+reply=log-1;+draft/reply=log-1;+draft/unreact=👍 ${ANA} TAGMSG #lab`,
    ]);
    for (const [from, source] of [
      ["ben", "ben!ben@chat"],
      [undefined, "chat"],
    ] as const) {
      expect(lines({ ...erase, from }, CAP.redaction | CAP.tags, rendering)).toEqual([
        `:${source} REDACT #lab log-2`,
      ]);
      expect(lines({ ...record("erase", { seq: 9 }), from }, CAP.redaction)).toHaveLength(1);
    }
  });

  test("inviteNotify shows no withdrawn invitation", () => {
    expect(lines(record("admission", { name: "ben", on: false }), ALL)).toEqual([]);
  });

  test("multiline makes one batch, and joins the parts of long lines", () => {
    const long = "x".repeat(600);
    const shown = lines(record("text", { text: `a\n\n${long}` }), CAP.multiline | CAP.batch);
    expect(shown[0]).toBe(`${ANA} BATCH +m7 draft/multiline #lab`);
    expect(shown.at(-1)).toBe(":chat BATCH -m7");
    expect(shown.slice(1, 4)).toEqual([
      `@batch=m7 ${ANA} PRIVMSG #lab :a`,
      `@batch=m7 ${ANA} PRIVMSG #lab :`,
      expect.stringMatching(/^@batch=m7 :ana!ana@chat PRIVMSG #lab :x+$/),
    ]);
    expect(shown[4]).toStartWith("@batch=m7;draft/multiline-concat ");
    expect(lines(record("text", { text: "a\nb" }), CAP.multiline)).toHaveLength(2);
    expect(lines(record("text", { text: "a" }), CAP.multiline | CAP.batch)).toHaveLength(1);
  });

  const wordsOf = (unit: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...unit), maxLength, size: "max" });
  test.each([
    ["plain texts as they are stored", wordsOf("ab é👍\u0301 \n", 1_500), (text: string) => text],
    ["texts with markup", wordsOf("a* `_~>-\u202e\u2069\x02 \n", 900), ircFromMarkdown],
    ["any texts", fc.string({ unit: ANY_CHARACTER, maxLength: 900, size: "max" }), ircFromMarkdown],
  ])("multiline reassembles to %s", (_, texts, wanted) => {
    fc.assert(
      fc.property(texts, (text) => {
        const shown = lines(record("text", { text }), CAP.multiline | CAP.batch);
        expect(reassembled(shown)).toBe(wanted(text).trim() === "" ? "" : wanted(text));
      }),
    );
  });

  test("the message's id and reply mark only the first line of several", () => {
    const shown = lines(record("text", { text: "a\nb", re: 2 }), CAP.tags | CAP.time);
    expect(shown).toEqual([
      `@${TIME};msgid=log-7;+reply=log-2;+draft/reply=log-2 ${ANA} PRIVMSG #lab :a`,
      `@${TIME} ${ANA} PRIVMSG #lab :b`,
    ]);
    const [, second] = lines(record("text", { text: "a\nb" }), CAP.accountTag);
    expect(second).toBe(`@account=ana ${ANA} PRIVMSG #lab :b`);
  });
});

describe("a message", () => {
  test.each(["erased", "damaged"] as const)("that is %s is not shown", (state) => {
    for (const kind of ["text", "action", "file", "edit", "reaction"]) {
      expect(lines(record(kind, undefined, { state }), ALL)).toEqual([]);
    }
  });

  test.each(["", " ", "\n\n", "\u0001", "\u001b"])("of %p becomes no empty line", (text) => {
    for (const line of lines(record("text", { text }))) expect(line).toMatch(/:.*\S$/);
  });

  test("shows its time in the text if the client cannot read tags", () => {
    const server = ircServer({ unixMs: () => Date.UTC(2027, 0, 15, 23, 59) });
    const show = (kind: string, text: string, at = server) =>
      lines(record(kind, { text }), 0, { server: at, showsTime: true });
    expect(show("text", "hi\n\n!hello")).toEqual([
      `${ANA} PRIVMSG #lab :[08:00] hi`,
      `${ANA} PRIVMSG #lab :[08:00] !hello`,
    ]);
    expect(show("action", "waves")).toEqual([`${ANA} PRIVMSG #lab :\x01ACTION [08:00] waves\x01`]);
    const long = [...show("text", "x".repeat(1_000)), ...show("action", "y".repeat(1_000))];
    for (const line of long) expect(line).toContain("[08:00] ");
    expect(Math.max(...long.map((line) => line.length))).toBeLessThanOrEqual(510);
    const tomorrow = ircServer({ unixMs: () => Date.UTC(2027, 0, 16) });
    expect(show("text", "hi", tomorrow)).toEqual([`${ANA} PRIVMSG #lab :[2027-01-15 08:00] hi`]);
  });

  test("that was imported names its origin", () => {
    const imported = { from: "eve\n", time: Date.UTC(2020, 1, 2, 3, 4) };
    expect(lines(record("text", { text: "hi", imported }))).toEqual([
      `${ANA} PRIVMSG #lab :[imported] eve, 2020-02-02T03:04:00.000Z:`,
      `${ANA} PRIVMSG #lab :hi`,
    ]);
  });

  test("of the longest line is one line of 510 bytes", () => {
    const budget = 510 - `${ANA} PRIVMSG #lab :`.length;
    const [longest] = lines(record("text", { text: "x".repeat(budget) }));
    expect(longest).toHaveLength(510);
    expect(lines(record("text", { text: "x".repeat(budget + 1) }))).toHaveLength(2);
    const action = budget - "\x01ACTION \x01".length;
    expect(lines(record("action", { text: "x".repeat(action) }))[0]).toHaveLength(510);
    expect(lines(record("action", { text: "x".repeat(action + 1) }))).toHaveLength(2);
  });
});

test("a file links to the reader's download", async () => {
  const { site } = await siteWith(["ben"]);
  const fileAddress = (user: UserId, file: string) => `https://x/${user[0]}/${file}`;
  const server = ircServer({ rooms: site.rooms, registry: site.registry, fileAddress });
  const files = [listed("a.txt", 2_048), { ...listed("b.txt"), file: "fBBBBBBBBBBB" }];
  const file = record("file", { text: "_look_", files: files.slice(0, 1) });
  expect(lines(file, 0, { server, reader: "ben" })).toEqual([
    `${ANA} PRIVMSG #lab :\x1dlook\x1d`,
    `${ANA} PRIVMSG #lab :[file] a.txt (2.0 kB) https://x/u/fAAAAAAAAAAA`,
  ]);
  const album = lines(record("file", { text: "both", files }), 0, { server, reader: "ben" });
  expect(album).toEqual([
    `${ANA} PRIVMSG #lab :both`,
    `${ANA} PRIVMSG #lab :[file] a.txt (2.0 kB) https://x/u/fAAAAAAAAAAA`,
    `${ANA} PRIVMSG #lab :[file] b.txt (3 B) https://x/u/fBBBBBBBBBBB`,
  ]);
  const noReader = lines(file, 0, { server });
  expect(noReader.at(-1)).toBe(`${ANA} PRIVMSG #lab :[file] a.txt (2.0 kB)`);
});

test("oneLine removes controls and line breaks", () => {
  expect(ircLine(" a\r\n b\x07\tc ")).toBe("a b c");
  expect([ircLine(undefined), ircLine(7), ircLine("")]).toEqual(["", "", ""]);
});
