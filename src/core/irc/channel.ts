/** A room as one IRC connection sees it. */

import type { RoomId } from "../../base/ids.ts";

export interface Channel {
  readonly id: RoomId;
  /** `#room`, or the partner's nick in a direct conversation. */
  name: string;
  readonly isDirect: boolean;
  isSealed: boolean;
  /** True from the record of the departure until the server confirms it. */
  hasLeft: boolean;
  /** `n` of the last record that is history for this connection and not shown as live. */
  readonly skipToN: number;
  seenSeq: number;
  readN: number;
  readonly unread: number;
  typing: readonly string[];
}
