/** Recording of voice messages, in place of the composer's text. */

import { useEffect, useRef, useState } from "react";
import { MINUTE_MS } from "../../../base/time.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";

const SECOND_MS = 1_000;
const DURATION_MS_MAX = 10 * MINUTE_MS;
/** Formats of browsers, with the extension by which the page and other programs play them. */
const FORMATS = [
  ["audio/webm;codecs=opus", "weba"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
] as const;
const LEVELS_MAX = 80;
const LEVEL_MS = 50;
/** Without motion, the levels are drawn four times a second. */
const CALM_LEVEL_MS = 250;

/** Reports whether this browser can record. A page without TLS has no microphone. */
export function canRecord(): boolean {
  return "MediaRecorder" in window && (navigator.mediaDevices as unknown) !== undefined;
}

function fileOf(parts: readonly Blob[], extension: string): File {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
  const type = extension === "m4a" ? "audio/mp4" : `audio/${extension === "ogg" ? "ogg" : "webm"}`;
  return new File([...parts], `voice-message-${time}.${extension}`, { type });
}

interface RecorderProps {
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

function clock(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function VoiceRecorder({ onKeep, onSend, onClose }: RecorderProps) {
  const { texts, toasts } = usePage();
  const [isRecording, setRecording] = useState(false);
  const [file, setFile] = useState<File>();
  const [ms, setMs] = useState(0);
  const [levels, setLevels] = useState<readonly number[]>([]);
  const taken = useRef<Taken>(undefined);
  /** Use of the recording when it ends. */
  const purpose = useRef<"listen" | "discard" | "keep">("listen");
  const latest = useRef({ onKeep, onClose });
  latest.current = { onKeep, onClose };
  // biome-ignore lint/correctness/useExhaustiveDependencies: one recording for each opening
  useEffect(() => {
    const end = (recorded: File) => {
      if (purpose.current === "listen") setFile(recorded);
      else if (purpose.current === "keep") latest.current.onKeep(recorded);
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
      if (purpose.current === "listen") {
        purpose.current = taken.current === undefined ? "discard" : "keep";
      }
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
      <span className="record-time">{clock(ms)}</span>
      <Levels levels={levels} />
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

interface ListeningProps {
  readonly file: File;
  readonly onDiscard: () => void;
  readonly onSend: () => void;
}

/** Lets the user listen before the message is sent. */
function Listening({ file, onDiscard, onSend }: ListeningProps) {
  const { texts } = usePage();
  const [url] = useState(() => URL.createObjectURL(file));
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="record" role="group" aria-label={texts.voiceMessage}>
      {/* biome-ignore lint/a11y/useMediaCaption: what the user has just said */}
      <audio controls src={url} aria-label={texts.voiceMessage} />
      <IconButton icon="erase" label={texts.voiceDiscard} onPress={onDiscard} />
      <IconButton icon="send" label={texts.send} className="send-button" onPress={onSend} />
    </div>
  );
}
