import { imageType } from "../../browser/media.ts";
import type { Chat } from "../../driver/chat.ts";

/** Larger ones are saved, not shown: a picture of a camera has a fifth of it. */
export const PREVIEW_BYTES_MAX = 32 * 1024 * 1024;
/** Pictures that are kept while they are scrolled out of sight; the oldest goes first. */
const KEPT_MAX = 32;

/** Pictures that the user has asked to see, as addresses of verified bytes. */
export class Previews {
  readonly #chat: Chat;
  readonly #urls = new Map<string, string>();

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  get(file: string): string | undefined {
    return this.#urls.get(file);
  }

  /** @returns undefined: its bytes are no picture @throws Fault as fetching does */
  async load(file: string): Promise<string | undefined> {
    const known = this.#urls.get(file);
    if (known !== undefined) return known;
    const bytes = await this.#chat.preview(file, PREVIEW_BYTES_MAX);
    const type = imageType(bytes);
    if (type === undefined) return undefined;
    const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }));
    this.#urls.set(file, url);
    this.#forgetOldest();
    return url;
  }

  #forgetOldest(): void {
    const [oldest] = this.#urls.keys();
    if (oldest === undefined || this.#urls.size <= KEPT_MAX) return;
    URL.revokeObjectURL(this.#urls.get(oldest) ?? "");
    this.#urls.delete(oldest);
  }
}
