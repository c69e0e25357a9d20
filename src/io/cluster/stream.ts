import type { Fault } from "../../base/fault.ts";

/** One message as the stream holds it: the same for every node. */
export interface StreamMessage {
  /** Dense from 1. */
  readonly seq: number;
  /** When the stream took it, by the clock of whoever orders it. */
  readonly unixMs: number;
  readonly bytes: Uint8Array;
}

/**
 * What orders the decisions of several servers, and keeps them on a majority of machines.
 * JetStream behind it, or a simulated one.
 */
export interface Stream {
  /**
   * Resolves when a majority holds it. The same id again is stored once, for a while.
   * @throws Fault no-majority: whether it is stored is not known
   */
  publish(bytes: Uint8Array, id: string): Promise<void>;
  /**
   * Calls back with every message from `seq` on: dense, in order, once, and those of later on.
   * @param onMessage what it returns is waited for before the next
   * @param onTrouble it ends here, until the server starts anew
   */
  follow(
    seq: number,
    onMessage: (message: StreamMessage) => Promise<void> | undefined,
    onTrouble: (fault: Fault) => void,
  ): Promise<() => void>;
  /** Seq of its last message, 0 = none. @throws Fault no-majority */
  last(): Promise<number>;
  close(): Promise<void>;
}
