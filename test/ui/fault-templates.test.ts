import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { FAULTS, placeholderCount } from "../../src/base/fault.ts";
import { INDONESIAN_TEMPLATES } from "../../src/ui/messages/id/fault-templates.ts";
import { type Source, sourceOf } from "../tidy/source.ts";

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("ui/messages/id/"))
  .map((path) => sourceOf(path, readFileSync(`src/${path}`, "utf8")));

const SOURCE = SOURCES.map(({ text }) => text)
  .join("\n")
  // Join the parts of long texts.
  .replaceAll(/(["`]) \+\n\s*\1/g, "")
  // Quotes need no escape in a template.
  .replaceAll(/\\(["'`])/g, "$1");

function patternOf(template: string): RegExp {
  const parts = template
    .split("{}")
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`));
  const value = String.raw`(?:\$\{[^\`]*?\}|\{\})`;
  return new RegExp(`(["'\`])${parts.join(value)}\\1`);
}

/** Returns the templates of the tag `msg`, with `{}` in place of each value. */
function templatesIn({ text, code }: Source): string[] {
  return [...code.matchAll(/\bmsg`/g)].map(({ index }) => {
    let [template, at] = ["", index + "msg`".length];
    while (text[at] !== "`") {
      if (text.startsWith("${", at)) {
        template += "{}";
        for (let depth = 0; ; at++) {
          if (text[at] === "{") depth++;
          else if (text[at] === "}" && --depth === 0) break;
        }
      } else if (text[at] === "\\") template += text[++at];
      else template += text[at];
      at++;
    }
    return template;
  });
}

/** Parts of the program whose faults end a command, or the server, before a full screen is open. */
const ELSEWHERE = [
  ...["cli/export/", "cli/history/", "cli/import/", "cli/release/", "cli/secrets", "cli/serve/"],
  ...["commands/", "crypto/identity", "io/backup/", "io/http/", "io/nats/", "io/quic/listener"],
  ...["io/ws/listener", "io/disk/data-folder", "io/disk/lock", "io/link/memory"],
  ...["io/file/program-replacement", "server/http/", "server/push/", "server/queue/"],
];

function isElsewhere({ path }: Source): boolean {
  return ELSEWHERE.some((part) => path.startsWith(part));
}

/** The screen shows the text of these faults' codes instead. */
const UNTRANSLATED: Readonly<Record<string, string>> = {
  "{}: {}": "both values are the text of another fault or of the user",
  "'{}': {}": "the second value is the reason, in English",
  "roles: {}": "the value is the reason, in English",
  "{}: {} must be {}": "the last value is a list of what is allowed, in English",
  "{} not sent yet: {}": "the second value is the text of another fault",
  "{} exists, but {}": "the second value is the reason, in English",
  "{} is {}": "the second value is a role, in English",
  "{} is not {}": "the second value is a description, in English",
  "{} is not a chat server: it {}": "the second value says what the peer did, in English",
  "read receipts are already {}": "the value is a state, in English",
  "this invite {}": "the value is the reason, in English",
  "this file was offered with a different {}": "the value is a property, in English",
  "{} are active, which is the limit": "the value is a counted noun, in English",
  "malformed frame: {}": "the value is the reason, in English, for a developer",
  "invalid proof file: {}": "the value is the reason, in English",
  "{} is not transferring this file": "only the administration on the page asks for it",
};

test("every fault that a full screen can show is translated, or says why not", () => {
  const known = { ...INDONESIAN_TEMPLATES, ...UNTRANSLATED };
  const missing = SOURCES.filter((source) => !isElsewhere(source)).flatMap((source) =>
    templatesIn(source)
      .filter((template) => !Object.hasOwn(known, template))
      .map((template) => `${source.path}: ${template}`),
  );
  expect(missing).toEqual([]);
});

test("the remedies of codes are translated", () => {
  const remedies = Object.values(FAULTS).map(({ remedy }) => remedy);
  expect(remedies.filter((remedy) => !Object.hasOwn(INDONESIAN_TEMPLATES, remedy))).toEqual([]);
});

test("no text is both translated and listed as untranslated, and none is listed in vain", () => {
  const found = new Set(SOURCES.flatMap(templatesIn));
  const listed = Object.keys(UNTRANSLATED);
  expect(listed.filter((template) => Object.hasOwn(INDONESIAN_TEMPLATES, template))).toEqual([]);
  expect(listed.filter((template) => !found.has(template))).toEqual([]);
});

test("each translation has the placeholders of its template", () => {
  const wrong = Object.entries(INDONESIAN_TEMPLATES).filter(
    ([template, text]) => placeholderCount(template) !== placeholderCount(text),
  );
  expect(wrong).toEqual([]);
});

test.each(Object.keys(INDONESIAN_TEMPLATES))("%s is an English text of a fault", (template) => {
  expect(patternOf(template).test(SOURCE)).toBe(true);
});
