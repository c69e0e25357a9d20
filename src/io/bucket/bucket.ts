/** Small values by name, as a server keeps them for devices that are away. */

export interface Value {
  readonly bytes: Uint8Array;
  /** Which of its writings it is, where several servers write. */
  readonly revision: string;
}

/** Values of one kind: files of a server that stands alone, or what several share. */
export interface Bucket {
  /** @throws Fault store-…, no-majority */
  read(name: string): Promise<Value | undefined>;
  /**
   * Durable when it resolves.
   * @param before what it replaces; undefined: there is none
   * @returns whether it was written; false: it is another one by now
   * @throws Fault store-…, no-majority: whether it was written is not known
   */
  write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean>;
  /** @throws Fault store-…, no-majority */
  remove(name: string): Promise<void>;
  /** Removes what nobody keeps, unless another server may be about to. @throws Fault */
  sweep(isKept: (name: string) => boolean): Promise<void>;
}
