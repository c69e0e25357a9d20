import { expect, test } from "bun:test";
import { qrDots } from "../../../src/base/qr.ts";
import { paintedText } from "../../../src/cli/output/painted-text.ts";
import { CounterLine } from "../../../src/cli/output/progress.ts";
import { qrLines } from "../../../src/cli/output/qr.ts";
import { statsLine } from "../../../src/cli/output/stats.ts";
import type { LinkStats } from "../../../src/client/link/connection.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { INDONESIAN_TERMINAL } from "../../../src/ui/messages/id/terminal.ts";
import { FakeOutput, fakeWorld } from "../../commands/fake-world.ts";

function counter(isTerminal: boolean, term: string) {
  const stderr = new FakeOutput(isTerminal);
  const time = { nowMs: 0 };
  const clock = { now: () => time.nowMs, unixMs: () => 0, after: () => () => {} };
  return { stderr, time, line: new CounterLine({ stderr, clock, env: { TERM: term } }) };
}

test("redraws the counter four times a second, and erases it at the end", () => {
  const { stderr, time, line } = counter(true, "xterm");
  line.update(() => "1 of 3");
  time.nowMs = 249;
  line.update(() => "2 of 3");
  time.nowMs = 250;
  line.update(() => "3 of 3");
  expect(stderr.text).toBe("\r\x1b[K1 of 3\r\x1b[K3 of 3");
  line.end();
  line.end();
  expect(stderr.text).toBe("\r\x1b[K1 of 3\r\x1b[K3 of 3\r\x1b[K");
});

test.each([
  [false, "xterm"],
  [true, "dumb"],
])("writes nothing without cursor control (terminal %p, TERM %s)", (isTerminal, term) => {
  const { stderr, line } = counter(isTerminal, term);
  line.update(() => "1 of 3");
  line.end();
  expect(stderr.text).toBe("");
});

const TEXT = "https://192.168.1.5:2428/#invite=abcd-efgh-ijkm";

function dots(lines: readonly string[], color: boolean): boolean[][] {
  const rows: boolean[][] = [];
  for (const line of lines) {
    const cells = [...line.replaceAll(/\x1b\[[\d;]*m/g, "")];
    rows.push(cells.map((cell) => "█▀".includes(cell) === color));
    rows.push(cells.map((cell) => "█▄".includes(cell) === color));
  }
  return rows;
}

test.each([true, false])(
  "prints a QR code that decodes to the original text (colour: %p)",
  (color) => {
    const data = qrDots(TEXT);
    const lines = qrLines(TEXT, 80, color) ?? [];
    expect(dots(lines, color).slice(0, data.length)).toEqual(data.map((row) => [...row]));
    expect(lines.join("").includes("\x1b[30;107m")).toBe(color);
  },
);

const NOW = { ...fakeWorld({ nowUnixMs: Date.UTC(2026, 10, 20, 23) }), offsetMinutes: () => 0 };
const COMMON = {
  sinceUnixMs: Date.UTC(2026, 10, 20, 5, 46, 33, 123),
  requested: 12,
  acknowledged: 11,
};
const MESSAGES = { sentMessages: 14, sentBytes: 1_200, receivedMessages: 15, receivedBytes: 9_000 };
const PACKETS = {
  roundTripMs: 20.26,
  sentPackets: 40,
  receivedPackets: 38,
  lostPackets: 3,
  congestionWindowBytes: 40_960,
};

test("prints all QUIC counters over UDP", () => {
  const counters = { ...MESSAGES, ...PACKETS };
  const stats: LinkStats = { ...COMMON, transport: "udp", counters };
  const [json, line] = statsLine(stats, NOW);
  const since = "2026-11-20T05:46:33.123Z";
  const expected = { kind: "stats", transport: "udp", since, asked: 12, acknowledged: 11 };
  expect(json).toEqual({ ...expected, ...counters });
  expect(line(INDONESIAN_TERMINAL)).toStartWith("lewat UDP (QUIC) sejak 05:46; 11 dari 12");
  expect(line(ENGLISH_TERMINAL)).toBe(
    "over UDP (QUIC) since 05:46; 11 of 12 requests acknowledged; " +
      "sent 14 messages, 1200 bytes in 40 datagrams; " +
      "received 15 messages, 9000 bytes in 38 datagrams; " +
      "3 datagrams lost and resent; round trip 20.3 ms; congestion window 41.0 kB",
  );
});

const visible = (text: string) => paintedText(text, "ana").replaceAll("\x1b", "^");

test.each([
  ["plain", "plain"],
  ["**a *b***", "^[1ma ^[3mb^[23m^[22m"],
  ["~~a~~ @Ana @bob #lobby", "^[9ma^[29m ^[1;7m@Ana^[22;27m @bob #lobby"],
  ["**two\nlines**", "^[1mtwo^[22m\n^[1mlines^[22m"],
  ["```sh\nls **\n```", "^[2msh^[0m\n  ^[35mls^[39m **"],
  ["```\nls **\n```", "  ^[36mls **^[39m"],
  ["```js\n/* a\nb */\n```", "^[2mjs^[0m\n  ^[90m/* a^[39m\n  ^[90mb */^[39m"],
  ["# A *b*", "^[1mA ^[3mb^[23m^[22m"],
  ["a|bcd\n-|-:\n漢字|5", "^[1ma     bcd^[22m\n漢字    5"],
  ["$x$ :tada: :no_such:", "^[36m$x$^[39m 🎉 :no_such:"],
  ["[a](https://b.example/c)", "a (https://b.example/c)"],
  ["> a\n> b", "^[2m▌^[0m a\n^[2m▌^[0m b"],
  ["10. a\n    b\n- c", "10. a\n    b\n• c"],
  ["https://ex%61mple.org", "https://ex%61mple.org (example.org)"],
])("%j", (text, lines) => {
  expect(visible(text)).toBe(lines);
});
