import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { copiedText, encodeSecret, typedSecret } from "../../src/wire/copied-text.ts";
import { formatInvite, parseServerAddress } from "../../src/wire/invite.ts";

const LINE = "chat://192.0.2.7:2428/lobby#abcd-efgh";

describe("an invite is read with what was copied around it", () => {
  test.each([
    [`'${LINE}'`],
    [`"${LINE}"`],
    [`'${LINE}'\n`],
    [`\t ${LINE} \r\n`],
    [`"'${LINE}'"`],
    [`<${LINE}>`],
    [`(${LINE}).`],
    [`\u2018${LINE}\u2019`],
    [`\u201c${LINE}\u201d.`],
    [`\u201e${LINE}\u201c,`],
    [`\u00ab\u00a0${LINE}\u00a0\u00bb`],
    [`\`${LINE}\``],
    [`\ufeff\u200b${LINE}\u200b`],
    [`'${LINE}`],
    [`${LINE}'`],
    [`${LINE}.`],
  ])("%j", (copied) => {
    expect(copiedText(copied)).toBe(LINE);
    expect(parseServerAddress(copied)).toEqual(parseServerAddress(LINE));
  });

  test("nothing but quotes is no address", () => {
    expect(() => parseServerAddress("''")).toThrow("is not a server's address");
  });

  test("whatever the secret, it survives quotes", () => {
    const quotes = fc.constantFrom("'", '"', "\u2019", ">", ").", " ", "");
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
        quotes,
        (words, quote) => {
          const secret = `${words.toWellFormed()}.')!`;
          const line = formatInvite({ host: "h", port: 1, portGiven: true, secret });
          expect(parseServerAddress(`"${line}${quote}`).secret).toBe(secret);
          expect(decodeURIComponent(copiedText(encodeSecret(secret) + quote))).toBe(secret);
        },
      ),
    );
  });
});

test.each([
  ["open sesame.", "open sesame."],
  ["'quoted'", "'quoted'"],
  [`'${LINE}'`, "abcd-efgh"],
  ["https://192.0.2.7:2428/#invite=a%20b", "a b"],
  ["http://127.0.0.1:99/#TOKEN&invite=a%20b", "a b"],
  ["chat://192.0.2.7:2428/lobby", "chat://192.0.2.7:2428/lobby"],
  [`${LINE}%E0%A4%A`, `${LINE}%E0%A4%A`],
  ["", ""],
])("where a room password is asked for, %j is %j", (typed, secret) => {
  expect(typedSecret(typed)).toBe(secret);
});
