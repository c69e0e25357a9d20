import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { defineVerb, type FlagDefs } from "../../src/cli/command.ts";
import { parseStrictly } from "../../src/cli/parser.ts";
import { nearest } from "../../src/cli/suggest.ts";

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

describe("what is understood", () => {
  test("a flag that may stand alone at the end", () => {
    const definitions = { word: { type: "string", alone: "" } } as const satisfies FlagDefs;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat verify");
    expect(read("--word")).toMatchObject({ values: { word: "" } });
    expect(read("--word", "x")).toMatchObject({ values: { word: "x" } });
    expect(read()).toMatchObject({ values: { word: undefined } });
    expect(refusal(DEFINITIONS, "--user")).toContain("needs a value");
  });

  test("several words of a list, in one value", () => {
    const definitions = {
      kind: { type: "string", words: ["text", "file", "join"], list: true },
    } as const satisfies FlagDefs;
    const read = (...argv: string[]) => parseStrictly(definitions, argv, "chat history");
    expect(read("--kind", "file, text")).toMatchObject({ values: { kind: "file,text" } });
    expect(read("--kind", "join")).toMatchObject({ values: { kind: "join" } });
    expect(refusal(definitions, "--kind", "text,flie")).toBe(
      "'flie' is no value of --kind; did you mean file?",
    );
    for (const text of ["", ",", "text,,file", "text,"]) {
      expect(refusal(definitions, "--kind", text)).toBe(
        "'' is no value of --kind; use text, file, join",
      );
    }
  });

  test("nothing: the defaults", () => expect(values()).toEqual(DEFAULTS));

  test("every kind of flag, in every spelling", () => {
    expect(
      values("--room", "a", "host", "--room=b", "-r", "c", "-p99", "--json", "--no-udp"),
    ).toEqual({
      ...DEFAULTS,
      target: "host",
      room: ["a", "b", "c"],
      port: 99,
      json: true,
      udp: false,
    });
    expect(values("--password-file", "-", "--transport", "udp", "--user=-x", "-p", "0")).toEqual({
      ...DEFAULTS,
      passwordFile: "-",
      transport: "udp",
      user: "-x",
      port: 0,
    });
  });

  test("a number may be as large as numbers are", () => {
    const flags = { last: { type: "string", integer: { min: 1, max: Number.MAX_SAFE_INTEGER } } };
    const read = (text: string) => parseStrictly(flags as FlagDefs, ["--last", text], "chat");
    expect(read("9007199254740991")).toMatchObject({ values: { last: 9007199254740991 } });
    expect(() => read("9007199254740992")).toThrow(Fault);
  });

  test("behind -- everything is text", () => {
    expect(values("--", "--help")).toEqual({ ...DEFAULTS, target: "--help" });
    expect(values("--json", "--", "--json")).toEqual({ ...DEFAULTS, json: true, target: "--json" });
  });

  test("help wins over mistakes", () => {
    expect(values("--help")).toBe("help");
    expect(values("x", "y", "--bogus", "-h")).toBe("help");
  });

  test("the last argument may take all that is left", () => {
    const definitions = { id: { type: "positional", many: true } } as const satisfies FlagDefs;
    expect(parseStrictly(definitions, ["1", "2", "3"], "v")).toEqual({
      kind: "values",
      values: { id: ["1", "2", "3"] },
      given: new Set(["id"]),
    });
    expect(refusal(definitions)).toStartWith("chat join needs ID");
  });
});

describe("what is refused", () => {
  test.each([
    [["--rom", "x"], "unknown flag '--rom'; did you mean --room?"],
    [["--raom", "x"], "unknown flag '--raom'; did you mean --room?"],
    [["--usre=x"], "unknown flag '--usre'; did you mean --user?"],
    [["--pasword-file", "x"], "unknown flag '--pasword-file'; did you mean --password-file?"],
    [["--no-json"], "unknown flag '--no-json'; write -- before text that begins with -"],
    [["--bogus"], "unknown flag '--bogus'; write -- before text"],
    [["-5 degrees"], "unknown flag '-5'; write -- before text"],
    [["--toString"], "unknown flag '--toString'"],
    [["--__proto__", "x"], "unknown flag '--__proto__'"],
    [["--room"], "--room needs a value; write --room ROOM"],
    [["--room", "--json"], "--room needs a value before '--json'; write --room='--json'"],
    [["--user", "a", "--user", "b"], "--user was given twice; give it once"],
    [["--json", "--json"], "--json was given twice"],
    [["--udp", "--no-udp"], "--no-udp was given twice"],
    [["--json=yes"], "--json takes no value; write --json alone"],
    [["--no-udp=1"], "--no-udp takes no value"],
    [["--port", "70000"], "'70000' is no value of --port; use a number from 0 to 65535"],
    [["--port", "1e3"], "'1e3' is no value of --port"],
    [["--port", "0x10"], "'0x10' is no value of --port"],
    [["--port="], "'' is no value of --port"],
    [["--transport", "tpc"], "'tpc' is no value of --transport; did you mean tcp?"],
    [["--transport", "smoke"], "'smoke' is no value of --transport; use auto, tcp, udp"],
    [["a", "b"], "chat join takes one argument, and 'b' is one more; put words"],
    [["--", "a", "--help"], "chat join takes one argument, and '--help' is one more"],
  ])("%j", (argv, line) => {
    expect(refusal(DEFINITIONS, ...argv)).toStartWith(line);
  });

  test("what is missing", () => {
    expect(refusal({ text: { type: "positional" } })).toStartWith("chat join needs TEXT; see");
    const required = { newName: { type: "string", required: true } } as const;
    expect(refusal(required)).toStartWith("chat join needs --new-name");
    expect(refusal({}, "x")).toStartWith("chat join takes no arguments, and 'x' is one more");
  });

  test("any words are values, help or the user's fault in one line", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom("--room", "-r", "--", "-", "--no-udp", "--json", "x", "-pz", "--p=1"),
            fc.string({ unit: "binary" }),
          ),
          { maxLength: 6 },
        ),
        (argv) => {
          try {
            parseStrictly(DEFINITIONS, argv, "chat join");
          } catch (error) {
            expect(error instanceof Fault && error.exitCode).toBe(2);
            expect(error instanceof Fault && /[\x00-\x1f]/.test(error.message)).toBe(false);
          }
        },
      ),
    ));
});

test("a verb's values have the types of its definitions", () => {
  const verb = defineVerb({
    args: DEFINITIONS,
    async run(args) {
      const target: string | undefined = args.target;
      const rooms: readonly string[] = args.room;
      const port: number = args.port;
      const transport: "auto" | "tcp" | "udp" | undefined = args.transport;
      const json: boolean = args.json;
      return [target, rooms, port, transport, json].length;
    },
  });
  expect(verb.kind).toBe("verb");
});

test("nearest finds slips, not other words", () => {
  const words = ["room", "user", "transport", "json"];
  expect(nearest("rooms", words)).toBe("room");
  expect(nearest("tranpsort", words)).toBe("transport");
  expect(nearest("JSON", words)).toBe("json");
  expect(nearest("x", words)).toBeUndefined();
  expect(nearest("", words)).toBeUndefined();
  expect(nearest("moor", words)).toBeUndefined();
});
