/** Settings of a server. */

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
  readonly operatorToken?: string;
  readonly operatorLink?: string;
  readonly build?: string;
  /** Maximum connections in total. Default: LINKS_MAX. */
  readonly linksMax?: number;
  /** Bytes of history that one account may read per day. Default: HISTORY_BYTES_PER_DAY. */
  readonly historyBytesPerDay?: number;
  /** Default: the whole disk except the space reserved for the log. */
  readonly files?: FileQuotas;
}

/** Limits of file storage, in bytes. */
export interface FileQuotas {
  readonly fileBytesMax: number;
  /** All files of one account, including unfinished uploads. */
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  /** Bytes left free on the disk, which the log shares. */
  readonly freeBytesMin: number;
}
