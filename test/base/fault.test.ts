import { expect, test } from "bun:test";
import { FAULTS, Fault, type FaultCode, isFaultCode } from "../../src/base/fault.ts";

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
});

test.each(ROWS)("%s reads as one line", (code, { remedy }) => {
  expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  expect(remedy).toMatch(/^[^\n.;]+$/);
});

test("the exit codes of the contract", () => {
  const exits = Object.fromEntries(ROWS.map(([code, row]) => [code, row.exitCode]));
  const contract: Partial<Record<FaultCode, number>> = {
    usage: 2,
    "name-invalid": 2,
    "name-taken": 3,
    "login-refused": 3,
    "room-password-wrong": 3,
    banned: 3,
    "not-member": 3,
    "not-allowed": 3,
    "room-unknown": 4,
    "user-unknown": 4,
    "file-unknown": 4,
    unreachable: 5,
    timeout: 5,
    "fingerprint-changed": 6,
    "checksum-wrong": 6,
    "log-corrupt": 6,
    "data-locked": 1,
    "store-full": 1,
    "version-unsupported": 1,
    internal: 1,
    interrupted: 130,
  };
  expect(exits).toMatchObject(contract);
});

test("only our own codes are codes", () => {
  expect(isFaultCode("banned")).toBe(true);
  for (const word of ["toString", "__proto__", "", "Banned"]) expect(isFaultCode(word)).toBe(false);
});
