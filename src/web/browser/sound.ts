/** Duration and waveform of a voice message, by decoding it. */

import { DAY_MS } from "../../base/time.ts";
import { peaksOf } from "../../core/client/voice.ts";
import type { FileDetails } from "../../wire/file-details.ts";

export type SoundDetails = Pick<FileDetails, "durationMs" | "peaks">;

interface Decoder {
  decodeAudioData(
    bytes: ArrayBuffer,
  ): Promise<{
    readonly duration: number;
    readonly length: number;
    getChannelData(channel: number): Float32Array;
  }>;
}

/** Browsers have it in windows only. */
declare const OfflineAudioContext: new (channels: 1, frames: 1, rateHz: number) => Decoder;

/** The lowest rate of all browsers: ten minutes take 19 MB. */
const RATE_HZ = 8_000;

/** @returns `undefined` if the browser cannot decode the sound */
export async function readSound(sound: Blob): Promise<SoundDetails | undefined> {
  if (!("OfflineAudioContext" in globalThis)) return undefined;
  const context = new OfflineAudioContext(1, 1, RATE_HZ);
  try {
    const decoded = await context.decodeAudioData(await sound.arrayBuffer());
    if (decoded.length === 0) return undefined;
    const durationMs = Math.min(Math.round(decoded.duration * 1_000), DAY_MS);
    return { durationMs, peaks: peaksOf(decoded.getChannelData(0)) };
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
