import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { FlagDefs } from "../../src/cli/command.ts";
import { parseStrictly } from "../../src/cli/parser.ts";
import { nearestWord } from "../../src/cli/suggest.ts";

const DEFINITIONS = {
  target: { type: "positional", required: false },
  room: { type: "string", many: true, alias: "r", valueHint: "ROOM" },
  user: { type: "string" },
  passwordFile: { type: "string" },
  port: { type: "string", alias: "p", integer: { min: 0, max: 65_535 }, default: "2428" },
  transport: { type: "enum", options: ["auto", "tcp", "udp"] },
  json: { type: "boolean" },
  udp: { type: "boolean", default: true },
} as const satisfies FlagDefs;

function values(...argv: string[]) {
  const parsed = parseStrictly(DEFINITIONS, argv, "chat join");
  return parsed.kind === "values" ? parsed.values : parsed.kind;
}

function refusal(definitions: FlagDefs, ...argv: string[]): string {
  try {
    parseStrictly(definitions, argv, "chat join");
  } catch (error) {
    if (error instanceof Fault && error.exitCode === 2) return `${error.message}; ${error.remedy}`;
    throw error;
  }
  throw new Error(`${argv} was accepted`);
}

const DEFAULTS = {
  target: undefined,
  room: [],
  user: undefined,
  passwordFile: undefined,
  port: 2428,
  transport: undefined,
  json: false,
  udp: true,
};

describe("a valid command line", () => {
  test("can end with a flag without a value", () => {
    const definitions = { word: { type: "string", bareValue: "" } } as const satisfies FlagDefs;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat verify");
    expect(read("--word")).toMatchObject({ values: { word: "" } });
    expect(read("--word", "x")).toMatchObject({ values: { word: "x" } });
    expect(read()).toMatchObject({ values: { word: undefined } });
    expect(refusal(DEFINITIONS, "--user")).toContain("requires a value");
  });

  test("can end with a command, whose flags are not its own", () => {
    const definitions = {
      exec: { type: "string", many: true, rest: true, valueHint: "CMD" },
      follow: { type: "boolean", alias: "f" },
    } as const satisfies FlagDefs;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat history");
    const exec = ["sh", "-c", "cat", "--help", "-f", "--"];
    expect(read("-f", "--exec", ...exec)).toMatchObject({ values: { exec, follow: true } });
    expect(read("-f")).toMatchObject({ values: { exec: [] } });
    expect(refusal(definitions, "--exec")).toBe("--exec requires a value; write --exec CMD");
    expect(refusal(definitions, "--", "--exec", "sh")).toContain("unexpected argument '--exec'");
  });

  test("can use a second name of a flag", () => {
    const definitions = { last: { type: "string", alias: "n", synonym: "limit" } } as const;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat history");
    for (const argv of [["-n", "3"], ["--limit", "3"], ["--limit=3"], ["-n3"]]) {
      expect(read(...argv)).toMatchObject({ values: { last: "3" } });
    }
    expect(refusal(definitions, "-n", "3", "--limit", "4")).toContain("--limit given twice");
  });

  test("can list several words in one value", () => {
    const definitions = {
      kind: { type: "string", choices: ["text", "file", "join"], list: true },
    } as const satisfies FlagDefs;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat history");
    expect(read("--kind", "file, text")).toMatchObject({ values: { kind: "file,text" } });
    expect(refusal(definitions, "--kind", "text,flie")).toBe(
      "invalid value for --kind: 'flie'; did you mean file?",
    );
    expect(refusal(definitions, "--kind", "text,,file")).toStartWith(
      "invalid value for --kind: ''",
    );
  });

  test("can contain all kinds of flags in all spellings", () => {
    expect(values()).toEqual(DEFAULTS);
    const argv = ["--room", "a", "host", "--room=b", "-r", "c", "-p99", "--json", "--no-udp"];
    const given = { target: "host", room: ["a", "b", "c"], port: 99, json: true, udp: false };
    expect(values(...argv)).toEqual({ ...DEFAULTS, ...given });
    const others = { passwordFile: "-", transport: "udp", user: "-x", port: 0 } as const;
    expect(values("--password-file", "-", "--transport", "udp", "--user=-x", "-p", "0")).toEqual({
      ...DEFAULTS,
      ...others,
    });
  });

  test("contains only text after --", () => {
    expect(values("--", "--help")).toEqual({ ...DEFAULTS, target: "--help" });
    expect(values("--json", "--", "--json")).toEqual({ ...DEFAULTS, json: true, target: "--json" });
  });

  test("can pass several values for the last argument", () => {
    const definitions = { id: { type: "positional", many: true } } as const satisfies FlagDefs;
    expect(parseStrictly(definitions, ["1", "2", "3"], "v")).toEqual({
      kind: "values",
      values: { id: ["1", "2", "3"] },
      typedKeys: new Set(["id"]),
    });
    expect(refusal(definitions)).toStartWith("chat join needs ID");
  });
});

describe("an invalid command line", () => {
  test.each([
    [["--rom", "x"], "unknown flag '--rom'; did you mean --room?"],
    [["--no-json"], "unknown flag '--no-json'; put -- before text that begins with -"],
    [["--room"], "--room requires a value; write --room ROOM"],
    [["-rest"], "unknown flag '-rest'; put -- before text that begins with -, or write -r 'est'"],
    [["--room", "--json"], "--room requires a value before '--json'; write --room='--json'"],
    [["--user", "a", "--user", "b"], "--user given twice; use it once"],
    [["--json=yes"], "--json takes no value; write --json alone"],
    [["--port", "70000"], "invalid value for --port: '70000'; use a number from 0 to 65535"],
    [["--transport", "tpc"], "invalid value for --transport: 'tpc'; did you mean tcp?"],
    [["--transport", "smoke"], "invalid value for --transport: 'smoke'; use auto, tcp, udp"],
    [["a", "b"], "unexpected argument 'b': chat join takes one argument; quote text"],
    [["a", "b c"], "unexpected argument 'b c': chat join takes one argument; see chat join"],
  ])("%j", (argv, line) => {
    expect(refusal(DEFINITIONS, ...argv)).toStartWith(line);
  });

  test("reports missing flags and arguments", () => {
    expect(refusal({ text: { type: "positional" } })).toStartWith("chat join needs TEXT; see");
    const required = { newName: { type: "string", required: true } } as const;
    expect(refusal(required)).toStartWith("chat join needs --new-name");
    expect(refusal({}, "x")).toStartWith("unexpected argument 'x': chat join takes no arguments");
  });
});

test("suggests words for typing errors only", () => {
  const words = ["room", "user", "transport", "json"];
  const found = ["rooms", "tranpsort", "JSON", "x", "", "moor"].map((typed) =>
    nearestWord(typed, words),
  );
  expect(found).toEqual(["room", "transport", "json", undefined, undefined, undefined]);
});
