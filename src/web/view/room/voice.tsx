/** Recording of voice messages, in place of the composer's text. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { MINUTE_MS, SECOND_MS } from "../../../base/time.ts";
import { peaksOf, playingTime, voiceName } from "../../../core/client/voice.ts";
import { withTimeout } from "../../../io/clock.ts";
import { VoiceRecording } from "../../browser/sound.ts";
import { usePlaying } from "../files/playing.tsx";
import { VoiceLine } from "../files/voice-line.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { listen } from "../shell/effects.ts";
import { IconButton } from "../shell/icons.tsx";

const DURATION_MS_MAX = 10 * MINUTE_MS;
/** Formats of browsers, with the extension by which the page and other programs play them. */
const FORMATS = [
  ["audio/webm;codecs=opus", "weba"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
] as const;
/** Longest wait for the last data of a recorder. */
const STOP_TIMEOUT_MS = 3_000;
/** A shorter press of the button is a tap. */
const HOLD_MS = 400;
const SLIDE_PX = 96;
const LEVELS_MAX = 80;
const LEVEL_MS = 50;
/** Without motion, the levels are drawn four times a second. */
const CALM_LEVEL_MS = 250;

/** Reports whether this browser can record. A page without TLS has no microphone. */
export function canRecord(): boolean {
  return "MediaRecorder" in window && (navigator.mediaDevices as unknown) !== undefined;
}

function mediaTypeOf(extension: string): string {
  return extension === "m4a" ? "audio/mp4" : `audio/${extension === "ogg" ? "ogg" : "webm"}`;
}

/** Pointer that holds the button with which a recording began. */
export interface Held {
  readonly pointerId: number;
  readonly clientX: number;
  readonly timeStamp: number;
}

interface RecorderProps {
  /** Released, it ends the recording; moved far, it cancels it. A short tap does neither. */
  readonly held: Held | undefined;
  /** Receives a recording that was ended by leaving the room. */
  readonly onKeep: (file: File) => void;
  readonly onSend: (file: File) => void;
  readonly onClose: () => void;
}

interface Running {
  readonly stop: () => void;
  /** Measures the loudness of the moment, from 0 to 1. */
  readonly level: () => number;
  readonly elapsedMs: () => number;
}

interface Stopped {
  readonly name: string;
  readonly measured: VoiceRecording["measured"];
  /** `undefined` if the recorder delivered no data. */
  readonly file: Promise<VoiceRecording | undefined>;
}

/**
 * Records until `stop`. The recording also ends with the microphone, and keeps what it has.
 * @param onStop called once, before the recorder has delivered its last data
 */
async function record(onStop: (stopped: Stopped) => void): Promise<Running> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const found = FORMATS.find(([type]) => MediaRecorder.isTypeSupported(type));
  const [mimeType, extension] = found ?? [undefined, "weba"];
  const recorder = new MediaRecorder(stream, mimeType === undefined ? {} : { mimeType });
  const parts: Blob[] = [];
  const levels: number[] = [];
  const sound = new AudioContext();
  const analyser = sound.createAnalyser();
  sound.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  const ended = Promise.withResolvers<void>();
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0) parts.push(data);
  };
  recorder.start(SECOND_MS);
  const startMs = performance.now();
  const elapsedMs = () => performance.now() - startMs;
  const finish = async (name: string, measured: VoiceRecording["measured"]) => {
    await withTimeout(ended.promise, STOP_TIMEOUT_MS, () => undefined);
    for (const track of stream.getTracks()) track.stop();
    void sound.close();
    if (parts.length === 0) return undefined;
    return new VoiceRecording(parts, name, { type: mediaTypeOf(extension) }, measured);
  };
  let isStopped = false;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    const name = voiceName(Date.now(), extension);
    const measured = { durationMs: Math.round(elapsedMs()), peaks: peaksOf(levels) };
    if (recorder.state !== "inactive") recorder.stop();
    onStop({ name, measured, file: finish(name, measured) });
  };
  recorder.onstop = () => {
    ended.resolve();
    stop();
  };
  const level = () => {
    analyser.getByteTimeDomainData(samples);
    const loudest = Math.max(...samples.map((sample) => Math.abs(sample - 128))) / 128;
    levels.push(loudest);
    return loudest;
  };
  return { stop, level, elapsedMs };
}

export function VoiceRecorder({ held, onKeep, onSend, onClose }: RecorderProps) {
  const { texts, toasts } = usePage();
  const [isRecording, setRecording] = useState(false);
  const [stopped, setStopped] = useState<Stopped>();
  const [ms, setMs] = useState(0);
  const [levels, setLevels] = useState<readonly number[]>([]);
  const running = useRef<Running>(undefined);
  const unsent = useRef<File>(undefined);
  /** Use of the recording when its file is complete. */
  const purpose = useRef<"listen" | "send" | "discard" | "keep">("listen");
  const latest = useRef({ onKeep, onSend, onClose });
  latest.current = { onKeep, onSend, onClose };
  const complete = (file: File | undefined) => {
    if (purpose.current === "discard") return;
    const { current: to } = latest;
    if (file === undefined) toasts.show(texts.voiceEmpty, true);
    if (purpose.current === "keep") return file && to.onKeep(file);
    if (file === undefined) return to.onClose();
    if (purpose.current === "listen") {
      unsent.current = file;
      return;
    }
    to.onSend(file);
    to.onClose();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one recording for each opening
  useEffect(() => {
    const onStop = (recording: Stopped) => {
      setStopped(recording);
      void recording.file.then(complete);
    };
    record(onStop).then(
      (recording) => {
        running.current = recording;
        if (purpose.current === "listen") setRecording(true);
        else recording.stop();
      },
      (error: unknown) => {
        const isRefused = error instanceof DOMException && error.name === "NotAllowedError";
        toasts.show(isRefused ? texts.voiceRefused : texts.voiceNone, true);
        latest.current.onClose();
      },
    );
    return () => {
      if (purpose.current !== "listen") return running.current?.stop();
      purpose.current = running.current === undefined ? "discard" : "keep";
      if (unsent.current !== undefined) latest.current.onKeep(unsent.current);
      running.current?.stop();
    };
  }, []);
  useEffect(() => {
    if (!isRecording || stopped !== undefined) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const timer = setInterval(
      () => {
        const now = running.current?.elapsedMs() ?? 0;
        setMs(now);
        const level = running.current?.level() ?? 0;
        setLevels((before) => [...before.slice(1 - LEVELS_MAX), level]);
        if (now >= DURATION_MS_MAX) running.current?.stop();
      },
      isCalm ? CALM_LEVEL_MS : LEVEL_MS,
    );
    return () => clearInterval(timer);
  }, [isRecording, stopped]);
  const cancel = () => {
    purpose.current = "discard";
    running.current?.stop();
    onClose();
  };
  const isHeld = useHold(held, { onRelease: () => running.current?.stop(), onSlide: cancel });
  if (stopped !== undefined) {
    const send = () => {
      if (purpose.current !== "listen") return;
      purpose.current = "send";
      if (unsent.current !== undefined) complete(unsent.current);
    };
    const keep = () => {
      purpose.current = "keep";
      if (unsent.current !== undefined) onKeep(unsent.current);
      onClose();
    };
    return <Listening stopped={stopped} onDiscard={cancel} onKeep={keep} onSend={send} />;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div
      className="record"
      role="group"
      aria-label={texts.recordVoice}
      onKeyDown={(event) => onEscape(event, isRecording ? () => running.current?.stop() : cancel)}
    >
      {isRecording ? <span className="record-dot" aria-hidden="true" /> : null}
      <span className="record-time">{playingTime(ms)}</span>
      <Levels levels={levels} />
      {isHeld ? <span className="record-hint">{texts.voiceSlide}</span> : null}
      <Announced kind="result" as="span" className="sr-only">
        {isRecording ? texts.voiceRecording : ""}
      </Announced>
      <Button variant="quiet" onClick={cancel}>
        {texts.cancel}
      </Button>
      {/* A disabled button would not have the focus when the recording begins. */}
      <Button variant="main" aria-disabled={!isRecording} onClick={() => running.current?.stop()}>
        {texts.voiceStop}
      </Button>
    </div>
  );
}

function Levels({ levels }: { readonly levels: readonly number[] }) {
  const bars = levels.map((level, i) => {
    const height = Math.max(2, level * 32);
    return `M${(LEVELS_MAX - levels.length + i) * 4 + 2} ${16 - height / 2}v${height}`;
  });
  return (
    <svg
      className="record-wave"
      viewBox={`0 0 ${LEVELS_MAX * 4} 32`}
      preserveAspectRatio="xMaxYMid slice"
      aria-hidden="true"
    >
      <path d={bars.join("")} />
    </svg>
  );
}

interface HoldActions {
  readonly onRelease: () => void;
  readonly onSlide: () => void;
}

/** Returns whether the button is held. */
function useHold(held: Held | undefined, actions: HoldActions): boolean {
  const [isHeld, setHeld] = useState(held !== undefined);
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (held === undefined || !isHeld) return;
    let isOver = false;
    const end = (act?: () => void) => {
      isOver = true;
      setHeld(false);
      act?.();
    };
    const { onRelease, onSlide } = latest.current;
    const onPointer = ({ type, pointerId, timeStamp, buttons, clientX }: PointerEvent) => {
      if (isOver || pointerId !== held.pointerId) return;
      const isTap = timeStamp - held.timeStamp < HOLD_MS;
      if (type === "pointerup") end(isTap ? undefined : onRelease);
      // A tap may have ended before this listened.
      else if (type !== "pointermove" || buttons === 0) end();
      else if (Math.abs(clientX - held.clientX) >= SLIDE_PX) end(onSlide);
    };
    return listen(window, "pointerup pointermove pointerdown pointercancel", onPointer);
  }, [held, isHeld]);
  return isHeld;
}

interface ListeningProps {
  readonly stopped: Stopped;
  readonly onDiscard: () => void;
  readonly onKeep: () => void;
  readonly onSend: () => void;
}

function onEscape(event: KeyboardEvent, act: () => void): void {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  act();
}

/** Lets the user listen before the message is sent. */
function Listening({ stopped, onDiscard, onKeep, onSend }: ListeningProps) {
  const { texts } = usePage();
  const { voices } = usePlaying();
  const { name, measured } = stopped;
  useEffect(() => {
    return () => {
      if (voices.stateOf(name) !== undefined) voices.stop();
    };
  }, [voices, name]);
  const voice = {
    file: name,
    label: texts.voiceMessage,
    playLabel: texts.playDraft,
    pauseLabel: texts.pauseDraft,
    durationMs: measured.durationMs,
    load: async () => (await stopped.file) ?? new Blob(),
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div
      className="record is-draft"
      role="group"
      aria-label={texts.voiceMessage}
      onKeyDown={(event) => onEscape(event, onKeep)}
    >
      <IconButton icon="erase" label={texts.voiceDiscard} onPress={onDiscard} />
      <VoiceLine voices={voices} voice={voice} peaks={measured.peaks} />
      <IconButton icon="send" label={texts.send} className="send-button" onPress={onSend} />
    </div>
  );
}
