/** Notification sound of two notes, synthesised so that no file is needed. */

import { ifPossible } from "../../../io/promises.ts";

const NOTES_HZ = [880, 1174.7];
const NOTE_S = 0.14;
/** Volume, chosen not to startle. */
const GAIN = 0.12;
const MIN_INTERVAL_MS = 1_500;

function play(): void {
  const audio = new AudioContext();
  let last: OscillatorNode | undefined;
  for (const [i, hertz] of NOTES_HZ.entries()) {
    const at = audio.currentTime + i * NOTE_S;
    const volume = audio.createGain();
    volume.gain.setValueAtTime(GAIN, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S * 1.6);
    last = audio.createOscillator();
    last.frequency.value = hertz;
    last.connect(volume).connect(audio.destination);
    last.start(at);
    last.stop(at + NOTE_S * 1.6);
  }
  last?.addEventListener("ended", () => void audio.close());
}

/** Times of the sound for a call, in milliseconds from its beginning. */
const RING_MS = [0, MIN_INTERVAL_MS + 100, 20_000];
/** Milliseconds of a vibration, a pause, and so on. */
const VIBRATION_MS = [200, 150, 200];

/** Rings while a moderator calls on the user. */
export function ring(isCalled: () => boolean): void {
  const play = () => {
    if (!isCalled()) return;
    void ifPossible(playSound());
    const { vibrate } = navigator as Partial<Navigator>;
    vibrate?.call(navigator, VIBRATION_MS);
  };
  for (const afterMs of RING_MS) setTimeout(play, afterMs);
}

export async function playSound(): Promise<void> {
  const { locks } = navigator as Partial<Navigator>;
  if (locks === undefined) return play();
  await locks.request("chat sound", { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    play();
    await new Promise((resolve) => setTimeout(resolve, MIN_INTERVAL_MS));
  });
}
