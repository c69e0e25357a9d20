import { describe, expect, test } from "bun:test";
import { AssertionFailure } from "../../src/base/assert.ts";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import { ContainedErrors } from "../../src/cli/contained.ts";

const fault = (code: FaultCode) => new Fault(code, code);

describe("an error that nobody awaits", () => {
  const reported: unknown[] = [];
  let isOccupied = false;
  const errors = new ContainedErrors(
    () => isOccupied,
    (error) => reported.push(error),
  );

  test("ends only its task, and is reported once", () => {
    reported.length = 0;
    const error = new RangeError("8-byte length");
    for (const one of [error, new RangeError("8-byte length"), error])
      expect(errors.contain(one)).toBe(true);
    expect(reported).toEqual([error]);
    for (const one of [fault("frame-malformed"), fault("seal-broken"), "text"])
      expect(errors.contain(one)).toBe(true);
    expect(reported).toHaveLength(4);
    for (let i = 0; i < 100; i++) errors.contain(new TypeError(`error ${i}`));
    expect(reported.length).toBeLessThan(25);
  });

  test("waits while a screen occupies the terminal", () => {
    const later = new ContainedErrors(
      () => isOccupied,
      (error) => reported.push(error),
    );
    reported.length = 0;
    isOccupied = true;
    later.contain(new TypeError("behind the screen"));
    expect(reported).toEqual([]);
    later.flush();
    later.flush();
    expect(reported).toHaveLength(1);
  });

  test("ends the program if it is an invariant, an alarm or a fault of the machine", () => {
    for (const error of [
      new AssertionFailure("broken"),
      fault("log-forked"),
      fault("fingerprint-changed"),
      fault("store-failed"),
      fault("link-closed"),
      fault("not-allowed"),
    ])
      expect(errors.contain(error)).toBe(false);
  });
});
