import { expect, test } from "bun:test";
import { forEachText, type TextPattern } from "../../bench/text-client.ts";

const BODY: TextPattern = { marker: "<body>", length: 3 };

/** Feeds the text in chunks, as a socket would. */
function textsOf(pattern: TextPattern, text: string, chunkLength = text.length): string[] {
  const texts: string[] = [];
  let received = "";
  for (let at = 0; at < text.length; at += chunkLength) {
    const bytes = Buffer.from(received + text.slice(at, at + chunkLength), "latin1");
    const rest = forEachText(bytes, pattern, (all, offset) =>
      texts.push(all.toString("latin1", offset, offset + pattern.length)),
    );
    received = bytes.toString("latin1", rest);
  }
  return texts;
}

test("finds each text once, wherever chunks are split", () => {
  const stanzas =
    "<message><body>one</body></message><presence/><message><body>two</body></message>";
  for (let length = 1; length <= stanzas.length; length++) {
    expect(textsOf(BODY, stanzas, length)).toEqual(["one", "two"]);
  }
});

test("ignores a marker inside a text", () => {
  expect(textsOf({ marker: "a", length: 3 }, "aaaaa---")).toEqual(["aaa", "---"]);
});

test("finds acknowledgements without text", () => {
  expect(textsOf({ marker: '"seq":', length: 0 }, '{"seq":1}{"seq":2}', 4)).toEqual(["", ""]);
});
