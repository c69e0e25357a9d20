import { describe, expect, test } from "bun:test";
import { assert } from "../../src/base/assert.ts";
import { Fault } from "../../src/base/fault.ts";
import { defineGroup, defineVerb, type Verb, type VerbGroup } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/program.ts";
import { depthOf } from "../../src/cli/screen/view/palette.ts";
import { type FakeOptions, fakeWorld } from "../commands/fake-world.ts";

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

async function run(argv: readonly string[], options: FakeOptions = {}) {
  const world = fakeWorld(options);
  const exitCode = await runProgram(PROGRAM, argv, world);
  return { exitCode, out: world.stdout.text, err: world.stderr.text };
}

test("--no-color reaches everything that reads NO_COLOR", async () => {
  const depth = defineVerb({
    args: {},
    async run(_, { env, stdout }) {
      stdout.write(depthOf(env));
      return 0;
    },
  });
  const verbs = { depth: row(depth) };
  const depthWith = async (...argv: readonly string[]) => {
    const world = fakeWorld({ env: { TERM: "xterm-256color" } });
    await runProgram({ ...PROGRAM, verbs }, ["depth", ...argv], world);
    return world.stdout.text;
  };
  expect(await depthWith()).toBe("256");
  expect(await depthWith("--no-color")).toBe("none");
});

describe("verbs", () => {
  test("get their values and the flags that all have", async () => {
    const { exitCode, out, err } = await run(["--json", "echo", "hi", "--debug", "--no-loud"]);
    expect(JSON.parse(out)).toMatchObject({
      text: "hi",
      times: 1,
      loud: false,
      to: [],
      json: true,
      debug: true,
    });
    expect([exitCode, err]).toEqual([0, ""]);
  });

  test("of a group", async () => {
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
  test("that was asked for is data", async () => {
    for (const argv of [["--help"], ["-h"], ["help"], ["--json", "--help"]]) {
      const { exitCode, out, err } = await run(argv);
      expect([exitCode, err]).toEqual([0, ""]);
      expect(out).toContain("  echo ");
      expect(out).not.toContain("secret");
    }
  });

  test("of nothing is misuse", async () => {
    const { exitCode, out, err } = await run([]);
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toContain("USAGE chat COMMAND");
  });

  test("of a verb names its flags, without colours in a pipe", async () => {
    for (const argv of [
      ["echo", "--help"],
      ["help", "echo"],
      ["echo", "--bogus", "-h"],
    ]) {
      const { exitCode, out } = await run(argv);
      expect(exitCode).toBe(0);
      expect(out).toContain("[TEXT]");
      expect(out).toContain("--to=<TARGET>");
      expect(out).toContain("For whom (may be repeated)");
      expect(out).toContain("How often (1 to 9)");
      expect(out).toContain("--no-loud");
      expect(out).not.toContain(" --loud");
      expect(out).toContain("chat echo hello");
      expect(out).not.toContain("\x1b");
    }
  });

  test("behind -- is text", async () => {
    expect(JSON.parse((await run(["echo", "--", "--help"])).out)).toMatchObject({ text: "--help" });
  });
});

describe("mistakes before the verb", () => {
  test.each([
    [["--jsn", "echo"], "chat: unknown flag '--jsn' before the command; did you mean --json?\n"],
    [["--room", "x"], "chat: unknown flag '--room' before the command; see chat --help\n"],
    [["--", "echo"], "chat: unknown flag '--' before the command; see chat --help\n"],
  ])("%j", async (argv, line) => {
    const { exitCode, err } = await run(argv);
    expect([exitCode, err]).toEqual([2, line]);
  });

  test("--version is a verb, too", async () => {
    expect((await run(["--version"])).exitCode).toBe(0);
    expect(JSON.parse((await run(["--json", "--version"])).out)).toMatchObject({ json: true });
    expect((await run(["--version", "x", "y"])).exitCode).toBe(2);
  });
});

describe("faults", () => {
  test("are one line and an exit code", async () => {
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

  test("of our own making are internal, without a stack", async () => {
    for (const verb of ["bug", "broken"]) {
      const { exitCode, err } = await run([verb]);
      expect(exitCode).toBe(1);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
      expect(err).not.toContain("program.test.ts");
    }
  });

  test("show their stack with --debug", async () => {
    const { err } = await run(["bug", "--debug"]);
    expect(err).toContain("program.test.ts");
    expect(err).toContain("TypeError: x is not a function");
  });
});
