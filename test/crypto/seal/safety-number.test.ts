import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { checkName } from "../../../src/base/names.ts";
import { matchSafetyNumber, safetyNumber } from "../../../src/crypto/seal/safety-number.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import vectors from "../../vectors/sealed.json";

const [one, other] = vectors.safetyNumber.parties.map(({ user, account }) => ({
  user: checkName(user),
  account: toBase64Url(Uint8Array.fromHex(account)),
}));
if (one === undefined || other === undefined) throw new Error("two parties");

test("matches the golden vector for both orders of the parties", async () => {
  expect(await safetyNumber(one, other)).toBe(vectors.safetyNumber.digits);
  expect(await safetyNumber(other, one)).toBe(vectors.safetyNumber.digits);
  expect(vectors.safetyNumber.digits).toMatch(/^(?:\d{5} ){11}\d{5}$/);
});

test("ignores the case of names and changes with the name and the key", async () => {
  const shouted = { ...one, user: checkName(one.user.toUpperCase()) };
  expect(await safetyNumber(shouted, other)).toBe(vectors.safetyNumber.digits);
  const renamed = { ...one, user: checkName(`${one.user}x`) };
  const forged = { ...one, account: other.account };
  const numbers = [renamed, forged].map((party) => safetyNumber(party, other));
  expect(await Promise.all(numbers)).not.toContain(vectors.safetyNumber.digits);
  expect(await safetyNumber(one, one)).not.toBe(vectors.safetyNumber.digits);
});

const OTHER = Array.from({ length: 12 }, () => "11111").join(" ");
const { digits } = vectors.safetyNumber;
const refusal = (typed: string) => faultFrom(() => matchSafetyNumber(typed, [OTHER, digits]));

function mistyped(groups: number): string {
  const turned = (group: string) => `${(Number(group[0]) + 1) % 10}${group.slice(1)}`;
  return digits
    .split(" ")
    .map((group, i) => (i < groups ? turned(group) : group))
    .join(" ");
}

test.each([
  ["12345", "the number has 60 digits in groups of 5, not 5"],
  ["acept", "the number has 60 digits in groups of 5, not 0"],
  [digits.slice(0, -1), "the number has 60 digits in groups of 5, not 59; group 12 has 4"],
  [`${digits}1`, "the number has 60 digits in groups of 5, not 61; group 12 has 6"],
  [`x${digits}`, "the safety number contains only digits"],
  [mistyped(1), "only group 1 differs: probably a typing error"],
  [mistyped(2), "only groups 1 and 2 differ: probably a typing error"],
])("recognises a typing error: %s", async (typed, message) => {
  const fault = await refusal(typed);
  expect([fault.code, fault.message]).toEqual(["usage", message]);
  expect(`${fault.message} ${fault.remedy}`).not.toContain("intercept");
});

test("asks the user to compare again if the number differs", async () => {
  const fault = await refusal(mistyped(3));
  expect(fault.message).toBe("the digits differ from those of this device");
  expect(fault.remedy).toStartWith("compare them again; if they still differ, someone may be");
});
