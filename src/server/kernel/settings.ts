/** Settings of a server. */

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  /** `undefined` if everyone may register. */
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  /** Token that `operate` expects. `undefined` if there is none. */
  readonly operatorToken?: string;
  /** Token of the one-use operator link. `undefined` if there is none. */
  readonly operatorLink?: string;
  /** Build of the page that this server serves. `undefined` if it serves none. */
  readonly build?: string;
  /** Maximum connections in total. Default: LINKS_MAX. */
  readonly linksMax?: number;
  /** Bytes of history that one account may read per day. Default: HISTORY_BYTES_PER_DAY. */
  readonly historyBytesPerDay?: number;
  /** Quotas for files. Default: all of the disk except what the log needs. */
  readonly files?: FileQuotas;
}

/** Limits of file storage, in bytes. */
export interface FileQuotas {
  readonly fileBytesMax: number;
  /** All files of one account, including unfinished uploads. */
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  /** Left free on the disk, which the log shares. */
  readonly freeBytesMin: number;
}
