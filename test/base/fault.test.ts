import { expect, test } from "bun:test";
import { asFault, FAULTS, Fault, isFaultCode } from "../../src/base/fault.ts";

const ROWS = Object.entries(FAULTS);

test("a fault says what happened, whose doing it was and what to do", () => {
  const cause = new Error("EACCES");
  const fault = new Fault("store-denied", "cannot write the log", { cause, retryAfterMs: 50 });
  expect(fault).toMatchObject({
    code: "store-denied",
    blame: "host",
    exitCode: 1,
    message: "cannot write the log",
    remedy: FAULTS["store-denied"].remedy,
    retryAfterMs: 50,
    cause,
  });
  expect(new Fault("usage", "no", { remedy: "say yes" }).remedy).toBe("say yes");
  expect("cause" in new Fault("usage", "no")).toBe(false);
  expect(asFault(fault)).toBe(fault);
  expect(() => asFault(cause)).toThrow(cause);
});

test.each(ROWS)("%s reads as one line", (code, { remedy }) => {
  expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  expect(remedy).toMatch(/^[^\n.;]+$/);
});

test("only our own codes are codes", () => {
  expect(isFaultCode("banned")).toBe(true);
  for (const word of ["toString", "__proto__", "", "Banned"]) expect(isFaultCode(word)).toBe(false);
});
