import { expect, test } from "bun:test";

import { FAULTS, placeholderCount } from "../../src/base/fault.ts";
import { VERBS } from "../../src/commands/table.ts";
import { ENGLISH_FAULTS } from "../../src/ui/messages/en/faults.ts";
import { INDONESIAN_PROBLEMS } from "../../src/ui/messages/id/class-list.ts";
import { INDONESIAN_TEMPLATES } from "../../src/ui/messages/id/fault-templates.ts";
import type { Source } from "../tidy/source.ts";
import { SOURCES, templatesIn } from "./fault-sources.ts";

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
  const value = String.raw`(?:\$\{(?:[^\`{}]|\{[^\`{}]*\}|\`[^\`]*\`)*\}|\{\})`;
  return new RegExp(`(["'\`])${parts.join(value)}\\1`);
}

/** Parts of the program whose faults end a command, or the server, before a full screen is open. */
const ELSEWHERE = [
  ...["cli/export/", "cli/history/", "cli/import/", "cli/release/", "cli/secrets", "cli/serve/"],
  ...["commands/", "crypto/identity", "io/backup/", "io/http/", "io/nats/", "io/quic/listener"],
  ...["io/ws/listener", "io/disk/data-folder", "io/disk/lock", "io/link/memory"],
  ...["io/file/program-replacement", "server/http/", "server/push/", "server/queue/"],
  // Reasons of lines of a class list have a table of their own.
  "core/people/",
];

function isElsewhere({ path }: Source): boolean {
  return ELSEWHERE.some((part) => path.startsWith(part));
}

/** More parts whose faults no full screen shows, or which the page shows by their codes. */
const NO_SCREENS = [
  ...["cli/connect/discover", "cli/connect/root", "cli/context", "cli/doctor/", "cli/lan/"],
  ...["cli/parser", "cli/program", "cli/settings", "cli/share/", "cli/verify/", "cli/web/"],
  ...["base/csv", "core/cluster/", "core/irc/", "crypto/certificate", "crypto/minisign"],
  ...["io/archive/", "io/cluster/", "io/lan/", "io/link/certificate", "io/probe/", "io/push/"],
  ...["io/terminal/", "server/admin/", "wire/lan", "web/"],
];

/** The page shows the texts of these codes instead of the fault's own. */
const BY_CODE: ReadonlySet<string> = new Set(Object.keys(ENGLISH_FAULTS));

/** Fixed texts and remedies that need no tag. */
const FIXED_UNTRANSLATED: Readonly<Record<string, string>> = {
  "the message is too large": "the text of the code says the same",
  "the message exceeds the peer's limit": "the text of the code says the same",
  "encrypted rooms do not work here, because this page cannot encrypt": "only the page asks for it",
  "only its owner can set the picture of an account": "only the page sets pictures",
  "invalid token": "tokens are for scripts",
  "client exceeded the connection limits": "our clients never do",
  "a hand-over is from a device that may not send it": "our clients never do",
  "logged out": "a program that logs out ends",
  interrupted: "a program that is interrupted ends",
  "this IRC password was revoked": "IRC clients show it",
  "this requires a device, and IRC clients have none": "IRC clients show it",
  "an invite is either for a user or for a program": "chat invite asks for it",
  "a token is limited to one room": "chat admin token asks for it",
  "specify either a user or an address": "chat admin asks for it",
  "specify either a user or a room": "chat admin asks for it",
  "too many transfers are being cancelled": "chat admin asks for it",
  "use the complete file that chat verify --seq wrote": "chat verify asks for it",
  "start at chunk 0": "our clients do",
  "a reply in a thread needs the number of a message": "our clients send one",
  "an imported message must have an author": "our clients send one",
  "an encrypted message cannot include unencrypted text": "our clients never do",
  "the commit does not match its request": "our clients never do",
  "a new group must contain only the device that creates it": "our clients never do",
  "a device is already in the group": "our clients make the change again",
  "a device cannot revert its own commit": "our clients never do",
  "the device to be removed is not in the group": "our clients make the change again",
  "this file was completed with different content": "our clients never do",
  "this preview belongs to another file": "our clients never do",
  "a post lists each file once": "our clients never list a file twice",
  "this file is already complete": "our clients never do",
  "this data channel is for one download only": "our clients never do",
  "the folder's size is smaller than its list of files": "our clients never do",
  "a preview or a hand-over is one file": "our clients never do",
};

interface FixedTexts {
  readonly code: string;
  /** `undefined` if it has the tag or values. */
  readonly message: string | undefined;
  readonly isTemplate: boolean;
  readonly remedies: readonly string[];
}

const TEXT = String.raw`"((?:[^"\\]|\\.)*)"`;
const FAULT = new RegExp(String.raw`^new Fault\(\s*"([\w-]+)",\s*(?:${TEXT}|(msg\`))?`);

/** Returns the untagged texts of each fault that the source makes. */
function fixedTextsIn({ text, code }: Source): FixedTexts[] {
  return [...code.matchAll(/\bnew Fault\(/g)].flatMap(({ index, 0: start }) => {
    let end = index + start.length;
    for (let depth = 1; depth > 0; end++) {
      if (code[end] === "(") depth++;
      else if (code[end] === ")") depth--;
    }
    const call = text.slice(index, end).replaceAll(/" \+\s*"/g, "");
    const [, faultCode, message, tag] = FAULT.exec(call) ?? [];
    if (faultCode === undefined) return [];
    const remedies = [...call.matchAll(new RegExp(`remedy: ${TEXT}`, "g"))];
    return {
      code: faultCode,
      message,
      isTemplate: tag !== undefined,
      remedies: remedies.map(([, remedy = ""]) => remedy),
    };
  });
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

test("every fixed text that a full screen can show has the tag, or says why not", () => {
  const shown = SOURCES.filter(
    (source) => !isElsewhere(source) && !NO_SCREENS.some((part) => source.path.startsWith(part)),
  );
  const texts = shown.flatMap((source) =>
    fixedTextsIn(source).flatMap(({ code, message, isTemplate, remedies }) => {
      const messages = message !== undefined && !BY_CODE.has(code) ? [message] : [];
      // The screen shows a remedy after a translated message only.
      const untagged = [...messages, ...(isTemplate ? remedies : [])];
      return untagged.map((text) => ({ text, path: source.path }));
    }),
  );
  const missing = texts.filter(({ text }) => !Object.hasOwn(FIXED_UNTRANSLATED, text));
  expect(missing.map(({ text, path }) => `${path}: ${text}`)).toEqual([]);
  const found = new Set(texts.map(({ text }) => text));
  expect(Object.keys(FIXED_UNTRANSLATED).filter((text) => !found.has(text))).toEqual([]);
});

/** Messages about a command that the user has typed. */
const TYPED = ["unknown option for /join: {}"];

test("a remedy has its commands as values, for which the page has its own words", () => {
  const names = Object.keys(VERBS).join("|");
  const command = new RegExp(String.raw`\bchat (?:${names})\b|(?:^|[ :])/[a-z]`);
  const texts = SOURCES.filter((source) => !isElsewhere(source)).flatMap(templatesIn);
  const user = Object.values(FAULTS).filter(({ blame }) => blame === "user");
  const remedies = user.map(({ remedy }) => remedy.template);
  expect([...texts, ...remedies].filter((text) => command.test(text)).sort()).toEqual(TYPED);
});

test("the remedies of codes are translated", () => {
  const remedies = Object.values(FAULTS).map(({ remedy }) => remedy.template);
  expect(remedies.filter((remedy) => !Object.hasOwn(INDONESIAN_TEMPLATES, remedy))).toEqual([]);
});

test("no text is both translated and listed as untranslated, and none is listed in vain", () => {
  const found = new Set(SOURCES.flatMap(templatesIn));
  const listed = Object.keys(UNTRANSLATED);
  expect(listed.filter((template) => Object.hasOwn(INDONESIAN_TEMPLATES, template))).toEqual([]);
  expect(listed.filter((template) => !found.has(template))).toEqual([]);
});

test("every reason of a line of a class list is translated, with its values", () => {
  const people = SOURCES.filter(({ path }) => path.startsWith("core/people/"));
  const templates = [...new Set(people.flatMap(templatesIn))];
  expect(Object.keys(INDONESIAN_PROBLEMS).sort()).toEqual(templates.sort());
  const counts = Object.entries(INDONESIAN_PROBLEMS).map((texts) => texts.map(placeholderCount));
  expect(counts.filter(([english, indonesian]) => english !== indonesian)).toEqual([]);
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
