/** Files of the web page, by path. */

export interface Page {
  /** Lets a browser with an older page detect the new build and reload. */
  readonly build: string;
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface PageFile {
  readonly type: string;
  readonly identity: Uint8Array;
  readonly br?: Uint8Array;
  readonly sha256: string;
}
