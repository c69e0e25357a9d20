/** Interface for the small named values that a server stores for offline devices. */

export interface Value {
  readonly bytes: Uint8Array;
  readonly revision: string;
}

export interface Bucket {
  read(name: string): Promise<Value | undefined>;
  /**
   * Resolves to false if the current value differs from `before`; `undefined` creates a value.
   * @throws {Fault} store-… if the disk fails, no-majority if the outcome is unknown
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  remove(name: string): Promise<void>;
  /**
   * Removes values for which `isKept` returns false, except recent ones, which another server may
   * be about to use.
   */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}
