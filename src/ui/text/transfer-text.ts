/** State and progress of a file transfer, for the page and the full screen. */

import type { Fault } from "../../base/fault.ts";
import { formatDuration, formatRate, formatSize } from "../../base/sizes.ts";
import type { TransferView } from "../../core/model/state.ts";
import type { PauseCause, ProgressReport } from "../../core/transfer/progress.ts";
import type { Texts } from "../messages/en/page.ts";

const STALL_TEXTS = {
  source: "stalledSource",
  network: "stalledNetwork",
  "server-disk": "stalledServerDisk",
  sender: "stalledSender",
  disk: "stalledDisk",
  server: "stalledServer",
} as const satisfies Record<PauseCause, keyof Texts>;

export function transferText<Known extends Texts>(
  { state, progress }: TransferView,
  texts: Known,
  faultText: (fault: Fault, texts: Known) => string,
): string {
  switch (state.kind) {
    case "running":
      return progress === undefined ? "…" : progressText(progress, texts);
    case "paused":
      return texts.paused;
    case "needs-permission":
      return texts.permitWriting;
    case "failed":
      return `${texts.failed}: ${faultText(state.fault, texts)}`;
    default:
      return texts.done;
  }
}

function progressText(progress: ProgressReport, texts: Texts): string {
  const { doneBytes, sizeBytes, ratePerS, leftMs, pause } = progress;
  const done = formatSize(doneBytes);
  const sizes = sizeBytes === undefined ? done : `${done} / ${formatSize(sizeBytes)}`;
  if (pause !== undefined) {
    const duration = texts.span(formatDuration(pause.durationMs));
    return `${sizes} · ${texts[STALL_TEXTS[pause.cause]]}, ${duration}`;
  }
  const rate = ratePerS > 0 ? ` · ${formatRate(ratePerS)}` : "";
  if (leftMs === undefined) return `${sizes}${rate}`;
  return `${sizes}${rate} · ${texts.timeLeft(texts.span(formatDuration(leftMs)))}`;
}
