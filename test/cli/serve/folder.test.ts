import { expect, test } from "bun:test";
import { loadServerSettings } from "../../../src/cli/serve/folder.ts";
import { findResetCode } from "../../../src/core/reset-codes.ts";
import { tempFolder } from "../../temp-folder.ts";

test("generates no room password that reads as the code of a card", () => {
  let drawn = 0;
  const entropy = (sizeBytes: number) => {
    const bytes = new Uint8Array(sizeBytes);
    bytes.set([drawn >> 5, drawn % 32], sizeBytes - 2);
    drawn += 1;
    return bytes;
  };
  const names = { name: "school", roomPassword: undefined };
  const passwords = Array.from(
    { length: 64 },
    () => loadServerSettings(tempFolder(), names, entropy).roomPassword,
  );
  expect(drawn).toBeGreaterThan(passwords.length);
  expect(passwords.filter((password) => findResetCode(password) !== undefined)).toEqual([]);
});
