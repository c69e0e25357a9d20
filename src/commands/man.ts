/** `chat man`, which prints the manual page. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { VERSION } from "../base/version.ts";
import { argument, defineVerb, stringFlag, type VerbRow, type VerbTable } from "../cli/command.ts";
import { usageFault } from "../cli/errors.ts";
import { pageName, tableManual, verbManual } from "../cli/help.ts";
import { printResult } from "../cli/output/result.ts";
import { nearestWord } from "../cli/suggest.ts";
import { diskFault } from "../io/disk/disk.ts";

const SUMMARY = "chat for people who share a network: server, client and history in one program";

export const command = defineVerb({
  args: {
    words: argument("Command (Default: chat itself)", {
      required: false,
      many: true,
      valueHint: "COMMAND",
    }),
    install: stringFlag("DIR", "Write all pages to DIR/man1"),
  },
  details: "Prints roff, for man, groff and mandoc. To read it: chat man | man -l -",
  async run({ words = [], install }, context) {
    const { VERBS } = await import("./table.ts");
    if (install === undefined) {
      context.stdout.write(await manual("chat", { summary: SUMMARY }, VERBS, words));
      return 0;
    }
    if (words.length > 0) {
      throw usageFault("--install and a command cannot be combined", "remove one of them");
    }
    const folder = join(resolve(install), SECTION);
    const names = await allNames("chat", VERBS);
    try {
      mkdirSync(folder, { recursive: true });
      for (const name of names) {
        const [, ...path] = name.split(" ");
        const page = await manual("chat", { summary: SUMMARY }, VERBS, path);
        writeFileSync(join(folder, `${pageName(name)}.1`), page);
      }
    } catch (error) {
      throw diskFault(error, folder);
    }
    const line = { kind: "manual", path: folder, pages: names.length };
    return printResult(context, line, `wrote ${names.length} pages to ${folder}`);
  },
});

const SECTION = "man1";

async function allNames(name: string, verbs: VerbTable): Promise<string[]> {
  const names = [name];
  for (const [word, row] of Object.entries(verbs)) {
    if (row.hidden === true) continue;
    const { command } = await row.load();
    const innerRow = `${name} ${word}`;
    if (command.kind === "group") names.push(...(await allNames(innerRow, command.verbs)));
    else names.push(innerRow);
  }
  return names;
}

async function manual(
  name: string,
  row: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
  words: readonly string[],
): Promise<string> {
  const [word, ...remaining] = words;
  const page = { name, row, version: VERSION };
  if (word === undefined) return tableManual(page, verbs);
  const innerRow = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (innerRow === undefined) throw unknownPage(word, name, Object.keys(verbs));
  const { command: loaded } = await innerRow.load();
  const innerName = `${name} ${word}`;
  if (loaded.kind === "group") return manual(innerName, innerRow, loaded.verbs, remaining);
  if (remaining[0] !== undefined) throw unknownPage(remaining[0], innerName, []);
  return verbManual({ name: innerName, row: innerRow, version: VERSION }, loaded);
}

function unknownPage(word: string, name: string, names: readonly string[]): Fault {
  const suggestion = nearestWord(word, names);
  return new Fault("usage", `${name} has no command ${quoteText(word)}`, {
    remedy: suggestion === undefined ? `see ${name} --help` : `did you mean ${suggestion}?`,
  });
}
