/** Server settings. */

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
  readonly linksMax?: number;
  readonly historyBytesPerDay?: number;
  readonly textsBytesPerDay?: number;
  readonly files?: FileQuotas;
}

export interface FileQuotas {
  readonly fileBytesMax: number;
  readonly userBytesMax: number;
  readonly totalBytesMax: number;
  readonly freeBytesMin: number;
}
