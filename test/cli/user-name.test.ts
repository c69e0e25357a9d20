import { expect, test } from "bun:test";
import { askUserName } from "../../src/cli/user-name.ts";
import { openTerminal } from "../../src/io/terminal/terminal.ts";
import { fakeWorld, faultFrom } from "../commands/fake-world.ts";

function world(lines: readonly string[], isTerminal = true) {
  const { stdin, stderr } = fakeWorld({ lines, terminal: isTerminal });
  return { stderr, terminal: openTerminal(stdin, stderr) };
}

test.each([
  [["ana"], "ana"],
  [["Jürgen Müller", ""], "Juergen-Mueller"],
  [["Jürgen Müller", "jm"], "jm"],
  [["42", "4 2", ""], "4-2"],
] as const)("who types %j is %s", async (lines, name) => {
  expect<string>(await askUserName(world(lines))).toBe(name);
});

test("what is proposed stands in the question, and hostile words are cleaned", async () => {
  const asked = world(["\x1b[31mä b", ""]);
  expect<string>(await askUserName(asked)).toBe("31mae-b");
  expect(asked.stderr.text).not.toContain("\x1b");
  expect(asked.stderr.text).toContain("cannot be a name");
  expect(asked.stderr.text).toEndWith("Name [31mae-b]: ");
});

test("no answer, and nobody to answer, are faults", async () => {
  expect((await faultFrom(() => askUserName(world([""])))).code).toBe("name-invalid");
  expect((await faultFrom(() => askUserName(world(["a b"])))).code).toBe("interrupted");
  expect((await faultFrom(() => askUserName(world([], false)))).code).toBe("usage");
});
