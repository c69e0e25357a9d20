import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import {
  POSTS_BURST,
  POSTS_PER_SECOND,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
} from "../src/base/limits.ts";
import { runChat } from "./e2e/binary.ts";

/** Keeps the documents true, as far as a machine can check them. */

const ROOT = join(import.meta.dir, "..");
const DOCS = [
  "README.md",
  "ARCHITECTURE.md",
  "DECISIONS.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "PROTOCOL.md",
  "data/README.md",
  "docs/scripting.md",
  "docs/serving.md",
];
/** What tells people which commands to type. */
const GUIDES = ["docs/scripting.md", "docs/serving.md"];
/** What README says is not there yet, and data/README as a word for a reader. */
const NOT_YET = "## Not there yet";

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    return statSync(join(ROOT, path)).isDirectory() ? filesUnder(path) : [path];
  });
}

/** README without its list of what does not work. */
function working(): string {
  const [before = "", after = ""] = read("README.md").split(NOT_YET);
  return before + after.slice(after.indexOf("\n## "));
}

/** README, and what it leaves to pages of their own. */
function guides(): string {
  return [working(), ...GUIDES.map(read)].join("\n");
}

/** Code of a document: fenced blocks, and words in backticks. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const prose = text.replaceAll(/^```\w*\n.*?^```$/gms, "");
  const words = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
  return [...blocks, ...words];
}

async function helpOf(...words: string[]): Promise<string> {
  const { out, exitCode } = await runChat([...words, "--help"]);
  expect(exitCode).toBe(0);
  return out;
}

async function commandsInHelp(...words: string[]): Promise<string[]> {
  const [, table = ""] = (await helpOf(...words)).split("COMMANDS");
  return [...table.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = ""]) => name);
}

/** Those of its own commands too, where it has some. */
async function flagsOf(command: string): Promise<string[]> {
  const inner = await commandsInHelp(command);
  const helps = [helpOf(command), ...inner.map((word) => helpOf(command, word))];
  return (await Promise.all(helps)).flatMap(flagsIn);
}

function flagsIn(help: string): string[] {
  return [...help.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag);
}

/** `chat send --to lab x | chat ...`: each call of ours with its words. */
function callsIn(lines: readonly string[]): { verb: string; flags: string[]; line: string }[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/(?:^|[ /(])chat ([a-z][a-z-]*)\b([^|#`]*)/g)].map(
      ([, verb = "", rest = ""]) => ({
        verb,
        flags: flagsIn(rest),
        line,
      }),
    ),
  );
}

test("every command is in README, and README and its pages name no other", async () => {
  const known = await commandsInHelp();
  expect(known.length).toBeGreaterThan(5);
  const verbsIn = (text: string) => new Set(callsIn(codeOf(text)).map(({ verb }) => verb));
  expect([...verbsIn(guides())].filter((verb) => !known.includes(verb))).toEqual([]);
  expect(known.filter((verb) => !verbsIn(working()).has(verb))).toEqual([]);
});

test("every kind of line that a program may read is in docs/scripting", () => {
  const text = read("docs/scripting.md");
  const source = filesUnder("src/commands").map(read).join("\n");
  const written = /(?:renderJson\(|tell\(|done\(context, |line = )\s*\{\s*kind: "([a-z-]+)"/g;
  const [, words = ""] = /export type ShownBody =(.*?)\n\nexport/s.exec(source) ?? [];
  const shown = [...words.matchAll(/kind: ((?:"[a-z]+"(?: \| )?)+)/g)].flatMap(([, kinds = ""]) =>
    kinds.replaceAll('"', "").split(" | "),
  );
  const kinds = [...new Set([...source.matchAll(written)].map(([, kind = ""]) => kind))];
  expect(kinds.length).toBeGreaterThan(40);
  expect(shown.length).toBeGreaterThan(10);
  expect([...kinds, ...shown].filter((kind) => !text.includes(`\`${kind}\``))).toEqual([]);
});

test("every flag in README and its pages is one of the program's", async () => {
  const perCommand = new Map<string, string[]>();
  for (const command of await commandsInHelp()) {
    perCommand.set(command, [...(await flagsOf(command)), "--help"]);
  }
  const all = new Set([...perCommand.values(), "--version"].flat());
  const lines = codeOf(guides()).filter((line) => !/\b(?:npm|sudo|make|cp|curl)\b/.test(line));
  expect(lines.flatMap(flagsIn).filter((flag) => !all.has(flag))).toEqual([]);
  for (const { verb, flags, line } of callsIn(lines)) {
    const wrong = flags.filter((flag) => perCommand.get(verb)?.includes(flag) === false);
    expect({ line, wrong }).toEqual({ line, wrong: [] });
  }
});

test("what README says is not there yet is not there", async () => {
  const known = await commandsInHelp();
  const [, list = ""] = read("README.md").split(NOT_YET);
  const named = [...(list.split("\n## ")[0]?.matchAll(/`(?:chat )?([a-z]+-?[a-z]*)`/g) ?? [])];
  expect(named.length).toBeGreaterThan(0);
  expect(
    named.map(([, verb = ""]) => verb).filter((verb) => known.includes(verb) && verb !== "join"),
  ).toEqual([]);
});

test("every slash command is in README, and README names no other", () => {
  const source = filesUnder("src/commands")
    .filter((path) => path.includes("/_slash"))
    .map(read)
    .join("\n");
  const usages = [...source.matchAll(/usage: "\/([a-z]+)/g)].map(([, word = ""]) => word);
  const [, aliases = ""] = /ALIASES[^{]*\{(.*?)\n\}/s.exec(source) ?? [];
  const known = [
    ...usages,
    ...[...aliases.matchAll(/^ {2}(\w+):/gm)].map(([, word = ""]) => word),
    "sendall",
  ];
  const code = codeOf(working()).filter(
    (word) => /^\/[a-z]/.test(word) && !word.startsWith("/tmp"),
  );
  const named = new Set(code.map((word) => /^\/([a-z]+)/.exec(word)?.[1] ?? ""));
  expect(usages.length).toBeGreaterThan(10);
  expect(known.filter((word) => !named.has(word))).toEqual([]);
  expect([...named].filter((word) => !known.includes(word))).toEqual([]);
});

test("the environment variables in README are those of the program", () => {
  const source = filesUnder("src").map(read).join("\n");
  const inSource = new Set(source.match(/\bCHAT_(?!VERSION|COMMIT)[A-Z_]+\b/g));
  const inReadme = new Set(read("README.md").match(/\bCHAT_[A-Z_]+\b/g));
  expect([...inReadme].sort()).toEqual([...inSource].sort());
});

test("README's exit codes are those of the faults", () => {
  const [, section = ""] = read("README.md").split("### Exit codes");
  const [table = ""] = section.split("\n###");
  const inReadme = [...table.matchAll(/^\| *(\d+) *\|/gm)].map(([, code]) => Number(code));
  const inSource = [...read("src/base/fault.ts").matchAll(/exitCode: (\d+)/g)];
  const codes = new Set([0, ...inSource.map(([, code]) => Number(code))]);
  expect(inReadme).toEqual([...codes].sort((one, other) => one - other));
});

test("the map in ARCHITECTURE names every source file, and no other", () => {
  const text = read("ARCHITECTURE.md");
  const sections = [...text.matchAll(/^### (src\/\w+)\/\n(.*?)(?=^##)/gms)];
  const mapped = sections.flatMap(([, folder = "", section = ""]) =>
    [...section.matchAll(/^\| *(`.*?) *\|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w/-]+\.(?:tsx?|html|css|svg|json))`/g)].map(
        ([, name = ""]) => `${folder}/${name}`,
      ),
    ),
  );
  expect([...mapped, "src/main.ts"].sort()).toEqual(filesUnder("src").sort());
});

test("the tests that ARCHITECTURE and CONTRIBUTING name are there", () => {
  const named = [
    ...`${read("ARCHITECTURE.md")}${read("CONTRIBUTING.md")}`.matchAll(
      /`((?:src|test|bench|scripts|data|docs)\/[\w./-]*)`/g,
    ),
  ].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(ROOT, path)) && path !== "data/invite")).toEqual(
    [],
  );
});

test("scripts and variables that CONTRIBUTING names are there", () => {
  const text = read("CONTRIBUTING.md");
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = [...text.matchAll(/\bnpm (?:run )?([a-z]+)\b/g)].map(([, name = ""]) => name);
  const builtIn = ["install", "ci", "version"];
  expect(named.filter((name) => !builtIn.includes(name) && !Object.hasOwn(scripts, name))).toEqual(
    [],
  );
  const tests = filesUnder("test").map(read).join("\n");
  const variables = [...new Set(text.match(/\b[A-Z]+_SEEDS?\b/g))];
  expect(variables.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
});

test("the dependencies in ARCHITECTURE are those of the package", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
  const [, section = ""] = read("ARCHITECTURE.md").split("## Where each dependency lives");
  const rows = [...section.matchAll(/^\| *(`.*?) *\|/gm)].map(([, cell = ""]) => cell).join(" ");
  const named = [...rows.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !name.startsWith("bun:")).sort()).toEqual(
    Object.keys(dependencies).sort(),
  );
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

test("PROTOCOL names the pace that a client must keep to", () => {
  const text = read("PROTOCOL.md").replaceAll(/\s+/g, " ");
  const pace = (perSecond: number, burst: number) =>
    `(${perSecond.toLocaleString("en")} a second, ${burst.toLocaleString("en")} at once`;
  const posts = pace(POSTS_PER_SECOND, POSTS_BURST);
  const others = pace(REQUESTS_PER_SECOND, REQUESTS_BURST);
  expect(text).toContain(`Posts of one account, over all its sessions, are limited ${posts},`);
  expect(text).toContain(`all other requests of a session ${others})`);
});
