/** A short sound of two notes, made by the browser: there is no file to fetch. */

const NOTES_HZ = [880, 1174.7];
const NOTE_S = 0.14;
/** As loud as a click on a desk: nobody should be startled. */
const GAIN = 0.12;
/** From one sound to the next, over all tabs. */
const REST_MS = 1_500;

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

/** Something was said that its reader waits for. Of many at once, and of many tabs, one sounds. */
export async function playSound(): Promise<void> {
  const { locks } = navigator as Partial<Navigator>; // Missing on pages without TLS.
  if (locks === undefined) return play();
  await locks.request("chat sound", { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    play();
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  });
}
