/** One message as the stream holds it: the same for every node. */
export interface StreamMessage {
  /** Dense from 1. */
  readonly seq: number;
  /** When the stream took it, by the clock of whoever orders it. */
  readonly unixMs: number;
  readonly bytes: Uint8Array;
}

/** Where a message was stored. */
export interface Stored {
  readonly seq: number;
  /** It was there already, under the same id. */
  readonly isRepeat: boolean;
}

/**
 * What orders the decisions of several servers, and keeps them on a majority of machines.
 * JetStream behind it, or a simulated one. It promises little: what it acknowledged may be gone
 * after a power loss of its machines, and its numbers then begin again where it ends.
 */
export interface Stream {
  /**
   * Resolves when a majority holds it. The same id again is stored once, for a while.
   * @throws Fault no-majority: whether it is stored is not known
   */
  publish(bytes: Uint8Array, id: string): Promise<Stored>;
  /**
   * From whichever machine holds a copy; it may lag.
   * @returns undefined: that one does not have it, or not yet
   * @throws Fault no-majority: none answers
   */
  get(seq: number): Promise<StreamMessage | undefined>;
  /** Seq of its last message, 0 = none. @throws Fault no-majority */
  last(): Promise<number>;
  /**
   * Calls back when there may be more, and with each message that it has just stored. Either may be
   * forgotten, doubled or late. @returns what stops it
   */
  watch(onNews: (stored?: StreamMessage) => void): () => void;
  close(): Promise<void>;
}
