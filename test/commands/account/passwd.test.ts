import { expect, test } from "bun:test";
import { codeInArgument, readResetLine } from "../../../src/cli/connect/reset-code.ts";
import { newResetCode } from "../../../src/core/reset-codes.ts";
import { faultCode } from "../../fault-code.ts";

const CODE = newResetCode(() => new Uint8Array(16).fill(7));
const WRONG = CODE.replace(/.$/, (last) => (last === "7" ? "K" : "7"));
const FP = "A".repeat(43);
const SERVER = `chat://192.0.2.7:2428?fp=${FP}`;
const LINE = `${SERVER}#${CODE}`;

test("parses a code with quotes or blanks, in an address, or alone", () => {
  for (const text of [LINE, ` '${LINE}' `, `"${LINE}"`]) {
    expect(readResetLine(text)).toEqual({ token: CODE, server: SERVER });
    expect(codeInArgument(text)).toEqual({ token: CODE, server: SERVER });
  }
  const page = { token: CODE, server: "https://host.lan:2428/" };
  for (const text of [`https://host.lan:2428/#reset=${CODE}`, `host.lan:2428/#reset=${CODE}`]) {
    expect([readResetLine(text), codeInArgument(text)]).toEqual([page, page]);
  }
  for (const text of [CODE, CODE.toLowerCase(), ` ${CODE.replaceAll("-", " – ")}`])
    expect([readResetLine(text), codeInArgument(text)]).toEqual([{ token: CODE }, { token: CODE }]);
  for (const text of [SERVER, "", WRONG])
    expect(faultCode(() => readResetLine(text))).toBe("usage");
});

test("takes a server or an invite for no code", () => {
  const invite = "chat://192.0.2.7:2428/lobby#i2345678901234567890123";
  const page = "https://host.lan/#invite=i2345678901234567890123";
  for (const text of [
    undefined,
    "",
    "host.lan",
    "host.lan:2428",
    SERVER,
    invite,
    page,
    "room-labs-pc01",
    `chat://192.0.2.7:2428/lobby#${CODE.toLowerCase()}`,
  ])
    expect(codeInArgument(text)).toBeUndefined();
  expect(codeInArgument(WRONG.toLowerCase())).toBeUndefined();
  expect(faultCode(() => codeInArgument(WRONG))).toBe("usage");
});
