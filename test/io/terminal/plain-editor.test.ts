import { expect, test } from "bun:test";
import { PlainEditor } from "../../../src/io/terminal/plain-editor.ts";
import { FakeOutput } from "../../commands/fake-world.ts";

test("prints a text on a new line, unless a line has just ended", async () => {
  const output = new FakeOutput(true);
  let now = 0;
  const input = { line: async () => "hello", lineWithin: async () => undefined } as never;
  const events = { onPaste() {}, isAnswer: () => false, onQueued() {} };
  const editor = new PlainEditor(input, output, () => now, events);
  editor.prompt("lobby> ");
  now = 5_000;
  editor.print("bob: hi\n");
  editor.print("bob: again\n");
  now = 9_000;
  await editor.line();
  editor.print("ana: hello\n");
  expect(output.text).toBe("\nlobby>\n\nbob: hi\nbob: again\nana: hello\n");
});
