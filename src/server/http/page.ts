/** The web page as files by path. */

export interface Page {
  /** Differs for each build: a browser with an older page reloads it. */
  readonly build: string;
  /** Keyed by path. `/` is the page; `/assets/…` are named by their content. */
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface PageFile {
  readonly type: string;
  /** Uncompressed; the other codings exist only if they are smaller. */
  readonly identity: Uint8Array;
  readonly br?: Uint8Array;
  readonly gzip?: Uint8Array;
  /** Of `identity`, in hex. */
  readonly sha256: string;
}
