/** Recording of voice messages, in place of the composer's text. */

import { useEffect, useRef, useState } from "react";
import { MINUTE_MS } from "../../../base/time.ts";
import { playingTime, voiceName } from "../../../core/client/voice.ts";
import { readSound, type SoundDetails } from "../../browser/sound.ts";
import { usePlaying } from "../files/playing.tsx";
import { VoiceLine } from "../files/voice-line.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { listen, whenSettled } from "../shell/effects.ts";
import { IconButton } from "../shell/icons.tsx";

const SECOND_MS = 1_000;
const DURATION_MS_MAX = 10 * MINUTE_MS;
/** Formats of browsers, with the extension by which the page and other programs play them. */
const FORMATS = [
  ["audio/webm;codecs=opus", "weba"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
] as const;
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

function fileOf(parts: readonly Blob[], extension: string): File {
  const type = extension === "m4a" ? "audio/mp4" : `audio/${extension === "ogg" ? "ogg" : "webm"}`;
  return new File([...parts], voiceName(Date.now(), extension), { type });
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

interface Taken {
  readonly stop: () => void;
  readonly level: () => number;
}

/** Records until `stop`. The recording also ends with the microphone, and keeps what it has. */
async function record(onEnd: (file: File) => void): Promise<Taken> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const found = FORMATS.find(([type]) => MediaRecorder.isTypeSupported(type));
  const [mimeType, extension] = found ?? [undefined, "weba"];
  const recorder = new MediaRecorder(stream, mimeType === undefined ? {} : { mimeType });
  const parts: Blob[] = [];
  const sound = new AudioContext();
  const analyser = sound.createAnalyser();
  sound.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0) parts.push(data);
  };
  recorder.onstop = () => {
    for (const track of stream.getTracks()) track.stop();
    void sound.close();
    onEnd(fileOf(parts, extension));
  };
  recorder.start(SECOND_MS);
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  const level = () => {
    analyser.getByteTimeDomainData(samples);
    return Math.max(...samples.map((sample) => Math.abs(sample - 128))) / 128;
  };
  return { stop, level };
}

export function VoiceRecorder({ held, onKeep, onSend, onClose }: RecorderProps) {
  const { texts, toasts } = usePage();
  const [isRecording, setRecording] = useState(false);
  const [file, setFile] = useState<File>();
  const [ms, setMs] = useState(0);
  const [levels, setLevels] = useState<readonly number[]>([]);
  const taken = useRef<Taken>(undefined);
  const unsent = useRef<File>(undefined);
  /** Use of the recording when it ends. */
  const purpose = useRef<"listen" | "discard" | "keep">("listen");
  const latest = useRef({ onKeep, onClose });
  latest.current = { onKeep, onClose };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one recording for each opening
  useEffect(() => {
    const end = (recorded: File) => {
      if (purpose.current === "listen") setFile(recorded);
      if (purpose.current === "keep") latest.current.onKeep(recorded);
      else unsent.current = recorded;
    };
    record(end).then(
      (recording) => {
        taken.current = recording;
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
      if (purpose.current !== "listen") return taken.current?.stop();
      purpose.current = taken.current === undefined ? "discard" : "keep";
      if (unsent.current !== undefined) latest.current.onKeep(unsent.current);
      taken.current?.stop();
    };
  }, []);
  useEffect(() => {
    if (!isRecording || file !== undefined) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const startMs = performance.now();
    const timer = setInterval(
      () => {
        const now = performance.now() - startMs;
        setMs(now);
        const level = taken.current?.level() ?? 0;
        setLevels((before) => [...before.slice(1 - LEVELS_MAX), level]);
        if (now >= DURATION_MS_MAX) taken.current?.stop();
      },
      isCalm ? CALM_LEVEL_MS : LEVEL_MS,
    );
    return () => clearInterval(timer);
  }, [isRecording, file]);
  const cancel = () => {
    purpose.current = "discard";
    taken.current?.stop();
    onClose();
  };
  const isHeld = useHold(held, { onRelease: () => taken.current?.stop(), onSlide: cancel });
  if (file !== undefined) {
    return (
      <Listening
        file={file}
        onDiscard={cancel}
        onSend={() => {
          purpose.current = "discard";
          onSend(file);
          onClose();
        }}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="record" role="group" aria-label={texts.recordVoice}>
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
      <Button variant="main" disabled={!isRecording} onClick={() => taken.current?.stop()}>
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
  readonly file: File;
  readonly onDiscard: () => void;
  readonly onSend: () => void;
}

/** Lets the user listen before the message is sent. */
function Listening({ file, onDiscard, onSend }: ListeningProps) {
  const { texts } = usePage();
  const { voices } = usePlaying();
  const [sound, setSound] = useState<SoundDetails>();
  useEffect(
    () => whenSettled(readSound(file), (read) => setSound(read ?? { durationMs: undefined })),
    [file],
  );
  useEffect(() => {
    return () => {
      if (voices.stateOf(file.name) !== undefined) voices.stop();
    };
  }, [voices, file]);
  const { durationMs, peaks } = sound ?? {};
  const voice = {
    file: file.name,
    label: texts.voiceMessage,
    playLabel: texts.playDraft,
    pauseLabel: texts.pauseDraft,
    load: async () => file,
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="record is-draft" role="group" aria-label={texts.voiceMessage}>
      <IconButton icon="erase" label={texts.voiceDiscard} onPress={onDiscard} />
      {durationMs === undefined || peaks === undefined ? (
        <DraftSound file={file} isShown={sound !== undefined} />
      ) : (
        <VoiceLine voices={voices} voice={{ ...voice, durationMs }} peaks={peaks} />
      )}
      <IconButton icon="send" label={texts.send} className="send-button" onPress={onSend} />
    </div>
  );
}

/** A recording that the browser plays but does not decode at once. */
function DraftSound({ file, isShown }: { readonly file: File; readonly isShown: boolean }) {
  const { texts } = usePage();
  const [url] = useState(() => URL.createObjectURL(file));
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  // biome-ignore lint/a11y/useMediaCaption: what the user has just said
  return isShown ? <audio controls src={url} aria-label={texts.voiceMessage} /> : null;
}
