import { expect, test } from "bun:test";
import { publish, subscribe } from "../../bench/fan-out-mqtt.ts";
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

test("skips the packet id between an MQTT topic and its text", () => {
  const packets = publish("bench", 0x0102, "one") + publish("bench", 3, "two");
  const pattern: TextPattern = { marker: "\0\x05bench", gap: 2, length: 3 };
  for (let length = 1; length <= packets.length; length++) {
    expect(textsOf(pattern, packets, length)).toEqual(["one", "two"]);
  }
});

test("finds acknowledgements without text", () => {
  expect(textsOf({ marker: '"seq":', length: 0 }, '{"seq":1}{"seq":2}', 4)).toEqual(["", ""]);
});

test("encodes MQTT packets with QoS 1", () => {
  expect(publish("ab", 258, "text")).toBe("\x32\x0a\0\x02ab\x01\x02text");
  expect(subscribe("ab")).toBe("\x82\x07\0\x01\0\x02ab\x01");
});
