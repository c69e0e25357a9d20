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
  /** Maximum number of connections in total. Default: LINKS_MAX. */
  readonly linksMax?: number;
  /**
   * Maximum number of bytes of history that one account may read per day. Default:
   * HISTORY_BYTES_PER_DAY.
   */
  readonly historyBytesPerDay?: number;
  /** Quotas for files. Default: the whole disk except the space reserved for the log. */
  readonly files?: FileQuotas;
}

export interface FileQuotas {
  readonly fileBytesMax: number;
  /** Maximum size of all files of one account, including unfinished uploads. */
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  /** Number of bytes that must stay free on the disk for the log. */
  readonly freeBytesMin: number;
}
