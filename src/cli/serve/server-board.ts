/** Interface of the board that shows a server on a terminal in place of printed lines. */

import type { Server } from "../../server/server.ts";
import type { ObservedEvent } from "../../server/session/event.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { OpenFolder } from "./folder.ts";
import type { JoinInfo } from "./join-info.ts";

/** A new fault replaces the one with the same subject. */
export type FaultSubject = "disk" | "clock" | "majority" | "certificate" | "store";

export interface BoardStart {
  readonly server: Pick<Server, "console" | "peers">;
  readonly open: Pick<OpenFolder, "rooms" | "registry">;
  /** Reads the history from this seq on. */
  readonly records: (from: number) => AsyncIterable<LogRecord>;
  /** Returns the present addresses, which may change. */
  readonly joinInfo: () => JoinInfo;
  /** Reports whether this machine has an address for others, if it had one at the start. */
  readonly hasNetwork: () => boolean;
  readonly hasCertificateFailed: () => boolean;
  readonly stop: () => void;
}

export interface ServerBoard {
  /** Events before `start` are shown when the board opens. */
  event(event: ObservedEvent): void;
  /** @param text `undefined` when the fault is over */
  setFault(subject: FaultSubject, text: string | undefined): void;
  /** Takes the terminal. */
  start(start: BoardStart): void;
  /** Restores the terminal, and prints the address and the last notices. */
  close(): Promise<void>;
}
