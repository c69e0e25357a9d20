/** A voice message with its waveform. */

import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { SECOND_MS } from "../../../base/time.ts";
import { playingTime, readPeaks } from "../../../core/client/voice.ts";
import { isMessage } from "../../../core/model/item.ts";
import { type FileOfItem, filesOfItems, isIgnored, roomOf } from "../../../core/model/selectors.ts";
import type { FileView } from "../../../core/model/state.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { mediaType } from "../../browser/media.ts";
import { VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { type PageValue, usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import type { Voice, Voices } from "./voices.ts";

const BAR_STEP = 3;
const WAVE_HEIGHT = 28;

export interface FileVoice {
  readonly voice: Voice;
  readonly peaks: string;
}

/** @returns `undefined` if the file is no voice message */
export function fileVoice(
  page: PageValue,
  listed: FileOfItem,
  target: string,
): FileVoice | undefined {
  const { texts, chat } = page;
  const { item, file } = listed;
  const { durationMs, peaks } = file.details ?? {};
  const media = file.folder === undefined ? mediaType(file.name) : undefined;
  const isVoice = media?.kind === "sound" && file.size <= VIEWED_BYTES_MAX;
  if (!isVoice || durationMs === undefined || peaks === undefined) return undefined;
  const author = authorText(item, texts, chat.model);
  const voice = {
    file: file.file,
    seq: item.seq,
    label: texts.voiceOf(author),
    playLabel: texts.playVoiceOf(author),
    pauseLabel: texts.pauseVoiceOf(author),
    durationMs,
    load: () => loadSound(page, file, media.mime),
    next: () => nextVoice(page, listed, target),
  };
  return { voice, peaks };
}

async function loadSound({ chat }: PageValue, file: FileView, type: string): Promise<Blob> {
  const bytes = await chat.preview(file.file, VIEWED_BYTES_MAX, { digest: file.digest });
  return new Blob([new Uint8Array(bytes)], { type });
}

/** Joins, topics and messages of ignored users do not end a row of voice messages; others do. */
function nextVoice(page: PageValue, { item: played, file }: FileOfItem, target: string) {
  const { model } = page.chat;
  const { seq, re, isInThread } = played;
  const [inMessage] = played.files.slice(played.files.indexOf(file) + 1);
  if (inMessage !== undefined) {
    return fileVoice(page, { item: played, file: inMessage }, target)?.voice;
  }
  const { items } = roomOf(model, target)?.tail ?? { items: [] };
  const next = items.find((item) => {
    const isSameThread = item.isInThread === isInThread && (!isInThread || item.re === re);
    return item.seq > seq && isSameThread && isMessage(item) && !isIgnored(model, item.from);
  });
  const [first] = next === undefined ? [] : filesOfItems([next]);
  return first && fileVoice(page, first, target)?.voice;
}

interface VoiceProps {
  readonly voices: Voices;
  readonly voice: Voice;
}

export function VoiceButton({ voices, voice }: VoiceProps) {
  const state = useVoiceState({ voices, voice });
  return (
    <IconButton
      icon={state?.isPlaying === true ? "pause" : "play"}
      label={state?.isPlaying === true ? voice.pauseLabel : voice.playLabel}
      className="voice-button"
      onPress={() => voices.toggle(voice)}
    />
  );
}

function useVoiceState({ voices, voice }: VoiceProps) {
  return useSyncExternalStore(voices.subscribe, () => voices.stateOf(voice.file));
}

interface VoiceLineProps extends VoiceProps {
  readonly peaks: string;
  readonly children?: ReactNode;
}

export function VoiceLine({ voices, voice, peaks, children }: VoiceLineProps) {
  const { texts } = usePage();
  const state = useVoiceState({ voices, voice });
  const { file, durationMs } = voice;
  useEffect(() => voices.draw(file), [voices, file]);
  const seconds = useSyncExternalStore(voices.subscribe, () => voices.positionOf(file));
  const duration = playingTime(durationMs);
  const time = playingTime(seconds * SECOND_MS);
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="voice" role="group" aria-label={`${voice.label}, ${duration}`}>
      <VoiceButton voices={voices} voice={voice} />
      <span className="voice-wave">
        <Wave peaks={peaks} part={durationMs === 0 ? 0 : (seconds * SECOND_MS) / durationMs} />
        <input
          type="range"
          min={0}
          max={durationMs / SECOND_MS}
          step="any"
          value={seconds}
          aria-label={texts.voicePosition}
          aria-valuetext={`${time} / ${duration}`}
          onChange={({ currentTarget }) => voices.seek(voice, currentTarget.valueAsNumber)}
        />
      </span>
      <span className="voice-time">{seconds > 0 ? `${time} / ${duration}` : duration}</span>
      {state === undefined ? null : (
        <button
          type="button"
          className="voice-speed"
          aria-label={texts.voiceSpeed(state.speed)}
          onClick={() => voices.nextSpeed()}
        >
          {state.speed}×
        </button>
      )}
      {children}
      {state?.isUnplayable === true ? <p className="file-note">{texts.notPlayable}</p> : null}
    </div>
  );
}

/** @param part of the sound that has been played */
function Wave({ peaks, part }: { readonly peaks: string; readonly part: number }) {
  const bars = readPeaks(peaks).map((peak, i) => {
    const height = Math.max(2, peak * (WAVE_HEIGHT - 2));
    return `M${i * BAR_STEP + 1.5} ${(WAVE_HEIGHT - height) / 2}v${height}`;
  });
  const played = Math.round(bars.length * part);
  return (
    <svg
      viewBox={`0 0 ${bars.length * BAR_STEP} ${WAVE_HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path className="is-played" d={bars.slice(0, played).join("")} />
      <path d={bars.slice(played).join("")} />
    </svg>
  );
}
