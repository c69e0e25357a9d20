/** Duration and waveform of a voice message, by decoding it or from its recorder. */

import { DAY_MS } from "../../base/time.ts";
import { peaksOf } from "../../core/client/voice.ts";
import { withTimeout } from "../../io/clock.ts";
import { ifPossible } from "../../io/promises.ts";
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

/** Safari's engine never answers for some data. */
const DECODE_TIMEOUT_MS = 3_000;

/** Voice message of this page, with what its recorder measured. */
export class VoiceRecording extends File {
  constructor(
    parts: Blob[],
    name: string,
    options: { readonly type: string },
    readonly measured: { readonly durationMs: number; readonly peaks: string },
  ) {
    super(parts, name, options);
  }
}

/** @returns `undefined` if the browser does not decode the sound, and has not recorded it */
export async function readSound(sound: Blob): Promise<SoundDetails | undefined> {
  const decoded = ifPossible(decode(sound));
  const measured = sound instanceof VoiceRecording ? sound.measured : undefined;
  return (await withTimeout(decoded, DECODE_TIMEOUT_MS, () => undefined)) ?? measured;
}

async function decode(sound: Blob): Promise<SoundDetails | undefined> {
  if (!("OfflineAudioContext" in globalThis)) return undefined;
  const context = new OfflineAudioContext(1, 1, RATE_HZ);
  const decoded = await context.decodeAudioData(await sound.arrayBuffer());
  if (decoded.length === 0) return undefined;
  const durationMs = Math.min(Math.round(decoded.duration * 1_000), DAY_MS);
  return { durationMs, peaks: peaksOf(decoded.getChannelData(0)) };
}
