import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type FlagDefs,
  flagName,
  type Verb,
  type VerbRow,
  type VerbTable,
} from "../../src/cli/command.ts";
import { GLOBAL_FLAGS } from "../../src/cli/flags.ts";
import { parseStrictly } from "../../src/cli/parser.ts";
import { runProgram } from "../../src/cli/program.ts";
import { VERBS } from "../../src/commands/table.ts";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";
import { type FakeWorld, fakeWorld } from "./fake-world.ts";

const PROGRAM = { name: "chat", summary: "", verbs: VERBS };

async function run(...argv: string[]) {
  return runOn(fakeWorld(), argv);
}

async function runOn(world: FakeWorld, argv: readonly string[]) {
  const exitCode = await runProgram(PROGRAM, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

interface Leaf {
  readonly path: readonly string[];
  readonly row: VerbRow;
  readonly verb: Verb;
}

async function leaves(table: VerbTable, path: readonly string[] = []): Promise<Leaf[]> {
  const found: Leaf[] = [];
  for (const [word, row] of Object.entries(table)) {
    const { command } = await row.load();
    const inner = [...path, word];
    if (command.kind === "group") found.push(...(await leaves(command.verbs, inner)));
    else found.push({ path: inner, row, verb: command });
  }
  return found;
}

const LEAVES = (await leaves(VERBS)).filter(({ row }) => row.hidden !== true);
const NAMED = LEAVES.map((leaf) => [leaf.path.join(" "), leaf] as const);

function shellWords(line: string): string[] {
  // A shell replaces an unquoted ~.
  const bareWord = (word: string) => word.replace(/^~(?=\/|$)/, "/home/ana");
  return [...line.matchAll(/["']([^"']*)["']|(\S+)/g)].map(
    ([, quoted, bare = ""]) => quoted ?? bareWord(bare),
  );
}

test.each(NAMED)("%s has valid examples", (_, { path, row, verb }) => {
  const examples = row.examples ?? [];
  expect(examples).not.toBeEmpty();
  for (const example of examples) {
    const words = shellWords(example);
    const begin = words.indexOf("chat") + 1;
    expect(words.slice(begin, begin + path.length)).toEqual([...path]);
    const end = words.findIndex((word) => word === "|" || word === ">");
    // A pipe or variables may precede the command, and another pipe may follow it.
    const argv = words.slice(begin + path.length, end > begin ? end : undefined);
    const flags = { ...verb.args, ...GLOBAL_FLAGS };
    expect(parseStrictly(flags, argv, example).kind).toBe("values");
  }
});

test.each(NAMED)("%s has no two flags with the same letter or name", (_, { verb }) => {
  const definitions: FlagDefs = { ...verb.args, ...GLOBAL_FLAGS };
  const names = Object.entries(definitions).flatMap(([key, { alias = [], synonym = [] }]) =>
    [flagName(key), alias, synonym].flat(),
  );
  expect(names).toEqual([...new Set(names)]);
});

test("the help text lists each command in a group", async () => {
  const { out } = await run("--help");
  const [, table = ""] = out.split("COMMANDS\n\n");
  const words = (table.split("\n\n")[0] ?? "").trim().split(/\s+/);
  const headings = words.filter((word) => /^[A-Z]/.test(word));
  expect(headings).toEqual(["Talk", "Files", "History", "Account", "Server", "Program"]);
  const visible = Object.entries(VERBS).flatMap(([name, { hidden }]) => (hidden ? [] : name));
  expect(words.filter((word) => !headings.includes(word))).toEqual(visible);
});

describe("the manual", () => {
  test("rejects an unknown command", async () => {
    expect((await run("man", "sedn")).err).toEndWith("'sedn'; did you mean send?\n");
    expect((await run("man", "send", "more")).exitCode).toBe(2);
  });

  requires("groff").test("is roff without a warning, and shows each word", async () => {
    const groups = [[], ["admin"], ["admin", "room"]];
    const pages: string[] = [];
    for (const words of [...groups, ...LEAVES.map(({ path }) => path)]) {
      pages.push((await run("man", ...words)).out);
    }
    const groff = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"];
    const { stdout, stderr } = Bun.spawnSync(groff, { stdin: Buffer.from(pages.join("")) });
    expect(stderr.toString()).toBe("");
    expect(stdout.toString().match(/^EXIT STATUS$/gm)).toHaveLength(pages.length);
    expect(stdout.toString()).not.toMatch(/\\[a-z&(]|^\.[A-Z]{2}/m);
  });

  test("is plain text on a terminal without man and a pager", async () => {
    for (const words of [[], ["admin"], ...LEAVES.map(({ path }) => path)]) {
      const world = fakeWorld({ terminal: true, env: { PATH: "/nonexistent" } });
      const { exitCode, out } = await runOn(world, ["man", ...words]);
      expect([exitCode, out]).toEqual([0, expect.stringContaining("SYNOPSIS\n\n  chat")]);
      expect(out).not.toMatch(/\\[a-z&(]|^\.[A-Z]{2}/im);
    }
  });

  test("is opened with man on a terminal", async () => {
    const folder = tempFolder();
    const copy = join(folder, "copy.1");
    writeFileSync(join(folder, "man"), `#!/bin/sh\ncp "$1" ${copy}\n`, { mode: 0o755 });
    const PATH = `${folder}:${process.env["PATH"]}`;
    const world = fakeWorld({ terminal: true, env: { PATH } });
    expect(await runOn(world, ["man", "send"])).toEqual({ exitCode: 0, out: "", err: "" });
    expect(readFileSync(copy, "utf8")).toBe((await run("man", "send")).out);
  });

  test("writes each page to a file, replacing existing ones", async () => {
    const folder = tempFolder();
    const pages = join(folder, "share", "man", "man1");
    const install = ["man", "--install", join(folder, "share", "man")];
    const names = LEAVES.map(({ path }) => ["chat", ...path].join("-"));
    const all = ["chat", "chat-admin", "chat-admin-room", "chat-cluster", ...names].map(
      (name) => `${name}.1`,
    );
    const said = `chat: wrote ${all.length} pages to ${pages}\n`;
    expect(await run(...install)).toEqual({ exitCode: 0, out: "", err: said });
    expect(readdirSync(pages).sort()).toEqual(all.sort());
    const kick = () => readFileSync(join(pages, "chat-admin-kick.1"), "utf8");
    expect(kick()).toBe((await run("man", "admin", "kick")).out);
    writeFileSync(join(pages, "chat-admin-kick.1"), "old");
    const json = { kind: "manual", path: pages, pages: all.length };
    expect(JSON.parse((await run(...install, "--json")).out)).toEqual(json);
    expect(kick()).toStartWith('.TH "CHAT');
    const beneath = await run("man", "--install", join(pages, "chat.1"));
    expect([beneath.exitCode, beneath.err]).toEqual([1, expect.stringContaining("chat.1/man1")]);
    expect((await run("man", "send", "--install", folder)).exitCode).toBe(2);
  });
});
