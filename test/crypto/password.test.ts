import { describe, expect, test } from "bun:test";
import { PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN } from "../../src/base/limits.ts";
import { hashPassword, verifyPassword } from "../../src/crypto/password.ts";
import { rejection } from "../rejection.ts";

const hash = await hashPassword("correct horse");

describe("password", () => {
  test("is kept as argon2id with our cost", () => {
    expect(hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test("right and wrong", async () => {
    expect(await verifyPassword("correct horse", hash)).toBe(true);
    expect(await verifyPassword("correct horsf", hash)).toBe(false);
  });

  test("no hash, a blanked one, a damaged one or an empty guess let nobody in", async () => {
    for (const none of [undefined, "", "$argon2id$v=19$m=1", "$2b$10$aaaa"]) {
      expect(await verifyPassword("correct horse", none)).toBe(false);
    }
    expect(await verifyPassword("", hash)).toBe(false);
  });

  test("the longest is accepted, one byte more is refused", async () => {
    const longest = "ü".repeat(PASSWORD_BYTES_MAX / 2);
    expect(await verifyPassword(longest, await hashPassword(longest))).toBe(true);
    expect((await rejection(hashPassword(`${longest}x`))).message).toContain("at most 1024 bytes");
    expect(await verifyPassword(`${longest}x`, hash)).toBe(false);
  });

  test("a new one has at least eight characters, of any kind", async () => {
    for (const short of ["", "seven77", "ü".repeat(7), "👍".repeat(PASSWORD_CHARS_MIN - 1)]) {
      expect((await rejection(hashPassword(short))).message).toContain("at least 8 characters");
    }
    expect(await hashPassword("👍".repeat(PASSWORD_CHARS_MIN))).toStartWith("$argon2id$");
  });

  test("an unknown name costs as much as a wrong password", async () => {
    const time = async (stored: string | undefined) => {
      const start = Bun.nanoseconds();
      for (let i = 0; i < 3; i++) await verifyPassword("guess", stored);
      return Bun.nanoseconds() - start;
    };
    const ratio = (await time(undefined)) / (await time(hash));
    expect(ratio).toBeGreaterThan(0.3); // Without the dummy it is below 0.01.
  });
});
