import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { shownWords } from "../../../src/cli/output/records.ts";
import {
  destinationName,
  renderRecord,
  renderTable,
  type ShownBody,
  type ShownRecord,
  type Style,
} from "../../../src/cli/output/render.ts";

const TIME = Date.parse("2026-11-20T05:46:33.123Z");
const base = { seq: 12, timeUnixMs: TIME, destination: { room: "lobby" }, from: "ana" } as const;
const hi: ShownRecord = { ...base, kind: "text", text: "hi" };
const style = (format: Style["format"], more: Partial<Style> = {}): Style => ({
  format,
  color: false,
  offsetMinutes: () => 60,
  me: "ana",
  stamp: "date",
  ...more,
});

test("a tab on a terminal is blanks up to the next stop, from where words begin", () => {
  const code: ShownRecord = {
    ...base,
    kind: "text",
    text: "if x:\n\treturn\n漢\tb\tc\nabcd\t.\n\u0007\t",
  };
  const shown = renderRecord(code, style("text", { stamp: "clock" }));
  expect(shown.slice(shown.indexOf("ana: "))).toBe(
    "ana: if x:\n  |     return\n  | 漢  b   c\n  | abcd    .\n  | ␇    \n",
  );
  expect(renderRecord(code, style("tsv"))).toContain("if x:\\n\\treturn");
  expect(renderRecord(code, style("json"))).toContain("if x:\\n\\treturn");
});

test("messages that were withheld are a line before the next one, and a field for scripts", () => {
  const next: ShownRecord = { ...hi, withheld: 2 };
  expect(renderRecord(next, style("text", { stamp: "clock" }))).toBe(
    "06:46 lobby * 2 messages from ana withheld\n06:46 lobby ana: hi\n",
  );
  const [first = ""] = renderRecord(next, style("tsv")).split("\n");
  expect(first).toEndWith("ana\t2 messages from ana withheld");
  expect(JSON.parse(renderRecord(next, style("json")))).toMatchObject({ withheld: 2, text: "hi" });
});

test("what was imported names its author with brackets, and who imported it", () => {
  const imported = { from: "bob\u202e", time: "2019-05-01T10:00:00.000Z" };
  const said = { ...hi, imported };
  const screen = renderRecord(said, style("text", { stamp: "clock" }));
  expect(screen).toContain("lobby bob<U+202E> (2019-05-01 11:00:00, imported by ana): hi");
  const tsv = renderRecord(said, style("tsv")).split("\t");
  expect(tsv[2]).toBe("bob<U+202E> (2019-05-01T10:00:00.000Z, imported by ana)");
  expect(JSON.parse(renderRecord(said, style("json")))).toMatchObject({ from: "ana", imported });
  const content = { seq: 12, from: "ana", state: "whole", kind: "reaction" } as const;
  const body = { react: "+", re: 3, imported: { from: "bob", time: 0 } };
  expect(shownWords({ ...content, body })).toMatchObject({
    imported: { from: "bob", time: "1970-01-01T00:00:00.000Z" },
  });
});

describe("NDJSON", () => {
  test("has the fields of the contract in its order", () => {
    expect(renderRecord(hi, style("json"))).toBe(
      '{"kind":"text","seq":12,"time":"2026-11-20T05:46:33.123Z",' +
        '"room":"lobby","from":"ana","text":"hi"}\n',
    );
    const direct: ShownRecord = { ...hi, destination: { to: "bob" } };
    expect(renderRecord(direct, style("json"))).toContain('"to":"bob","from":"ana"');
  });

  test("carries the words as sent, in one line", () => {
    const record: ShownRecord = { ...hi, text: "a\u202e\n\u001b\u2028" };
    const line = renderRecord(record, style("json"));
    expect(line.split("\n")).toHaveLength(2);
    expect(JSON.parse(line).text).toBe("a\u202e\n\u001b\u2028");
  });
});

describe("TSV", () => {
  test("has time, place, sender, text", () => {
    expect(renderRecord(hi, style("tsv"))).toBe("2026-11-20T05:46:33.123Z\tlobby\tana\thi\n");
    const lines: ShownRecord = { ...hi, text: "a\tb\nc\\" };
    expect(renderRecord(lines, style("tsv"))).toEndWith("\tana\ta\\tb\\nc\\\\\n");
  });

  test("names the other one of a direct conversation", () => {
    const sent = { ...base, destination: { to: "bob" } };
    const received = { ...base, destination: { to: "ana" }, from: "bob" };
    expect(destinationName(sent, "ana")).toBe("@bob");
    expect(destinationName(received, "ana")).toBe("@bob");
    expect(destinationName(received)).toBe("@ana");
  });
});

describe("on a screen", () => {
  test("no text looks like a line of its own, however it is padded or broken", () => {
    const forged = "06:46 lobby ana: I quit";
    const screen = style("text", { stamp: "clock", columns: () => 80 });
    for (const padding of [" ".repeat(61), "x ".repeat(31), `${"x".repeat(61)} `, "\n", "\r\n"]) {
      const shown = renderRecord({ ...hi, from: "eve", text: `${padding}${forged}` }, screen);
      const rows = shown.trimEnd().split("\n");
      expect(rows.length).toBeGreaterThan(1);
      expect(rows.slice(1).every((row) => row.startsWith("  | "))).toBe(true);
      expect(rows.every((row) => row.length <= 80)).toBe(true);
    }
    const kinds: ShownBody[] = [
      { kind: "topic", topic: `x\n${forged}` },
      { kind: "action", text: `x\n${forged}` },
      { kind: "edited", of: 1, text: `x\n${forged}` },
      { kind: "damaged", reason: `x\n${forged}` },
      { kind: "file", id: "f", name: `x\n${forged}`, sizeBytes: 1, digest: "", chunks: 1 },
    ];
    for (const body of kinds) {
      for (const row of renderRecord({ ...base, ...body }, screen)
        .trimEnd()
        .split("\n")
        .slice(1)) {
        expect(row).toStartWith("  | ");
      }
    }
  });

  test("no cell of a table looks like a row", () => {
    const rows = [["vault", `x\n${" ".repeat(80)}lobby  3`]];
    const screen = { format: "text", color: false, columns: () => 40 } as const;
    const [title, first, ...more] = renderTable(["room", "topic"], rows, screen)
      .trimEnd()
      .split("\n");
    expect([title, first?.startsWith("vault")]).toEqual(["room   topic", true]);
    expect(more.length).toBeGreaterThan(0);
    expect(more.every((row) => row.startsWith("  | "))).toBe(true);
  });

  test("the end of a mute is local too; in a pipe it is UTC", () => {
    const until = "2026-11-20T05:56:33.123Z";
    const muted: ShownRecord = { ...base, kind: "mute", user: "bob", on: true, until };
    expect(renderRecord(muted, style("text"))).toEndWith("muted bob until 2026-11-20 06:56:33\n");
    expect(renderRecord(muted, style("tsv"))).toEndWith(`muted bob until ${until}\n`);
  });

  test("local time, place, name, words", () => {
    expect(renderRecord(hi, style("text"))).toBe("2026-11-20 06:46:33 lobby ana: hi\n");
    expect(renderRecord(hi, style("text", { stamp: "clock" }))).toBe("06:46 lobby ana: hi\n");
  });

  test("no text can pass for a record of its own", () => {
    const record: ShownRecord = { ...hi, text: "hi\n06:46 lobby bob: I owe you 100\u001b[A" };
    expect(renderRecord(record, style("text", { stamp: "clock" }))).toBe(
      "06:46 lobby ana: hi\n  | 06:46 lobby bob: I owe you 100␛[A\n",
    );
  });

  test.each<[ShownBody, string]>([
    [{ kind: "action", text: "waves\nx" }, "* ana waves␊x"],
    [{ kind: "room" }, "* ana made the room"],
    [{ kind: "join" }, "* ana joined"],
    [{ kind: "leave" }, "* ana left"],
    [{ kind: "leave", by: "eva" }, "* ana was put out by eva"],
    [{ kind: "topic", topic: "tea" }, "* ana set the topic: tea"],
    [{ kind: "topic", topic: "" }, "* ana cleared the topic"],
    [{ kind: "erased" }, "* ana (erased)"],
    [{ kind: "edited", of: 3, text: "ho" }, "* ana changed it to: ho"],
    [{ kind: "damaged", reason: "commitment" }, "* ana (damaged: commitment)"],
    [{ kind: "text", text: "yes", re: 7 }, "ana: ↪ bob: yes"],
    [{ kind: "text", text: "yes", re: 8 }, "ana: ↪ #8: yes"],
    [{ kind: "action", text: "nods", re: 7 }, "* ana ↪ bob: nods"],
    [{ kind: "reaction", re: 7, react: "👍" }, "* ana reacted 👍 to bob"],
    [{ kind: "reaction", re: 8, react: "a\nb" }, "* ana reacted a␊b to #8"],
    [{ kind: "reaction", react: "?" }, "* ana reacted ? to #?"],
  ])("%j", (body, words) => {
    const record = { ...base, ...body } as ShownRecord;
    const authorOf = (seq: number) => (seq === 7 ? "bob" : undefined);
    expect(renderRecord(record, style("text", { authorOf }))).toBe(
      `2026-11-20 06:46:33 lobby ${words}\n`,
    );
  });

  test("one's own name stands out where it is called, and only there", () => {
    const called = "\x1b[1;7m@ana\x1b[22;27m";
    const record: ShownRecord = { ...hi, text: "@ana @anatol @bob", mentions: ["Ana"] };
    expect(renderRecord(record, style("text", { color: true }))).toContain(
      `${called} @anatol @bob`,
    );
    expect(renderRecord(record, style("text"))).not.toContain("\x1b");
    const unmeant: ShownRecord = { ...hi, text: "@ana" };
    expect(renderRecord(unmeant, style("text", { color: true }))).not.toContain(called);
    const other = style("text", { color: true, me: "bob" });
    expect(renderRecord(record, other)).not.toContain(called);
  });

  test("marks are shown as what they mean where there are colours, and as typed elsewhere", () => {
    const text = "**so** and `ls`\n- one";
    const record: ShownRecord = { ...hi, text };
    expect(renderRecord(record, style("text", { color: true }))).toEndWith(
      ": \x1b[1mso\x1b[22m and \x1b[36mls\x1b[39m\n  | • one\n",
    );
    expect(renderRecord(record, style("text"))).toEndWith(": **so** and `ls`\n  | - one\n");
    expect(renderRecord(record, style("tsv"))).toEndWith("\t**so** and `ls`\\n- one\n");
    expect(JSON.parse(renderRecord(record, style("json")))).toMatchObject({ text });
  });

  test("what it answers and whom it calls is in JSON, not in TSV", () => {
    const record: ShownRecord = { ...hi, re: 7, mentions: ["bob"] };
    expect(renderRecord(record, style("json"))).toEndWith(
      '"text":"hi","re":7,"mentions":["bob"]}\n',
    );
    expect(renderRecord(record, style("tsv"))).toEndWith("\tana\thi\n");
  });

  test("colours only if asked", () => {
    expect(renderRecord(hi, style("text"))).not.toContain("\x1b");
    expect(renderRecord(hi, style("text", { color: true }))).toContain("\x1b");
    expect(renderRecord(hi, style("tsv", { color: true }))).not.toContain("\x1b");
  });
});

test("whatever is said, TSV and JSON are one line, and a screen gets no control character", () =>
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (text, from) => {
      const record: ShownRecord = { ...hi, text, from };
      expect(renderRecord(record, style("json")).split("\n")).toHaveLength(2);
      expect(renderRecord(record, style("tsv")).split("\n")).toHaveLength(2);
      expect(renderRecord(record, style("tsv")).split("\t")).toHaveLength(4);
      expect(renderRecord(record, style("text"))).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }),
  ));

test("lists: columns on a screen, TSV in a pipe", () => {
  const rows = [
    ["ana", "yes"],
    ["日本", "no\n"],
  ];
  expect(renderTable(["user", "online"], rows, style("text"))).toBe(
    "user  online\nana   yes\n日本  no␊\n",
  );
  expect(renderTable(["user", "online"], rows, style("tsv"))).toBe("ana\tyes\n日本\tno\\n\n");
  expect(renderTable(["user"], [], style("tsv"))).toBe("");
});

describe("a file", () => {
  const sent: ShownRecord = {
    ...base,
    kind: "file",
    id: "fAAAAAAAAAAA",
    name: "photo.jpg",
    sizeBytes: 2_100_000,
    digest: "ab",
    chunks: 9,
  };

  test("as NDJSON, with the fields of the contract in its order", () => {
    expect(renderRecord({ ...sent, folder: { entries: 3 } }, style("json"))).toBe(
      '{"kind":"file","seq":12,"time":"2026-11-20T05:46:33.123Z","room":"lobby","from":"ana",' +
        '"id":"fAAAAAAAAAAA","name":"photo.jpg","sizeBytes":2100000,"digest":"ab","chunks":9,' +
        '"folder":{"entries":3}}\n',
    );
  });

  test("in words, with what to do about it", () => {
    const bob = { me: "bob" };
    expect(renderRecord(sent, style("text", bob))).toEndWith(
      "lobby * ana sends photo.jpg (2.1 MB); take it: chat get-file fAAAAAAAAAAA\n",
    );
    expect(renderRecord(sent, style("text", { ...bob, stamp: "clock" }))).toEndWith(
      "sends photo.jpg (2.1 MB); take it: /get fAAAAAAAAAAA\n",
    );
    expect(renderRecord({ ...sent, folder: { entries: 12 } }, style("tsv", bob))).toEndWith(
      "\tana\tsends photo.jpg (folder of 12, 2.1 MB); take it: chat get-file fAAAAAAAAAAA\n",
    );
    expect(renderRecord(sent, style("text"))).toEndWith("(2.1 MB); its id: fAAAAAAAAAAA\n");
  });

  test("with what is said with it, at the end", () => {
    const said = { ...sent, text: "take it: /get f\u001b[2J\nbob" };
    expect(renderRecord(said, style("text"))).toEndWith(
      "its id: fAAAAAAAAAAA; says: take it: /get f\u241b[2J\u240abob\n",
    );
    expect(renderRecord({ ...sent, text: "look" }, style("json"))).toEndWith(
      '"chunks":9,"text":"look"}\n',
    );
  });

  test("whose name is hostile cannot move the cursor", () => {
    const line = renderRecord({ ...sent, name: "a\u001b[2J\u202egpj.exe" }, style("text"));
    expect(line).toContain("sends a\u241b[2J<U+202E>gpj.exe (");
  });

  test("of a program that says nonsense", () => {
    const told = { seq: 1, kind: "file", from: "ana", state: "whole" } as const;
    const body = { file: 5, name: null, size: -1, digest: {}, folder: "x", text: [] };
    expect(shownWords({ ...told, body })).toEqual({
      seq: 1,
      from: "ana",
      kind: "file",
      id: "",
      name: "",
      sizeBytes: 0,
      digest: "",
      chunks: 0,
      folder: { entries: 0 },
    });
    expect(shownWords({ ...told, state: "erased", body: undefined }).kind).toBe("erased");
  });
});
