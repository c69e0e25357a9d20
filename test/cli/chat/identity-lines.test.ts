import { expect, test } from "bun:test";
import { digitRows, howToConfirm } from "../../../src/cli/chat/identity-lines.ts";

const digits = Array.from({ length: 12 }, (_, at) => `1${at}000`.slice(0, 5)).join(" ");
const former = digits.replaceAll("1", "2");

test("a changed key shows both digits, below a sentence that fits over the timeline", () => {
  const rows = digitRows({ digits, former });
  expect(rows).toHaveLength(7);
  expect(rows[3]).toBe("before:");
  expect(rows.slice(4).join(" ")).toBe(former);
  const changed = howToConfirm("ben", { digits, isVerified: false, former }, "/verify ben");
  expect(changed).toBe("ben's identity key has changed: confirm those that ben sees");
  const same = howToConfirm("ben", { digits, isVerified: false }, "/verify ben");
  expect(same).toBe('if ben sees the same: /verify ben "DIGITS"');
});
