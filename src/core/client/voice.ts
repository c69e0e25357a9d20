/** Waveforms of voice messages: the greatest amplitudes of equal parts, in 16 steps. */

import { PEAKS_MAX } from "../../base/limits.ts";
import { dateOf } from "../../base/time.ts";

const STEPS = 15;
const BARS = "▁▂▃▄▅▆▇█";

/**
 * @param samples from -1 to 1
 * @returns one hexadecimal digit for each part; the loudest part has the greatest digit
 */
export function peaksOf(samples: ArrayLike<number>): string {
  const parts = partsOf(samples, PEAKS_MAX);
  const loudest = Math.max(...parts, Number.EPSILON);
  return parts.map((peak) => Math.round((peak / loudest) * STEPS).toString(16)).join("");
}

/** @returns amplitudes from 0 to 1 */
export function readPeaks(peaks: string): readonly number[] {
  return [...peaks].map((digit) => Number.parseInt(digit, 16) / STEPS);
}

/** Draws the waveform for a terminal. */
export function drawPeaks(peaks: string, columnsMax: number): string {
  return partsOf(readPeaks(peaks), columnsMax)
    .map((peak) => BARS[Math.round(peak * (BARS.length - 1))])
    .join("");
}

function partsOf(samples: ArrayLike<number>, countMax: number): number[] {
  const count = Math.min(countMax, samples.length);
  const parts = new Array<number>(count).fill(0);
  for (let i = 0; i < samples.length; i++) {
    const part = Math.floor((i * count) / samples.length);
    parts[part] = Math.max(parts[part] ?? 0, Math.abs(samples[i] ?? 0));
  }
  return parts;
}

/** Formats milliseconds as `0:07`, `12:30` or `1:02:30`. */
export function playingTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3_600);
  const [first, ...rest] = hours > 0 ? [hours, ...parts] : parts;
  return [String(first), ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/** Name of a voice message, by which a page recognizes its own recordings. */
export function voiceName(unixMs: number, extension: string): string {
  const time = dateOf(unixMs).toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
  return `voice-message-${time}.${extension}`;
}

export function isVoiceName(name: string): boolean {
  return /^voice-message-[\d-]{17}\.[a-z\d]{3,4}$/.test(name);
}
