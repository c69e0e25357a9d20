import { describe, expect, test } from "bun:test";
import { cleanFileName, cleanPath } from "../../../src/base/file-names.ts";
import { CLUSTER_CODE_POINTS_MAX, NOTICE_CODE_POINTS_MAX } from "../../../src/base/limits.ts";
import { cleanText, jsonLine, quoteText, titleText, tsvLine } from "../../../src/base/text.ts";
import { createContext, say } from "../../../src/cli/context.ts";
import { renderRecord, type ShownRecord, styleOf } from "../../../src/cli/output/render.ts";
import { lineWidth } from "../../../src/cli/screen/view/style.ts";
import { textLines } from "../../../src/cli/screen/view/words.ts";
import { fakeWorld } from "../../commands/fake-world.ts";
import { ACTIVE, HOSTILE_TEXTS, tallest } from "../../hostile-texts.ts";

const CASES = Object.entries(HOSTILE_TEXTS);

function styled(options: { terminal?: boolean; json?: boolean }) {
  const world = fakeWorld({ terminal: options.terminal ?? false });
  const globals = { json: options.json ?? false, color: false, debug: false };
  return styleOf(createContext(world, globals));
}

function record(text: string): ShownRecord {
  const place = { timeUnixMs: 1, destination: { room: "lobby" }, seq: 1, from: "eve" };
  return { ...place, kind: "text", text } as unknown as ShownRecord;
}

function harmless(text: string): void {
  expect(text).not.toMatch(ACTIVE);
  expect(text.isWellFormed()).toBe(true);
  expect(tallest(text)).toBeLessThanOrEqual(CLUSTER_CODE_POINTS_MAX);
}

describe.each(CASES)("%s", (_, text) => {
  test("as a line of a terminal", () => {
    const line = renderRecord(record(text), styled({ terminal: true }));
    harmless(line);
    expect(line).toEndWith("\n");
    // A further line of a message never begins like a line of the program.
    for (const further of line.split("\n").slice(1, -1)) expect(further).toMatch(/^\s+|^[|│]/);
  });

  test("as what is said with a file, and changed", () => {
    const file = { id: "fAAAAAAAAAAA", name: "a", sizeBytes: 1, digest: "", chunks: 1, text };
    for (const body of [
      { kind: "file", ...file },
      { kind: "edited", of: 1, text },
    ]) {
      const shown = { ...record(""), ...body } as unknown as ShownRecord;
      const line = renderRecord(shown, styled({ terminal: true }));
      harmless(line);
      for (const further of line.split("\n").slice(1, -1)) expect(further).toMatch(/^\s+|^[|│]/);
      expect(renderRecord(shown, styled({})).split("\n")).toHaveLength(2);
    }
  });

  test("as TSV", () => {
    const line = renderRecord(record(text), styled({}));
    harmless(line);
    expect(line.split("\n")).toHaveLength(2);
    expect(line.split("\t")).toHaveLength(4);
    expect(tsvLine([text, text]).split("\t")).toHaveLength(2);
  });

  test("as NDJSON, which carries it unchanged", () => {
    const line = jsonLine({ text });
    expect(line.slice(0, -1)).not.toMatch(ACTIVE);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({ text });
  });

  test("as a line of a terminal with colours, between marks", () => {
    const style = { ...styled({ terminal: true }), color: true, me: "ana" };
    for (const around of [
      text,
      `**${text}** \`${text}\``,
      `\`\`\`\n${text}\n\`\`\``,
      `> - ${text}`,
    ]) {
      const line = renderRecord(record(around), style);
      harmless(line.replaceAll(/\x1b\[[0-9;]*m/g, ""));
      for (const further of line.split("\n").slice(1, -1)) expect(further).toMatch(/^ {2}\|/);
    }
  });

  test("as words of the screen, between marks", () => {
    for (const around of [text, `**${text}**`, `\`\`\`\n${text}\n\`\`\``, `> - ${text}`]) {
      const lines = textLines({ text: around, mentions: ["ana"], me: "ana", mark: [] }, 20);
      for (const line of lines) {
        harmless(line.map((span) => span.text).join(""));
        expect(lineWidth(line)).toBeLessThanOrEqual(20);
        for (const { link } of line) expect(link ?? "https://").toMatch(/^https?:\/\//);
      }
    }
  });

  test("as a title or a notification", () => {
    const title = titleText(text);
    harmless(title);
    // No line of its own, and no field of the sequence that carries it.
    expect(title).not.toMatch(/[\n\t;]/);
    expect(Array.from(title).length).toBeLessThanOrEqual(NOTICE_CODE_POINTS_MAX);
    expect(titleText(title)).toBe(title);
  });

  test("as the name of a file", () => {
    for (const name of [cleanFileName(text), ...cleanPath(text)]) {
      expect(name).not.toMatch(ACTIVE);
      expect(name).not.toMatch(/[/\\\n\t]|^\.\.?$|^-/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(name).not.toBe("");
    }
    expect(cleanFileName(cleanFileName(text))).toBe(cleanFileName(text));
  });

  test("in a sentence of the program", () => {
    const world = fakeWorld();
    say(world, `no room ${quoteText(text)}, says ${text}`);
    harmless(world.stderr.text);
    expect(world.stderr.text.split("\n")).toHaveLength(2);
  });

  test("cleaned twice as once", () => {
    for (const options of [{}, { lines: true }, { lines: true, tabs: true }]) {
      const cleaned = cleanText(text, options);
      expect(cleanText(cleaned, options)).toBe(cleaned);
    }
  });
});

test("a text of 64 KiB is cleaned before anybody notices", () => {
  const started = performance.now();
  for (const [name, text] of CASES) if (name.startsWith("64 KiB")) cleanText(text);
  expect(performance.now() - started).toBeLessThan(2_000);
});
