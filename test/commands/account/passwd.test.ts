import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { readResetLine } from "../../../src/commands/account.ts";

const CODE = "pAAECAwQFBgcICQoLDA0ODw";
const FP = "A".repeat(43);

test("parses a reset code with quotes or blanks, as an address, or only its token", () => {
  const line = `chat://192.0.2.7:2428?fp=${FP}#${CODE}`;
  const server = `chat://192.0.2.7:2428?fp=${FP}`;
  for (const text of [line, ` '${line}' `, `"${line}"`]) {
    expect(readResetLine(text)).toEqual({ token: CODE, server });
  }
  expect(readResetLine(`https://host.lan:2428/#reset=${CODE}`)).toEqual({
    token: CODE,
    server: "host.lan:2428",
  });
  expect(readResetLine(CODE)).toEqual({ token: CODE });
  expect(() => readResetLine(server)).toThrow(Fault);
});
