/** Interface of small named values that a server stores for offline devices. */

export interface Value {
  readonly bytes: Uint8Array;
  readonly revision: string;
}

export interface Bucket {
  /** @throws {Fault} store-… if the disk fails, no-majority if the cluster does not answer */
  read(name: string): Promise<Value | undefined>;
  /**
   * Resolves when the value is durable.
   * @param before value to replace; `undefined` to create a value
   * @returns false if the current value differs from `before`
   * @throws {Fault} store-… if the disk fails, no-majority if the outcome is unknown
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  /** @throws {Fault} store-… if the disk fails, no-majority if the cluster does not answer */
  remove(name: string): Promise<void>;
  /**
   * Removes values for which `isKept` returns false, except recent values, which another server may
   * be about to use.
   * @throws {Fault} store-… if the disk fails, no-majority if the cluster does not answer
   */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}
