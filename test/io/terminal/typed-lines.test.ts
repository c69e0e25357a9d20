import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { TypedLines } from "../../../src/io/terminal/typed-lines.ts";
import { faultFrom } from "../../commands/fake-world.ts";

/** @param moments lines that arrive without a pause; a fault stands for a malformed line */
function open(moments: readonly (readonly (string | Fault)[])[], question = "") {
  const waiting = moments.map((lines) => [...lines]);
  const taken = (): string | undefined => {
    const line = waiting[0]?.shift();
    if (line instanceof Fault) throw line;
    return line;
  };
  const notes: unknown[] = [];
  const input = {
    async line() {
      while (waiting[0]?.length === 0) waiting.shift();
      return taken();
    },
    lineWithin: async () => taken(),
  };
  const isAnswer = (line: string) => question !== "" && ["y", "n", ""].includes(line);
  const onPaste = (paste: unknown) => notes.push(paste);
  const lines = new TypedLines(input, { isAnswer, onPaste, onQueued() {} });
  return { lines, notes };
}

async function all(moments: readonly (readonly string[])[], question = "") {
  const { lines, notes } = open(moments, question);
  const read: unknown[] = [];
  for (let line = await lines.next(); line !== undefined; line = await lines.next())
    read.push(line.isPasted ? { pasted: line.text } : line.text);
  return { read, notes };
}

test("asks before pasted lines are sent, and runs none of them", async () => {
  const paste = ["notes", "", "/leave", "the salary"];
  const text = "notes\n\n/leave\nthe salary";
  const notes = [{ lines: 4 }];
  for (const confirmed of ["", "y", "yes"])
    expect(await all([paste, [confirmed], ["/who"]])).toEqual({
      read: [{ pasted: text }, "/who"],
      notes,
    });
  for (const discarded of ["n", "No"])
    expect(await all([paste, [discarded], ["later"]])).toEqual({
      read: ["later"],
      notes: [...notes, "discarded"],
    });
  expect(await all([paste, ["another message"]])).toEqual({
    read: ["another message"],
    notes: [...notes, "discarded"],
  });
  expect(await all([paste, ["/kick", "/leave"], [""]])).toEqual({
    read: [{ pasted: "/kick\n/leave" }],
    notes: [...notes, "discarded", { lines: 2 }],
  });
});

test("a line with empty lines around it is typed", async () => {
  expect(
    await all([
      ["/who", "", ""],
      ["", "hello"],
      ["", ""],
    ]),
  ).toEqual({ read: ["/who", "hello", ""], notes: [] });
});

test("an answer to a question ends at its line feed", async () => {
  expect(await all([["y", "next message"]], "sure?")).toEqual({
    read: ["y", "next message"],
    notes: [],
  });
});

test("refuses a paste with a malformed line as a whole", async () => {
  const fault = new Fault("text-invalid", "a line of the input is not UTF-8");
  const { lines, notes } = open([["one", fault, "/kick cleo"], ["hello"]]);
  expect(await faultFrom(() => lines.next())).toBe(fault);
  expect(await lines.next()).toEqual({ text: "hello", isPasted: false });
  expect(notes).toEqual([]);
});

test("refuses a paste that is too long for a message", async () => {
  const long = "x".repeat(200_000);
  expect(await all([[long, long], ["hello"]])).toEqual({ read: ["hello"], notes: ["oversize"] });
});
