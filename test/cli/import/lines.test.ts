import { expect, test } from "bun:test";
import { linesIn } from "../../../src/cli/import/lines.ts";

test("lines are numbered; one that is no UTF-8 is Latin-1, and the next one not", () => {
  const bytes = Buffer.concat([
    Buffer.from("\ufeffcafé\r\n"),
    Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]),
    Buffer.from("\nlast é"),
  ]);
  expect([...linesIn(bytes)]).toEqual([
    { where: "line 1", text: "café", isLatin1: false },
    { where: "line 2", text: "café", isLatin1: true },
    { where: "line 3", text: "", isLatin1: false },
    { where: "line 4", text: "last é", isLatin1: false },
  ]);
});
