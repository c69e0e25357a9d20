/** Waiting messages as a timeline shows them. */

import { faultOf, outgoingActions, type WaitingMessage } from "../client/outgoing.ts";
import type { ProgressReport } from "../transfer/progress.ts";
import type { WaitingFileView, WaitingView } from "./state.ts";

/** @param progress of the running uploads, by the ids of their files */
export function waitingView(
  key: string,
  message: WaitingMessage<unknown>,
  progress: ReadonlyMap<number, ProgressReport>,
): WaitingView {
  const { to, text, re, thread, createdUnixMs: writtenUnixMs, fault } = message;
  const files = message.files.map(({ id, name, size, isFolder, state }): WaitingFileView => {
    return {
      id,
      name,
      size,
      isFolder: isFolder === true,
      isComplete: state.kind === "complete",
      progress: state.kind === "waiting" ? progress.get(id) : undefined,
      fault: state.kind === "failed" ? faultOf(state.fault) : undefined,
    };
  });
  return {
    key,
    to,
    text,
    re,
    thread,
    writtenUnixMs,
    files,
    fault: fault && faultOf(fault),
    actions: outgoingActions(message),
  };
}

/** Whether the message waits for a decision of its author. */
export function isStuckView({ fault, files }: Pick<WaitingView, "fault" | "files">): boolean {
  return fault !== undefined || files.some((file) => file.fault !== undefined);
}

/** Percent of the file that the server has, 0 to 100; `undefined` if that is unknown. */
export function waitingPercent(file: WaitingFileView): number | undefined {
  if (file.isComplete) return 100;
  const { doneBytes, sizeBytes = file.size } = file.progress ?? { doneBytes: 0 };
  if (sizeBytes === undefined) return undefined;
  return sizeBytes === 0 ? 0 : Math.min(99, Math.floor((100 * doneBytes) / sizeBytes));
}
