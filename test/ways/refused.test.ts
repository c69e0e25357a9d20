import { expect, test } from "bun:test";
import { Fault, fillTemplate, placeholderCount } from "../../src/base/fault.ts";
import { faultLine } from "../../src/cli/context.ts";
import { faultJson } from "../../src/cli/errors.ts";
import { faultLineIn, screenTexts } from "../../src/cli/screen/text/texts.ts";
import { refuse } from "../../src/core/irc/channels.ts";
import type { IrcSession } from "../../src/core/irc/session.ts";
import { faultResponse } from "../../src/server/http/post-api.ts";
import { ENGLISH } from "../../src/ui/messages/en/page.ts";
import { INDONESIAN_TEMPLATES } from "../../src/ui/messages/id/fault-templates.ts";
import { INDONESIAN } from "../../src/ui/messages/id/page.ts";
import { faultText } from "../../src/ui/text/fault-text.ts";
import { userFaults } from "../ui/fault-sources.ts";
import { testRule } from "./rule.ts";

type TextOf = (fault: Fault) => string | Promise<string>;

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

async function httpText(fault: Fault): Promise<string> {
  const { message } = (await faultResponse(fault).json()) as { readonly message: string };
  return message;
}

const FAULTS_OF_USERS = userFaults();

async function saysOwnSentence(textOf: TextOf, isTranslated = false): Promise<void> {
  expect(FAULTS_OF_USERS.length).toBeGreaterThan(200);
  const others: string[] = [];
  for (const { code, message: template, path } of FAULTS_OF_USERS) {
    const values = Array.from({ length: placeholderCount(template) }, (_, i) => `value${i}`);
    const message = { text: fillTemplate(template, values), template, values };
    const own = Object.hasOwn(INDONESIAN_TEMPLATES, template)
      ? INDONESIAN_TEMPLATES[template]
      : undefined;
    const sentence = isTranslated ? fillTemplate(own ?? template, values) : message.text;
    // The page begins each sentence with a capital letter.
    const isOwn = (await textOf(new Fault(code, message))).includes(sentence.slice(1));
    if (!isOwn) others.push(`${path}: ${template}`);
  }
  expect(others).toEqual([]);
}

testRule("a refusal says its own sentence", "be refused", {
  page: async () => {
    await saysOwnSentence((fault) => faultText(fault, ENGLISH));
    await saysOwnSentence((fault) => faultText(fault, INDONESIAN), true);
  },
  "full screen": async () => {
    await saysOwnSentence((fault) => faultLineIn(screenTexts("en"), fault));
    await saysOwnSentence((fault) => faultLineIn(screenTexts("id"), fault), true);
  },
  "line mode": () => saysOwnSentence(faultLine),
  "join --json": () => saysOwnSentence((fault) => faultJson(fault).message),
  command: () => saysOwnSentence(faultLine),
  "command --json": () => saysOwnSentence((fault) => faultJson(fault).message),
  IRC: () => saysOwnSentence(ircText),
  HTTP: () => saysOwnSentence(httpText),
  webhook: () => saysOwnSentence(httpText),
});

test("a remedy names no command of the shell on the page", () => {
  const shown = FAULTS_OF_USERS.map(({ code, remedy }) => {
    const values = Array.from({ length: placeholderCount(remedy ?? "") }, () => "chat join");
    const detail = { text: fillTemplate(remedy ?? "", values), template: remedy ?? "", values };
    return faultText(new Fault(code, "refused", { remedy: detail }), ENGLISH);
  });
  expect(shown.filter((text) => text.includes("chat join"))).toEqual([]);
});
