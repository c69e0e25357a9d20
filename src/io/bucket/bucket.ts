/** Small named values that a server stores for offline devices. */

export interface Value {
  readonly bytes: Uint8Array;
  readonly revision: string;
}

export interface Bucket {
  /** @throws {Fault} store-…, no-majority */
  read(name: string): Promise<Value | undefined>;
  /**
   * Resolves when the value is durable.
   * @param before the value to replace; `undefined` if there is none
   * @returns false if the current value differs
   * @throws {Fault} store-…; no-majority if it may or may not be written
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  /** @throws {Fault} store-…, no-majority */
  remove(name: string): Promise<void>;
  /**
   * Removes unused values, except those that another server may be about to use.
   * @throws {Fault}
   */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}
