import { describe, expect, test } from "bun:test";
import { assert } from "../../src/base/assert.ts";
import { Fault } from "../../src/base/fault.ts";
import { defineGroup, defineVerb, type Verb, type VerbGroup } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/program.ts";
import { createLog } from "../../src/cli/serve/print.ts";
import { fakeContext, fakeWorld } from "../commands/fake-world.ts";

const echo = defineVerb({
  args: {
    text: { type: "positional", required: false, description: "What to print" },
    times: { type: "string", integer: { min: 1, max: 9 }, default: "1", description: "How often" },
    loud: { type: "boolean", default: true, negativeDescription: "Whisper" },
    to: { type: "string", many: true, valueHint: "TARGET", description: "For whom" },
  },
  details: "EXAMPLES\n  chat echo hello",
  async run(args, context) {
    context.stdout.write(JSON.stringify({ ...args, json: context.json, debug: context.debug }));
    return 0;
  },
});

const failing = (error: () => Error): Verb =>
  defineVerb({
    args: {},
    async run() {
      throw error();
    },
  });

const row = (command: Verb | VerbGroup) => ({
  summary: `Does ${command.kind}`,
  load: async () => ({ command }),
});

const PROGRAM = {
  name: "chat",
  summary: "Chat",
  verbs: {
    echo: row(echo),
    trust: row(defineGroup({ list: row(echo), accept: row(echo) })),
    version: row(echo),
    taken: row(failing(() => new Fault("name-taken", "the name 'ana'\nis taken"))),
    bug: row(failing(() => new TypeError("x is not a function"))),
    broken: row(
      failing(() => {
        assert(false, "the sky is up");
        return new Error();
      }),
    ),
    secret: { ...row(echo), hidden: true as const },
  },
};

async function run(argv: readonly string[]) {
  const world = fakeWorld();
  const exitCode = await runProgram(PROGRAM, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

describe("verbs", () => {
  test("receive their values and the global flags", async () => {
    const { exitCode, out, err } = await run(["--json", "echo", "hi", "--debug", "--no-loud"]);
    const values = { text: "hi", times: 1, loud: false, to: [], json: true, debug: true };
    expect(JSON.parse(out)).toMatchObject(values);
    expect([exitCode, err]).toEqual([0, ""]);
  });

  test("of a group run, or are listed", async () => {
    expect((await run(["trust", "list", "x"])).exitCode).toBe(0);
    expect((await run(["trust", "lst"])).err).toBe(
      "chat: unknown command 'lst'; did you mean chat trust list?\n",
    );
    const bare = await run(["trust"]);
    expect([bare.exitCode, bare.out]).toEqual([2, ""]);
    expect(bare.err).toContain("USAGE chat trust COMMAND");
  });

  test.each(["toString", "constructor", "__proto__", "hasOwnProperty"])(
    "%s is none",
    async (word) => {
      const { exitCode, out, err } = await run([word]);
      expect([exitCode, out]).toEqual([2, ""]);
      expect(err).toBe(`chat: unknown command '${word}'; see chat --help\n`);
    },
  );
});

describe("help", () => {
  test("is written to standard output when requested", async () => {
    for (const argv of [["--help"], ["-h"], ["--json", "--help"]]) {
      const { exitCode, out, err } = await run(argv);
      expect([exitCode, err]).toEqual([0, ""]);
      expect(out).toContain("  echo ");
      expect(out).not.toContain("secret");
    }
  });
});

test("the help of a verb lists its flags", async () => {
  for (const line of ["echo --help", "help echo", "echo --bogus -h"]) {
    const { exitCode, out } = await run(line.split(" "));
    expect(exitCode).toBe(0);
    for (const words of ["[TEXT]", "--to=<TARGET>", "For whom (may be repeated)", "--no-loud"]) {
      expect(out).toContain(words);
    }
    expect(out).not.toMatch(/ --loud|\x1b/);
  }
});

test.each([
  [["--jsn", "echo"], "chat: unknown flag '--jsn' before the command; did you mean --json?\n"],
  [
    ["--room", "x"],
    "chat: unknown flag '--room' before the command; write it after the command; see chat --help\n",
  ],
  [
    ["--", "echo"],
    "chat: unknown flag '--' before the command; write it after the command; see chat --help\n",
  ],
])("mistakes before the verb: %j", async (argv, line) => {
  const { exitCode, err } = await run(argv);
  expect([exitCode, err]).toEqual([2, line]);
});

describe("faults", () => {
  test("print one line and set the exit code", async () => {
    const { exitCode, out, err } = await run(["taken"]);
    expect([exitCode, out]).toEqual([3, ""]);
    expect(err).toBe("chat: the name 'ana'␊is taken; choose another name\n");
  });

  test("are the last line of standard output under --json", async () => {
    const { out } = await run(["taken", "--json"]);
    expect(JSON.parse(out)).toEqual({
      kind: "fault",
      code: "name-taken",
      blame: "user",
      message: "the name 'ana'\nis taken",
      remedy: "choose another name",
    });
    expect(JSON.parse((await run(["taken", "--json", "--bogus"])).out).code).toBe("usage");
    expect((await run(["taken", "--", "--json"])).out).toBe("");
  });

  test("caused by bugs are internal, without a stack", async () => {
    for (const verb of ["bug", "broken"]) {
      const { exitCode, err } = await run([verb]);
      expect(exitCode).toBe(1);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
      expect(err).not.toContain("program.test.ts");
    }
    expect((await run(["bug", "--debug"])).err).toContain("program.test.ts");
  });
});

test("the log always goes to standard error, with debug lines only with --debug", () => {
  const { world, context } = fakeContext();
  const log = createLog(context);
  for (let i = 0; i < 20; i++) log.info("the same");
  log.debug("hidden");
  expect(world.stdout.text).toBe("");
  expect(world.stderr.text.match(/the same/g)).toHaveLength(20);
  expect(world.stderr.text).not.toContain("hidden");
  const debugging = fakeContext({ debug: true });
  createLog(debugging.context).debug("shown");
  expect(debugging.world.stderr.text).toContain("shown");
});
