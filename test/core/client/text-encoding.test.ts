import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeTextFile, TEXT_ENCODINGS } from "../../../src/core/client/text-encoding.ts";

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const decoded = (bytes: Uint8Array, language = "en-GB") => {
  const found = decodeTextFile(bytes, { language });
  return found && [found.text, found.encoding];
};

test("decodes by byte order mark, UTF-16, UTF-8 and the reader's language, in this order", () => {
  const german = Buffer.from("Grüße aus Köln, 5 €", "utf8");
  expect(decoded(german)).toEqual(["Grüße aus Köln, 5 €", "utf-8"]);
  expect(decoded(Buffer.from("\ufeffGrüße", "utf8"))).toEqual(["Grüße", "utf-8"]);
  const utf16 = Buffer.from("\ufeffName;Größe\r\n", "utf16le");
  expect(decoded(utf16)).toEqual(["Name;Größe\r\n", "utf-16le"]);
  expect(decoded(Buffer.from(utf16).swap16())).toEqual(["Name;Größe\r\n", "utf-16be"]);
  expect(decoded(Buffer.from("PS C:\\> dir", "utf16le"))).toEqual(["PS C:\\> dir", "utf-16le"]);
  const latin = Buffer.from("Gr\xfc\xdfe aus K\xf6ln, 5 \x80", "latin1");
  expect(decoded(latin)).toEqual(["Grüße aus Köln, 5 €", "windows-1252"]);
  expect(decoded(latin, "de_DE.UTF-8")).toEqual(["Grüße aus Köln, 5 €", "windows-1252"]);
  expect(decoded(bytesOf("93fa 967b 8cea"), "ja_JP.UTF-8")).toEqual(["日本語", "shift_jis"]);
  expect(decoded(bytesOf("c6fc cbdc b8ec"), "ja")).toEqual(["日本語", "euc-jp"]);
  expect(decoded(bytesOf("d6d0 cec4"), "zh-CN")).toEqual(["中文", "gb18030"]);
  expect(decoded(bytesOf("a4a4 a4e5"), "zh-Hant-TW")).toEqual(["中文", "big5"]);
  expect(decoded(bytesOf("cff0 e8e2 e5f2"), "ru")).toEqual(["Привет", "windows-1251"]);
  expect(decoded(bytesOf("7a 61bf f3b3 e6"), "pl")).toEqual(["zażółć", "windows-1250"]);
});

test("uses the reader's choice, and finds no text in other files", () => {
  const cyrillic = bytesOf("cff0 e8e2 e5f2");
  expect(decodeTextFile(cyrillic, { language: "en", encoding: "windows-1251" })?.text).toBe(
    "Привет",
  );
  expect(decoded(bytesOf("89504e470d0a1a0a0000000d49484452"))).toBeUndefined();
  expect(decoded(new Uint8Array())).toEqual(["", "utf-8"]);
});

test("is not misled by a file that is cut within a character", () => {
  const whole = Buffer.from("ä".repeat(9));
  const isUtf8 = (isCut: boolean) =>
    decodeTextFile(whole.subarray(0, 17), { language: "de", isCut })?.encoding;
  expect([isUtf8(true), isUtf8(false)]).toEqual(["utf-8", "windows-1252"]);
});

test("never contains replacement characters, in any language", () => {
  const languages = fc.constantFrom("en", "ja", "zh", "zh-TW", "ko", "ru", "tr", "th", "", "x_Y.z");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), languages, (bytes, language) => {
      const { text = "", encoding = "utf-8" } = decodeTextFile(bytes, { language }) ?? {};
      expect(Object.keys(TEXT_ENCODINGS)).toContain(encoding);
      if (!Buffer.from(bytes).includes("\ufffd")) expect(text).not.toContain("\ufffd");
    }),
  );
});
