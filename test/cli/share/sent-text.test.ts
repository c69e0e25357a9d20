import { expect, test } from "bun:test";
import { TEXT_BYTES_MAX } from "../../../src/base/limits.ts";
import { readSentText } from "../../../src/cli/share/sent-text.ts";
import { faultOf } from "../../fault-code.ts";

function sent(bytes: Uint8Array, locale = "de_DE.UTF-8") {
  const notes: string[] = [];
  const env = { LANG: locale };
  return [readSentText({ env }, bytes, (line) => notes.push(line)), ...notes];
}

test("decodes a text in the old encoding of the sender's language, and says so", () => {
  const wrong = "if that is wrong, share it as a file";
  expect(sent(Buffer.from("Grüße"))).toEqual(["Grüße"]);
  expect(sent(Buffer.from("\ufeffGrüße"))).toEqual(["Grüße"]);
  const latin = Buffer.from("Gr\xfc\xdfe", "latin1");
  expect(sent(latin)).toEqual(["Grüße", `not UTF-8; read as Windows-1252; ${wrong}`]);
  const russian = Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
  expect(sent(russian, "ru_RU.UTF-8")).toEqual([
    "Привет",
    `not UTF-8; read as Windows-1251; ${wrong}`,
  ]);
  const utf16 = Buffer.from("\ufeffName", "utf16le");
  expect(sent(utf16)).toEqual(["Name", `not UTF-8; read as UTF-16; ${wrong}`]);
});

test("refuses what is no text, empty or too large", () => {
  const refused = (bytes: Uint8Array) => faultOf(() => sent(bytes))?.message;
  expect(refused(Buffer.from("PK\0\x01\x02\x03"))).toBe("the input is no text");
  expect(refused(new Uint8Array())).toBe("the text is empty");
  // Each letter takes two bytes in UTF-8.
  const large = new Uint8Array(TEXT_BYTES_MAX / 2 + 1).fill(0xfc);
  expect(refused(large)).toBe(`the text exceeds ${TEXT_BYTES_MAX} bytes`);
});
