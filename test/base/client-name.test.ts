import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../src/base/bytes.ts";
import { clientName, deviceLabelOf, productOf } from "../../src/base/client-name.ts";
import { DEVICE_LABEL_BYTES_MAX } from "../../src/base/limits.ts";
import { cleanText } from "../../src/base/text.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { HOSTILE_TEXTS } from "../hostile-texts.ts";

test.each([
  ["chat/0.2.0 (chat on Linux)", "chat/0.2.0", "chat on Linux"],
  ["chat-page/1 (Safari on iPhone)", "chat-page/1", "Safari on iPhone"],
  ["chat/0.2.0", "chat/0.2.0", "chat/0.2.0"],
  ["(alone)", "(alone)", "alone"],
  ["odd (one) more", "odd (one) more", "odd one more"],
  ["x (a (b) c)", "x (a (b) c)", "x a b c"],
  ["", "", ""],
  ["\0\u{e0100}", "\0\u{e0100}", ""],
  ["a \u{e0100} b", "a \u{e0100} b", "a b"],
])("formats %p as %p and displays %p", (client, product, label) => {
  expect([productOf(client), deviceLabelOf(client)]).toEqual([product, label]);
});

const NEIGHBOURLY = fc.constantFrom(
  ...Array.from('\0a \n"\u0301\ufe0f\u{e0100}\u200d\u034f\u3164\u094d\u0915\u1100\u1161\u11a8'),
  ...Array.from("\u{1f3f4}\u{e0061}\u{20000}"),
);

test("keeps a label short, clean and unchanged when cleaned again", () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.constantFrom(...Object.values(HOSTILE_TEXTS)),
        fc.string({ unit: ANY_CHARACTER }),
        fc.string({ unit: NEIGHBOURLY, maxLength: 60 }),
        fc.string({ unit: "grapheme", minLength: DEVICE_LABEL_BYTES_MAX, maxLength: 128 }),
      ),
      (text) => {
        for (const client of [text, clientName("x/1", text)]) {
          const label = deviceLabelOf(client);
          expect(utf8Encode(label).length).toBeLessThanOrEqual(DEVICE_LABEL_BYTES_MAX);
          expect(cleanText(label)).toBe(label);
          expect(label).not.toMatch(/["\\<>\p{C}]/u);
          expect(deviceLabelOf(label)).toBe(label);
        }
      },
    ),
  ));
