import { describe, expect, test } from "bun:test";
import { PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN } from "../../src/base/limits.ts";
import { hashPassword, verifyPassword } from "../../src/crypto/password.ts";
import { rejection } from "../rejection.ts";

const hash = await hashPassword("correct horse");

describe("password", () => {
  test("is hashed with argon2id at the configured cost", () => {
    expect(hash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
  });

  test("matches only itself", async () => {
    expect(await verifyPassword("correct horse", hash)).toBe(true);
    expect(await verifyPassword("correct horsf", hash)).toBe(false);
  });

  test("is rejected if it is empty, or if the hash is missing, blank or damaged", async () => {
    for (const none of [undefined, "", "$argon2id$v=19$m=1", "$2b$10$aaaa"]) {
      expect(await verifyPassword("correct horse", none)).toBe(false);
    }
    expect(await verifyPassword("", hash)).toBe(false);
  });

  test("has a maximum length", async () => {
    const longest = "ü".repeat(PASSWORD_BYTES_MAX / 2);
    expect(await verifyPassword(longest, await hashPassword(longest))).toBe(true);
    expect((await rejection(hashPassword(`${longest}x`))).message).toContain("at most 1024 bytes");
    expect(await verifyPassword(`${longest}x`, hash)).toBe(false);
  });

  test("is refused if its bytes were lost in decoding", async () => {
    const misread = "\u{fffd}".repeat(12);
    expect((await rejection(hashPassword(misread))).message).toContain("not valid UTF-8");
    const old = await Bun.password.hash(misread);
    expect(await verifyPassword(misread, old)).toBe(false);
  });

  test("requires eight characters of any kind", async () => {
    for (const short of ["", "seven77", "ü".repeat(7), "👍".repeat(PASSWORD_CHARS_MIN - 1)]) {
      expect((await rejection(hashPassword(short))).message).toContain("at least 8 characters");
    }
    expect(await hashPassword("👍".repeat(PASSWORD_CHARS_MIN))).toStartWith("$argon2id$");
  });

  test("takes equally long to check for an unknown name", async () => {
    const time = async (stored: string | undefined) => {
      const start = Bun.nanoseconds();
      for (let i = 0; i < 3; i++) await verifyPassword("guess", stored);
      return Bun.nanoseconds() - start;
    };
    const ratio = (await time(undefined)) / (await time(hash));
    expect(ratio).toBeGreaterThan(0.3); // Below 0.01 without a dummy hash for unknown users.
  });
});
