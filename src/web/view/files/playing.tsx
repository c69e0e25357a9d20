/** Recordings and films that play on after their message has left the list. */

import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import { setNewest } from "../../../core/evict.ts";
import { ifPossible } from "../../../io/promises.ts";
import { usePage } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { useIsErased } from "../shell/erased.ts";
import { IconButton } from "../shell/icons.tsx";
import { VoiceButton } from "./voice-line.tsx";
import { Voices } from "./voices.ts";

export interface Recording {
  readonly file: string;
  /** Message of the file. */
  readonly seq: number;
  readonly kind: "sound" | "video";
  readonly name: string;
  readonly address: string;
}

interface Played {
  readonly recording: Recording;
  readonly element: HTMLMediaElement;
}

/** Recordings whose position is remembered; the one played first is forgotten first. */
const PLAYED_MAX = 50;

/** Keeps the element that plays in the document, because browsers pause removed elements. */
export class Playing {
  readonly voices: Voices;
  /** Holds the element of a recording whose message is not drawn. */
  bar: HTMLElement | null = null;
  #parked: Played | undefined;
  readonly #positions = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  constructor(onFault: (fault: unknown) => void) {
    this.voices = new Voices(onFault);
    this.voices.onPlay = () => this.#pauseOthers(undefined);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly parked = (): Recording | undefined => this.#parked?.recording;

  isParked(file: string): boolean {
    return this.#parked?.recording.file === file;
  }

  hasStarted(file: string): boolean {
    return this.isParked(file) || this.#positions.has(file);
  }

  /** Returns the element of a recording for its message. */
  take(recording: Recording): HTMLMediaElement {
    const { file } = recording;
    if (this.#parked?.recording.file !== file) return this.#create(recording);
    const { element } = this.#parked;
    this.#setParked(undefined);
    return element;
  }

  /** Called before the message leaves the document. */
  leave(recording: Recording, element: HTMLMediaElement): void {
    if (!element.paused && !element.ended && this.bar !== null) {
      this.bar.append(element);
      this.#setParked({ recording, element });
    } else if (element.currentTime > 0) {
      this.#remember(recording.file, element.ended ? 0 : element.currentTime);
    }
  }

  stop(): void {
    const parked = this.#parked;
    if (parked === undefined) return;
    this.#remember(parked.recording.file, parked.element.currentTime);
    this.#setParked(undefined);
    parked.element.remove();
  }

  /** A second recording also replaces one whose message is out of sight. */
  #pauseOthers(element: HTMLMediaElement | undefined): void {
    if (this.#parked !== undefined && this.#parked.element !== element) this.stop();
    for (const other of document.querySelectorAll<HTMLMediaElement>("audio, video"))
      if (other !== element) other.pause();
  }

  #create({ file, kind, name, address }: Recording): HTMLMediaElement {
    const element = document.createElement(kind === "video" ? "video" : "audio");
    const startSeconds = this.#positions.get(file) ?? 0;
    element.controls = true;
    element.setAttribute("aria-label", name);
    element.className = kind === "video" ? "picture film" : "sound";
    if (element instanceof HTMLVideoElement) {
      element.preload = "metadata";
      element.playsInline = true;
    }
    element.onplay = () => {
      this.voices.pause();
      this.#pauseOthers(element);
    };
    element.onended = () => {
      this.#remember(file, 0);
      if (this.isParked(file)) this.stop();
    };
    // Safari draws the first frame only after seeking to it.
    const firstFrame = kind === "video" ? 0.001 : 0;
    const from = Math.max(startSeconds, firstFrame);
    element.src = from > 0 ? `${address}#t=${from.toFixed(3)}` : address;
    return element;
  }

  #remember(file: string, seconds: number): void {
    if (seconds === 0) this.#positions.delete(file);
    else setNewest(this.#positions, file, seconds, PLAYED_MAX);
  }

  #setParked(parked: Played | undefined): void {
    this.#parked = parked;
    for (const listener of this.#listeners) listener();
  }
}

export const PlayingContext = createContext<Playing | undefined>(undefined);

export function usePlaying(): Playing {
  const playing = useContext(PlayingContext);
  if (playing === undefined) throw new Error("the context of the chat is missing");
  return playing;
}

interface RecordingProps {
  readonly recording: Recording;
  readonly playsAtOnce: boolean;
  readonly onError: () => void;
}

/** Draws the recording in its message, where it continues if it played meanwhile. */
export function RecordingSlot({ recording, playsAtOnce, onError }: RecordingProps) {
  const playing = usePlaying();
  const slot = useRef<HTMLSpanElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one element for each file
  useLayoutEffect(() => {
    const wasParked = playing.isParked(recording.file);
    const element = playing.take(recording);
    slot.current?.append(element);
    // A browser that refuses to play unasked leaves the button to the user.
    if (playsAtOnce && !wasParked) void ifPossible(element.play());
    const stopListening = listen(element, "error", onError);
    return () => {
      stopListening();
      playing.leave(recording, element);
    };
  }, [playing, recording.file, recording.address]);
  return <span className="recording" ref={slot} />;
}

/** Shows what plays while its message is not drawn, so that it can be stopped. */
export function PlayingBar() {
  const { texts } = usePage();
  const playing = usePlaying();
  const { voices } = playing;
  const parked = useSyncExternalStore(playing.subscribe, playing.parked);
  const voice = useSyncExternalStore(voices.subscribe, voices.away);
  const bar = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    playing.bar = bar.current;
  }, [playing]);
  const stop = () => {
    playing.stop();
    if (voice !== undefined) voices.stop();
  };
  const isErased = useIsErased(voice?.voice.seq ?? parked?.seq, voice?.voice.file ?? parked?.file);
  // biome-ignore lint/correctness/useExhaustiveDependencies: stops once
  useEffect(() => {
    if (isErased) stop();
  }, [isErased]);
  return (
    <section
      className="playing"
      aria-label={texts.playing}
      hidden={parked === undefined && voice === undefined}
    >
      <span className="playing-name" dir="auto">
        {voice?.voice.label ?? parked?.name}
      </span>
      {voice === undefined ? null : <VoiceButton voices={voices} voice={voice.voice} />}
      <span ref={bar} />
      <IconButton icon="close" label={texts.stopPlaying} onPress={stop} />
    </section>
  );
}
