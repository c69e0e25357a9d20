import { expect, test } from "bun:test";
import { AssertionFailure } from "../../src/base/assert.ts";
import {
  asFault,
  FAULTS,
  Fault,
  fillTemplate,
  ignoreFault,
  isFaultCode,
  msg,
  placeholderCount,
} from "../../src/base/fault.ts";

const ROWS = Object.entries(FAULTS);

test("contains a message, a blame and a remedy", () => {
  const cause = new Error("EACCES");
  const fault = new Fault("store-denied", "cannot write the log", { cause, retryAfterMs: 50 });
  expect(fault).toMatchObject({
    code: "store-denied",
    blame: "host",
    exitCode: 1,
    message: "cannot write the log",
    remedy: FAULTS["store-denied"].remedy.text,
    retryAfterMs: 50,
    cause,
  });
  expect(new Fault("usage", "no", { remedy: "say yes" }).remedy).toBe("say yes");
  expect("cause" in new Fault("usage", "no")).toBe(false);
  expect(asFault(fault)).toBe(fault);
  expect(asFault(cause)).toMatchObject({
    code: "internal",
    message: "unexpected error: EACCES",
    cause,
  });
  const broken = new AssertionFailure("broken");
  expect(() => asFault(broken)).toThrow(broken);
  expect(() => ignoreFault(cause)).toThrow(cause);
});

test.each(ROWS)("formats %s on one line", (code, { remedy }) => {
  expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  expect(remedy.text).toMatch(/^(?:[^\n.;]|\.(?=\w))+$/);
});

test("accepts only known codes", () => {
  expect(isFaultCode("banned")).toBe(true);
  for (const word of ["toString", "__proto__", "", "Banned"]) expect(isFaultCode(word)).toBe(false);
});

test("keeps the values inserted into its texts", () => {
  const [room, seq] = ["{}", 7];
  const fault = new Fault("not-found", msg`no message ${seq} in '${room}'`, {
    remedy: msg`look in '${room}'`,
  });
  expect(fault).toMatchObject({ message: "no message 7 in '{}'", remedy: "look in '{}'" });
  expect(fault.translatable).toMatchObject({
    message: { template: "no message {} in '{}'", values: ["7", "{}"] },
    remedy: { template: "look in '{}'", values: ["{}"] },
  });
});

test("translates the remedy of a code but no free text", () => {
  expect(new Fault("banned", "no").translatable).toEqual({ remedy: FAULTS.banned.remedy });
  expect(new Fault("banned", "no", { remedy: "go" }).translatable).toEqual({});
});

test("inserts a value unchanged", () => {
  expect(msg`${"\\n"} and ${1}${"$&"}`.text).toBe("\\n and 1$&");
  expect(msg`a\u0021\n`).toEqual({ text: "a!\n", template: "a!\n", values: [] });
  expect(fillTemplate("{}-{}", ["{}", "$&"])).toBe("{}-$&");
  expect(["", "{}", "{}{} { }"].map(placeholderCount)).toEqual([0, 1, 2]);
});
