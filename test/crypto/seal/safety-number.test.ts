import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { checkName } from "../../../src/base/names.ts";
import { safetyNumber } from "../../../src/crypto/seal/safety-number.ts";
import vectors from "../../vectors/sealed.json";

const [one, other] = vectors.safetyNumber.parties.map(({ user, account }) => ({
  user: checkName(user),
  account: toBase64Url(Uint8Array.fromHex(account)),
}));
if (one === undefined || other === undefined) throw new Error("two parties");

test("golden vector, the same for both", async () => {
  expect(await safetyNumber(one, other)).toBe(vectors.safetyNumber.digits);
  expect(await safetyNumber(other, one)).toBe(vectors.safetyNumber.digits);
  expect(vectors.safetyNumber.digits).toMatch(/^(?:\d{5} ){11}\d{5}$/);
});

test("a name in another case is the same; another name or key is another number", async () => {
  const shouted = { ...one, user: checkName(one.user.toUpperCase()) };
  expect(await safetyNumber(shouted, other)).toBe(vectors.safetyNumber.digits);
  const renamed = { ...one, user: checkName(`${one.user}x`) };
  const forged = { ...one, account: other.account };
  const numbers = [renamed, forged].map((party) => safetyNumber(party, other));
  expect(await Promise.all(numbers)).not.toContain(vectors.safetyNumber.digits);
  expect(await safetyNumber(one, one)).not.toBe(vectors.safetyNumber.digits);
});
