/** The web page as files by path. */

export interface Page {
  /** Differs for each build: a browser with an older page reloads it. */
  readonly build: string;
  /** Keyed by path. `/` is the page; `/assets/…` are named by their content. */
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface PageFile {
  readonly type: string;
  /** Uncompressed. */
  readonly identity: Uint8Array;
  /** Compressed with Brotli. `undefined` if that is not smaller. */
  readonly br?: Uint8Array;
  /** Of `identity`, in hex. */
  readonly sha256: string;
}
