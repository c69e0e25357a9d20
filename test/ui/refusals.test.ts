import { expect, test } from "bun:test";
import { Fault, fillTemplate, placeholderCount } from "../../src/base/fault.ts";
import { faultLine } from "../../src/cli/context.ts";
import { faultJson } from "../../src/cli/errors.ts";
import { faultLineIn, screenTexts } from "../../src/cli/screen/text/texts.ts";
import { refuse } from "../../src/core/irc/channels.ts";
import type { IrcSession } from "../../src/core/irc/session.ts";
import { ENGLISH } from "../../src/ui/messages/en/page.ts";
import { INDONESIAN_TEMPLATES } from "../../src/ui/messages/id/fault-templates.ts";
import { INDONESIAN } from "../../src/ui/messages/id/page.ts";
import { faultText } from "../../src/ui/text/fault-text.ts";
import { userFaults } from "./fault-sources.ts";

/** Ways that show a refusal, with the text that its user reads. */
const WAYS = {
  page: (fault: Fault) => faultText(fault, ENGLISH),
  "page in Indonesian": (fault: Fault) => faultText(fault, INDONESIAN),
  "full screen": (fault: Fault) => faultLineIn(screenTexts("en"), fault),
  "full screen in Indonesian": (fault: Fault) => faultLineIn(screenTexts("id"), fault),
  "line mode and commands": faultLine,
  JSON: (fault: Fault) => faultJson(fault).message,
  IRC: ircText,
} satisfies Readonly<Record<string, (fault: Fault) => string>>;

/** What the gateway sends of a fault: the last parameter of a numeric or a standard reply. */
function ircText(fault: Fault): string {
  const sent: string[] = [];
  const session: Pick<IrcSession, "numeric" | "fail"> = {
    numeric: (_code, ...parameters) => sent.push(parameters.at(-1) ?? ""),
    fail: (_command, _code, _context, text) => sent.push(text),
  };
  refuse(session as IrcSession, fault, "#lab");
  return sent.join("\n");
}

const FAULTS_OF_USERS = userFaults();

test.each(Object.entries(WAYS))("a refusal says its own sentence: %s", (way, textOf) => {
  const isTranslated = way.endsWith("Indonesian");
  expect(FAULTS_OF_USERS.length).toBeGreaterThan(200);
  const others = FAULTS_OF_USERS.filter(({ code, message: template }) => {
    const values = Array.from({ length: placeholderCount(template) }, (_, i) => `value${i}`);
    const message = { text: fillTemplate(template, values), template, values };
    const own = Object.hasOwn(INDONESIAN_TEMPLATES, template)
      ? INDONESIAN_TEMPLATES[template]
      : undefined;
    const sentence = isTranslated ? fillTemplate(own ?? template, values) : message.text;
    // The page begins each sentence with a capital letter.
    return !textOf(new Fault(code, message)).includes(sentence.slice(1));
  });
  expect(others.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
});

test("a remedy names no command of the shell on the page", () => {
  const shown = FAULTS_OF_USERS.map(({ code, remedy }) => {
    const values = Array.from({ length: placeholderCount(remedy ?? "") }, () => "chat join");
    const detail = { text: fillTemplate(remedy ?? "", values), template: remedy ?? "", values };
    return faultText(new Fault(code, "refused", { remedy: detail }), ENGLISH);
  });
  expect(shown.filter((text) => text.includes("chat join"))).toEqual([]);
});
