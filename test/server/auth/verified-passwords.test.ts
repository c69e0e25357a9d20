import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import {
  VERIFIED_PASSWORDS_MAX,
  VerifiedPasswords,
} from "../../../src/server/auth/verified-passwords.ts";

function account(id: string, passwordHash = "hash"): Account {
  return { id: id as UserId, passwordHash } as Account;
}

function passwords(): VerifiedPasswords {
  return new VerifiedPasswords((sizeBytes) => new Uint8Array(sizeBytes).fill(7));
}

test("knows only the verified password of the account", () => {
  const verified = passwords();
  verified.add(account("ana"), "word");
  expect(verified.has(account("ana"), "word")).toBe(true);
  for (const wrong of ["", "wor", "word ", "Word"]) {
    expect(verified.has(account("ana"), wrong)).toBe(false);
  }
  expect(verified.has(account("ben"), "word")).toBe(false);
});

test("forgets a password when it is deleted or the account has another hash", () => {
  const verified = passwords();
  verified.add(account("ana"), "word");
  expect(verified.has(account("ana", "other hash"), "word")).toBe(false);
  verified.delete("ana" as UserId);
  expect(verified.has(account("ana"), "word")).toBe(false);
});

test("forgets the oldest password above the maximum", () => {
  const verified = passwords();
  for (let i = 0; i < VERIFIED_PASSWORDS_MAX; i++) verified.add(account(`u${i}`), "word");
  expect(verified.has(account("u0"), "word")).toBe(true);
  verified.add(account("one more"), "word");
  expect(verified.has(account("u0"), "word")).toBe(false);
  expect(verified.has(account("u1"), "word")).toBe(true);
});
