/** Web page as files by path. */

export interface Page {
  /** Identifier that differs between builds, so that a browser with an older page reloads it. */
  readonly build: string;
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface PageFile {
  readonly type: string;
  /** Uncompressed content. */
  readonly identity: Uint8Array;
  readonly br?: Uint8Array;
  readonly sha256: string;
}
