import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { VERSION } from "../base/version.ts";
import { defineVerb, type VerbRow, type VerbTable } from "../cli/command.ts";
import { tableManual, verbManual } from "../cli/manual.ts";
import { nearest } from "../cli/suggest.ts";

const SUMMARY = "chat for people who share a network: server, client and history in one program";

export const command = defineVerb({
  args: {
    words: {
      type: "positional",
      required: false,
      many: true,
      valueHint: "COMMAND",
      description: "Its page; left out: that of chat",
    },
  },
  details: "In roff, for man, groff and mandoc. Read it with: chat man | man -l -",
  async run({ words = [] }, context) {
    const { VERBS } = await import("./table.ts");
    context.stdout.write(await manual("chat", { summary: SUMMARY }, VERBS, words));
    return 0;
  },
});

async function manual(
  name: string,
  row: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
  words: readonly string[],
): Promise<string> {
  const [word, ...rest] = words;
  const page = { name, row, version: VERSION };
  if (word === undefined) return tableManual(page, verbs);
  const inner = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (inner === undefined) throw unknownPage(word, name, Object.keys(verbs));
  const { command: found } = await inner.load();
  const innerName = `${name} ${word}`;
  if (found.kind === "group") return manual(innerName, inner, found.verbs, rest);
  if (rest[0] !== undefined) throw unknownPage(rest[0], innerName, []);
  return verbManual({ name: innerName, row: inner, version: VERSION }, found);
}

function unknownPage(word: string, name: string, known: readonly string[]): Fault {
  const near = nearest(word, known);
  return new Fault("usage", `${name} has no command ${quoteText(word)}`, {
    remedy: near === undefined ? `see ${name} --help` : `did you mean ${near}?`,
  });
}
