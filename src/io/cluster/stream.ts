/** Interface of the stream that orders the decisions of a cluster. */

export interface StreamMessage {
  readonly seq: number;
  readonly unixMs: number;
  readonly bytes: Uint8Array;
}

export interface Stored {
  readonly seq: number;
  readonly isRepeat: boolean;
}

/**
 * Orders the decisions of several servers and replicates them to a majority: JetStream, or a
 * simulation. A power loss of its servers may lose acknowledged messages; numbering then continues
 * at the new end.
 */
export interface Stream {
  /**
   * Resolves when a majority has it. Deduplicated by id for some time.
   * @throws {Fault} no-majority if it may or may not be stored
   */
  publish(bytes: Uint8Array, id: string): Promise<Stored>;
  /**
   * Reads from any replica, which may lag.
   * @returns `undefined` if that replica lacks it
   * @throws {Fault} no-majority if none answers
   */
  get(seq: number): Promise<StreamMessage | undefined>;
  /**
   * Seq of its last message. 0 if it is empty.
   * @throws {Fault} no-majority
   */
  last(): Promise<number>;
  /**
   * Calls back when there may be more messages, and with each new one. Calls may be lost,
   * duplicated or late.
   * @returns a function that stops it
   */
  watch(onUpdate: (stored?: StreamMessage) => void): () => void;
  close(): Promise<void>;
}
