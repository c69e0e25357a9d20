import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { FAULTS } from "../src/base/fault.ts";
import {
  POSTS_BURST,
  POSTS_PER_SECOND,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
} from "../src/base/limits.ts";
import { type FlagDef, flagName } from "../src/cli/command.ts";
import { settingOf, variableOf } from "../src/cli/serve/settings.ts";
import { SERVE_FLAGS } from "../src/commands/serve.ts";
import { SLASH_ALIASES } from "../src/web/input/slash.ts";
import { runChat } from "./e2e/binary.ts";
import { GUIDES } from "./guides.ts";

/** Keeps the documents true, as far as a machine can check them. */

const ROOT = join(import.meta.dir, "..");
const DOCS = [
  ...GUIDES,
  "ARCHITECTURE.md",
  "DECISIONS.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "PROTOCOL.md",
  "data/README.md",
  "docs/performance.md",
];
/** Written by the bench: it says what was measured, and tells nobody what to type. */
const REPORT = "docs/performance.md";
/** What README says is not there yet. */
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

/** README and its pages, without the list of what does not work. */
function guides(): string {
  const [before = "", after = ""] = read("README.md").split(NOT_YET);
  const rest = after.slice(after.indexOf("\n## ") >>> 0);
  return [before, rest, ...GUIDES.slice(1).map(read)].join("\n");
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
async function flagsOf(...command: string[]): Promise<string[]> {
  const own = flagsIn(await helpOf(...command));
  const inner = await commandsInHelp(...command);
  const all = await Promise.all(inner.map((word) => flagsOf(...command, word)));
  return [...own, ...all.flat()];
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

test("every command is in README or its pages, and they name no other", async () => {
  const known = await commandsInHelp();
  expect(known.length).toBeGreaterThan(5);
  const verbsIn = (text: string) => new Set(callsIn(codeOf(text)).map(({ verb }) => verb));
  expect([...verbsIn(guides())].filter((verb) => !known.includes(verb))).toEqual([]);
  expect(known.filter((verb) => !verbsIn(guides()).has(verb))).toEqual([]);
});

test("every kind of line that a program may read is in docs/scripting", () => {
  const text = read("docs/scripting.md");
  const source = [...filesUnder("src/cli"), ...filesUnder("src/commands")].map(read).join("\n");
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
  const lines = codeOf(guides()).filter((line) => !/^\/|\b(?:npm|sudo|make|cp|curl)\b/.test(line));
  expect(lines.flatMap(flagsIn).filter((flag) => !all.has(flag))).toEqual([]);
  for (const { verb, flags, line } of callsIn(lines)) {
    const wrong = flags.filter((flag) => perCommand.get(verb)?.includes(flag) === false);
    expect({ line, wrong }).toEqual({ line, wrong: [] });
  }
});

test("README leads to every page, in the order in which the walk follows them", () => {
  const pages = [...read("README.md").matchAll(/^\| \[(docs\/[a-z]+\.md)\]\(\1\)/gm)];
  expect(pages.map(([, page]) => page)).toEqual(GUIDES.slice(1));
  expect(
    readdirSync(join(ROOT, "docs"))
      .filter((name) => name.endsWith(".md") && `docs/${name}` !== REPORT)
      .sort(),
  ).toEqual(
    GUIDES.slice(1)
      .map((path) => path.replace("docs/", ""))
      .sort(),
  );
  expect(read("README.md")).toContain(`(${REPORT})`);
  expect(read("README.md").split("\n").length).toBeLessThan(250);
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

/** A setting as `settings.toml` has it, with an example of its kind. */
function tomlExample(setting: string, definition: FlagDef): string {
  const hint = "valueHint" in definition ? definition.valueHint : undefined;
  if (definition.type === "boolean") return `${setting} = ${definition.default !== true}`;
  if (definition.type === "enum") return `${setting} = "${definition.options?.[0]}"`;
  if (definition.integer !== undefined) return `${setting} = 2500`;
  if (definition.many) return `${setting} = ["${hint}"]`;
  return `${setting} = "${hint === "SIZE" ? "2G" : hint}"`;
}

test("the table of settings in docs/serving is that of the flags", () => {
  const code = (text: string | undefined) => (text === undefined ? "" : `\`${text}\``);
  const rows = Object.entries(SERVE_FLAGS).map(([key, definition]: [string, FlagDef]) => {
    const isOn = definition.type === "boolean" && definition.default === true;
    const flag = `--${isOn ? "no-" : ""}${flagName(key)}`;
    const setting = settingOf(key);
    const toml = setting === undefined ? undefined : tomlExample(setting, definition);
    return `| ${code(flag)} | ${code(toml)} | ${code(variableOf(key))} |`;
  });
  const [, table = ""] = read("docs/serving.md").split("| ---- | --------------- | ----------- |");
  expect(table.trim().split("\n\n")[0]?.split("\n")).toEqual(rows);
});

test("every slash command is in README or its pages, and they name no other", () => {
  const source = filesUnder("src/cli/chat")
    .filter((path) => path.includes("/slash"))
    .map(read)
    .join("\n");
  const usages = [...source.matchAll(/usage: "\/([a-z]+)/g)].map(([, word = ""]) => word);
  const known = [...usages, ...Object.keys(SLASH_ALIASES), "sendall"];
  const code = codeOf(guides()).filter((word) => /^\/[a-z]/.test(word) && !word.startsWith("/tmp"));
  const named = new Set(code.map((word) => /^\/([a-z]+)/.exec(word)?.[1] ?? ""));
  expect(usages.length).toBeGreaterThan(10);
  expect(known.filter((word) => !named.has(word))).toEqual([]);
  expect([...named].filter((word) => !known.includes(word))).toEqual([]);
});

test("the environment variables in README and its pages are those of the program", () => {
  const source = filesUnder("src").map(read).join("\n");
  const settings = Object.keys(SERVE_FLAGS).map((key) => variableOf(key) ?? "");
  const inSource = new Set([
    ...(source.match(/\bCHAT_(?!VERSION|COMMIT)[A-Z_]+\b/g) ?? []),
    ...settings.filter((name) => name !== ""),
  ]);
  const inGuides = new Set(guides().match(/\bCHAT_[A-Z_]+\b/g));
  expect([...inGuides].sort()).toEqual([...inSource].sort());
});

test("the exit codes in docs/scripting are those of the faults", () => {
  const [, section = ""] = read("docs/scripting.md").split("## Exit codes");
  const [table = ""] = section.split("\n##");
  const inPage = [...table.matchAll(/^\| *(\d+) *\|/gm)].map(([, code]) => Number(code));
  const codes = new Set([0, ...Object.values(FAULTS).map(({ exitCode }) => exitCode)]);
  expect(inPage).toEqual([...codes].sort((one, other) => one - other));
});

test("the map in ARCHITECTURE names every source file, and no other", () => {
  const text = read("ARCHITECTURE.md");
  const sections = [...text.matchAll(/^### (src\/[\w/-]+)\/\n(.*?)(?=^##)/gms)];
  const mapped = sections.flatMap(([, folder = "", section = ""]) =>
    [...section.matchAll(/^\| *(`.*?) *\|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w/-]+(?:\.d)?\.(?:tsx?|html|css|svg|png|json))`/g)].map(
        ([, name = ""]) => `${folder}/${name}`,
      ),
    ),
  );
  expect([...mapped, "src/main.ts"].sort()).toEqual(filesUnder("src").sort());
});

test.each(["a posted text", "a chunk"])("the way of %s names each file once", (what) => {
  const [, section = ""] = read("ARCHITECTURE.md").split(`## The way of ${what}\n`);
  const [way = ""] = section.split("\n## ");
  const steps = [...way.matchAll(/^(\d+)\. `(src\/[\w/.-]+)`/gm)];
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.map(([, number]) => Number(number))).toEqual(steps.map((_, index) => index + 1));
  expect(new Set(steps.map(([, , path]) => path)).size).toBe(steps.length);
  expect(way).toContain(` ${steps.length} files, each named once`);
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

const NUMBERS = [
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
  "twenty",
  "twenty-one",
  "twenty-two",
  "twenty-three",
];

test("DECISIONS has the numbers of dependencies and packages", async () => {
  const text = read("DECISIONS.md");
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
  const [, word = ""] = /^([\w-]+) at run time, each with one home/m.exec(text) ?? [];
  expect(NUMBERS.indexOf(word.toLowerCase()) + 10).toBe(Object.keys(dependencies).length);
  const licenses = (await runChat(["version", "--licenses", "--json"])).out.trim().split("\n");
  const [, packages = ""] = /brings along: (\d+) packages stand behind/.exec(text) ?? [];
  expect(Number(packages)).toBe(licenses.length - 2); // Without chat and bun.
});

test.if(process.platform === "linux" && process.arch === "x64")("DECISIONS has its size", () => {
  const text = read("DECISIONS.md");
  const [, megabytes = ""] = /(\d+) MB for Linux x64/.exec(text) ?? [];
  const size = statSync(join(ROOT, "dist", "chat")).size / 1e6;
  expect(Math.abs(size - Number(megabytes))).toBeLessThan(1.5);
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

test("SECURITY names tests that are there, each for a claim", () => {
  const [, table = ""] = read("SECURITY.md").split("## Which test holds what");
  const rows = (table.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| "));
  const named = rows.flatMap((row) => {
    const [, , file = "", name = ""] = row.split(/ ?\| ?/);
    const path = /^`(test\/[^`]+\.test\.ts)`$/.exec(file)?.[1];
    return path === undefined ? [] : [{ path, name: name.trim() }];
  });
  expect(named.length).toBeGreaterThan(70);
  expect(named.length).toBe(rows.length - 2); // The heading and the line below it.
  const missing = named.filter(({ path, name }) => {
    if (name.length < 10 || !existsSync(join(ROOT, path))) return true;
    const source = read(path);
    // As the name of a test: between quotes, or part of a template.
    return !source.includes(`"${name}"`) && !(source.includes("(`${") && source.includes(name));
  });
  expect(missing).toEqual([]);
});

test.each(["docs/terminal.svg", "docs/session.svg", "docs/performance.svg"])(
  "%s is a picture that a page may show as an image: small, without a script or an address",
  (path) => {
    const svg = read(path);
    expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(200_000);
    expect(svg).not.toMatch(/<script|\son\w+=|<foreignObject|@import|url\(/i);
    const links = [...svg.matchAll(/href="([^"]*)"/g)].map(([, to = ""]) => to);
    expect(links.filter((to) => !to.startsWith("#"))).toEqual([]);
  },
);

test("docs/session.svg shows its last moment where nothing may move", () => {
  const svg = read("docs/session.svg");
  const [, still = "", moving = ""] =
    /<style>(.*?)@media \(prefers-reduced-motion:no-preference\)\{(.*)\}<\/style>/.exec(svg) ?? [];
  expect(still).toBe(".s{visibility:hidden}.e{visibility:visible}");
  expect(moving).toContain("@keyframes");
  expect(svg.replaceAll("\u00a0", " ")).toContain("Search: 1 found");
});
