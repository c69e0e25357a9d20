/** State of a waiting message and of its files, for all interfaces. */

import type { Fault } from "../../base/fault.ts";
import { formatSize } from "../../base/sizes.ts";
import type { WaitingFileView, WaitingView } from "../../core/model/state.ts";
import { isStuckView, waitingPercent } from "../../core/model/waiting.ts";
import type { Texts } from "../messages/en/page.ts";

/** Size and progress of a file, or why it cannot be sent. */
export function waitingFileText<Known>(
  file: WaitingFileView,
  texts: Known,
  faultText: (fault: Fault, texts: Known) => string,
): string {
  if (file.fault !== undefined) return faultText(file.fault, texts);
  const percent = waitingPercent(file);
  const size = file.size === undefined ? [] : [formatSize(file.size)];
  const isBegun = file.isComplete || file.progress !== undefined;
  return [...size, ...(percent === undefined || !isBegun ? [] : [`${percent} %`])].join(" · ");
}

/** Why the message is not sent yet; `undefined` if its files say it. */
export function waitingText<Known extends Pick<Texts, "refused" | "pendingOffline">>(
  message: Pick<WaitingView, "fault" | "files">,
  isOnline: boolean,
  texts: Known,
  faultText: (fault: Fault, texts: Known) => string,
): string | undefined {
  if (message.fault !== undefined) return `${texts.refused}: ${faultText(message.fault, texts)}`;
  if (isStuckView(message)) return texts.refused;
  return isOnline ? undefined : texts.pendingOffline;
}
