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
 * Orders the decisions of several servers and replicates them to a majority. Implemented by
 * JetStream and by simulations. If its servers lose power, acknowledged messages may be lost;
 * numbering then continues from the new end.
 */
export interface Stream {
  /**
   * Resolves when a majority has stored the message. For some time, the stream ignores another
   * message with the same id.
   * @throws {Fault} no-majority if the outcome is unknown
   */
  publish(bytes: Uint8Array, id: string): Promise<Stored>;
  /**
   * Reads from any replica, which may lag.
   * @returns `undefined` if that replica lacks the message
   * @throws {Fault} no-majority if no replica answers
   */
  get(seq: number): Promise<StreamMessage | undefined>;
  /**
   * Returns the seq of the last message; 0 if the stream is empty.
   * @throws {Fault} no-majority if no majority answers
   */
  last(): Promise<number>;
  /**
   * Calls back with new messages, or without a message when there may be new ones. Calls may be
   * lost, duplicated or late.
   * @returns a function that stops the calls
   */
  watch(onUpdate: (stored?: StreamMessage) => void): () => void;
  close(): Promise<void>;
}
