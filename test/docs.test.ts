import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { FAULTS } from "../src/base/fault.ts";
import { slashRows } from "../src/cli/chat/slash.ts";
import { runProgram } from "../src/cli/program.ts";
import { VERBS } from "../src/commands/table.ts";
import { SLASH_ALIASES } from "../src/ui/commands.ts";
import { cardGuide } from "./card-guide.ts";
import { fakeWorld } from "./commands/fake-world.ts";
import { expectGolden } from "./golden.ts";
import { GUIDES } from "./guides.ts";
import { questionsGuide } from "./questions.ts";
import {
  aliasTable,
  pageTable,
  programTable,
  screenTable,
  serverTable,
  slashTable,
} from "./reference-tables.ts";
import { importsOf, repositorySources, sourceOf } from "./tidy/source.ts";

const ROOT = join(import.meta.dir, "..");
const DOCS = repositorySources()
  .map(({ path }) => path)
  .filter((path) => path.endsWith(".md") && !/^(?:\.github|test\/released)\//.test(path));

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function guides(): string {
  return GUIDES.map(read).join("\n");
}

function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const prose = text.replaceAll(/^```\w*\n.*?^```$/gms, "");
  const words = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
  return [...blocks, ...words];
}

async function helpOf(...words: string[]): Promise<string> {
  const world = fakeWorld();
  const program = { name: "chat", summary: "", verbs: VERBS };
  expect(await runProgram(program, [...words, "--help"], world)).toBe(0);
  return world.stdout.text;
}

async function summariesInHelp(...words: string[]): Promise<[string, string][]> {
  // The help of the program lists only names.
  if (words.length === 0) {
    const visible = Object.entries(VERBS).filter(([, { hidden }]) => hidden !== true);
    return visible.map(([name, { summary }]) => [name, summary]);
  }
  const [, table = ""] = (await helpOf(...words)).split("COMMANDS");
  const rows = table.matchAll(/^ {2}([a-z-]+) {2,}(\S.*)$/gm);
  return [...rows].map(([, name = "", summary = ""]) => [name, summary]);
}

async function commandsInHelp(...words: string[]): Promise<string[]> {
  return (await summariesInHelp(...words)).map(([name]) => name);
}

async function flagsOf(...command: string[]): Promise<string[]> {
  const ownFlags = flagsIn(await helpOf(...command));
  const inner = await commandsInHelp(...command);
  const innerFlags = await Promise.all(inner.map((word) => flagsOf(...command, word)));
  return [...ownFlags, ...innerFlags.flat()];
}

function flagsIn(help: string): string[] {
  return [...help.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag);
}

function callsIn(lines: readonly string[]): { verb: string; flags: string[]; line: string }[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/(?:^|[ /(])chat ([a-z][a-z-]*)\b([^|#`]*)/g)].map(
      ([, verb = "", rest = ""]) => ({ verb, flags: flagsIn(rest), line }),
    ),
  );
}

test("README and the guides document exactly the existing commands", async () => {
  const known = await commandsInHelp();
  expect(known.length).toBeGreaterThan(5);
  const verbsIn = (text: string) => new Set(callsIn(codeOf(text)).map(({ verb }) => verb));
  expect([...verbsIn(guides())].filter((verb) => !known.includes(verb))).toEqual([]);
  expect(known.filter((verb) => !verbsIn(guides()).has(verb))).toEqual([]);
});

test("every flag in README and the guides exists", async () => {
  const perCommand = new Map<string, string[]>();
  for (const command of await commandsInHelp()) {
    perCommand.set(command, [...(await flagsOf(command)), "--help"]);
  }
  const all = new Set([...perCommand.values(), "--version"].flat());
  const lines = codeOf(guides()).filter(
    (line) => !/^\/|^ *jq |\b(?:npm|sudo|make|cp|curl)\b/.test(line),
  );
  expect(lines.flatMap(flagsIn).filter((flag) => !all.has(flag))).toEqual([]);
  for (const { verb, flags, line } of callsIn(lines)) {
    const wrong = flags.filter((flag) => perCommand.get(verb)?.includes(flag) === false);
    expect({ line, wrong }).toEqual({ line, wrong: [] });
  }
});

test("README links all guides in the order of test/guides.ts", () => {
  const pages = [...read("README.md").matchAll(/^\| \[(docs\/[a-z]+\.md)\]\(\1\)/gm)];
  expect(pages.map(([, page]) => page)).toEqual(GUIDES.slice(1));
  const files = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  expect(files.map((name) => `docs/${name}`).sort()).toEqual(GUIDES.slice(1).toSorted());
});

/** Replaces the rows of the first table below a heading whose first column is `column`. */
function withRows(text: string, heading: string, rows: string, column = "\\w+"): string {
  const [before = "", after = ""] = text.split(`\n## ${heading}\n`);
  const head = new RegExp(`^(\\| ${column} \\|.*\\n\\| --- .*\\n)(?:\\|.*\\n)*`, "m");
  const table = after.replace(head, (_, titles) => `${titles}${rows}\n`);
  return [before, table].join(`\n## ${heading}\n`);
}

test("docs/commands.md lists all commands", async () => {
  const program = new Map<string, string>();
  for (const [name, summary] of await summariesInHelp()) {
    program.set(name, summary);
    for (const [inner, text] of await summariesInHelp(name)) program.set(`${name} ${inner}`, text);
  }
  let text = read("docs/commands.md");
  text = withRows(text, "Commands of the program", programTable(program));
  text = withRows(text, "Slash commands", slashTable());
  text = withRows(text, "Other names of slash commands", aliasTable());
  expectGolden(join(ROOT, "docs/commands.md"), text);
});

test("docs/card.md has the texts that are printed with cards", () => {
  expectGolden(join(ROOT, "docs/card.md"), cardGuide());
});

test("docs/faq.md has the questions that the program answers", () => {
  expectGolden(join(ROOT, "docs/faq.md"), questionsGuide());
});

test("docs/settings.md lists all settings", () => {
  let text = read("docs/settings.md");
  text = withRows(text, "Settings of a server", serverTable(), "flag");
  text = withRows(text, "Settings of the full screen", screenTable());
  text = withRows(text, "Settings of the page", pageTable());
  expectGolden(join(ROOT, "docs/settings.md"), text);
});

test("README and the guides document exactly the existing slash commands", () => {
  const usages = slashRows().map(({ name }) => name);
  const known = [...usages, ...Object.keys(SLASH_ALIASES), "sendall"];
  // The blocks of docs/irc.md are commands of IRC clients.
  const pages = GUIDES.filter((path) => path !== "docs/irc.md").map(read);
  const code = codeOf(pages.join("\n")).filter(
    (word) => /^\/[a-z]/.test(word) && !word.startsWith("/tmp"),
  );
  const named = new Set(code.map((word) => /^\/([a-z]+(?:-[a-z]+)*)/.exec(word)?.[1] ?? ""));
  expect(known.filter((word) => !named.has(word))).toEqual([]);
  expect([...named].filter((word) => !known.includes(word))).toEqual([]);
});

test("docs/json.md lists what slash commands print with --json", () => {
  const [, section = ""] = read("docs/json.md").split("## Output of `chat join --json`");
  const rows = section.split("\n## ")[0]?.matchAll(/^\| (`[^|]*`) \|/gm) ?? [];
  const listed = [...rows].flatMap(([, cell = ""]) => [...cell.matchAll(/[a-z]+(?:-[a-z]+)*/g)]);
  const printed = repositorySources()
    .filter(({ path }) => /^src\/(?:ui\/commands|cli\/chat\/[\w-]+)\.ts$/.test(path))
    .flatMap(({ text }) => [
      ...text.matchAll(/\b(?:json:? =?|line =|print\()\s*\{\s*kind: "([a-z-]+)"/g),
    ])
    .map(([, kind = ""]) => kind);
  expect(printed.length).toBeGreaterThan(40);
  const missing = new Set(printed).difference(new Set(listed.map(([kind]) => kind)));
  expect([...missing]).toEqual([]);
});

test("docs/json.md lists what the commands of the program print with --json", () => {
  const [, section = ""] = read("docs/json.md").split("## Output of other commands");
  const listed = new Set(section.split("\n## ")[0]?.match(/(?<=`)[a-z]+(?:-[a-z]+)*(?=`)/g));
  // Kinds of devices, records and findings, which no command prints.
  const internal = ["cli", "fork", "none"];
  const kinds = repositorySources()
    .filter(({ path }) => /^src\/commands\/.*\.ts$/.test(path))
    .flatMap(({ text }) => [
      ...text.matchAll(/\bkind: (?:\w+ \? )?"([a-z-]+)"(?: : "([a-z-]+)")?/g),
    ])
    .flatMap(([, ...found]) => found.filter(Boolean));
  expect(kinds.length).toBeGreaterThan(80);
  expect([...new Set(kinds).difference(listed)].sort()).toEqual(internal);
});

test("docs/scripting.md lists exactly the exit codes of the faults", () => {
  const [, section = ""] = read("docs/scripting.md").split("## Exit codes");
  const [table = ""] = section.split("\n##");
  const inPage = [...table.matchAll(/^\| *(\d+) *\|/gm)].map(([, code]) => Number(code));
  const codes = new Set([0, ...Object.values(FAULTS).map(({ exitCode }) => exitCode)]);
  expect(inPage).toEqual([...codes].sort((a, b) => a - b));
});

function walks(): { title: string; parts: string[][] }[] {
  const [, section = ""] = read("ARCHITECTURE.md").split("\n## Walks\n");
  const [body = ""] = section.split("\n## ");
  const filesOf = (part: string) =>
    [...part.matchAll(/^\d+\. `(src\/[^`]+)`/gm)].map(([, path = ""]) => path);
  return body
    .split("\n### ")
    .slice(1)
    .map((walk) => ({
      title: walk.split("\n", 1)[0] ?? "",
      parts: walk
        .split("\n**")
        .map(filesOf)
        .filter((files) => files.length > 0),
    }));
}

function importsOfFile(path: string): string[] {
  const source = sourceOf(path, read(path));
  return importsOf(source).map(({ specifier }) => join(dirname(path), specifier));
}

test("each step of a walk imports an earlier step or is imported by one", () => {
  expect(walks()).toHaveLength(5);
  for (const { title, parts } of walks()) {
    expect(parts.flat().length).toBeGreaterThan(10);
    for (const files of parts) {
      const unlinked = files.slice(1).filter((path, at) => {
        const earlier = files.slice(0, at + 1);
        const isLinked = (other: string) =>
          importsOfFile(path).includes(other) || importsOfFile(other).includes(path);
        return !earlier.some(isLinked);
      });
      expect({ title, unlinked }).toEqual({ title, unlinked: [] });
    }
  }
});

test("paths named in documents for developers exist", () => {
  const named = [
    ...["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/design/DECISIONS.md", "bench/notes.md"]
      .map(read)
      .join("\n")
      .matchAll(/`((?:src|test|bench|scripts|docs)\/[\w./-]*)`/g),
  ].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test.each(DOCS)("links of %s resolve", (path) => {
  const text = read(path).replaceAll(/^```.*?^```$/gms, "");
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
    expect({ path, target, exists: existsSync(join(ROOT, to)) }).toEqual({
      path,
      target,
      exists: true,
    });
    if (anchor === undefined) continue;
    const anchors = [...read(to).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    expect({ path, target, known: anchors.includes(anchor) }).toEqual({
      path,
      target,
      known: true,
    });
  }
});

test("every test named in test/SECURITY-TESTS.md exists", () => {
  const list = read("test/SECURITY-TESTS.md").replaceAll(/\n {4}/g, " ");
  const lines = list.split("\n").filter((line) => /^ *- `test\//.test(line));
  const named = lines.flatMap((line) => {
    const [, path, name] = /^(?: {2})?- `(test\/[^`]+\.test\.ts)`: (.{10,})$/.exec(line) ?? [];
    return path === undefined || name === undefined ? [] : [{ path, name }];
  });
  expect(named.length).toBeGreaterThan(140);
  expect(lines).toHaveLength(named.length);
  const missing = named.filter(({ path, name }) => {
    if (!existsSync(join(ROOT, path))) return true;
    const source = read(path);
    // The name of a test appears in quotes or as part of a template.
    return !source.includes(`"${name}"`) && !(source.includes("(`${") && source.includes(name));
  });
  expect(missing).toEqual([]);
});
