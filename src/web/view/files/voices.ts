/** Playback of voice messages: one at a time, also while its message is not drawn. */

import { setNewest } from "../../../core/evict.ts";
import { listen } from "../shell/effects.ts";

export interface Voice {
  readonly file: string;
  /** Message of the file; `undefined` before it is sent. */
  readonly seq?: number;
  readonly label: string;
  readonly playLabel: string;
  readonly pauseLabel: string;
  readonly durationMs: number;
  /** @throws {Fault} of a download */
  readonly load: () => Promise<Blob>;
  /** The voice message that follows, unless another message is between them. */
  readonly next?: () => Voice | undefined;
}

export interface VoiceState {
  readonly voice: Voice;
  readonly isPlaying: boolean;
  readonly seconds: number;
  readonly speed: Speed;
  readonly isUnplayable: boolean;
}

export type Speed = (typeof SPEEDS)[number];

const SPEEDS = [1, 1.5, 2] as const;
/** Voice messages whose position is remembered; the one played first is forgotten first. */
const POSITIONS_MAX = 50;
/** Later than the end of any sound: browsers then find out how long it is. */
const END_SECONDS = 1e101;

export class Voices {
  /** Stops other recordings. */
  onPlay: () => void = () => undefined;
  /** Never in the document, so that no drawn message stops it. */
  readonly #audio = new Audio();
  readonly #positions = new Map<string, number>();
  readonly #drawn = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #state: VoiceState | undefined;
  #address: string | undefined;
  /** Whether the element knows its duration and place. */
  #isReady = false;
  #speed: Speed = 1;

  constructor(private readonly onFault: (fault: unknown) => void) {
    const audio = this.#audio;
    const update = () => {
      if (this.#isReady) this.#update({ seconds: audio.currentTime });
    };
    audio.ontimeupdate = update;
    audio.onseeked = update;
    audio.onplay = () => this.#update({ isPlaying: true });
    audio.onpause = () => this.#update({ isPlaying: false });
    audio.onended = () => this.#onEnded();
    audio.onerror = () => this.#update({ isPlaying: false, isUnplayable: true });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  stateOf(file: string): VoiceState | undefined {
    return this.#state?.voice.file === file ? this.#state : undefined;
  }

  /** The voice message that plays while no drawn message shows it. */
  readonly away = (): VoiceState | undefined => {
    const state = this.#state;
    return state !== undefined && (this.#drawn.get(state.voice.file) ?? 0) === 0
      ? state
      : undefined;
  };

  positionOf(file: string): number {
    return this.stateOf(file)?.seconds ?? this.#positions.get(file) ?? 0;
  }

  /** @returns a function that reports that the message is no longer drawn */
  draw(file: string): () => void {
    const count = (by: number) => {
      const left = (this.#drawn.get(file) ?? 0) + by;
      if (left > 0) this.#drawn.set(file, left);
      else this.#drawn.delete(file);
      if (left === 0 && this.#state?.isPlaying === false) this.stop();
      else this.#emit();
    };
    count(1);
    return () => count(-1);
  }

  toggle(voice: Voice): void {
    if (this.stateOf(voice.file)?.isPlaying === true) this.pause();
    else void this.#play(voice);
  }

  pause(): void {
    this.#audio.pause();
    this.#update({ isPlaying: false });
  }

  seek(voice: Voice, seconds: number): void {
    if (this.stateOf(voice.file) === undefined) {
      this.#remember(voice.file, seconds);
      return this.#emit();
    }
    if (this.#isReady) this.#audio.currentTime = seconds;
    this.#update({ seconds });
  }

  nextSpeed(): void {
    this.#speed = SPEEDS[(SPEEDS.indexOf(this.#speed) + 1) % SPEEDS.length] ?? 1;
    this.#audio.playbackRate = this.#speed;
    this.#update({ speed: this.#speed });
  }

  stop(): void {
    const state = this.#state;
    if (state === undefined) return;
    this.#audio.pause();
    this.#remember(state.voice.file, state.seconds);
    this.#release();
    this.#state = undefined;
    this.#emit();
  }

  async #play(voice: Voice): Promise<void> {
    this.onPlay();
    if (this.stateOf(voice.file) === undefined) {
      const seconds = this.#positions.get(voice.file) ?? 0;
      this.stop();
      const speed = this.#speed;
      this.#state = { voice, isPlaying: true, seconds, speed, isUnplayable: false };
    } else this.#update({ isPlaying: true });
    this.#emit();
    try {
      if (!this.#isReady && !(await this.#load(voice))) return;
      // The user may have paused it meanwhile.
      if (this.stateOf(voice.file)?.isPlaying === true) await this.#audio.play();
    } catch (error) {
      if (this.stateOf(voice.file) === undefined) return;
      this.#update({ isPlaying: false });
      // A browser that refuses to play unasked leaves the button to the user.
      if (!(error instanceof DOMException)) this.onFault(error);
    }
  }

  /** @returns false if another voice message, or another call for this one, came first */
  async #load(voice: Voice): Promise<boolean> {
    const audio = this.#audio;
    const sound = await voice.load();
    if (this.stateOf(voice.file) === undefined || this.#address !== undefined) return false;
    const address = URL.createObjectURL(sound);
    this.#address = address;
    audio.src = address;
    await this.#measure();
    const state = this.stateOf(voice.file);
    if (state === undefined || this.#address !== address) return false;
    audio.playbackRate = this.#speed;
    audio.currentTime = state.seconds;
    this.#isReady = true;
    return true;
  }

  /** Recorders of browsers state no duration, without which a browser does not seek. */
  async #measure(): Promise<void> {
    const audio = this.#audio;
    await once(audio, "loadedmetadata");
    if (audio.duration !== Number.POSITIVE_INFINITY) return;
    audio.currentTime = END_SECONDS;
    await once(audio, "seeked");
  }

  #onEnded(): void {
    const voice = this.#state?.voice;
    if (voice === undefined) return;
    this.#update({ seconds: 0 });
    const next = voice.next?.();
    this.stop();
    if (next !== undefined) void this.#play(next);
  }

  #remember(file: string, seconds: number): void {
    if (seconds === 0) this.#positions.delete(file);
    else setNewest(this.#positions, file, seconds, POSITIONS_MAX);
  }

  #release(): void {
    if (this.#address !== undefined) URL.revokeObjectURL(this.#address);
    this.#address = undefined;
    this.#isReady = false;
  }

  #update(change: Partial<VoiceState>): void {
    if (this.#state !== undefined) this.#state = { ...this.#state, ...change };
    this.#emit();
  }

  #emit(): void {
    for (const listener of this.#listeners) listener();
  }
}

function once(audio: HTMLAudioElement, event: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = listen(audio, `${event} error`, () => {
    stop();
    resolve();
  });
  return promise;
}
