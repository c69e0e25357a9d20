import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type FAULTS, Fault, msg } from "../../../../src/base/fault.ts";
import { checkNewName, checkTypedName } from "../../../../src/base/new-names.ts";
import { cleanText } from "../../../../src/base/text.ts";
import { slashRows } from "../../../../src/cli/chat/slash.ts";
import { slashSummary } from "../../../../src/cli/chat/slash-grammar.ts";
import { faultLineIn, screenTexts } from "../../../../src/cli/screen/text/texts.ts";
import { Session } from "../../../../src/core/session/session.ts";
import { INDONESIAN_TEMPLATES } from "../../../../src/ui/messages/id/fault-templates.ts";
import { encode, type Outgoing } from "../../../../src/wire/codec.ts";
import { faultOf } from "../../../fault-code.ts";

const [english, indonesian] = [screenTexts("en"), screenTexts("id")];
const ROWS = Object.entries(INDONESIAN_TEMPLATES);

const SOURCES = [
  ...["slash", "slash-grammar", "slash-views", "slash-host"],
  ...["last-files", "post"],
].map((name) => `src/cli/chat/${name}.ts`);
const SHARED = ["src/ui/command.ts", "src/ui/commands.ts"];
const SEALED = ["rooms", "sealing", "identities", "lease"].map(
  (name) => `src/client/sealed/${name}.ts`,
);
const SCREEN = ["commands", "files", "client"].map((name) => `src/cli/screen/${name}.ts`);
const BEFORE = /new Fault\(\s*"[a-z-]+",\s*|usageFault\(|(?<=usageFault\(msg`[^`]*`), |remedy:\s*/
  .source;
const SAID = new RegExp(`(?:${BEFORE})(?:(msg)?\`((?:\\{\`[^\`]*\`|[^\`])*)\`|"([^"]*)")`, "g");

function lineOf(code: keyof typeof FAULTS, message: string | ReturnType<typeof msg>): string {
  return faultLineIn(indonesian, new Fault(code, message)).split(";")[0] ?? "";
}

function received(bye: object): Fault {
  const client = new Session("client", 0);
  const last = client.receive(encode({ kind: "bye", ...bye } as unknown as Outgoing), 0).at(-1);
  if (last?.kind !== "close" || last.fault === undefined) throw new Error("no fault came");
  return last.fault;
}

describe("faults in Indonesian", () => {
  test.each([...SOURCES, ...SHARED, ...SEALED, ...SCREEN])(
    "%s has no text that the table lacks",
    (path) => {
      const source = readFileSync(path, "utf8");
      for (const [, tag, template, plain = ""] of source.matchAll(SAID)) {
        if (plain === "interrupted") continue;
        const key =
          template?.replaceAll(/\$\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, "{}") ?? plain;
        expect([key, tag, Object.hasOwn(INDONESIAN_TEMPLATES, key)]).toEqual([key, "msg", true]);
      }
    },
  );

  test.each(ROWS)("%s keeps its values", (template, text) => {
    expect(text.split("{}")).toHaveLength(template.split("{}").length);
    expect(text).not.toBe(template);
  });

  test("each command has its summary", () => {
    const names = slashRows().map(({ name }) => name);
    expect(Object.keys(english.screen.slash).sort()).toEqual(names.sort());
    for (const name of names) {
      const [englishText, indonesianText] = [english, indonesian].map(({ screen }) =>
        slashSummary(screen, name),
      );
      expect([name, indonesianText]).not.toEqual([name, englishText]);
    }
  });

  test("display message and remedy", () => {
    const misuse = new Fault("usage", msg`invalid arguments`, {
      remedy: msg`usage: ${"/kick NAME"}`,
    });
    expect(faultLineIn(english, misuse)).toBe("invalid arguments; usage: /kick NAME");
    expect(faultLineIn(indonesian, misuse)).toBe("argumen tidak valid; cara pakai: /kick NAME");
    const refused = new Fault("not-allowed", "only moderators may do that");
    expect(faultLineIn(english, refused)).toBe("only moderators may do that; ask a moderator");
    expect(faultLineIn(indonesian, refused)).toBe("only moderators may do that; ask a moderator");
    const unknownFault = new Fault("usage", msg`that is new`);
    expect(faultLineIn(indonesian, unknownFault)).toBe("that is new; see chat --help");
    const same = faultOf(() => checkTypedName("a b"));
    expect(faultLineIn(indonesian, same ?? misuse)).toBe(
      "'a b' bukan nama pengguna yang valid; " +
        "pakai 1 sampai 32 huruf, angka, - atau _, tidak hanya angka, misalnya a-b",
    );
    const reserved = faultOf(() => checkNewName("server"));
    expect(faultLineIn(indonesian, reserved ?? misuse)).toStartWith(
      "'server' adalah nama yang dicadangkan",
    );
  });

  test("include the server's texts about message numbers", () => {
    const template = { text: "no message {}", values: ["99"] };
    const fault = received({
      code: "not-found",
      message: "no message 99",
      remedy: "why",
      template,
    });
    expect(faultLineIn(indonesian, fault)).toBe("tidak ada pesan 99; why");
  });

  test("are cleaned, because the server chooses their texts", () => {
    const fault = received({
      code: "not-allowed",
      message: "no\u202e\u001b[2J",
      remedy: "why\u202e",
    });
    expect(faultLineIn(english, fault)).toBe("no<U+202E>␛[2J; why<U+202E>");
  });

  test.each(ROWS)("do not translate a user's text equal to %s", (template) => {
    const message = template.replaceAll("{}", "x");
    for (const code of ["not-found", "usage"] as const) {
      expect(faultLineIn(indonesian, new Fault(code, message))).toStartWith(message);
      expect(lineOf(code, msg`${message}`)).toBe(message.split(";")[0] ?? "");
      expect(lineOf(code, msg`there is no '${message}' yet`)).toStartWith("there is no '");
    }
    const quoted = faultLineIn(
      indonesian,
      new Fault("usage", msg`unknown option for /join: ${message}`),
    );
    expect(quoted).toStartWith(`opsi /join tidak dikenal: ${message}; `);
    const remedy = faultLineIn(
      indonesian,
      new Fault("usage", msg`the message is empty`, { remedy: message }),
    );
    expect(remedy).toBe(`pesannya kosong; ${message}`);
  });
});

describe("a hostile server's template", () => {
  const text = "unknown option for /join: {}";
  const bye = { code: "usage", message: "no", remedy: "why" };

  test.each(["\u001b[2J\u001b]0;x\u0007", "\u202eabc", "\r\nfake", "{}", "$&", "a".repeat(256)])(
    "is filled with the cleaned value %p",
    (value) => {
      const fault = received({ ...bye, template: { text, values: [value] } });
      expect(faultLineIn(indonesian, fault)).toBe(
        `opsi /join tidak dikenal: ${cleanText(value)}; why`,
      );
      expect(faultLineIn(english, fault)).toBe("no; why");
    },
  );

  test.each([
    ["is not in the table", { text: "send your password to {}", values: ["eve"] }],
    ["is a name that every object has", { text: "toString", values: [] }],
    ["lacks a value", { text, values: [] }],
    ["has a value too many", { text, values: ["a", "b"] }],
  ])("is not displayed if it %s", (_, template) => {
    const fault = received({ ...bye, template, remedyTemplate: template });
    expect(faultLineIn(indonesian, fault)).toBe("no; why");
    const byCode = received({ ...bye, code: "not-allowed", template });
    expect(faultLineIn(indonesian, byCode)).toBe("no; why");
  });

  test("translates the message alone if only it has a template of the table", () => {
    const remedyTemplate = { text: "pay {}", values: ["eve"] };
    const template = { text, values: ["a"] };
    const fault = received({ ...bye, template, remedyTemplate });
    expect(faultLineIn(indonesian, fault)).toBe("opsi /join tidak dikenal: a; why");
  });
});
