/** The page, as a server is given it: what stands at which path. */
export interface Page {
  /** Another page has another one: a browser that has loaded an older one loads it anew. */
  readonly build: string;
  /** By path; `/` is the page itself, `/assets/…` are named by their content. */
  readonly files: ReadonlyMap<string, PageFile>;
}

export interface PageFile {
  readonly type: string;
  /** As it is, and compressed where that is smaller. */
  readonly identity: Uint8Array;
  readonly br?: Uint8Array;
  readonly gzip?: Uint8Array;
  /** Of `identity`, in hex. */
  readonly sha256: string;
}
