/** Interface to the stream that orders the decisions of a cluster. */

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
 * Orders the decisions of several servers. If the servers lose power, acknowledged messages may be
 * lost; numbering then continues from the new end.
 */
export interface Stream {
  /** Names the stream in the digests of its messages; the same at all servers of the cluster. */
  readonly id: string;
  /**
   * Resolves when a majority has stored the message. Repeats with the same id are ignored for some
   * time.
   * @throws {Fault} no-majority if the outcome is unknown
   */
  publish(bytes: Uint8Array, id: string): Promise<Stored>;
  /**
   * Reads from any replica, which may lag and lack the message.
   * @throws {Fault} no-majority if no replica answers
   */
  get(seq: number): Promise<StreamMessage | undefined>;
  last(): Promise<number>;
  /**
   * Calls back with new messages, or without a message when there may be new ones. Calls may be
   * lost, duplicated or late.
   */
  watch(onUpdate: (stored?: StreamMessage) => void): () => void;
  close(): Promise<void>;
}
