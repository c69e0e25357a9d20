/** The interface of the stream that orders the decisions of a cluster. */

/** A message of the stream: the same for every node. */
export interface StreamMessage {
  /** Dense from 1. */
  readonly seq: number;
  /** When the stream stored it, by the clock of its leader. */
  readonly unixMs: number;
  readonly bytes: Uint8Array;
}

/** Position at which a message was stored. */
export interface Stored {
  readonly seq: number;
  /** It was stored already, under the same id. */
  readonly isRepeat: boolean;
}

/**
 * Orders the decisions of several servers and replicates them to a majority of machines: JetStream,
 * or a simulation. Acknowledged messages may be lost after a power loss of its machines; its
 * numbering then resumes at its new end.
 */
export interface Stream {
  /**
   * Resolves when a majority holds it. The same id is stored only once within a period.
   * @throws Fault no-majority: whether it is stored is unknown
   */
  publish(bytes: Uint8Array, id: string): Promise<Stored>;
  /**
   * Reads from any replica; it may lag.
   * @returns undefined if that replica does not have it, or not yet
   * @throws Fault no-majority: none answers
   */
  get(seq: number): Promise<StreamMessage | undefined>;
  /** Seq of its last message, 0 = none. @throws Fault no-majority */
  last(): Promise<number>;
  /**
   * Calls back when there may be more, and with each newly stored message. Calls may be lost,
   * duplicated or late.
   * @returns a function that stops it
   */
  watch(onNews: (stored?: StreamMessage) => void): () => void;
  close(): Promise<void>;
}
