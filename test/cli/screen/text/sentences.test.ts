import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { Fault } from "../../../../src/base/fault.ts";
import { slashRows } from "../../../../src/cli/chat/slash.ts";
import { slashSummary } from "../../../../src/cli/chat/slash-grammar.ts";
import { faceTexts } from "../../../../src/cli/screen/text/faces.ts";
import { saidFault } from "../../../../src/cli/screen/text/said.ts";
import { sentencesOf } from "../../../../src/cli/screen/text/sentences.ts";

const [english, indonesian] = [faceTexts("en"), faceTexts("id")];

function said(text: string): string {
  return indonesian.sentence(text) ?? text;
}

/** Where the sentences of commands stand. */
const SOURCES = [
  ...["slash", "slash-grammar", "slash-own", "slash-views", "terminal-host"],
  ...["last-files", "post"],
].map((name) => `src/cli/chat/${name}.ts`);
const SHARED = readdirSync("src/ui/commands").map((name) => `src/ui/commands/${name}`);
/** Those that the full screen shows of sealed rooms. */
const SEALED = ["rooms", "sealing", "changed-key", "lease"].map(
  (name) => `src/client/sealed/${name}.ts`,
);
const SCREEN = ["commands", "files", "client"].map((name) => `src/cli/screen/${name}.ts`);

/** The text of a fault, or its remedy. */
const SAID = /(?:new Fault\(\s*"[a-z-]+",\s*|remedy:\s*)(`[^`]*`|"[^"]*")/g;

describe("in Indonesian", () => {
  test.each([...SOURCES, ...SHARED, ...SEALED, ...SCREEN])("all that %s says is known", (path) => {
    const source = readFileSync(path, "utf8");
    for (const [, quoted = ""] of source.matchAll(SAID)) {
      const sentence = quoted
        .slice(1, -1)
        .replaceAll(/\$\{quoteText[^}]*\}/g, "'X'")
        .replaceAll(/\$\{usage\}/g, "/X")
        .replaceAll(/\$\{[^}]*\}/g, "X");
      if (/^[X:, ]*$/.test(sentence) || sentence === "interrupted") continue;
      expect([sentence, said(sentence)]).not.toEqual([sentence, sentence]);
    }
  });

  test("each command has its summary", () => {
    const names = slashRows().map(({ name }) => name);
    expect(Object.keys(english.screen.slash).sort()).toEqual(names.sort());
    for (const name of names) {
      const [there, here] = [english, indonesian].map(({ screen }) => slashSummary(screen, name));
      expect([name, here]).not.toEqual([name, there]);
    }
  });

  test("a user's own words stay as they are", () => {
    for (const other of ["something else", "there is no 'x' here", "you are ana", "constructor"]) {
      expect(said(other)).toBe(other);
    }
  });

  test("translates a fault by its sentence, else by its code", () => {
    const misuse = new Fault("usage", "that is not how it is used", { remedy: "write /kick NAME" });
    expect(saidFault(misuse, english)).toBe("that is not how it is used; write /kick NAME");
    expect(saidFault(misuse, indonesian)).toBe("cara pakainya bukan begitu; tulis /kick NAME");
    const refused = new Fault("not-allowed", "only moderators may do that");
    expect(saidFault(refused, english)).toBe("only moderators may do that; ask a moderator");
    expect(saidFault(refused, indonesian)).toBe("Anda tidak berhak melakukannya.");
    const other = new Fault("usage", "that is new");
    expect(saidFault(other, indonesian)).toBe("that is new; see chat --help");
  });
});

test("matches a long text without backtracking", () => {
  const sentence = sentencesOf({ "{}: {} is called {} here": "{} {} {}", "{} is {}": "{} = {}" });
  expect(sentence(`${"a: is called ".repeat(150)}x`)).toBeDefined();
  expect(sentence(": ".repeat(20_000))).toBeUndefined();
});
