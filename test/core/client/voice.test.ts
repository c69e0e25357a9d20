import { describe, expect, test } from "bun:test";
import { PEAKS_MAX } from "../../../src/base/limits.ts";
import {
  drawPeaks,
  isVoiceName,
  peaksOf,
  playingTime,
  readPeaks,
  voiceName,
} from "../../../src/core/client/voice.ts";

describe("peaks", () => {
  test("have one digit for each part, relative to the loudest one", () => {
    const samples = Float32Array.from({ length: 6_400 }, (_, i) => (i < 3_200 ? -0.25 : 0.5));
    expect(peaksOf(samples)).toBe("8".repeat(32) + "f".repeat(32));
  });

  test("of a short or silent sound", () => {
    expect(peaksOf([])).toBe("");
    expect(peaksOf([1, -1, 0])).toBe("ff0");
    expect(peaksOf(new Float32Array(1_000))).toBe("0".repeat(PEAKS_MAX));
  });

  test("are read and drawn", () => {
    expect(readPeaks("0f3")).toEqual([0, 1, 0.2]);
    expect(drawPeaks("0f3", 16)).toBe("▁█▂");
    expect(drawPeaks("0".repeat(32) + "f".repeat(32), 4)).toBe("▁▁██");
  });
});

test("the time of a sound has hours only if necessary", () => {
  expect([0, 7_999, 750_000, 3_750_000].map(playingTime)).toEqual([
    "0:00",
    "0:07",
    "12:30",
    "1:02:30",
  ]);
});

test("recordings are recognized by their names", () => {
  const name = voiceName(Date.UTC(2026, 10, 28, 9, 5, 7), "weba");
  expect(name).toBe("voice-message-2026-11-28-090507.weba");
  expect([name, "voice-message-1.weba", "song.ogg"].map(isVoiceName)).toEqual([true, false, false]);
});
