/** Small values by name, stored by a server for offline devices. */

export interface Value {
  readonly bytes: Uint8Array;
  /** Identifies the write, if several servers write. */
  readonly revision: string;
}

/** Values of one kind: files of a single server, or shared by several servers. */
export interface Bucket {
  /** @throws Fault store-…, no-majority */
  read(name: string): Promise<Value | undefined>;
  /**
   * Resolves when the value is durable.
   * @param before the value to replace; `undefined` if there is none
   * @returns false if the current value is another one
   * @throws Fault store-…, no-majority: whether it was written is unknown
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  /** @throws Fault store-…, no-majority */
  remove(name: string): Promise<void>;
  /**
   * Removes values that are not kept, unless another server may be about to keep them.
   * @throws Fault
   */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}
