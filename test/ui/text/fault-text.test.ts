import { expect, test } from "bun:test";
import { Fault, msg } from "../../../src/base/fault.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { ENGLISH_START } from "../../../src/ui/messages/en/start.ts";
import { faultText, refusalText } from "../../../src/ui/text/fault-text.ts";

test("a message that slow mode has refused names no wait, which would soon be over", () => {
  const slow = new Fault("too-fast", msg`slow mode in '${"lab"}': you can post again in ${18} s`);
  expect(faultText(slow, ENGLISH)).toBe("Slow mode: you can post again in 18 seconds.");
  expect(refusalText(slow, ENGLISH)).toBe("Slow mode: too soon after your last message.");
  const muted = new Fault("muted", msg`you are muted in '${"lab"}'`);
  expect(refusalText(muted, ENGLISH)).toBe(faultText(muted, ENGLISH));
});

test("says what is missing, and how to make one", () => {
  expect(faultText(new Fault("not-found", msg`no poll here`), ENGLISH)).toBe(
    "There's no poll here. To start one: /poll QUESTION | A | B",
  );
  const room = new Fault("not-allowed", msg`'${"lab"}' is not an assignment`);
  expect(faultText(room, ENGLISH)).toBe(
    "This room is not an assignment. Its rules can make it one.",
  );
  expect(faultText(new Fault("not-found", msg`no poll here`), ENGLISH_START)).toBe(
    "This no longer exists.",
  );
});
