import { expect, test } from "bun:test";
import { divertedOutput, mayShowBoard } from "../../../../src/cli/serve/board/output.ts";
import { FakeOutput, fakeContext } from "../../../commands/fake-world.ts";

test("no board without a terminal, with --plain, --json or TERM=dumb", () => {
  const board = { plain: false };
  expect(mayShowBoard(fakeContext().context, board)).toBe(false);
  const terminal = fakeContext({ terminal: true }).context;
  expect(mayShowBoard(terminal, { plain: true })).toBe(false);
  expect(mayShowBoard({ ...terminal, json: true }, board)).toBe(false);
  const dumb = fakeContext({ terminal: true, env: { TERM: "dumb" } }).context;
  expect(mayShowBoard(dumb, board)).toBe(false);
  const narrow = { ...terminal.stdout, isTerminal: true, columns: () => 49, rows: () => 24 };
  expect(mayShowBoard({ ...terminal, stdout: narrow }, board)).toBe(false);
});

test("prints only what the board does not take", () => {
  const output = new FakeOutput(true);
  const taken: string[] = [];
  const diverted = divertedOutput(output, (text) => taken.push(text) > 1);
  diverted.write("first\n");
  diverted.write(new TextEncoder().encode("second\n"));
  expect(output.text).toBe("first\n");
  expect(taken).toEqual(["first\n", "second\n"]);
});
